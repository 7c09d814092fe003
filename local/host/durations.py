"""The two spellings of a length of time: .NET's in host.json, ISO 8601 in calls to the clock."""

import re
from datetime import timedelta

_TIME_SPAN = re.compile(
    r"(?P<minus>-)?(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2})(?P<fraction>\.\d{1,7})?)?"
)
_ISO = re.compile(
    r"(?P<minus>-)?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def time_span(text: str) -> timedelta:
    """Return what `[-][d.]hh:mm[:ss[.fffffff]]` means; ValueError otherwise.

    https://learn.microsoft.com/dotnet/standard/base-types/standard-timespan-format-strings
    """
    found = _TIME_SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a time span such as 00:00:10 or 1.02:00:00")
    hours, minutes, seconds = (int(found[part] or 0) for part in ("hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{text!r} has hours over 23, or minutes or seconds over 59")
    span = timedelta(
        days=int(found["days"] or 0),
        hours=hours,
        minutes=minutes,
        seconds=seconds + float(found["fraction"] or 0),
    )
    return -span if found["minus"] else span


def iso_duration(text: str) -> timedelta:
    """Return what an ISO 8601 duration of weeks, days, hours, minutes, seconds means.

    A leading minus is read. Months and years have no fixed length and are refused, like anything
    else: ValueError.
    """
    found = _ISO.fullmatch(text)
    parts = found.groupdict() if found else {}
    minus = parts.pop("minus", None)
    if not any(parts.values()):
        raise ValueError(
            f"{text!r} is not a duration of weeks, days, hours, minutes or seconds such as PT8H"
        )
    try:
        length = timedelta(**{unit: float(amount) for unit, amount in parts.items() if amount})
        return -length if minus else length
    except OverflowError as problem:
        raise ValueError(f"{text!r} is too long") from problem
