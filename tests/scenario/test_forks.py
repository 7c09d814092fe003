"""A fork's pull request: nothing of it runs but the one commit that somebody approved."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning import views
from provisioning.model import Phase
from tests.scenario.pulls import (
    MINUTE,
    NAME,
    ONE,
    THREE,
    TWO,
    at,
    build,
    close,
    comment,
    images,
    push,
    reactions,
    the_comment,
    writes,
)
from tests.town import Town


def opened(town: Town) -> None:
    """Have a fork's pull request opened and built."""
    push(town, "opened", ONE, at(9), fork=True)
    build(town, ONE)
    town.pass_time(2 * MINUTE)


def approved(town: Town, sha: str = ONE) -> None:
    """Have somebody who may write approve a commit."""
    comment(town, f"Looks safe.\n\n/preview approve {sha}")
    town.pass_time(4 * MINUTE)


def test_nothing_of_a_fork_runs_until_somebody_approves_the_commit(town: Town) -> None:
    opened(town)
    before = town.environment(NAME).phase, writes(town)

    approved(town)

    assert before == (Phase.ABSENT, [])
    assert town.environment(NAME).phase is Phase.READY
    assert images(town) == [f"ghcr.io/tesoro/rewards-api:{ONE}"]
    assert reactions(town) == ["+1"]


def test_the_approved_commit_runs_and_the_pushed_one_never(town: Town) -> None:
    opened(town)
    approved(town)
    ready_at = town.environment(NAME).ready_at

    push(town, "synchronize", TWO, at(10), fork=True)
    build(town, TWO)
    town.pass_time(timedelta(minutes=15))

    still = town.environment(NAME)
    assert (still.phase, still.sha, still.ready_at) == (Phase.READY, ONE, ready_at)
    assert images(town) == [f"ghcr.io/tesoro/rewards-api:{ONE}"]
    assert f"/preview approve {TWO}" in the_comment(town)


def test_a_commit_approved_after_another_was_pushed_is_the_one_that_runs(town: Town) -> None:
    opened(town)
    push(town, "synchronize", TWO, at(10), fork=True)
    build(town, TWO)

    town.runs(*[])
    build(town, ONE)
    approved(town)

    assert images(town) == [f"ghcr.io/tesoro/rewards-api:{ONE}"]


def test_a_second_approval_takes_the_place_of_the_first(town: Town) -> None:
    opened(town)
    approved(town)
    push(town, "synchronize", TWO, at(10), fork=True)
    build(town, TWO)

    approved(town, TWO)

    assert images(town) == [f"ghcr.io/tesoro/rewards-api:{TWO}"]


def test_pushes_of_a_fork_do_not_keep_it_up(town: Town) -> None:
    opened(town)
    approved(town)
    ends = town.environment(NAME).expires_at

    town.pass_time(timedelta(hours=1), step=timedelta(minutes=10))
    push(town, "synchronize", TWO, at(11), fork=True)

    assert town.environment(NAME).expires_at == ends


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"action": "edited"}, id="an edit"),
        pytest.param({"updated_at": at(13)}, id="a comment edited since"),
        pytest.param({"by": "stranger", "association": "NONE"}, id="a stranger"),
        pytest.param({"by": "reader", "association": "OWNER"}, id="somebody who claims to own it"),
    ],
)
def test_who_may_not_approve_does_nothing(town: Town, given: dict[str, Any]) -> None:
    town.collaborators(reader="read")
    opened(town)

    comment(town, f"/preview approve {ONE}", **given)
    town.pass_time(timedelta(minutes=15))

    assert town.environment(NAME).phase is Phase.ABSENT
    assert writes(town) == []
    assert town.said("POST", "issues") == []


@pytest.mark.parametrize(
    ("command", "because"),
    [
        pytest.param(f"/preview approve {ONE[:12]}", "in full", id="a short name"),
        pytest.param(f"/preview approve {THREE}", "no commit of this pull request", id="another"),
        pytest.param("/preview approve", "in full", id="no commit"),
        pytest.param("/preview up", "nothing of a fork runs unapproved", id="up alone"),
    ],
)
def test_what_approves_nothing_is_answered(town: Town, command: str, because: str) -> None:
    opened(town)

    comment(town, command)
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).phase is Phase.ABSENT
    assert writes(town) == []
    assert because in the_comment(town)
    assert reactions(town) == ["confused"]


def test_closed_and_reopened_the_approval_still_holds_for_that_commit_alone(town: Town) -> None:
    opened(town)
    approved(town)
    push(town, "closed", ONE, at(14), fork=True, state="closed")
    town.pass_time(5 * MINUTE)
    gone = town.environment(NAME).phase

    push(town, "reopened", TWO, at(15), fork=True)
    town.pass_time(5 * MINUTE)

    assert gone is Phase.GONE
    assert images(town) == [f"ghcr.io/tesoro/rewards-api:{ONE}"]


def test_who_approved_what_is_in_the_trail_and_in_the_decision(town: Town) -> None:
    opened(town)
    approved(town)

    trail, _ = views.trail(town.services, NAME, None, most=200)
    why = views.why(town.services, NAME, town.clock.now())

    assert any(record["by"] == "olu" for record in trail)
    assert why is not None
    assert why["because"].startswith("the pull request is open, and olu approved 111111111111")
    assert why["replays"]


def test_a_closed_fork_is_not_approved(town: Town) -> None:
    opened(town)
    close(town, when=at(11))

    approved(town)

    assert writes(town) == []
