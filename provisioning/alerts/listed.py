"""What Azure's own list says of an alert: whether it is there, fired, on what, since when.

This is what counts. The payload that told of it only says where to look.
https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioning.alerts.reading import Alert, Condition
from provisioning.alerts.words import at, instant, resources, rule_name, text

API = "2019-03-01"

_NEAR = timedelta(hours=1)  # between when a payload says it fired and when Azure does
_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})(/resourcegroups/[^/]+)?"
    r"/providers/microsoft\.alertsmanagement/alerts/(?P<name>[0-9a-f-]{36})"
)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An alert as Azure lists it."""

    rule: str
    condition: Condition
    resources: tuple[str, ...]
    fired_at: datetime | None


def place(alert_id: str, subscription: str) -> str | None:
    """Return the path of an alert in the subscription's list; None where it cannot be there."""
    match = _ID.fullmatch(alert_id.lower())
    if match is None or match["subscription"] != subscription.lower():
        return None
    return f"{list_of(subscription)}/{match['name']}"


def list_of(subscription: str) -> str:
    """Return the path of a subscription's list of alerts."""
    return f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts"


def read_listed(body: Mapping[str, Any]) -> Listed | None:
    """Return what an item of the list says; None where it says too little."""
    essentials = at(body, "properties", "essentials")
    condition = text(at(essentials, "monitorCondition"))
    if condition not in (str(Condition.FIRED), str(Condition.RESOLVED)):
        return None
    return Listed(
        rule=rule_name(at(essentials, "alertRule")),
        condition=Condition(condition),
        resources=resources(at(essentials, "targetResource")),
        fired_at=instant(at(essentials, "startDateTime")),
    )


def is_same(item: Mapping[str, Any], path: str) -> bool:
    """Say whether an item of the list is the alert at `path`: their ids end alike."""
    name = path.rsplit("/", 1)[-1]
    return text(item.get("id")).lower().endswith(f"/alerts/{name}")


def find(alert: Alert, items: Iterable[Mapping[str, Any]]) -> Listed | None:
    """Return the item that an alert without an id speaks of: its rule, at about its time.

    Of several one that has fired, and the newest.
    """
    read = [listed for item in items if (listed := read_listed(item)) is not None]
    same = [listed for listed in read if _is_of(alert, listed)]

    def place_of(listed: Listed) -> tuple[bool, float]:
        fired = listed.fired_at.timestamp() if listed.fired_at is not None else 0.0
        return listed.condition is Condition.FIRED, fired

    return max(same, key=place_of, default=None)


def is_about(listed: tuple[str, ...], resource: str) -> bool:
    """Say whether one of the ids is the resource, or part of it."""
    whole = resource.lower()
    return any(found == whole or found.startswith(f"{whole}/") for found in listed)


def _is_of(alert: Alert, listed: Listed) -> bool:
    if listed.rule.lower() != rule_name(alert.rule).lower():
        return False
    if alert.fired_at is None or listed.fired_at is None:
        return True
    return abs(alert.fired_at - listed.fired_at) <= _NEAR
