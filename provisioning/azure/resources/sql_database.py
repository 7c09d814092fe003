"""How the backups and replicas of a database in Azure SQL are read.

The log is backed up about every ten minutes; of Hyperscale it lies in storage at once. No answer
tells the newest point of one database: it is inferred, for a database that is online and names an
earliest point, as ten minutes ago.
https://learn.microsoft.com/azure/azure-sql/database/automated-backups-overview

The copy in the paired region is told: `recoverableDatabases` has the last one, which by Azure's
word lags up to an hour.
https://learn.microsoft.com/azure/azure-sql/database/recovery-using-backups#geo-restore

A geo-secondary has no backups of its own; it is a replica of its primary.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from provisioning.azure.resources.recovery import (
    Copying,
    Replica,
    Store,
    instant,
    number,
    properties,
)
from provisioning.azure.resources.recovery import short_name as named

TYPE = "Microsoft.Sql/servers/databases"
API = "2023-08-01"
LOG_DELAY = timedelta(minutes=10)
GEO_DELAY = timedelta(hours=1)
_GEO = {"Geo": True, "GeoZone": True, "Local": False, "Zone": False}
_COPYING = {
    "CATCH_UP": Copying.WELL,
    "SEEDING": Copying.BEGINNING,
    "PENDING": Copying.BEGINNING,
    "SUSPENDED": Copying.BROKEN,
}


def is_system(identity: str) -> bool:
    """Say whether the database is the one that every server has and nobody restores."""
    return identity.rsplit("/", 1)[-1].lower() == "master"


def read(
    identity: str,
    body: Mapping[str, Any] | None,
    policy: Mapping[str, Any] | None,
    links: Sequence[Mapping[str, Any]] | None,
    copy: Mapping[str, Any] | None,
    *,
    silence: str = "",
    now: datetime,
) -> Store:
    """Return what the database, its short-term retention, its links and its geo-backup say."""
    given = properties(body)
    status = str(given.get("status") or "")
    oldest = instant(given.get("earliestRestoreDate"))
    newest, evidence = _newest(status, oldest, now)
    redundancy = str(given.get("currentBackupStorageRedundancy") or "")
    wanted = str(given.get("requestedBackupStorageRedundancy") or redundancy)
    changing = "" if wanted == redundancy else f", {wanted} is asked for"
    return Store(
        id=identity,
        type=TYPE,
        name=named(identity),
        born=instant(given.get("creationDate")),
        asleep=status == "Paused" if status else None,
        newest=newest,
        evidence=evidence,
        retention_days=number(properties(policy).get("retentionDays")),
        oldest=oldest,
        geo=_GEO.get(redundancy),
        redundancy=f"backup storage is {redundancy or 'not told'}{changing}",
        copied=instant(properties(copy).get("lastAvailableBackupDate")),
        tells_copied=True,
        copy_delay=GEO_DELAY,
        replicas=None if links is None else tuple(_replica(properties(link)) for link in links),
        replica_of=_primary_of(given, links or ()),
        silence=silence,
    )


def _primary_of(given: Mapping[str, Any], links: Sequence[Mapping[str, Any]]) -> str:
    """Return the `server/database` that this one is a secondary of, nothing where it is none."""
    ends = [properties(link) for link in links]
    for end in ends:
        if end.get("role") == "Secondary":
            return f"{end.get('partnerServer')}/{end.get('partnerDatabase')}"
    is_secondary = given.get("secondaryType") and not any(e.get("role") == "Primary" for e in ends)
    return "a primary that was not told" if is_secondary else ""


def _newest(status: str, oldest: datetime | None, now: datetime) -> tuple[datetime | None, str]:
    if oldest is None or oldest > now:
        return None, "no point to restore to is told"
    if status == "Paused":
        return now, "the database is paused"
    if status != "Online":
        return None, f"the database is {status or 'in no status that was told'}"
    return max(oldest, now - LOG_DELAY), "it is online; its log is backed up within 10 min"


def _replica(given: Mapping[str, Any]) -> Replica:
    word = str(given.get("replicationState") or "not told")
    name = f"{given.get('partnerServer')}/{given.get('partnerDatabase')}"
    return Replica(name=name, copying=_COPYING.get(word, Copying.UNTOLD), word=word)
