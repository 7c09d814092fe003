"""A whole platform is deployed in tests again and again, so that must cost little.

Forty resources in six deployments, under a held clock: from the request to the last output,
against the same resources asked for one by one, each when what it needs is there.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bench.measure import Claim, alternate
from bench.platform import PARTS, SIZE, platform
from local.azure import app, inline, router
from local.azure.arm import Call
from local.azure.deployments import told
from local.azure.journal import Memory
from local.azure.world import World

_ROUNDS = 5
_PROMISED = 1.0  # seconds
_TIMES = 3.0
_GROUP = f"/subscriptions/{inline.SUBSCRIPTION}/resourceGroups/rg"
_MAIN = f"{_GROUP}/providers/Microsoft.Resources/deployments/main"


def measure() -> list[Claim]:
    """Return what is claimed of a platform's deployment."""
    whole, alone = alternate(_deployed, _one_by_one, rounds=_ROUNDS)
    what = f"{SIZE} resources in {PARTS} deployments"
    return [
        Claim(
            name=f"simulated Azure: {what} / {_PROMISED:.0f} s",
            ratio=whole / _PROMISED,
            detail=(f"{whole * 1e3:.0f} ms from the request to the outputs, under a held clock",),
            at_most=1.0,
        ),
        Claim(
            name=f"simulated Azure: {what} / the same requests one by one",
            ratio=whole / alone,
            detail=(f"{whole * 1e3:.0f} ms / {alone * 1e3:.0f} ms",),
            at_most=_TIMES,
        ),
    ]


def _world() -> tuple[World, inline.HandClock]:
    clock = inline.HandClock()
    world = app.make_world(clock, Memory(), subscription=inline.SUBSCRIPTION, tenant=inline.TENANT)
    _put(world, _GROUP, "2021-04-01", {"location": "westeurope"})
    return world, clock


def _put(world: World, path: str, version: str, body: Any) -> None:
    call = Call(
        method="PUT",
        path=quote(path),
        query={"api-version": version},
        body=json.dumps(body).encode(),
        base="https://management.azure.com",
        principal="aaaaaaaa-0000-4000-8000-000000000002",
        now=world.clock.now(),
        request_id=path,
    )
    router.answer(world, call)
    world.commit()


def _deployed() -> float:
    world, clock = _world()
    began = time.perf_counter()
    _deploy(world, clock)
    took = time.perf_counter() - began
    made = told.resources(world, world.deployments.rows[_MAIN.lower()])
    if len(made) != SIZE:
        raise RuntimeError(f"{len(made)} of {SIZE} resources were deployed")
    return took


def _deploy(world: World, clock: inline.HandClock) -> None:
    body = {"properties": {"mode": "Incremental", "template": platform()}}
    _put(world, _MAIN, "2021-04-01", body)
    clock.advance(3600)
    world.settle(clock.now())


def _one_by_one() -> float:
    """Ask for what a deployment asked for, in the order in which it did."""
    asked: list[tuple[str, str, Any]] = []
    world, clock = _world()
    world.door = _noted(world.door, asked)
    _deploy(world, clock)
    world, clock = _world()
    began = time.perf_counter()
    for path, version, body in asked:
        _put(world, path, version, body)
        clock.advance(60)
        world.settle(clock.now())
    return time.perf_counter() - began


def _noted(
    door: Callable[[World, Call], Any], asked: list[tuple[str, str, Any]]
) -> Callable[[World, Call], Any]:
    def noted(world: World, call: Call) -> Any:
        """Answer a call, and note it if it makes something."""
        if call.method == "PUT":
            asked.append((call.path, call.version, json.loads(call.body)))
        return door(world, call)

    return noted
