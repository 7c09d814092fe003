"""Killed at every write and every call in turn, a release and a rollback end the same.

As in `test_killed_anywhere`: lived once without harm to count the moments, then once for each. A
kill loses the message that was being handled. What telemetry says is given here: that it is asked
for real is for `test_releases`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from provisioning import ledger, views
from provisioning.catalog import Canary
from provisioning.intake import alerts, releasing
from provisioning.model import Release
from tests.effort import IS_THOROUGH, unmeasured
from tests.scenario.perils import Hands, Peril, Perilous, in_peril
from tests.scenario.releases import V1, V2, Service
from tests.town import ANYBODY, Town, a_town

BRISK = Canary(weights=(50,), bake=timedelta(minutes=1), least_requests=100)
SLOW = replace(BRISK, bake=timedelta(hours=1))
WISH = {"environment": "production", "service": "rewards-api", "version": "v2"}


class Telling:
    """A workspace where both revisions always do well."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def query(self, *_: Any, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        """Return plenty of good requests, just now."""
        counts = {"Requests": 500, "Failures": 0, "Records": 500, "Newest": until}
        return [{"Arm": arm, **counts} for arm in ("canary", "baseline")]

    def close(self) -> None:
        """Have nothing to close."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return one service for all lives: each begins with the traffic as it was."""
    with a_town(tmp_path_factory.mktemp("village")) as town:
        yield Service(town)


class Life:
    """The life of one release, with kills survived as the host and the callers do."""

    def __init__(self, service: Service, peril: Peril) -> None:
        self.service, self.town, self.peril = service, service.town, peril
        self.like_any_other = 0  # how many moments it shares with the other story
        self.hands = Hands(self.town, peril)

    def promoted(self) -> None:
        """Live it to its good end."""
        self.bake(BRISK)
        self.hands.survive(self.begin, again=True)
        self.wait_for("promoted")

    def taken_back(self) -> None:
        """Live it until an alert takes it back."""
        self.bake(SLOW)
        self.hands.survive(self.begin, again=True)
        self.hands.settle()
        while self.row().weight != 50:
            self.hands.minutes(1)
        self.like_any_other = self.peril.moments
        payload = self.service.alert(1 if self.peril.at is None else 2 + self.peril.at)
        self.town.list_alert(payload)
        body = json.dumps(payload).encode()
        self.hands.survive(lambda: alerts.receive(self.town.services, body, payload), again=True)
        self.hands.settle()
        self.wait_for("rolled_back")

    def bake(self, canary: Canary) -> None:
        catalog = replace(self.town.services.catalog, canary=canary)
        self.town.services = replace(self.town.services, catalog=catalog)

    def begin(self) -> None:
        releasing.begin(self.town.services, ANYBODY, WISH)

    def row(self) -> Release:
        target = ledger.release_of("production", "rewards-api")
        held = ledger.read(self.town.services.table, target)
        assert held is not None
        assert isinstance(held.value, Release)
        return held.value

    def wait_for(self, status: str) -> None:
        for _ in range(20):
            if self.row().status == status:
                return
            self.hands.minutes(1)
        raise AssertionError(f"it is {self.row().status}, never {status}: {self.row().because}")


def lived(service: Service, peril: Peril, story: Callable[[Life], None]) -> Life:
    """Live a life in peril, with the traffic as it was before, and tidy up after it."""
    service.rebuild()
    service.town.forget_calls()
    life = Life(service, peril)
    telling: Any = Perilous(Telling(service.town), peril, ("query",))
    with in_peril(service.town, peril):
        service.town.services = replace(service.town.services, logs=telling)
        story(life)
        life.hands.minutes(1)  # what is left in an outbox, or on the agenda
        check(life, peril)
    return life


def check(life: Life, peril: Peril) -> None:
    when = f"killed at {peril.at}: {peril.killed_at}"
    services = life.town.services
    row = life.row()
    assert row.operation is None, when
    assert row.number == 1, when
    assert not row.exposed, when
    assert views.verify(services)["valid"], when
    assert ledger.plane(services.table).agenda == (), when
    assert len(life.service.writes()) == 2, (when, life.service.writes())
    expected = {V2: 100} if row.status == "promoted" else {V1: 100}
    assert life.service.weights() == expected, when
    rulings = ledger.rulings(services.table, row)
    assert len(rulings) == row.decisions, when


@pytest.mark.parametrize("story", [Life.promoted, Life.taken_back], ids=["promoted", "taken back"])
def test_killed_at_every_write_and_every_call_the_end_is_the_same(
    service: Service, story: Callable[[Life], None]
):
    peril = Peril(every=IS_THOROUGH)
    first = lived(service, peril, story).like_any_other
    moments = peril.moments

    for moment in range(first, moments):
        peril.arm(moment)
        unmeasured(lambda: lived(service, peril, story))  # the first life is measured

    assert moments - first > (40 if IS_THOROUGH else 15)
