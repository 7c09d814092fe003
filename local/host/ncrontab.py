"""NCRONTAB, the schedule language of the timer trigger, read as Azure's own parser reads it.

Six fields, `second minute hour day month weekday`; five mean that the second is 0. It is not
cron: the day of the month AND the weekday must match, 7 is not Sunday, and `?`, `L`, `W`, `#` and
`@daily` do not exist. A name may be any beginning of an English month or day. Times are UTC, as on
Linux plans.

Source of the rules: the NCrontab library of Atif Aziz, which the timer extension uses.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

NEVER = datetime.max.replace(tzinfo=UTC)
# 29 February falls on a given weekday at least once in 40 years, so nothing lies beyond.
_HORIZON = timedelta(days=41 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a timer fires: the matching values of each field, in ascending order, Sunday = 0."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_FIELDS = (
    _Field(name="second", first=0, last=59),
    _Field(name="minute", first=0, last=59),
    _Field(name="hour", first=0, last=23),
    _Field(name="day", first=1, last=31),
    _Field(name="month", first=1, last=12, names=_MONTHS),
    _Field(name="weekday", first=0, last=6, names=_DAYS),
)


def parse(text: str) -> Schedule:
    """Return the schedule that `text` describes; ValueError names the faulty field."""
    words = text.split()
    if len(words) not in (5, 6):
        raise ValueError(f"schedule {text!r} has {len(words)} fields, not 6 (or 5, no seconds)")
    if len(words) == 5:
        words = ["0", *words]
    found = [_values(word, field) for word, field in zip(words, _FIELDS, strict=True)]
    seconds, minutes, hours = (tuple(sorted(values)) for values in found[:3])
    days, months, weekdays = (frozenset(values) for values in found[3:])
    return Schedule(
        text=text,
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
    )


def next_fire(schedule: Schedule, after: datetime) -> datetime:
    """Return the first occurrence later than `after`, UTC; NEVER where no such date exists."""
    start = after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    if _is_day(schedule, start.date()):
        moment = _moment_from(schedule, start.time())
        if moment is not None:
            return datetime.combine(start.date(), moment, UTC)
    day = _next_day(schedule, start.date())
    if day is None:
        return NEVER
    first = time(schedule.hours[0], schedule.minutes[0], schedule.seconds[0])
    return datetime.combine(day, first, UTC)


def is_sub_minute(schedule: Schedule) -> bool:
    """Say whether only the seconds restrict, so that it fires more than once in every minute.

    Azure keeps no status for such a timer (`TimerSchedule.cs`).
    """
    values = (schedule.minutes, schedule.hours, schedule.days, schedule.months, schedule.weekdays)
    unrestricted = all(
        len(some) == field.last - field.first + 1
        for some, field in zip(values, _FIELDS[1:], strict=True)
    )
    return unrestricted and len(schedule.seconds) > 1


def _values(word: str, field: _Field) -> set[int]:
    try:
        return {value for part in word.split(",") for value in _range(part, field)}
    except ValueError as problem:
        raise ValueError(f"{field.name} {word!r}: {problem}") from None


def _range(part: str, field: _Field) -> Iterable[int]:
    span, slash, step_text = part.partition("/")
    if slash and not step_text.isdigit():
        raise ValueError(f"{step_text!r} is not a step")
    step = max(1, int(step_text)) if slash else 1
    low, dash, high = span.partition("-")
    match span, dash, slash:
        case "*", _, _:
            first, last = field.first, field.last
        case _, "-", _:
            # A range written backwards is turned round, as NCrontab does.
            first, last = sorted((_value(low, field), _value(high, field)))
        case _, _, "/":
            first, last = _value(span, field), field.last
        case _:
            first = last = _value(span, field)
    return range(first, last + 1, step)


def _value(text: str, field: _Field) -> int:
    if not text:
        raise ValueError("a value is missing")
    if text.isascii() and text.isdigit():
        value = int(text)
        if not field.first <= value <= field.last:
            raise ValueError(f"{value} is not between {field.first} and {field.last}")
        return value
    for index, name in enumerate(field.names):
        if name.lower().startswith(text.lower()):
            return field.first + index
    raise ValueError(f"{text!r} is not known here")


def _is_day(schedule: Schedule, day: date) -> bool:
    return (
        day.month in schedule.months
        and day.day in schedule.days
        and day.isoweekday() % 7 in schedule.weekdays
    )


def _next_day(schedule: Schedule, after: date) -> date | None:
    day, end = after, after + min(_HORIZON, date.max - after)
    while day < end:
        day += timedelta(days=1)
        if _is_day(schedule, day):
            return day
        if day.month not in schedule.months:
            # Straight to the last day of the month: the next turn of the loop enters the new one.
            day = day.replace(day=monthrange(day.year, day.month)[1])
    return None


def _moment_from(schedule: Schedule, start: time) -> time | None:
    """Return the first matching time of day that is not earlier than `start`."""
    hours = _from(schedule.hours, start.hour)
    for hour, minute in product(hours, schedule.minutes):
        if (hour, minute) < (start.hour, start.minute):
            continue
        same_minute = (hour, minute) == (start.hour, start.minute)
        seconds = _from(schedule.seconds, start.second) if same_minute else schedule.seconds
        if seconds:
            return time(hour, minute, seconds[0])
    return None


def _from(values: Sequence[int], low: int) -> Sequence[int]:
    return [value for value in values if value >= low]
