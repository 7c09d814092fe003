"""What an alert's payload says, whichever of Azure Monitor's schemas it is in.

Payloads are told apart by their shape: names of services and signals are an open set with several
spellings. What an alert names is read here; whether that is so is asked of Azure before anything
is done. Nothing follows from what tells of deeds, of the platform's health or of money: a rule on
changes of a container app would otherwise fire at each step of a release.
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-non-common-schema-definitions
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from provisioning.alerts.words import at, instant, resources, rule_name, text


class Condition(StrEnum):
    """What became of what an alert watches."""

    FIRED = "Fired"
    RESOLVED = "Resolved"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert as its payload has it; `alert_id` is None in the schemas that lack it.

    `resources` are ids in lower case. Some old schemas name none.
    """

    rule: str
    condition: Condition
    severity: str
    resources: tuple[str, ...]
    fired_at: datetime | None = None
    alert_id: str | None = None


@dataclass(frozen=True)
class Ignored:
    """Nothing follows, and why; with what could be read of it."""

    why: str
    rule: str = ""
    severity: str = ""
    condition: str = ""
    resources: tuple[str, ...] = ()


Read = Alert | Ignored

_CONDITIONS = {
    "fired": Condition.FIRED,
    "activated": Condition.FIRED,
    "resolved": Condition.RESOLVED,
    "deactivated": Condition.RESOLVED,
}


def interpret(payload: Any) -> Read:
    """Return what the payload says; never raises on JSON of any shape."""
    if isinstance(payload, list):
        return Ignored("events of Event Grid tell what was done, not how a service does")
    if not isinstance(payload, Mapping):
        return Ignored("it is no alert: a JSON object is")
    if "specversion" in payload:
        return Ignored("a CloudEvent tells what was done, not how a service does")
    data = payload.get("data")
    if isinstance(at(data, "essentials"), Mapping):
        return _common(data)
    if isinstance(at(payload, "properties", "essentials"), Mapping):
        return _as_listed(payload)
    if isinstance(at(data, "context", "activityLog"), Mapping):
        return _activity(data)
    for content in (data, payload):
        if isinstance(at(content, "context"), Mapping):
            return _metric(content)
        if isinstance(at(content, "SearchQuery"), str):
            return _log(content)
    return Ignored("it is in no form that Azure Monitor sends")


def _common(data: Any) -> Read:
    """Read the common schema, of which activity logs, costs and backups use the shell."""
    essentials, context = data["essentials"], data.get("alertContext")
    rule, severity = text(essentials.get("alertRule")), text(essentials.get("severity"))
    named = resources(essentials.get("alertTargetIDs"))
    condition = _condition(essentials.get("monitorCondition"))
    identity = text(essentials.get("alertId")).lower() or None

    def ignored(why: str) -> Ignored:
        return Ignored(why, rule, severity, str(condition or ""), named)

    why = _says_nothing_of_a_service(context)
    if why is not None:
        return ignored(why)
    if condition is None:
        return ignored("it does not say whether it fired or is over")
    if identity is None:
        return ignored("it has no id in Azure's list of alerts")
    if not named:
        return ignored("it names no resource")
    return Alert(
        rule=rule,
        condition=condition,
        severity=severity,
        resources=named,
        fired_at=instant(essentials.get("firedDateTime")),
        alert_id=identity,
    )


def _says_nothing_of_a_service(context: Any) -> str | None:
    if at(context, "eventSource") is not None or at(context, "operationName") is not None:
        return "an entry of the activity log tells what was done, not how a service does"
    if at(context, "AlertCategory") is not None or at(context, "AlertData") is not None:
        return "a budget says nothing of how a service does"
    if isinstance(at(context, "properties", "currentHealthStatus"), str):
        return "the health of the platform says nothing of a release"
    is_backup = at(context, "sourceType") is not None and at(context, "category") is not None
    return "a backup says nothing of a release" if is_backup else None


def _as_listed(payload: Mapping[str, Any]) -> Read:
    """Read the form of Azure's own list, in which smart detectors send theirs."""
    essentials = payload["properties"]["essentials"]
    rule = rule_name(essentials.get("alertRule"))
    severity = text(essentials.get("severity"))
    named = resources(essentials.get("targetResource"))
    condition = _condition(essentials.get("monitorCondition"))
    if condition is None or not named:
        return Ignored("it does not say what fired, or on what", rule, severity)
    identity = text(payload.get("id")).lower() or None
    return Alert(
        rule=rule,
        condition=condition,
        severity=severity,
        resources=named,
        fired_at=instant(essentials.get("startDateTime")),
        alert_id=identity,
    )


def _activity(data: Any) -> Read:
    entry = data["context"]["activityLog"]
    return Ignored(
        "an entry of the activity log tells what was done, not how a service does",
        rule=text(entry.get("operationName")),
        severity=text(entry.get("level")),
        condition=str(Condition.FIRED),
        resources=resources(entry.get("resourceId")),
    )


def _metric(content: Any) -> Read:
    """Read the two metric schemas that came before the common one."""
    context = content["context"]
    rule = text(context.get("name")) or rule_name(context.get("id"))
    severity = text(at(content, "properties", "severity")) or text(context.get("severity"))
    named = resources(context.get("resourceId"))
    condition = _condition(content.get("status"))
    if condition is None or not rule or not named:
        why = "it does not say what fired, or on what"
        return Ignored(why, rule, severity, str(condition or ""), named)
    return Alert(
        rule=rule,
        condition=condition,
        severity=severity,
        resources=named,
        fired_at=instant(context.get("timestamp")),
    )


def _log(content: Any) -> Read:
    """Read the schema of old log alerts: it names a rule, and no resource by its id."""
    rule = text(content.get("AlertRuleName"))
    severity = text(content.get("Severity"))
    if not rule:
        return Ignored("it names no rule", severity=severity, condition=str(Condition.FIRED))
    return Alert(
        rule=rule,
        condition=Condition.FIRED,
        severity=severity,
        resources=(),
        fired_at=instant(content.get("SearchIntervalEndtimeUtc")),
    )


def _condition(value: Any) -> Condition | None:
    return _CONDITIONS.get(value.lower()) if isinstance(value, str) else None
