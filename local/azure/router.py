"""From a call to whoever answers it, with the refusals that come before any provider.

First what Resource Manager answers itself (subscriptions, groups, tags, its lists), then the
providers, by the table. The order of the checks is Azure's: api-version given, subscription known,
namespace known, type known, api-version known.
"""

from collections.abc import Callable
from dataclasses import replace

from local.azure import (
    access,
    elsewhere,
    graph,
    groups,
    moving,
    operations,
    resources,
    roles,
    scopetags,
    subscriptions,
    tracked,
)
from local.azure.arm import Answer, Call, gateway
from local.azure.deployments import doors, stackdoors, stackwhatif
from local.azure.ids import Id, parse
from local.azure.monitor import activitylog, alertlist, metrics
from local.azure.table import ResourceType
from local.azure.world import World

_OWN = {"register", "unregister", "operations"}  # what a provider itself answers
_RESULTS = {"operationresults"}
_TENANT_LISTS: dict[str, Callable[[World, Call], Answer]] = {
    "subscriptions": subscriptions.listed,
    "tenants": subscriptions.tenants,
    "providers": subscriptions.providers,
}
_LISTS: dict[str, Callable[[World, Call], Answer]] = {
    "locations": subscriptions.locations,
    "resourcegroups": groups.listed,
    "resources": lambda world, call: tracked.index(world, call, None),
    "providers": subscriptions.providers,
}

# What no row of the table describes, by provider and type.
APART: dict[tuple[str, str], Callable[[World, Call, Id], Answer]] = {
    ("microsoft.authorization", "roledefinitions"): roles.definitions,
    ("microsoft.resources", "calculatetemplatehash"): doors.calculated,
    ("microsoft.resources", "deployments"): doors.answer,
    ("microsoft.resources", "deploymentstacks"): stackdoors.answer,
    ("microsoft.resources", "deploymentstackswhatifresults"): stackwhatif.answer,
    ("microsoft.resources", "tags"): scopetags.answer,
    ("microsoft.alertsmanagement", "alerts"): alertlist.answer,
    ("microsoft.insights", "eventtypes"): activitylog.answer,
    ("microsoft.insights", "metrics"): metrics.answer,
    ("microsoft.insights", "metricdefinitions"): metrics.definitions,
}


def answer(world: World, call: Call) -> Answer:
    """Answer one call."""
    target, rest = parse(call.path)
    if not call.version:
        raise gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    subscriptions.check_subscription(world, target.subscription)
    if target.providers:
        return _provider(world, call, target)
    return _own(world, call, target, tuple(segment.lower() for segment in rest))


def _own(world: World, call: Call, target: Id, rest: tuple[str, ...]) -> Answer:
    """Answer what is Resource Manager's own."""
    access.check(world, call, target, rest)
    if target.group is not None and len(rest) in {3, 4} and rest[0] == "deployments":
        return doors.old_path(world, call, target, parse(call.path)[1])
    if len(rest) == 2 and rest[0] in _RESULTS and call.method == "GET":
        return doors.job_result(world, call) or operations.group_result(world, call)
    subscriptions.check_version(call)
    if target.group is not None and not rest:
        return groups.answer(world, call, target)
    acting = call.method == "POST" and target.group is not None and len(rest) == 1
    if acting and rest[0] in moving.ACTIONS:
        return moving.ACTIONS[rest[0]](world, call, target)
    if call.method != "GET":
        raise _not_here(call)
    if target.group is not None:
        if rest != ("resources",):
            raise _not_here(call)
        groups.require(world, target)
        return tracked.index(world, call, target.group)
    if target.subscription is not None and not rest:
        return Answer(status=200, body=subscriptions.shown(world, call))
    lists = _LISTS if target.subscription else _TENANT_LISTS
    found = lists.get("/".join(rest))
    if found is None:
        raise _not_here(call)
    return found(world, call)


def _provider(world: World, call: Call, target: Id) -> Answer:
    """Answer what belongs to a provider."""
    last = target.last
    known = last.namespace.lower() in world.table.namespaces
    if not known and last.namespace.lower() not in elsewhere.NAMESPACES:
        raise subscriptions.invalid_namespace(last.namespace)
    access.check(world, call, target)
    if not last.types:
        return _look_at_provider(world, call, target, None)
    first = last.types[0].lower()
    alone = len(target.providers) == 1 and target.group is None
    if alone and len(last.types) == 1 and not last.names and first in _OWN:
        return _look_at_provider(world, call, target, first)
    if not known:
        return elsewhere.answer(world, call, target)
    is_one = len(last.types) == len(last.names) and world.table.find(last.type) is not None
    asked = None if is_one else world.table.call(call.method, target)
    if asked is not None:
        if call.version not in asked.versions:
            place = last.names[0] if last.names else ""
            raise _no_version(call, place, "/".join(last.types), asked.versions, ())
        return asked.answer(world, call, target)
    match last.namespace.lower(), first:
        case "microsoft.resourcegraph", "resources":
            return graph.answer(world, call)
        case _, "locations" if target.group is None:
            return _location(world, call, target)
        case found if found in APART:
            return APART[found](world, call, target)
    return _typed(world, call, target)


def _look_at_provider(world: World, call: Call, target: Id, action: str | None) -> Answer:
    if action == "operations":
        return subscriptions.provider_operations(world, call, target.last.namespace)
    subscriptions.check_version(call)
    return subscriptions.provider(world, call, target.last.namespace, action)


def _location(world: World, call: Call, target: Id) -> Answer:
    """Answer a call under `locations/{place}`: a thing's, or an operation's poll."""
    last = target.last
    row = world.table.find(last.type)
    if row is not None and len(last.types) == len(last.names):
        _check_version(world, call, target, row)
        return resources.answer(world, call, target, row)
    if last.types[-1].lower().startswith("deploymentstackoperation"):
        return stackdoors.status(world, call, target)
    if len(last.types) == 2 and len(last.names) == 2 and call.method == "GET":
        if last.types[1].lower() in _RESULTS:
            return operations.result(world, call, last.names[1])
        return operations.status(world, call, last.names[1])
    raise _no_type(call, last.namespace)


def _typed(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on a resource, a list of them, or an action, by the table."""
    last = target.last
    depth = len(last.types)
    row = None
    while depth and row is None:
        row = world.table.find("/".join((last.namespace, *last.types[:depth])))
        depth -= 0 if row else 1
    if row is None:
        raise _no_type(call, last.namespace)
    _check_version(world, call, target, row)
    if depth == len(last.types) == len(last.names):
        return resources.answer(world, call, target, row)
    if depth == len(last.types):
        if call.method != "GET":
            raise _not_here(call)
        return _list(world, call, target, row)
    rest: list[str] = []
    for place in range(depth, len(last.types)):
        rest += [last.types[place], *last.names[place : place + 1]]
    return resources.act(world, call, target, row, tuple(rest))


def _list(world: World, call: Call, target: Id, row: ResourceType) -> Answer:
    if row.extension:
        return roles.listed(world, call, target.scope(), row)
    names = target.last.names
    above = replace(target.last, types=target.last.types[: len(names)], names=names)
    scope = replace(target, providers=(*target.providers[:-1], above)) if names else target.scope()
    return resources.listed(world, call, scope, row)


def _check_version(world: World, call: Call, target: Id, row: ResourceType) -> None:
    if call.version in row.versions:
        return
    found = world.find(target)
    group = world.groups.get((target.group or "").lower())
    place = (found.body.get("location") if found else None) or (group.location if group else "")
    regions = row.regions if row.tracked else ()
    raise _no_version(call, str(place), row.local, row.versions, regions)


def _no_version(
    call: Call, place: str, local: str, versions: tuple[str, ...], regions: tuple[str, ...]
) -> Exception:
    return gateway(
        400,
        "NoRegisteredProviderFound",
        f"No registered resource provider found for location '{place}' and API version"
        f" '{call.version}' for type '{local}'. The supported api-versions are"
        f" '{', '.join(versions)}'. The supported locations are '{', '.join(regions)}'.",
    )


def _no_type(call: Call, namespace: str) -> Exception:
    return gateway(
        404,
        "InvalidResourceType",
        f"The resource type could not be found in the namespace '{namespace}' for api version"
        f" '{call.version}'.",
    )


def _not_here(call: Call) -> Exception:
    return gateway(404, "NotFound", f"Nothing answers '{call.method}' on '{call.path}'.")
