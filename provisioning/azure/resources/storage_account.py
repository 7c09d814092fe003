"""How a storage account is read: what it keeps of what was overwritten or deleted, and where.

With versions on, every write leaves the blob as it was before: the newest point is now, and it
follows from the setting alone. Without them nothing is kept of what is overwritten.
https://learn.microsoft.com/azure/storage/blobs/versioning-overview

Soft deletion says how long that is kept. Where restore to a point in time is on, it says itself
how far it reaches; Azure wants its days to be fewer than those of soft deletion, so one day less
is as much as can be had. Where it is off Azure tells no oldest point.
https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-overview

Of geo-redundancy the last synchronisation is told; nothing before it is missing over there.
https://learn.microsoft.com/azure/storage/common/last-sync-time-get
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioning.azure.resources.recovery import (
    Copying,
    Replica,
    Store,
    inside,
    instant,
    number,
    properties,
)
from provisioning.azure.resources.recovery import short_name as named

TYPE = "Microsoft.Storage/storageAccounts"
API = "2023-05-01"
_COPYING = {
    "Live": Copying.WELL,
    "Bootstrap": Copying.BEGINNING,
    "Unavailable": Copying.BROKEN,
}
_EVIDENCE = {
    "True": "every write leaves a version",
    "False": "versioning is off: nothing is kept of what is overwritten",
}


def read(
    identity: str,
    body: Mapping[str, Any] | None,
    blobs: Mapping[str, Any] | None,
    *,
    silence: str = "",
    now: datetime,
) -> Store:
    """Return what the account (with `geoReplicationStats`) and its blob service say."""
    given, service = properties(body), properties(blobs)
    restore = inside(service, "restorePolicy")
    restores = restore.get("enabled") is True
    versions = service.get("isVersioningEnabled")
    sku = str(inside(body or {}, "sku").get("name") or "")
    geo = None if not sku else "GRS" in sku or "GZRS" in sku
    stats = inside(given, "geoReplicationStats")
    return Store(
        id=identity,
        type=TYPE,
        name=named(identity),
        born=instant(given.get("creationTime")),
        asleep=False if body is not None else None,
        points=versions is not False,
        newest=now if versions is True else None,
        evidence=_EVIDENCE.get(str(versions), "versioning is not told"),
        retention_days=_retention(service) if service else None,
        oldest=instant(restore.get("minRestoreTime")) if restores else None,
        tells_oldest=restores or not service,
        geo=geo,
        redundancy=f"it is {sku or 'of a redundancy that was not told'}",
        copied=instant(stats.get("lastSyncTime")),
        tells_copied=True,
        replicas=_replicas(str(given.get("secondaryLocation") or ""), stats) if geo else (),
        silence=silence,
    )


def _retention(service: Mapping[str, Any]) -> int | None:
    """Return for how many days something is kept, 0 for not at all."""
    soft, restore = inside(service, "deleteRetentionPolicy"), inside(service, "restorePolicy")
    if soft.get("enabled") is False:
        return 0
    days = number(soft.get("days"))
    if days is None or restore.get("enabled") is not True:
        return days
    reach = number(restore.get("days"))
    return None if reach is None else min(days, reach + 1)


def _replicas(place: str, stats: Mapping[str, Any]) -> tuple[Replica, ...] | None:
    if not stats:
        return None
    word = str(stats.get("status") or "not told")
    copying = _COPYING.get(word, Copying.UNTOLD)
    return (Replica(name=place or "the second region", copying=copying, word=word),)
