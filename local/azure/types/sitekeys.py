"""The keys of a function app: of its host, for all functions or for the system, and its own.

A key has a name and a value; whoever makes one may say its value, and gets a random one otherwise.
The host's key of functions called `default` is always there.
"""

from dataclasses import replace

from local.azure.arm import Answer, Json, guid
from local.azure.table import Action, Use
from local.azure.types import blobservice

_KINDS = {"functionkeys": "functionKeys", "systemkeys": "systemKeys"}


def listed(use: Use) -> Answer:
    """Answer with the keys of the host."""
    key, kept = guid("hostkey", use.resource.id), use.resource.state.get("keys") or {}
    keys = {
        "masterKey": key,
        "functionKeys": {"default": key, **kept.get("functionKeys", {})},
        "systemKeys": {**kept.get("systemKeys", {})},
    }
    return Answer(status=200, body=keys)


def _put(kind: str) -> Action:
    def act(use: Use) -> Answer:
        """Make a key, or give one another value."""
        name = use.parts[-1]
        given = blobservice.read(use)
        asked = given.get("properties") or given
        value = asked.get("value") or guid("key", use.resource.id, use.call.request_id)
        kept = use.resource.state.get("keys") or {}
        known = kept.get(kind) or {}
        _keep(use, {**kept, kind: {**known, name: value}})
        body: Json = {
            "id": f"{use.resource.id}/host/default/{kind}/{name}",
            "name": name,
            "type": f"{use.resource.type}/host/{kind}",
            "properties": {"name": name, "value": value},
        }
        return Answer(status=200 if name in known else 201, body=body)

    return act


def _drop(kind: str) -> Action:
    def act(use: Use) -> Answer:
        """Take a key away."""
        kept = use.resource.state.get("keys") or {}
        known = dict(kept.get(kind) or {})
        found = known.pop(use.parts[-1], None)
        _keep(use, {**kept, kind: known})
        return Answer(status=404 if found is None else 204)

    return act


def _keep(use: Use, keys: Json) -> None:
    state = {**use.resource.state, "keys": keys}
    use.world.save(replace(use.resource, state=state))


def _silent(use: Use) -> Answer:
    return Answer(status=204)


ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "host/listkeys"): listed,
    ("POST", "host/sync"): _silent,
    **{("PUT", f"host/{kind}"): _put(name) for kind, name in _KINDS.items()},
    **{("DELETE", f"host/{kind}"): _drop(name) for kind, name in _KINDS.items()},
}
