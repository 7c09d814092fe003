"""Dropped databases of Azure SQL that can still be restored, and long-term backups.

A database that is dropped leaves an entry of its server's `restorableDroppedDatabases`, named by
the database and the instant in Windows file time. A long-term backup lies under a location and
outlives even its server. Nobody writes either; a seed says what was there.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from local.azure import places
from local.azure.arm import Answer, Call, Json, Refusal
from local.azure.ids import Id
from local.azure.table import Behaviour, ProviderCall, ResourceType, Use, View, Write
from local.azure.types import sqlclock, sqlserver, sqlskus
from local.azure.types.sqlserver import moment
from local.azure.world import Resource, World, plain

TYPE = f"{sqlserver.TYPE}/restorableDroppedDatabases"
BACKUPS = (
    "Microsoft.Sql/locations/longTermRetentionServers/longTermRetentionDatabases"
    "/longTermRetentionBackups"
)
_FILE_TIME = datetime(1601, 1, 1, tzinfo=UTC)
_REDUNDANCY_SINCE = "2021"


class _Told(Behaviour):
    """What only the provider writes."""

    def check(self, write: Write) -> None:
        """Refuse every write that is no seed."""
        if not write.seeding:
            raise _read_only(write.type.name)


class Dropped(_Told):
    """A dropped database, for as long as its backups are kept."""

    def seeded(self, write: Write) -> Json:
        """Return the memory of a database of which only the entry is known."""
        given = write.body.get("properties") or {}
        told = {"name": given.get("serviceLevelObjective"), "tier": given.get("edition")}
        return {"sku": sqlskus.read(write.body.get("sku") or (told if told["name"] else _LEAST))}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the entry as a reader of this api-version sees it."""
        given, sku = plain(resource.body.get("properties") or {}), resource.state["sku"]
        place = str(resource.body.get("location", ""))
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        if view.version >= _MODERN:
            given.pop("elasticPoolName", None)
            return {**head, "sku": sku, "location": place, "properties": given}
        given.pop("backupStorageRedundancy", None)
        given["maxSizeBytes"] = str(given.get("maxSizeBytes", ""))
        old = {
            "edition": sku["tier"],
            "serviceLevelObjective": sqlskus.objective(sku),
            "elasticPoolName": None,
        }
        return {**head, "location": places.shown(place), "properties": {**given, **old}}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: an entry goes with its backups."""
        raise _read_only(use.resource.type)


class Backups(_Told):
    """A long-term backup of a database."""

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the backup as a reader of this api-version sees it."""
        body: Json = super().shown(resource, view)
        body.pop("sku", None)
        body.pop("location", None)
        properties = plain(body.get("properties") or {})
        if view.version >= _REDUNDANCY_SINCE:
            properties.setdefault("backupStorageRedundancy", "Geo")
        return {**body, "properties": properties}

    def absent(self, target: object) -> Refusal | None:
        """Return the provider's own words for a backup that is not there."""
        name = str(target).rpartition("/")[2]
        return Refusal(
            404,
            "ResourceNotFound",
            f"The requested resource of type '{BACKUPS}' with name '{name}' was not found.",
        )


def file_time(at: datetime) -> int:
    """Return an instant as Windows counts it, by which restore points are named."""
    return (at - _FILE_TIME) // timedelta(microseconds=1) * 10


def keep(world: World, database: Resource, now: datetime) -> None:
    """Leave what a dropped database can be restored from."""
    server, _, name = database.id.rpartition("/databases/")
    sku, state = database.body["sku"], database.state
    first = sqlclock.earliest(state, now)
    if sku["tier"] == "System" or world.find(server) is None or first is None:
        return
    entry = f"{name},{file_time(now)}"
    given = {
        "databaseName": name,
        "maxSizeBytes": database.body["properties"].get("maxSizeBytes"),
        "creationDate": moment(datetime.fromisoformat(state["born"])),
        "deletionDate": moment(now),
        "earliestRestoreDate": moment(first),
        "backupStorageRedundancy": state["redundancy"][1],
    }
    world.save(
        Resource(
            id=f"{server}/restorableDroppedDatabases/{entry}",
            type=TYPE,
            name=entry,
            body={"location": database.body["location"], "properties": given},
            state={"sku": sku, "redundancy": state["redundancy"]},
            created=now,
            changed=now,
        )
    )


def latest(world: World, database: str) -> Resource | None:
    """Return the last that was dropped of the databases of a name."""
    start = database.lower().replace("/databases/", "/restorabledroppeddatabases/") + ","
    found = [one for one in world.all_of(TYPE) if one.id.lower().startswith(start)]
    return max(found, key=lambda one: one.created, default=None)


def listed(world: World, call: Call, target: Id) -> Answer:
    """List the long-term backups of a location, a server or a database, of one group or all."""
    start = _inside(call.path.rstrip("/")).removesuffix("longtermretentionbackups")
    view = View(now=call.now, version=call.version, kind="list")
    group = f"/resourcegroups/{target.group}/".lower() if target.group else ""
    found = [
        one
        for one in world.all_of(BACKUPS)
        if _inside(one.id).startswith(start) and group in one.id.lower()
    ]
    return Answer(status=200, body={"value": [world.shown(one, view) for one in found]})


def _inside(path: str) -> str:
    """Return what follows a backup's scope, which may be a group or a subscription."""
    return path.lower().partition("/locations/")[2]


def _read_only(kind: str) -> Refusal:
    return Refusal(405, "MethodNotAllowed", f"'{kind}' can only be read.")


_MODERN = "2020"
_LEAST: Json = {"name": "GP_Gen5", "capacity": 2}
ROWS = (
    ResourceType(
        name=TYPE,
        versions=sqlserver.VERSIONS,
        tracked=False,
        top_level=frozenset({"sku"}),
        provisioning=False,
        behaviour=Dropped(),
    ),
    ResourceType(
        name=BACKUPS,
        versions=sqlserver.VERSIONS,
        tracked=False,
        top_level=frozenset({"sku"}),
        provisioning=False,
        delete=replace(
            sqlserver.LRO,
            takes=10,
            segment="longTermRetentionBackupAzureAsyncOperation",
            announces="DeleteLTRBackup",
        ),
        behaviour=Backups(),
    ),
)
_LIST_VERSIONS = ("2017-03-01-preview", "2020-02-02-preview", "2020-08-01-preview")
CALLS = tuple(
    ProviderCall(
        namespace="Microsoft.Sql",
        words=f"locations{above} longTermRetentionBackups",
        versions=(*_LIST_VERSIONS, "2020-11-01-preview", *sqlserver.VERSIONS),
        answer=listed,
        grouped=True,
    )
    for above in (
        "",
        " longTermRetentionServers",
        " longTermRetentionServers longTermRetentionDatabases",
    )
)
