"""Deliveries of GitHub: stored at the door, read from the queue, marked done when their work is.

A delivery is one row, keyed by the hour of its receipt and a hash of GitHub's id, with the body
beside its verdict. The door writes the row and leaves a nudge; that is all that happens before
202. From the queue, GitHub is asked what is true now, and the environment converges on that. A
body seen before, under whatever id, is dropped only if its work was done: a redelivery after a
crash works.
"""

import hashlib
import json
import zlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from provisioning import audit, ledger
from provisioning.coalescing import WINDOW, Nudge
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.github.interpret import Asked, Ignored, interpret
from provisioning.github.receive import Delivery
from provisioning.intake.arrivals import State
from provisioning.intake.asking import act
from provisioning.intake.request import Cause
from provisioning.queue import DELIVERIES
from provisioning.services import Services
from provisioning.store.codec import from_row, to_row
from provisioning.store.table import Replace, Row

KEPT = timedelta(days=3)  # as long as GitHub can redeliver
_BURST = timedelta(seconds=WINDOW)
_MOST_AT_ONCE = 20  # rows of a transaction: each may have 60 KB, and all together 4 MB
SOON, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The row of a delivery; `body` is compressed. Until `due_at` there is no use in trying."""

    id: str
    event: str
    fingerprint: str
    received_at: datetime
    state: State
    body: bytes
    reason: str = ""
    finished_at: datetime | None = None
    due_at: datetime | None = None
    replays: int = 0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A body whose work is done, and the delivery that did it; or where to find a delivery."""

    id: str
    hour: str
    key: str


def receive(services: Services, delivery: Delivery) -> str | None:
    """Store the delivery and nudge; return why nothing follows, or None where something does."""
    asked = interpret(delivery.event, delivery.payload, services.catalog)
    now = services.clock.now()
    ignored = asked.why if isinstance(asked, Ignored) else None
    stored = Stored(
        id=delivery.id,
        event=delivery.event,
        fingerprint=delivery.fingerprint,
        received_at=now,
        state=State.ACCEPTED if ignored is None else State.IGNORED,
        body=zlib.compress(delivery.body, 1),
        reason=ignored or "",
    )
    hour, key = _hour(now), _key(delivery.id)
    try:
        services.deliveries.insert(to_row(stored, hour, key))
    except StaleRowError:
        known = services.deliveries.get(hour, key)
        if known is not None and known.values["state"] == State.DONE:
            return "it was delivered before, and its work is done"
        if known is not None and known.values["state"] == State.FAILED:
            _revive(services, known)
    if ignored is None:
        _nudge_or_leave(services, hour, key, now)
    return ignored


def take(services: Services, text: str) -> None:
    """Do the work of the delivery that a queue message names; a repeat finds it done.

    A message may name a burst instead: then each thing that deliveries of it ask for is done once.

    Where GitHub does not answer the row stays unread, says so, and `tick` comes back to it.
    """
    burst = _burst(text)
    if burst is not None:
        _take_all(services, burst)
        return
    hour, key = _address(text)
    row = services.deliveries.get(hour, key)
    if row is None:
        return
    stored = from_row(Stored, row)
    if stored.state is not State.ACCEPTED:
        return
    before = None if stored.replays else _done_before(services, stored.fingerprint)
    if before is not None:
        reason = f"the same body was handled as delivery {before.id}"
    else:
        payload = json.loads(zlib.decompress(stored.body))
        try:
            asked = interpret(stored.event, payload, services.catalog)
            reason = act(services, asked, _cause(stored))
        except TransientError as error:
            later = services.clock.now() + min(error.after or SOON, LONGEST_WAIT)
            waiting = replace(stored, due_at=later)
            _finish(services, waiting, row, State.ACCEPTED, f"not yet: {error}")
            return
        except TerminalError as error:
            _finish(services, stored, row, State.FAILED, f"{error}; replay it once that is mended")
            return
        _remember(services, stored, hour, key)
    _finish(services, stored, row, State.DONE, reason)


def give_up(services: Services, text: str) -> bool:
    """Mark the delivery failed that a poisoned message names; False where it names none."""
    try:
        hour, key = _address(text)
    except TerminalError:
        return False
    row = services.deliveries.get(hour, key)
    if row is None:
        return False
    stored = from_row(Stored, row)
    if stored.state is State.ACCEPTED:
        reason = (
            f"its work failed five times ({stored.reason or 'see the log'}); its body is kept. "
            f"To replay it: POST /api/deliveries/{stored.id}/replay"
        )
        _finish(services, stored, row, State.FAILED, reason)
    return True


def replay(services: Services, identity: str, by: str) -> bool:
    """Do the work of a delivery once more, whatever became of it; False where it is unknown."""
    row = _find(services, identity)
    if row is None:
        return False
    _revive(services, row)
    note = audit.Note(
        event="delivery-replayed", text=f"delivery {identity}", cause="asked for", by=by
    )
    audit.commit(services.table, ledger.CONTROL_PLANE, (), [note], now=services.clock.now())
    _nudge(services, row.partition, row.key)
    return True


def is_known(services: Services, identity: str) -> bool:
    """Say whether a delivery was stored, whatever became of it."""
    return _find(services, identity) is not None


def _revive(services: Services, row: Row) -> None:
    stored = from_row(Stored, row)
    again = replace(
        stored,
        state=State.ACCEPTED,
        replays=stored.replays + 1,
        reason="",
        finished_at=None,
        due_at=None,
    )
    try:
        services.deliveries.replace(to_row(again, row.partition, row.key, row.etag))
    except StaleRowError:
        return  # somebody revived it this very moment


def recent(services: Services, *, most: int) -> list[Stored]:
    """Return the newest deliveries of the last three days, newest first."""
    now = services.clock.now()
    found: list[Stored] = []
    for hours in range(int(KEPT / timedelta(hours=1)) + 1):
        rows = services.deliveries.query(_hour(now - timedelta(hours=hours)))
        found += sorted((from_row(Stored, r) for r in rows), key=_received, reverse=True)
        if len(found) >= most:
            break
    return found[:most]


def unread(services: Services, *, hours: int) -> int:
    """Nudge every delivery of the last `hours` whose work is not done; return how many."""
    now = services.clock.now()
    nudged = 0
    since = _hour(now - timedelta(hours=hours))
    for row in services.deliveries.search(since, _hour(now), {"state": State.ACCEPTED}):
        received, due = row.values["received_at"], row.values.get("due_at")
        if isinstance(due, datetime) and due > now:
            continue
        if isinstance(received, datetime) and now - received >= timedelta(minutes=1):
            _nudge(services, row.partition, row.key)
            nudged += 1
    return nudged


def _cause(stored: Stored) -> Cause:
    return Cause(text=f"delivery {stored.id} ({stored.event})", by="github")


def _finish(services: Services, stored: Stored, row: Row, state: State, reason: str) -> None:
    over = replace(stored, state=state, reason=reason)
    if state is not State.ACCEPTED:
        over = replace(over, finished_at=services.clock.now())
    try:
        services.deliveries.replace(to_row(over, row.partition, row.key, row.etag))
    except StaleRowError:
        return  # a second worker did the same, or somebody asked for a replay


def _done_before(services: Services, fingerprint: str) -> Seen | None:
    row = services.deliveries.get(f"seen-{fingerprint[:2]}", fingerprint)
    return None if row is None else from_row(Seen, row)


def _remember(services: Services, stored: Stored, hour: str, key: str) -> None:
    seen = Seen(id=stored.id, hour=hour, key=key)
    for name in (stored.fingerprint, _key(stored.id)):
        try:
            services.deliveries.insert(to_row(seen, f"seen-{name[:2]}", name))
        except StaleRowError:
            continue


def _find(services: Services, identity: str) -> Row | None:
    key = _key(identity)
    pointer = services.deliveries.get(f"seen-{key[:2]}", key)
    if pointer is not None:
        seen = from_row(Seen, pointer)
        return services.deliveries.get(seen.hour, seen.key)
    now = services.clock.now()
    found = services.deliveries.search(_hour(now - KEPT), _hour(now), {"id": identity})
    return max(found, key=lambda row: row.partition, default=None)


def _nudge(services: Services, hour: str, key: str) -> None:
    try:
        services.queue.send(DELIVERIES, json.dumps({"hour": hour, "key": key}))
    except TransientError:
        return  # the row is accepted, and `tick` will find it unread


def _nudge_or_leave(services: Services, hour: str, key: str, now: datetime) -> None:
    """Leave a message for the delivery, or one for it and those that follow, or none."""
    match services.arrivals.next():
        case Nudge.OWN:
            _nudge(services, hour, key)
        case Nudge.SHARED:
            with suppress(TransientError):  # the rows are accepted; `tick` will find them unread
                services.queue.send(
                    DELIVERIES, json.dumps({"burst": now.isoformat()}), after=_BURST
                )
        case Nudge.NONE:
            pass


def _take_all(services: Services, began: datetime) -> None:
    """Do what the unread deliveries of a burst ask for, give or take a second, each thing once.

    Ten deliveries about one pull request ask for one look at it: what GitHub says then is newer
    than all ten. Where GitHub does not answer they stay unread, and `tick` comes back to them.
    """
    first, last = began - _BURST, began + 2 * _BURST
    asking: dict[Asked, list[Row]] = defaultdict(list)
    for row in services.deliveries.search(_hour(first), _hour(last), {"state": State.ACCEPTED}):
        stored = from_row(Stored, row)
        if first <= stored.received_at <= last and not stored.replays:
            payload = json.loads(zlib.decompress(stored.body))
            asking[interpret(stored.event, payload, services.catalog)].append(row)
    for asked, rows in asking.items():
        cause = _cause(from_row(Stored, rows[-1]))
        try:
            reason, state = act(services, asked, cause), State.DONE
        except TransientError:
            continue
        except TerminalError as error:
            reason, state = f"{error}; replay it once that is mended", State.FAILED
        _finish_all(services, rows, state, reason)


def _finish_all(services: Services, rows: list[Row], state: State, reason: str) -> None:
    """Mark deliveries, those of one hour in one transaction; one by one if any was touched."""
    now = services.clock.now()
    for _, some in groupby(rows, lambda row: row.partition):
        over = [
            to_row(
                replace(from_row(Stored, row), state=state, reason=reason, finished_at=now),
                row.partition,
                row.key,
                row.etag,
            )
            for row in some
        ]
        for start in range(0, len(over), _MOST_AT_ONCE):
            part = over[start : start + _MOST_AT_ONCE]
            try:
                services.deliveries.transact([Replace(row) for row in part])
            except StaleRowError:
                for row in part:
                    with suppress(StaleRowError):  # somebody else did the same
                        services.deliveries.replace(row)


def _burst(text: str) -> datetime | None:
    """Return when the burst began that a message names; None where it names a delivery."""
    try:
        return datetime.fromisoformat(json.loads(text)["burst"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _address(text: str) -> tuple[str, str]:
    try:
        content = json.loads(text)
        return str(content["hour"]), str(content["key"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TerminalError("message_malformed", "the message names no delivery") from error


def _received(stored: Stored) -> datetime:
    return stored.received_at


def _hour(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H}"


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8")).hexdigest()[:40]
