"""Is a name still free? What providers answer who are asked before something is made."""

import json
from collections.abc import Callable
from typing import Any

from local.azure.arm import Answer, Call, Json, Refusal
from local.azure.ids import Id
from local.azure.table import NameRule, ProviderCall
from local.azure.types import storageaccount, trafficmanager
from local.azure.world import World

Told = Callable[[str, str, str | None, str | None], Json]


def _asks(kind: str, names: NameRule, told: Told) -> Callable[[World, Call, Id], Answer]:
    def answer(world: World, call: Call, target: Id) -> Answer:
        """Tell whether a name of the type is free, and why it is not."""
        body = _read(call)
        name, asked = body.get("name"), body.get("type")
        if not isinstance(name, str) or str(asked).lower() != kind.lower():
            raise Refusal(
                400, "InvalidRequestContent", f"'name' and 'type' ('{kind}') must be given."
            )
        reason = message = None
        try:
            names.check(name)
        except Refusal as refusal:
            reason, message = "AccountNameInvalid", refusal.message
        if any(item.name.lower() == name.lower() for item in world.all_of(kind)):
            reason, message = "AlreadyExists", f"The name {name} is already taken."
        return Answer(status=200, body=told(name, kind, reason, message))

    return answer


def _storage(name: str, kind: str, reason: str | None, message: str | None) -> Json:
    more = {} if reason is None else {"reason": reason, "message": message}
    return {"nameAvailable": reason is None, **more}


def _traffic(name: str, kind: str, reason: str | None, message: str | None) -> Json:
    free = reason is None
    told = {"name": name, "type": kind, "nameAvailable": free}
    return {**told, "reason": reason, "message": message}


def _read(call: Call) -> Json:
    try:
        body: Any = json.loads(call.body or b"null")
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) else {}


CALLS = (
    ProviderCall(
        namespace="Microsoft.Storage",
        words="checkNameAvailability",
        versions=storageaccount.VERSIONS,
        answer=_asks(storageaccount.TYPE, storageaccount.ROW.names, _storage),
        method="POST",
    ),
    ProviderCall(
        namespace="Microsoft.Network",
        words="checkTrafficManagerNameAvailability",
        versions=(*trafficmanager.ROW.versions, "2022-04-01-preview"),
        answer=_asks(trafficmanager.TYPE, trafficmanager.ROW.names, _traffic),
        method="POST",
    ),
)
