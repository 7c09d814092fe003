"""The record of what was asked, for whoever checks what an application did."""

from datetime import datetime

from local.azure.arm import Json, stamp
from local.azure.journal import Journal


class Calls:
    """Calls since the last clearing, oldest first."""

    def __init__(self, journal: Journal) -> None:
        """Read back what the journal has."""
        self._journal = journal
        kept = list(journal.rows("call"))
        self._rows: list[Json] = [row for _, row in kept]
        self._next = max((int(key) for key, _ in kept), default=0) + 1

    def add(self, at: datetime, *, method: str, path: str, query: str, status: int | None) -> None:
        """Record one; `status` is None when the connection was cut before any work."""
        row: Json = {
            "at": stamp(at, 6),
            "method": method,
            "path": path,
            "query": query,
            "status": status,
        }
        self._rows.append(row)
        self._journal.put("call", str(self._next), row)
        self._next += 1

    def rows(self) -> list[Json]:
        """Return them all."""
        return list(self._rows)

    def clear(self) -> None:
        """Forget them all."""
        self._rows.clear()
        self._journal.clear("call")
