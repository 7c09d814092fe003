"""Functions of objects, and those that objects share with lists.

Names of properties are the same whatever their case: the first spelling stays. What comes out of
an object as a list comes in the order of the names, so that the order in an object means nothing.

Source: learn.microsoft.com "Object functions for ARM templates", "Array functions for ARM
templates".
"""

from typing import Any

from local.azure.templates.evaluation import Scope, key_of, kind, member
from local.azure.templates.functions import json
from local.azure.templates.functions.registry import expect, function, invalid, wrong


@function("createObject", 0, None)
def create_object(scope: Scope, *args: Any) -> dict[str, Any]:
    """Return an object of names and values in turn."""
    if len(args) % 2:
        raise wrong("createObject", "The number of arguments must be even: names and values.")
    found: dict[str, Any] = {}
    for name, value in zip(args[::2], args[1::2], strict=True):
        _put(found, expect("createObject", name, "String"), value)
    return found


@function("items", 1)
def items(scope: Scope, value: Any) -> list[dict[str, Any]]:
    """Return an object's properties as `key` and `value`, in the order of the names."""
    expect("items", value, "Object")
    return [{"key": key, "value": value[key]} for key in ordered(value)]


@function("objectKeys", 1)
def object_keys(scope: Scope, value: Any) -> list[str]:
    """Return the names of an object's properties, in their order."""
    return ordered(expect("objectKeys", value, "Object"))


@function("union", 2, None)
def union(scope: Scope, *args: Any) -> Any:
    """Return lists as one without repetitions, or objects as one: the later value stays.

    Objects inside objects are joined in the same way, lists inside them are replaced.
    """
    _expect_alike("union", args)
    if isinstance(args[0], dict):
        found: dict[str, Any] = {}
        for one in args:
            found = _joined(found, one)
        return found
    return _distinct(one for values in args for one in values)


@function("intersection", 2, None)
def intersection(scope: Scope, *args: Any) -> Any:
    """Return what all lists, or all objects, have in common."""
    _expect_alike("intersection", args)
    head, *rest = args
    if isinstance(head, dict):
        return {key: head[key] for key in head if all(_has(one, key, head[key]) for one in rest)}
    others = [{json.frozen(one) for one in values} for values in rest]
    return [one for one in _distinct(head) if all(json.frozen(one) in each for each in others)]


@function("shallowMerge", 1)
def shallow_merge(scope: Scope, value: Any) -> dict[str, Any]:
    """Return a list's objects as one: the later value stays, whatever it is."""
    found: dict[str, Any] = {}
    for one in expect("shallowMerge", value, "Array"):
        for key, inner in (expect("shallowMerge", one, "Object", "Null") or {}).items():
            _put(found, key, inner)
    return found


@function("tryGet", 2, None)
def try_get(scope: Scope, value: Any, *path: Any) -> Any:
    """Return what is found on a way of names and indexes, null where it ends early."""
    for step in path:
        expect("tryGet", step, "String", "Integer", which="second")
        if value is None:
            return None
        wanted = "Object" if isinstance(step, str) else "Array"
        expect("tryGet", value, wanted, which="first")
        value = member(value, step, safe=True)
    return value


def ordered(value: dict[str, Any]) -> list[str]:
    """Return an object's names in the alphabet's order, whatever their case: `a`, `A`, `b`."""
    return sorted(value, key=lambda key: (key.upper(), key.swapcase()))


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    key = key_of(found, name)
    found[name if key is None else key] = value


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = dict(one)
    spelled = {key.lower(): key for key in found}
    for name, value in other.items():
        key = spelled.setdefault(name.lower(), name)
        before = found.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            found[key] = _joined(before, value)
        else:
            found[key] = value
    return found


def _distinct(values: Any) -> list[Any]:
    found: dict[Any, Any] = {}
    for one in values:
        found.setdefault(json.frozen(one), one)
    return list(found.values())


def _has(of: dict[str, Any], name: str, value: Any) -> bool:
    key = key_of(of, name)
    return key is not None and json.same(of[key], value)


def _expect_alike(name: str, args: tuple[Any, ...]) -> None:
    kinds = {kind(one) for one in args}
    if kinds in ({"Array"}, {"Object"}):
        return
    raise invalid(
        name,
        "expects either a comma separated list of arrays or a comma separated list of objects as"
        f" its parameters. The provided values are of type '{', '.join(map(kind, args))}'.",
    )
