"""Durations as ISO 8601 writes them: `PT3H`, `P1DT30M`. Months and years have no length."""

import re
from datetime import timedelta

_FORM = re.compile(
    r"P(?=.)(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` writes; raises ValueError where it writes none."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT3H")
    return timedelta(**{unit: int(value) for unit, value in match.groupdict().items() if value})


def written(duration: timedelta) -> str:
    """Return whole seconds of a duration as ISO 8601 writes them, in hours and below."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")
