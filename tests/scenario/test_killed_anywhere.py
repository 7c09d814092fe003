"""Killed at every write and every call in turn, the end is the same.

The life of a preview is lived once without harm, to count the moments at which it could be killed:
just before and just after each write of a row or a message, each call on Azure and each on GitHub.
Then it is lived once for each moment. A kill loses the message that was being handled, as if it
never came back: only the rows and the minute's tick bring things on.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning import views
from provisioning.intake import timers
from provisioning.ledger import environment, plane
from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_event, run_object
from tests.scenario.perils import Killed, Peril, in_peril
from tests.town import Town, a_town

SHARES = 4  # the moments are dealt to so many tests, for several cores


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return one town for all lives: each life has a pull request and rows of its own."""
    folder: Path = tmp_path_factory.mktemp("village")
    with a_town(folder) as started:
        yield started


class Life:
    """The life of one preview, from opened to gone, with kills survived as the host does."""

    def __init__(self, town: Town, number: int) -> None:
        self.town, self.number = town, number
        self.sha = f"{number:040x}"
        self.name = f"pr-{number}-rewards-api"

    def live(self) -> None:
        """Live it whole."""
        self.happen("pull_request", "opened", "open", 9)
        self.town.runs(run_object(self.sha, id=self.number))
        self.survive(lambda: self.town.deliver("workflow_run", self.run()), again=True)
        self.wait_for(Phase.READY)
        self.ready_in_azure = self.groups()
        self.happen("pull_request", "closed", "closed", 10)
        self.wait_for(Phase.GONE)
        self.minutes(6)  # the reports that were held up

    def happen(self, event: str, action: str, state: str, hour: int) -> None:
        """Have GitHub say something happened; GitHub sends it again until it is accepted."""
        given: dict[str, Any] = {
            "sha": self.sha,
            "state": state,
            "updated_at": f"2026-11-23T{hour:02d}:00:00Z",
        }
        self.town.pulls(pull_object(self.number, **given))
        payload = pull_event(action, self.number, **given)
        self.survive(lambda: self.town.deliver(event, payload), again=True)
        self.settle()

    def run(self) -> dict[str, Any]:
        return run_event(self.sha, id=self.number)

    def survive(self, work: Any, *, again: bool = False) -> None:
        """Do something; a kill ends it, and loses whatever message it was about."""
        try:
            work()
        except Killed:
            if again:
                work()

    def settle(self) -> None:
        while self.town.queue.messages:
            self.survive(self.town.settle)

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.town.clock.advance(60)
            self.survive(lambda: timers.run(self.town.services, "tick"))
            self.settle()

    def wait_for(self, phase: Phase) -> None:
        for _ in range(20):
            row = environment(self.town.services.table, self.name)
            if row is not None and row.phase is phase:
                return
            self.minutes(1)
        raise AssertionError(f"{self.name} never became {phase}")

    def groups(self) -> list[dict[str, Any]]:
        return [r for r in self.town.resources() if self.name in r["id"].lower()]


def moments_of_a_life(town: Town) -> int:
    peril = Peril()
    with in_peril(town, peril):
        Life(town, 100_000).live()
    return peril.moments


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_every_write_and_every_call_the_end_is_the_same(
    village: Town, share: int
) -> None:
    moments = moments_of_a_life(village)
    for moment in range(share, moments, SHARES):
        peril = Peril(moment)
        with in_peril(village, peril):
            life = Life(village, 1000 * (share + 1) + moment)
            village.forget_calls()
            life.live()

            if peril.moments <= moment:  # a life varies by a call or two: this one was over
                assert moment > moments - 8
                break
            check(village, life, f"killed at moment {moment}: {peril.deeds[moment // 2]}")
    assert moments > 150


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


def test_time_alone_brings_a_life_on_when_every_message_is_lost(village: Town) -> None:
    peril = Peril()
    with in_peril(village, peril):
        life = Life(village, 777)
        village.pulls(pull_object(777, sha=life.sha))
        village.runs(run_object(life.sha, id=777))
        village.deliver("pull_request", pull_event("opened", 777, sha=life.sha))
        for _ in range(90):
            village.queue.messages.clear()
            village.clock.advance(60)
            timers.run(village.services, "tick")
            if village.queue.messages:
                first = village.queue.messages.popleft()  # one in three arrives
                village.handle(first.queue, first.text)
            village.queue.messages.clear()
        assert village.environment(life.name).phase is Phase.READY


def test_an_hour_of_outage_converges_at_the_next_tick(village: Town) -> None:
    peril = Peril()
    with in_peril(village, peril):
        life = Life(village, 778)
        life.happen("pull_request", "opened", "open", 9)
        village.runs(run_object(life.sha, id=778))
        village.clock.advance(timedelta(hours=3).total_seconds())
        life.wait_for(Phase.READY)
