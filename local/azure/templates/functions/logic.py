"""Logical functions and comparisons: what is needed is evaluated, the rest is not.

Source: learn.microsoft.com "Logical functions for ARM templates", "Comparison functions for ARM
templates".
"""

from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope, evaluate, kind
from local.azure.templates.expressions import Node
from local.azure.templates.functions import json
from local.azure.templates.functions.registry import expect, function, invalid


@function("true", 0)
def true(scope: Scope) -> bool:
    """Return true."""
    return True


@function("false", 0)
def false(scope: Scope) -> bool:
    """Return false."""
    return False


@function("null", 0)
def null(scope: Scope) -> None:
    """Return null."""
    return


@function("if", 3, lazy=True)
def if_(scope: Scope, test: Node, yes: Node, no: Node) -> Any:
    """Return one of two values; the other is not evaluated."""
    return evaluate(yes if expect("if", evaluate(test, scope), "Boolean") else no, scope)


@function("and", 2, None, lazy=True)
def and_(scope: Scope, *args: Node) -> bool:
    """Tell whether all are true; stop at the first that is not."""
    return all(expect("and", evaluate(one, scope), "Boolean") for one in args)


@function("or", 2, None, lazy=True)
def or_(scope: Scope, *args: Node) -> bool:
    """Tell whether one is true; stop there."""
    return any(expect("or", evaluate(one, scope), "Boolean") for one in args)


@function("not", 1)
def not_(scope: Scope, value: Any) -> bool:
    """Return the opposite."""
    return not expect("not", value, "Boolean")


@function("bool", 1)
def bool_(scope: Scope, value: Any) -> bool:
    """Return a text or a number as a truth."""
    if isinstance(value, str):
        known = {"true": True, "1": True, "false": False, "0": False}
        if value.lower() in known:
            return known[value.lower()]
        raise invalid(
            "bool",
            "was invoked with a parameter that is not valid. The value cannot be converted to the"
            " target type.",
        )
    return bool(expect("bool", value, "Boolean", "Integer"))


@function("coalesce", 1, None, lazy=True)
def coalesce(scope: Scope, *args: Node) -> Any:
    """Return the first value that is not null."""
    for one in args:
        found = evaluate(one, scope)
        if found is not None:
            return found
    return None


@function("fail", 1)
def fail(scope: Scope, message: Any) -> Any:
    """Refuse the template with a message of its own."""
    raise TemplateError(expect("fail", message, "String"))


@function("equals", 2)
def equals(scope: Scope, one: Any, other: Any) -> bool:
    """Tell whether two values are the same; of different types they are not."""
    return json.same(one, other)


def _compared(name: str, one: Any, other: Any) -> int:
    expect(name, one, "Integer", "String", "Float")
    expect(name, other, "Integer", "String", "Float")
    if isinstance(one, str) != isinstance(other, str):
        raise invalid(
            name,
            "expects two parameters of matching types. The function was invoked with values of"
            f" type '{kind(one)}' and '{kind(other)}' that do not match.",
        )
    return int(one > other) - int(one < other)


@function("less", 2)
def less(scope: Scope, one: Any, other: Any) -> bool:
    """Tell whether the first is less."""
    return _compared("less", one, other) < 0


@function("lessOrEquals", 2)
def less_or_equals(scope: Scope, one: Any, other: Any) -> bool:
    """Tell whether the first is less or the same."""
    return _compared("lessOrEquals", one, other) <= 0


@function("greater", 2)
def greater(scope: Scope, one: Any, other: Any) -> bool:
    """Tell whether the first is greater."""
    return _compared("greater", one, other) > 0


@function("greaterOrEquals", 2)
def greater_or_equals(scope: Scope, one: Any, other: Any) -> bool:
    """Tell whether the first is greater or the same."""
    return _compared("greaterOrEquals", one, other) >= 0
