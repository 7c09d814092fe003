"""JSON and values: how a value is written as text, how text is read, when two values are the same.

Text of JSON is read as tolerantly as the service reads it: single quotes, names without quotes,
comments and a comma too many are allowed.
"""

import json as json_
import re
from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import kind

LARGEST = 2**63 - 1

_TOLERATED = re.compile(
    r"""(?P<double>"(?:[^"\\]|\\.)*")|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<comma>,(?=\s*[}\]]))"""
    r"""|(?P<open>["'].*|/\*.*)|(?P<name>[A-Za-z_$][\w$]*+)(?=\s*:)|(?P<other>[\w$.+-]++)""",
    re.DOTALL,
)


def read(name: str, text: str) -> Any:
    """Return what JSON says; raise TemplateError in the name of a function."""
    for form in (text, _strict(text)):
        try:
            return json_.loads(form, parse_constant=_refused, parse_int=_whole)
        except (ValueError, RecursionError):
            continue
    raise TemplateError(
        f"The template language function '{name}' parameter is not valid. The provided value"
        f" '{text[:200]}' cannot be converted to JSON. Please see"
        f" https://aka.ms/arm-functions#{name} for usage details."
    )


def written(value: Any) -> str:
    """Return a value as JSON without spaces."""
    return json_.dumps(value, separators=(",", ":"), ensure_ascii=False)


def plain(value: Any) -> str:
    """Return a value as the text that stands for it inside other text."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "True" if value else "False"
    return written(value)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same; of different types they are not."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def frozen(value: Any) -> Any:
    """Return what is equal for values that are the same, and can stand in a set."""
    match value:
        case list():
            return ("Array", *map(frozen, value))
        case dict():
            return ("Object", frozenset((key, frozen(inner)) for key, inner in value.items()))
    return (kind(value), value)


def _strict(text: str) -> str:
    return _TOLERATED.sub(_strictly, text)


def _strictly(found: re.Match[str]) -> str:
    for kept in ("double", "open", "other"):
        if found[kept] is not None:
            return found[kept]
    if found["single"] is not None:
        inner = found["single"].replace("\\'", "'")
        return '"' + re.sub(r'(?<!\\)"', r"\"", inner) + '"'
    if found["name"] is not None:
        return f'"{found["name"]}"'
    return ""


def _refused(word: str) -> Any:
    raise ValueError(word)


def _whole(text: str) -> int | float:
    number = int(text)
    return number if -LARGEST - 1 <= number <= LARGEST else float(text)
