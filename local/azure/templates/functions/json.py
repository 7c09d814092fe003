"""JSON and values: how a value is written as text, how text is read, when two values are the same.

Text is read as a request's body is, by `lenient`.
"""

import json as json_
from typing import Any

from local.azure.templates import lenient
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import kind


def read(name: str, text: str) -> Any:
    """Return what JSON says; raise TemplateError in the name of a function."""
    try:
        return lenient.read(text)
    except ValueError as error:
        raise TemplateError(
            f"The template language function '{name}' parameter is not valid. The provided value"
            f" '{text[:200]}' cannot be converted to JSON. Please see"
            f" https://aka.ms/arm-functions#{name} for usage details."
        ) from error


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
