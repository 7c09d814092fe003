"""What a function is once both halves have accepted it, and what it is when they have not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from local.host.loading import Indexed
from local.host.ncrontab import Schedule
from local.host.routing import Template
from local.host.settings import Connection


class Level(StrEnum):
    """Which key opens an HTTP function."""

    ANONYMOUS = "ANONYMOUS"
    FUNCTION = "FUNCTION"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Called over HTTP. No methods means every method."""

    route: str
    template: Template
    methods: frozenset[str]
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Called once for each message of a queue."""

    queue: str
    connection: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a failed timer run is tried again, at once; `most` -1 means for ever."""

    most: int
    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Called when its schedule says. `is_monitored`: a missed run is noticed and made good."""

    schedule: Schedule
    is_monitored: bool
    run_on_startup: bool
    retry: Retry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function that the host runs."""

    indexed: Indexed
    trigger: Http | Queue | Timer
    is_disabled: bool

    @property
    def name(self) -> str:
        """The function's name, as declared."""
        return self.indexed.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The app as the host runs it. `faults` are the errors of each function that was skipped."""

    functions: tuple[Function, ...]
    indexed: tuple[Indexed, ...]
    faults: Mapping[str, tuple[str, ...]]

    def named(self, name: str) -> Function | None:
        """Return the running function of that name, ignoring case."""
        return next((f for f in self.functions if f.name.lower() == name.lower()), None)
