"""How single values of an alert are read: text, instants, resource ids; never an error."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_LONGEST = 512
_MOST = 20


def at(value: Any, *path: str) -> Any:
    """Return what lies at the path, or None where there is no such place."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: Any) -> str:
    """Return text as it is, cut; empty for anything else."""
    return value[:_LONGEST] if isinstance(value, str) else ""


def instant(value: Any) -> datetime | None:
    """Return an ISO instant, UTC (that without a zone is UTC too); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def resources(values: Any) -> tuple[str, ...]:
    """Return the resource ids among the values, lower case: Azure writes them in any."""
    listed: Iterable[Any] = values if isinstance(values, list) else [values]
    found = (text(value).strip().lower().rstrip("/") for value in listed)
    ids = [f for f in found if f.startswith("/subscriptions/")]
    return tuple(dict.fromkeys(ids))[:_MOST]


def rule_name(value: Any) -> str:
    """Return the name of a rule, given as a name or as a resource id."""
    return text(value).rsplit("/", 1)[-1].replace("%20", " ") if _is_id(value) else text(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.lower().startswith("/subscriptions/")
