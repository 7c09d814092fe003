"""What a preview should be: whatever came, in whatever order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.environments.desired import (
    DOWN,
    EXTEND,
    UP,
    Presence,
    asked,
    decide,
    desired,
    plan,
)
from provisioning.environments.heard import expires_at, newcomer, observe
from provisioning.environments.steps import previews
from provisioning.model import Environment, Grounds, Kind, Lease, Phase, PullRequest
from provisioning.store.codec import from_row, to_row
from tests.builders import START

from .values import INSTANTS, a_value, facts

EXPIRY = timedelta(hours=72)
WORKFLOWS = {workflow.name: workflow for workflow in (previews.UP, previews.DOWN, previews.EXTEND)}
AIMS = st.sampled_from(["", *(f"up:{c * 40}#{n}" for c in "abc" for n in (0, 1)), "down#0"])
HOURS = st.integers(-100, 200).map(lambda hours: START + timedelta(hours=hours))


def environments(pull_request: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    """Return previews in every state that a row can be in."""
    whole = st.builds(
        Environment,
        name=st.just("pr-7-rewards-api"),
        kind=st.just(Kind.PREVIEW),
        service=st.just("rewards-api"),
        owner=st.just("ines"),
        created_at=st.just(START),
        changed_at=st.just(START),
        phase=st.sampled_from(list(Phase)),
        generation=st.integers(0, 5),
        incarnation=st.integers(0, 2),
        aim=AIMS,
        settled=AIMS,
        operation=st.none() | st.just("op-1"),
        pull_request=facts() | st.none() if pull_request is None else pull_request,
        pushed_at=st.none() | HOURS,
        withdrawn_at=st.none() | HOURS,
        lease=st.none() | HOURS.map(lambda until: Lease(until=until, reason="r", by="ines")),
        tagged_until=st.none() | HOURS,
    )
    return whole.map(_likely)


def _likely(environment: Environment) -> Environment:
    """Return the preview with an aim that its own incarnation may have."""
    aim = environment.aim.split("#")[0]
    counted = f"{aim}#{environment.incarnation}" if aim else ""
    settled = counted if environment.settled == environment.aim else environment.settled
    return replace(environment, aim=counted, settled=settled)


def planned(environment: Environment, now: Any, *, retry: bool = False) -> Any:
    """Return the plan for an environment at an instant."""
    wanted = desired(environment, expiry=EXPIRY, now=now)
    return plan(environment, wanted, expiry=EXPIRY, retry=retry)


def begun(environment: Environment, found: Any, now: Any) -> Environment:
    """Return the row once the plan's operation has begun, as `intake` stores it."""
    workflow = WORKFLOWS[found.workflow]
    after = asked(environment, found, expiry=EXPIRY, now=now)
    return replace(after, **workflow.begins, operation="op-new")


@given(environments(), HOURS, st.booleans())
def test_asking_again_right_after_asking_asks_for_nothing(
    environment: Environment, now: Any, retry: bool
):
    found = planned(environment, now, retry=retry)
    if found.workflow is None:
        return

    again = planned(begun(environment, found, now), now, retry=retry)

    assert again.workflow is None
    assert again.because == "that is under way"


@given(environments(), HOURS, st.booleans())
def test_what_succeeded_is_not_asked_for_again(environment: Environment, now: Any, retry: bool):
    found = planned(environment, now, retry=retry)
    if found.workflow is None:
        return
    after = begun(environment, found, now)
    ends = {UP: Phase.READY, DOWN: Phase.GONE, EXTEND: after.phase}
    over = replace(
        after,
        phase=ends[found.workflow],
        operation=None,
        settled=after.aim,
        tagged_until=after.tagged_until if found.workflow == DOWN else after.expires_at,
    )

    assert planned(over, now, retry=retry).workflow is None


@given(environments(), HOURS)
def test_what_failed_is_not_asked_for_again_by_itself(environment: Environment, now: Any):
    found = planned(environment, now)
    if found.workflow not in (UP, DOWN):
        return
    after = begun(environment, found, now)
    fails = WORKFLOWS[found.workflow].fails
    assert fails
    over = replace(after, **fails, operation=None)

    assert planned(over, now).workflow is None
    assert planned(over, now, retry=True).workflow == found.workflow


@given(environments(facts(is_open=False)), HOURS, st.booleans())
def test_a_closed_pull_request_never_comes_up(environment: Environment, now: Any, retry: bool):
    assert planned(environment, now, retry=retry).workflow in (None, DOWN)


@given(environments(facts(fork=True)), HOURS, st.booleans())
def test_a_fork_never_comes_up(environment: Environment, now: Any, retry: bool):
    assert planned(environment, now, retry=retry).workflow in (None, DOWN)


@given(environments(), HOURS)
def test_it_ends_by_the_push_or_by_the_lease_whichever_is_later(
    environment: Environment, now: Any
):
    end = expires_at(environment, expiry=EXPIRY)

    if environment.pushed_at is None:
        assert end is None
    else:
        by_lease = [environment.lease.until] if environment.lease is not None else []
        assert end == max(environment.pushed_at + EXPIRY, *by_lease, environment.pushed_at)
    if end is None or now >= end:
        assert desired(environment, expiry=EXPIRY, now=now).presence is Presence.ABSENT


@given(environments(), HOURS)
def test_what_is_not_to_be_there_never_comes_up(environment: Environment, now: Any):
    wanted = desired(environment, expiry=EXPIRY, now=now)

    found = plan(environment, wanted, expiry=EXPIRY)

    assert (found.workflow in (UP, EXTEND)) <= (wanted.presence is Presence.PRESENT)
    assert (found.workflow == DOWN) <= (wanted.presence is Presence.ABSENT)


@given(environments(), HOURS, st.booleans())
def test_a_decision_says_why_and_what_would_change_it(
    environment: Environment, now: Any, retry: bool
):
    grounds = Grounds(environment=environment, at=now, expiry=EXPIRY, retry=retry)

    found, decision = decide(grounds)

    assert decision.action == (found.workflow or "none")
    assert decision.because.strip()
    assert decision.would_change.strip()


@given(environments(), HOURS, st.booleans())
def test_a_stored_decision_can_be_made_again(environment: Environment, now: Any, retry: bool):
    grounds = Grounds(environment=environment, at=now, expiry=EXPIRY, retry=retry)
    decision = decide(grounds)[1]

    stored = from_row(type(decision), to_row(decision, "p", "k"))

    assert decide(stored.grounds)[1] == decision


def heard(said: list[PullRequest]) -> Environment:
    """Return the row after GitHub said these, one after another, all at one instant."""
    first, *rest = said
    environment = newcomer("pr-7-rewards-api", "rewards-api", "ines", first, now=START)
    for found in rest:
        environment = observe(environment, found, now=START)
    return environment


@given(
    said=st.lists(facts(), min_size=1, max_size=5, unique_by=lambda f: f.updated_at),
    data=st.data(),
)
def test_the_order_in_which_github_is_heard_does_not_matter(
    said: list[PullRequest], data: st.DataObject
):
    other = data.draw(st.permutations(said))

    one, two = heard(said), heard(other)

    assert one.pull_request == two.pull_request == max(said, key=lambda f: f.updated_at)
    assert (
        desired(one, expiry=EXPIRY, now=START).presence
        == desired(two, expiry=EXPIRY, now=START).presence
    )


@given(said=st.lists(facts(), min_size=1, max_size=4), data=st.data())
def test_to_hear_something_twice_is_to_hear_it_once(said: list[PullRequest], data: st.DataObject):
    environment = heard(said)
    last = environment.pull_request
    assert last is not None

    assert observe(environment, last, now=START + timedelta(days=1)) == environment


@given(a_value(Environment), facts(), INSTANTS)
def test_what_github_says_never_touches_what_we_did(
    environment: Environment, found: PullRequest, now: Any
):
    after = observe(environment, found, now=now)

    own = {"pull_request", "pushed_at", "wanted_at", "changed_at"}
    changed = {
        name
        for name in Environment.__dataclass_fields__
        if getattr(environment, name) != getattr(after, name)
    }
    assert changed <= own
