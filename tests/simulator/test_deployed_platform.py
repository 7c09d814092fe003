"""A whole platform from one template: in order, at once where nothing waits, and over a kill."""

import gc
import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.platform import AFTER, PARTS, SIZE, platform
from local.azure import app, inline, router
from local.azure.arm import Call
from local.azure.deployments import told
from local.azure.deployments.records import Deployment
from local.azure.journal import Journal, Memory, Sqlite
from local.azure.world import World

GROUP = f"/subscriptions/{inline.SUBSCRIPTION}/resourceGroups/rg"
MAIN = f"{GROUP}/providers/Microsoft.Resources/deployments/main"


def _world(clock: inline.HandClock, journal: Journal) -> World:
    return app.make_world(clock, journal, subscription=inline.SUBSCRIPTION, tenant=inline.TENANT)


def _put(world: World, path: str, body: dict[str, Any]) -> None:
    call = Call(
        method="PUT",
        path=path,
        query={"api-version": "2021-04-01"},
        body=json.dumps(body).encode(),
        base="https://arm.example",
        principal="aaaaaaaa-0000-4000-8000-000000000001",
        now=world.clock.now(),
        request_id="request",
    )
    router.answer(world, call)
    world.commit()


def _begun(clock: inline.HandClock, journal: Journal) -> World:
    world = _world(clock, journal)
    _put(world, GROUP, {"location": "westeurope"})
    _put(world, MAIN, {"properties": {"mode": "Incremental", "template": platform()}})
    return world


def _main(world: World) -> Deployment:
    found = world.deployments.find(MAIN)
    assert found is not None
    return found


def _next(world: World) -> datetime:
    """Return when something is due next."""
    return min(one.due for one in world.operations.values() if not one.ended)


def _spans(one: Deployment) -> dict[str, tuple[datetime, datetime]]:
    found = {}
    for node in one.nodes:
        assert node.started is not None
        assert node.ended is not None
        found[node.name] = (node.started, node.ended)
    return found


def _told(world: World) -> dict[str, Any]:
    """Return what the deployments and the things that they made came to."""
    return {
        "things": {item.id: item.provisioning for item in world.resources.values()},
        "deployments": {
            one.id: (one.state, one.changed, one.outputs, _spans(one))
            for one in world.deployments.rows.values()
        },
    }


def test_forty_things_in_six_parts_come_in_order_and_together() -> None:
    clock = inline.HandClock()
    world = _begun(clock, Memory())

    clock.advance(3600)
    world.settle(clock.now())

    one = _main(world)
    assert one.state == "Succeeded", one.error
    assert len(told.resources(world, one)) == SIZE
    spans = _spans(one)
    assert len(spans) == PARTS
    for name, before in AFTER.items():
        assert all(spans[name][0] >= spans[other][1] for other in before)
    starts = {spans[name][0] for name in ("net", "people", "names")}
    assert len(starts) == 1
    alone = sum((end - start for start, end in spans.values()), timedelta())
    assert one.changed - one.started < alone
    inner = world.deployments.find(MAIN.replace("/main", "/net"))
    assert inner is not None
    rows = sorted(span for name, span in _spans(inner).items() if "/" in name)
    assert all(one[1] <= other[0] for one, other in pairwise(rows))


def test_killed_again_and_again_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    clock = inline.HandClock()
    calm = _begun(clock, Memory())
    clock.advance(3600)
    calm.settle(clock.now())

    clock, file = inline.HandClock(), tmp_path / "azure.sqlite"
    journal = Sqlite(file)
    world = _begun(clock, journal)
    while _main(world).active:
        clock.advance((_next(world) - clock.now()).total_seconds())
        world.settle(clock.now())
        del world, journal  # killed before it had written anything down
        gc.collect()
        journal = Sqlite(file)
        world = _world(clock, journal)
        world.settle(clock.now())
        journal.close()  # and after
        journal = Sqlite(file)
        world = _world(clock, journal)

    assert _told(world) == _told(calm)
