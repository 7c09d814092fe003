"""The simulated Azure is the only Azure the tests see, so it must not be what they wait for.

Both are measured through its whole door (token, throttle, table, envelope), without a socket.
Calls a second are of CPU time, so they are those of one core. A list is walked to its last page.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from bench.measure import Claim, alternate
from local.azure import app, inline, seeding
from local.azure.journal import Memory
from local.azure.subscriptions import VERSIONS
from local.azure.tokens import Tokens
from local.keys import new_key

PROMISED = 500
_FEW, _MANY = 2_000, 20_000
_SLACK = 1.3
_CALLS = 600
_ROUNDS = 3
_CALLER = "aaaaaaaa-0000-4000-8000-000000000002"
_HOST = "https://management.azure.com"
_GROUP = f"/subscriptions/{inline.SUBSCRIPTION}/resourceGroups/rg-bench"
_KIND = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VERSION = "2023-01-31"


def measure() -> list[Claim]:
    """Return what is claimed of calls a second, and of a list ten times as long."""
    few, many = _world(_FEW), _world(_MANY)
    rate = max(_calls_a_second(few) for _ in range(_ROUNDS))
    short, long = alternate(lambda: _walk(few, _FEW), lambda: _walk(many, _MANY), rounds=_ROUNDS)
    times = _MANY / _FEW
    return [
        Claim(
            name=f"simulated Azure: calls a second on one core / {PROMISED}",
            ratio=rate / PROMISED,
            detail=(f"{rate:.0f} a second: PUT, GET, PATCH tags, DELETE in turn",),
            at_least=1.0,
        ),
        Claim(
            name=f"simulated Azure: time to list {_MANY} / ({times:.0f} x time to list {_FEW})",
            ratio=long / (short * times),
            detail=(f"{long * 1e3:.0f} ms / {times:.0f} x {short * 1e3:.0f} ms, all pages",),
            at_most=_SLACK,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Azure:
    """A simulator, the clock that fills its buckets, and who asks it."""

    transport: httpx.ASGITransport
    clock: inline.HandClock
    token: str

    def client(self) -> httpx.AsyncClient:
        """Return a client that goes straight to its door."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(transport=self.transport, base_url=_HOST, headers=headers)


def _world(size: int) -> _Azure:
    clock, key = inline.HandClock(), new_key()
    world = app.make_world(clock, Memory(), subscription=inline.SUBSCRIPTION, tenant=inline.TENANT)
    rows: list[dict[str, Any]] = [{"id": _GROUP, "location": "westeurope"}]
    rows += [
        {"id": f"{_GROUP}/providers/{_KIND}/id-{place:05}", "location": "westeurope"}
        for place in range(size)
    ]
    seeding.seed(world, rows, now=clock.now())
    tokens = Tokens(tenant=inline.TENANT, keys={"bench": key.public_key()})
    claims = {"aud": _HOST, "tid": inline.TENANT, "oid": _CALLER, "exp": int(time.time()) + 3600}
    return _Azure(
        transport=httpx.ASGITransport(app.build(world, tokens)),
        clock=clock,
        token=jwt.encode(claims, key, algorithm="RS256", headers={"kid": "bench"}),
    )


def _calls_a_second(azure: _Azure) -> float:
    async def work() -> None:
        async with azure.client() as client:
            path = f"{_GROUP}/providers/{_KIND}/id-new?api-version={_VERSION}"
            for _ in range(_CALLS // 4):
                azure.clock.advance(1)
                answers = [
                    await client.put(path, json={"location": "westeurope"}),
                    await client.get(path),
                    await client.patch(path, json={"tags": {"team": "loyalty"}}),
                    await client.delete(path),
                ]
                for answer in answers:
                    answer.raise_for_status()

    began = time.process_time()
    asyncio.run(work())
    return _CALLS / (time.process_time() - began)


def _walk(azure: _Azure, size: int) -> float:
    async def work() -> int:
        async with azure.client() as client:
            start = f"/subscriptions/{inline.SUBSCRIPTION}/resources"
            link: str | None = f"{start}?api-version={VERSIONS[-1]}"
            seen = 0
            while link:
                page = (await client.get(link)).raise_for_status().json()
                seen, link = seen + len(page["value"]), page.get("nextLink")
            return seen

    azure.clock.advance(60)
    began = time.perf_counter()
    seen = asyncio.run(work())
    if seen != size:
        raise RuntimeError(f"the list has {seen} of {size} resources")
    return time.perf_counter() - began
