"""Samples of metrics: numbers at instants, by resource, name and dimensions.

What is posted is a sample, one number at one instant; what is answered is a summary of the samples
of an interval (`metrics`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from local.azure.journal import Journal

_KIND = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One sample, UTC."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Samples of one metric of one resource with one set of dimensions."""

    resource: str
    metric: str
    dimensions: Mapping[str, str]
    points: Sequence[Point]


class Samples:
    """Every series there is."""

    def __init__(self, journal: Journal) -> None:
        """Read back what the journal has."""
        self._journal = journal
        self._series: dict[str, list[Series]] = {}
        for _, value in journal.rows(_KIND):
            self._take(_read(value))

    def add(self, series: Series) -> None:
        """Keep samples; the caller commits."""
        points = [[point.at.isoformat(), point.value] for point in series.points]
        row = {
            "resource": series.resource,
            "metric": series.metric,
            "dimensions": dict(series.dimensions),
            "points": points,
        }
        self._journal.put(_KIND, str(uuid4()), row)
        self._take(series)

    def of(self, resource: str, metric: str) -> Iterable[Series]:
        """Return the series of a metric of a resource, whatever the case of either."""
        wanted = metric.lower()
        found = self._series.get(resource.lower(), [])
        return [series for series in found if series.metric.lower() == wanted]

    def names(self, resource: str) -> Mapping[str, str]:
        """Return the names of the metrics that were posted for a resource, by lower case."""
        found = self._series.get(resource.lower(), [])
        return {series.metric.lower(): series.metric for series in found}

    def _take(self, series: Series) -> None:
        self._series.setdefault(series.resource.lower(), []).append(series)


def _read(value: Any) -> Series:
    points = [Point(at=datetime.fromisoformat(at), value=number) for at, number in value["points"]]
    return Series(**{**value, "points": points})
