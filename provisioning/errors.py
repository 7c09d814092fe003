"""The few ways in which things go wrong.

An error is either worth another try (`TransientError`) or it is not (`TerminalError`); a step
raises one of the two and nothing else on purpose. `StaleRowError` is the store's way of saying
that somebody else was first. `Refusal` is what a door answers when it will not let a request in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class TransientError(Exception):
    """Nothing is wrong with what was asked; ask again after `after`."""

    def __init__(self, code: str, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.after = after


class TerminalError(Exception):
    """Asking again would give the same answer; a person must act on the sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StaleRowError(Exception):
    """Somebody was first with the row; `index` is its place in the changes."""

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class SettingsError(Exception):
    """The settings cannot be used; `faults` names every one of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request: a stable code, a sentence with the remedy, the field."""

    code: str
    message: str
    target: str | None = None


class Refusal(Exception):
    """A request that a door turns away, with the HTTP status and every fault found."""

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__(faults[0].message)
        self.status = status
        self.faults = faults

    @staticmethod
    def one(status: int, code: str, message: str, target: str | None = None) -> "Refusal":
        """Return a refusal with a single fault."""
        return Refusal(status, Fault(code, message, target))
