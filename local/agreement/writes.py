"""What the answer to a write tells of the thing before: was it there, was it so already?"""

import json

from local.azure.arm import Json
from local.azure.ids import Id
from local.azure.world import World

_MADE = {"Updating", "Succeeded"}  # no state in which a thing is shown that is being made


def makes(world: World, target: Id, exchange: Json) -> bool:
    """Tell whether a PUT made a thing, from its answer and from how its type is made."""
    request, response = exchange["request"], exchange["response"]
    if request["method"] != "PUT":
        return False
    status, body = response["status"], response.get("body")
    if status != 200:
        named = body.get("operation") if isinstance(body, dict) else None
        secret = "administratorLoginPassword" in json.dumps(request.get("body") or {})
        changed = named is not None and str(named).startswith("Update")
        changed = changed or _is_as_updated(world, target, response)
        silent = named is not None and str(named).startswith("Upsert") and not secret
        return not changed and not (silent and target.nested is False)
    row = world.table.find(target.type)
    if row is None or (row.create is None and row.created_status == 200):
        return True
    if row.create is not None and row.create.status == 200:
        if (body or {}).get("properties", {}).get("provisioningState") in _MADE:
            return False
        return "azure-asyncoperation" in {name.lower() for name in response.get("headers") or {}}
    return False


def changes(world: World, target: Id, exchange: Json) -> bool:
    """Tell whether a PUT made work, where its type tells one that changes nothing."""
    kind, response = world.table.find(target.type), exchange["response"]
    if exchange["request"]["method"] != "PUT" or kind is None or kind.update is None:
        return False
    if kind.update.unchanged == "links":
        state = ((response.get("body") or {}).get("properties") or {}).get("provisioningState")
        return bool(state == "Updating")
    return "done" in kind.update.unchanged and not is_quiet(response)


def _is_as_updated(world: World, target: Id, response: Json) -> bool:
    """Tell whether a PUT is answered as its type answers an update, and never a creation."""
    kind, body = world.table.find(target.type), response.get("body")
    if kind is None or kind.update is None or not isinstance(body, dict):
        return False
    state = (body.get("properties") or {}).get("provisioningState")
    new = kind.create.status if kind.create else kind.created_status
    return bool(state == "Updating" and response["status"] == kind.update.status != new)


def is_quiet(response: Json) -> bool:
    """Tell whether an answer announces no work: what was asked for was so already."""
    links = {name.lower() for name in response.get("headers") or {}}
    return response["status"] == 200 and not links & {"azure-asyncoperation", "location"}
