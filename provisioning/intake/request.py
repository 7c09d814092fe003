"""How an operation begins, however it was asked for.

`converge` compares an environment with what it should be and asks for what is missing; `ask` takes
a wish as it is. Both end in one transaction in the target's partition: the new operation, the
target's row that points to it, the older operation it supersedes, the decision, the audit record.
The nudge comes after: losing it costs a minute, until `tick`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning import ledger
from provisioning.audit import Note
from provisioning.environments import heard
from provisioning.errors import StaleRowError, TransientError
from provisioning.intake import rules
from provisioning.ledger import Held
from provisioning.model import Environment, Plan, PullRequest, Request
from provisioning.operations import Operation, Status, begin, end, operation_id
from provisioning.queue import OPERATIONS, URGENT
from provisioning.services import Services
from provisioning.store.codec import to_row
from provisioning.store.table import Change, Insert, Replace

LONGEST_DELAY = timedelta(minutes=1)  # a longer one lives in the row alone
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What set something off, in words, and who or what is behind it."""

    text: str
    by: str


@dataclass(frozen=True)
class Converged:
    """Where an environment stands after it was compared with what it should be."""

    environment: Environment
    plan: Plan
    operation: str | None


def unchanged(environment: Environment, now: datetime) -> Environment:
    """Return the environment as it is."""
    return environment


def converge(
    services: Services,
    name: str,
    cause: Cause,
    *,
    newcomer: Callable[[datetime], Environment] | None = None,
    facts: PullRequest | None = None,
    reshape: Callable[[Environment, datetime], Environment] = unchanged,
    retry: bool = False,
) -> Converged | None:
    """Ask for what the environment lacks, if it lacks anything; None where there is no such one.

    `facts` is what GitHub says now, `reshape` what a person asked for; both are folded into the
    row first. `newcomer` makes the row of one never heard of.
    """
    for _ in range(_TRIES):
        now = services.clock.now()
        held = ledger.read(services.table, name)
        if held is None:
            if newcomer is None:
                return None
            ledger.enter_index(services.table, name)
            held = Held(newcomer(now), None)
        before = held.value
        if not isinstance(before, Environment):
            return None
        after = before if facts is None else heard.observe(before, facts, now=now)
        try:
            return _settle(services, held, reshape(after, now), cause, retry=retry, now=now)
        except StaleRowError:
            continue
    raise TransientError("contended", f"{name} is being changed by many at once; try again")


def ask(services: Services, request: Request) -> Operation:
    """Return the operation that `request` wishes for, begun now if it is not there yet.

    Whatever is under way on the same target is superseded.
    """
    for _ in range(_TRIES):
        known = ledger.operation(services.table, request.target, operation_id(request))
        if known is not None:
            return known[0]
        now = services.clock.now()
        held = ledger.read(services.table, request.target)
        if held is None:
            ledger.enter_known(services.table, request.target)
            held = Held(ledger.fresh(request.target, now=now), None)
        after = replace(held.value, generation=held.value.generation + 1)
        try:
            return begin_on(services, held, after, request, now=now)
        except StaleRowError:
            continue
    raise TransientError("contended", f"{request.target} is being changed by many; try again")


def nudge(services: Services, operation: Operation) -> None:
    """Leave a message for an operation that is due within a minute; a lost one costs a minute."""
    delay = max(operation.due_at - services.clock.now(), timedelta(0))
    if delay > LONGEST_DELAY:
        return
    workflow = services.workflows.get(operation.workflow)
    queue = URGENT if workflow is not None and workflow.urgent else OPERATIONS
    text = json.dumps({"target": operation.target, "operation": operation.id})
    try:
        services.queue.send(queue, text, after=delay)
    except TransientError:
        return  # the row is due, and `tick` will say so


def drain(services: Services, target: str, under: str) -> None:
    """Ask for every wish in the outbox of an operation, and empty it."""
    for wish, row in list(ledger.drain_rows(services.table, target, under)):
        ask(services, wish)
        ledger.leave(services.table, row)


def hand_on(services: Services, target: str) -> None:
    """Ask for every wish that follows from no operation, then take them off the agenda."""
    own = ledger.own_outbox(target)
    row = ledger.agenda_row(services.table, own)  # before: who enters it again keeps it
    drain(services, target, own)
    if row is not None:
        ledger.leave(services.table, row)


def clear(services: Services, operation: Operation) -> None:
    """See to the outbox of an operation that is over, then take it off the agenda."""
    drain(services, operation.target, operation.id)
    row = ledger.agenda_row(services.table, operation.id)
    if row is not None:
        ledger.leave(services.table, row)


def superseding(
    services: Services, target: str, identity: str | None, *, by: str, now: datetime
) -> list[Change]:
    """Return the change that ends an unfinished operation in favour of the one called `by`."""
    if identity is None:
        return []
    found = ledger.operation(services.table, target, identity)
    if found is None or found[0].status.is_final:
        return []
    old, row = found
    over = end(old, Status.SUPERSEDED, code="superseded", message=f"superseded by {by}", now=now)
    return [Replace(to_row(over, target, identity, row.etag))]


def _settle(
    services: Services,
    held: Held,
    environment: Environment,
    cause: Cause,
    *,
    retry: bool,
    now: datetime,
) -> Converged:
    """Decide about the environment as it would be, and store what follows."""
    grounds = rules.grounds(services.catalog, environment, retry=retry, now=now)
    plan, decision = rules.decide(grounds)
    decided = f"{decision.action}: {decision.because}"
    changes: list[Change] = []
    is_waiting = plan.workflow is None and environment.operation is not None
    if decided != environment.decided and not is_waiting:
        number = environment.decisions + 1
        changes = [Insert(ledger.decision_row(environment.name, decision, number, now=now))]
        environment = replace(environment, decided=decided, decisions=number)
    environment = replace(environment, expires_at=rules.expires_at(grounds))
    environment = rules.warned(services.catalog, environment, now=now)
    if plan.workflow is None:
        _keep(
            services,
            held,
            environment,
            changes,
            Note(event="observed", text=plan.because, cause=cause.text, by=cause.by),
            now,
        )
        return Converged(environment, plan, environment.operation)
    asked = rules.asked(replace(grounds, environment=environment), plan)
    request = Request(
        workflow=plan.workflow,
        target=asked.name,
        cause=f"{cause.text}: {plan.because}",
        key=f"generation {asked.generation}",
        by=cause.by,
    )
    operation = begin_on(services, held, asked, request, changes=changes, now=now)
    begins = services.workflows[plan.workflow].begins
    return Converged(replace(asked, **begins, operation=operation.id), plan, operation.id)


def _keep(
    services: Services,
    held: Held,
    environment: Environment,
    changes: list[Change],
    note: Note,
    now: datetime,
) -> None:
    """Store what was seen and decided where nothing is to be done; nothing where nothing is new.

    The trail hears of facts, not of each turn of a decision: those have rows of their own.
    """
    before = held.value
    if environment == before and held.row is not None:
        return
    is_news = (
        held.row is None
        or not isinstance(before, Environment)
        or (replace(environment, decided=before.decided, decisions=before.decisions) != before)
    )
    wishes = ledger.save(
        services,
        held,
        environment,
        changes=changes,
        notes=[note] if is_news else [],
        now=now,
    )
    if wishes:
        hand_on(services, environment.name)


def begin_on(
    services: Services,
    held: Held,
    after: ledger.Target,
    request: Request,
    *,
    changes: Sequence[Change] = (),
    now: datetime,
) -> Operation:
    """Begin what `request` asks for on the target as `held`, which becomes `after`, and nudge.

    One transaction: the operation, the target, the older operation it supersedes, the record, and
    `changes` beside them. Raises StaleRowError where somebody was first with any of them.
    """
    workflow = services.workflows[request.workflow]
    operation = begin(request, workflow, generation=after.generation, now=now)
    if isinstance(after, Environment):
        ledger.enter_index(services.table, after.name)  # a tombstone may have left it
    superseded = superseding(
        services, request.target, held.value.operation, by=operation.id, now=now
    )
    ledger.enlist(services.table, operation.id, request.target, now=now)
    wishes = ledger.save(
        services,
        held,
        replace(after, **workflow.begins, operation=operation.id),
        under=operation.id,
        changes=[
            Insert(to_row(operation, request.target, operation.id)),
            *superseded,
            *changes,
        ],
        notes=[
            Note(
                event="requested",
                text=f"{request.workflow} ({operation.id})",
                cause=request.cause,
                by=request.by,
            )
        ],
        now=now,
    )
    nudge(services, operation)
    if wishes:
        drain(services, request.target, operation.id)
    return operation
