"""The environments that others built, and how a canary goes, as the catalog's file has them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioning.catalog.tables import Table
from provisioning.catalog.values import Built, Canary, Host, Placed, Prices, Promise, Service
from provisioning.model import Hours, Kind, Mode

_NAME = re.compile(r"(?=.{1,40}$)[a-z](-?[a-z0-9])*")
_GROUP = re.compile(r"[\w.()-]{0,89}[\w()-]")
_RESOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_WALL_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONGEST_RETENTION = 35  # days; of PostgreSQL and of SQL


def environments(table: Table, services: Mapping[str, Service]) -> dict[str, Built]:
    """Return the environments of the table, by name."""
    found = {name: _built(table.table(name), name, services) for name in table.names()}
    groups: dict[str, str] = {}
    for name, built in found.items():
        other = groups.setdefault(built.group.lower(), name)
        if other != name:
            table.fault(f"{name}.group", f"is that of {other}; one environment a group")
    return found


def canary(table: Table) -> Canary:
    """Return how a canary goes; each part has a default."""
    usual = Canary()
    table.only("weights", "bake", "most_errors", "least_requests", "fresh")
    weights = table.items("weights", _percent, "[5, 25, 50]") or usual.weights
    if list(weights) != sorted(set(weights)):
        table.fault("weights", "must rise from step to step, such as [5, 25, 50]")
    return Canary(
        weights=weights,
        bake=table.duration("bake", "PT10M"),
        most_errors=table.share("most_errors", usual.most_errors),
        least_requests=table.number("least_requests", 200, least=1, most=1_000_000),
        fresh=table.duration("fresh", "PT5M"),
    )


def prices(table: Table) -> Prices:
    """Return the price sheet."""
    table.only(
        "as_of",
        "region",
        "container_app_core",
        "container_app_gib",
        "container_group_core",
        "container_group_gb",
        "hourly",
    )
    hourly = table.table("hourly")
    as_of = table.get("as_of", str)
    try:
        date.fromisoformat(as_of or "2026-01-01")
    except ValueError:
        table.fault("as_of", "must be the day of the prices, such as 2026-11-01")
    return Prices(
        as_of=as_of,
        region=table.get("region", str),
        hourly={size: hourly.positive(size, 1.0) for size in hourly.names()},
        core=table.positive("container_app_core", 1.0),
        gib=table.positive("container_app_gib", 1.0),
        group_core=_price(table, "container_group_core"),
        group_gb=_price(table, "container_group_gb"),
    )


def _price(table: Table, name: str) -> float:
    return table.positive(name, 1.0) if name in table.names() else 0.0


def _built(table: Table, name: str, services: Mapping[str, Service]) -> Built:
    if not _NAME.fullmatch(name) or name.startswith("pr-"):
        table.fault(
            "", "must be named with a-z, 0-9 and single `-`, a letter first, no pr- before"
        )
    table.only(
        "kind",
        "mode",
        "group",
        "region",
        "paired_region",
        "workspace",
        "hours",
        "promise",
        "services",
    )
    kind = table.choice("kind", Kind, Kind.DEVELOPMENT)
    if kind is Kind.PREVIEW:
        table.fault(
            "kind", "must be development, staging or production: previews come by themselves"
        )
    group = table.get("group", str)
    if group and not _GROUP.fullmatch(group):
        table.fault("group", "must be the name of a resource group")
    placed = table.table("services")
    return Built(
        name=name,
        kind=kind,
        mode=table.choice("mode", Mode, Mode.OBSERVE),
        group=group,
        region=table.get("region", str),
        paired_region=table.get("paired_region", str, ""),
        workspace=table.get("workspace", str, ""),
        promise=_promise(table.table("promise")),
        hours=_hours(table.table("hours")) if "hours" in table.names() else None,
        services={name: _placed(placed.table(name), name, services) for name in placed.names()},
    )


def _promise(table: Table) -> Promise:
    table.only("rpo", "rto", "retention_days", "geo")
    return Promise(
        rpo=table.duration("rpo", "PT1H"),
        rto=table.duration("rto", "PT4H"),
        retention_days=table.number("retention_days", 7, least=1, most=_LONGEST_RETENTION),
        geo=table.truth("geo", default=False),
    )


def _hours(table: Table) -> Hours:
    table.only("zone", "days", "opens", "closes", "holidays")
    zone = table.get("zone", str)
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.fault("zone", "must be an IANA zone such as Europe/Madrid")
    opens, closes = _wall_time(table, "opens", "07:00"), _wall_time(table, "closes", "19:00")
    if opens >= closes:
        table.fault("closes", "must be later than opens")
    days = table.items("days", _day, '["Mon", "Tue", "Wed", "Thu", "Fri"]')
    if not days:
        table.fault("days", "must name the days, such as Mon")
    return Hours(
        zone=zone,
        days=tuple(sorted(set(days))),
        opens=opens,
        closes=closes,
        holidays=table.items("holidays", _holiday, '["2026-12-25"]'),
    )


def _wall_time(table: Table, name: str, default: str) -> str:
    text = table.get(name, str, default)
    if text and not _WALL_TIME.fullmatch(text):
        table.fault(name, "must be a wall time such as 07:00")
    return text


def _placed(table: Table, name: str, services: Mapping[str, Service]) -> Placed:
    table.only("host", "resource", "health")
    if name not in services:
        table.fault("", f"is no service; add services.{name}, or take it away")
    resource = table.get("resource", str)
    if resource and not _RESOURCE.fullmatch(resource):
        table.fault("resource", "must be the name of a resource in the group")
    health = table.get("health", str, "/health")
    if not health.startswith("/"):
        table.fault("health", "must be a path that starts with /")
    return Placed(
        service=name,
        host=table.choice("host", Host, Host.CONTAINER_APP),
        resource=resource,
        health=health,
    )


def _percent(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 99:
        raise ValueError(value)
    return value


def _day(value: Any) -> int:
    return _DAYS.index(value)


def _holiday(value: Any) -> str:
    return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()
