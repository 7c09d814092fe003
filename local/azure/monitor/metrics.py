"""`GET {resource}/providers/Microsoft.Insights/metrics`: samples summed up by interval.

The intervals begin at the start of the span, cut to the minute, and every one of them is answered,
an empty one without a value; a metric that never had a sample in the span has no series at all.
Recorded: a span is cut to its last 31 days, and the cost is the number of intervals less one for
each metric.
https://learn.microsoft.com/rest/api/monitor/metrics/list
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.azure.arm import Answer, Call, Json, Refusal, gateway, stamp
from local.azure.era import ERA
from local.azure.ids import Id
from local.azure.monitor import dimensions, metricnames, metricwords, timespans
from local.azure.monitor.dimensions import Clause
from local.azure.monitor.metricnames import MetricName
from local.azure.monitor.samples import Point
from local.azure.world import World

VERSIONS = (
    "2016-09-01",
    "2017-05-01-preview",
    "2018-01-01",
    "2019-07-01",
    "2021-05-01",
    "2023-10-01",
    "2024-02-01",
)
_TYPE = "Microsoft.Insights/metrics"
_LONGEST = timedelta(days=31)
_USUAL_SPAN = timedelta(hours=1)
_MOST_METRICS = 20
_GRAINS = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
_FULL = "FULL"
_FULLY = "2018-01-01"  # the api-version that defines metrics wholly
_DESCRIBED = "2020"  # since then answers describe each metric and say that it went well
_SUMMED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "average": lambda values: sum(values) / len(values),
    "minimum": min,
    "maximum": max,
    "total": sum,
    "count": len,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a call wants; all clauses must hold."""

    metrics: Sequence[MetricName]
    since: datetime
    until: datetime
    interval: str
    grain: timedelta
    kinds: Sequence[str]
    clauses: Sequence[Clause]


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call for metrics of a resource."""
    if call.method != "GET":
        raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on metrics.")
    resource = _resource(world, call, target)
    asked = _asked(world, call, resource)
    value = [_metric(world, asked, resource, name) for name in asked.metrics]
    group = world.groups.get((resource.group or "").lower())
    found = world.find(resource)
    region = (found.body.get("location") if found else None) or (group.location if group else "")
    count = -(-(asked.until - asked.since) // asked.grain)
    body: Json = {
        "cost": max(0, count - 1) * len(value),
        "timespan": f"{stamp(asked.since, 0)}/{stamp(asked.until, 0)}",
        "interval": asked.interval,
        "value": value,
        "namespace": resource.type,
        "resourceregion": region,
    }
    return Answer(status=200, body=body)


def definitions(world: World, call: Call, target: Id) -> Answer:
    """Answer which metrics a resource has."""
    resource = _resource(world, call, target)
    value = [_definition(call, resource, one) for one in _known(world, resource).values()]
    return Answer(status=200, body={"value": value})


def _definition(call: Call, resource: Id, one: MetricName) -> Json:
    """Return what a metric is; the previews tell no namespace and no aggregations but one."""
    words = metricwords.of(resource.type, one.name)
    found: Json = {
        "id": f"{resource}/providers/microsoft.insights/metricdefinitions/{one.name}",
        "resourceId": str(resource),
        "name": {"value": one.name, "localizedValue": words.title},
        "isDimensionRequired": False,
        "unit": one.unit,
        "primaryAggregationType": one.usual,
        "metricAvailabilities": [{"timeGrain": grain, "retention": "P93D"} for grain in _GRAINS],
    }
    if call.version >= _FULLY:
        found["namespace"] = call.query.get("metricnamespace", resource.type)
        found["supportedAggregationTypes"] = ["Average", "Minimum", "Maximum", "Total", "Count"]
        if ERA.get() >= _DESCRIBED:
            found["displayDescription"] = words.description
    if words.category:
        found["category"] = words.category
    if words.dimensions:
        found["dimensions"] = [dict(metricwords.dimension(name)) for name in words.dimensions]
    return found


def _resource(world: World, call: Call, target: Id) -> Id:
    if call.version not in VERSIONS:
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version"
            f" '{call.version}' for type '{target.last.types[0]}'. The supported api-versions are"
            f" '{', '.join(VERSIONS)}'. The supported locations are ''.",
        )
    resource = target.scope()
    if not resource.providers:
        raise _bad("Metrics are of a resource, not of a subscription or a group.")
    if world.find(resource) is None:
        raise gateway(
            404,
            "ResourceNotFound",
            f"The Resource '{resource.last.text().removeprefix('/providers/')}' under resource"
            f" group '{resource.group or '<null>'}' was not found. For more details please go to"
            " https://aka.ms/ARMResourceNotFoundFix",
        )
    return resource


def _asked(world: World, call: Call, resource: Id) -> _Asked:
    try:
        span = timespans.read(call.query.get("timespan"), now=call.now)
    except ValueError as error:
        raise _bad(f"Invalid timespan: {error}") from error
    until = span.until or call.now
    since = max(span.since or until - _USUAL_SPAN, until - _LONGEST)
    interval = call.query.get("interval", _GRAINS[0])
    if interval.upper() == _FULL:
        grain = until - since
    elif interval in _GRAINS:
        grain = timespans.length(interval)
    else:
        raise _bad(
            f"Detected invalid time grain input: {interval}. Valid time grains:"
            f" {','.join(_GRAINS)}"
        )
    try:
        clauses = dimensions.read(call.query.get("$filter", ""))
    except ValueError as error:
        raise _bad(str(error)) from error
    metrics = _named(world, call, resource)
    return _Asked(
        metrics=metrics,
        since=since,
        until=until,
        interval=interval,
        grain=max(grain, timedelta(minutes=1)),
        kinds=_kinds(call, metrics),
        clauses=clauses,
    )


def _named(world: World, call: Call, resource: Id) -> list[MetricName]:
    known = _known(world, resource)
    space = call.query.get("metricnamespace", resource.type)
    if space.lower() != resource.type.lower():
        raise _bad(f"The metric namespace '{space}' is not one of '{resource.type}'.")
    asked = [name.strip() for name in call.query.get("metricnames", "").split(",") if name.strip()]
    if len(asked) > _MOST_METRICS:
        raise _bad(f"Requested metrics count: {len(asked)} bigger than allowed max: 20")
    for name in asked:
        if name.lower() not in known:
            valid = ",".join(sorted(one.name for one in known.values()))
            raise _bad(
                "Failed to find metric configuration for provider:"
                f" {resource.last.namespace}, resource Type: {'/'.join(resource.last.types)},"
                f" metric: {name}, Valid metrics: {valid}"
            )
    # Without a name Azure answers the first metric of the type.
    return [known[name.lower()] for name in asked] or list(known.values())[:1]


def _known(world: World, resource: Id) -> Mapping[str, MetricName]:
    posted = world.samples.names(str(resource))
    made = {key: MetricName(name=name) for key, name in posted.items()}
    return {**made, **metricnames.of(resource.type)}


def _kinds(call: Call, metrics: Sequence[MetricName]) -> list[str]:
    given = [kind.strip().lower() for kind in call.query.get("aggregation", "").split(",")]
    asked = [kind for kind in given if kind]
    for kind in asked:
        if kind not in _SUMMED:
            raise _bad(f"Detected invalid aggregation input: {kind}")
    # Several metrics share the usual one of the first.
    return asked or [metrics[0].usual.lower() if metrics else "average"]


def _metric(world: World, asked: _Asked, resource: Id, name: MetricName) -> Json:
    series = world.samples.of(str(resource), name.name)
    split = [clause.dimension for clause in asked.clauses if clause.splits]
    start = _start(asked)
    together: dict[tuple[tuple[str, str], ...], list[Point]] = {}
    for one in series:
        if not all(clause.holds(one.dimensions) for clause in asked.clauses):
            continue
        folded = {key.lower(): value for key, value in one.dimensions.items()}
        key = tuple((dimension, folded.get(dimension, "")) for dimension in split)
        inside = [point for point in one.points if start <= point.at <= asked.until]
        if inside:
            together.setdefault(key, []).extend(inside)
    words = metricwords.of(resource.type, name.name)
    described = {"displayDescription": words.description, "errorCode": "Success"}
    return {
        "id": f"{resource}/providers/{_TYPE}/{name.name}",
        "type": _TYPE,
        "name": {"value": name.name, "localizedValue": words.title},
        "unit": name.unit,
        "timeseries": [
            {"metadatavalues": _metadata(key), "data": list(_data(asked, points))}
            for key, points in sorted(together.items())
        ],
        **(described if ERA.get() >= _DESCRIBED else {}),
    }


def _metadata(key: Sequence[tuple[str, str]]) -> list[Json]:
    return [
        {"name": {"value": name, "localizedValue": name}, "value": value} for name, value in key
    ]


def _data(asked: _Asked, points: Sequence[Point]) -> Iterator[Json]:
    start = _start(asked)
    inside: dict[int, list[float]] = {}
    for point in points:
        inside.setdefault((point.at - start) // asked.grain, []).append(point.value)
    place = 0
    while (at := start + place * asked.grain) < asked.until or place in inside:
        values = inside.get(place, [])
        summed = {kind: _SUMMED[kind](values) for kind in asked.kinds if values}
        yield {"timeStamp": stamp(at, 0), **summed}
        place += 1


def _start(asked: _Asked) -> datetime:
    return asked.since.replace(second=0, microsecond=0)


def _bad(why: str) -> Refusal:
    return Refusal(400, "BadRequest", why)
