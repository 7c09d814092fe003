"""Functions of whole numbers of 64 bits; those of larger ones are refused.

Source: learn.microsoft.com "Numeric functions for ARM templates".
"""

import re
from math import isfinite
from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope, kind
from local.azure.templates.functions.registry import expect, function, invalid, wrong
from local.azure.templates.lenient import LARGEST

_WHOLE = re.compile(r"\s*[+-]?\d{1,40}\s*", re.ASCII)


@function("add", 2)
def add(scope: Scope, one: Any, other: Any) -> int:
    """Return the sum."""
    _expect_two("add", one, other)
    return _whole("add", one + other)


@function("sub", 2)
def sub(scope: Scope, one: Any, other: Any) -> int:
    """Return the difference."""
    _expect_two("sub", one, other)
    return _whole("sub", one - other)


@function("mul", 2)
def mul(scope: Scope, one: Any, other: Any) -> int:
    """Return the product."""
    _expect_two("mul", one, other)
    return _whole("mul", one * other)


@function("div", 2)
def div(scope: Scope, one: Any, other: Any) -> int:
    """Return the quotient, cut off towards zero."""
    _expect_divisor("div", one, other)
    quotient = abs(one) // abs(other)
    return _whole("div", quotient if (one < 0) is (other < 0) else -quotient)


@function("mod", 2)
def mod(scope: Scope, one: Any, other: Any) -> int:
    """Return what a division leaves, with the dividend's sign."""
    _expect_divisor("mod", one, other)
    rest: int = abs(one) % abs(other)
    return -rest if one < 0 else rest


@function("int", 1)
def int_(scope: Scope, value: Any) -> int:
    """Return a text or a number as a whole number."""
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if isfinite(value):
            return _whole("int", round(value))
        case str() if _WHOLE.fullmatch(value):
            return _whole("int", int(value))
    shown = value if isinstance(value, str) else kind(value)
    raise TemplateError(
        f"The template language function 'int' cannot convert provided value '{shown}' to integer"
        " value. Please see https://aka.ms/arm-function-int for usage details."
    )


@function("float", 1)
def float_(scope: Scope, value: Any) -> float:
    """Return a text or a whole number as a number with a fraction."""
    expect("float", value, "String", "Integer", "Float")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number):
        raise invalid("float", f"cannot convert provided value '{value}' to a number.")
    return number


@function("max", 1, None)
def max_(scope: Scope, *args: Any) -> int:
    """Return the largest of some numbers, or of a list of them."""
    return max(_numbers("max", args))


@function("min", 1, None)
def min_(scope: Scope, *args: Any) -> int:
    """Return the smallest of some numbers, or of a list of them."""
    return min(_numbers("min", args))


def _numbers(name: str, args: tuple[Any, ...]) -> list[int]:
    numbers = args[0] if len(args) == 1 and isinstance(args[0], list) else list(args)
    if not numbers:
        raise wrong(name, "The array has no elements.")
    return [expect(name, one, "Integer") for one in numbers]


def _expect_two(name: str, one: Any, other: Any) -> None:
    expect(name, one, "Integer", which="first")
    expect(name, other, "Integer", which="second")


def _expect_divisor(name: str, one: Any, other: Any) -> None:
    _expect_two(name, one, other)
    if other == 0:
        raise wrong(name, "The second parameter must not be zero.")


def _whole(name: str, number: int) -> int:
    if -LARGEST - 1 <= number <= LARGEST:
        return number
    raise wrong(name, "The result is too large for a 64-bit integer.")
