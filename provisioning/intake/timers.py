"""What the timers do: `tick` nudges what is due, `repair` asks GitHub, `sweep` finds leftovers.

Everything here is a floor under something faster, and finds nothing on a good day. Each timer
writes that it ran; `tick` reports another that did not, and a missed run is itself in the trail.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning import audit, ledger
from provisioning.conditions import has_failed, with_condition
from provisioning.environments import desired
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.intake import alerts, asking, deliveries, estate, redelivery, releasing
from provisioning.intake.request import Cause, clear, converge, drain, hand_on, nudge
from provisioning.intake.verification import verify_backups
from provisioning.ledger import Plane
from provisioning.model import Environment, Kind, Phase
from provisioning.services import Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Row

log = logging.getLogger(__name__)

EVERY = {
    "tick": timedelta(minutes=1),
    "power": timedelta(minutes=5),
    "repair": timedelta(minutes=10),
    "sweep": timedelta(hours=1),
    "verify_backups": timedelta(hours=1),
}
SHOWN_FOR = timedelta(hours=24)  # how long what is gone stays in the list
_GRACE = timedelta(minutes=10)  # between the agenda's entry and the operation's row


@dataclass(frozen=True, kw_only=True)
class Run:
    """When a timer last began and ended, how that went, and whether its absence was reported."""

    name: str
    began_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""
    missed: bool = False


def run(services: Services, name: str) -> None:
    """Run the timer of that name and write that it ran, however it went."""
    work = {
        "tick": tick,
        "power": estate.power_timer,
        "repair": repair,
        "sweep": sweep,
        "verify_backups": verify_backups,
    }
    began = services.clock.now()
    plane = ledger.plane(services.table)
    row = plane.timers.get(name)
    try:
        outcome = work[name](services, plane)
    except (TransientError, TerminalError) as error:
        outcome = f"not finished: {error}"
    ended = services.clock.now()
    done = to_row(
        Run(name=name, began_at=began, ended_at=ended, outcome=outcome),
        *ledger.timer_key(name),
        None if row is None else row.etag,
    )
    try:
        services.table.insert(done) if row is None else services.table.replace(done)
    except StaleRowError:
        return  # it ran twice at once, and the other wrote it


def tick(services: Services, plane: Plane) -> str:
    """Nudge every operation that is due, and what came in and is unread; converge the rest."""
    due = sum(_see_to(services, entry) for entry in plane.agenda)
    now = services.clock.now()
    unread = deliveries.unread(services, hours=1) + alerts.unread(services)
    asked = releasing.tend(services)
    for name in plane.index:
        found = converge(services, name, Cause(text="tick", by="timer"))
        asked += int(found is not None and found.plan.workflow is not None)
    missing = _report_missing(services, plane, now)
    return f"{due} due, {unread} unread, {asked} asked for, {missing} timers missing"


def repair(services: Services, _: Plane) -> str:
    """Close the gap between GitHub's open pull requests and our previews, whatever was lost."""
    deliveries.unread(services, hours=72)
    said, cause = [], Cause(text="repair: as GitHub lists it", by="timer")
    for service in services.catalog.services.values():
        if service.preview is None:
            continue
        try:
            said.append(asking.close_gap(services, service, cause))
        except TerminalError as error:  # one repository must not stand in another's way
            said.append(f"{service.name}: {error}")
    try:
        said.append(redelivery.ask_again(services))
    except TerminalError as error:
        said.append(f"lost deliveries: {error}")
    return "; ".join(said)


def sweep(services: Services, plane: Plane) -> str:
    """Try again what leaked, find what nobody owns, and forget what is long gone."""
    now = services.clock.now()
    retried = 0
    for name in plane.index:
        environment = ledger.environment(services.table, name)
        if environment is not None and _is_worth_a_retry(environment):
            converge(services, name, Cause(text="sweep", by="timer"), retry=True)
            retried += 1
        if environment is not None and _is_long_gone(environment, now):
            ledger.leave(services.table, plane.index[name])
    orphans = _adopt_orphans(services, now)
    broken = _keep_heads(services, now)
    return f"{retried} tried again, {orphans} orphans found, {broken} chains broken"


def _see_to(services: Services, entry: tuple[ledger.AgendaEntry, Row]) -> int:
    """Nudge the operation of an agenda's entry if it is due; drop an entry that is for nothing."""
    agenda, row = entry
    found = ledger.operation(services.table, agenda.target, agenda.operation)
    now = services.clock.now()
    if found is None:
        drain(services, agenda.target, agenda.operation)
        if now - agenda.at > _GRACE:
            ledger.leave(services.table, row)
        return 0
    operation = found[0]
    if operation.status.is_final:
        clear(services, operation)
        return 0
    drain(services, operation.target, operation.id)
    if operation.due_at > now:
        return 0
    nudge(services, operation)
    return 1


def _report_missing(services: Services, plane: Plane, now: datetime) -> int:
    """Put in the trail, once, that a timer has not run for two and a half of its periods."""
    missing = 0
    for name, every in EVERY.items():
        if name == "tick":
            continue  # a dead tick cannot say so: something outside must watch for its row
        row = plane.timers.get(name)
        if row is None:
            first = Run(name=name, began_at=now, outcome="never ran yet")
            _insert(services, first)
            continue
        last = from_row(Run, row)
        if now - last.began_at <= every * 2.5:
            continue
        missing += 1
        if last.missed:
            continue
        text = f"the timer {name} last ran at {last.began_at:%Y-%m-%d %H:%M} UTC"
        note = audit.Note(event="timer-missing", text=text, cause="tick", by="timer")
        changed = to_row(replace(last, missed=True), row.partition, row.key, row.etag)
        try:
            services.table.replace(changed)
        except StaleRowError:
            continue  # it runs this very moment
        audit.commit(services.table, ledger.CONTROL_PLANE, (), [note], now=now)
    return missing


def _insert(services: Services, run: Run) -> None:
    try:
        services.table.insert(to_row(run, *ledger.timer_key(run.name)))
    except StaleRowError:
        return


def _is_worth_a_retry(environment: Environment) -> bool:
    """Say whether it leaked, or is ready but for tags that could not be set."""
    if environment.phase is Phase.LEAKED:
        return True
    return environment.phase is Phase.READY and has_failed(environment)


def _is_long_gone(environment: Environment, now: datetime) -> bool:
    if environment.phase not in (Phase.GONE, Phase.ABSENT) or environment.operation is not None:
        return False
    return environment.gone_at is not None and now - environment.gone_at > SHOWN_FOR


def _keep_heads(services: Services, now: datetime) -> int:
    """Keep every chain's head out of reach, and report a chain that lost what it had."""
    table = services.table
    before = services.anchors.newest(now=now)
    heads, breaks = audit.anchors_of(table, ledger.trails(table), before)
    for found in breaks:
        log.error("the audit chain of %s does not hold: %s", found.target, found.problem)
    if heads != before:
        services.anchors.write(heads, now=now)
    return len(breaks)


def _adopt_orphans(services: Services, now: datetime) -> int:
    """Take in every tagged preview group that no row owns, as leaked: the next sweep removes it.

    Between the two lies an hour for a person who wants to keep it to take its tag away. Only a
    group with the very name that we would give is taken in.
    """
    catalog = services.catalog
    orphans = 0
    for group in services.azure.groups_tagged("tesoro-kind", str(Kind.PREVIEW)):
        tags = group.get("tags") or {}
        name = str(tags.get("tesoro-environment", ""))
        is_ours = tags.get("tesoro-owner") == catalog.owner
        if not is_ours or not name or group.get("name") != catalog.group_of(name):
            continue
        held = ledger.read(services.table, name)
        environment = None if held is None else held.value
        if isinstance(environment, Environment) and (
            environment.phase not in (Phase.GONE, Phase.ABSENT)
            or environment.operation is not None
        ):
            continue
        orphans += 1
        _adopt(services, held, name, now)
    return orphans


def _adopt(services: Services, held: ledger.Held | None, name: str, now: datetime) -> None:
    if held is None:
        fresh = Environment(
            name=name,
            kind=Kind.PREVIEW,
            service="",
            owner="nobody",
            created_at=now,
            changed_at=now,
        )
        held = ledger.Held(fresh, None)
    environment = held.value
    assert isinstance(environment, Environment)
    message = "it carries our tags, and no environment owns it; the next sweep removes it"
    leaked = replace(
        environment,
        phase=Phase.LEAKED,
        aim=desired.aim_down(environment),  # as if it had been tried: only a sweep tries again
        conditions=with_condition((), "Orphaned", message, now=now),
    )
    ledger.enter_index(services.table, name)
    note = audit.Note(event="orphan-found", text=f"{name}: {message}", cause="sweep", by="timer")
    try:
        ledger.save(services, held, leaked, notes=[note], now=now)
    except StaleRowError:
        return
    hand_on(services, name)
