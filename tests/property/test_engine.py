"""The engine, for every outcome: `advance` is total, and what is over stays over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.operations import (
    Done,
    Failed,
    Operation,
    Outcome,
    Status,
    StepState,
    Waiting,
    advance,
    begin,
    end,
)
from tests.builders import START
from tests.unit.builders import TEN_MINUTES, a_request, a_workflow

from .values import outcomes

DELAYS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=5))
LIVES = st.lists(st.tuples(outcomes(), DELAYS), max_size=12)


def live(life: list[tuple[Outcome, timedelta]]) -> list[tuple[Operation, Any]]:
    """Run an operation through these outcomes until it is over; return every turn."""
    operation = begin(a_request(), a_workflow(), generation=1, now=START)
    now, turns = START, []
    for outcome, delay in life:
        if operation.status.is_final:
            break
        now += delay
        following = advance(operation, a_workflow(), outcome, now=now)
        turns.append((operation, (following, outcome, now)))
        operation = following.operation
    return turns


@given(LIVES)
def test_whatever_a_step_says_something_follows(life: list[tuple[Outcome, timedelta]]):
    for before, (following, _, now) in live(life):
        after = following.operation

        assert after.at - before.at in (0, 1)
        assert after.id == before.id
        assert after.due_at >= now
        assert after.steps[before.at].attempts == before.steps[before.at].attempts + 1
        assert after.steps[: before.at] == before.steps[: before.at]
        assert (after.finished_at is not None) == after.status.is_final
        assert (after.error is not None) == (after.status is Status.FAILED)


@given(LIVES)
def test_only_done_moves_on(life: list[tuple[Outcome, timedelta]]):
    for before, (following, outcome, _) in live(life):
        assert (following.operation.at > before.at) == isinstance(outcome, Done)


@given(LIVES)
def test_a_step_is_never_looked_at_after_its_time(life: list[tuple[Outcome, timedelta]]):
    for before, (following, outcome, now) in live(life):
        started = before.steps[before.at].started_at
        had_its_time = started is not None and now - started >= TEN_MINUTES

        if had_its_time and not isinstance(outcome, Done):
            assert following.operation.status is Status.FAILED


@given(outcome=outcomes(), status=st.sampled_from([s for s in Status if s.is_final]))
def test_what_is_over_stays_over(outcome: Outcome, status: Status):
    operation = replace(begin(a_request(), a_workflow(), generation=1, now=START), status=status)

    with pytest.raises(ValueError, match="stays so"):
        advance(operation, a_workflow(), outcome, now=START)
    with pytest.raises(ValueError, match="stays so"):
        end(operation, Status.CANCELLED, code="c", message="m", now=START)


@given(LIVES, st.sampled_from([Status.CANCELLED, Status.SUPERSEDED, Status.FAILED]))
def test_whatever_was_done_is_kept_when_it_is_ended(
    life: list[tuple[Outcome, timedelta]], status: Status
):
    operation = begin(a_request(), a_workflow(), generation=1, now=START)
    for _, (following, _, _) in live(life):
        operation = following.operation
    if operation.status.is_final:
        return

    over = end(operation, status, code="c", message="m", now=START)

    open_states = {StepState.PENDING, StepState.WAITING, StepState.RETRYING}
    assert open_states.isdisjoint(step.state for step in over.steps)
    assert over.status is status
    assert [s for s in over.steps if s.state is StepState.DONE] == [
        s for s in operation.steps if s.state is StepState.DONE
    ]


@given(st.lists(DELAYS.filter(bool), min_size=1, max_size=8))
def test_waiting_for_ever_ends(delays: list[timedelta]):
    operation, now = begin(a_request(), a_workflow(), generation=1, now=START), START
    turns = 0
    while not operation.status.is_final:
        delay = max(delays[turns % len(delays)], timedelta(seconds=30))
        outcome = Waiting(look_after=delay, reason="still going")
        operation = advance(operation, a_workflow(), outcome, now=now).operation
        now, turns = now + delay, turns + 1

    assert operation.status is Status.FAILED
    assert operation.error is not None
    assert operation.error.code == "step_timeout"


@given(outcomes())
def test_a_failure_always_has_a_code_of_its_own_or_of_the_time(outcome: Outcome):
    operation = begin(a_request(), a_workflow(), generation=1, now=START)

    following = advance(operation, a_workflow(), outcome, now=START)

    if isinstance(outcome, Failed):
        assert following.operation.error is not None
        assert following.operation.error.code == outcome.code
