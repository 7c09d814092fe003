"""Where things lie in the table, and how a target's row is changed.

One partition for each target (an environment, or the reports about one) holds its row, operations,
lock, audit records, chain head, reports and outbox, so that a change is one transaction. One more
partition is what every tick walks, in a single query: the agenda of operations, the index of
environments, and when each timer ran. Agenda and index are written before what they list and
removed after, so that they may name too much but never too little.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning import audit
from provisioning.errors import StaleRowError, TerminalError
from provisioning.github import sentences
from provisioning.model import (
    Backups,
    Decision,
    Environment,
    Phase,
    Release,
    ReleaseStatus,
    Reports,
    Request,
    Ruling,
)
from provisioning.operations import Operation, operation_id
from provisioning.services import Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Change, Insert, Replace, Row, Table

Target = Environment | Reports | Release | Backups

_KINDS: Mapping[str, type[Target]] = {
    "": Environment,
    "report": Reports,
    "release": Release,
    "backups": Backups,
}

ROW, LOCK = "target", "lock"
CONTROL_PLANE = "control-plane"  # the target of records that concern no environment
PLANE, KNOWN, POISON = "~plane", "~known", "~poison"
_AGENDA, _INDEX, _TIMER = "agenda-", "index-", "timer-"
_PAST, _RULING = "past-", "ruling-"
REPORT_WORKFLOW = "github.report"
_TRIES = 6
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Held:
    """A target as it was read: its value, and the row whose ETag a change must name."""

    value: Target
    row: Row | None


@dataclass(frozen=True, kw_only=True)
class AgendaEntry:
    """An operation that is not over, or whose outbox is not empty."""

    operation: str
    target: str
    at: datetime


@dataclass(frozen=True)
class Plane:
    """What every tick walks: the agenda, the index, and the timers' rows by name."""

    agenda: tuple[tuple[AgendaEntry, Row], ...]
    index: Mapping[str, Row]
    timers: Mapping[str, Row]


def reports_of(environment: str) -> str:
    """Return the name of the target that holds the reports about an environment."""
    return f"report~{environment}"


def backups_of(environment: str) -> str:
    """Return the name of the target that holds the verdict on an environment's backups."""
    return f"backups~{environment}"


def release_of(environment: str, service: str) -> str:
    """Return the name of the target that holds the releases of a service to an environment."""
    return f"release~{environment}~{service}"


def targets_about(environment: str, services: Iterable[str]) -> list[str]:
    """Return the names of every target that is, or is about, an environment."""
    releases = [release_of(environment, service) for service in services]
    return [environment, reports_of(environment), backups_of(environment), *releases]


def environment_of(target: str) -> str:
    """Return the environment that a target is, or is about."""
    return target.split("~")[1] if "~" in target else target


def fresh(target: str, *, now: datetime) -> Target:
    """Return the row of a target that begins with the first operation on it."""
    name = environment_of(target)
    kind = _kind(target)
    if kind is Reports:
        return Reports(name=target, environment=name, changed_at=now)
    if kind is Backups:
        return Backups(name=target, environment=name, changed_at=now)
    raise TerminalError("environment_unknown", f"{target} has no row, and none begins by itself")


def failed(target: str) -> Mapping[str, Any]:
    """Return what a target's row takes where an operation failed that nobody knows any more."""
    kind = _kind(target)
    if kind is Environment:
        return {"phase": Phase.FAILED}
    return {"status": ReleaseStatus.FAILED} if kind is Release else {}


def read(table: Table, target: str) -> Held | None:
    """Return the target as it is stored."""
    row = table.get(target, ROW)
    if row is None:
        return None
    return Held(from_row(_kind(target), row), row)


def environment(table: Table, name: str) -> Environment | None:
    """Return the environment's row."""
    held = read(table, name)
    return held.value if held is not None and isinstance(held.value, Environment) else None


def operation(table: Table, target: str, identity: str) -> tuple[Operation, Row] | None:
    """Return an operation and its row."""
    row = table.get(target, identity)
    return None if row is None else (from_row(Operation, row), row)


def save(
    services: Services,
    before: Held | None,
    after: Target,
    *,
    under: str | None = None,
    changes: Sequence[Change] = (),
    then: Sequence[Request] = (),
    notes: Sequence[audit.Note] = (),
    now: datetime,
) -> tuple[Request, ...]:
    """Write the target's new row, what goes with it, and the notes, in one transaction.

    What GitHub is to be told of the change is added here, in the same transaction, and so is the
    row of a new ruling on a release. Wishes for
    other operations go to the outbox of the operation `under`, or to the target's own where they
    follow from none; they are returned for `drain`.
    Raises StaleRowError: its index is that of `changes`, or `len(changes)` for the target's own
    row.
    """
    after = replace(after, changed_at=now)
    told, after, wishes = _reports(before, after, tuple(then))
    ruled, after = _rulings(before, after)
    name = after.name
    if wishes and under is None:
        enlist(services.table, own_outbox(name), name, now=now)
    own = to_row(
        after, name, ROW, None if before is None or before.row is None else before.row.etag
    )
    outbox = [Insert(to_row(w, name, _outbox(under or own_outbox(name), w))) for w in wishes]
    every = (*changes, Insert(own) if own.etag is None else Replace(own), *told, *ruled, *outbox)
    audit.commit(services.table, name, every, notes, now=now)
    return wishes


def own_outbox(target: str) -> str:
    """Return under what name wishes lie that follow from no operation on the target."""
    return f"none-{target}"


def drain_rows(table: Table, target: str, under: str) -> Iterator[tuple[Request, Row]]:
    """Return the wishes in an operation's outbox, with their rows."""
    prefix = f"outbox-{under}-"
    for row in table.query(target, first=prefix, last=prefix + "~"):
        yield from_row(Request, row), row


def enlist(table: Table, identity: str, target: str, *, now: datetime) -> None:
    """Put an operation on the agenda, before it is stored."""
    entry = AgendaEntry(operation=identity, target=target, at=now)
    _put(table, to_row(entry, PLANE, _AGENDA + identity))


def agenda_row(table: Table, identity: str) -> Row | None:
    """Return an operation's row on the agenda."""
    return table.get(PLANE, _AGENDA + identity)


def plane(table: Table) -> Plane:
    """Return the agenda, the index and the timers, by one query."""
    agenda, names, timers = [], {}, {}
    for row in table.query(PLANE):
        if row.key.startswith(_AGENDA):
            agenda.append((from_row(AgendaEntry, row), row))
        elif row.key.startswith(_INDEX):
            names[row.key.removeprefix(_INDEX)] = row
        else:
            timers[row.key.removeprefix(_TIMER)] = row
    return Plane(tuple(agenda), names, timers)


def index(table: Table) -> list[str]:
    """Return the names of all environments that are not long gone."""
    rows = table.query(PLANE, first=_INDEX, last=_INDEX + "~")
    return [row.key.removeprefix(_INDEX) for row in rows]


def timer_key(name: str) -> tuple[str, str]:
    """Return the partition and key of a timer's row."""
    return PLANE, _TIMER + name


def known(table: Table) -> list[str]:
    """Return the names of all targets there ever were: their trails are kept."""
    return [row.key for row in table.query(KNOWN)]


def trails(table: Table) -> list[str]:
    """Return every target that may have a trail."""
    names = known(table)
    reports = [reports_of(name) for name in names if "~" not in name]
    return [CONTROL_PLANE, *dict.fromkeys([*names, *reports])]


def enter_known(table: Table, target: str) -> None:
    """Put a target among those whose trail is kept, before its row is stored."""
    if table.get(KNOWN, target) is None:
        _put(table, Row(KNOWN, target, {}))


def enter_index(table: Table, name: str) -> None:
    """Put an environment on the index, and among the known, before its row is stored."""
    enter_known(table, name)
    _put(table, Row(PLANE, _INDEX + name, {}))


def leave(table: Table, row: Row) -> None:
    """Take a row off the agenda or the index, if nobody touched it meanwhile."""
    try:
        table.delete(row)
    except StaleRowError:
        return


def decision_row(name: str, decision: Decision, number: int, *, now: datetime) -> Row:
    """Return the row of a decision; the newest sorts first, of several at one instant too."""
    row = to_row(decision, name, f"{_decision_key(now)}-{10**8 - number:08d}")
    return replace(row, values={**row.values, "at": now})


def decision_at(table: Table, name: str, when: datetime) -> tuple[Decision, datetime] | None:
    """Return the decision in force at `when`, and since when it was."""
    for row in table.query(name, first=_decision_key(when), last="decision-~", most=1):
        at = row.values["at"]
        assert isinstance(at, datetime)
        return from_row(Decision, row), at
    return None


def report(table: Table, name: str, number: int) -> sentences.Report | None:
    """Return one of the reports about an environment."""
    row = table.get(name, f"report-{number:08d}")
    return None if row is None else from_row(sentences.Report, row)


def releases(table: Table, target: str) -> list[Release]:
    """Return the target's releases, the newest first."""
    held = read(table, target)
    if held is None or not isinstance(held.value, Release):
        return []
    past = [from_row(Release, row) for row in table.query(target, first=_PAST, last=f"{_PAST}~")]
    return [held.value, *sorted(past, key=lambda release: -release.number)]


def past_row(release: Release) -> Row:
    """Return the row in which a release lies once a newer one has taken its place."""
    return to_row(release, release.name, f"{_PAST}{release.number:08d}")


def rulings(table: Table, release: Release) -> list[Ruling]:
    """Return what was decided about a release, the oldest first."""
    prefix = f"{_RULING}{release.number:08d}-"
    rows = table.query(release.name, first=prefix, last=f"{prefix}~")
    return [from_row(Ruling, row) for row in rows]


def _rulings(before: Held | None, after: Target) -> tuple[list[Change], Target]:
    if not isinstance(after, Release) or after.ruling is None:
        return [], after
    old = before.value if before is not None and isinstance(before.value, Release) else None
    counted = old.decisions if old is not None and old.id == after.id else 0
    if counted and old is not None and old.ruling == after.ruling:
        return [], after
    number = counted + 1
    row = to_row(after.ruling, after.name, f"{_RULING}{after.number:08d}-{number:06d}")
    return [Insert(row)], replace(after, decisions=number)


def _reports(
    before: Held | None, after: Target, then: tuple[Request, ...]
) -> tuple[list[Change], Target, tuple[Request, ...]]:
    if not isinstance(after, Environment):
        return [], after, then
    old = before.value if before is not None and isinstance(before.value, Environment) else None
    told = sentences.report(old, after)
    if told is None:
        return [], after, then
    number = after.reports + 1
    wish = Request(
        workflow=REPORT_WORKFLOW,
        target=reports_of(after.name),
        cause=f"{after.name} is {after.phase}",
        key=str(number),
        by="control plane",
    )
    row = Insert(to_row(told, after.name, f"report-{number:08d}"))
    return [row], replace(after, reports=number), (*then, wish)


def _kind(target: str) -> type[Target]:
    return _KINDS[target.partition("~")[0] if "~" in target else ""]


def _outbox(under: str, wish: Request) -> str:
    return f"outbox-{under}-{operation_id(wish)}"


def _decision_key(when: datetime) -> str:
    return f"decision-{(_FAR - when) // timedelta(microseconds=1):020d}"


def _put(table: Table, row: Row) -> None:
    """Have the row, with an ETag newer than whatever `leave` was about to remove."""
    for _ in range(_TRIES):
        try:
            there = table.get(row.partition, row.key)
            if there is None:
                table.insert(row)
            else:
                table.replace(replace(row, etag=there.etag))
        except StaleRowError:
            continue
        return
    raise StaleRowError(f"{row.key} of {row.partition} is changed by many at once")
