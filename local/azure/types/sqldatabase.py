"""Databases of Azure SQL: sizes, backups' redundancy, geo-secondaries.

Recorded: a write answers 202 with the operation's name; sizes may be asked for by their objective
(`HS_Gen5_2`) and are told in full. A geo-secondary is made by `createMode: Secondary` from a
database of another server and takes its size; it has no restore window of its own.

Its other halves: `sqlskus` (sizes), `sqlclock` (what time makes of it), `sqlbackups` (retention,
geo-backups), `sqllinks` (replication).
"""

from dataclasses import replace
from datetime import datetime

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, guid
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlbackups, sqlclock, sqllinks, sqlserver, sqlskus
from local.azure.types.sqlserver import moment
from local.azure.world import Operation, Resource, World, plain

TYPE = sqlbackups.DATABASES
LRO = replace(sqlserver.LRO, segment="databaseAzureAsyncOperation")
REDUNDANCIES = ("Local", "Zone", "Geo", "GeoZone")
SECONDARY = ("Secondary", "OnlineSecondary")
READ_ONLY = (
    "earliestRestoreDate",
    "status",
    "creationDate",
    "databaseId",
    "currentBackupStorageRedundancy",
    "currentServiceObjectiveName",
    "requestedServiceObjectiveName",
    "defaultSecondaryLocation",
    "maxLogSizeBytes",
    "currentSku",
    "isInfraEncryptionEnabled",
    "failoverGroupId",
)
_ONCE = ("createMode", "sourceDatabaseId", "requestedBackupStorageRedundancy")
_SCHEDULE = "Microsoft.Maintenance/publicMaintenanceConfigurations/SQL_Default"
_DEFAULTS: Json = {
    "collation": "SQL_Latin1_General_CP1_CI_AS",
    "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
    "zoneRedundant": False,
    "licenseType": "LicenseIncluded",
    "isLedgerOn": False,
}


class Databases(Behaviour):
    """Single databases."""

    def check(self, write: Write) -> None:
        """Refuse what the provider refuses."""
        given = write.body.get("properties") or {}
        if write.id.name.lower() == "master" and not write.seeding:
            raise Refusal(400, "InvalidOperation", "The database 'master' cannot be changed.")
        _check_values(write, given)
        server = write.world.find(write.id.parent())
        if server is not None and server.body["location"] != write.body["location"]:
            raise facts.invalid("location")
        if given.get("createMode") in SECONDARY and write.current is None:
            _source(write)
        if write.body.get("sku") and write.id.name.lower() != "master":
            sqlskus.read(write.body["sku"])
        asked = given.get("requestedBackupStorageRedundancy")
        if write.current is not None and sqlbackups.is_hyperscale(write.current):
            same = (write.current.state["redundancy"][1],)
            facts.check_choice(asked, same, facts.invalid("requestedBackupStorageRedundancy"))

    def shape(self, write: Write) -> Json:
        """Return the body with its size in full."""
        body = facts.without(write.body, (*READ_ONLY, *_ONCE))
        body.pop("kind", None)
        source = _source(write) if write.current is None else None
        like = write.current or source
        if write.id.name.lower() == "master":
            body["sku"] = sqlserver.SYSTEM
        else:
            default = like.body["sku"] if like else sqlskus.DEFAULT
            body["sku"] = sqlskus.read({**(body.get("sku") or default)})
        old = write.current.body["properties"] if write.current else _defaults(body["sku"])
        body["properties"] = {**old, **body["properties"]}
        body["properties"]["objective"] = sqlskus.objective(body["sku"])
        if source is not None:
            body["properties"]["secondaryType"] = "Geo"
        return body

    def state(self, write: Write) -> Json:
        """Return the memory of the database's birth, retention and redundancy."""
        given, now = write.body.get("properties") or {}, write.call.now
        asked = given.get("requestedBackupStorageRedundancy")
        if write.current is not None:
            state = write.current.state
            return sqlclock.redundant(state, asked, now) if asked else dict(state)
        source = _source(write)
        edition = self.shape(write)["sku"]["tier"]
        inherited = source.state["redundancy"][1] if source else "Geo"
        memory = sqlclock.born(now, edition, redundancy=str(asked or inherited))
        return {**memory, "source": source.id, "secondary": True} if source else memory

    def seeded(self, write: Write) -> Json:
        """Return the memory of a database born long ago, with all that hangs on it."""
        world, now = write.world, write.call.now
        old = replace(write, call=replace(write.call, now=now - sqlclock.OLDER))
        kept = sqlbackups.days(world, str(write.id))
        state = {**self.state(old), "retention": kept}
        roles = {one.body["properties"]["role"] for one in sqllinks.links(world, str(write.id))}
        given = write.body.get("properties") or {}
        if "Secondary" in roles or given.get("secondaryType") == "Geo":
            state["secondary"] = True
        state["facts"] = facts.named(write.body, READ_ONLY)
        found = world.find(write.id)
        assert found is not None
        item = replace(found, state=state)
        sqlbackups.keep(world, item, now)
        if state.get("source"):
            sqllinks.connect(world, item, state["source"], now - sqlclock.OLDER)
        return state

    def work(self, write: Write) -> Lro | None:
        """Return the work, named as the provider names it."""
        if write.current is not None:
            return write.type.update
        lro = write.type.create
        assert lro is not None
        copy = _source(write) is not None
        return replace(lro, announces="CreateDatabaseAsCopy", takes=120) if copy else lro

    def busy(self, resource: Resource) -> Refusal:
        """Return how a database refuses a second operation."""
        return sqlbackups.busy(resource.id)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the database as a reader of this api-version sees it."""
        body: Json = plain(resource.body)
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        body["properties"] = facts.lay(
            _properties(resource, view), resource.state.get("facts") or {}
        )
        return {**body, "kind": sqlskus.kind(body["sku"]), **head}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the database after its work, with all that hangs on it."""
        if operation.outcome == "Succeeded":
            sqlbackups.keep(world, resource, operation.due)
            if operation.kind == "create" and resource.state.get("source"):
                sqllinks.connect(world, resource, resource.state["source"], operation.due)
        return replace(resource, provisioning=operation.outcome, busy=None)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse for the database that belongs to the server."""
        if use.resource.name == "master":
            raise Refusal(400, "InvalidOperation", "The database 'master' cannot be dropped.")
        return None

    def removed(self, world: World, resource: Resource) -> None:
        """Let the geo-backup go with the database."""
        sqlbackups.forget(world, resource)


def restore_points(use: Use) -> Answer:
    """List the one window that can be restored to."""
    at = sqlclock.earliest(use.resource.state, use.call.now)
    fact = (use.resource.state.get("facts") or {}).get("earliestRestoreDate")
    told = fact or (moment(at) if at is not None else None)
    name = "ContinuousRestorePoint"
    row = {
        "location": places.shown(use.resource.body["location"]),
        "properties": {"restorePointType": "CONTINUOUS", "earliestRestoreDate": told},
        "id": f"{use.resource.id}/restorePoints/{name}",
        "name": name,
        "type": f"{TYPE}/restorePoints",
    }
    return Answer(status=200, body={"value": [row] if told else []})


def _properties(item: Resource, view: View) -> Json:
    """Return what is kept and what follows from it, in the provider's words."""
    given = plain(item.body["properties"])
    objective, sku = given.pop("objective", "System"), item.body["sku"]
    state, place = item.state, item.body["location"]
    at = sqlclock.earliest(state, view.now)
    if at is not None:
        given["earliestRestoreDate"] = moment(at)
    subscription = "/".join(item.id.split("/")[:3])
    told = {
        "status": "Creating" if item.provisioning == "Creating" else "Online",
        "databaseId": guid("database", item.id, state["born"]),
        "creationDate": moment(datetime.fromisoformat(state["born"])),
        "currentServiceObjectiveName": objective,
        "requestedServiceObjectiveName": objective,
        "defaultSecondaryLocation": places.PAIRS.get(place, place),
        "currentSku": sku,
        "currentBackupStorageRedundancy": sqlclock.redundancy(state, view.now),
        "requestedBackupStorageRedundancy": state["redundancy"][1],
        "maintenanceConfigurationId": f"{subscription}/providers/{_SCHEDULE}",
        "isInfraEncryptionEnabled": False,
    }
    if sku["tier"] != "Hyperscale" and "family" in sku:
        told["maxLogSizeBytes"] = 193273528320
    if view.version >= "2022-08-01":
        given.setdefault("availabilityZone", "NoPreference")
    return {**given, **told}


def _check_values(write: Write, given: Json) -> None:
    if write.current is None:
        modes = ("Default", *SECONDARY)
        facts.check_choice(given.get("createMode"), modes, facts.invalid("createMode"))
    if given.get("elasticPoolId") is not None:
        raise facts.invalid("elasticPoolId")
    asked = given.get("requestedBackupStorageRedundancy")
    wrong = facts.invalid("requestedBackupStorageRedundancy")
    facts.check_choice(asked, REDUNDANCIES, wrong)
    scale = given.get("readScale")
    facts.check_choice(scale, ("Enabled", "Disabled"), facts.invalid("readScale"))
    facts.check_range(
        given.get("highAvailabilityReplicaCount"),
        0,
        4,
        facts.invalid("highAvailabilityReplicaCount"),
    )


def _source(write: Write) -> Resource | None:
    """Return the database that a new secondary copies; refuse one that cannot be copied."""
    given = write.body.get("properties") or {}
    if given.get("createMode") not in SECONDARY:
        return None
    found = write.world.find(str(given.get("sourceDatabaseId") or ""))
    if found is None or found.type != TYPE:
        raise Refusal(
            404, "SourceDatabaseNotFound", "The source database of the secondary does not exist."
        )
    if found.id.rpartition("/databases/")[0].lower() == write.id.parent().key:
        raise facts.invalid("sourceDatabaseId")
    if found.busy and write.current is None:
        raise sqlbackups.busy(found.id)
    return found


def _defaults(sku: Json) -> Json:
    if sku["tier"] == "System":
        return {}
    if sku["tier"] == "Hyperscale":
        more: Json = {
            "maxSizeBytes": -1,
            "readScale": "Enabled",
            "highAvailabilityReplicaCount": 1,
            "autoPauseDelay": -1,
        }
    else:
        more = {"maxSizeBytes": 34359738368, "readScale": "Disabled"}
    return {**_DEFAULTS, **more}


ROW = ResourceType(
    name=TYPE,
    versions=sqlserver.VERSIONS,
    names=NameRule(
        pattern=r"[^<>*%&:\\/?]{0,127}[^<>*%&:\\/? .]",
        code="InvalidDatabaseName",
        message="'{name}' is not a valid database name.",
    ),
    top_level=frozenset({"sku", "identity", "kind", "managedBy"}),
    provisioning=False,
    create=replace(LRO, takes=60, announces="CreateLogicalDatabase"),
    update=replace(LRO, takes=45, announces="UpdateLogicalDatabase"),
    delete=replace(LRO, takes=20, announces="DropLogicalDatabase"),
    group_delete=30.0,
    actions={("GET", "restorepoints"): restore_points},
    behaviour=Databases(),
)
