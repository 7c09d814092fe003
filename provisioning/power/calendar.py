"""Working hours: wall times in a zone, and the instants that they are on a given day.

A wall time that a clock change skips is taken as the first instant after the gap; one that it
repeats as the first of the two. So a window opens once and closes once on each of its days.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from provisioning.model import Hours

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_A_DAY = timedelta(days=1)
_FAR = 800  # days ahead that are looked at: hours that are all holidays never open


def windows(hours: Hours, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Return every stretch of working hours that ends after `start` and begins before `end`."""
    zone = ZoneInfo(hours.zone)
    day = start.astimezone(zone).date() - _A_DAY
    last = end.astimezone(zone).date() + _A_DAY
    while day <= last:
        if day.weekday() in hours.days and day.isoformat() not in hours.holidays:
            opens, closes = _instant(day, hours.opens, zone), _instant(day, hours.closes, zone)
            if opens < closes and closes > start and opens < end:
                yield opens, closes
        day += _A_DAY


def is_open(hours: Hours, now: datetime) -> bool:
    """Say whether `now` lies in working hours: from the opening on, up to the closing."""
    return any(a <= now < b for a, b in windows(hours, now, now + timedelta(microseconds=1)))


def next_change(hours: Hours, now: datetime) -> datetime | None:
    """Return the next opening or closing after `now`; None where there is none for two years."""
    for opens, closes in windows(hours, now, now + _FAR * _A_DAY):
        if opens > now:
            return opens
        if closes > now:
            return closes
    return None


def in_words(hours: Hours) -> str:
    """Return the hours as a person says them."""
    days = ", ".join(DAYS[day] for day in hours.days)
    return f"{days} {hours.opens} to {hours.closes} {hours.zone}"


def local(hours: Hours, when: datetime) -> str:
    """Return the instant as the clocks of the zone show it."""
    return f"{when.astimezone(ZoneInfo(hours.zone)):%a %Y-%m-%d %H:%M %Z}"


def _instant(day: date, wall: str, zone: ZoneInfo) -> datetime:
    hour, minute = wall.split(":")
    naive = datetime.combine(day, time(int(hour), int(minute)))
    found = naive.replace(tzinfo=zone, fold=0)
    if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        # In a gap fold 0 counts with the offset before it, fold 1 with the one after.
        after = naive.replace(tzinfo=zone, fold=1).utcoffset()
        before = found.utcoffset()
        assert after is not None
        assert before is not None
        return _first_after(found.astimezone(UTC), abs(after - before), zone)
    return found.astimezone(UTC)


def _first_after(inside: datetime, width: timedelta, zone: ZoneInfo) -> datetime:
    """Return the first instant after the change of clocks that lies within `width` of `inside`."""
    low, high = inside - width, inside + width
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
