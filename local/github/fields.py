"""What a request body may hold: types, choices and lengths, refused in GitHub's words.

GitHub checks the shape first ("Invalid request.") and the meaning after ("Validation Failed");
both are 422.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.github.answers import GitHubError, Json, invalid

_NAMES = {
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    int: "an integer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property. `longest` is in characters; `may_be_null` where GitHub describes it so."""

    types: tuple[type, ...] = (str,)
    required: bool = False
    may_be_null: bool = False
    choices: tuple[str, ...] = ()
    longest: int | None = None
    is_url: bool = False


def check(resource: str, fields: Mapping[str, Field], given: Json) -> None:
    """Refuse a body whose properties are missing, of another type, or of a value not allowed.

    Properties that are not in `fields` are passed over, as GitHub does.
    """
    missing = [name for name, rule in fields.items() if rule.required and given.get(name) is None]
    if missing:
        asked = ", ".join(f'"{name}"' for name in missing)
        raise GitHubError(422, f"Invalid request.\n\n{asked} wasn't supplied.")
    for name, rule in fields.items():
        if given.get(name) is not None:
            _check_value(resource, name, rule, given[name])
        elif name in given and not rule.may_be_null:
            raise GitHubError(422, _of_type(name, rule, None))


def _check_value(resource: str, name: str, rule: Field, value: Any) -> None:
    if not isinstance(value, rule.types):
        raise GitHubError(422, _of_type(name, rule, value))
    if rule.choices and value not in rule.choices:
        allowed = ", ".join(rule.choices)
        raise invalid(resource, name, f"{value} is not included in the list: {allowed}")
    if not isinstance(value, str):
        return
    if rule.longest is not None and len(value) > rule.longest:
        message = f"{name} is too long (maximum is {rule.longest} characters)"
        raise invalid(resource, name, message)
    if rule.is_url and value and not _is_url(value):
        raise invalid(resource, name, f"{name} must use http(s) scheme")


def _of_type(name: str, rule: Field, value: Any) -> str:
    wanted = " or ".join(_NAMES[kind] for kind in rule.types)
    return f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not {wanted}."


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
