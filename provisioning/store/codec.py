"""Values to rows and back, told by their types alone.

A field that is text, a number, a truth or an instant becomes a property of the row, readable in
any storage browser; everything nested becomes JSON in one property. None is left out. `from_row`
gives back what `to_row` was given (a property test holds that).
"""

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from provisioning.store.table import Row, Value

T = TypeVar("T")


def to_row(value: Any, partition: str, key: str, etag: str | None = None) -> Row:
    """Return a row that holds every field of the dataclass `value`."""
    values: dict[str, Value] = {}
    for item in fields(value):
        content = getattr(value, item.name)
        if content is None:
            continue
        if isinstance(content, StrEnum):
            values[item.name] = str(content)
        elif isinstance(content, str | bool | int | float | datetime | bytes):
            values[item.name] = content
        else:
            values[item.name] = json.dumps(to_plain(content), sort_keys=True, ensure_ascii=False)
    return Row(partition, key, values, etag)


def from_row(kind: type[T], row: Row) -> T:
    """Return the value of type `kind` that `row` holds; unknown properties are passed over."""
    found: dict[str, Any] = {}
    for name, reader, is_flat, is_needed in _fields(typing.cast(Any, kind)):
        if name in row.values:
            content = row.values[name]
            found[name] = reader(content if is_flat else json.loads(str(content)))
        elif is_needed:
            found[name] = None
    return kind(**found)


def to_plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: instants as ISO text, durations as seconds."""
    if is_dataclass(value):
        return {
            item.name: to_plain(getattr(value, item.name))
            for item in fields(value)
            if getattr(value, item.name) is not None
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(name): to_plain(content) for name, content in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(content) for content in value]
    return str(value) if isinstance(value, StrEnum) else value


def from_plain(hint: Any, value: Any) -> Any:
    """Return what `to_plain` was given, told by the type `hint`."""
    return _reader(hint)(value)


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """Return what reads a value of this type: types are looked into once, rows all the time."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        (inner, *_) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        there = _reader(inner)
        return lambda value: None if value is None else there(value)
    if origin is tuple:
        one = _reader(typing.get_args(hint)[0])
        return lambda value: tuple(one(content) for content in value)
    if origin is not None:  # a mapping of text
        return dict
    if is_dataclass(hint):
        return lambda value: _from_object(hint, value)
    if hint is datetime:
        return _instant
    if hint is timedelta:
        return lambda value: timedelta(seconds=value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return lambda value: value


def _from_object(kind: Any, value: Mapping[str, Any]) -> Any:
    found: dict[str, Any] = {}
    for name, reader, _, is_needed in _fields(kind):
        if name in value:
            found[name] = reader(value[name])
        elif is_needed:
            found[name] = None
    return kind(**found)


def _instant(value: Any) -> datetime:
    when = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return when.astimezone(UTC)


@cache
def _fields(kind: Any) -> tuple[tuple[str, Callable[[Any], Any], bool, bool], ...]:
    """Return each field's name and reader, whether it is flat, and whether it has no default."""
    is_needed = {
        item.name: item.default is MISSING and item.default_factory is MISSING
        for item in fields(kind)
    }
    return tuple(
        (name, _reader(hint), _is_flat(hint), is_needed[name])
        for name, hint in typing.get_type_hints(kind).items()
    )


def _is_flat(hint: Any) -> bool:
    parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return len(parts) == 1 and _is_flat(parts[0])
    return isinstance(hint, type) and (
        hint in (str, bool, int, float, datetime, bytes) or issubclass(hint, StrEnum)
    )
