"""The line that previews wait in, as rows: places are taken, given and given back in one order.

All places lie in one partition with a row that counts the changes: who lets somebody in names the
count he saw, so that two workers never give the same place twice. Who is in then takes a turn at
having containers begun, for Azure begins only so many in five minutes and in an hour.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning import ledger
from provisioning.conditions import with_condition, without_condition
from provisioning.environments import admission
from provisioning.environments.admission import Place
from provisioning.environments.steps.preview import environment_of, preview_of
from provisioning.errors import StaleRowError
from provisioning.model import Environment, Phase
from provisioning.operations import Done, Outcome, Waiting
from provisioning.services import Context, Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Change, Insert, Replace, Row, Table

LOOK_FOR_ROOM = timedelta(minutes=1)
WAITS_FOR_ROOM = "AdmissionPending"
_LINE, _COUNT, _BEGUN = "~line", "!count", "!begun"
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class _Line:
    """The line as it was read: the places, their rows by name, and the count's row."""

    places: Sequence[Place]
    rows: dict[str, Row]
    count: Row | None


def await_room(context: Context) -> Outcome:
    """Wait in line, visibly, until there is room for the preview, and until it is its turn."""
    environment, services = environment_of(context), context.services
    limits = services.catalog.limits
    line = _read(services.table)
    place = next((p for p in line.places if p.name == environment.name), None)
    if place is None:
        place = _place(context, environment)
        line = replace(line, places=(*line.places, place))
    if place.admitted_at is not None:
        return _await_turn(context, environment)
    if not _is_next(services, line.places, place):
        _enter(services.table, line, place)
        reason = admission.why_not(place, line.places, limits)
        return _waits(context, environment, reason, LOOK_FOR_ROOM)
    _write(services.table, line, replace(place, admitted_at=context.now))
    return _await_turn(context, environment)


def leave_line(table: Table, name: str) -> None:
    """Give back a preview's place."""
    row = table.get(_LINE, name)
    if row is not None:
        ledger.leave(table, row)


def _await_turn(context: Context, environment: Environment) -> Outcome:
    wait = _take_turn(context.services, now=context.now)
    if wait > timedelta(0):
        reason = "waits for its turn: Azure begins only so many container groups at a time"
        return _waits(context, environment, reason, wait)
    return Done(
        reason="there is room for it",
        sets={
            "image": context.operation.values["image"],
            "conditions": without_condition(environment.conditions, WAITS_FOR_ROOM),
        },
    )


def _waits(
    context: Context, environment: Environment, reason: str, look_after: timedelta
) -> Waiting:
    conditions = with_condition(environment.conditions, WAITS_FOR_ROOM, reason, now=context.now)
    return Waiting(look_after=look_after, reason=reason, sets={"conditions": conditions})


def _take_turn(services: Services, *, now: datetime) -> timedelta:
    """Take a turn at having containers begun; return how long to wait where there is none.

    It is taken before the call on Azure, so that a lost answer counts as well.
    """
    for _ in range(_TRIES):
        row = services.table.get(_LINE, _BEGUN)
        begun = [] if row is None else _instants(row)
        wait = admission.until_next(begun, services.catalog.limits, now=now)
        if wait > timedelta(0):
            return wait
        recent = [at.isoformat() for at in begun if now - at < admission.HOUR]
        fresh = Row(_LINE, _BEGUN, {"at": json.dumps([*recent, now.isoformat()])})
        try:
            if row is None:
                services.table.insert(fresh)
            else:
                services.table.replace(replace(fresh, etag=row.etag))
        except StaleRowError:
            continue
        return timedelta(0)
    return timedelta(seconds=1)  # many begin at this very moment


def _place(context: Context, environment: Environment) -> Place:
    return Place(
        name=environment.name,
        author=environment.owner,
        cores=preview_of(context).cores,
        asked_at=environment.pushed_at or context.now,
    )


def _read(table: Table) -> _Line:
    rows = {row.key: row for row in table.query(_LINE)}
    count = rows.pop(_COUNT, None)
    rows.pop(_BEGUN, None)
    return _Line(places=[from_row(Place, row) for row in rows.values()], rows=rows, count=count)


def _enter(table: Table, line: _Line, place: Place) -> None:
    if place.name not in line.rows:
        table.insert(to_row(place, _LINE, place.name))


def _write(table: Table, line: _Line, place: Place) -> None:
    """Let somebody in; raises StaleRowError where another was let in since the line was read."""
    there = line.rows.get(place.name)
    own = to_row(place, _LINE, place.name, None if there is None else there.etag)
    seen = 0 if line.count is None else int(str(line.count.values["seen"]))
    count = Row(_LINE, _COUNT, {"seen": seen + 1}, None if line.count is None else line.count.etag)
    changes: list[Change] = [
        Insert(count) if count.etag is None else Replace(count),
        Insert(own) if own.etag is None else Replace(own),
    ]
    table.transact(changes)


def _is_next(services: Services, places: Sequence[Place], place: Place) -> bool:
    """Say whether it is this one's turn, passing over those before it that are not at the door."""
    limits = services.catalog.limits
    while True:
        turn = admission.next_in(places, limits)
        if turn is None or turn.name == place.name:
            return turn is not None
        if _is_at_the_door(services, turn):
            return False
        places = [other for other in places if other.name != turn.name]


def _is_at_the_door(services: Services, other: Place) -> bool:
    """Say whether another one waits for room at this time.

    One whose newest commit is still being built does not, and keeps its place; one that is no
    longer on its way loses it.
    """
    environment = ledger.environment(services.table, other.name)
    if environment is None or environment.phase is not Phase.CREATING:
        leave_line(services.table, other.name)
        return False
    found = ledger.operation(services.table, other.name, environment.operation or "")
    if found is None or found[0].status.is_final:
        return False
    return found[0].steps[found[0].at].name == await_room.__name__


def _instants(row: Row) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in json.loads(str(row.values["at"]))]
