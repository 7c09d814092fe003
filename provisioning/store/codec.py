"""Values to rows and back, told by their types alone.

A field that is text, a number, a truth or an instant becomes a property of the row, readable in
any storage browser; everything nested becomes JSON in one property. None is left out. `from_row`
gives back what `to_row` was given (a property test holds that).
"""

import json
import types
import typing
from collections.abc import Mapping
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
    for name, hint in _hints(typing.cast(Any, kind)).items():
        if name not in row.values:
            if not _has_default(typing.cast(Any, kind), name):
                found[name] = None
            continue
        content = row.values[name]
        if _is_flat(hint):
            found[name] = from_plain(hint, content)
        else:
            found[name] = from_plain(hint, json.loads(str(content)))
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
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(hint) if part is not types.NoneType]
        return None if value is None else from_plain(inner[0], value)
    if origin is tuple:
        (inner_hint, *_) = typing.get_args(hint)
        return tuple(from_plain(inner_hint, content) for content in value)
    if origin is not None:  # a mapping of text
        return dict(value)
    if is_dataclass(hint):
        kind: Any = hint
        hints = _hints(kind)
        given = {name: from_plain(hints[name], value[name]) for name in hints if name in value}
        missing = {
            name: None for name in hints if name not in value and not _has_default(kind, name)
        }
        return kind(**given, **missing)
    if hint is datetime:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return when.astimezone(UTC)
    if hint is timedelta:
        return timedelta(seconds=value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _has_default(kind: Any, name: str) -> bool:
    (item,) = (item for item in fields(kind) if item.name == name)
    return item.default is not MISSING or item.default_factory is not MISSING


def _is_flat(hint: Any) -> bool:
    parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return len(parts) == 1 and _is_flat(parts[0])
    return isinstance(hint, type) and (
        hint in (str, bool, int, float, datetime, bytes) or issubclass(hint, StrEnum)
    )
