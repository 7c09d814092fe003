"""Functions that take functions: `lambda` writes one, the others call it for each element.

What a lambda is called with is found in it by `lambdaVariables`. A lambda with one name more than
there are values is also told the place of the element.

Source: learn.microsoft.com "Lambda functions for ARM templates".
"""

from functools import cmp_to_key
from typing import Any

from local.azure.templates.evaluation import Lambda, Scope, key_of
from local.azure.templates.expressions import Literal, Node
from local.azure.templates.functions.objects import ordered
from local.azure.templates.functions.registry import expect, function, wrong


@function("lambda", 1, None, lazy=True, lambdas=True)
def lambda_(scope: Scope, *args: Node) -> Lambda:
    """Return a function of the names that stand before its body."""
    *heads, body = args
    names = [head.value for head in heads if isinstance(head, Literal)]
    if len(names) != len(heads) or not all(isinstance(one, str) and one for one in names):
        raise wrong("lambda", "The names of its variables must be string literals.")
    if len({str(one).lower() for one in names}) != len(names):
        raise wrong("lambda", "The names of its variables must differ.")
    return Lambda(tuple(map(str, names)), body, scope)


@function("lambdaVariables", 1)
def lambda_variables(scope: Scope, name: Any) -> Any:
    """Return what a lambda around this was called with."""
    expect("lambdaVariables", name, "String")
    key = key_of(scope.lambdas, name)
    if key is None:
        raise wrong("lambdaVariables", f"The lambda variable '{name}' is not found.")
    return scope.lambdas[key]


@function("filter", 2, lambdas=True)
def filter_(scope: Scope, values: Any, keep: Any) -> list[Any]:
    """Return the elements for which a lambda is true."""
    _expect("filter", values, keep, 1, 2)
    return [
        one
        for at, one in enumerate(values)
        if _returned("filter", _called(keep, at, one), "Boolean")
    ]


@function("map", 2, lambdas=True)
def map_(scope: Scope, values: Any, change: Any) -> list[Any]:
    """Return what a lambda gives for each element."""
    _expect("map", values, change, 1, 2)
    return [_called(change, at, one) for at, one in enumerate(values)]


@function("mapValues", 2, lambdas=True)
def map_values(scope: Scope, values: Any, change: Any) -> dict[str, Any]:
    """Return an object with what a lambda gives for each value."""
    expect("mapValues", values, "Object", which="first")
    _expect_lambda("mapValues", change, 1, 1)
    return {key: change(values[key]) for key in values}


@function("reduce", 3, lambdas=True)
def reduce(scope: Scope, values: Any, start: Any, join: Any) -> Any:
    """Return what a lambda makes of a first value and each element in turn."""
    _expect("reduce", values, join, 2, 3)
    if isinstance(start, Lambda):
        raise wrong("reduce", "The initial value must not be a lambda expression.")
    found = start
    for at, one in enumerate(values):
        found = _called(join, at, found, one)
    return found


@function("sort", 2, lambdas=True)
def sort(scope: Scope, values: Any, before: Any) -> list[Any]:
    """Return the elements in the order in which a lambda says that one is before another."""
    _expect("sort", values, before, 2, 2)

    def compared(one: Any, other: Any) -> int:
        """Return -1, 1 or 0, for before, after or neither."""
        if _returned("sort", before(one, other), "Boolean"):
            return -1
        return 1 if _returned("sort", before(other, one), "Boolean") else 0

    return sorted(values, key=cmp_to_key(compared))


@function("toObject", 2, 3, lambdas=True)
def to_object(scope: Scope, values: Any, name: Any, value: Any = None) -> dict[str, Any]:
    """Return an object with a property for each element, named and given by lambdas."""
    _expect("toObject", values, name, 1, 2)
    if value is not None:
        _expect_lambda("toObject", value, 1, 2)
    found: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for at, one in enumerate(values):
        key = _returned("toObject", _called(name, at, one), "String")
        key = spelled.setdefault(key.lower(), key)
        found[key] = one if value is None else _called(value, at, one)
    return found


@function("groupBy", 2, lambdas=True)
def group_by(scope: Scope, values: Any, name: Any) -> dict[str, list[Any]]:
    """Return the elements as lists, by the name that a lambda gives for each."""
    _expect("groupBy", values, name, 1, 2)
    found: dict[str, list[Any]] = {}
    spelled: dict[str, str] = {}
    for at, one in enumerate(values):
        key = _returned("groupBy", _called(name, at, one), "String")
        found.setdefault(spelled.setdefault(key.lower(), key), []).append(one)
    return {key: found[key] for key in ordered(found)}


def _called(called: Lambda, at: int, *values: Any) -> Any:
    """Return what a lambda gives; one that asks for it is told the place."""
    return called(*values, at)


def _expect(name: str, values: Any, called: Any, least: int, most: int) -> None:
    expect(name, values, "Array", which="first")
    _expect_lambda(name, called, least, most)


def _expect_lambda(name: str, called: Any, least: int, most: int) -> None:
    if not isinstance(called, Lambda):
        raise wrong(name, "The last argument must be a lambda expression.")
    if not least <= len(called.names) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise wrong(
            name,
            f"The lambda expression must have {wanted} variable(s), and has {len(called.names)}.",
        )


def _returned(name: str, value: Any, wanted: str) -> Any:
    return expect(name, value, wanted, which="lambda's result")
