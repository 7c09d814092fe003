"""Alerts that fired, as Azure remembers them for thirty days.

An alert is one firing of a rule on its resources: it gets an id of its own, which its resolution
keeps, and a second firing is a second alert. What people make of it, its state, is apart from what
the monitor says of it, its condition.
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from local.azure.arm import Json
from local.azure.journal import Journal

_KIND = "alert"
KEPT = timedelta(days=30)
NAMESPACE = "Microsoft.AlertsManagement"
TYPE = f"{NAMESPACE}/alerts"
SEVERITIES = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4")
CONDITIONS = ("Fired", "Resolved")
STATES = ("New", "Acknowledged", "Closed")
_TIMES = ("fired", "modified", "resolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `rule` is its name, `rule_id` its resource, or the name again where it has none.

    `origin` is the same for every firing of the rule on the same resources.
    """

    id: str
    rule: str
    rule_id: str
    resources: Sequence[str]
    severity: str | None
    condition: str
    state: str = "New"
    service: str = "Platform"
    signal: str = "Metric"
    description: str = ""
    origin: str = ""
    context: Json | None = None
    fired: datetime
    modified: datetime
    modified_by: str = "System"
    resolved: datetime | None = None

    def is_about(self, resources: Iterable[str]) -> bool:
        """Tell whether these are the alert's resources, in whatever order and case."""
        return {one.lower() for one in self.resources} == {one.lower() for one in resources}


class Alerts:
    """Every alert that is not forgotten yet."""

    def __init__(self, journal: Journal) -> None:
        """Read back what the journal has."""
        self._journal = journal
        self._kept: dict[str, Alert] = {key: _read(row) for key, row in journal.rows(_KIND)}

    def save(self, alert: Alert) -> Alert:
        """Keep an alert; the caller commits."""
        self._kept[alert.id.lower()] = alert
        self._journal.put(_KIND, alert.id.lower(), _write(alert))
        return alert

    def find(self, alert_id: str, *, now: datetime) -> Alert | None:
        """Return the alert with this GUID."""
        self._forget(now)
        return self._kept.get(alert_id.lower())

    def all(self, *, now: datetime) -> list[Alert]:
        """Return all alerts, the oldest first."""
        self._forget(now)
        return list(self._kept.values())

    def fired(self, rule: str, resources: Sequence[str], *, now: datetime) -> Alert | None:
        """Return the newest alert of the rule on these resources that is not resolved."""
        found = (
            alert
            for alert in reversed(self.all(now=now))
            if alert.condition == "Fired"
            and rule.lower() in (alert.rule.lower(), alert.rule_id.lower())
            and alert.is_about(resources)
        )
        return next(found, None)

    def _forget(self, now: datetime) -> None:
        for key in [key for key, alert in self._kept.items() if alert.fired + KEPT < now]:
            del self._kept[key]
            self._journal.drop(_KIND, key)


def _write(alert: Alert) -> Json:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(alert).items()
    }


def _read(row: Json) -> Alert:
    times = {name: datetime.fromisoformat(row[name]) for name in _TIMES if row[name]}
    return Alert(**{**row, **times})
