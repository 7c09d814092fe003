"""A table of the catalog's file that knows where it stands, so that its faults say so."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from provisioning.durations import parse_duration

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_MOST = 10_000  # of hours, cores or GB


class Table:
    """One table, its place in the file, and the list that its faults go to."""

    def __init__(
        self, content: Mapping[str, Any], file: str, path: str, faults: list[str]
    ) -> None:
        self._content = content
        self._file = file
        self._path = path
        self._faults = faults

    def names(self) -> list[str]:
        """Return the names that the table has."""
        return list(self._content)

    def only(self, *names: str) -> None:
        """Fault every name but these: a misspelt one must not pass for one left out."""
        for name in self._content.keys() - set(names):
            self.fault(name, f"means nothing; there are {', '.join(names)}")

    def table(self, name: str) -> "Table":
        """Return the table of that name; an empty one where there is none."""
        content = self._content.get(name, {})
        if not isinstance(content, dict):
            self.fault(name, "must be a table")
            content = {}
        return Table(content, self._file, f"{self._path}{name}.", self._faults)

    def get(self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return the value, which must be of that kind."""
        value = self._content.get(name, default)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        words = {str: "text", int: "a whole number", float: "a number"}[kind]
        self.fault(name, "is missing" if value is None else f"must be {words}")
        return kind()

    def positive(self, name: str, default: float) -> float:
        """Return a number above nought."""
        value = self._content.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST:
            return value
        self.fault(name, f"must be a number above 0, at most {_MOST}")  # TOML has inf and nan
        return default

    def choice(self, name: str, kind: type[E], default: E) -> E:
        """Return one of a few words."""
        value = self._content.get(name, default)
        found = next((item for item in kind if item == value), None)
        if found is None:
            self.fault(name, f"must be one of {', '.join(kind)}")
            return default
        return found

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number between two others."""
        value = self.get(name, int, default)
        if not least <= value <= most:
            self.fault(name, f"must be from {least} to {most}")
            return default
        return value

    def share(self, name: str, default: float) -> float:
        """Return a number from above 0 to below 1."""
        value = self._content.get(name, default)
        if isinstance(value, float) and 0 < value < 1:
            return value
        self.fault(name, "must be a number between 0 and 1, such as 0.02 for 2 %")
        return default

    def truth(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._content.get(name, default)
        if isinstance(value, bool):
            return value
        self.fault(name, "must be true or false")
        return default

    def duration(self, name: str, default: str) -> timedelta:
        """Return a duration, written as ISO 8601 does."""
        text = self.get(name, str, default)
        try:
            found = parse_duration(text)
        except ValueError:
            found = timedelta(0)
        if found <= timedelta(0):
            self.fault(name, "must be a duration such as PT1H")
            return parse_duration(default)
        return found

    def items(self, name: str, read: Callable[[Any], T], example: str) -> tuple[T, ...]:
        """Return a list, each item as `read` makes it; it raises ValueError where it cannot."""
        values = self._content.get(name, [])
        try:
            found = tuple(read(value) for value in values)
        except (ValueError, TypeError):
            found = ()
        if not isinstance(values, list) or len(found) < len(values):
            self.fault(name, f"must be a list such as {example}")
            return ()
        return found

    def fault(self, name: str, problem: str) -> None:
        """Note what is wrong with a name, and the remedy."""
        self._faults.append(f"{self._file}: {(self._path + name).rstrip('.')} {problem}")
