"""What was measured before a recording asked for it: the samples behind a metric that it shows."""

import re
from datetime import UTC, datetime

from local.agreement import naming
from local.azure.arm import Json
from local.azure.monitor.samples import Point, Series
from local.azure.world import World

_METRICS = re.compile(r"(.+)/providers/microsoft\.insights/metrics/?", re.IGNORECASE)
_SUMS = ("total", "average", "maximum", "minimum", "count")


def put(world: World, exchanges: list[Json]) -> None:
    """Let there be the samples whose sums the recording shows."""
    for exchange in exchanges:
        found = _METRICS.fullmatch(exchange["request"]["path"])
        body = exchange["response"].get("body")
        for metric in (body.get("value") or []) if found and isinstance(body, dict) else []:
            for row in metric.get("timeseries") or []:
                points = [point for one in row.get("data") or [] if (point := _point(one))]
                if points and found:
                    name = str((metric.get("name") or {}).get("value"))
                    series = Series(resource=found[1], metric=name, dimensions={}, points=points)
                    world.samples.add(series)


def named(request: Json, response: Json) -> list[str]:
    """Return the identifiers in the filter of a list that is not empty."""
    body = response.get("body")
    asked = str((request.get("query") or {}).get("$filter") or "")
    told = isinstance(body, dict) and bool(body.get("value"))
    return [name.rstrip("'") for name in naming.ID.findall(asked)] if told else []


def _point(row: Json) -> Point | None:
    value = next((row[name] for name in _SUMS if row.get(name) is not None), None)
    if value is None:
        return None
    at = datetime.fromisoformat(str(row["timeStamp"])).astimezone(UTC)
    return Point(at=at, value=float(value))
