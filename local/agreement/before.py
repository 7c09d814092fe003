"""What must have been there before a recording began, worked out from what it tells.

A recording starts in the middle of somebody's life. What was answered first says most of it: what
was read, changed or removed was there; what stands above it, and what it names, was there too.
"""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from local.azure import seeding
from local.azure.arm import Json
from local.azure.ids import Id, parse
from local.azure.types import containerrun


def found(world: Any, exchanges: list[Json]) -> None:
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
