"""Where the world is written down before anything is answered.

The world keeps everything in memory and tells its journal what changed; `commit` makes it durable
in one transaction. SQLite in WAL mode without a flush to disk for each commit is enough here: it
loses nothing when the process dies at any moment, and a machine that loses power loses the stack
with it.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol


class Journal(Protocol):
    """Keeps rows of JSON under a kind and a key."""

    def put(self, kind: str, key: str, value: Any) -> None:
        """Write a row, replacing one with the same kind and key."""

    def drop(self, kind: str, key: str) -> None:
        """Take a row out; one that is not there is no fault."""

    def clear(self, kind: str) -> None:
        """Take all rows of a kind out."""

    def commit(self) -> None:
        """Make everything since the last commit durable, together."""

    def rows(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Return the rows of a kind in the order of their first writing."""


class Memory:
    """Forgets everything: for tests of a world that need not survive."""

    def put(self, kind: str, key: str, value: Any) -> None:
        """Do nothing."""

    def drop(self, kind: str, key: str) -> None:
        """Do nothing."""

    def clear(self, kind: str) -> None:
        """Do nothing."""

    def commit(self) -> None:
        """Do nothing."""

    def rows(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Return none."""
        return iter(())


class Sqlite:
    """One file, one table."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows (at INTEGER PRIMARY KEY AUTOINCREMENT,"
            " kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, key))"
        )
        self._open = False

    def put(self, kind: str, key: str, value: Any) -> None:
        """Write a row; its place in the order stays the first one."""
        self._begin()
        self._db.execute(
            "INSERT INTO rows (kind, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            (kind, key, json.dumps(value, separators=(",", ":"))),
        )

    def drop(self, kind: str, key: str) -> None:
        """Take a row out."""
        self._begin()
        self._db.execute("DELETE FROM rows WHERE kind = ? AND key = ?", (kind, key))

    def clear(self, kind: str) -> None:
        """Take all rows of a kind out."""
        self._begin()
        self._db.execute("DELETE FROM rows WHERE kind = ?", (kind,))

    def commit(self) -> None:
        """Close the open transaction."""
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def rows(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Return the rows of a kind in order."""
        found = self._db.execute("SELECT key, value FROM rows WHERE kind = ? ORDER BY at", (kind,))
        return iter([(key, json.loads(value)) for key, value in found.fetchall()])

    def close(self) -> None:
        """Let go of the file."""
        self.commit()
        self._db.close()

    def _begin(self) -> None:
        if not self._open:
            self._db.execute("BEGIN")
            self._open = True
