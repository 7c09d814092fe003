"""Composite formatting: `{index,width:form}` in a text, and the forms that numbers can take.

The invariant culture is the service's. Forms that are no number's are taken for nothing, as a text
takes them. Lists and objects are written as JSON in single quotes, which Azure/bicep's evaluation
tests hold against the service's own engine.

Source: learn.microsoft.com "Composite formatting", "Standard numeric format strings", "Custom
numeric format strings".
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from local.azure.templates.effort import MOST_TEXT, too_large
from local.azure.templates.errors import TemplateError
from local.azure.templates.functions import json

_ITEM = re.compile(
    r"\{\{|\}\}|\{(?P<index>\d{1,6})\s*(?:,\s*(?P<width>-?\d{1,6})\s*)?(?::(?P<form>[^{}]*))?\}"
    r"|(?P<brace>[{}])"
)
_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_WIDEST = 4096
_INDEX = (
    "Index (zero based) must be greater than or equal to zero and less than the size of the"
    " argument list."
)


def composed(text: str, args: Sequence[Any]) -> str:
    """Return a text with values in its places; raise TemplateError for a wrong place."""
    made = 0

    def placed(found: re.Match[str]) -> str:
        """Return what stands for one place."""
        nonlocal made
        if found["brace"]:
            raise _invalid("Input string was not in a correct format.")
        if found["index"] is None:
            return found[0][0]
        index, width = int(found["index"]), int(found["width"] or 0)
        if index >= len(args):
            raise _invalid(_INDEX)
        if abs(width) > _WIDEST:
            raise _invalid("Input string was not in a correct format.")
        shown = _shown(args[index], found["form"] or "")
        made += max(len(shown), abs(width))
        if made > MOST_TEXT:
            raise too_large()
        return shown.ljust(-width) if width < 0 else shown.rjust(width)

    return _ITEM.sub(placed, text)


def _invalid(why: str) -> TemplateError:
    return TemplateError(
        f"Unable to evaluate language function 'format': the format is invalid: '{why}'. Please"
        " see https://aka.ms/arm-function-format for usage details."
    )


def _shown(value: Any, form: str) -> str:
    if isinstance(value, list | dict):
        return _quoted(value)
    if not form or isinstance(value, bool) or not isinstance(value, int | float):
        return json.plain(value)
    standard = _STANDARD.fullmatch(form)
    if standard is None:
        return _custom(value, form)
    digits = int(standard[2]) if standard[2] else None
    return _standard(value, standard[1], digits)


def _quoted(value: Any) -> str:
    """Return a value as JSON in single quotes, as only this function writes it."""
    match value:
        case str():
            inner = json.written(value)[1:-1].replace(r"\"", '"').replace("'", r"\'")
            return f"'{inner}'"
        case list():
            return f"[{','.join(map(_quoted, value))}]"
        case dict():
            pairs = (f"{_quoted(name)}:{_quoted(one)}" for name, one in value.items())
            return f"{{{','.join(pairs)}}}"
    return json.written(value)


def _standard(value: int | float, letter: str, digits: int | None) -> str:
    match letter.upper():
        case "D" if isinstance(value, int):
            return ("-" if value < 0 else "") + str(abs(value)).zfill(digits or 0)
        case "X" if isinstance(value, int):
            shown = f"{value & (1 << 64) - 1:x}".zfill(digits or 0)
            return shown.upper() if letter == "X" else shown
        case "F":
            return f"{_rounded(value, _or(digits, 2)):f}"
        case "N":
            return f"{_rounded(value, _or(digits, 2)):,f}"
        case "P":
            return f"{_rounded(Decimal(str(value)) * 100, _or(digits, 2)):,f} %"
        case "C":
            shown = f"¤{_rounded(abs(value), _or(digits, 2)):,f}"
            return f"({shown})" if value < 0 else shown
        case "E":
            head, _, power = f"{value:.{_or(digits, 6)}e}".partition("e")
            return f"{head}{letter}{power[0]}{power[1:].zfill(3)}"
        case "G" | "R":
            return json.plain(value)
    raise _invalid("Format specifier was invalid.")


def _or(digits: int | None, usual: int) -> int:
    return usual if digits is None else digits


def _rounded(value: int | float | Decimal, digits: int) -> Decimal:
    try:
        with localcontext() as context:
            context.prec = 500
            return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    except ArithmeticError as error:
        raise _invalid("Format specifier was invalid.") from error


def _custom(value: int | float, form: str) -> str:
    """Return a number in a picture of `0` and `#`, a point, and commas for thousands."""
    sections = form.split(";")
    if value < 0 and len(sections) > 1 and sections[1]:
        return _pictured(abs(value), sections[1])
    if value == 0 and len(sections) > 2 and sections[2]:
        return _pictured(value, sections[2])
    return ("-" if value < 0 else "") + _pictured(abs(value), sections[0])


def _pictured(value: int | float, picture: str) -> str:
    found = re.search(r"[0#][0#,]*(?:\.[0#]+)?|\.[0#]+", picture)
    if found is None:
        return picture
    whole, _, part = found[0].partition(".")
    percent = "%" in picture
    number = _rounded(Decimal(str(value)) * (100 if percent else 1), len(part))
    left, _, right = f"{number:f}".partition(".")
    least = len(whole.replace(",", "")[whole.replace(",", "").find("0") :]) if "0" in whole else 0
    left = ("" if left == "0" else left).zfill(least)
    if "," in whole.strip(","):
        left = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", left)
    kept = len(part) - len(part.rstrip("#"))
    while kept and right.endswith("0"):
        right, kept = right[:-1], kept - 1
    shown = f"{left}.{right}" if right else left
    return picture[: found.start()] + shown + picture[found.end() :]
