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
from local.azure.types import containerrun

from .kit import KEYS, token

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "arm"
_OPAQUE = {"tags", "userAssignedIdentities", "secret"}
_POLLS = ("/operations/", "/operationresults/", "/operationstatuses/", "/asyncoperations/")
_LONG_ENOUGH = 45  # seconds of app time after which the recorded work had ended
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
    """Play a recording; None where it lacks the body of a write and cannot be played."""
    recording = json.loads(path.read_text())
    exchanges = recording["exchanges"]
    if any(_bodiless(exchange["request"]) for exchange in exchanges):
        return None
    try:
        return asyncio.run(_play(path.stem, exchanges))
    except ValueError as error:
        return Outcome(name=path.stem, faults=[f"not seeded: {error}"])


def _bodiless(request: Json) -> bool:
    return request["method"] in {"PUT", "PATCH"} and not request.get("body")


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
                clock.advance(_LONG_ENOUGH if _ended(recorded) else 1)
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
    known = response.get("body") if response["status"] < 300 else None
    place = (request.get("body") or {}).get("location") or (known or {}).get("location")
    created = request["method"] == "PUT" and response["status"] == 201
    if response["status"] == 404:
        return
    if target.group and not (created and not target.providers):
        rows.append(_group(target, place, known if not target.providers else None, request))
    if isinstance(known, dict) and isinstance(known.get("value"), list):
        rows += [_full(row, world) for row in known["value"] if "id" in row]
    elif target.providers and len(target.last.types) == len(target.last.names) and not rest:
        if target.nested:
            rows.append(_bare(target.parent(), place))
        if not created and target.type.lower() != "microsoft.resources/tags":
            rows.append(_full(known, world) if known else _bare(target, place))
    elif target.providers:
        rows.append(_bare(_base(target), place, part=target.name))
    rows = [row for row in rows if row]
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
    row["location"] = place if place and not place.endswith("euap") else "westus2"
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
    if kind == "microsoft.authorization/locks":
        row = {"id": str(target), "properties": {"level": "CanNotDelete"}}
    if kind.endswith("federatedidentitycredentials"):
        trusted = {"issuer": "https://i", "subject": "s", "audiences": ["a"]}
        row = {"id": str(target), "properties": trusted}
    return row


def _base(target: Id) -> Id:
    """Return the first resource in the path: the group of a container's logs, say."""
    found, _ = parse("/".join(str(target).split("/")[:9]))
    return found
