"""The engine, as pure functions: workflows of small steps, and what follows from a step's outcome.

An operation is a row. A step runs once for each message and says how it went with one of four
outcomes; `advance` turns row and outcome into the next row. Nothing here knows a queue, a table or
a clock: the other half is `runner.py`, which does what this module decides.

Every step has a longest time, counted from its first try: without it operations never end, and
counted from the queue healthy ones would time out.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar, assert_never

from provisioning.model import Request

C = TypeVar("C")

MOST_UNEXPECTED = 5  # tries of a step that fails in a way nobody foresaw
SOON = timedelta(seconds=5)


class Status(StrEnum):
    """How an operation stands."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Say whether nothing will follow."""
        return self in (Status.SUCCEEDED, Status.FAILED, Status.SUPERSEDED, Status.CANCELLED)


class StepState(StrEnum):
    """How one step stands."""

    PENDING = "pending"
    WAITING = "waiting"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Done:
    """The step is over.

    `sets` are fields of the target's row that change with it; `values` are kept for later steps;
    `then` are wishes for other operations, stored in the same transaction.
    """

    reason: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    then: tuple[Request, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Something else must happen first: look again after `look_after`, with `token` in hand."""

    look_after: timedelta
    reason: str
    token: str | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """It did not work this time, and may the next."""

    after: timedelta
    reason: str
    code: str = "transient"
    unexpected: bool = False


@dataclass(frozen=True, kw_only=True)
class Failed:
    """It will not work; `reason` is a sentence that a person can act on."""

    code: str
    reason: str
    sets: Mapping[str, Any] = field(default_factory=dict)


Outcome = Done | Waiting | Retry | Failed


@dataclass(frozen=True)
class Step(Generic[C]):
    """One line of a runbook: what is done, and the longest it may take from its first try."""

    run: Callable[[C], Outcome]
    within: timedelta

    @property
    def name(self) -> str:
        """The step's name, as people see it."""
        return self.run.__name__


@dataclass(frozen=True)
class Workflow(Generic[C]):
    """A named list of steps.

    `begins` are fields that the target's row takes when one is asked for, `fails` those it is left
    with by any end but success. An `urgent` one has a queue of its own.
    """

    name: str
    steps: tuple[Step[C], ...]
    begins: Mapping[str, Any] = field(default_factory=dict)
    fails: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """What became of one step."""

    name: str
    state: StepState = StepState.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    unexpected: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class OperationError:
    """Why an operation did not succeed."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The row of one operation."""

    id: str
    workflow: str
    target: str
    generation: int
    cause: str
    by: str
    created_at: datetime
    due_at: datetime
    status: Status = Status.QUEUED
    steps: tuple[StepRecord, ...] = ()
    at: int = 0
    token: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    finished_at: datetime | None = None
    error: OperationError | None = None
    poisoned: int = 0


@dataclass(frozen=True, kw_only=True)
class Advance:
    """What follows from an outcome: the operation's next row, and what else is to be stored."""

    operation: Operation
    note: str | None
    sets: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[Request, ...] = ()


def operation_id(request: Request) -> str:
    """Return the id of the operation that `request` asks for: the same wish, the same id."""
    text = "\n".join((request.workflow, request.target, request.key))
    return "op-" + hashlib.sha256(text.encode("utf-8")).hexdigest()[:20]


def begin(
    request: Request, workflow: Workflow[Any], *, generation: int, now: datetime
) -> Operation:
    """Return the row of a new operation, due at once."""
    return Operation(
        id=operation_id(request),
        workflow=workflow.name,
        target=request.target,
        generation=generation,
        cause=request.cause,
        by=request.by,
        created_at=now,
        due_at=now,
        steps=tuple(StepRecord(name=step.name) for step in workflow.steps),
        inputs=dict(request.inputs),
    )


def advance(
    operation: Operation, workflow: Workflow[Any], outcome: Outcome, *, now: datetime
) -> Advance:
    """Return what follows when the operation's current step ended in `outcome` at `now`."""
    if operation.status.is_final:
        raise ValueError(f"operation {operation.id} is {operation.status} and stays so")
    outcome = _within_its_time(operation, workflow, outcome, now)
    match outcome:
        case Done():
            return _done(operation, workflow, outcome, now)
        case Waiting():
            record = _record(operation, now, StepState.WAITING, outcome.reason)
            changed = _put(operation, record, due_at=now + outcome.look_after, token=outcome.token)
            note = _worth_saying(operation, f"{record.name}: {outcome.reason}")
            return Advance(
                operation=replace(changed, status=Status.WAITING), note=note, sets=outcome.sets
            )
        case Retry():
            record = _record(operation, now, StepState.RETRYING, outcome.reason)
            record = replace(record, unexpected=record.unexpected + int(outcome.unexpected))
            changed = _put(operation, record, due_at=now + outcome.after, token=operation.token)
            note = _worth_saying(operation, f"{record.name}: will try again, {outcome.reason}")
            return Advance(operation=replace(changed, status=Status.RUNNING), note=note)
        case Failed():
            return _failed(operation, workflow, outcome, now)
    assert_never(outcome)


def end(
    operation: Operation, status: Status, *, code: str, message: str, now: datetime
) -> Operation:
    """Return the operation ended from outside: superseded, cancelled, or given up."""
    if operation.status.is_final:
        raise ValueError(f"operation {operation.id} is {operation.status} and stays so")
    error = None if status is Status.SUPERSEDED else OperationError(code=code, message=message)
    return replace(
        operation,
        status=status,
        finished_at=now,
        error=error,
        steps=_skip_rest(operation.steps),
        token=None,
    )


def _within_its_time(
    operation: Operation, workflow: Workflow[Any], outcome: Outcome, now: datetime
) -> Outcome:
    """Turn one more wait or retry into a failure where the step has had its time, or its tries."""
    if not isinstance(outcome, Waiting | Retry):
        return outcome
    step, record = workflow.steps[operation.at], operation.steps[operation.at]
    if (
        isinstance(outcome, Retry)
        and outcome.unexpected
        and record.unexpected + 1 >= MOST_UNEXPECTED
    ):
        return Failed(code=outcome.code, reason=f"{outcome.reason}, {MOST_UNEXPECTED} times")
    if record.started_at is None or now - record.started_at < step.within:
        return outcome
    return Failed(
        code="step_timeout",
        reason=f"{step.name} did not end within {_length(step.within)}; last: {outcome.reason}",
    )


def _done(operation: Operation, workflow: Workflow[Any], outcome: Done, now: datetime) -> Advance:
    record = replace(_record(operation, now, StepState.DONE, outcome.reason), finished_at=now)
    changed = _put(operation, record, due_at=now, token=None)
    changed = replace(changed, at=operation.at + 1, values={**operation.values, **outcome.values})
    if changed.at < len(workflow.steps):
        changed = replace(changed, status=Status.RUNNING)
    else:
        changed = replace(changed, status=Status.SUCCEEDED, finished_at=now)
    return Advance(
        operation=changed,
        note=f"{record.name}: {outcome.reason}",
        sets=outcome.sets,
        then=outcome.then,
    )


def _failed(
    operation: Operation, workflow: Workflow[Any], outcome: Failed, now: datetime
) -> Advance:
    record = replace(_record(operation, now, StepState.FAILED, outcome.reason), finished_at=now)
    changed = _put(operation, record, due_at=now, token=None)
    changed = replace(
        changed,
        status=Status.FAILED,
        finished_at=now,
        error=OperationError(code=outcome.code, message=outcome.reason),
        steps=_skip_rest(changed.steps),
    )
    sets = {**workflow.fails, **outcome.sets}
    return Advance(operation=changed, note=f"{record.name} failed: {outcome.reason}", sets=sets)


def _record(operation: Operation, now: datetime, state: StepState, reason: str) -> StepRecord:
    before = operation.steps[operation.at]
    return replace(
        before,
        state=state,
        started_at=before.started_at or now,
        attempts=before.attempts + 1,
        reason=reason,
    )


def _put(
    operation: Operation, record: StepRecord, *, due_at: datetime, token: str | None
) -> Operation:
    steps = (*operation.steps[: operation.at], record, *operation.steps[operation.at + 1 :])
    return replace(operation, steps=steps, due_at=due_at, token=token)


def _worth_saying(operation: Operation, note: str) -> str | None:
    """Return the note unless the step said the same the last time it was looked at."""
    before = operation.steps[operation.at]
    return None if before.reason and note.endswith(before.reason) else note


def _skip_rest(steps: Sequence[StepRecord]) -> tuple[StepRecord, ...]:
    over = (StepState.DONE, StepState.FAILED)
    return tuple(
        step if step.state in over else replace(step, state=StepState.SKIPPED) for step in steps
    )


def _length(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
