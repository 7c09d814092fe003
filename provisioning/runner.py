"""Runs one step of one operation for each message, and stores what follows in one transaction.

The message is only a nudge: the row says what is due. The order of writes is what makes a kill
harmless: first the lock, then the step (which looks before it writes), then one transaction with
the operation, the target, the audit record, the outbox and the lock's release, then the nudge. A
worker that comes late finds a stale ETag and stops.
"""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provisioning import ledger
from provisioning.audit import Note
from provisioning.conditions import lasting, with_condition
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.intake.request import clear, drain, nudge
from provisioning.model import Environment, Phase, Request
from provisioning.operations import (
    MOST_UNEXPECTED,
    SOON,
    Advance,
    Failed,
    Operation,
    Outcome,
    Retry,
    Status,
    Workflow,
    advance,
    end,
)
from provisioning.services import Context, Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Change, Delete, Replace, Row

log = logging.getLogger(__name__)

LOCKED_FOR = timedelta(minutes=3)  # host.json's functionTimeout and a minute: its holder is dead
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who works on a target, until when at the latest, and how often that came to nothing."""

    operation: str
    at: int
    until: datetime
    tries: int = 1


def run_one_step(text: str, services: Services) -> None:
    """Run the step that is due of the operation a message names, if it is due."""
    target, identity = _address(text)
    found = ledger.operation(services.table, target, identity)
    if found is None:
        return
    operation, row = found
    if operation.status.is_final:
        clear(services, operation)
        return
    if operation.due_at > services.clock.now():
        return
    lock = _take_lock(services, operation)
    if lock is None:
        return
    try:
        _work(services, operation, row, lock)
    except StaleRowError as stale:
        log.info("%s of %s stopped: %s", operation.id, target, stale)
        _release(services, target, lock)
        _nudge_again(services, target, identity)
    except TransientError:  # storage did not answer: the step may run again, nobody died
        _release(services, target, lock)
        raise


def give_up(services: Services, target: str, identity: str) -> str:
    """Say what becomes of an operation whose message was poisoned, and store it.

    Five deaths of the host poison an innocent message that never ran, so the row decides: the
    first time the operation is nudged again, the second it has failed.
    """
    found = ledger.operation(services.table, target, identity)
    if found is None:
        return "the message names no operation"
    operation, row = found
    if operation.status.is_final:
        return f"the operation is {operation.status} already"
    if operation.poisoned == 0:
        services.table.replace(to_row(replace(operation, poisoned=1), target, identity, row.etag))
        nudge(services, operation)
        return "nudged again: the operation itself may be innocent"
    message = "its message failed five times, twice; see the host's log for why"
    stop(services, target, identity, Status.FAILED, code="poisoned", message=message, by="host")
    return "failed"


def stop(
    services: Services,
    target: str,
    identity: str,
    status: Status,
    *,
    code: str,
    message: str,
    by: str,
) -> Operation | None:
    """End an operation from outside, leaving its target in the phase of a failure.

    Returns the operation as it is then, or None where there is none.
    """
    for _ in range(_TRIES):
        found = ledger.operation(services.table, target, identity)
        if found is None or found[0].status.is_final:
            return None if found is None else found[0]
        operation, row = found
        now = services.clock.now()
        over = end(operation, status, code=code, message=message, now=now)
        workflow = services.workflows.get(operation.workflow)
        sets = ledger.failed(target) if workflow is None else workflow.fails
        note = Note(event=str(status), text=message, cause=operation.cause, by=by)
        following = Advance(operation=over, note=None, sets=sets)
        try:
            _commit(services, following, row, None, [note], now)
        except StaleRowError:
            continue
        clear(services, over)
        return over
    raise TransientError("contended", f"{identity} is changed by many at once; try again")


def _work(services: Services, operation: Operation, row: Row, lock: Row) -> None:
    workflow = services.workflows.get(operation.workflow)
    held = ledger.read(services.table, operation.target)
    now = services.clock.now()
    if workflow is None:
        _release(services, operation.target, lock)
        message = f"this version of the app knows no workflow {operation.workflow}"
        stop(
            services,
            operation.target,
            operation.id,
            Status.FAILED,
            code="workflow_unknown",
            message=message,
            by="host",
        )
        return
    if held is None or held.value.operation != operation.id:
        code, message = "superseded", "the target has moved on to another operation"
        over = end(operation, Status.SUPERSEDED, code=code, message=message, now=now)
        services.table.replace(to_row(over, operation.target, operation.id, row.etag))
        _release(services, operation.target, lock)
        clear(services, over)
        return
    context = Context(
        services, operation, held.value, now, lambda: _fence(services, operation, row, lock)
    )
    outcome = _attempt(workflow, context, from_row(Lock, lock))
    now = services.clock.now()
    following = advance(operation, workflow, outcome, now=now)
    notes = []
    if following.note is not None:
        event = "step" if not following.operation.status.is_final else following.operation.status
        notes = [Note(event=event, text=following.note, cause=operation.cause, by=operation.by)]
    wishes = _commit(services, following, row, lock, notes, now)
    if following.operation.status.is_final:
        clear(services, following.operation)
        return
    nudge(services, following.operation)
    if wishes:
        drain(services, operation.target, operation.id)


def _attempt(workflow: Workflow[Any], context: Context, lock: Lock) -> Outcome:
    """Run the step and return its outcome; every way to go wrong becomes one."""
    step = workflow.steps[context.operation.at]
    if lock.tries > MOST_UNEXPECTED:
        return Failed(
            code="worker_died", reason=f"{step.name} took {MOST_UNEXPECTED} workers down with it"
        )
    try:
        return step.run(context)
    except TransientError as error:
        return Retry(after=error.after or SOON, reason=str(error), code=error.code)
    except TerminalError as error:
        return Failed(code=error.code, reason=str(error))
    except StaleRowError:
        raise
    except Exception as error:
        log.exception("%s of %s", step.name, context.operation.id)
        reason = f"{step.name} met {type(error).__name__}, which nobody foresaw; see the log"
        return Retry(after=SOON, reason=reason, code="unexpected", unexpected=True)


def _commit(
    services: Services,
    following: Advance,
    row: Row,
    lock: Row | None,
    notes: list[Note],
    now: datetime,
) -> tuple[Request, ...]:
    """Store what follows, and return the wishes in its outbox.

    A race for the target's row alone is run again on the newer row.
    """
    operation = following.operation
    changes: list[Change] = [Replace(to_row(operation, row.partition, row.key, row.etag))]
    if lock is not None:
        changes.append(Delete(lock))
    for _ in range(_TRIES):
        held = ledger.read(services.table, operation.target)
        if held is None:
            raise StaleRowError(f"{operation.target} has no row")
        after = _target_after(held.value, following)
        try:
            return ledger.save(
                services,
                held,
                after,
                under=operation.id,
                changes=changes,
                then=following.then,
                notes=notes,
                now=now,
            )
        except StaleRowError as stale:
            if stale.index < len(changes):
                raise
    raise StaleRowError(f"{operation.target} moved {_TRIES} times")


def _target_after(target: ledger.Target, following: Advance) -> ledger.Target:
    """Return the target with what the step sets, its pointer cleared if the operation ended."""
    operation = following.operation
    after: Any = replace(target, **following.sets)
    if operation.status.is_final and target.operation == operation.id:
        after = replace(after, operation=None)
        if operation.status is Status.SUCCEEDED and isinstance(after, Environment):
            after = replace(after, settled=after.aim)
        if operation.error is not None and isinstance(after, Environment):
            after = _with_failure(after, operation)
    return after  # type: ignore[no-any-return]


def _with_failure(environment: Environment, operation: Operation) -> Environment:
    assert operation.error is not None
    kind = "Cancelled" if operation.status is Status.CANCELLED else "Failed"
    kind = "Leaked" if environment.phase is Phase.LEAKED else kind
    since = operation.finished_at or environment.changed_at
    before = lasting(environment.conditions)
    conditions = with_condition(before, kind, operation.error.message, now=since)
    return replace(environment, conditions=conditions)


def _take_lock(services: Services, operation: Operation) -> Row | None:
    """Return the target's lock, taken for this operation; None where another holds it."""
    now = services.clock.now()
    row = services.table.get(operation.target, ledger.LOCK)
    mine = Lock(operation=operation.id, at=operation.at, until=now + LOCKED_FOR)
    try:
        if row is None:
            return services.table.insert(to_row(mine, operation.target, ledger.LOCK))
        other = from_row(Lock, row)
        if other.until > now:
            if other.operation != operation.id:
                _come_back(services, operation)
            return None
        if (other.operation, other.at) == (mine.operation, mine.at):
            mine = replace(mine, tries=other.tries + 1)
        return services.table.replace(to_row(mine, operation.target, ledger.LOCK, row.etag))
    except StaleRowError:
        return None  # somebody took it this very moment; `tick` comes back to ours


def _come_back(services: Services, operation: Operation) -> None:
    """Leave a nudge for when the older operation's step is probably over."""
    nudge(services, replace(operation, due_at=services.clock.now() + SOON))


def _nudge_again(services: Services, target: str, identity: str) -> None:
    """Leave a nudge for what somebody else made due while this worker held the lock."""
    found = ledger.operation(services.table, target, identity)
    if found is not None and not found[0].status.is_final:
        nudge(services, found[0])


def _release(services: Services, target: str, lock: Row) -> None:
    try:
        services.table.delete(lock)
    except (StaleRowError, TransientError) as error:
        log.info("the lock of %s is not given back: %s", target, error)


def _fence(services: Services, operation: Operation, row: Row, lock: Row) -> None:
    """Return where the operation may still write; raises StaleRowError where it may not.

    A lock with an end is no fence: the row is read again before each write, and a step that has
    used half its lock stops.
    """
    current = services.table.get(operation.target, operation.id)
    if current is None or current.etag != row.etag:
        raise StaleRowError(f"{operation.id} has moved on")
    if services.clock.now() > from_row(Lock, lock).until - LOCKED_FOR / 2:
        raise StaleRowError(f"{operation.id} has used half its lock")


def _address(text: str) -> tuple[str, str]:
    try:
        content = json.loads(text)
        return str(content["target"]), str(content["operation"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TerminalError("message_malformed", "the message names no operation") from error
