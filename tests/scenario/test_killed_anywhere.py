"""Killed at every write and every call in turn, the end is the same.

The life of a preview is lived once without harm, to count the moments at which it could be killed
(`perils.Peril` says which differ) by what it does: each write of a row or a message, each call on
Azure and each on GitHub. Then it is lived once for each moment. A kill loses the message that was
being handled, as if it never came back: only the rows and the minute's tick bring things on.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from provisioning import views
from provisioning.azure.client import Azure
from provisioning.intake import timers
from provisioning.ledger import environment, plane
from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_event, run_object
from tests.effort import IS_THOROUGH, unmeasured
from tests.scenario.perils import Hands, Peril, PerilousCalls, connect, imperil
from tests.town import Town, a_town

SHARES = 4  # the moments are dealt to so many tests, for several cores


class Village:
    """One town in which every preview lives its life, since a town takes long to build.

    Each life has a pull request and rows of its own, and services that know of no other.
    """

    def __init__(self, town: Town) -> None:
        self.town, self._calm = town, town.services
        self.peril = Peril(every=IS_THOROUGH)
        settings = town.services.settings
        self._azure = Azure(
            settings.subscription,
            settings.resource_manager,
            town.services.azure._make_credential,
            verify=town.services.azure._connection["connection_verify"],
            policies=[PerilousCalls(self.peril)],
        )
        self._connection = connect(town, self.peril)

    def life(self, number: int, *, killed_at: int | None = None) -> "Life":
        """Return a life that is still to be lived, with a kill at that moment of it."""
        self._connection.forget_all()
        services = imperil(self._calm, self.peril, self._azure, self._connection)
        self.town.begin_anew(services, services.queue._inner)  # type: ignore[attr-defined]
        self.peril.arm(killed_at)
        return Life(self.town, self.peril, number)

    def close(self) -> None:
        """Give back every connection, and leave the town as it was."""
        self._azure.close()
        self._connection.close()
        self.town.services = self._calm


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """Return the village of all lives."""
    with a_town(tmp_path_factory.mktemp("village")) as town:
        village = Village(town)
        yield village
        village.close()


class Life:
    """The life of one preview, from opened to gone, with kills survived as the host does."""

    def __init__(self, town: Town, peril: Peril, number: int) -> None:
        self.town, self.peril, self.number = town, peril, number
        self.sha = f"{number:040x}"
        self.name = f"pr-{number}-rewards-api"
        self.hands = Hands(self.town, peril)

    def live(self) -> None:
        """Live it whole."""
        self.happen("pull_request", "opened", "open", 9)
        self.town.runs(run_object(self.sha, id=self.number))
        self.hands.survive(lambda: self.town.deliver("workflow_run", self.run()), again=True)
        self.wait_for(Phase.READY)
        self.ready_in_azure = self.groups()
        self.happen("pull_request", "closed", "closed", 10)
        self.wait_for(Phase.GONE)
        self.hands.minutes(6)  # the reports that were held up

    def happen(self, event: str, action: str, state: str, hour: int) -> None:
        """Have GitHub say something happened; GitHub sends it again until it is accepted."""
        given: dict[str, Any] = {
            "sha": self.sha,
            "state": state,
            "updated_at": f"2026-11-23T{hour:02d}:00:00Z",
        }
        self.town.pulls(pull_object(self.number, **given))
        payload = pull_event(action, self.number, **given)
        self.hands.survive(lambda: self.town.deliver(event, payload), again=True)
        self.hands.settle()

    def run(self) -> dict[str, Any]:
        return run_event(self.sha, id=self.number)

    def wait_for(self, phase: Phase) -> None:
        for _ in range(20):
            row = environment(self.town.services.table, self.name)
            if row is not None and row.phase is phase:
                return
            self.hands.minutes(1)
        raise AssertionError(f"{self.name} never became {phase}")

    def groups(self) -> list[dict[str, Any]]:
        return [r for r in self.town.resources() if self.name in r["id"].lower()]


@pytest.fixture(scope="module")
def moments(village: Village) -> int:
    """Return how many moments a life has at which it could be killed."""
    life = village.life(100_000)
    life.live()
    check(village.town, life, "never killed")
    assert village.peril.moments > 100
    return village.peril.moments


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_every_write_and_every_call_the_end_is_the_same(
    village: Village, moments: int, share: int
) -> None:
    for moment in range(share, moments, SHARES):
        life = village.life(1000 * (share + 1) + moment, killed_at=moment)
        life.live() if share == 0 else unmeasured(life.live)  # one share is measured

        if not village.peril.killed_at:  # a life varies by a call or two: this one was over
            assert moment > moments - 8
            break
        check(village.town, life, f"killed at moment {moment}, {village.peril.killed_at}")


def check(town: Town, life: Life, when: str) -> None:
    """Hold that the end is the one end there is, and that nothing was done twice."""
    row = town.environment(life.name)
    assert row.operation is None, when
    assert row.incarnation == 1, when
    assert len(life.ready_in_azure) == 3, when
    assert life.groups() == [], when
    assert views.verify(town.services)["valid"], when
    assert plane(town.services.table).agenda == (), when
    made = [c for c in town.calls("PUT") if c["status"] == 201]
    assert len({c["path"].lower() for c in made}) == len(made) == 3, (when, made)
    said = [r for r in town.said("POST") if r["status"] == 201 and about(r, life)]
    assert len([r for r in said if r["path"].endswith("/deployments")]) == 1, when
    (deployment,) = deployments(town, life)
    statuses = [
        r["body"]["state"]
        for r in town.said("POST", f"/deployments/{deployment}/statuses")
        if r["status"] == 201
    ]
    assert statuses == sorted(set(statuses), key=statuses.index), (when, statuses)
    assert statuses[-2:] == ["success", "inactive"], (when, statuses)
    comments = [r for r in said if "/comments" in r["path"]]
    assert len(comments) == 1, when


def about(request: dict[str, Any], life: Life) -> bool:
    text = request["path"] + json.dumps(request["body"])
    return life.name in text or life.sha in text


def deployments(town: Town, life: Life) -> list[int]:
    found = town.services.forge.deployments("tesoro/rewards-api", life.sha, f"preview/{life.name}")
    return [int(d["id"]) for d in found]


def test_time_alone_brings_a_life_on_when_every_message_is_lost(village: Village) -> None:
    life, town = village.life(777), village.town
    town.pulls(pull_object(777, sha=life.sha))
    town.runs(run_object(life.sha, id=777))
    town.deliver("pull_request", pull_event("opened", 777, sha=life.sha))
    for _ in range(90):
        town.queue.messages.clear()
        town.clock.advance(60)
        timers.run(town.services, "tick")
        if town.queue.messages:
            first = town.queue.messages.popleft()  # one in three arrives
            town.handle(first.queue, first.text)
        town.queue.messages.clear()
    assert town.environment(life.name).phase is Phase.READY


def test_an_hour_of_outage_converges_at_the_next_tick(village: Village) -> None:
    life, town = village.life(778), village.town
    life.happen("pull_request", "opened", "open", 9)
    town.runs(run_object(life.sha, id=778))
    town.clock.advance(timedelta(hours=3).total_seconds())
    life.wait_for(Phase.READY)
