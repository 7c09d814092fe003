"""What the control plane expects of a table: rows with an ETag, and small transactions.

Azure Tables gives exactly this. Two keepers hold the promise, `azure.py` and `memory.py`, and one
contract suite tests both. Every replacement names the ETag it read: the loser of a race gets a
StaleRowError, never a lost update.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

Value = str | int | bool | float | datetime | bytes

MOST_CHANGES = 100  # of Azure Tables, in one transaction


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it is, what it holds, and the ETag it had when it was read."""

    partition: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """The row must not exist."""

    row: Row


@dataclass(frozen=True, slots=True)
class Replace:
    """The row must still have the ETag it was read with."""

    row: Row


@dataclass(frozen=True, slots=True)
class Delete:
    """The row must still have the ETag it was read with."""

    row: Row


Change = Insert | Replace | Delete


class Table(Protocol):
    """Rows by partition and key."""

    def get(self, partition: str, key: str) -> Row | None:
        """Return the row, or None."""

    def query(
        self, partition: str, *, first: str = "", last: str = "\uffff", most: int | None = None
    ) -> Iterator[Row]:
        """Return the partition's rows with `first <= key < last`, in the order of their keys."""

    def search(self, partition: str, through: str, where: Mapping[str, str]) -> Iterator[Row]:
        """Return the rows of the partitions from one through another that hold this text there.

        In the order of partition and key.
        """

    def insert(self, row: Row) -> Row:
        """Add the row and return it with its ETag; StaleRowError if it exists."""

    def replace(self, row: Row) -> Row:
        """Replace the row whole; StaleRowError unless its ETag is the stored one."""

    def delete(self, row: Row) -> None:
        """Remove the row; StaleRowError unless its ETag is the stored one."""

    def transact(self, changes: Sequence[Change]) -> None:
        """Make all changes, or none; all in one partition, at most 100.

        Raises StaleRowError whose `index` names the change that lost.
        """


def check_transaction(changes: Sequence[Change]) -> None:
    """Return where Azure Tables would take the changes together; raises ValueError otherwise."""
    if len({change.row.partition for change in changes}) != 1:
        raise ValueError("a transaction stays in one partition")
    if len(changes) > MOST_CHANGES:
        raise ValueError(f"a transaction has at most {MOST_CHANGES} changes")
    if len({change.row.key for change in changes}) != len(changes):
        raise ValueError("a transaction names a row once")
