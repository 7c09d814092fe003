"""What is kept by identifier, so that a part of it can be had in order without a look elsewhere.

A dictionary whose keys are also held sorted: what begins with a path is a slice of them.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_LAST = chr(0x10FFFF)


class Shelf(Generic[T]):
    """Values by key, in the order of their keys; sorted once, kept so."""

    def __init__(self, rows: Mapping[str, T]) -> None:
        """Hold these rows."""
        self._rows = dict(rows)
        self._keys = sorted(self._rows)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is a row of this key."""
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in their order."""
        return iter(list(self._keys))

    def __getitem__(self, key: str) -> T:
        """Return the row of a key; KeyError where there is none."""
        return self._rows[key]

    def __setitem__(self, key: str, row: T) -> None:
        """Keep a row."""
        if key not in self._rows:
            insort(self._keys, key)
        self._rows[key] = row

    def get(self, key: str) -> T | None:
        """Return the row of a key, or None."""
        return self._rows.get(key)

    def pop(self, key: str, default: Any = None) -> T | Any:
        """Let a row go and return it."""
        if key not in self._rows:
            return default
        del self._keys[bisect_left(self._keys, key)]
        return self._rows.pop(key)

    def items(self) -> Iterator[tuple[str, T]]:
        """Yield keys and rows in the order of the keys."""
        return ((key, self._rows[key]) for key in list(self._keys))

    def values(self) -> Iterator[T]:
        """Yield the rows in the order of their keys."""
        return (self._rows[key] for key in list(self._keys))

    def keys_under(self, start: str) -> list[str]:
        """Return the keys that begin with `start`, in their order."""
        return self._keys[bisect_left(self._keys, start) : bisect_left(self._keys, start + _LAST)]

    def under(self, start: str) -> list[T]:
        """Return the rows whose keys begin with `start`, in their order."""
        return [self._rows[key] for key in self.keys_under(start)]
