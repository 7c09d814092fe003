"""How an Azure SQL database comes to be: new, copied, restored, recovered.

`createMode` says which; each looks for its source in its own member and names its work its own
way. A restore to a point in time asks for an instant inside the source's window.

Source: learn.microsoft.com, REST API "Databases - Create Or Update".
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from local.azure.arm import Json, Refusal
from local.azure.table import Write
from local.azure.types import facts, sqlclock
from local.azure.world import Resource

_DATABASES = "Microsoft.Sql/servers/databases"
SECONDARY = ("Secondary", "OnlineSecondary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Where one way looks for its source, what type that is, and what its work is called."""

    source: str = ""
    type: str = ""
    announces: str = "CreateLogicalDatabase"
    takes: float = 60


_COPY = Mode(
    source="sourceDatabaseId", type=_DATABASES, announces="CreateDatabaseAsCopy", takes=120
)
_RESTORE = Mode(
    source="sourceDatabaseId", type=_DATABASES, announces="CreateRestoreRequest", takes=300
)
_DROPPED = Mode(
    source="restorableDroppedDatabaseId",
    type="Microsoft.Sql/servers/restorableDroppedDatabases",
    announces="CreateRestoreRequest",
    takes=300,
)
MODES: dict[str, Mode] = {
    "Default": Mode(),
    "Copy": _COPY,
    "Secondary": _COPY,
    "OnlineSecondary": _COPY,
    "PointInTimeRestore": _RESTORE,
    "Restore": _DROPPED,
    "Recovery": Mode(
        source="recoverableDatabaseId",
        type="Microsoft.Sql/servers/recoverableDatabases",
        announces="CreateRecoverRequest",
        takes=720,
    ),
    "RestoreLongTermRetentionBackup": Mode(
        source="longTermRetentionBackupResourceId",
        announces="CreateRestoreFromLtrBackupRequest",
        takes=420,
    ),
}


def of(write: Write) -> Mode:
    """Return the way that a write asks for; refuse one that Azure does not know."""
    given = write.body.get("properties") or {}
    facts.check_choice(given.get("createMode"), tuple(MODES), facts.invalid("createMode"))
    mode = MODES[given.get("createMode") or "Default"]
    if mode is _DROPPED and not given.get(mode.source):
        return _RESTORE
    return mode


def source(write: Write) -> Resource | None:
    """Return what a new database is made from; refuse what it cannot be made from."""
    mode = of(write)
    if not mode.source or write.seeding:
        return _seeded(write)
    given = write.body.get("properties") or {}
    wanted = str(given.get(mode.source) or "")
    if not wanted:
        raise facts.invalid(mode.source)
    if not mode.type:
        return None
    found = write.world.find(wanted)
    if found is None or found.type.lower() != mode.type.lower():
        raise Refusal(
            404, "SourceDatabaseNotFound", "The source does not exist; name a database that does."
        )
    here = found.id.rpartition("/databases/")[0].lower() == write.id.parent().key
    if here and is_secondary(write):
        raise facts.invalid("sourceDatabaseId")
    if mode is _RESTORE:
        _check_instant(write, found, given)
    return found


def is_secondary(write: Write) -> bool:
    """Tell whether a write makes a geo-secondary, which follows its source from then on."""
    return (write.body.get("properties") or {}).get("createMode") in SECONDARY


def _seeded(write: Write) -> Resource | None:
    """Return the source of a seeded secondary; of the other ways nothing is left to see."""
    given = write.body.get("properties") or {}
    if not is_secondary(write):
        return None
    found = write.world.find(str(given.get("sourceDatabaseId") or ""))
    if found is None or found.type != _DATABASES:
        raise Refusal(404, "SourceDatabaseNotFound", "Seed the secondary's source before it.")
    return found


def _check_instant(write: Write, found: Resource, given: Json) -> None:
    wrong = facts.invalid("restorePointInTime")
    try:
        wanted = datetime.fromisoformat(str(given.get("restorePointInTime")))
    except ValueError as error:
        raise wrong from error
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    first = sqlclock.earliest(found.state, write.call.now)
    if first is None or not first <= wanted <= write.call.now:
        raise wrong
