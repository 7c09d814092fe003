"""What Resource Manager does with the whole of a group: move its things, write them as a template.

Source: learn.microsoft.com "Move Azure resources to a new resource group or subscription". Both
groups are locked while resources move; what is not there, or cannot move, stops the whole.
"""

from local.azure import bodies, groups, locks, operations, writable
from local.azure.arm import Answer, Call, Json, gateway
from local.azure.ids import Id, parse
from local.azure.table import Lro, View
from local.azure.world import Resource, World

_MOVING = Lro(takes=30, header="location")
_FIXED = ("microsoft.containerinstance/containergroups",)  # types that cannot be moved
_MEMBERS = ("location", "tags", "sku", "kind", "identity", "properties")
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def move(world: World, call: Call, target: Id) -> Answer:
    """Begin to move resources into another group."""
    group = groups.require_open(world, target)
    body = bodies.read(call)
    there, _ = parse(str(body.get("targetResourceGroup") or ""))
    if there.group is None or there.providers:
        raise gateway(
            400,
            "InvalidRequestContent",
            "'targetResourceGroup' must be the identifier of a resource group.",
        )
    aim = groups.require_open(world, there)
    moved = [_movable(world, str(name), target) for name in body.get("resources") or []]
    if not moved:
        raise gateway(400, "InvalidRequestContent", "'resources' must name at least one resource.")
    for scope in (target, there, *(parse(item.id)[0] for item in moved)):
        locks.refuse_write(world, scope)
    operation = world.begin_move(call, str(target), [item.id for item in moved], aim.name, _MOVING)
    where = operations.group_address(operation, group, call)
    return Answer(status=202, headers={"location": where, "retry-after": "15"})


def export(world: World, call: Call, target: Id) -> Answer:
    """Answer with a template of what is in a group."""
    groups.require(world, target)
    body = bodies.read(call)
    asked = {str(name).lower() for name in body.get("resources") or ["*"]}
    options = {word.strip().lower() for word in str(body.get("options") or "").split(",")}
    assert target.group is not None
    found = [
        item
        for item in world.inside(target.group.lower())
        if "*" in asked or item.id.lower() in asked
    ]
    parameters: Json = {}
    rows = [_exported(world, item, call, parameters, options) for item in found]
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "variables": {},
        "resources": rows,
    }
    return Answer(status=200, body={"template": template})


def _movable(world: World, name: str, source: Id) -> Resource:
    item = world.find(name)
    if item is None or not item.id.lower().startswith(source.key + "/"):
        raise gateway(
            404, "ResourceNotFound", f"The resource '{name}' was not found in '{source}'."
        )
    if item.type.lower() in _FIXED or parse(item.id)[0].nested:
        detail = {
            "code": "ResourceMoveNotSupported",
            "target": item.id,
            "message": f"Resource move is not supported for resource type '{item.type}'.",
        }
        raise gateway(
            400,
            "ResourceMoveNotSupported",
            "Resource move is not supported for some of the resources.",
            details=[detail],
        )
    return item


def _exported(
    world: World, item: Resource, call: Call, parameters: Json, options: set[str]
) -> Json:
    """Return a resource as a template has it; its name is a parameter, or begins with one."""
    row = world.table.find(item.type)
    assert row is not None
    last = parse(item.id)[0].last
    shown = row.shown(item, View(now=call.now, version=row.versions[-1]))
    top = row.local.split("/")[0]
    parameter = f"{top}_{last.names[0]}_name".replace("-", "_")
    parameters.setdefault(parameter, {"type": "String"})
    if options & {"", "includeparameterdefaultvalue"}:
        parameters[parameter]["defaultValue"] = last.names[0]
    found: Json = {"type": item.type, "apiVersion": row.versions[-1]}
    whole = f"parameters('{parameter}')"
    below = "/".join(last.names[1:])
    found["name"] = f"[concat({whole}, '/{below}')]" if below else f"[{whole}]"
    if "includecomments" in options:
        found["comments"] = f"Generalized from resource: '{item.id}'."
    if below:
        above = "/".join((row.namespace, *last.types[:-1]))
        names = ", ".join([whole, *(f"'{name}'" for name in last.names[1:-1])])
        found["dependsOn"] = [f"[resourceId('{above}', {names})]"]
    kept = writable.body(row, shown)
    return found | {name: kept[name] for name in _MEMBERS if name in kept}


ACTIONS = {"moveresources": move, "exporttemplate": export}
