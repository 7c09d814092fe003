"""Recorded operations, played again to the simulator.

A recording starts in the middle of somebody's life: what must have been there before is seeded
from what was answered. Addresses of operations are the simulator's own, so a poll goes where the
last answer pointed, and the clock is moved to where the recorded poll found the work. Compared are
the status, the error's code, and the shape of the body: its keys, not its values.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from local.azure import app, inline, seeding
from local.azure.arm import Json
from local.azure.ids import Id, parse
from local.azure.journal import Memory
from local.azure.tokens import Tokens
from local.azure.types import TABLE, containerrun

from .kit import KEYS, token

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "arm"
_OPAQUE = {"tags", "userAssignedIdentities", "secret"}
_POLLS = (
    "/operations/",
    "/operationresults/",
    "/operationstatuses/",
    "/asyncoperations/",
    "asyncoperation/",
    "operationresults/",
)
_LONG_ENOUGH = 400  # seconds of app time after which the recorded work had ended
_CONTAINERS = 45  # the same for containers, which tell more the longer they run
_MODES = {None, "Default", "Create", "Update", "Secondary"}  # restores are not played
_OWN = "Microsoft.Resources"
_HOST = "https://management.azure.com"


@dataclass(kw_only=True)
class Outcome:
    """How one recording went: exchanges that agree, and why the others do not."""

    name: str
    agreed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Tell whether everything agreed."""
        return not self.faults


def play(path: Path) -> Outcome | None:
    """Play a recording; None where it lacks the body of a write, or is of what we do not know."""
    recording = json.loads(path.read_text())
    exchanges = recording["exchanges"]
    if any(_bodiless(exchange["request"]) for exchange in exchanges):
        return None
    if not _is_spoken(exchanges[0]["request"]):
        return None
    try:
        return asyncio.run(_play(path.stem, exchanges))
    except ValueError as error:
        return Outcome(name=path.stem, faults=[f"not seeded: {error}"])


def _bodiless(request: Json) -> bool:
    body = request.get("body")
    return request["method"] in {"PUT", "PATCH"} and not isinstance(body, dict)


async def _play(name: str, exchanges: list[Json]) -> Outcome:
    clock = inline.HandClock()
    subscription = parse(exchanges[0]["request"]["path"])[0].subscription or inline.SUBSCRIPTION
    world = app.make_world(clock, Memory(), subscription=subscription, tenant=inline.TENANT)
    _seed(world, exchanges)
    gateway = app.build(world, Tokens(tenant=inline.TENANT, keys=KEYS))
    outcome = Outcome(name=name)
    headers = {"authorization": f"Bearer {token()}"}
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url=_HOST, headers=headers) as client:
        poll: str | None = None
        for exchange in exchanges:
            request, recorded = exchange["request"], exchange["response"]
            address = request["path"] + "?" + urlencode(request.get("query") or {})
            if poll and any(part in request["path"].lower() for part in _POLLS):
                address = poll
                clock.advance(_long_enough(request) if _ended(recorded) else 1)
            answer = await client.request(
                request["method"], address, json=request.get("body") or None
            )
            poll = (
                answer.headers.get("azure-asyncoperation")
                or answer.headers.get("location")
                or poll
            )
            _compare(outcome, request, recorded, answer)
    return outcome


def _long_enough(request: Json) -> int:
    return (
        _CONTAINERS if "microsoft.containerinstance" in request["path"].lower() else _LONG_ENOUGH
    )


def _is_spoken(request: Json) -> bool:
    """Tell whether the table has the type, the version and the action that a request names."""
    target, _ = parse(request["path"])
    mode = ((request.get("body") or {}).get("properties") or {}).get("createMode")
    if mode not in _MODES:
        return False
    if not target.providers or not target.last.types or target.last.namespace == _OWN:
        return True
    last = target.last
    if last.types[0].lower() == "locations":
        return TABLE.location_call(last.namespace, last.types[-1]) is not None
    depth = len(last.types)
    while depth and TABLE.find("/".join((last.namespace, *last.types[:depth]))) is None:
        depth -= 1
    row = TABLE.find("/".join((last.namespace, *last.types[:depth]))) if depth else None
    version = (request.get("query") or {}).get("api-version")
    if row is None or version not in row.versions:
        return row is None and last.namespace.lower() == _OWN.lower()
    action = (request["method"], "/".join(last.types[depth:]).lower())
    return depth == len(last.types) or action in row.actions


def _ended(recorded: Json) -> bool:
    body = recorded.get("body")
    status = body.get("status") if isinstance(body, dict) else None
    if status is not None:
        return str(status) in {"Succeeded", "Failed", "Canceled"}
    return bool(recorded["status"] != 202)


def _compare(outcome: Outcome, request: Json, recorded: Json, answer: httpx.Response) -> None:
    where = f"{request['method']} {request['path'][-60:]}"
    body = answer.json() if answer.content else None
    if answer.status_code != recorded["status"]:
        told = f": {answer.text[:300]}" if answer.status_code >= 400 else ""
        outcome.faults.append(f"{where}: {answer.status_code}, not {recorded['status']}{told}")
        return
    code, wanted = _code(body), _code(recorded.get("body"))
    if code != wanted:
        outcome.faults.append(f"{where}: {code}, not {wanted}")
        return
    ours, theirs = shape(body), shape(recorded.get("body"))
    if ours != theirs:
        missing, extra = sorted(theirs - ours), sorted(ours - theirs)
        outcome.faults.append(f"{where}: lacks {missing}, has {extra}")
        return
    outcome.agreed += 1


def shape(body: Any, path: str = "") -> frozenset[str]:
    """Return the paths of a body's keys; lists are as wide as all their elements."""
    if isinstance(body, dict):
        found = set()
        for key, value in body.items():
            here = f"{path}.{key}"
            found.add(here)
            if key not in _OPAQUE:
                found |= shape(value, here)
        return frozenset(found)
    if isinstance(body, list):
        return frozenset().union(*(shape(row, path + "[]") for row in body))
    return frozenset()


def _code(body: Any) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _seed(world: Any, exchanges: list[Json]) -> None:
    """Put there what the first exchange takes for granted."""
    request, response = exchanges[0]["request"], exchanges[0]["response"]
    target, rest = parse(request["path"])
    rows: list[Json] = []
    known = _known(exchanges)
    place = _place(request, known)
    created = request["method"] == "PUT" and (
        response["status"] == 201 or _is_new(request, response)
    )
    if response["status"] == 404:
        return
    if target.group and not (created and not target.providers):
        rows.append(_group(target, place, known if not target.providers else None, request))
    if isinstance(known, dict) and isinstance(known.get("value"), list):
        rows += [_full(row, world) for row in known["value"] if _is_kept(row, world)]
        rows += [_bare(above, place) for above in _above(target)]
    elif target.providers and not rest and _whole(target, world) == target:
        rows += [_bare(above, place) for above in _above(target.parent())]
        gone = request["method"] == "DELETE" and response["status"] == 204
        if not created and not gone and target.type.lower() != "microsoft.resources/tags":
            whole = known if known and "id" in known else None
            rows.append(_full(whole, world) if whole else _bare(target, place))
    elif target.providers:
        part = target.name if target.nested else target.last.types[-1]
        rows += [_bare(above, place, part=part) for above in _above(_whole(target, world))]
    rows = [row for row in rows if row]
    if target.type.lower().endswith("endpoints") and not created:
        inside = known if known and "type" in known else _endpoint(target)
        rows[-1]["properties"]["endpoints"] = [inside]
    rows += [_bare(above, place) for above in _named_parts(request)]
    there = {parse(row["id"])[0].group for row in rows if "/providers/" not in row["id"]}
    named = (parse(row["id"])[0].group for row in rows)
    grouped = {name for name in named if name and name not in there}
    owner = f"/subscriptions/{world.subscription}/resourceGroups/"
    rows += [{"id": f"{owner}{name}", "location": "westus2"} for name in sorted(grouped)]
    world.note("images", [rule for row in rows for rule in _ended_images(row)] or None)
    seeding.seed(world, rows, now=world.clock.now())
    for row in rows:
        if _fresh(row):
            _make_fresh(world, row["id"])


def _known(exchanges: list[Json]) -> Json | None:
    """Return what the first exchange tells of a thing, or the last where it only names work."""
    request, response = exchanges[0]["request"], exchanges[0]["response"]
    body = response.get("body") if response["status"] < 300 else None
    if isinstance(body, dict) and "operation" in body:
        return _told_later(exchanges, request["path"])
    return body if isinstance(body, dict) else None


def _place(request: Json, known: Json | None) -> str | None:
    rows = [request.get("body") or {}, known or {}, *((known or {}).get("value") or [])]
    return next((row["location"] for row in rows if row.get("location")), None)


def _is_new(request: Json, response: Json) -> bool:
    """Tell whether the work that a provider named makes a thing rather than changes one."""
    named = (response.get("body") or {}).get("operation") if response["status"] == 202 else None
    secret = "administratorLoginPassword" in json.dumps(request.get("body") or {})
    return bool(named) and (secret or str(named).startswith(("Create", "Upsert")))


def _told_later(exchanges: list[Json], path: str) -> Json | None:
    """Return the last look at a thing in the recording, if there was one."""
    for exchange in reversed(exchanges):
        body = exchange["response"].get("body")
        if isinstance(body, dict) and str(body.get("id")).lower() == path.lower():
            return body
    return None


def _ended_images(row: Json) -> list[Json]:
    """Return rules by which the containers that had ended end again."""
    found = []
    for container in (row.get("properties") or {}).get("containers") or []:
        view = container["properties"].get("instanceView") or {}
        if (view.get("currentState") or {}).get("state") == "Terminated":
            found.append(
                {"match": re.escape(container["properties"]["image"]), "behaviour": "crash"}
            )
    return found


def _fresh(row: Json) -> bool:
    """Tell whether a recorded container group ran for too short a time to show events."""
    containers = (row.get("properties") or {}).get("containers") or []
    views = [container["properties"].get("instanceView") for container in containers]
    return any(view is not None and "events" not in view for view in views)


def _make_fresh(world: Any, name: str) -> None:
    item = world.find(name)
    accepted = world.clock.now() - timedelta(seconds=containerrun.DONE)
    state = {**item.state, "accepted": accepted.isoformat()}
    world.save(replace(item, state=state))


def _group(target: Id, place: str | None, known: Json | None, request: Json) -> Json:
    row: Json = {"id": f"/subscriptions/{target.subscription}/resourceGroups/{target.group}"}
    unfit = not place or place == "global" or place.endswith("euap")
    row["location"] = "westus2" if unfit else place
    operation = (request.get("body") or {}).get("operation")
    if known and known.get("tags") is not None and operation is None:
        row["tags"] = known["tags"]
    return row


def _full(row: Json, world: Any) -> Json:
    body: Json = json.loads(json.dumps(row))
    if body.get("type", "").lower() == "microsoft.resources/resourcegroups" or (
        "/providers/" not in body["id"]
    ):
        kept = {
            k: body[k] for k in ("id", "location", "tags", "managedBy") if body.get(k) is not None
        }
        return kept if "/resourcegroups/" in body["id"].lower() else {}
    for container in (body.get("properties") or {}).get("containers") or []:
        for variable in container["properties"].get("environmentVariables") or []:
            if variable.get("value") is None:
                variable["secureValue"] = "hidden"
    return body


def _bare(target: Id, place: str | None, part: str = "") -> Json:
    row: Json = {"id": str(target), "location": place or "westus2"}
    kind = target.type.lower()
    if kind == "microsoft.containerinstance/containergroups":
        container = {
            "name": part or target.name,
            "properties": {
                "image": "nginx",
                "resources": {"requests": {"cpu": 1.0, "memoryInGB": 1.5}},
            },
        }
        row["properties"] = {"osType": "Linux", "containers": [container]}
    if kind == "microsoft.dbforpostgresql/flexibleservers" and part == "start":
        row["properties"] = {"state": "Stopped"}
    if kind == "microsoft.network/trafficmanagerprofiles":
        row["location"] = "global"
        row["properties"] = {
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": target.name},
            "monitorConfig": {"protocol": "TCP", "port": 443},
        }
    if kind == "microsoft.network/applicationgateways":
        power = {"operationalState": "Stopped"} if part == "start" else {}
        row["properties"] = {**_gateway(str(target)), **power}
    if kind == "microsoft.network/virtualnetworks":
        row["properties"] = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
    if kind == "microsoft.network/virtualnetworks/subnets":
        row["properties"] = {"addressPrefix": "10.0.0.0/24"}
    if kind == "microsoft.storage/storageaccounts":
        row |= {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    if kind == "microsoft.sql/servers/databases/replicationlinks":
        row["properties"] = {"partnerServer": "other", "partnerDatabase": "db", "role": "Primary"}
    if kind == "microsoft.authorization/locks":
        row = {"id": str(target), "properties": {"level": "CanNotDelete"}}
    if kind.endswith("federatedidentitycredentials"):
        trusted = {"issuer": "https://i", "subject": "s", "audiences": ["a"]}
        row = {"id": str(target), "properties": trusted}
    return row


def _named_parts(request: Json) -> list[Id]:
    """Return the networks, subnets and addresses that a gateway names and that are to be there."""
    kinds = r"(?:virtualNetworks/[^\"/]+/subnets|publicIPAddresses)"
    pattern = rf'"(/subscriptions/[^"]+/{kinds}/[^"/]+)"'
    body = json.dumps((request.get("body") or {}).get("properties"))
    gateway = "applicationgateways" in request["path"].lower()
    named = re.findall(pattern, body) if gateway else []
    found = {above.key: above for name in named for above in _above(parse(name)[0])}
    return list(found.values())


def _gateway(name: str) -> Json:
    """Return an application gateway with one of each part."""

    def part(kind: str, **more: Any) -> Json:
        return {kind: [{"name": "one", "properties": more}]}

    def link(kind: str) -> Json:
        return {"id": f"{name}/{kind}/one"}

    listener = {"frontendIPConfiguration": link("frontendIPConfigurations")}
    listener["frontendPort"] = link("frontendPorts")
    rule = {"httpListener": link("httpListeners"), "priority": 1}
    return {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2", "capacity": 1},
        **part("gatewayIPConfigurations"),
        **part("frontendIPConfigurations"),
        **part("frontendPorts", port=80),
        **part("backendAddressPools"),
        **part("backendHttpSettingsCollection", port=80, protocol="Http"),
        **part("httpListeners", protocol="Http", **listener),
        **part("requestRoutingRules", ruleType="Basic", **rule),
    }


def _endpoint(target: Id) -> Json:
    """Return an endpoint of a profile of Traffic Manager."""
    where = {"target": "contoso.example", "targetResourceId": f"{target}"}
    return {"name": target.name, "type": target.type, "properties": where}


def _above(target: Id) -> list[Id]:
    """Return a resource and all that it hangs under, the highest first."""
    if not target.providers or not target.last.names:
        return []
    depth = len(target.last.names)
    last = replace(target.last, types=target.last.types[:depth])
    whole = replace(target, providers=(*target.providers[:-1], last))
    return [*_above(whole.parent()), whole] if whole.nested else [whole]


def _whole(target: Id, world: Any) -> Id:
    """Return the longest part of a path whose type is in the table: an action's resource, say."""
    last = target.last
    depth = len(last.names)
    if len(last.types) == depth == 1:
        return target
    while depth > 1 and world.table.find("/".join((last.namespace, *last.types[:depth]))) is None:
        depth -= 1
    kept = replace(last, types=last.types[:depth], names=last.names[:depth])
    return replace(target, providers=(*target.providers[:-1], kept))


def _is_kept(row: Json, world: Any) -> bool:
    """Tell whether a listed thing is one that exists by itself, not one worked out."""
    if "id" not in row:
        return False
    target, _ = parse(row["id"])
    return not target.providers or world.table.find(target.type) is not None
