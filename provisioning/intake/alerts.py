"""Alerts: stored at the door, read from the queue `urgent`, and believed once Azure confirms them.

An alert is one row, keyed by the day of its receipt and by what makes it this alert: its id and
condition, or its body. What follows from one is for `believing.py`; whatever does, or does not, is
kept with its reason.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provisioning.alerts import Alert, Ignored, interpret
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.intake import believing
from provisioning.intake.arrivals import State
from provisioning.queue import URGENT
from provisioning.services import Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Row

KEPT = timedelta(days=30)  # as long as Azure lists alerts
RAISED = "raised"  # the partition of those that the control plane raised itself
_SOON = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The row of an alert; `body` is compressed."""

    id: str
    received_at: datetime
    state: State
    body: bytes
    rule: str = ""
    severity: str = ""
    condition: str = ""
    resources: tuple[str, ...] = ()
    reason: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """What the door says of an alert: its id, and why nothing follows where nothing does."""

    id: str
    ignored: str | None


def receive(services: Services, body: bytes, payload: Any) -> Received:
    """Store the alert and nudge; a copy finds it there."""
    read = interpret(payload)
    now = services.clock.now()
    key = _key(read, body)
    ignored = read.why if isinstance(read, Ignored) else None
    stored = Stored(
        id=f"al-{key[:20]}",
        received_at=now,
        state=State.ACCEPTED if ignored is None else State.IGNORED,
        body=zlib.compress(body, 6),
        rule=read.rule,
        severity=read.severity,
        condition=str(read.condition),
        resources=read.resources,
        reason=ignored or "",
        finished_at=None if ignored is None else now,
    )
    day = _day(now)
    try:
        services.alerts.insert(to_row(stored, day, key))
    except StaleRowError:
        there = services.alerts.get(day, key)
        if there is None or there.values["state"] != State.ACCEPTED:
            return Received(id=stored.id, ignored=ignored)
    if ignored is None:
        _nudge(services, day, key)
    return Received(id=stored.id, ignored=ignored)


def is_nudge(text: str) -> bool:
    """Say whether a message of the queue is about an alert, not about an operation."""
    try:
        return "alert" in json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return False


def take(services: Services, text: str) -> None:
    """Do what one alert named by a queue message asks for; a repeat finds it done.

    Where Azure does not answer the row stays unread, says so, and is looked at again soon.
    """
    day, key = _address(text)
    row = services.alerts.get(day, key)
    if row is None:
        return
    stored = from_row(Stored, row)
    if stored.state is not State.ACCEPTED:
        return
    read = interpret(json.loads(zlib.decompress(stored.body)))
    if isinstance(read, Ignored):
        _finish(services, stored, row, State.IGNORED, read.why)
        return
    try:
        found = believing.answer(services, read, stored.id, stored.received_at, stored.reason)
    except TransientError as error:
        _finish(services, stored, row, State.ACCEPTED, f"not yet: {error}")
        _nudge(services, day, key, after=_SOON)
        return
    state = State.DONE if found.is_over else State.ACCEPTED
    _finish(services, stored, row, state, found.reason)


def give_up(services: Services, text: str) -> bool:
    """Mark the alert failed that a poisoned message names; False where it names none."""
    try:
        day, key = _address(text)
    except TerminalError:
        return False
    row = services.alerts.get(day, key)
    if row is None:
        return False
    stored = from_row(Stored, row)
    if stored.state is State.ACCEPTED:
        reason = f"its work failed five times ({stored.reason or 'see the log'}); its body is kept"
        _finish(services, stored, row, State.FAILED, reason)
    return True


def unread(services: Services) -> int:
    """Nudge every alert of today and yesterday whose work is not done; return how many."""
    now = services.clock.now()
    nudged = 0
    first = _day(now - timedelta(days=1))
    for row in services.alerts.search(first, _day(now), {"state": State.ACCEPTED}):
        received = row.values["received_at"]
        if isinstance(received, datetime) and now - received >= timedelta(minutes=1):
            _nudge(services, row.partition, row.key)
            nudged += 1
    return nudged


def recent(services: Services, *, most: int) -> list[Stored]:
    """Return the newest alerts of the last thirty days, newest first."""
    now = services.clock.now()
    found: list[Stored] = []
    for days in range(KEPT.days + 1):
        rows = services.alerts.query(_day(now - timedelta(days=days)))
        kept = [from_row(Stored, row) for row in rows]
        found += sorted(kept, key=lambda stored: stored.received_at, reverse=True)
        if len(found) >= most:
            break
    return found[:most]


def raised(services: Services) -> list[Mapping[str, Any]]:
    """Return the rows of the alerts that the control plane raised itself."""
    return [{"id": row.key, **row.values} for row in services.alerts.query(RAISED)]


def _finish(services: Services, stored: Stored, row: Row, state: State, reason: str) -> None:
    over = replace(stored, state=state, reason=reason)
    if state is not State.ACCEPTED:
        over = replace(over, finished_at=services.clock.now())
    try:
        services.alerts.replace(to_row(over, row.partition, row.key, row.etag))
    except StaleRowError:
        return  # a second worker did the same


def _nudge(services: Services, day: str, key: str, *, after: timedelta = timedelta(0)) -> None:
    try:
        services.queue.send(URGENT, json.dumps({"alert": f"{day}/{key}"}), after=after)
    except TransientError:
        return  # the row is accepted, and `tick` will find it unread


def _address(text: str) -> tuple[str, str]:
    try:
        day, _, key = str(json.loads(text)["alert"]).partition("/")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TerminalError("message_malformed", "the message names no alert") from error
    return day, key


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"


def _key(read: Alert | Ignored, body: bytes) -> str:
    """Name an alert by its id, condition and resources, so that no other can be taken for it."""
    if isinstance(read, Alert) and read.alert_id is not None:
        body = "\n".join((read.alert_id, read.condition, *sorted(read.resources))).encode()
    return hashlib.sha256(body).hexdigest()[:40]
