"""What is refused before a deployment starts.

Resource Manager looks at each resource's type, api-version and region itself, and asks the
providers that can tell beforehand whether they would take it. A resource that waits for others, or
whose body is known only later, is not asked about; and no others' names are taken meanwhile.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from local.azure import elsewhere, places, resources, subscriptions
from local.azure.arm import Call, Json, Refusal, gateway, guid
from local.azure.deployments import asked as asking
from local.azure.deployments.asked import Asked
from local.azure.deployments.planning import groups_of, made
from local.azure.ids import parse
from local.azure.templates import expressions
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.items import Item
from local.azure.templates.plan import Plan
from local.azure.world import World

# Types of Resource Manager's own, which no row describes.
_APART = frozenset(
    f"microsoft.resources/{name}" for name in ("resourcegroups", "tags", "deploymentstacks")
)
# Providers that check bodies before a deployment starts; the others refuse in the middle of it.
_ASKED = frozenset(
    f"microsoft.{name}" for name in ("compute", "keyvault", "network", "storage", "web")
)


def check(world: World, plan: Plan, call: Call, name: str) -> None:
    """Refuse a plan that cannot go well; what providers refuse is told as inner errors."""
    found = list(_refused(world, plan, call, inside=0))
    if not found:
        return
    raise gateway(
        400,
        "InvalidTemplateDeployment",
        f"The template deployment '{name}' is not valid according to the validation procedure. The"
        f" tracking id is '{guid('tracking', name, call.request_id)}'. See inner errors for"
        " details.",
        details=found,
    )


def _refused(world: World, plan: Plan, call: Call, *, inside: int) -> Iterator[Json]:
    for key, item in plan.items.items():
        if not item.enabled or item.existing:
            continue
        if item.nested:
            inner = nested(world, plan, key, call) if inside < _DEEPEST else None
            if inner is not None:
                yield from _refused(world, inner[1], call, inside=inside + 1)
            continue
        _check_type(world, plan, key, item)
        refusal = _probe(world, plan, key, item, call)
        if refusal is not None:
            more = {"target": refusal.target} if refusal.target else {}
            details = {"details": refusal.details} if refusal.details is not None else {}
            yield {"code": refusal.code, **more, "message": refusal.message, **details}


def validated(world: World, plan: Plan, call: Call, *, inside: int = 0) -> Iterator[str]:
    """Yield the identifiers of all that a plan would deploy, nested deployments' things too."""
    for key, item in plan.items.items():
        if not item.enabled or item.existing:
            continue
        yield item.id
        inner = nested(world, plan, key, call) if item.nested and inside < _DEEPEST else None
        if inner is not None:
            yield from validated(world, inner[1], call, inside=inside + 1)


_DEEPEST = 5  # levels of deployments in deployments


def nested(
    world: World, plan: Plan, key: str, call: Call, *, preview: bool = False
) -> tuple[Asked, Plan] | None:
    """Return the plan of a nested deployment; None where it is known only later."""
    item = plan.items[key]
    try:
        body = plan.body(key, lasting=True)
        said = body.get("properties", {})
        if _is_open(said.get("parameters")) or _is_open(said.get("templateLink")):
            return None
        address = getattr(plan.scope.runtime, "address", "")
        asked = asking.properties(world, said, base=address)
        asked = replace(asked, location=str(body.get("location") or ""))
        found = made(
            world,
            asked,
            call,
            scope=item.id.rpartition("/providers/")[0],
            name=item.name,
            planned=groups_of(plan),
            preview=preview,
        )
    except (NotYet, TemplateError):
        return None
    return asked, found


def _is_open(value: Any) -> bool:
    """Tell whether a body still has an expression in it."""
    match value:
        case str():
            return expressions.is_expression(value)
        case list():
            return any(_is_open(one) for one in value)
        case dict():
            return any(_is_open(one) for one in value.values())
    return False


def _check_type(world: World, plan: Plan, key: str, item: Item) -> None:
    namespace = item.type.partition("/")[0]
    if namespace.lower() in elsewhere.NAMESPACES:
        return
    if namespace.lower() not in world.table.namespaces:
        raise subscriptions.invalid_namespace(namespace)
    row = world.table.find(item.type)
    place = str(plan.body(key, lasting=True).get("location") or "")
    if item.type.lower() in _APART:
        return
    if row is None or item.version not in row.versions:
        regions = ", ".join(row.regions) if row is not None and row.tracked else ""
        versions = ", ".join(row.versions) if row is not None else ""
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{place}' and API version"
            f" '{item.version}' for type '{item.type.partition('/')[2]}'. The supported"
            f" api-versions are '{versions}'. The supported locations are '{regions}'.",
        )
    if row.tracked and place and places.normal(place) not in row.regions:
        raise places.refuse_type(place, row.name, row.regions)


def _probe(world: World, plan: Plan, key: str, item: Item, call: Call) -> Refusal | None:
    """Return what a provider would refuse now, if it is one that can tell."""
    row = world.table.find(item.type)
    if row is None or row.namespace.lower() not in _ASKED or plan.needs[key]:
        return None
    target = parse(item.id)[0]
    if target.group is not None and target.group.lower() not in world.groups:
        return None
    body = plan.body(key, lasting=True)
    if _is_open(body):
        return None
    asked = call.asking("PUT", item.id, item.version, body)
    try:
        resources.prepared(world, asked, resources.canonical(world, target, row), row)
    except Refusal as refusal:
        return None if refusal.code in _PASSING else refusal
    return None


# What may be otherwise when the resource's turn has come.
_PASSING = frozenset(
    (
        *("AnotherOperationInProgress", "ParentResourceNotFound", "ResourceNotFound"),
        *("RetryableError", "ScopeLocked", "ResourceGroupBeingDeleted", "Conflict"),
    )
)
