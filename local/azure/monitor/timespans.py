"""ISO 8601 spans of time as Azure Monitor takes them: `PT1H`, `start/end`, `start/PT1H`.

Log Analytics and the metrics share the forms. Azure's durations have no years and no months here:
their length would depend on the calendar.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LENGTH = re.compile(
    r"P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when, both included; None is open."""

    since: datetime | None = None
    until: datetime | None = None


def read(text: object, *, now: datetime) -> Span:
    """Return what `text` spans, backwards from `now` where it is a length alone.

    Raises ValueError with a sentence for what it is not.
    """
    if text is None or text == "":
        return Span()
    if not isinstance(text, str):
        raise ValueError(f"'{text}' is not an ISO 8601 interval.")  # noqa: TRY004 - a bad value
    first, slash, last = text.partition("/")
    if not slash:
        return Span(since=now - length(first), until=now)
    if last.startswith("P"):
        since = instant(first)
        return Span(since=since, until=since + length(last))
    until = instant(last)
    since = until - length(first) if first.startswith("P") else instant(first)
    if since > until:
        raise ValueError(f"'{text}' ends before it begins.")
    return Span(since=since, until=until)


def length(text: str) -> timedelta:
    """Return a duration's length; raise ValueError for what is none."""
    match = _LENGTH.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is not an ISO 8601 duration.")
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"'{text}' is too long.") from error


def instant(text: str) -> datetime:
    """Return an instant, UTC where it names no zone; raise ValueError for what is none."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"'{text}' is not an ISO 8601 instant.") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
