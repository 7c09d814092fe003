"""Instants and their texts, as .NET reads and writes them in its invariant culture.

Source: learn.microsoft.com "Standard date and time format strings", "Custom date and time format
strings".
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ISO = "yyyy-MM-ddTHH:mm:ssZ"
_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June")
_MONTHS += ("July", "August", "September", "October", "November", "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(
    r"'([^']*)'|\"([^\"]*)\"|\\(.)|%(?=.)|(y+|M+|d+|H+|h+|m+|s+|f+|F+|t+|z+|K|g+)|(.)", re.DOTALL
)
_SPOKEN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AP]M))?)?",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=\w)(?:(?P<years>\d{1,7})Y)?(?:(?P<months>\d{1,7})M)?(?:(?P<weeks>\d{1,7})W)?"
    r"(?:(?P<days>\d{1,9})D)?(?:T(?=\w)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)


def read(text: str) -> datetime | None:
    """Return the instant, UTC, that a text names; None for one that names none."""
    text = text.strip()
    for form in (datetime.fromisoformat, _spoken, _of_mail):
        try:
            found = form(text)
            if found is not None:
                return _utc(found)
        except (ValueError, OverflowError):
            continue
    return None


def duration(text: str) -> timedelta | None:
    """Return a duration of ISO 8601; a year has 365 days, a month 30, as .NET has it."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    given = {name: float(value) for name, value in found.groupdict("0").items() if name != "sign"}
    days = given.pop("years") * 365 + given.pop("months") * 30 + given.pop("days")
    try:
        length = timedelta(days=days, **given)
    except OverflowError:
        return None
    return -length if found["sign"] else length


def written(moment: datetime, form: str) -> str | None:
    """Return an instant in a standard or custom form; None for a form that there is none of."""
    if len(form) == 1:
        if form not in _STANDARD:
            return None
        form = _STANDARD[form]
    return _TOKEN.sub(_token(moment), form) if form else written(moment, "G")


def _token(moment: datetime) -> Callable[[re.Match[str]], str]:
    def shown(found: re.Match[str]) -> str:
        """Return what stands for one token."""
        single, double, escaped, token, other = found.groups()
        if token:
            return _part(moment, token)
        return next((one for one in (single, double, escaped, other) if one is not None), "")

    return shown


def _part(at: datetime, token: str) -> str:
    letter, count = token[0], len(token)
    match letter:
        case "y":
            return f"{at.year % 100 if count < 3 else at.year:0{count}d}"
        case "M" if count > 2:
            return _MONTHS[at.month - 1] if count > 3 else _MONTHS[at.month - 1][:3]
        case "d" if count > 2:
            return _DAYS[at.weekday()] if count > 3 else _DAYS[at.weekday()][:3]
        case "f":
            return f"{at.microsecond:06d}0"[:count]
        case "F":
            return f"{at.microsecond:06d}0"[:count].rstrip("0")
        case "t":
            return ("AM" if at.hour < 12 else "PM")[:count]
        case "z":
            return {1: "+0", 2: "+00"}.get(count, "+00:00")
        case "K":
            return "Z"
        case "g":
            return "A.D."
    numbers = {
        "M": at.month,
        "d": at.day,
        "H": at.hour,
        "h": (at.hour + 11) % 12 + 1,
        "m": at.minute,
        "s": at.second,
    }
    return f"{numbers[letter]:0{min(count, 2)}d}"


def _spoken(text: str) -> datetime | None:
    found = _SPOKEN.fullmatch(text)
    if found is None:
        return None
    month, day, year, hour, minute, second = (int(one or 0) for one in found.groups()[:6])
    if found[7]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[7].upper() == "PM" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _of_mail(text: str) -> datetime:
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
