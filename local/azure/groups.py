"""Resource groups: made at once, deleted slowly with all that is in them.

Source: the recordings of group calls, and learn.microsoft.com "Azure Resource Manager resource
group and resource deletion".
"""

import re
from dataclasses import replace

from local.azure import bodies, filters, locks, operations, paging, places
from local.azure.arm import Answer, Call, Json, Late, Refusal, gateway
from local.azure.era import ERA
from local.azure.ids import Id
from local.azure.world import Group, World

LONGEST_NAME = 90
_NAME = re.compile(r"[\w().-]+")
_MEMBERS = {"location", "tags", "managedBy", "properties", "name", "id", "type"}


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on one group."""
    match call.method:
        case "HEAD":
            return Answer(status=204 if _found(world, target) else 404)
        case "GET":
            return Answer(status=200, body=shown(world, require(world, target), call))
        case "PUT":
            return _put(world, call, target)
        case "PATCH":
            return _patch(world, call, target)
        case "DELETE":
            return _delete(world, call, target)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on a resource group.")


def listed(world: World, call: Call) -> Answer:
    """Answer the list of groups."""
    test = filters.compile_filter(call.query.get("$filter"), tags_only=True)
    rows = [shown(world, group, call) for _, group in sorted(world.groups.items())]
    return paging.page(call, [row for row in rows if test(row)])


def shown(world: World, group: Group, call: Call) -> Json:
    """Return a group's body."""
    body: Json = {
        "id": f"/subscriptions/{world.subscription}/resourceGroups/{group.name}",
        "name": group.name,
    }
    if call.version >= "2019-05-01" and ERA.get() >= "2018-09":
        body["type"] = "Microsoft.Resources/resourceGroups"
    body["location"] = group.location
    if group.managed_by is not None:
        body["managedBy"] = group.managed_by
    if group.tags is not None:
        body["tags"] = group.tags
    body["properties"] = {"provisioningState": "Deleting" if group.deleting else "Succeeded"}
    return body


def place(world: World, target: Id) -> str:
    """Return where work on a thing without a place is done: where its group is kept."""
    group = world.groups.get((target.group or "").lower())
    return group.location if group else "global"


def require(world: World, target: Id) -> Group:
    """Return the group that a call names; refuse one that is not there."""
    found = _found(world, target)
    if found is None:
        raise gateway(
            404, "ResourceGroupNotFound", f"Resource group '{target.group}' could not be found."
        )
    return found


def require_open(world: World, target: Id) -> Group:
    """Return the group for a write: it must be there and not on its way out."""
    group = require(world, target)
    if group.deleting:
        raise gateway(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group.name}' is in deprovisioning state and cannot perform this"
            " operation.",
        )
    return group


def check_name(name: str) -> None:
    """Refuse a name no group may have."""
    bad = "".join(sorted({c for c in name if not _NAME.fullmatch(c)}))
    if bad:
        raise gateway(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name has these invalid characters: '{bad}'. The name can"
            " only be a letter, digit, '-', '.', '(', ')' or '_'.",
        )
    if len(name) > LONGEST_NAME or name.endswith("."):
        raise gateway(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' is invalid: it has 1 to {LONGEST_NAME}"
            " characters and does not end with a period.",
        )


def read_place(value: object) -> str:
    """Return the region of a group; refuse none and one not offered."""
    wanted = places.read(value)
    if wanted not in places.FOR_GROUPS:
        raise places.refuse_group(value)
    return wanted


def _put(world: World, call: Call, target: Id) -> Answer:
    assert target.group is not None
    locks.refuse_write(world, target)
    check_name(target.group)
    current = _found(world, target)
    if current is not None:
        require_open(world, target)
    body = bodies.read(call)
    _check_members(body, target)
    place = read_place(body.get("location"))
    if current is not None and place != current.location:
        raise gateway(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{place}'. The Resource group already exists in"
            f" location '{current.location}'.",
        )
    tags = None if body.get("tags") is None else bodies.check_tags(body["tags"])
    if current is None:
        group = Group(name=target.group, location=place, created=call.now, changed=call.now)
    else:
        group = current
    group = replace(group, tags=tags, managed_by=body.get("managedBy"), changed=call.now)
    world.save_group(group)
    return Answer(status=201 if current is None else 200, body=shown(world, group, call))


def _patch(world: World, call: Call, target: Id) -> Answer:
    group = require_open(world, target)
    locks.refuse_write(world, target)
    body = bodies.read(call)
    _check_members(body, target)
    if body.get("location") and places.normal(str(body["location"])) != group.location:
        raise gateway(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{body['location']}'. The Resource group already"
            f" exists in location '{group.location}'.",
        )
    if "tags" in body:
        group = replace(group, tags=bodies.check_tags(body["tags"] or {}))
    if "managedBy" in body:
        group = replace(group, managed_by=body["managedBy"])
    world.save_group(replace(group, changed=call.now))
    return Answer(status=200, body=shown(world, group, call))


def _delete(world: World, call: Call, target: Id) -> Answer:
    group = require(world, target)
    locks.refuse_delete(world, target)
    if group.deleting:
        operation = world.operations[group.deleting]
    else:
        operation = world.begin_group_deletion(group, call, _failing(world, group))
        group = replace(group, deleting=operation.id)
    where = operations.group_address(operation, group, call)
    return Answer(status=202, headers={"location": where, "retry-after": "15"})


def _failing(world: World, group: Group) -> dict[str, Late]:
    faults = world.faults
    found = ((item, faults.late("DELETE", item.id)) for item in world.inside(group.name.lower()))
    return {item.id.lower(): late for item, late in found if late is not None}


def _found(world: World, target: Id) -> Group | None:
    return world.groups.get((target.group or "").lower())


def _check_members(body: Json, target: Id) -> None:
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        raise gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'Could not find member"
            f" '{unknown[0]}' on object of type 'ResourceGroupDefinition'. Path '{unknown[0]}'.'.",
        )
    name = body.get("name")
    if name is not None and str(name).lower() != str(target.group).lower():
        raise gateway(
            400,
            "MismatchingResourceGroupName",
            f"The provided resource group name '{name}' did not match the name in the Url"
            f" '{target.group}'.",
        )
