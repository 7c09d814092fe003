"""Functions of lists, and those that lists share with texts.

Source: learn.microsoft.com "Array functions for ARM templates".
"""

from typing import Any

from local.azure.templates.effort import MOST_TEXT, too_large
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope, key_of, kind
from local.azure.templates.functions import json
from local.azure.templates.functions.registry import expect, function, invalid, wrong
from local.azure.templates.functions.strings import lowered

_MOST = 10_000  # elements that range gives
_LAST = 2**31 - 1  # the largest number in a range


@function("array", 1)
def array(scope: Scope, value: Any) -> list[Any]:
    """Return a list as it is, and anything else as a list of it."""
    return value if isinstance(value, list) else [value]


@function("createArray", 0, None)
def create_array(scope: Scope, *args: Any) -> list[Any]:
    """Return a list of the values."""
    return list(args)


@function("concat", 1, None)
def concat(scope: Scope, *args: Any) -> Any:
    """Return lists, or texts and what texts are made of, one after the other."""
    lists = sum(isinstance(one, list) for one in args)
    if lists == len(args):
        return [one for values in args for one in values]
    if lists:
        raise _not_joined("Either all or none of the parameters must be an array.")
    if any(isinstance(one, dict) for one in args):
        raise _not_joined("An object can't be a part of a string.")
    texts = [json.plain(one) for one in args]
    if sum(map(len, texts)) > MOST_TEXT:
        raise too_large()
    return "".join(texts)


def _not_joined(why: str) -> TemplateError:
    return TemplateError(
        f"The provided parameters for language function 'concat' are invalid. {why} Please see"
        " https://aka.ms/arm-functions#concat for usage details."
    )


@function("contains", 2)
def contains(scope: Scope, container: Any, item: Any) -> bool:
    """Tell whether a list has a value, an object a name (whatever its case), a text another."""
    match container:
        case list():
            return any(json.same(one, item) for one in container)
        case dict():
            return key_of(container, json.plain(expect_name("contains", item))) is not None
        case str():
            return json.plain(expect_name("contains", item)) in container
    raise _not_a_container("contains", container)


@function("empty", 1)
def empty(scope: Scope, value: Any) -> bool:
    """Tell whether a list, an object or a text is empty; null is."""
    if value is None or isinstance(value, list | dict | str):
        return not value
    raise _not_a_container("empty", value)


@function("length", 1)
def length(scope: Scope, value: Any) -> int:
    """Return how many elements, properties or characters there are."""
    if isinstance(value, list | dict | str):
        return len(value)
    raise _not_a_container("length", value)


@function("first", 1)
def first(scope: Scope, value: Any) -> Any:
    """Return the first element, null without one; of a text the first character."""
    _expect_sequence("first", value)
    return value[0] if value else _nothing(value)


@function("last", 1)
def last(scope: Scope, value: Any) -> Any:
    """Return the last element, null without one; of a text the last character."""
    _expect_sequence("last", value)
    return value[-1] if value else _nothing(value)


@function("indexOf", 2)
def index_of(scope: Scope, value: Any, item: Any) -> int:
    """Return where a value is first found, -1 if nowhere; in a text whatever its case."""
    if isinstance(value, list):
        return next((at for at, one in enumerate(value) if json.same(one, item)), -1)
    _expect_strings("indexOf", value, item)
    return lowered(value).find(lowered(item))


@function("lastIndexOf", 2)
def last_index_of(scope: Scope, value: Any, item: Any) -> int:
    """Return where a value is last found, -1 if nowhere; in a text whatever its case."""
    if isinstance(value, list):
        found = [at for at, one in enumerate(value) if json.same(one, item)]
        return found[-1] if found else -1
    _expect_strings("lastIndexOf", value, item)
    if not item:
        return max(len(value) - 1, 0)
    return lowered(value).rfind(lowered(item))


@function("skip", 2)
def skip(scope: Scope, value: Any, count: Any) -> Any:
    """Return what is left after some elements or characters."""
    _expect_sequence("skip", value)
    expect("skip", count, "Integer", which="second")
    return value[max(count, 0) :]


@function("take", 2)
def take(scope: Scope, value: Any, count: Any) -> Any:
    """Return so many elements or characters from the start, as far as there are."""
    _expect_sequence("take", value)
    expect("take", count, "Integer", which="second")
    return value[: max(count, 0)]


@function("range", 2)
def range_(scope: Scope, start: Any, count: Any) -> list[int]:
    """Return so many whole numbers from a first one, 10,000 at most."""
    expect("range", start, "Integer", which="first")
    expect("range", count, "Integer", which="second")
    if not 0 <= count <= _MOST:
        raise wrong(
            "range", f"The count '{count}' must be a non-negative integer, at most {_MOST}."
        )
    if not -_LAST - 1 <= start <= _LAST or start + count > _LAST:
        raise wrong("range", f"The numbers must not be larger than {_LAST}.")
    return list(range(start, start + count))


@function("flatten", 1)
def flatten(scope: Scope, value: Any) -> list[Any]:
    """Return the elements of a list's lists as one list."""
    expect("flatten", value, "Array")
    for one in value:
        expect("flatten", one, "Array")
    return [inner for one in value for inner in one]


@function("indexFromEnd", 2)
def index_from_end(scope: Scope, value: Any, at: Any) -> Any:
    """Return an element counted from the end, the last is 1; refuse one that is not there."""
    expect("indexFromEnd", value, "Array", which="first")
    expect("indexFromEnd", at, "Integer", which="second")
    if not 1 <= at <= len(value):
        raise wrong(
            "indexFromEnd",
            f"The index '{at}' from the end is out of bounds of the array's '{len(value)}'"
            " elements.",
        )
    return value[-at]


@function("tryIndexFromEnd", 2)
def try_index_from_end(scope: Scope, value: Any, at: Any) -> Any:
    """Return an element counted from the end, the last is 1; null if it is not there."""
    expect("tryIndexFromEnd", value, "Array", "Null", which="first")
    expect("tryIndexFromEnd", at, "Integer", which="second")
    return value[-at] if value and 1 <= at <= len(value) else None


def expect_name(name: str, value: Any) -> Any:
    """Return what can be a property's name or a part of a text; refuse anything else."""
    return expect(name, value, "String", "Integer", which="second")


def _nothing(value: Any) -> Any:
    return "" if isinstance(value, str) else None


def _expect_sequence(name: str, value: Any) -> None:
    if not isinstance(value, list | str):
        raise invalid(
            name,
            "expects its parameter be an array or a string. The provided value is of type"
            f" '{kind(value)}'.",
        )


def _expect_strings(name: str, one: Any, other: Any) -> None:
    if not isinstance(one, str) or not isinstance(other, str):
        raise invalid(
            name,
            "expects its parameters to be of type string and string. The provided value is of"
            f" type '{kind(one)}' and '{kind(other)}'.",
        )


def _not_a_container(name: str, value: Any) -> TemplateError:
    return invalid(
        name,
        "expects its parameter to be an object, an array, or a string. The provided value is of"
        f" type '{kind(value)}'.",
    )
