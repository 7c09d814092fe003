"""Stacks that a recording takes for granted: those that it reads, changes or removes."""

from dataclasses import replace

from local.agreement import causes, retold
from local.azure.arm import Json
from local.azure.deployments.stackrecords import ENDED, Stack
from local.azure.ids import Id, parse
from local.azure.world import World


def found(world: World, exchanges: list[Json], place: int, made: set[str]) -> None:
    """Put the stack there that an exchange is about, if nothing before made it."""
    exchange = exchanges[place]
    request, response = exchange["request"], exchange["response"]
    target = parse(request["path"])[0]
    last = replace(target.last, types=target.last.types[:1], names=target.last.names[:1])
    whole = replace(target, providers=(*target.providers[:-1], last))
    rest = tuple(word.lower() for word in target.last.types[1:])
    body = response.get("body")
    is_new = request["method"] == "PUT" and response["status"] == 201
    if whole.key not in made and not is_new and rest != ("validate",):
        told = body if isinstance(body, dict) and "properties" in body else {}
        if request["method"] == "PUT":
            told = _last(exchanges[place:], whole) or told
        exported = body.get("template") if isinstance(body, dict) else None
        keep(world, whole, told, exported or {})
    made.add(whole.key)


def _last(exchanges: list[Json], target: Id) -> Json:
    """Return a stack as it was before a change: managing what the change let go or deleted."""
    shown: Json = {}
    for exchange in exchanges:
        body = exchange["response"].get("body")
        if isinstance(body, dict) and str(body.get("id")).lower() == target.key:
            shown = body
    properties = shown.get("properties") or {}
    names = ("detachedResources", "deletedResources")
    left = [row for name in names for row in properties.get(name) or []]
    cleared = {"detachedResources": [], "deletedResources": [], "resources": left}
    return {**shown, "properties": {**properties, **cleared}} if shown else {}


def keep(world: World, target: Id, told: Json, exported: Json) -> None:
    """Put a stack there as it is told, with the template that it exports."""
    properties = told.get("properties") or {}
    now = world.clock.now()
    managed = [row["id"] for row in properties.get("resources") or []]
    scope = str(target.scope())
    state = str(properties.get("provisioningState") or "succeeded")
    empty = {"$schema": retold.SCHEMA, "contentVersion": "1.0.0.0", "resources": []}
    kinds = properties.get("parameters") or {}
    parameters = {key: {"type": one.get("type", "string")} for key, one in kinds.items()}
    link = properties.get("templateLink")
    asked: Json = {
        **({"templateLink": link} if link else {}),
        "template": exported or {**empty, "parameters": parameters},
        "parameters": {key: {"value": one.get("value")} for key, one in kinds.items()},
    }
    world.stacks.save(
        Stack(
            id=str(target),
            name=target.name,
            scope=scope,
            deployed_to=properties.get("deploymentScope") or scope,
            told_scope="deploymentScope" in properties,
            asked=asked,
            version="2024-03-01",
            unmanage=properties.get("actionOnUnmanage") or {"resources": "detach"},
            deny=properties.get("denySettings") or {"mode": "none"},
            principal=causes.CALLER,
            base="",
            correlation="there before",
            poll=f"before {target.name}",
            created=now,
            changed=now,
            begun=now,
            state=state if state in ENDED else "succeeded",
            location=str(told.get("location") or ("" if target.group else "westus2")),
            tags=told.get("tags"),
            deployment=str(properties.get("deploymentId") or ""),
            managed=managed,
            detached=[row["id"] for row in properties.get("detachedResources") or []],
            deleted=[row["id"] for row in properties.get("deletedResources") or []],
            failed=properties.get("failedResources") or [],
            description=str(properties.get("description") or ""),
            outputs=retold.outputs(properties),
            error=properties.get("error"),
            duration=str(properties.get("duration") or ""),
        )
    )
