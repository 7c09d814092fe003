"""Functions of instants.

Source: learn.microsoft.com "Date functions for ARM templates".
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope
from local.azure.templates.functions import moments
from local.azure.templates.functions.registry import expect, function

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@function("utcNow", 0, 1, places="parameter")
def utc_now(scope: Scope, form: Any = "yyyyMMddTHHmmssZ") -> str:
    """Return the instant in a form; only as a parameter's default."""
    return _written("utcNow", scope.runtime.now(), expect("utcNow", form, "String"))


@function("dateTimeAdd", 2, 3)
def date_time_add(scope: Scope, base: Any, length: Any, form: Any = moments.ISO) -> str:
    """Return an instant after another, or before it for a negative duration."""
    moment = _read("dateTimeAdd", base)
    expect("dateTimeAdd", length, "String", which="second")
    expect("dateTimeAdd", form, "String", which="third")
    found = moments.duration(length)
    if found is None:
        raise _wrong(
            "dateTimeAdd",
            f"The second parameter '{length}' is not a valid ISO8601 Duration string.",
        )
    try:
        return _written("dateTimeAdd", moment + found, form)
    except OverflowError as error:
        raise _wrong("dateTimeAdd", "The result is outside the years 1 to 9999.") from error


@function("dateTimeToEpoch", 1)
def date_time_to_epoch(scope: Scope, value: Any) -> int:
    """Return the whole seconds since 1970 began."""
    return (_read("dateTimeToEpoch", value) - _FIRST) // timedelta(seconds=1)


@function("dateTimeFromEpoch", 1)
def date_time_from_epoch(scope: Scope, value: Any) -> str:
    """Return the instant that is so many seconds after 1970 began."""
    expect("dateTimeFromEpoch", value, "Integer")
    try:
        moment = _FIRST + timedelta(seconds=value)
    except OverflowError as error:
        raise _wrong(
            "dateTimeFromEpoch", f"The value '{value}' is outside the years 1 to 9999."
        ) from error
    return _written("dateTimeFromEpoch", moment, moments.ISO)


def _read(name: str, value: Any) -> datetime:
    moment = moments.read(expect(name, value, "String", which="first"))
    if moment is None:
        raise _wrong(name, f"The first parameter '{value}' is not a valid DateTime string.")
    return moment


def _written(name: str, moment: datetime, form: str) -> str:
    found = moments.written(moment, form)
    if found is None:
        raise _wrong(name, f"The format '{form}' is not a valid DateTime format.")
    return found


def _wrong(name: str, why: str) -> TemplateError:
    return TemplateError(
        f"The template function '{name}' has an invalid parameter. {why} Please see"
        " https://aka.ms/arm-syntax-functions ."
    )
