"""Traffic Manager profiles: weights, endpoints, and the name the world resolves.

Recorded: everything is done at once; a new profile answers 201, a deletion a body of its own.
Endpoints live in their profile's body and are also resources below it, of three types; weights go
from 1 to 1000, so that no traffic means a disabled endpoint. What the probes see follows from
time: checked first, then online; a seed may say otherwise.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, gateway
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import trafficchecks
from local.azure.world import Resource, plain

TYPE = "Microsoft.Network/trafficManagerProfiles"
VERSIONS = (
    "2017-03-01",
    "2017-05-01",
    "2018-02-01",
    "2018-03-01",
    "2018-04-01",
    "2018-08-01",
    "2022-04-01-preview",
    "2022-04-01",
)
KINDS = ("azureEndpoints", "externalEndpoints", "nestedEndpoints")
PROBED = timedelta(seconds=30)  # until the first probe has an answer
OLDER = timedelta(days=60)
_MONITOR: Json = {"intervalInSeconds": 30, "toleratedNumberOfFailures": 3, "timeoutInSeconds": 10}


class Profiles(Behaviour):
    """Profiles with their endpoints."""

    def check(self, write: Write) -> None:
        """Refuse what the service refuses."""
        trafficchecks.check(write, _shaped(write))

    def shape(self, write: Write) -> Json:
        """Return the body in the service's spelling, with its defaults."""
        return _shaped(write)

    def state(self, write: Write) -> Json:
        """Return since when each endpoint takes traffic."""
        old = write.current.state["since"] if write.current else {}
        return {"since": _since(_shaped(write), old, write.call.now)}

    def seeded(self, write: Write) -> Json:
        """Return the memory of endpoints probed long ago, and what the seed says of them."""
        since = _since(_shaped(write), {}, write.call.now - OLDER)
        rows = (write.body.get("properties") or {}).get("endpoints") or []
        told = {
            row["name"].lower(): row["properties"]["endpointMonitorStatus"]
            for row in rows
            if (row.get("properties") or {}).get("endpointMonitorStatus")
        }
        return {"since": since, "told": told}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the profile as its probes see it at this instant."""
        body: Json = plain(resource.body)
        given = body["properties"]
        name = given["dnsConfig"]["relativeName"]
        given["dnsConfig"]["fqdn"] = f"{name}.trafficmanager.net"
        given["endpoints"] = [_endpoint(resource, row, view) for row in given["endpoints"]]
        monitor = {"profileMonitorStatus": _overall(given), "path": None, **given["monitorConfig"]}
        given["monitorConfig"] = monitor
        if view.version >= "2018-03-01":
            given.setdefault("trafficViewEnrollmentStatus", "Disabled")
        if view.version >= "2018-08-01":
            given.setdefault("maxReturn", None)
        if view.kind != "put":
            body.setdefault("tags", {})
        return {"id": resource.id, "name": resource.name, "type": resource.type, **body}

    def deleting(self, use: Use) -> Answer | None:
        """Answer a deletion as the service does."""
        return _deleted(use)


def endpoints(use: Use) -> Answer:
    """Read, write or delete an endpoint of a profile, or list those of its type."""
    kind = _kind(use)
    rows = use.resource.body["properties"]["endpoints"]
    if not use.parts:
        raise gateway(405, "MethodNotAllowed", f"'{TYPE}/{kind}' is listed with its profile.")
    wanted = (kind, use.parts[0].lower())
    place = next((n for n, row in enumerate(rows) if _key(row) == wanted), None)
    match use.call.method:
        case "GET" if place is not None:
            return Answer(status=200, body=_shown_one(use.resource, wanted, use))
        case "DELETE":
            if place is None:
                return Answer(status=204)
            _save(use, [*rows[:place], *rows[place + 1 :]])
            return _deleted(use)
        case "PUT" | "PATCH" if use.call.method == "PUT" or place is not None:
            old = rows[place] if place is not None else None
            row = _written(use, kind, old)
            others = list(rows) if place is None else [*rows[:place], *rows[place + 1 :]]
            others.insert(len(rows) if place is None else place, row)
            item = _save(use, others)
            body = _shown_one(item, wanted, use)
            return Answer(status=201 if place is None else 200, body=body)
    raise Refusal(
        404,
        "NotFound",
        f"The endpoint '{use.parts[0]}' of type '{kind}' does not exist in profile"
        f" '{use.resource.name}'.",
    )


def _written(use: Use, kind: str, old: Json | None) -> Json:
    """Return the endpoint that a call asks for."""
    try:
        body: Any = json.loads(use.call.body.decode() or "null")
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise gateway(400, "InvalidRequestContent", "The request content was invalid.")
    name = str(body.get("name") or use.parts[0])
    if name.lower() != use.parts[0].lower():
        raise trafficchecks.bad(f"The endpoint's name '{name}' is not the one in the address.")
    before = old["properties"] if old is not None and use.call.method == "PATCH" else {}
    given = {k: v for k, v in {**before, **body["properties"]}.items() if v is not None}
    aim = use.world.find(str(given.get("targetResourceId") or ""))
    if aim is not None and kind != KINDS[1]:
        view = View(now=use.call.now, version=use.type.versions[-1])
        given |= _aimed(use.world.shown(aim, view), given)
    return {"name": old["name"] if old else name, "type": f"{TYPE}/{kind}", "properties": given}


def _aimed(shown: Json, given: Json) -> Json:
    """Return the public name and the region of the resource that an endpoint leads to.

    Another profile has a name and no region: the endpoint says its own.
    """
    if shown["type"] == TYPE:
        return {"target": shown["properties"]["dnsConfig"]["fqdn"]}
    told, place = shown.get("properties") or {}, places.normal(str(shown.get("location") or ""))
    label = (told.get("dnsSettings") or {}).get("fqdn")
    usual = f"{shown['name'].lower()}.{place}.cloudapp.azure.com"
    return {
        "target": label or told.get("defaultHostName") or usual,
        "endpointLocation": places.shown(place),
    }


def _save(use: Use, rows: list[Json]) -> Resource:
    """Keep a profile with other endpoints, if it is one that may be."""
    body = {**use.resource.body}
    body["properties"] = {**body["properties"], "endpoints": rows}
    write = Write(
        world=use.world,
        call=use.call,
        type=use.type,
        id=trafficchecks.identifier(use.resource),
        body=body,
        current=use.resource,
    )
    behaviour = use.type.behaviour
    behaviour.check(write)
    state = {**use.resource.state, **behaviour.state(write)}
    now = use.call.now
    return use.world.save(
        replace(use.resource, body=behaviour.shape(write), state=state, changed=now)
    )


def _shaped(write: Write) -> Json:
    body: Json = plain(write.body)
    given = body.setdefault("properties", {})
    given.setdefault("profileStatus", "Enabled")
    method = str(given.get("trafficRoutingMethod") or "")
    given["trafficRoutingMethod"] = trafficchecks.METHODS.get(method.lower(), method)
    given.setdefault("dnsConfig", {}).setdefault("ttl", 0)
    given["dnsConfig"].pop("fqdn", None)
    monitor = {**_MONITOR, **(given.get("monitorConfig") or {})}
    monitor.pop("profileMonitorStatus", None)
    monitor["protocol"] = str(monitor.get("protocol") or "HTTP").upper()
    monitor.setdefault("port", 443 if monitor["protocol"] == "HTTPS" else 80)
    given["monitorConfig"] = monitor
    rows = given.get("endpoints") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise trafficchecks.bad("'endpoints' must be a list of endpoints.")
    shaped: list[Json] = []
    for row in rows:
        shaped.append(_shaped_one(row, shaped))
    given["endpoints"] = shaped
    return body


def _shaped_one(row: Json, before: list[Json]) -> Json:
    """Return an endpoint with what the service adds: a weight, the next priority."""
    kind = str(row.get("type") or "").rpartition("/")[2].lower()
    named = {name.lower(): name for name in KINDS}
    if kind not in named:
        raise trafficchecks.bad(f"'{row.get('type')}' is not a type of endpoint.")
    given = {k: v for k, v in (row.get("properties") or {}).items() if v is not None}
    given.pop("endpointMonitorStatus", None)
    taken = [other["properties"]["priority"] for other in before]
    given.setdefault("endpointStatus", "Enabled")
    given.setdefault("weight", 1)
    given.setdefault("priority", max([n for n in taken if isinstance(n, int)], default=0) + 1)
    given.setdefault("alwaysServe", "Disabled")
    if named[kind] == "nestedEndpoints" and given.get("minChildEndpoints") is None:
        given["minChildEndpoints"] = 1
    if named[kind] == "nestedEndpoints":
        given.setdefault("minChildEndpointsIPv4", 0)
        given.setdefault("minChildEndpointsIPv6", 0)
    return {"name": row.get("name"), "type": f"{TYPE}/{named[kind]}", "properties": given}


def _since(body: Json, old: Json, now: datetime) -> Json:
    """Return since when each enabled endpoint is probed."""
    rows = body["properties"]["endpoints"]
    on = [row["name"].lower() for row in rows if row["properties"]["endpointStatus"] == "Enabled"]
    return {name: old.get(name) or now.isoformat() for name in on}


def _endpoint(profile: Resource, row: Json, view: View) -> Json:
    kind, given = row["type"].rpartition("/")[2], plain(row["properties"])
    told: Json = {
        "endpointStatus": given["endpointStatus"],
        "endpointMonitorStatus": _monitored(profile, row, view),
    }
    if view.version >= "2018-08-01":
        told |= {"targetResourceId": None, "minChildEndpoints": None}
    if given.get("endpointLocation"):
        place = places.normal(str(given["endpointLocation"]))
        given["endpointLocation"] = places.shown(place)
    if view.version < "2022-04-01":
        given.pop("alwaysServe", None)
    return {
        "id": f"{profile.id}/{kind}/{row['name']}",
        "name": row["name"],
        "type": row["type"],
        "properties": {**told, **given},
    }


def _monitored(profile: Resource, row: Json, view: View) -> str:
    """Return what the probes know of an endpoint."""
    name, given = row["name"].lower(), row["properties"]
    if given["endpointStatus"] == "Disabled":
        return "Disabled"
    if profile.body["properties"]["profileStatus"] == "Disabled":
        return "Inactive"
    if given["alwaysServe"] == "Enabled":
        return "Unmonitored"
    told = (profile.state.get("told") or {}).get(name)
    if told:
        return str(told)
    since = datetime.fromisoformat(profile.state["since"][name])
    return "CheckingEndpoint" if view.now < since + PROBED else "Online"


def _overall(given: Json) -> str:
    if given["profileStatus"] == "Disabled":
        return "Disabled"
    seen = {row["properties"]["endpointMonitorStatus"] for row in given["endpoints"]} - {
        "Disabled"
    }
    if not seen:
        return "Inactive"
    for state, word in (("Degraded", "Degraded"), ("CheckingEndpoint", "CheckingEndpoints")):
        if state in seen:
            return word
    return "Online"


def _shown_one(profile: Resource, wanted: tuple[str, str], use: Use) -> Json:
    view = View(now=use.call.now, version=use.call.version)
    rows = profile.body["properties"]["endpoints"]
    return next(_endpoint(profile, row, view) for row in rows if _key(row) == wanted)


def _kind(use: Use) -> str:
    path = use.call.path.lower()
    return next(kind for kind in KINDS if f"/{kind.lower()}" in path)


def _key(row: Json) -> tuple[str, str]:
    return row["type"].rpartition("/")[2], row["name"].lower()


def _deleted(use: Use) -> Answer:
    body = {"properties": {"boolean": True}} if use.call.version >= "2018-08-01" else None
    return Answer(status=200, body=body)


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?"),
    regions=("global",),
    provisioning=False,
    group_delete=5.0,
    actions={
        (method, kind.lower()): endpoints
        for method in ("GET", "PUT", "PATCH", "DELETE")
        for kind in KINDS
    },
    behaviour=Profiles(),
)
