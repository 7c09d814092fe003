"""How the backups of a PostgreSQL flexible server are read.

Azure takes a full backup each day and archives the write-ahead log in between; a restore may go to
any point up to the last archived log, which is at most five minutes old. No answer says so of one
server: the newest point is inferred, from a server that runs and a full backup that is not
overdue. With an overdue one the logs are not believed, and the newest point is that backup.
https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-backup-restore

A stopped server takes no backups and is not written either; after it wakes, what fell due while it
slept takes a while. So a full backup is overdue by the hours that the server was awake.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from provisioning.azure.resources.recovery import Store, inside, instant, number, properties
from provisioning.azure.resources.recovery import short_name as named
from provisioning.model import Nap

TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"
API = "2024-08-01"
LOG_DELAY = timedelta(minutes=5)
OVERDUE = timedelta(hours=36)  # a full backup is taken each day, at an hour of Azure's choice
_RUNS = {"Ready", "Updating", "Starting", "Stopping"}


def read(
    identity: str,
    body: Mapping[str, Any] | None,
    backups: Sequence[Mapping[str, Any]] | None,
    *,
    naps: Sequence[Nap] = (),
    silence: str = "",
    now: datetime,
) -> Store:
    """Return what the server's body and its list of full backups say; None is one not had."""
    given = properties(body)
    backup = inside(given, "backup")
    state = str(given.get("state") or "")
    newest, evidence = _newest(state, _last_full(backups), naps, now)
    geo = {"Enabled": True, "Disabled": False}.get(str(backup.get("geoRedundantBackup")))
    return Store(
        id=identity,
        type=TYPE,
        name=named(identity),
        born=instant(inside(body or {}, "systemData").get("createdAt")),
        asleep=state == "Stopped" if state else None,
        newest=newest,
        evidence=evidence,
        retention_days=number(backup.get("backupRetentionDays")),
        oldest=instant(backup.get("earliestRestoreDate")),
        geo=geo,
        redundancy=f"geoRedundantBackup is {backup.get('geoRedundantBackup')}",
        silence=silence,
    )


def _last_full(backups: Sequence[Mapping[str, Any]] | None) -> datetime | None:
    times = (instant(properties(one).get("completedTime")) for one in backups or ())
    return max((at for at in times if at is not None), default=None)


def _newest(
    state: str, full: datetime | None, naps: Sequence[Nap], now: datetime
) -> tuple[datetime | None, str]:
    if full is None:
        return None, "no full backup is listed"
    taken = f"the last full backup is of {full:%Y-%m-%d %H:%M} UTC"
    if state == "Stopped":
        return full, f"{taken}, and the server is stopped"
    if state not in _RUNS:
        return None, f"the server is {state or 'in no state that was told'}"
    if now - full - _asleep(naps, full, now) > OVERDUE:
        return full, f"{taken}: the next is overdue, so its logs are not counted"
    return max(full, now - LOG_DELAY), f"{taken}; logs are archived within 5 min"


def _asleep(naps: Sequence[Nap], since: datetime, now: datetime) -> timedelta:
    """Return how long of the time since then was slept."""
    spans = (min(nap.ended_at or now, now) - max(nap.began_at, since) for nap in naps)
    return sum((span for span in spans if span > timedelta(0)), timedelta(0))
