"""Keys that a function app had before a recording lists them."""

import re
from dataclasses import replace

from local.azure.arm import Json
from local.azure.world import World

_LIST = re.compile(r"(.+)/host/default/listkeys/?", re.IGNORECASE)
_KINDS = ("functionKeys", "systemKeys")
_ALWAYS = "default"


def put(world: World, exchanges: list[Json]) -> None:
    """Let there be the keys that a recording lists and did not make."""
    made: set[str] = set()
    for exchange in exchanges:
        request, body = exchange["request"], exchange["response"].get("body")
        found = _LIST.fullmatch(request["path"])
        if request["method"] == "PUT":
            made.add(request["path"].rpartition("/")[2].lower())
        item = world.find(found[1]) if found and isinstance(body, dict) else None
        if item is None:
            continue
        told = {kind: body.get(kind) or {} for kind in _KINDS}
        keys = {
            kind: {k: v for k, v in rows.items() if k != _ALWAYS and k.lower() not in made}
            for kind, rows in told.items()
        }
        world.save(replace(item, state={**item.state, "keys": keys}))
        return
