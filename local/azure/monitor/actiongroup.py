"""What an action group sends: the common alert schema, and how orders for alerts are read.

https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from local.azure.arm import Json, Refusal, is_guid, stamp
from local.azure.ids import parse, resource
from local.azure.monitor import metricnames
from local.azure.monitor.alerts import CONDITIONS, NAMESPACE, SEVERITIES, TYPE, Alert
from local.azure.world import World

_SCHEMA = "azureMonitorCommonAlertSchema"
_WINDOW = timedelta(minutes=5)
_OF_RULE = frozenset({"rule", "resources", "severity", "condition", "description"})
_OF_PAYLOAD = frozenset({"payload", "listed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be posted, and the alert that it tells of, if Azure knows one."""

    body: Any
    alert: Alert | None


def read(world: World, asked: Any, *, now: datetime) -> Order:
    """Return what `POST /_local/alerts` orders; raise ValueError naming a bad field."""
    if not isinstance(asked, dict):
        raise ValueError("body: expected an object")  # noqa: TRY004
    known = _OF_PAYLOAD if "payload" in asked else _OF_RULE
    unknown = sorted(set(asked) - known)
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown field; known are {', '.join(sorted(known))}")
    if "payload" in asked:
        listed = asked.get("listed", True)
        if not isinstance(listed, bool):
            raise ValueError("listed: expected true or false")
        payload = asked["payload"]
        try:
            json.dumps(payload, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("payload: has no form in UTF-8") from error
        return Order(body=payload, alert=_told(world, payload, now=now) if listed else None)
    alert = _ordered(world, asked, now=now)
    return Order(body=payload_of(world, alert, now=now), alert=alert)


def alert_path(world: World, alert: Alert) -> str:
    """Return the alert's id as payloads have it."""
    return f"/subscriptions/{world.subscription}/providers/{TYPE}/{alert.id}"


def payload_of(world: World, alert: Alert, *, now: datetime) -> Json:
    """Return the common alert schema for a metric alert."""
    targets = [one.lower() for one in alert.resources]
    first, _ = parse((alert.resources or [f"/subscriptions/{world.subscription}"])[0])
    essentials: Json = {
        "alertId": alert_path(world, alert),
        "alertRule": alert.rule,
        "targetResourceType": first.type.lower(),
        "alertRuleID": alert.rule_id,
        "severity": alert.severity,
        "signalType": alert.signal,
        "monitorCondition": alert.condition,
        "targetResourceGroup": (first.group or "").lower(),
        "monitoringService": alert.service,
        "alertTargetIDs": targets,
        "configurationItems": [parse(one)[0].name for one in alert.resources],
        "originAlertId": alert.origin,
        "firedDateTime": stamp(alert.fired),
        "description": alert.description,
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    if alert.resolved is not None:
        essentials["resolvedDateTime"] = stamp(alert.resolved)
    context = {"alertContext": _context(alert, now=now), "customProperties": None}
    return {"schemaId": _SCHEMA, "data": {"essentials": essentials, **context}}


def _ordered(world: World, asked: Mapping[str, Any], *, now: datetime) -> Alert:
    rule = asked.get("rule")
    if not isinstance(rule, str) or not rule:
        raise ValueError("rule: expected the name or the id of a rule")
    resources = _resources(asked.get("resources", []))
    severity = _severity(asked.get("severity", "Sev3"))
    condition = asked.get("condition", "Fired")
    if condition not in CONDITIONS:
        raise ValueError(f"condition: expected {' or '.join(CONDITIONS)}")
    description = asked.get("description", "")
    if not isinstance(description, str):
        raise ValueError("description: expected text")  # noqa: TRY004
    if condition == "Resolved":
        old = world.alerts.fired(rule, resources, now=now)
        if old is None:
            raise ValueError(f"condition: no alert of '{rule}' is fired on these resources")
        return world.alerts.save(replace(old, condition=condition, resolved=now, modified=now))
    name, rule_id = _rule(world, rule, resources)
    return world.alerts.save(
        Alert(
            id=str(uuid4()),
            rule=name,
            rule_id=rule_id,
            resources=resources,
            severity=severity,
            condition=condition,
            description=description,
            origin=_origin(world, rule_id, resources),
            fired=now,
            modified=now,
        )
    )


def _resources(given: Any) -> list[str]:
    if not isinstance(given, list):
        raise ValueError("resources: expected a list of resource ids")  # noqa: TRY004
    for place, one in enumerate(given):
        try:
            is_one = isinstance(one, str) and bool(resource(one).subscription)
        except Refusal:
            is_one = False
        if not is_one:
            raise ValueError(f"resources[{place}]: '{one}' is not a resource id")
    return [str(one) for one in given]


def _severity(given: Any) -> str:
    """Read `Sev1`, and `1` for it."""
    text = f"Sev{given}" if isinstance(given, int) and not isinstance(given, bool) else given
    if text not in SEVERITIES:
        raise ValueError(f"severity: expected one of {', '.join(SEVERITIES)}")
    return str(text)


def _rule(world: World, given: str, resources: Sequence[str]) -> tuple[str, str]:
    """Return name and id of a rule given as either."""
    if given.startswith("/"):
        return given.rpartition("/")[2], given
    first = parse(resources[0])[0] if resources else None
    group = (first.group if first else None) or "alerts"
    inside = f"/subscriptions/{world.subscription}/resourceGroups/{group}"
    return given, f"{inside}/providers/microsoft.insights/metricAlerts/{given}"


def _origin(world: World, rule_id: str, resources: Sequence[str]) -> str:
    """Return what every firing of the rule on these resources shares."""
    rule, _ = parse(rule_id)
    sum_ = zlib.crc32("|".join(sorted(one.lower() for one in resources)).encode())
    parts = (world.subscription, rule.group or "", "microsoft.insights", "metricAlerts", rule.name)
    return "_".join((*parts, str(sum_)))


def _context(alert: Alert, *, now: datetime) -> Json:
    kind = parse(alert.resources[0])[0].type if alert.resources else ""
    known = list(metricnames.of(kind).values())
    metric = known[0] if known else metricnames.MetricName(name="Requests")
    several = "Multiple" if len(alert.resources) > 1 else "Single"
    return {
        "properties": None,
        "conditionType": f"{several}ResourceMultipleMetricCriteria",
        "condition": {
            "windowSize": "PT5M",
            "allOf": [
                {
                    "metricName": metric.name,
                    "metricNamespace": kind,
                    "operator": "GreaterThan",
                    "threshold": "0",
                    "timeAggregation": metric.usual,
                    "dimensions": [],
                    "metricValue": 0.0 if alert.condition == "Resolved" else 1.0,
                    "webTestName": None,
                }
            ],
            "windowStartTime": stamp(now - _WINDOW, 3),
            "windowEndTime": stamp(now, 3),
        },
    }


def _told(world: World, payload: Any, *, now: datetime) -> Alert | None:
    """Return the alert of ours that a payload in the common schema tells of, kept."""
    essentials = _essentials_in(payload)
    target, _ = parse(str(essentials.get("alertId") or ""))
    is_alert = bool(target.providers) and target.last.namespace.lower() == NAMESPACE.lower()
    if target.subscription != world.subscription or not is_alert or not is_guid(target.name):
        return None
    condition = str(essentials.get("monitorCondition"))
    old = world.alerts.find(target.name, now=now)
    if old is not None:
        resolved = now if condition == "Resolved" else old.resolved
        return world.alerts.save(
            replace(old, condition=condition, resolved=resolved, modified=now)
        )
    rule = str(essentials.get("alertRule") or "")
    rule_id = str(essentials.get("alertRuleID") or essentials.get("alertRuleId") or rule)
    return world.alerts.save(
        Alert(
            id=target.name,
            rule=rule,
            rule_id=rule_id,
            resources=[str(one) for one in essentials.get("alertTargetIDs") or []],
            severity=essentials.get("severity"),
            condition=condition,
            service=str(essentials.get("monitoringService") or "Platform"),
            signal=str(essentials.get("signalType") or "Metric"),
            description=str(essentials.get("description") or ""),
            origin=str(essentials.get("originAlertId") or ""),
            context=payload["data"].get("alertContext"),
            fired=now,
            modified=now,
            resolved=now if condition == "Resolved" else None,
        )
    )


def _essentials_in(payload: Any) -> Mapping[str, Any]:
    data = payload.get("data") if isinstance(payload, dict) else None
    found = data.get("essentials") if isinstance(data, dict) else None
    if not isinstance(found, dict) or payload.get("schemaId") != _SCHEMA:
        return {}
    return found
