"""The conditions of an environment: what a person should know of it, one of a kind each."""

from datetime import datetime

from provisioning.model import Condition, Environment

_FAILURES = ("Failed", "Cancelled")


def with_condition(
    conditions: tuple[Condition, ...],
    kind: str,
    message: str,
    *,
    now: datetime,
    lasting: bool = False,
) -> tuple[Condition, ...]:
    """Return the conditions with one of `kind` set; its `since` stays while the message does."""
    kept = without_condition(conditions, kind)
    same = next((c for c in conditions if c.kind == kind and c.message == message), None)
    fresh = Condition(kind=kind, message=message, since=now, lasting=lasting)
    return (*kept, same or fresh)


def without_condition(conditions: tuple[Condition, ...], kind: str) -> tuple[Condition, ...]:
    """Return the conditions but for those of `kind`."""
    return tuple(c for c in conditions if c.kind != kind)


def lasting(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions that outlive an operation."""
    return tuple(c for c in conditions if c.lasting)


def has_failed(environment: Environment) -> bool:
    """Say whether the last operation ended without success."""
    return without_failures(environment.conditions) != environment.conditions


def without_failures(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions but for those that say how an operation failed."""
    return tuple(c for c in conditions if c.kind not in _FAILURES)
