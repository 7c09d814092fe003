"""What a preview should be, and what is asked for where it is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning.conditions import with_condition, without_condition
from provisioning.environments.desired import (
    DOWN,
    EXTEND,
    UP,
    Presence,
    aim_down,
    asked,
    decide,
    desired,
    plan,
    seed_id,
)
from provisioning.environments.heard import expires_at, newcomer, observe
from provisioning.model import Condition, Environment, Grounds, Lease, Phase
from tests.builders import SHA, START, a_pull_request, an_environment

EXPIRY = timedelta(hours=72)
HOUR = timedelta(hours=1)
OTHER = "b" * 40


def a_lease(hours: int) -> Lease:
    """Return a lease until so many hours after the start."""
    return Lease(until=START + hours * HOUR, reason="a demo", by="ines")


def wanted_of(environment: Environment, hours: float = 1) -> Any:
    """Return what the environment should be so many hours after the start."""
    return desired(environment, expiry=EXPIRY, now=START + hours * HOUR)


def grounds_of(environment):
    return Grounds(environment=environment, at=START + HOUR, expiry=EXPIRY, retry=False)


def plan_of(environment: Environment, *, retry: bool = False) -> Any:
    """Return what is asked for, an hour after the start."""
    return plan(environment, wanted_of(environment), expiry=EXPIRY, retry=retry)


def a_ready(**given: Any) -> Environment:
    """Return a preview that came up and lacks nothing."""
    return an_environment(
        **{
            "phase": Phase.READY,
            "incarnation": 1,
            "generation": 1,
            "aim": f"up:{SHA}#1",
            "settled": f"up:{SHA}#1",
            "sha": SHA,
            "tagged_until": START + EXPIRY,
            **given,
        }
    )


def test_a_newcomer_with_an_open_pull_request_counts_as_pushed_now():
    found = newcomer("pr-7-rewards-api", "rewards-api", "ines", a_pull_request(), now=START)

    assert (found.phase, found.pushed_at, found.gone_at) == (Phase.ABSENT, START, None)


def test_a_newcomer_with_a_closed_pull_request_is_a_tombstone():
    facts = a_pull_request(open=False)

    found = newcomer("pr-7-rewards-api", "rewards-api", "ines", facts, now=START)

    assert (found.phase, found.pushed_at, found.gone_at) == (Phase.GONE, None, START)


def test_older_facts_change_nothing():
    older = a_pull_request(sha=OTHER, updated_at=START - HOUR)

    assert observe(an_environment(), older, now=START + HOUR) == an_environment()


def test_the_same_facts_change_nothing():
    assert observe(an_environment(), a_pull_request(), now=START + HOUR) == an_environment()


@pytest.mark.parametrize(
    ("before", "facts", "counts_as_push"),
    [
        pytest.param({}, {"sha": OTHER}, True, id="a new commit"),
        pytest.param({"open": False}, {}, True, id="open again"),
        pytest.param({}, {"open": False}, False, id="closed"),
        pytest.param({}, {"author": "olu"}, False, id="nothing of weight"),
        pytest.param({}, {"sha": OTHER, "open": False}, False, id="closed with a new commit"),
    ],
)
def test_only_a_new_commit_or_a_reopening_counts_as_a_push(
    before: dict[str, Any], facts: dict[str, Any], counts_as_push: bool
):
    environment = an_environment(pull_request=a_pull_request(**before))
    newer = a_pull_request(updated_at=START + HOUR, **facts)

    after = observe(environment, newer, now=START + 2 * HOUR)

    assert after.pull_request == newer
    assert after.pushed_at == (START + 2 * HOUR if counts_as_push else START)
    assert after.changed_at == START + 2 * HOUR


def test_the_first_facts_of_an_adopted_preview_count_as_a_push():
    adopted = an_environment(pull_request=None, pushed_at=None)

    after = observe(adopted, a_pull_request(), now=START + HOUR)

    assert after.pushed_at == START + HOUR


@pytest.mark.parametrize(
    ("given", "end"),
    [
        pytest.param({}, START + EXPIRY, id="by the push"),
        pytest.param({"lease": a_lease(100)}, START + 100 * HOUR, id="by a longer lease"),
        pytest.param({"lease": a_lease(3)}, START + EXPIRY, id="a shorter lease cuts nothing"),
        pytest.param({"pushed_at": None, "lease": a_lease(3)}, None, id="never without a push"),
    ],
)
def test_a_preview_ends_by_its_push_or_its_lease(given: dict[str, Any], end: Any):
    assert expires_at(an_environment(**given), expiry=EXPIRY) == end


@pytest.mark.parametrize(
    ("given", "hours", "because"),
    [
        pytest.param({"pull_request": a_pull_request(open=False)}, 1, "is closed", id="closed"),
        pytest.param({"pull_request": None}, 1, "is closed", id="no pull request"),
        pytest.param({"pull_request": a_pull_request(fork=True)}, 1, "a fork", id="a fork"),
        pytest.param({}, 72, "expired at 2026-11-26 09:00 UTC", id="expired to the second"),
        pytest.param({"pushed_at": None}, 1, "before any push", id="never pushed"),
        pytest.param({"withdrawn_at": START}, 1, "on request", id="taken down"),
        pytest.param({"lease": a_lease(80)}, 80, "expired", id="the lease ended too"),
    ],
)
def test_it_is_not_to_be_there(given: dict[str, Any], hours: int, because: str):
    found = wanted_of(an_environment(**given), hours)

    assert found.presence is Presence.ABSENT
    assert because in found.because
    assert found.would_change


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        pytest.param({}, 71.9, id="open, and not expired"),
        pytest.param({"lease": a_lease(80)}, 79, id="kept by a lease"),
        pytest.param({"withdrawn_at": START - HOUR}, 1, id="pushed after it was taken down"),
    ],
)
def test_it_is_to_be_there(given: dict[str, Any], hours: float):
    found = wanted_of(an_environment(**given), hours)

    assert found.presence is Presence.PRESENT
    assert "2026-11-26 09:00 UTC" in found.would_change or "lease" in given


def test_what_is_not_there_comes_up():
    found = plan_of(an_environment())

    assert (found.workflow, found.aim) == (UP, f"up:{SHA}#1")


def test_what_is_there_and_should_not_be_goes_down():
    found = plan_of(a_ready(pull_request=a_pull_request(open=False)))

    assert (found.workflow, found.aim) == (DOWN, "down#1")


@pytest.mark.parametrize("phase", [Phase.ABSENT, Phase.GONE])
def test_nothing_is_done_about_what_is_gone_and_should_be(phase: Phase):
    closed = an_environment(phase=phase, pull_request=a_pull_request(open=False))

    assert plan_of(closed).workflow is None


def test_a_new_commit_comes_up_in_the_same_incarnation():
    pushed = a_ready(pull_request=a_pull_request(sha=OTHER))

    found = plan_of(pushed)

    assert (found.workflow, found.aim) == (UP, f"up:{OTHER}#1")


@pytest.mark.parametrize("phase", [Phase.GONE, Phase.DELETING, Phase.LEAKED])
def test_what_was_taken_down_is_built_anew(phase: Phase):
    found = plan_of(a_ready(phase=phase, aim="down#1", settled="down#1"))

    assert (found.workflow, found.aim) == (UP, f"up:{SHA}#2")


def test_what_is_under_way_is_not_asked_for_twice():
    found = plan_of(a_ready(phase=Phase.CREATING, settled="", operation="op-1"))

    assert (found.workflow, found.because) == (None, "that is under way")


def test_what_failed_waits_for_a_push_or_a_person():
    failed = a_ready(phase=Phase.FAILED, settled="")

    assert plan_of(failed).because == "it was tried and did not succeed"
    assert plan_of(failed, retry=True).workflow == UP


def test_what_leaked_is_tried_again_only_on_request():
    leaked = a_ready(
        phase=Phase.LEAKED, aim="down#1", settled="", pull_request=a_pull_request(open=False)
    )

    assert plan_of(leaked).workflow is None
    assert plan_of(leaked, retry=True).workflow == DOWN


def test_what_is_as_it_should_be_stays():
    assert plan_of(a_ready()).because == "it is as it should be"
    assert plan_of(a_ready(), retry=True).workflow is None


def test_a_presence_of_no_known_kind_asks_for_nothing():
    wanted: Any = replace(wanted_of(a_ready()), presence="perhaps")

    with pytest.raises(UnboundLocalError):
        plan(a_ready(), wanted, expiry=EXPIRY)


def test_a_longer_life_is_set_on_the_tags():
    found = plan_of(a_ready(lease=a_lease(100)))

    assert (found.workflow, found.aim) == (EXTEND, f"up:{SHA}#1")
    assert "2026-11-27T13:00" in found.because


def test_the_tags_of_what_is_not_ready_wait():
    odd = a_ready(phase=Phase.STOPPING, tagged_until=None)

    assert plan_of(odd).workflow is None


def test_to_ask_for_it_counts_and_takes_the_commit():
    environment = an_environment(
        conditions=(Condition(kind="Failed", message="m", since=START),), log_tail="words"
    )

    after = asked(environment, plan_of(environment), expiry=EXPIRY, now=START + HOUR)

    assert (after.generation, after.incarnation, after.sha) == (1, 1, SHA)
    assert (after.aim, after.expires_at) == (f"up:{SHA}#1", START + EXPIRY)
    assert (after.conditions, after.log_tail, after.changed_at) == ((), None, START + HOUR)


def test_to_ask_for_its_end_keeps_the_commit_and_the_incarnation():
    environment = a_ready(pull_request=a_pull_request(open=False, sha=OTHER))

    after = asked(environment, plan_of(environment), expiry=EXPIRY, now=START + HOUR)

    assert (after.generation, after.incarnation, after.sha) == (2, 1, SHA)


def test_to_extend_keeps_what_a_person_should_know():
    known = (Condition(kind="Note", message="m", since=START),)
    environment = a_ready(lease=a_lease(100), conditions=known, log_tail="words")

    after = asked(environment, plan_of(environment), expiry=EXPIRY, now=START + HOUR)

    assert (after.conditions, after.log_tail) == (known, "words")
    assert after.expires_at == START + 100 * HOUR


def test_a_decision_keeps_its_grounds():
    environment = a_ready(lease=a_lease(100), withdrawn_at=START - HOUR, operation="op-1")
    wanted = wanted_of(environment)

    found = decide(grounds_of(environment))[1]

    assert found.action == "none"
    assert found.because == f"{wanted.because}; that is under way"
    assert found.inputs == {
        "phase": "ready",
        "generation": "1",
        "pull_request": f"#7 open at {SHA}, updated 2026-11-23T09:00:00+00:00",
        "pushed_at": "2026-11-23T09:00:00+00:00",
        "approved": "none",
        "lease": "2026-11-27T13:00:00+00:00",
        "withdrawn_at": "2026-11-23T08:00:00+00:00",
        "operation": "op-1",
    }


def test_a_decision_about_next_to_nothing_says_none():
    environment = a_ready(pull_request=None, pushed_at=None)
    wanted = wanted_of(environment)

    found = decide(grounds_of(environment))[1]

    assert (found.action, found.because) == (DOWN, wanted.because)
    nothing = ("pull_request", "pushed_at", "lease", "withdrawn_at", "operation")
    assert {found.inputs[name] for name in nothing} == {"none"}


def test_a_decision_names_a_closed_pull_request_as_closed():
    environment = a_ready(pull_request=a_pull_request(open=False))

    found = decide(grounds_of(environment))[1]

    assert found.inputs["pull_request"].startswith("#7 closed at")


def test_a_condition_is_since_when_it_was_first_said():
    first = with_condition((), "ImagePending", "waits", now=START)

    again = with_condition(first, "ImagePending", "waits", now=START + HOUR)
    other = with_condition(first, "ImagePending", "waits longer", now=START + HOUR)
    beside = with_condition(first, "Failed", "waits", now=START + HOUR)

    assert again == first
    assert [c.since for c in other] == [START + HOUR]
    assert [c.kind for c in beside] == ["ImagePending", "Failed"]


def test_a_condition_can_be_taken_back():
    two = with_condition(
        with_condition((), "ImagePending", "waits", now=START), "Failed", "fell", now=START
    )

    assert [c.kind for c in without_condition(two, "ImagePending")] == ["Failed"]


def test_each_filling_of_the_database_has_its_own_seed():
    seeds = {
        seed_id(a_ready()),
        seed_id(a_ready(incarnation=2)),
        seed_id(a_ready(sha=OTHER)),
        seed_id(a_ready(name="pr-8-rewards-api")),
    }

    assert len(seeds) == 4
    assert seed_id(a_ready()) == seed_id(replace(a_ready(), generation=9))


def test_the_aim_of_going_down_names_the_incarnation():
    assert aim_down(a_ready(incarnation=4)) == "down#4"
