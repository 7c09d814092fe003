"""What a recorded request names: what must have been there, where, and what it was like."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from local.azure import places
from local.azure.arm import Json
from local.azure.ids import Id, parse
from local.azure.world import World

_ASSIGNMENTS = "microsoft.authorization/roleassignments"
_JOBS = "microsoft.app/jobs"
ID = re.compile(r"/subscriptions/[^/\"\s]+/(?:resourcegroups/[^\"\s]+/)?providers/[^\"\s]+", re.I)


def decoded(exchange: Json) -> Json:
    """Return an exchange whose path has its characters as they are."""
    request = exchange["request"]
    return {**exchange, "request": {**request, "path": unquote(request["path"])}}


def place(request: Json, known: Json | None) -> str | None:
    given = request.get("body")
    rows = [given if isinstance(given, dict) else {}, known or {}]
    rows += [row for row in (known or {}).get("value") or [] if isinstance(row, dict)]
    return next((str(row["location"]) for row in rows if row.get("location")), None)


def told_place(exchanges: list[Json], wanted: Id) -> str | None:
    """Return the region in which an answer tells that a thing is, wherever it tells it."""

    def places_in(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if str(value.get("id")).lower() == wanted.key and value.get("location"):
                yield str(value["location"])
            value = list(value.values())
        for one in value if isinstance(value, list) else ():
            yield from places_in(one)

    return next(places_in([exchange["response"].get("body") for exchange in exchanges]), None)


def likeness(request: Json, known: Json | None, world: World, named: Id) -> Json:
    """Return what a thing has from what it is made from, as far as it did not ask for it."""
    body = request.get("body") or {}
    copies = (body.get("properties") or {}).get("createMode") not in {None, "Default"}
    kind = world.table.find(named.type)
    if known is None or not copies or kind is None or "sku" not in kind.top_level:
        return {}
    found = {name: known[name] for name in ("sku", "tags") if known.get(name) and name not in body}
    if (found.get("sku") or {}).get("name") == "ElasticPool":
        del found["sku"]
    if body["properties"]["createMode"] == "GeoRestore":
        found["properties"] = {"backup": {"geoRedundantBackup": "Enabled"}}
    signing = (known.get("properties") or {}).get("authConfig")
    if signing:
        found["properties"] = {**found.get("properties", {}), "authConfig": signing}
    return found


def place_of(named: Id, request: Json, known: Json | None) -> str | None:
    """Return where what a body names stands: a failover group's partner in another region."""
    where = place(request, known)
    mode = ((request.get("body") or {}).get("properties") or {}).get("createMode")
    if mode == "GeoRestore":
        return places.PAIRS.get(places.normal(str(where)), where)
    apart = "/failovergroups/" in request["path"].lower()
    if apart and named.type.lower() == "microsoft.sql/servers":
        return places.PAIRS.get(places.normal(where or "westus2"), "westus3")
    return where


def is_one(target: Id) -> bool:
    """Tell whether an identifier is a thing's, and not a list's or an action's."""
    return len(target.last.types) == len(target.last.names)


def named(request: Json, known: Json | None, world: World) -> Iterator[Id]:
    """Yield the things of known types that a body names, or the thing that a PATCH changes."""
    asked = request.get("body") or {}
    body = json.dumps([asked, known] if request["method"] == "PATCH" else asked)
    yield from _plan(request, asked)
    for name in ID.findall(body):
        target = parse(name)[0]
        while target.providers and not (
            is_one(target) and world.table.find(target.type) is not None
        ):
            depth = len(target.last.types) - 1
            if depth < 1:
                break
            last = replace(
                target.last, types=target.last.types[:depth], names=target.last.names[:depth]
            )
            target = replace(target, providers=(*target.providers[:-1], last))
        own = f"{request['path'].lower()}/".startswith(f"{target.key}/")
        if not own and is_one(target) and world.table.find(target.type) is not None:
            yield target


def _plan(request: Json, asked: Json) -> Iterator[Id]:
    """Yield the plan that a site names by its name alone."""
    plan = (asked.get("properties") or {}).get("serverFarmId")
    target, _ = parse(request["path"])
    if isinstance(plan, str) and plan and "/" not in plan and target.group:
        group = f"/subscriptions/{target.subscription}/resourceGroups/{target.group}"
        yield parse(f"{group}/providers/Microsoft.Web/serverfarms/{plan}")[0]


def principals(exchanges: list[Json]) -> Iterator[str]:
    """Yield whom roles were given to: somebody whom the directory knows."""
    for exchange in exchanges:
        given = (exchange["request"].get("body") or {}).get("properties")
        is_one = parse(exchange["request"]["path"])[0].type.lower() == _ASSIGNMENTS
        if is_one and exchange["response"]["status"] in {200, 201} and isinstance(given, dict):
            yield str(given.get("principalId"))


def parts(whole: Id, target: Id, request: Json) -> Iterator[Id]:
    """Yield what else an action is about: a slot to swap with, an execution to end."""
    name = (request.get("body") or {}).get("targetSlot")
    if target.last.types[-1].lower() == "slotsswap" and name and name != "production":
        last = replace(whole.last, names=(whole.last.names[0], name))
        yield replace(whole, providers=(last,))
    if whole.type.lower() == _JOBS and target.last.types[-1] == "stop" and target != whole:
        names = target.last.names
        last = replace(whole.last, types=("jobs", "executions"), names=names)
        if len(names) > 1:
            yield replace(whole, providers=(last,))


def ours(name: str, world: World) -> str:
    """Return an identifier in this subscription, which a recorder renamed in paths alone."""
    return re.sub(r"(?<=^/subscriptions/)[^/]+", world.subscription, name, flags=re.IGNORECASE)
