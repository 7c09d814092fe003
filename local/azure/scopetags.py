"""Tags at a scope: `{scope}/providers/Microsoft.Resources/tags/default`.

They are the scope's own tags, written another way: a resource's, a group's or the subscription's.
"""

from dataclasses import replace

from local.azure import bodies, groups, locks, subscriptions
from local.azure.arm import Answer, Call, Json, Refusal, gateway
from local.azure.ids import Id
from local.azure.world import World

_NOTE = "tags/subscription"


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on a scope's tags."""
    subscriptions.check_version(call)
    scope = target.scope()
    if target.name.lower() != "default":
        raise gateway(
            400,
            "InvalidTagsResourceName",
            f"The tags resource is named 'default', not '{target.name}'.",
        )
    tags = _read(world, scope)
    match call.method:
        case "GET":
            return Answer(status=200, body=_shown(scope, tags))
        case "DELETE":
            locks.refuse_write(world, scope)
            _write(world, call, scope, {})
            return Answer(status=200)
        case "PUT":
            wanted = bodies.check_tags(_given(call))
        case "PATCH":
            wanted = bodies.check_tags(_patched(tags, call))
        case _:
            raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on tags.")
    locks.refuse_write(world, scope)
    _write(world, call, scope, wanted)
    return Answer(status=200, body=_shown(scope, wanted))


def _given(call: Call) -> Json:
    properties = bodies.read(call).get("properties")
    tags = properties.get("tags") if isinstance(properties, dict) else None
    if tags is not None and not isinstance(tags, dict):
        raise gateway(400, "InvalidRequestContent", "'properties.tags' must be an object.")
    return tags or {}


def _patched(tags: Json, call: Call) -> Json:
    operation = bodies.read(call).get("operation")
    given = _given(call)
    folded = {name.lower(): name for name in tags}
    match operation:
        case "Replace":
            return given
        case "Merge":
            return {**tags, **{folded.get(k.lower(), k): v for k, v in given.items()}}
        case "Delete":
            gone = {
                folded[name.lower()]
                for name, value in given.items()
                if name.lower() in folded and (tags[folded[name.lower()]] == value or not value)
            }
            return {name: value for name, value in tags.items() if name not in gone}
    raise gateway(
        400,
        "InvalidTagsPatchOperation",
        f"The operation '{operation}' is invalid. It must be 'Merge', 'Replace' or 'Delete'.",
    )


def _read(world: World, scope: Id) -> Json:
    if scope.providers:
        found = world.find(scope)
        if found is None:
            raise gateway(404, "ResourceNotFound", f"The resource '{scope}' was not found.")
        return dict(found.body.get("tags") or {})
    if scope.group is not None:
        return dict(groups.require(world, scope).tags or {})
    return dict(world.notes.get(_NOTE, {}))


def _write(world: World, call: Call, scope: Id, tags: Json) -> None:
    if scope.providers:
        found = world.find(scope)
        assert found is not None
        world.save(replace(found, body={**found.body, "tags": tags}, changed=call.now))
    elif scope.group is not None:
        group = groups.require_open(world, scope)
        world.save_group(replace(group, tags=tags, changed=call.now))
    else:
        world.note(_NOTE, tags)


def _shown(scope: Id, tags: Json) -> Json:
    start = "" if str(scope) == "/" else str(scope)
    return {
        "id": f"{start}/providers/Microsoft.Resources/tags/default",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    }
