"""Inline constraints of a route: what a value must look like for the path to match at all.

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
"""

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

Check = Callable[[str], bool]


def _parses(parse: Callable[[str], object]) -> Check:
    def check(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, InvalidOperation):
            return False
        return True

    return check


def _whole(bits: int) -> Check:
    def check(value: str) -> bool:
        fits = re.fullmatch(r"[+-]?[0-9]{1,19}", value.strip())
        return fits is not None and -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1)

    return check


_SIMPLE: dict[str, Check] = {
    "int": _whole(32),
    "long": _whole(64),
    "guid": _parses(uuid.UUID),
    "bool": lambda value: value.lower() in ("true", "false"),
    "alpha": lambda value: re.fullmatch("[a-z]*", value, re.IGNORECASE) is not None,
    "decimal": _parses(Decimal),
    "double": _parses(float),
    "float": _parses(float),
    "datetime": _parses(datetime.fromisoformat),
    "required": bool,
}


def check(constraint: str, route: str) -> Check:
    """Return what a value must satisfy; ValueError where ASP.NET knows no such constraint."""
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", constraint, re.DOTALL)
    if found is None:
        raise ValueError(f"route {route!r}: constraint {constraint!r} does not parse")
    name, argument = found[1].lower(), found[2]
    if argument is None and name in _SIMPLE:
        return _SIMPLE[name]
    if name == "regex" and argument is not None:
        wanted = re.compile(argument, re.IGNORECASE)
        return lambda value: wanted.search(value) is not None
    numbers = [int(n) for n in re.findall(r"-?\d+", argument or "")]
    number = _whole(64)
    match name, numbers:
        case ("length", [exact]):
            return lambda value: len(value) == exact
        case ("length", [low, high]):
            return lambda value: low <= len(value) <= high
        case ("minlength", [low]):
            return lambda value: len(value) >= low
        case ("maxlength", [high]):
            return lambda value: len(value) <= high
        case ("min", [low]):
            return lambda value: number(value) and int(value) >= low
        case ("max", [high]):
            return lambda value: number(value) and int(value) <= high
        case ("range", [low, high]):
            return lambda value: number(value) and low <= int(value) <= high
        case _:
            raise ValueError(f"route {route!r}: there is no constraint {constraint!r}")
