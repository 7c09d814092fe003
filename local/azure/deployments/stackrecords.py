"""What is remembered of deployment stacks: what each manages, and how far its last change is."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from local.azure.arm import Call, Json
from local.azure.journal import Journal

KIND = "stack"
ENDED = frozenset({"succeeded", "failed", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack. `unmanage` says what becomes of what it manages no longer, `deny` who may not.

    `managed` are the identifiers it manages, `deployment` and `cleanup` the deployments of its
    last change. `poll` is the last part of the address where that change is followed.
    """

    id: str
    name: str
    scope: str
    deployed_to: str
    asked: Json  # template, parameters, links, as they were sent
    version: str
    unmanage: Json
    deny: Json
    principal: str
    base: str
    correlation: str
    poll: str
    created: datetime
    changed: datetime
    begun: datetime
    state: str = "initializing"
    location: str = ""
    tags: Json | None = None
    description: str = ""
    told_scope: bool = False
    deployment: str = ""
    cleanup: str = ""
    managed: list[str] = field(default_factory=list)
    detached: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    failed: list[Json] = field(default_factory=list)
    outputs: Json | None = None
    error: Json | None = None
    duration: str = ""
    deleting: bool = False

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return self.id.lower()

    @property
    def busy(self) -> bool:
        """Tell whether a change of it is under way."""
        return self.state not in ENDED

    def call(self, at: datetime) -> Call:
        """Return a call of whoever changed it last, on its behalf."""
        return Call(
            method="PUT",
            path=self.id,
            query={"api-version": self.version},
            body=b"",
            base=self.base,
            principal=self.principal,
            now=at,
            request_id=self.correlation,
            stack=self.id,
        )


@dataclass(slots=True)
class Stacks:
    """All stacks, how far their changes are, and the what-if results that were asked for."""

    journal: Journal
    rows: dict[str, Stack] = field(default_factory=dict)
    ends: dict[str, Json] = field(default_factory=dict)
    guesses: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read back what the journal has."""
        for key, row in self.journal.rows(KIND):
            self.rows[key] = _read(row)
        self.ends.update(self.journal.rows(f"{KIND}.end"))
        self.guesses.update(self.journal.rows(f"{KIND}.guess"))

    def save(self, one: Stack) -> Stack:
        """Keep a stack, and how far its last change is."""
        self.rows[one.key] = one
        self.journal.put(KIND, one.key, _write(one))
        self.note(one.poll, one.state, one.error)
        return one

    def note(self, poll: str, state: str, error: Json | None = None) -> None:
        """Keep what a poll of a change answers."""
        told = {"status": state, **({"error": error} if error is not None else {})}
        self.ends[poll] = told
        self.journal.put(f"{KIND}.end", poll, told)

    def drop(self, one: Stack) -> None:
        """Forget a stack."""
        self.rows.pop(one.key, None)
        self.journal.drop(KIND, one.key)

    def guess(self, name: str, told: Json | None) -> None:
        """Keep the result of a what-if, or forget it."""
        key = name.lower()
        if told is None:
            self.guesses.pop(key, None)
            self.journal.drop(f"{KIND}.guess", key)
        else:
            self.guesses[key] = told
            self.journal.put(f"{KIND}.guess", key, told)

    def find(self, stack_id: str) -> Stack | None:
        """Return the stack of this identifier."""
        return self.rows.get(stack_id.lower())

    def within(self, scope: str) -> list[Stack]:
        """Return the stacks of a scope, by name."""
        found = [one for one in self.rows.values() if one.scope.lower() == scope.lower()]
        return sorted(found, key=lambda one: one.key)

    def below(self, start: str) -> Iterator[Stack]:
        """Yield the stacks whose identifiers begin with `start`."""
        start = start.lower()
        return (one for key, one in list(self.rows.items()) if key.startswith(start))


_TIMES = {"created", "changed", "begun"}


def _write(one: Stack) -> Json:
    found = {item.name: getattr(one, item.name) for item in fields(one)}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.items()}


def _read(row: Json) -> Stack:
    found: dict[str, Any] = {
        k: datetime.fromisoformat(v) if k in _TIMES else v for k, v in row.items()
    }
    return Stack(**found)
