"""How a PostgreSQL flexible server comes to be from another: restored, recovered, replicated.

Recorded: `createMode` names the way and `sourceServerResourceId` the server; the new one takes its
size, version and storage. A restore asks for an instant in the source's window and stays in its
region; a geo-restore leaves it, and needs geo-backups that are there already.

Source: learn.microsoft.com, "Backup and restore in Azure Database for PostgreSQL".
"""

from datetime import UTC, datetime, timedelta

from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Use, View, Write
from local.azure.types import facts, postgresclock
from local.azure.world import Resource, plain

_SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
_RESTORE = "RestoreSnapshotManagementOperation"
ANNOUNCES = {
    "PointInTimeRestore": _RESTORE,
    "GeoRestore": _RESTORE,
    "Replica": "CreateReadReplicaManagementOperation",
}
MODES = ("Default", "Create", *ANNOUNCES)
_GEO_AFTER = timedelta(hours=1)  # from a server's birth to its first geo-backup
_INHERITED = ("version", "administratorLogin", "storage", "authConfig", "dataEncryption")


def of(write: Write) -> str | None:
    """Return the way in which a new server is made from another; None where it is not."""
    mode = (write.body.get("properties") or {}).get("createMode")
    made = write.current is None and not write.seeding
    return str(mode) if made and mode in ANNOUNCES else None


def source(write: Write) -> Resource | None:
    """Return the server that a new one is made from; refuse what it cannot be made from."""
    mode = of(write)
    if mode is None:
        return None
    given = write.body["properties"]
    found = write.world.find(str(given.get("sourceServerResourceId") or ""))
    if found is None or found.type != _SERVERS:
        raise facts.invalid("sourceServerResourceId")
    now = write.call.now
    away = found.body["location"] != write.body["location"]
    if mode == "GeoRestore":
        geo = found.body["properties"]["backup"].get("geoRedundantBackup") == "Enabled"
        if not geo or now < datetime.fromisoformat(found.state["born"]) + _GEO_AFTER:
            raise Refusal(
                400,
                "GeoBackupsNotAvailable",
                f"Unable to geo-restore server {found.name} as its geo-backups are not available"
                " yet.",
            )
    elif mode == "PointInTimeRestore":
        if away:
            raise facts.invalid("location")
        _check_instant(found, given.get("pointInTimeUTC"), now)
    return found


def inherited(write: Write) -> Json:
    """Return what a new server has from the one that it is made from."""
    found = source(write)
    if found is None:
        return {}
    old: Json = plain(found.body)
    kept = {name: old["properties"][name] for name in _INHERITED if name in old["properties"]}
    if of(write) == "Replica":
        kept["replicationRole"] = "AsyncReplica"
    if of(write) == "GeoRestore":
        kept["availabilityZone"] = None
    return {"sku": old["sku"], "properties": kept}


def replicas(use: Use) -> Answer:
    """List the replicas of a server."""
    view = View(now=use.call.now, version=use.call.version, kind="list")
    mine = use.resource.id.lower()
    rows = [
        use.world.shown(item, view)
        for item in use.world.all_of(_SERVERS)
        if str(item.body["properties"].get("sourceServerResourceId")).lower() == mine
        and item.body["properties"].get("replicationRole") == "AsyncReplica"
    ]
    return Answer(status=200, body={"value": rows})


def _check_instant(found: Resource, wanted: object, now: datetime) -> None:
    wrong = facts.invalid("pointInTimeUTC")
    try:
        instant = datetime.fromisoformat(str(wanted))
    except ValueError as error:
        raise wrong from error
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    kept = int(found.body["properties"]["backup"]["backupRetentionDays"])
    if not postgresclock.earliest(found.state, kept, now) <= instant <= now:
        raise wrong
