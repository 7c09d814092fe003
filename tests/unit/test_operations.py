"""The engine: what follows from an outcome."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning.model import Phase
from provisioning.operations import (
    MOST_UNEXPECTED,
    Done,
    Failed,
    OperationError,
    Retry,
    Status,
    Step,
    StepState,
    Waiting,
    advance,
    begin,
    end,
    operation_id,
)
from tests.builders import START

from .builders import TEN_MINUTES, a_request, a_workflow, an_operation, first, records

LATER = START + timedelta(minutes=1)
A_MINUTE = timedelta(minutes=1)
FINAL = [Status.SUCCEEDED, Status.FAILED, Status.SUPERSEDED, Status.CANCELLED]


def test_an_operation_begins_queued_due_and_with_every_step_pending():
    operation = begin(a_request(), a_workflow(), generation=3, now=START)

    assert operation.status is Status.QUEUED
    assert (operation.due_at, operation.generation, operation.at) == (START, 3, 0)
    assert [(s.name, s.state) for s in operation.steps] == [
        ("first", StepState.PENDING),
        ("second", StepState.PENDING),
    ]


def test_the_same_wish_has_the_same_id_whoever_asks():
    mine = operation_id(a_request(by="ines", cause="a push"))
    yours = operation_id(a_request(by="olu", cause="a webhook"))

    assert mine == yours


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"workflow": "other"}, id="workflow"),
        pytest.param({"target": "pr-8-rewards-api"}, id="target"),
        pytest.param({"key": "generation 2"}, id="key"),
    ],
)
def test_another_wish_has_another_id(other: dict[str, str]):
    assert operation_id(a_request(**other)) != operation_id(a_request())


def test_done_moves_on_to_the_next_step():
    outcome = Done(reason="made", sets={"url": "u"}, values={"a": "1"}, then=(a_request(key="x"),))

    following = advance(an_operation(token="old"), a_workflow(), outcome, now=LATER)

    operation = following.operation
    assert (operation.at, operation.status, operation.token) == (1, Status.RUNNING, None)
    assert (operation.due_at, operation.finished_at) == (LATER, None)
    assert operation.steps[0].state is StepState.DONE
    assert operation.steps[0].finished_at == LATER
    assert following.sets == {"url": "u"}
    assert following.then == (a_request(key="x"),)
    assert following.note == "first: made"


def test_done_of_the_last_step_ends_in_success():
    following = advance(an_operation(at=1), a_workflow(), Done(reason="made"), now=LATER)

    assert following.operation.status is Status.SUCCEEDED
    assert following.operation.finished_at == LATER
    assert following.operation.error is None


def test_values_of_earlier_steps_are_kept_and_newer_ones_win():
    operation = an_operation(values={"kept": "1", "changed": "old"})

    following = advance(
        operation, a_workflow(), Done(reason="made", values={"changed": "new"}), now=LATER
    )

    assert following.operation.values == {"kept": "1", "changed": "new"}


def test_waiting_is_due_when_it_said_and_keeps_its_token():
    outcome = Waiting(look_after=A_MINUTE, reason="on its way", token="t", sets={"a": 1})

    following = advance(an_operation(), a_workflow(), outcome, now=LATER)

    operation = following.operation
    assert (operation.status, operation.at, operation.token) == (Status.WAITING, 0, "t")
    assert operation.due_at == LATER + A_MINUTE
    assert operation.steps[0].state is StepState.WAITING
    assert (operation.steps[0].attempts, operation.steps[0].started_at) == (1, LATER)
    assert following.sets == {"a": 1}


def test_retry_is_due_when_it_said_and_the_token_survives():
    outcome = Retry(after=A_MINUTE, reason="busy")

    following = advance(an_operation(token="t"), a_workflow(), outcome, now=LATER)

    operation = following.operation
    assert (operation.status, operation.at, operation.token) == (Status.RUNNING, 0, "t")
    assert operation.due_at == LATER + A_MINUTE
    assert operation.steps[0].state is StepState.RETRYING
    assert operation.steps[0].unexpected == 0
    assert following.note == "first: will try again, busy"


def test_failed_ends_the_operation_and_skips_what_is_left():
    outcome = Failed(code="quota", reason="no cores left")

    following = advance(an_operation(), a_workflow(), outcome, now=LATER)

    operation = following.operation
    assert (operation.status, operation.finished_at) == (Status.FAILED, LATER)
    assert operation.error == OperationError(code="quota", message="no cores left")
    assert [s.state for s in operation.steps] == [StepState.FAILED, StepState.SKIPPED]
    assert following.sets == {}
    assert following.note == "first failed: no cores left"


def test_a_failure_leaves_the_target_in_the_workflows_phase():
    workflow = a_workflow(fails={"phase": Phase.LEAKED})

    following = advance(an_operation(), workflow, Failed(code="c", reason="r"), now=LATER)

    assert following.sets == {"phase": Phase.LEAKED}


def test_a_step_that_knows_better_chooses_the_phase_of_its_failure():
    outcome = Failed(code="c", reason="r", sets={"phase": Phase.READY})

    following = advance(
        an_operation(), a_workflow(fails={"phase": Phase.FAILED}), outcome, now=LATER
    )

    assert following.sets == {"phase": Phase.READY}


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Waiting(look_after=A_MINUTE, reason="still going"), id="waiting"),
        pytest.param(Retry(after=A_MINUTE, reason="still going"), id="retry"),
    ],
)
def test_a_step_that_had_its_time_fails_with_the_last_it_said(outcome: Any):
    operation = an_operation(steps=records(started_at=START, attempts=9))

    following = advance(operation, a_workflow(), outcome, now=START + TEN_MINUTES)

    assert following.operation.error == OperationError(
        code="step_timeout", message="first did not end within 10 min; last: still going"
    )


def test_the_longest_time_counts_from_the_first_try_not_from_the_queue():
    outcome = Waiting(look_after=A_MINUTE, reason="on its way")

    following = advance(an_operation(), a_workflow(), outcome, now=START + timedelta(days=3))

    assert following.operation.status is Status.WAITING


def test_a_step_just_within_its_time_goes_on():
    operation = an_operation(steps=records(started_at=START))
    now = START + TEN_MINUTES - timedelta(microseconds=1)

    following = advance(operation, a_workflow(), Retry(after=A_MINUTE, reason="busy"), now=now)

    assert following.operation.status is Status.RUNNING


def test_done_counts_however_late_it_comes():
    operation = an_operation(steps=records(started_at=START))

    following = advance(
        operation, a_workflow(), Done(reason="made"), now=START + timedelta(days=1)
    )

    assert following.operation.at == 1


def test_a_long_time_is_told_in_hours():
    workflow = a_workflow(steps=(Step(first, within=timedelta(hours=24)),))
    operation = replace(an_operation(steps=records(started_at=START)[:1]))
    outcome = Waiting(look_after=A_MINUTE, reason="no image")

    following = advance(operation, workflow, outcome, now=START + timedelta(hours=24))

    assert following.operation.error is not None
    assert "within 24 h" in following.operation.error.message


def test_what_nobody_foresaw_is_tried_so_often_and_no_more():
    outcome = Retry(after=A_MINUTE, reason="KeyError", code="unexpected", unexpected=True)
    operation = an_operation()
    for _ in range(MOST_UNEXPECTED - 1):
        operation = advance(operation, a_workflow(), outcome, now=LATER).operation

    following = advance(operation, a_workflow(), outcome, now=LATER)

    assert operation.status is Status.RUNNING
    assert operation.steps[0].unexpected == MOST_UNEXPECTED - 1
    assert following.operation.error == OperationError(
        code="unexpected", message=f"KeyError, {MOST_UNEXPECTED} times"
    )


def test_a_step_that_says_the_same_again_is_not_noted_again():
    outcome = Waiting(look_after=A_MINUTE, reason="on its way")
    once = advance(an_operation(), a_workflow(), outcome, now=LATER)

    twice = advance(once.operation, a_workflow(), outcome, now=LATER + A_MINUTE)
    other = advance(
        once.operation, a_workflow(), replace(outcome, reason="nearly there"), now=LATER + A_MINUTE
    )

    assert once.note == "first: on its way"
    assert twice.note is None
    assert other.note == "first: nearly there"


@pytest.mark.parametrize("status", FINAL)
def test_what_is_over_stays_as_it_is(status: Status):
    operation = an_operation(status=status)

    with pytest.raises(ValueError, match="stays so"):
        advance(operation, a_workflow(), Done(reason="late"), now=LATER)
    with pytest.raises(ValueError, match="stays so"):
        end(operation, Status.CANCELLED, code="cancelled", message="late", now=LATER)


def test_an_outcome_of_no_known_kind_is_refused():
    outcome: Any = "done, I think"

    with pytest.raises(AssertionError):
        advance(an_operation(), a_workflow(), outcome, now=LATER)


def test_ended_from_outside_it_keeps_what_was_done_and_skips_the_rest():
    done = records(state=StepState.DONE, started_at=START, finished_at=START)
    operation = an_operation(at=1, steps=done, token="t")

    over = end(operation, Status.CANCELLED, code="cancelled", message="by ines", now=LATER)

    assert (over.status, over.finished_at, over.token) == (Status.CANCELLED, LATER, None)
    assert over.error == OperationError(code="cancelled", message="by ines")
    assert [s.state for s in over.steps] == [StepState.DONE, StepState.SKIPPED]


def test_to_be_superseded_is_no_error():
    over = end(an_operation(), Status.SUPERSEDED, code="superseded", message="by op", now=LATER)

    assert over.error is None


@pytest.mark.parametrize("status", list(Status))
def test_only_four_states_are_final(status: Status):
    assert status.is_final == (status in FINAL)
