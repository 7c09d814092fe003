"""A copy of the world that lags behind it.

Resource Graph answers from such a copy, and so does Resource Manager's own list of resources: a
thing just made may be missing, a thing just deleted may still be listed. Each change is stored
with the instant at which readers see it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from local.azure.arm import Json
from local.azure.journal import Journal
from local.azure.shelf import Shelf


class Index:
    """Documents by key, each visible `lag` after it was put."""

    def __init__(self, name: str, lag: timedelta, journal: Journal) -> None:
        """Read back what the journal has under `name`."""
        self.lag = lag
        self._name, self._journal = name, journal
        self._shown: Shelf[Json] = Shelf(dict(journal.rows(f"{name}.shown")))
        self._coming: dict[str, list[tuple[str, Json | None]]] = {
            key: [(at, document) for at, document in changes]
            for key, changes in journal.rows(f"{name}.coming")
        }

    def put(self, key: str, document: Json | None, now: datetime) -> None:
        """Show `document` (nothing, when None) from `now` plus the lag on."""
        if not self.lag:
            self._coming.pop(key, None)
            self._show(key, document)
            return
        due = (now + self.lag).isoformat()
        self._coming.setdefault(key, []).append((due, document))
        self._journal.put(f"{self._name}.coming", key, self._coming[key])

    def settle(self, now: datetime) -> None:
        """Show everything that is due."""
        limit = now.isoformat()
        for key, changes in list(self._coming.items()):
            due = [change for change in changes if change[0] <= limit]
            if not due:
                continue
            self._show(key, due[-1][1])
            left = changes[len(due) :]
            if left:
                self._coming[key] = left
                self._journal.put(f"{self._name}.coming", key, left)
            else:
                del self._coming[key]
                self._journal.drop(f"{self._name}.coming", key)

    def keys(self, start: str = "") -> list[str]:
        """Return the keys of what is visible and begins with `start`, in their order."""
        return self._shown.keys_under(start)

    def document(self, key: str) -> Json:
        """Return what is visible under a key."""
        return self._shown[key]

    def documents(self) -> Iterator[Json]:
        """Return what is visible, ordered by key."""
        return self._shown.values()

    def _show(self, key: str, document: Json | None) -> None:
        if document is None:
            self._shown.pop(key)
            self._journal.drop(f"{self._name}.shown", key)
        else:
            self._shown[key] = document
            self._journal.put(f"{self._name}.shown", key, document)
