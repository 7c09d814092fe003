"""`Microsoft.AlertsManagement/alerts`: the list of alerts, one of them, and its state.

A list without `timeRange` is of one day, and of 25 to a page: both surprise whoever reconciles.
The id of a listed alert begins with its resource; a payload's begins with the subscription. Both
end in the same GUID, and both are answered.
https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from local.azure import paging
from local.azure.arm import Answer, Call, Json, Refusal, gateway, guid, stamp
from local.azure.ids import Id, parse
from local.azure.monitor import timespans
from local.azure.monitor.alerts import CONDITIONS, KEPT, SEVERITIES, STATES, TYPE, Alert
from local.azure.world import World

VERSIONS = (
    "2018-05-05",
    "2018-05-05-preview",
    "2019-03-01",
    "2019-03-01-preview",
    "2019-05-05-preview",
    "2023-07-12-preview",
    "2024-01-01-preview",
    "2025-05-25-preview",
)
_RANGES = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": KEPT,
}
_USUAL_PAGE, _LARGEST_PAGE, _LARGEST_WITH_CONTEXT = 25, 250, 25
_SORTED_BY = (
    "name",
    "severity",
    "alertState",
    "monitorCondition",
    "targetResource",
    "targetResourceName",
    "targetResourceGroup",
    "targetResourceType",
    "startDateTime",
    "lastModifiedDateTime",
)
_CHOICES = {
    "monitorCondition": CONDITIONS,
    "severity": SEVERITIES,
    "alertState": STATES,
    "timeRange": tuple(_RANGES),
    "sortOrder": ("asc", "desc"),
    "sortBy": _SORTED_BY,
}


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on alerts."""
    if call.version not in VERSIONS:
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version"
            f" '{call.version}' for type 'alerts'. The supported api-versions are"
            f" '{', '.join(VERSIONS)}'. The supported locations are ''.",
        )
    last = target.last
    match call.method, len(last.names), tuple(kind.lower() for kind in last.types[1:]):
        case "GET", 0, ():
            return _listed(world, call, target.scope())
        case "GET", 1, ():
            return Answer(status=200, body=shown(world, _found(world, call, target), full=True))
        case "POST", 1, ("changestate",):
            return _changed(world, call, target)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on '{call.path}'.")


def shown(
    world: World, alert: Alert, *, full: bool = False, select: frozenset[str] = frozenset()
) -> Json:
    """Return an alert as Azure lists it; `full` has its context too."""
    whole = _essentials(world, alert)
    essentials = {key: value for key, value in whole.items() if not select or key in select}
    properties: Json = {"essentials": essentials}
    if full:
        properties |= {"context": alert.context or {}, "egressConfig": {}}
    first = whole["targetResource"]
    return {
        "properties": properties,
        "id": f"{first}/providers/{TYPE}/{alert.id}",
        "type": TYPE,
        "name": alert.rule,
    }


def _essentials(world: World, alert: Alert) -> Json:
    first = (alert.resources or [f"/subscriptions/{world.subscription}"])[0].lower()
    resource, _ = parse(first)
    essentials: Json = {
        "severity": alert.severity,
        "signalType": alert.signal,
        "alertState": alert.state,
        "monitorCondition": alert.condition,
        "monitorService": alert.service,
        "targetResource": first,
        "targetResourceName": resource.name,
        "targetResourceGroup": resource.group or "",
        "targetResourceType": resource.type.lower(),
        "sourceCreatedId": alert.origin or guid("source", alert.id),
        "alertRule": alert.rule_id,
        "startDateTime": stamp(alert.fired),
        "lastModifiedDateTime": stamp(alert.modified),
        "lastModifiedUserName": alert.modified_by,
        "actionStatus": {"isSuppressed": False},
        "description": alert.description,
    }
    if alert.resolved is not None:
        essentials["monitorConditionResolvedDateTime"] = stamp(alert.resolved)
    return essentials


def _listed(world: World, call: Call, scope: Id) -> Answer:
    for name, offered in _CHOICES.items():
        if name in call.query and call.query[name] not in offered:
            raise _bad(f"'{call.query[name]}' is not a value of '{name}': {', '.join(offered)}.")
    with_context = call.query.get("includeContext", "").lower() == "true"
    since, until = _range(call)
    found = [
        alert
        for alert in world.alerts.all(now=call.now)
        if since <= alert.modified <= until and _is_wanted(world, call, scope, alert)
    ]
    key, is_falling = _order(world, call)
    found.sort(key=key, reverse=is_falling)
    select = frozenset(part.strip() for part in call.query.get("select", "").split(",") if part)
    rows = [shown(world, alert, full=with_context, select=select) for alert in found]
    return paging.page(call, rows, size=_size(call, with_context=with_context))


def _is_wanted(world: World, call: Call, scope: Id, alert: Alert) -> bool:
    essentials = _essentials(world, alert)
    targets = [one.lower() for one in alert.resources]
    start = scope.key
    if not any(one == start or one.startswith(start + "/") for one in targets) and (
        scope.providers or scope.group
    ):
        return False
    kind = essentials["targetResourceType"]
    tests: dict[str, Callable[[str], bool]] = {
        "targetResource": lambda wanted: wanted in targets,
        "targetResourceType": lambda wanted: wanted in (kind, kind.partition("/")[2]),
        "targetResourceGroup": lambda wanted: wanted == essentials["targetResourceGroup"],
        "monitorService": lambda wanted: wanted == alert.service.lower(),
        "monitorCondition": lambda wanted: wanted == alert.condition.lower(),
        "severity": lambda wanted: wanted == (alert.severity or "").lower(),
        "alertState": lambda wanted: wanted == alert.state.lower(),
        "alertRule": lambda wanted: wanted in (alert.rule_id.lower(), alert.rule.lower()),
        "smartGroupId": lambda wanted: False,
    }
    return all(
        test(call.query[name].lower()) for name, test in tests.items() if name in call.query
    )


def _range(call: Call) -> tuple[datetime, datetime]:
    custom = call.query.get("customTimeRange")
    if custom is None:
        return call.now - _RANGES[call.query.get("timeRange", "1d")], call.now
    if "timeRange" in call.query:
        raise _bad("Either 'timeRange' or 'customTimeRange' can be given, not both.")
    try:
        span = timespans.read(custom, now=call.now)
    except ValueError as error:
        raise _bad(f"'customTimeRange' is not valid: {error}") from error
    if span.since is None or span.until is None or span.since < call.now - KEPT:
        raise _bad("'customTimeRange' must lie within the last 30 days.")
    return span.since, span.until


def _order(world: World, call: Call) -> tuple[Callable[[Alert], str], bool]:
    """Return the key of the order, and whether it falls: times do unless told otherwise."""
    field = call.query.get("sortBy", "lastModifiedDateTime")
    usual = "desc" if field.endswith("DateTime") else "asc"

    def key(alert: Alert) -> str:
        if field == "name":
            return alert.rule
        return str(_essentials(world, alert)[field])

    return key, call.query.get("sortOrder", usual) == "desc"


def _size(call: Call, *, with_context: bool) -> int:
    text = call.query.get("pageCount", str(_USUAL_PAGE))
    most = _LARGEST_WITH_CONTEXT if with_context else _LARGEST_PAGE
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise _bad(f"'pageCount' must be between 1 and {most}.")
    return int(text)


def _found(world: World, call: Call, target: Id) -> Alert:
    name = target.last.names[0]
    alert = world.alerts.find(name, now=call.now)
    if alert is None:
        raise Refusal(404, "NotFound", f"The alert '{name}' was not found.")
    return alert


def _changed(world: World, call: Call, target: Id) -> Answer:
    alert = _found(world, call, target)
    state = call.query.get("newState", "")
    if state not in STATES:
        raise _bad(f"'{state}' is not a value of 'newState': {', '.join(STATES)}.")
    changed = replace(alert, state=state, modified=call.now, modified_by=call.principal)
    return Answer(status=200, body=shown(world, world.alerts.save(changed), full=True))


def _bad(why: str) -> Refusal:
    return Refusal(400, "BadRequest", why)
