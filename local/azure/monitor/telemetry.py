"""How telemetry that somebody posts is read: rows of a table, or points of a metric.

Every fault is named by row and field, because a misspelled column would otherwise be a row that
no query finds. `_ResourceId` puts a row where its component's data go; `workspace` (a name, a
customer id or a resource id) puts it there; with neither it is in every workspace.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.ids import resource
from local.azure.monitor import timespans
from local.azure.monitor.rows import Batch
from local.azure.monitor.samples import Point, Series
from local.azure.monitor.tables import OURS, TABLES, LogTable
from local.azure.types import components, workspaces
from local.azure.world import World

_OF_TABLE = frozenset({"table", "rows"})
_OF_METRIC = frozenset({"metric", "resource", "points", "dimensions"})
_MOST_INT = 2**31


def read(world: World, asked: Any, *, now: datetime) -> Batch | Series:
    """Return what a body of `POST /_local/telemetry` holds; raise ValueError naming a fault."""
    if not isinstance(asked, dict):
        raise ValueError("body: expected an object")  # noqa: TRY004
    known = _OF_METRIC if "metric" in asked else _OF_TABLE
    unknown = sorted(set(asked) - known)
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown field; known are {', '.join(sorted(known))}")
    if "metric" in asked:
        return _series(world, asked)
    table = TABLES.get(str(asked.get("table")))
    if table is None:
        raise ValueError(f"table: expected one of {', '.join(TABLES)}")
    rows = asked.get("rows")
    if not isinstance(rows, list):
        raise ValueError("rows: expected a list")  # noqa: TRY004
    homes: dict[str, str] = {}
    return Batch(
        table=table.name,
        rows=[
            _row(world, table, row, f"rows[{place}]", homes, now=now)
            for place, row in enumerate(rows)
        ],
    )


def _row(
    world: World, table: LogTable, row: Any, where: str, homes: dict[str, str], *, now: datetime
) -> Json:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected an object of columns")  # noqa: TRY004
    kept: Json = {"TimeGenerated": now.replace(tzinfo=None).isoformat(), **table.usual}
    for name, value in row.items():
        if name == "workspace":
            continue
        kind = table.columns.get(name)
        if kind is None:
            raise ValueError(f"{where}.{name}: '{table.name}' has no such column")
        if name in OURS:
            raise ValueError(f"{where}.{name}: Log Analytics writes this column itself")
        if value is not None:
            kept[name] = _value(value, kind, f"{where}.{name}")
    if "_ResourceId" in kept:
        kept["_ResourceId"] = _resource_id(kept["_ResourceId"], f"{where}._ResourceId")
    key = json.dumps([row.get("workspace"), kept.get("_ResourceId")])
    if key not in homes:
        homes[key] = _home(world, row.get("workspace"), kept.get("_ResourceId"), where)
    return {**kept, "_home": homes[key]}


def _home(world: World, workspace: Any, resource_id: str | None, where: str) -> str:
    """Return the workspace that a row is in, empty for all of them."""
    if workspace is not None:
        found = workspaces.named(world, str(workspace))
        if found is None:
            raise ValueError(f"{where}.workspace: there is no workspace '{workspace}'")
        return found.id.lower()
    item = world.find(resource_id) if resource_id else None
    if item is None or item.type.lower() != components.TYPE.lower():
        return ""
    return str(item.body["properties"].get("WorkspaceResourceId") or "").lower()


def _value(value: Any, kind: str, where: str) -> Any:
    match kind, value:
        case "string", str():
            return value
        case "bool", bool():
            return value
        case "int", int() if not isinstance(value, bool) and -_MOST_INT <= value < _MOST_INT:
            return value
        case "real", int() | float() if not isinstance(value, bool) and math.isfinite(value):
            return value
        case "datetime", str():
            return _instant(value, where).replace(tzinfo=None).isoformat()
        case "dynamic", dict() | list():
            return value
    raise ValueError(f"{where}: expected {_SHAPES[kind]}")


_SHAPES = {
    "string": "text",
    "bool": "true or false",
    "int": "a whole number of 32 bits",
    "real": "a number",
    "datetime": "an ISO 8601 instant",
    "dynamic": "an object or a list",
}


def _instant(value: str, where: str) -> datetime:
    try:
        return timespans.instant(value).astimezone(UTC)
    except ValueError as error:
        raise ValueError(f"{where}: expected {_SHAPES['datetime']}") from error


def _resource_id(value: str, where: str) -> str:
    try:
        is_one = bool(resource(value).subscription)
    except Refusal:
        is_one = False
    if not is_one:
        raise ValueError(f"{where}: '{value}' is not a resource id")
    return value.lower()


def _series(world: World, asked: Mapping[str, Any]) -> Series:
    metric, name = asked["metric"], asked.get("resource")
    if not isinstance(metric, str) or not metric:
        raise ValueError("metric: expected the name of a metric")
    if not isinstance(name, str) or world.find(name) is None:
        raise ValueError(f"resource: '{name}' is not a resource that exists")
    dimensions = asked.get("dimensions", {})
    is_texts = isinstance(dimensions, dict) and all(
        isinstance(v, str) for v in dimensions.values()
    )
    if not is_texts:
        raise ValueError("dimensions: expected an object of texts")
    points = asked.get("points")
    if not isinstance(points, list):
        raise ValueError("points: expected a list of {'at', 'value'}")  # noqa: TRY004
    return Series(
        resource=name,
        metric=metric,
        dimensions=dimensions,
        points=[_point(point, f"points[{place}]") for place, point in enumerate(points)],
    )


def _point(given: Any, where: str) -> Point:
    if not isinstance(given, dict) or set(given) != {"at", "value"}:
        raise ValueError(f"{where}: expected {{'at', 'value'}}")
    at, value = given["at"], given["value"]
    if not isinstance(at, str):
        raise ValueError(f"{where}.at: expected {_SHAPES['datetime']}")  # noqa: TRY004
    number = _value(value, "real", f"{where}.value")
    return Point(at=_instant(at, f"{where}.at"), value=float(number))
