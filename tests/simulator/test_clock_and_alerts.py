"""The clock, moved while an alert is on its way: nothing is overtaken, and nothing is late."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import httpx
import pytest

from local.azure import app, inline
from local.azure.journal import Memory
from local.azure.monitor import clockmove
from local.azure.monitor.courier import Courier, Delivery

START = inline.START


class Town:
    """A courier, a host that moves the clock, and an app that answers as it is told."""

    def __init__(self, *statuses: int | None, is_patient: bool = False) -> None:
        self.clock = inline.HandClock()
        world = app.make_world(
            self.clock, Memory(), subscription=inline.SUBSCRIPTION, tenant=inline.TENANT
        )
        self.courier = Courier(
            world, "http://app/api/alerts", is_patient=is_patient, send=self._answer
        )
        self.log: list[tuple[str, float]] = []
        self._statuses = list(statuses)

    def after(self) -> float:
        """Return the seconds since the start."""
        return (self.clock.now() - START).total_seconds()

    async def _answer(self, address: str, body: str) -> int | None:
        self.log.append(("app", self.after()))
        return self._statuses.pop(0) if self._statuses else 202

    async def ask(self, body: bytes) -> httpx.Response:
        """Move the clock as the host does."""
        asked: dict[str, Any] = json.loads(body)
        (text,) = asked.values()
        seconds = float(text.removeprefix("PT").removesuffix("S"))
        if seconds > 9000:
            return httpx.Response(503, json={"error": {"message": "stuck"}})
        self.clock.advance(seconds)
        self.log.append(("host", self.after()))
        return httpx.Response(200, json={"now": "then", "fired": {"tick": int(seconds // 10)}})

    async def move(self, **asked: str) -> httpx.Response:
        """Move the clock as `POST /_local/clock` does."""
        body = json.dumps(asked).encode()
        return await clockmove.move(body, ask=self.ask, clock=self.clock, courier=self.courier)

    @property
    def newest(self) -> Delivery:
        return self.courier.deliveries()[-1]


def run(town: Town, play: Callable[[Town], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(play(town))


def test_an_advance_stops_at_each_try() -> None:
    town = Town(503, 503)

    async def play(town: Town) -> None:
        await town.courier.post({}, alert=None)
        answer = await town.move(advance="PT60S")
        assert answer.json() == {"now": "then", "fired": {"tick": 5}}

    run(town, play)

    assert town.log == [
        ("app", 0),
        ("host", 5),
        ("app", 5),
        ("host", 25),
        ("app", 25),
        ("host", 60),
    ]
    assert (town.newest.tries, town.newest.end) == (3, "accepted")


def test_what_is_due_at_the_very_end_is_made_and_then_drained() -> None:
    town = Town(429)

    async def play(town: Town) -> None:
        await town.courier.post({}, alert=None)
        await town.move(advance="PT5S")

    run(town, play)

    assert town.log == [("app", 0), ("host", 5), ("app", 5), ("host", 5)]


def test_time_jumped_over_is_time_in_which_nobody_answered() -> None:
    town = Town(503)

    async def play(town: Town) -> None:
        await town.courier.post({}, alert=None)
        await town.move(jump="PT30S")

    run(town, play)

    assert town.log == [("app", 0), ("host", 30)]
    # Tried in vain after 5, 25 and 30 seconds; 40 more make the next.
    assert (town.newest.tries, town.newest.due) == (4, START + timedelta(seconds=70))


def test_a_long_jump_gives_an_alert_up() -> None:
    town = Town(503)

    async def play(town: Town) -> None:
        await town.courier.post({}, alert=None)
        await town.move(jump="PT600S")
        await town.courier.post({}, alert=None)
        await town.move(advance="PT900S")
        await town.courier.post({}, alert=None)

    run(town, play)

    ends = [one.end for one in town.courier.deliveries()]
    assert ends == ["given up", "silenced", "accepted"]


def test_a_move_that_the_host_refuses_ends_there() -> None:
    town = Town()

    async def play(town: Town) -> None:
        assert (await town.move(advance="PT9001S")).status_code == 503

    run(town, play)

    assert town.after() == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"advance": "soon"}', b'{"advance": 5}'])
def test_what_is_no_move_is_the_hosts_to_refuse(body: bytes) -> None:
    town = Town()
    came: list[bytes] = []

    async def ask(body: bytes) -> httpx.Response:
        came.append(body)
        return httpx.Response(400)

    async def play(town: Town) -> None:
        await clockmove.move(body, ask=ask, clock=town.clock, courier=town.courier)

    run(town, play)

    assert came == [body]


def test_in_real_time_the_one_who_ordered_waits_for_the_end() -> None:
    town = Town(503, is_patient=True)

    async def play(town: Town) -> None:
        watching = asyncio.create_task(town.courier.watch())
        posting = asyncio.create_task(town.courier.post({}, alert=None))
        while not town.log:
            await asyncio.sleep(0)
        town.clock.advance(5)
        delivery = await posting
        watching.cancel()
        assert (delivery.tries, delivery.end) == (2, "accepted")

    run(town, play)

    assert town.log == [("app", 0), ("app", 5)]
