"""What a new Azure SQL database is made from: its `createMode`, and what that names.

A copy or a secondary is made from a living database, a restore from one whose backups reach
back far enough or from a dropped one, a recovery from a geo-backup, and any of them takes the size
of its origin unless it asks for its own.

Source: learn.microsoft.com, REST API "Databases - Create Or Update", `CreateMode`.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from local.azure.arm import Json, Refusal
from local.azure.table import Write
from local.azure.types import facts, sqlbackups, sqlclock, sqldropped, sqlskus
from local.azure.types.facts import invalid
from local.azure.world import Resource

SECONDARY = ("Secondary", "OnlineSecondary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How one `createMode` finds its origin, and the name and length of its work."""

    names: tuple[str, ...]
    work: str
    takes: float = 120.0


_COPY = Mode(names=("sourceDatabaseId", "sourceResourceId"), work="CreateDatabaseAsCopy")
MODES = {
    "Copy": _COPY,
    "Secondary": _COPY,
    "OnlineSecondary": _COPY,
    "PointInTimeRestore": Mode(
        names=("sourceDatabaseId", "sourceResourceId"), work="CreateRestoreRequest"
    ),
    "Restore": Mode(
        names=("restorableDroppedDatabaseId", "sourceDatabaseId"), work="CreateRestoreRequest"
    ),
    "Recovery": Mode(
        names=("recoverableDatabaseId", "sourceDatabaseId"), work="CreateRecoverRequest"
    ),
    "RestoreLongTermRetentionBackup": Mode(
        names=("longTermRetentionBackupResourceId", "sourceDatabaseId"),
        work="CreateRestoreFromLtrBackupRequest",
    ),
}
ASKED = (
    *{name for how in MODES.values() for name in how.names},
    "createMode",
    "restorePointInTime",
    "sourceDatabaseDeletionDate",
    "recoveryServicesRecoveryPointId",
)


def mode(write: Write) -> Mode | None:
    """Return how a write makes a database from another; None where it makes an empty one."""
    given = write.body.get("properties") or {}
    return MODES.get(str(given.get("createMode"))) if write.current is None else None


def check(write: Write) -> None:
    """Refuse an unknown mode, an origin that is not there, and an instant that cannot be met."""
    if write.current is not None:
        return
    given = write.body.get("properties") or {}
    name = given.get("createMode")
    facts.check_choice(name, ("Default", *MODES), invalid("createMode"))
    found = origin(write)
    if found is None or name not in {"PointInTimeRestore", "Restore"}:
        return
    instant = _instant(given.get("restorePointInTime") or given.get("sourceDatabaseDeletionDate"))
    if instant is None and (name == "PointInTimeRestore" or not _names_dropped(given)):
        raise invalid("restorePointInTime")
    if instant is not None and instant > write.call.now:
        raise Refusal(
            400,
            "InvalidRestorePointInTime",
            f"The restore point '{given.get('restorePointInTime')}' is not in the past.",
        )
    if instant is not None and found.type == sqlbackups.DATABASES and name != "Restore":
        first = sqlclock.earliest(found.state, write.call.now)
        if first is None or instant < first:
            raise Refusal(
                400,
                "InvalidRestorePointInTime",
                f"The database '{found.name}' cannot be restored to {instant.isoformat()}.",
            )


def origin(write: Write) -> Resource | None:
    """Return what a new database is made from; refuse what nothing can be made from."""
    how = mode(write)
    if how is None:
        return None
    given = write.body.get("properties") or {}
    wanted = next((str(given[name]) for name in how.names if given.get(name)), "")
    found = _found(write, wanted)
    if found is None:
        raise Refusal(
            404, "SourceDatabaseNotFound", f"The source database '{wanted}' does not exist."
        )
    name, server = given["createMode"], write.id.parent().key
    same = found.id.lower().startswith(server + "/")
    if name in SECONDARY and same and given.get("secondaryType") != "Named":
        raise invalid("sourceDatabaseId")
    if name in {"PointInTimeRestore", "Restore"} and not same:
        raise invalid("sourceDatabaseId")
    if found.type == sqlbackups.DATABASES and found.busy:
        raise sqlbackups.busy(found.id)
    return found


def size(write: Write, found: Resource) -> Json:
    """Return the sku of a database that is made from `found`."""
    match found.type:
        case sqldropped.TYPE:
            return dict(found.state["sku"])
        case sqlbackups.RECOVERABLE:
            given = found.body.get("properties") or {}
            told = str(given.get("serviceLevelObjective") or "").removeprefix("SQLDB_")
            return sqlskus.read({"name": told}) if told else sqlskus.read(sqlskus.DEFAULT)
        case sqlbackups.DATABASES:
            return dict(found.body["sku"])
    alive = write.world.find(f"{write.id.parent()}/databases/{_backed_up(found.id)}")
    sku = found.body.get("sku") or (alive.body["sku"] if alive else sqlskus.DEFAULT)
    return sqlskus.read(dict(sku))


def redundancy(found: Resource | None) -> str:
    """Return how the backups of a database made from `found` are stored, if nobody says."""
    asked = found.state.get("redundancy") if found else None
    return str(asked[1]) if asked else "Geo"


def backup_key(name: str) -> str:
    """Return what a long-term backup's identifier says, whatever scope it is told with."""
    return name.lower().partition("/locations/")[2].replace("%3b", ";")


def _found(write: Write, wanted: str) -> Resource | None:
    world = write.world
    key = backup_key(wanted)
    if key:
        return next(
            (one for one in world.all_of(sqldropped.BACKUPS) if backup_key(one.id) == key), None
        )
    found = world.find(wanted) or sqldropped.latest(world, wanted)
    kinds = {sqlbackups.DATABASES, sqlbackups.RECOVERABLE, sqldropped.TYPE}
    return found if found is not None and found.type in kinds else None


def _names_dropped(given: Json) -> bool:
    return bool(given.get("restorableDroppedDatabaseId"))


def _backed_up(name: str) -> str:
    found = re.search(r"/longTermRetentionDatabases/([^/]+)/", name, re.IGNORECASE)
    return found[1] if found else ""


def _instant(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise invalid("restorePointInTime") from error
    if found.tzinfo is None:
        raise invalid("restorePointInTime")
    return found
