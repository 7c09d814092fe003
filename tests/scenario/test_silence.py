"""GitHub throttled, or gone for an hour: environments go on, and nothing is lost or said twice."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning.intake import deliveries
from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_object
from tests.scenario.pulls import (
    MINUTE,
    NAME,
    ONE,
    TWO,
    at,
    build,
    comment,
    push,
    reactions,
    states,
    the_comment,
    up,
)
from tests.town import Town

HOUR = timedelta(hours=1)
DOWN: dict[str, Any] = {"status": 502}
THROTTLED: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "90"}}
BARRED: dict[str, Any] = {"status": 403, "headers": {"Retry-After": "300"}}


def silent(town: Town, fault: dict[str, Any], path: str = "^/(repos|app)") -> None:
    """Have GitHub answer nothing of use."""
    town.github_fault(match={"path": path}, times=100_000, **fault)


@pytest.mark.parametrize("fault", [DOWN, THROTTLED, BARRED], ids=["down", "throttled", "barred"])
def test_an_hour_of_silence_holds_no_environment_up(town: Town, fault: dict[str, Any]) -> None:
    push(town, "opened", ONE, at(9))
    town.runs(run_object(ONE))
    silent(town, fault, "deployments|comments")
    build(town, ONE)
    town.pass_time(HOUR)
    during = town.environment(NAME).phase
    told = len(states(town))

    town.github_mended()
    town.pass_time(timedelta(minutes=10))

    assert during is Phase.READY
    assert told <= 1
    assert states(town) == ["queued", "in_progress", "success"]
    made = [r for r in town.said("POST", "/deployments") if r["status"] == 201]
    assert len([r for r in made if r["path"].endswith("/deployments")]) == 1
    assert "Ready: " in the_comment(town)


@pytest.mark.parametrize("fault", [DOWN, THROTTLED], ids=["down", "throttled"])
def test_what_comes_in_during_an_hour_of_silence_is_done_afterwards(
    town: Town, fault: dict[str, Any]
) -> None:
    up(town)
    silent(town, fault)
    push(town, "synchronize", TWO, at(10))
    town.runs(run_object(TWO))
    comment(town, "/preview extend 3h")
    asked = len(town.said("GET"))
    town.pass_time(HOUR)
    during = town.environment(NAME)
    asked = len(town.said("GET")) - asked

    town.github_mended()
    town.pass_time(timedelta(minutes=10))

    after = town.environment(NAME)
    assert (during.phase, during.sha) == (Phase.READY, ONE)
    assert (after.phase, after.sha) == (Phase.READY, TWO)
    assert after.lease is not None
    assert reactions(town) == ["+1"]
    told = ["queued", "in_progress", "success"]
    assert states(town) == [*told, "inactive", "in_progress", "success"]
    assert {str(d.state) for d in deliveries.recent(town.services, most=50)} == {"done"}
    assert asked < 150, "a GitHub that asked for silence is left in peace"


def test_closed_while_github_is_silent_it_goes_once_github_says_so(town: Town) -> None:
    up(town)
    silent(town, DOWN)
    push(town, "closed", ONE, at(10), state="closed")
    town.pass_time(20 * MINUTE)
    during = town.environment(NAME).phase
    town.github_mended()
    town.pass_time(10 * MINUTE)

    assert during is Phase.READY
    assert town.environment(NAME).phase is Phase.GONE
    assert states(town)[-1] == "inactive"


def test_a_refusal_for_good_marks_the_delivery_failed_with_what_to_do(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    town.github_fault(match={"path": "/installation$"}, status=404, times=100)
    town.deliver("pull_request", pull_event("opened", 7, sha=ONE))
    town.settle()

    (delivery,) = deliveries.recent(town.services, most=5)
    assert str(delivery.state) == "failed"
    assert "install the GitHub App" in delivery.reason
    town.github_mended()
    assert deliveries.replay(town.services, delivery.id, "ines")
    town.settle()
    assert town.environment(NAME).phase is Phase.CREATING
