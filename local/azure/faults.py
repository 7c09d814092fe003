"""Faults ordered by a test: this call fails, is slow, or never answers.

A fault is matched by method and path, both regular expressions that ignore case, and spent after
`times` calls. `drop: before` cuts the connection without doing the work; `drop: after` does it and
cuts; `late` lets the call be accepted and the work it starts fail at its end.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.azure.arm import WRITES, Late
from local.azure.journal import Journal

_KNOWN = {
    "match",
    "status",
    "code",
    "message",
    "details",
    "headers",
    "times",
    "latency_ms",
    "drop",
    "late",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One order. `left` counts down."""

    method: str = ".*"
    path: str = ".*"
    status: int | None = None
    code: str = "InternalServerError"
    message: str = "Ordered by POST /_local/faults."
    headers: Mapping[str, str]
    details: tuple[Any, ...] = ()
    left: int = 1
    latency_ms: int = 0
    drop: str | None = None
    late: bool = False

    @property
    def at_the_end(self) -> Late:
        """The failure of the work that the call starts."""
        return Late(code=self.code, message=self.message, details=self.details)

    def matches(self, method: str, path: str) -> bool:
        """Tell whether this fault is for the call."""
        return bool(
            re.fullmatch(self.method, method, re.IGNORECASE)
            and re.search(self.path, path, re.IGNORECASE)
        )


class Faults:
    """The orders still open, oldest first."""

    def __init__(self, journal: Journal) -> None:
        """Read back what the journal has."""
        self._journal = journal
        self._open = {key: Fault(**row) for key, row in journal.rows("fault")}
        self._next = max((int(key) for key in self._open), default=0) + 1

    def add(self, fault: Fault) -> None:
        """Take an order."""
        self._keep(str(self._next), fault)
        self._next += 1

    def clear(self) -> None:
        """Forget all orders."""
        self._open.clear()
        self._journal.clear("fault")

    def open(self) -> list[Fault]:
        """Return what is still to come."""
        return list(self._open.values())

    def take(self, method: str, path: str) -> Fault | None:
        """Spend and return the first fault for this call."""
        for key, fault in self._open.items():
            if fault.matches(method, path) and not (fault.late and method.upper() == "GET"):
                return self._spend(key, fault)
        return None

    def late(self, method: str, path: str) -> Late | None:
        """Spend and return a late failure for work that no request asked for by itself."""
        for key, fault in self._open.items():
            if fault.late and fault.matches(method, path):
                self._spend(key, fault)
                return fault.at_the_end
        return None

    def _spend(self, key: str, fault: Fault) -> Fault:
        if fault.left > 1:
            self._keep(key, replace(fault, left=fault.left - 1))
        else:
            del self._open[key]
            self._journal.drop("fault", key)
        return fault

    def _keep(self, key: str, fault: Fault) -> None:
        self._open[key] = fault
        row = {name: getattr(fault, name) for name in Fault.__dataclass_fields__}
        self._journal.put("fault", key, row)


def read(body: Any) -> Fault:
    """Return the fault that a request body orders; raise ValueError naming a bad field."""
    if not isinstance(body, dict):
        raise ValueError("body: expected an object")  # noqa: TRY004
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown field")
    fault = Fault(
        method=_pattern(body, "method"),
        path=_pattern(body, "path"),
        status=_number(body, "status", 100, 599),
        code=_text(body, "code", "InternalServerError"),
        message=_text(body, "message", "Ordered by POST /_local/faults."),
        headers=_headers(body.get("headers")),
        details=_details(body.get("details")),
        left=_number(body, "times", 1, 1_000_000) or 1,
        latency_ms=_number(body, "latency_ms", 0, 600_000) or 0,
        drop=_drop(body.get("drop")),
        late=_flag(body, "late"),
    )
    if not (fault.status or fault.drop or fault.late or fault.latency_ms):
        raise ValueError("status: a fault needs a status, a drop, a latency_ms or late")
    return fault


def _details(given: Any) -> tuple[Any, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ValueError("details: expected a list of {'code', 'message'}")
    return tuple(given)


def is_write(method: str) -> bool:
    """Tell whether late failures can apply to this method."""
    return method in WRITES or method == "DELETE"


def _pattern(body: dict[str, Any], name: str) -> str:
    match = body.get("match", {})
    if not isinstance(match, dict) or set(match) - {"method", "path"}:
        raise ValueError("match: expected {'method', 'path'}")
    text = match.get(name, ".*")
    try:
        re.compile(text)
    except (re.error, TypeError) as error:
        raise ValueError(f"match.{name}: not a regular expression") from error
    return str(text)


def _number(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}: expected a whole number from {low} to {high}")
    return value


def _text(body: dict[str, Any], name: str, default: str) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected text")  # noqa: TRY004
    return value


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name}: expected true or false")  # noqa: TRY004
    return value


def _headers(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("headers: expected an object")  # noqa: TRY004
    return {str(k): str(v) for k, v in value.items()}


def _drop(value: Any) -> str | None:
    if value not in (None, "before", "after"):
        raise ValueError("drop: expected 'before' or 'after'")
    return None if value is None else str(value)
