"""One recording, played again to a fresh simulator.

Addresses of operations are the simulator's own, so a poll goes where the last answer pointed, and
the clock is moved to where the recorded poll found the work.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from local.agreement import (
    before,
    bodies,
    causes,
    dates,
    deployed,
    differences,
    failures,
    presumed,
)
from local.agreement.comparing import difference
from local.agreement.tags import Tags
from local.azure import app, era, inline, seeding
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.journal import Memory
from local.azure.tokens import Tokens
from local.azure.types import workspaces
from local.azure.world import World
from local.keys import new_key

_POLL = re.compile(r"/[^/?]*(operation|asyncop)[^/]*/[^/]+(/[^/]+)?$", re.IGNORECASE)
_OPERATION = re.compile(r"/deployments/[^/]+/operations/[^/]+$", re.IGNORECASE)
_PATIENCE = 5
_TAKEN_OUT = "0000-00-00"
_LONG_ENOUGH = 1200  # seconds of app time after which the recorded work had ended
_LINKS = ("azure-asyncoperation", "location")
_CONTAINERS = 45  # the same for containers, which tell more the longer they run
_HOST = "https://management.azure.com"
_LOGS = "https://api.loganalytics.io"
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})", re.IGNORECASE)
_QUERY = re.compile(r"/v1/workspaces/[^/]+", re.IGNORECASE)


@dataclass(kw_only=True)
class Outcome:
    """How one recording went: exchanges that agree, and why the others do not.

    `first` is the place of the first that does not. `ordered`: its failure was ordered as a fault,
    because nothing in it tells the cause. `purpose`:
    the difference on purpose that it shows, empty for none.
    """

    folder: str
    operation: str
    name: str
    agreed: int = 0
    first: int = 0
    ordered: bool = False
    purpose: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Tell whether everything agreed."""
        return not self.faults


def play(path: Path) -> Outcome:
    """Play the recording in a file; what cannot be played does not agree, and says why."""
    recording = json.loads(path.read_text(encoding="utf-8"))
    outcome = Outcome(
        folder=path.parent.name,
        operation=str(recording.get("operation") or path.stem),
        name=path.stem,
    )
    exchanges = dates.ordered(recording.get("exchanges") or [])
    if not exchanges:
        outcome.faults.append("the recording has no exchange")
        return outcome
    recorder = str((recording.get("recorder") or {}).get("id") or "")
    try:
        asyncio.run(_play(outcome, exchanges, recorder))
    except Exception as error:  # any recording may be given: one must not end all the others
        outcome.faults.append(f"not played: {type(error).__name__}: {error}")
    shown = None if outcome.whole else differences.of(exchanges, outcome.first)
    outcome.purpose = shown.what if shown is not None else ""
    return outcome


async def _play(outcome: Outcome, exchanges: list[Json], recorder: str) -> None:
    then = dates.when(exchanges)
    era.ERA.set(f"{then:%Y-%m}" if then else era.TODAY)
    exchanges = deployed.bodies(exchanges)
    exchanges = [
        bodies.with_body(exchange, exchanges[place:]) for place, exchange in enumerate(exchanges)
    ]
    clock = inline.HandClock(then or inline.START)
    subscription = _subscription(exchanges)
    world = app.make_world(clock, Memory(), subscription=subscription, tenant=inline.TENANT)
    before.found(world, exchanges)
    deployed.found(world, exchanges)
    order = presumed.arrange(world, exchanges)
    outcome.ordered = order is not None
    keys = {"agreement": _key().public_key()}
    gateway = app.build(world, Tokens(tenant=inline.TENANT, keys=keys))
    wrong = _refused_token(exchanges)
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url=_HOST) as client:
        links: dict[str, str] = {}
        theirs: dict[str, str] = {}
        ours: dict[str, str] = {}
        tags, more = Tags(), ""
        for place, exchange in enumerate(exchanges):
            request, recorded = exchange["request"], exchange["response"]
            query = _query(request, world)
            if order is not None and order[0] is request:
                world.faults.add(order[1])
            address = _queried(world, request["path"]) + "?" + urlencode(query)
            one = _OPERATION.search(request["path"])
            if links and request["method"] == "GET" and _POLL.search(request["path"]) and not one:
                address = _followed(links, request["path"], theirs)
                clock.advance(_until_done(world, clock, address) if _ended(recorded) else 1)
            elif more and "$skiptoken" in query:
                address = more
            elif one and request["path"].rpartition("/")[2] in ours:
                path, _, number = request["path"].rpartition("/")
                address = f"{path}/{ours[number]}?{urlencode(query)}"
            elif recorded["status"] < 400:
                _let_settle(world, clock, request)
            token = _token(wrong, _audience(request))
            bearer = {"authorization": f"Bearer {token}"} if token else {}
            answer = await client.request(
                request["method"],
                address,
                json=request.get("body") or None,
                headers={**tags.conditions(request, recorded), **bearer},
            )
            tags.note(recorded, answer)
            new = _links(answer.headers)
            links, more = new or links, _next(answer)
            ours |= _numbers(recorded, answer)
            for name, link in _links(recorded.get("headers") or {}).items():
                theirs.setdefault(_path(link), new.get(name) or next(iter(new.values()), ""))
            found = difference(recorded, answer, recorder)
            if found is None:
                outcome.agreed += 1
            else:
                outcome.first = outcome.first if outcome.faults else place
                outcome.faults.append(f"{request['method']} {request['path'][-60:]}: {found}")


def _followed(links: dict[str, str], path: str, theirs: dict[str, str]) -> str:
    """Return our link for the one of theirs that leads to a path; the last one for none."""
    return theirs.get(_path(path)) or next(links[n] for n in _LINKS if n in links)


def _path(link: str) -> str:
    return unquote(urlsplit(link).path).lower()


def _subscription(exchanges: list[Json]) -> str:
    """Return the subscription that a recording is about: of a path, or else of a body."""
    for exchange in exchanges:
        found = parse(exchange["request"]["path"])[0].subscription
        if found:
            return found
    named = _SUBSCRIPTION.search(json.dumps([one["request"].get("body") for one in exchanges]))
    return named[1] if named else inline.SUBSCRIPTION


def _next(answer: httpx.Response) -> str:
    """Return the address of a list's next page; empty where there is none."""
    body = answer.json() if answer.content else None
    return str(body.get("nextLink") or "") if isinstance(body, dict) else ""


def _numbers(recorded: Json, answer: httpx.Response) -> dict[str, str]:
    """Return our numbers of a deployment's operations for those of theirs, by their places."""
    found = answer.json() if answer.content else None
    lists = [
        one.get("value") if isinstance(one, dict) else None
        for one in (recorded.get("body"), found)
    ]
    if not all(isinstance(one, list) for one in lists):
        return {}
    pairs = zip(*lists, strict=False)
    return {
        str(theirs["operationId"]): str(mine["operationId"])
        for theirs, mine in pairs
        if isinstance(theirs, dict) and "operationId" in theirs and "operationId" in mine
    }


def _links(headers: Mapping[str, Any]) -> dict[str, str]:
    found = {name.lower(): str(value) for name, value in headers.items()}
    return {name: found[name] for name in _LINKS if name in found}


def _query(request: Json, world: World) -> dict[str, str]:
    """Return a query without the instants that the recorder took out.

    An api-version that it took for one is the newest.
    """
    asked = dict(request.get("query") or {})
    row = world.table.find(parse(request["path"])[0].type)
    if asked.get("api-version") == _TAKEN_OUT:
        asked["api-version"] = row.versions[-1] if row is not None else "2021-03-01"
    return {k: unquote(v) for k, v in asked.items() if v != _TAKEN_OUT}


def _until_done(world: World, clock: inline.HandClock, address: str) -> float:
    """Return the seconds until the work that a poll is of has ended."""
    parts = urlsplit(address)
    names = (parts.path.rpartition("/")[2].lower(), parse_qs(parts.query).get("t", [""])[0])
    found = next((world.operations[n] for n in names if n in world.operations), None)
    if found is None:
        return _LONG_ENOUGH
    left = (found.due - clock.now()).total_seconds()
    is_container = "microsoft.containerinstance" in address.lower()
    return max(left, _CONTAINERS if is_container else 1.0)


def _ended(recorded: Json) -> bool:
    body = recorded.get("body")
    status = body.get("status") if isinstance(body, dict) else None
    if status is not None:
        return str(status).lower() in {"succeeded", "failed", "canceled"}
    return bool(recorded["status"] != 202)


@cache
def _key() -> RSAPrivateKey:
    return new_key()


def _refused_token(exchanges: list[Json]) -> str:
    """Return what was wrong with the caller's token, by the code of a 401."""
    found = failures.failure(exchanges)
    return found.code if found is not None and found.status == 401 else ""


def _let_settle(world: World, clock: inline.HandClock, request: Json) -> None:
    """Wait until nothing is busy that a write is about: the recorder did, and kept no polls."""
    if request["method"] == "GET":
        return
    said = (request["path"] + json.dumps(request.get("body"))).lower()
    for _ in range(_PATIENCE):
        world.settle(clock.now())
        if not any(item.busy and item.id.lower() in said for item in world.resources.values()):
            return
        clock.advance(_LONG_ENOUGH)


def _audience(request: Json) -> str:
    return _LOGS if _QUERY.match(request["path"]) else _HOST


def _queried(world: World, path: str) -> str:
    """Return the path of a query with the customer id of the workspace that is there for it."""
    if not _QUERY.match(path):
        return path
    group = f"/subscriptions/{world.subscription}/resourceGroups/logs"
    name = f"{group}/providers/{workspaces.TYPE}/logs"
    if world.find(name) is None:
        rows = [{"id": group, "location": "westus2"}, {"id": name, "location": "westus2"}]
        seeding.seed(world, rows, now=world.clock.now())
    return _QUERY.sub(f"/v1/workspaces/{workspaces.customer(name)}", path)


@cache
def _token(wrong: str, audience: str) -> str:
    if wrong == "AuthenticationFailed":
        return ""
    age = -60 if wrong == "ExpiredAuthenticationToken" else 3600
    claims: dict[str, Any] = {
        "aud": audience,
        "tid": inline.TENANT,
        "oid": causes.CALLER,
        "exp": int(time.time()) + age,
    }
    return jwt.encode(claims, _key(), algorithm="RS256", headers={"kid": "agreement"})
