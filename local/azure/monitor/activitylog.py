"""`eventtypes/management/values`: the activity log, as far as what is there tells of it.

An event is the last write of a resource or of a group's part: who made it is not kept, so none
says its caller. A filter is a conjunction; its values stand in quotes or not. Events are kept for
ninety days, and the latest comes first.
https://learn.microsoft.com/rest/api/monitor/activity-logs/list
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from local.azure import paging
from local.azure.arm import Answer, Call, Json, Refusal, gateway, guid, stamp
from local.azure.ids import Id, parse
from local.azure.monitor import timespans
from local.azure.world import Resource, World

VERSIONS = ("2014-04-01", "2015-04-01", "2017-03-01-preview")
_PATH = ("eventtypes", "values"), ("management",)
_KEPT = timedelta(days=90)
_CLAUSE = re.compile(r"(\w+)\s+(eq|ge|le)\s+('[^']*'|\S+)", re.IGNORECASE)
_FIELDS: Mapping[str, Callable[[Json], str]] = {
    "correlationid": lambda event: str(event["correlationId"]),
    "eventchannels": lambda event: str(event["channels"]),
    "levels": lambda event: str(event["level"]),
    "resourcegroupname": lambda event: str(event["resourceGroupName"]),
    "resourceid": lambda event: str(event["resourceId"]),
    "resourceprovider": lambda event: str(event["resourceProviderName"]["value"]),
    "resourcetype": lambda event: str(event["resourceType"]["value"]),
    "resourceuri": lambda event: str(event["resourceId"]),
    "status": lambda event: str(event["status"]["value"]),
}
Test = Callable[[Json], bool]


def answer(world: World, call: Call, target: Id) -> Answer:
    """List the events of a subscription that a filter lets through."""
    last = target.last
    names = tuple(one.lower() for one in last.names)
    if (tuple(one.lower() for one in last.types), names) != _PATH or len(target.providers) > 1:
        raise gateway(
            404,
            "InvalidResourceType",
            f"The resource type could not be found in the namespace '{last.namespace}' for api"
            f" version '{call.version}'.",
        )
    if call.version not in VERSIONS:
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location '' and API version"
            f" '{call.version}' for type 'eventtypes'. The supported api-versions are"
            f" '{', '.join(VERSIONS)}'. The supported locations are ''.",
        )
    if call.method != "GET":
        raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on the log.")
    tests = _read(call.query.get("$filter", ""), call.now)
    start = f"/subscriptions/{target.subscription}/".lower()
    events = [
        _event(item)
        for item in world.resources.values()
        if item.id.lower().startswith(start) and item.changed >= call.now - _KEPT
    ]
    found = [one for one in events if all(test(one) for test in tests)]
    found.sort(key=lambda one: str(one["eventTimestamp"]), reverse=True)
    wanted = {name.strip() for name in call.query.get("$select", "").split(",") if name.strip()}
    if wanted:
        wanted.add("id")
        found = [{name: one[name] for name in one if name in wanted} for one in found]
    return paging.page(call, found)


def _event(item: Resource) -> Json:
    made, target = stamp(item.changed), parse(item.id)[0]
    told = guid("event", item.id, made)
    status, doing = item.provisioning or "Succeeded", f"{item.type}/write"
    well = "Started" if item.busy else "Failed" if status == "Failed" else "Succeeded"
    return {
        "id": f"{item.id}/events/{told}/ticks/{int(item.changed.timestamp() * 10_000_000)}",
        "caller": guid("caller", target.subscription or ""),
        "channels": "Operation",
        "correlationId": guid("correlation", told),
        "eventDataId": told,
        "eventName": _said("EndRequest"),
        "category": _said("Administrative"),
        "eventTimestamp": made,
        "submissionTimestamp": made,
        "level": "Error" if well == "Failed" else "Informational",
        "operationId": guid("correlation", told),
        "operationName": _said(doing),
        "resourceGroupName": target.group or "",
        "resourceId": item.id,
        "resourceProviderName": _said(item.type.partition("/")[0]),
        "resourceType": _said(item.type),
        "status": _said(well),
        "subscriptionId": target.subscription,
    }


def _said(value: str) -> Json:
    return {"value": value, "localizedValue": value}


def _read(text: str, now: datetime) -> list[Test]:
    """Return what a filter asks; an event's time must be in it."""
    found: list[Test] = []
    dated = False
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        match = _CLAUSE.fullmatch(part.strip())
        if match is None:
            raise _bad(f"The filter '{text}' is not valid.")
        name, sign, value = match[1].lower(), match[2].lower(), match[3].strip("'")
        if name == "eventtimestamp" and sign != "eq":
            dated = True
            found.append(_timed(sign, value, now))
        elif name in _FIELDS and sign == "eq":
            found.append(_equal(_FIELDS[name], value.lower()))
        else:
            raise _bad(f"The filter '{text}' is not valid.")
    if not dated:
        raise _bad("The filter must say from when: eventTimestamp ge '...'.")
    return found


def _equal(of: Callable[[Json], str], wanted: str) -> Test:
    return lambda event: of(event).lower() == wanted


def _timed(sign: str, value: str, now: datetime) -> Test:
    try:
        at = timespans.instant(value)
    except ValueError as error:
        raise _bad(str(error)) from error
    if sign == "le":
        return lambda event: timespans.instant(str(event["eventTimestamp"])) <= at
    if at > now + _KEPT or at < now - _KEPT - timedelta(days=1):
        raise _bad("The start time must be within the last 90 days.")
    return lambda event: timespans.instant(str(event["eventTimestamp"])) >= at


def _bad(why: str) -> Refusal:
    return Refusal(400, "BadRequest", why)
