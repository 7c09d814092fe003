"""The trail of what was asked and done: append-only, each record chained to the one before.

A record's hash covers its content and the hash before it, so that changing, removing or moving one
shows. Each target has its own chain, whose head lies in the target's partition: the records of a
change are written in the change's own transaction, and so is the head. If only the head moved
meanwhile, the records are chained again and the transaction is submitted once more.

What a chain cannot show by itself is a tail cut off together with a rewritten head. So the heads
are kept hourly where the table's writer cannot reach them (`store/anchors.py`), and `anchored`
holds a chain against what is kept there.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from provisioning.errors import StaleRowError
from provisioning.store.codec import from_row, to_plain, to_row
from provisioning.store.table import Change, Insert, Replace, Row, Table

HEAD = "chain"
RECORDS = "audit-"
START = "0" * 64
_TRIES = 8


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something worth keeping: what happened, by whom, and because of what."""

    event: str
    text: str
    cause: str
    by: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A note in its place in the chain."""

    number: int
    at: datetime
    target: str
    event: str
    text: str
    cause: str
    by: str
    data: Mapping[str, str]
    before: str
    hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last record's number and hash."""

    number: int = 0
    hash: str = START


@dataclass(frozen=True, kw_only=True)
class Break:
    """Where a chain does not hold, and how that shows."""

    target: str
    number: int
    problem: str


def commit(
    table: Table, target: str, changes: Sequence[Change], notes: Sequence[Note], *, now: datetime
) -> None:
    """Write the changes and the notes about them in one transaction.

    Raises StaleRowError, with the change's index, where one of `changes` lost its race; a race for
    the chain's head alone is run again.
    """
    for _ in range(_TRIES):
        try:
            table.transact((*changes, *_chained(table, target, notes, now)))
        except StaleRowError as error:
            if error.index < len(changes):
                raise
        else:
            return
    raise StaleRowError(f"the chain of {target} moved {_TRIES} times", index=len(changes))


def records(
    table: Table, target: str, *, after: int = 0, most: int | None = None
) -> Iterator[Record]:
    """Return the target's records with a number above `after`, oldest first."""
    first = f"{RECORDS}{after + 1:012d}"
    for row in table.query(target, first=first, last=f"{RECORDS}~", most=most):
        yield from_row(Record, row)


def verify(table: Table, target: str) -> tuple[int, Break | None]:
    """Return how many records the target's chain has, and the first place where it breaks.

    The head is read before the records and, if they go on beyond it, once more after: a chain that
    grows meanwhile is whole.
    """
    head = _head(table, target)[0]
    number, before, at_head = 0, START, START
    for record in records(table, target):
        number += 1
        problem = _problem(record, number, before)
        if problem is not None:
            return number, Break(target=target, number=number, problem=problem)
        before = record.hash
        at_head = before if number == head.number else at_head
    if number > head.number:
        grown = _head(table, target)[0]
        if grown.number <= head.number:
            problem = f"the head says {head.number} records, the table has {number}"
            return number, Break(target=target, number=number, problem=problem)
    if number < head.number or at_head != head.hash:
        problem = f"the head says {head.number} records, the table has {number}"
        if number >= head.number:
            problem = f"the head's hash is not that of record {head.number}"
        return number, Break(target=target, number=number, problem=problem)
    return number, None


def anchored(table: Table, target: str, anchor: tuple[int, str]) -> Break | None:
    """Return how the chain differs from a head that was kept elsewhere; None where it goes on.

    `anchor` is the number of records that the chain had, and the hash of the last.
    """
    number, digest = anchor
    if number == 0:
        return None
    row = table.get(target, f"{RECORDS}{number:012d}")
    if row is None:
        problem = f"record {number} was there when the head was kept, and is not any more"
        return Break(target=target, number=number, problem=problem)
    if from_row(Record, row).hash != digest:
        problem = f"record {number} is not the one that the kept head names"
        return Break(target=target, number=number, problem=problem)
    return None


def anchors_of(
    table: Table, targets: Iterable[str], before: Mapping[str, tuple[int, str]]
) -> tuple[dict[str, tuple[int, str]], list[Break]]:
    """Return the heads to keep now, and the chains that no longer hold the heads kept `before`.

    Such a chain keeps the head it had: a break must not be papered over by the next hour.
    """
    kept: dict[str, tuple[int, str]] = {}
    breaks = []
    for target in dict.fromkeys([*before, *targets]):
        broken = anchored(table, target, before[target]) if target in before else None
        head = _head(table, target)[0]
        if broken is not None:
            breaks.append(broken)
        kept[target] = before[target] if broken is not None else (head.number, head.hash)
    return kept, breaks


def _problem(record: Record, number: int, before: str) -> str | None:
    if record.number != number:
        return f"record {number} is missing"
    if record.before != before:
        return f"record {number} does not follow the one before it"
    if record.hash != _digest(record):
        return f"record {number} is not as it was written"
    return None


def _chained(table: Table, target: str, notes: Sequence[Note], now: datetime) -> list[Change]:
    if not notes:
        return []
    head, row = _head(table, target)
    changes: list[Change] = []
    for note in notes:
        record = Record(
            number=head.number + 1,
            at=now,
            target=target,
            event=note.event,
            text=note.text,
            cause=note.cause,
            by=note.by,
            data=dict(note.data),
            before=head.hash,
        )
        head = Head(number=record.number, hash=_digest(record))
        key = f"{RECORDS}{record.number:012d}"
        changes.append(Insert(to_row(replace(record, hash=head.hash), target, key)))
    changed = to_row(head, target, HEAD, None if row is None else row.etag)
    changes.append(Insert(changed) if row is None else Replace(changed))
    return changes


def _head(table: Table, target: str) -> tuple[Head, Row | None]:
    row = table.get(target, HEAD)
    return (Head(), None) if row is None else (from_row(Head, row), row)


def _digest(record: Record) -> str:
    content = {name: value for name, value in to_plain(record).items() if name != "hash"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
