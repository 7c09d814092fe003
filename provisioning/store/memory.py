"""A table that lives in this process: as strict as Azure's, and as atomic."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from provisioning.errors import StaleRowError
from provisioning.store.table import Change, Delete, Insert, Replace, Row, check_transaction


class MemoryTable:
    """Keeps rows in a dictionary, under one lock."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}
        self._lock = threading.Lock()
        self._writes = 0

    def get(self, partition: str, key: str) -> Row | None:
        """Return the row, or None."""
        with self._lock:
            return self._rows.get((partition, key))

    def query(
        self, partition: str, *, first: str = "", last: str = "\uffff", most: int | None = None
    ) -> Iterator[Row]:
        """Return the partition's rows with `first <= key < last`, in the order of their keys."""
        with self._lock:
            found = sorted(
                (
                    row
                    for row in self._rows.values()
                    if row.partition == partition and first <= row.key < last
                ),
                key=lambda row: row.key,
            )
        yield from found[:most]

    def search(self, partition: str, through: str, where: Mapping[str, str]) -> Iterator[Row]:
        """Return the rows of the partitions from one through another that hold this text there."""
        with self._lock:
            found = sorted(
                (
                    row
                    for row in self._rows.values()
                    if partition <= row.partition <= through
                    and all(row.values.get(name) == text for name, text in where.items())
                ),
                key=lambda row: (row.partition, row.key),
            )
        yield from found

    def insert(self, row: Row) -> Row:
        """Add the row and return it with its ETag."""
        return self._apply((Insert(row),))[0]

    def replace(self, row: Row) -> Row:
        """Replace the row whole."""
        return self._apply((Replace(row),))[0]

    def delete(self, row: Row) -> None:
        """Remove the row."""
        self._apply((Delete(row),))

    def transact(self, changes: Sequence[Change]) -> None:
        """Make all changes, or none."""
        check_transaction(changes)
        self._apply(changes)

    def _apply(self, changes: Sequence[Change]) -> list[Row]:
        with self._lock:
            for index, change in enumerate(changes):
                self._check(change, index)
            return [self._write(change) for change in changes]

    def _check(self, change: Change, index: int) -> None:
        row = change.row
        stored = self._rows.get((row.partition, row.key))
        if isinstance(change, Insert):
            if stored is not None:
                raise StaleRowError(f"row {row.key} of {row.partition} exists", index=index)
        elif stored is None or stored.etag != row.etag:
            raise StaleRowError(f"row {row.key} of {row.partition} has changed", index=index)

    def _write(self, change: Change) -> Row:
        row = change.row
        where = (row.partition, row.key)
        if isinstance(change, Insert | Replace):
            self._writes += 1
            row = replace(row, values=dict(row.values), etag=f'W/"{self._writes}"')
            self._rows[where] = row
        else:
            del self._rows[where]
        return row
