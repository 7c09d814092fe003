"""What a new PostgreSQL flexible server is made from: a replica's primary, a restore's origin.

A replica follows its primary in any region and says so. A restored server is one of its own, in
its origin's region, or, from geo-redundant backups, in another. Each takes its origin's size,
version and settings.

Source: learn.microsoft.com, REST API "Servers - Create", `CreateMode`.
"""

from dataclasses import replace
from datetime import datetime

from local.azure.arm import Json, Refusal
from local.azure.table import Lro, Write
from local.azure.types import postgresclock
from local.azure.types.facts import invalid
from local.azure.world import Resource, plain

REPLICA, RESTORE, GEO_RESTORE = "Replica", "PointInTimeRestore", "GeoRestore"
FOLLOWER = "AsyncReplica"
_WORK = {
    REPLICA: "CreateReadReplicaManagementOperation",
    RESTORE: "RestoreSnapshotManagementOperation",
    GEO_RESTORE: "RestoreSnapshotManagementOperation",
}
_GEO = "geoRedundantBackup"
MODES = tuple(_WORK)
_OWN = ("network", "availabilityZone", "highAvailability", "sourceServerResourceId")


def mode(write: Write) -> str | None:
    """Return how a write makes a server from another; None where it makes an empty one."""
    name = (write.body.get("properties") or {}).get("createMode")
    return name if write.current is None and name in _WORK else None


def check(write: Write, kind: str) -> None:
    """Refuse an origin that is not there or not able, and an instant that cannot be met."""
    how, found = mode(write), origin(write, kind)
    if how is None or found is None:
        return
    same = found.body["location"] == write.body.get("location")
    if (how == RESTORE and not same) or (how == GEO_RESTORE and same):
        raise invalid("location")
    if how == REPLICA:
        if found.body["properties"].get("replicationRole") == FOLLOWER:
            raise invalid("sourceServerResourceId")
        if found.body["sku"]["tier"] == "Burstable":
            raise Refusal(
                400,
                "ReadReplicasNotSupportedForBurstable",
                "Read replicas are not supported for the Burstable tier.",
            )
        return
    if how == GEO_RESTORE and found.body["properties"]["backup"].get(_GEO) != "Enabled":
        raise Refusal(
            400,
            "GeoBackupsNotAvailable",
            f"Unable to geo-restore server {found.name} as its geo-backups are not available yet.",
        )
    asked = (write.body.get("properties") or {}).get("pointInTimeUTC")
    try:
        instant = datetime.fromisoformat(str(asked))
    except ValueError as error:
        raise invalid("pointInTimeUTC") from error
    now, days = write.call.now, found.body["properties"]["backup"]["backupRetentionDays"]
    if (
        instant.tzinfo is None
        or not postgresclock.earliest(found.state, days, now) <= instant <= now
    ):
        raise invalid("pointInTimeUTC")


def origin(write: Write, kind: str) -> Resource | None:
    """Return the server that a new one is made from; refuse one that is not there."""
    if mode(write) is None:
        return None
    wanted = str((write.body.get("properties") or {}).get("sourceServerResourceId") or "")
    found = write.world.find(wanted)
    if found is None or found.type != kind:
        raise Refusal(404, "SourceServerNotFound", f"The source server '{wanted}' does not exist.")
    return found


def settings(write: Write, found: Resource, usual: Json) -> Json:
    """Return the properties with which a server made from `found` begins."""
    had: Json = plain(found.body["properties"])
    for name in _OWN:
        had.pop(name, None)
        if name in usual:
            had[name] = plain(usual[name])
    had["replicationRole"] = usual["replicationRole"]
    if mode(write) == REPLICA:
        had["replicationRole"] = FOLLOWER
    if mode(write) == GEO_RESTORE:
        had.pop("availabilityZone", None)
    return had


def work(write: Write, lro: Lro) -> Lro:
    """Return the work of a creation under its provider's name."""
    how = mode(write)
    return lro if how is None else replace(lro, announces=_WORK[how])
