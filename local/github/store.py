"""What this GitHub knows, in SQLite: documents by kind, shelf and key.

A shelf is what a document belongs to: a repository's id for its pull requests, a deployment's for
its statuses, 0 for what belongs to nobody. Everything done for one request is one transaction,
committed before the answer leaves, so `kill -9` loses nothing that was answered (WAL: a process
may die, the file is whole). One connection, used by one thread.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.github.answers import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, shelf INTEGER NOT NULL, key TEXT NOT NULL COLLATE NOCASE,
    place INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, shelf, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (kind TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""
_FIRST = 1_000_000  # ids of GitHub are large: small ones would be taken for numbers


class Store:
    """The documents of one GitHub."""

    def __init__(self, path: Path) -> None:
        """Open `path`, made now if it is not there."""
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing where it raises."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def get(self, kind: str, key: str | int, *, shelf: int = 0) -> Json | None:
        """Return one document."""
        found = self._file.execute(
            "SELECT body FROM documents WHERE kind = ? AND shelf = ? AND key = ?",
            (kind, shelf, str(key)),
        ).fetchone()
        return None if found is None else _decoded(found)

    def put(self, kind: str, key: str | int, body: Json, *, shelf: int = 0) -> None:
        """Keep a document in the place of the one before, or after all others of its kind."""
        self._file.execute(
            "INSERT INTO documents (kind, shelf, key, place, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET body = excluded.body",
            (kind, shelf, str(key), self.number("place"), json.dumps(body)),
        )

    def drop(self, kind: str, key: str | int, *, shelf: int = 0) -> bool:
        """Forget a document; say whether it was there."""
        gone = self._file.execute(
            "DELETE FROM documents WHERE kind = ? AND shelf = ? AND key = ?",
            (kind, shelf, str(key)),
        )
        return gone.rowcount > 0

    def shelf(self, kind: str, shelf: int) -> list[Json]:
        """Return the documents of one shelf in the order they were first put."""
        found = self._file.execute(
            "SELECT body FROM documents WHERE kind = ? AND shelf = ? ORDER BY place",
            (kind, shelf),
        )
        return [_decoded(row) for row in found]

    def keyed(self, kind: str, shelf: int) -> list[tuple[str, Json]]:
        """Return the documents of one shelf, each with its key."""
        found = self._file.execute(
            "SELECT key, body FROM documents WHERE kind = ? AND shelf = ? ORDER BY place",
            (kind, shelf),
        ).fetchall()
        return [(key, json.loads(body)) for key, body in found]

    def all(self, kind: str) -> list[Json]:
        """Return every document of a kind in the order they were first put."""
        found = self._file.execute(
            "SELECT body FROM documents WHERE kind = ? ORDER BY place", (kind,)
        )
        return [_decoded(row) for row in found]

    def clear(self, kind: str) -> None:
        """Forget every document of a kind."""
        self._file.execute("DELETE FROM documents WHERE kind = ?", (kind,))

    def number(self, kind: str) -> int:
        """Return the next number of a kind; none is given twice."""
        (last,) = self._file.execute(
            "INSERT INTO counters (kind, last) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
            (kind, _FIRST),
        ).fetchone()
        return int(last)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _decoded(row: tuple[str]) -> Json:
    body: Json = json.loads(row[0])
    return body
