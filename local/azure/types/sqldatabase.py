"""Databases of Azure SQL: sizes, backups' redundancy, geo-secondaries.

Recorded: a write answers 202 with the operation's name; sizes may be asked for by their objective
(`HS_Gen5_2`) and are told in full. A geo-secondary is made by `createMode: Secondary` from a
database of another server and takes its size; it has no restore window of its own. What an older
api-version does not know it does not tell.

Its other halves: `sqlmodes` (where a new one comes from), `sqlskus` (sizes), `sqlclock` (what time
makes of it), `sqlbackups` (retention, geo-backups), `sqllinks` (replication).
"""

from dataclasses import replace
from datetime import datetime

from local.azure import actions, places
from local.azure.arm import Answer, Json, Refusal, guid
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlbackups, sqlclock, sqllinks, sqlmodes, sqlserver, sqlskus
from local.azure.types.sqlserver import moment
from local.azure.world import Operation, Resource, World, plain

TYPE = sqlbackups.DATABASES
LRO = replace(sqlserver.LRO, segment="databaseAzureAsyncOperation")
REDUNDANCIES = ("Local", "Zone", "Geo", "GeoZone")
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
_ONCE = (
    "createMode",
    "requestedBackupStorageRedundancy",
    "restorePointInTime",
    "sourceDatabaseDeletionDate",
    "recoveryServicesRecoveryPointId",
    *(mode.source for mode in sqlmodes.MODES.values() if mode.source),
)
_LEDGER = "2021-02-01-preview"  # the first that tells where backups are stored
_STORED = ("currentBackupStorageRedundancy", "requestedBackupStorageRedundancy")
_ACCOUNTS = {"Geo": "GRS", "GeoZone": "GZRS", "Zone": "ZRS", "Local": "LRS"}
_POOL = {"name": "ElasticPool", "capacity": 0}
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
        if write.current is None:
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
        pool = _pool(write)
        if write.id.name.lower() == "master":
            body["sku"] = sqlserver.SYSTEM
        elif pool is not None:
            body["sku"] = {**_POOL, "tier": (pool.body.get("sku") or sqlskus.GENERAL)["tier"]}
        else:
            default = like.body["sku"] if like and "sku" in like.body else sqlskus.DEFAULT
            if default["name"] == _POOL["name"]:
                default = sqlskus.DEFAULT
            body["sku"] = sqlskus.read({**(body.get("sku") or default)})
        old = write.current.body["properties"] if write.current else _defaults(body["sku"])
        body["properties"] = {**old, **body["properties"]}
        body["properties"]["objective"] = sqlskus.objective(body["sku"])
        if source is not None and sqlmodes.is_secondary(write):
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
        inherited = (source.state.get("redundancy") if source else None) or ["", "Geo"]
        memory = sqlclock.born(now, edition, redundancy=str(asked or inherited[1]))
        if source is not None and sqlmodes.is_secondary(write):
            return {**memory, "source": source.id, "secondary": True}
        is_restored = "Restore" in sqlmodes.of(write).announces and not write.seeding
        return {**memory, "restored": True} if is_restored else memory

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
        state["facts"] = told = facts.named(write.body, READ_ONLY)
        if "creationDate" in told and "earliestRestoreDate" not in told:
            state["floor"] = sqlclock.NEVER.isoformat()
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
        mode = sqlmodes.of(write)
        return replace(lro, announces=mode.announces, takes=mode.takes)

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
        state = dict(resource.state)
        then = state.pop("then", None)
        if then is not None and operation.outcome == "Succeeded":
            state["paused"] = then == "Paused"
        return replace(resource, provisioning=operation.outcome, busy=None, state=state)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse for the database that belongs to the server."""
        if use.resource.name == "master":
            raise Refusal(400, "InvalidOperation", "The database 'master' cannot be dropped.")
        return None

    def removed(self, world: World, resource: Resource) -> None:
        """Let the geo-backup go with the database, and keep what it can be restored from."""
        sqlbackups.forget(world, resource)
        sqlbackups.drop(world, resource)


def pause(use: Use) -> Answer:
    """Begin to let a database rest: it costs storage only."""
    return _turn(use, "DeactivateDatabaseAsync", "Paused")


def resume(use: Use) -> Answer:
    """Begin to let a paused database serve again."""
    return _turn(use, "ActivateDatabaseAsync", "Online")


def _turn(use: Use, announces: str, then: str) -> Answer:
    if sqlbackups.is_hyperscale(use.resource):
        why = "The operation is not supported for the service tier of the database."
        raise Refusal(400, "UnsupportedServiceTier", why)
    lro = replace(LRO, announces=announces, takes=90)
    return actions.begun(use, lro, {**use.resource.state, "then": then})


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
    if at is None and state.get("restored") and sku["name"] != _POOL["name"]:
        at = datetime.fromisoformat(state["floor"])  # told before it is reached
    if at is not None:
        given["earliestRestoreDate"] = moment(at)
    subscription = "/".join(item.id.split("/")[:3])
    told = {
        "status": _status(item),
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
    return _as_of(view.version, {**given, **told}, sku)


def _status(item: Resource) -> str:
    if item.provisioning == "Creating":
        return "Creating"
    then = item.state.get("then")
    if then:
        return {"Paused": "Pausing", "Online": "Resuming"}[then]
    return "Paused" if item.state.get("paused") else "Online"


def _as_of(version: str, told: Json, sku: Json) -> Json:
    """Return what an api-version knows: redundancy had other names, replicas too."""
    if "family" not in sku:
        told.pop("licenseType", None)
    if version < _LEDGER and sku["tier"] == "Hyperscale":
        told.pop("zoneRedundant", None)
    if version >= _LEDGER:
        return told
    stored = told["requestedBackupStorageRedundancy"]
    for name in (*_STORED, "isLedgerOn", "isInfraEncryptionEnabled", "autoPauseDelay"):
        told.pop(name, None)
    replicas = told.get("highAvailabilityReplicaCount")
    if version >= "2020-08-01-preview":
        return {**told, "storageAccountType": _ACCOUNTS[stored]}
    for name in ("maintenanceConfigurationId", "highAvailabilityReplicaCount"):
        told.pop(name, None)
    return {"readReplicaCount": replicas or 0, **told}


def _check_values(write: Write, given: Json) -> None:
    if given.get("elasticPoolId") is not None and _pool(write) is None:
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
    """Return what a new database is made from, if that is not at work."""
    found = sqlmodes.source(write)
    if found is not None and found.busy and write.current is None:
        raise sqlbackups.busy(found.id)
    return found


def _pool(write: Write) -> Resource | None:
    wanted = (write.body.get("properties") or {}).get("elasticPoolId")
    found = write.world.find(str(wanted)) if wanted else None
    is_pool = found is not None and found.type == f"{sqlserver.TYPE}/elasticPools"
    return found if is_pool else None


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
    actions={
        ("GET", "restorepoints"): restore_points,
        ("POST", "pause"): pause,
        ("POST", "resume"): resume,
    },
    behaviour=Databases(),
)
