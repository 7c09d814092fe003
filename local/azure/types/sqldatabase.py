"""Databases of Azure SQL: sizes, pools, backups' redundancy, pauses, restore points.

Recorded: a write answers 202 with the operation's name; sizes may be asked for by their objective
(`HS_Gen5_2`) and are told in full. A database may be made from another (`sqlorigins`); a
geo-secondary has no restore window of its own. Only a data warehouse can be paused, and only it
takes restore points of its own.

Its other halves: `sqlskus` (sizes), `sqlshape` (what each api-version tells), `sqlclock` (what
time makes of it), `sqlbackups` (retention, geo-backups), `sqllinks` (replication).
"""

from dataclasses import replace
from datetime import datetime

from local.azure import actions, bodies, places
from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write, made_up
from local.azure.types import (
    facts,
    sqlbackups,
    sqlclock,
    sqldropped,
    sqllinks,
    sqlorigins,
    sqlsecurity,
    sqlserver,
    sqlshape,
    sqlskus,
)
from local.azure.types.sqlserver import moment
from local.azure.world import Operation, Resource, World

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
_ONCE = (*sqlorigins.ASKED, "requestedBackupStorageRedundancy")
_PAUSES = {
    "pause": ("DeactivateDatabaseAsync", "Pausing"),
    "resume": ("ActivateDatabaseAsync", "Resuming"),
}


class Databases(Behaviour):
    """Single databases."""

    def check(self, write: Write) -> None:
        """Refuse what the provider refuses."""
        if write.id.name.lower() == "master" and not write.seeding:
            raise Refusal(400, "InvalidOperation", "The database 'master' cannot be changed.")
        body = sqlshape.read(write)
        given = body["properties"]
        _check_values(given)
        if not write.seeding:
            sqlorigins.check(write)
            _check_home(write, given)
        if body.get("sku") and write.id.name.lower() != "master":
            sqlskus.read(body["sku"])
        asked = given.get("requestedBackupStorageRedundancy")
        if write.current is not None and sqlbackups.is_hyperscale(write.current):
            same = (write.current.state["redundancy"][1],)
            facts.check_choice(asked, same, facts.invalid("requestedBackupStorageRedundancy"))

    def shape(self, write: Write) -> Json:
        """Return the body with its size in full."""
        body = facts.without(sqlshape.read(write), (*READ_ONLY, *_ONCE))
        body.pop("kind", None)
        source = sqlorigins.origin(write)
        if write.id.name.lower() == "master":
            body["sku"] = sqlserver.SYSTEM
        else:
            body["sku"] = _size(write, body, source)
        kept = sqlshape.kept(write.current or _alike(source), body["sku"])
        if write.current is None:
            kept.pop("secondaryType", None)
        if body["sku"].get("name") != sqlskus.POOL:
            kept.pop("elasticPoolId", None)
            body["properties"].pop("elasticPoolId", None)
        body["properties"] = {**kept, **body["properties"]}
        body["properties"]["objective"] = sqlskus.objective(body["sku"])
        if source is not None and _is_secondary(write):
            body["properties"].setdefault("secondaryType", "Geo")
            if body["sku"]["name"] == sqlskus.POOL:
                body["properties"].pop("licenseType", None)
        return body

    def state(self, write: Write) -> Json:
        """Return the memory of the database's birth, retention and redundancy."""
        given, now = sqlshape.read(write)["properties"], write.call.now
        asked = given.get("requestedBackupStorageRedundancy")
        if write.current is not None:
            state = write.current.state
            return sqlclock.redundant(state, asked, now) if asked else dict(state)
        source = sqlorigins.origin(write)
        edition = self.shape(write)["sku"]["tier"]
        stored = str(asked or sqlorigins.redundancy(source))
        memory = sqlclock.born(now, edition, redundancy=stored)
        if source is not None and _is_secondary(write):
            return {**memory, "source": source.id, "secondary": True}
        return memory

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
        told = facts.named(write.body, READ_ONLY)
        state["paused"] = told.get("status") == "Paused"
        if told.get("status") in {"Paused", "Online"}:
            told.pop("status")
        if "creationDate" in told and "earliestRestoreDate" not in told:
            state["floor"] = (now + sqlclock.FIRST_BACKUP).isoformat()
        state["facts"] = told
        found = world.find(write.id)
        assert found is not None
        item = replace(found, state=state)
        sqlbackups.keep(world, item, now)
        if state.get("source"):
            sqllinks.connect(world, item, state["source"], now - sqlclock.OLDER)
        return state

    def work(self, write: Write) -> Lro | None:
        """Return the work, named as the provider names it."""
        lro = write.type.create if write.current is None else write.type.update
        assert lro is not None
        how = sqlorigins.mode(write)
        if how is not None:
            lro = replace(lro, announces=how.work, takes=how.takes)
        return sqlserver.classic(lro, write.call.version)

    def result(self, world: World, resource: Resource, operation: Operation) -> Json | None:
        """Return the restore point that an operation took."""
        taken = operation.started.isoformat()
        points = resource.state.get("points", [])
        made = next((one for one in points if one["at"] == taken), None)
        return _point(resource, made) if made else None

    def busy(self, resource: Resource) -> Refusal:
        """Return how a database refuses a second operation."""
        return sqlbackups.busy(resource.id)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the database as a reader of this api-version sees it."""
        body = sqlshape.shown(resource, view)
        body["properties"] = facts.lay(body["properties"], resource.state.get("facts") or {})
        named = (body.get("identity") or {}).get("userAssignedIdentities") or {}
        for name in named:
            known = {
                "principalId": made_up("principal", name),
                "clientId": made_up("client", name),
            }
            named[name] = known
        return sqlshape.aged(body, view)

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the database after its work, with all that hangs on it."""
        if operation.outcome == "Succeeded":
            sqlbackups.keep(world, resource, operation.due)
            if operation.kind == "create" and resource.state.get("source"):
                sqllinks.connect(world, resource, resource.state["source"], operation.due)
        state = dict(resource.state)
        doing = state.pop("doing", None)
        if doing is not None and operation.outcome == "Succeeded":
            state["paused"] = doing == "Pausing"
        kept = resource.provisioning if operation.kind == "action" else operation.outcome
        return replace(resource, provisioning=kept, busy=None, state=state)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse for the database that belongs to the server."""
        if use.resource.name == "master":
            raise Refusal(400, "InvalidOperation", "The database 'master' cannot be dropped.")
        return None

    def removed(self, world: World, resource: Resource) -> None:
        """Let the geo-backup go with the database, and leave what it can be restored from."""
        sqlbackups.forget(world, resource)
        sqldropped.keep(world, resource, world.clock.now())


def restore_points(use: Use) -> Answer:
    """List the one window that can be restored to, or a warehouse's restore points."""
    if sqlskus.is_warehouse(use.resource.body["sku"]):
        made = [_point(use.resource, one) for one in use.resource.state.get("points", [])]
        return Answer(status=200, body={"value": made})
    at = sqlclock.earliest(use.resource.state, use.call.now)
    fact = (use.resource.state.get("facts") or {}).get("earliestRestoreDate")
    told = fact or (moment(at) if at is not None else None)
    row = {
        "location": places.shown(use.resource.body["location"]),
        "properties": {"restorePointType": "CONTINUOUS", "earliestRestoreDate": told},
        "id": f"{use.resource.id}/restorePoints/ContinuousRestorePoint",
        "name": "ContinuousRestorePoint",
        "type": f"{TYPE}/restorePoints",
    }
    return Answer(status=200, body={"value": [row] if told else []})


def add_restore_point(use: Use) -> Answer:
    """Take a restore point of a data warehouse."""
    _require_warehouse(use)
    label = bodies.read(use.call).get("restorePointLabel")
    if not isinstance(label, str) or not label:
        raise facts.invalid("restorePointLabel")
    item, now = use.resource, use.call.now
    point = {"at": now.isoformat(), "label": label}
    lro = replace(LRO, takes=20, header="location", announces="CreateRestorePoint")
    state = {**item.state, "points": [*item.state.get("points", []), point]}
    return actions.begun(use, lro, state)


def pause(use: Use) -> Answer:
    """Let a data warehouse rest."""
    return _switch(use, "pause", asleep=False)


def resume(use: Use) -> Answer:
    """Wake a data warehouse."""
    return _switch(use, "resume", asleep=True)


def _switch(use: Use, verb: str, *, asleep: bool) -> Answer:
    _require_warehouse(use)
    item = use.resource
    if item.busy or bool(item.state.get("paused")) != asleep:
        raise sqlbackups.busy(item.id)
    work, doing = _PAUSES[verb]
    lro = sqlserver.classic(replace(LRO, announces=work), use.call.version)
    return actions.begun(use, lro, {**item.state, "doing": doing})


def _require_warehouse(use: Use) -> None:
    if not sqlskus.is_warehouse(use.resource.body["sku"]):
        why = f"The edition of '{use.resource.name}' does not support this operation."
        raise Refusal(400, "InvalidOperation", why)


def _point(database: Resource, made: Json) -> Json:
    at = datetime.fromisoformat(made["at"])
    name = str(sqldropped.file_time(at))
    return {
        "location": places.shown(database.body["location"]),
        "properties": {
            "restorePointType": "DISCRETE",
            "restorePointCreationDate": moment(at),
            "restorePointLabel": made["label"],
        },
        "id": f"{database.id}/restorePoints/{name}",
        "name": name,
        "type": f"{TYPE}/restorePoints",
    }


def _check_values(given: Json) -> None:
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


def _check_home(write: Write, given: Json) -> None:
    """Refuse another region than the server's, and a pool that is not the server's."""
    server = write.world.find(write.id.parent())
    if server is not None and server.body["location"] != write.body["location"]:
        raise facts.invalid("location")
    pool = given.get("elasticPoolId")
    old = write.current.body["properties"].get("elasticPoolId") if write.current else None
    if pool is not None and pool != old:
        found = write.world.find(str(pool))
        if found is None or not found.id.lower().startswith(f"{write.id.parent().key}/"):
            raise facts.invalid("elasticPoolId")


def _size(write: Write, body: Json, source: Resource | None) -> Json:
    """Return a database's sku in full: asked for, its pool's, its origin's, or the usual."""
    pool = body["properties"].get("elasticPoolId")
    kept = write.current.body["sku"] if write.current else None
    asked = body.get("sku")
    if pool is not None and (asked in (None, kept) or asked.get("name") == sqlskus.POOL):
        found = write.world.find(str(pool))
        told = (found.body.get("sku") if found else asked) or asked or {}
        return sqlskus.pooled(str(told.get("tier") or "GeneralPurpose"))
    if asked is None and source is not None:
        return _alone(sqlorigins.size(write, source))
    return sqlskus.read({**(asked or kept or sqlskus.DEFAULT)})


def _alike(source: Resource | None) -> Resource | None:
    """Return what a new database takes more from than its size: a living one."""
    return source if source is not None and source.type == TYPE else None


def _alone(sku: Json) -> Json:
    """Return the size of a database that is made from a pooled one, outside any pool."""
    return sqlskus.read(sqlskus.DEFAULT) if sku["name"] == sqlskus.POOL else sku


def _is_secondary(write: Write) -> bool:
    given = write.body.get("properties") or {}
    return given.get("createMode") in sqlorigins.SECONDARY


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
    create=replace(LRO, takes=105, announces="CreateLogicalDatabase"),
    update=replace(LRO, takes=45, announces="UpdateLogicalDatabase"),
    delete=replace(LRO, takes=20, since=sqlserver.CLASSIC, announces="DropLogicalDatabase"),
    group_delete=30.0,
    actions={
        ("POST", "operations/cancel"): sqlsecurity.cancel,
        ("GET", "restorepoints"): restore_points,
        ("POST", "restorepoints"): add_restore_point,
        ("POST", "pause"): pause,
        ("POST", "resume"): resume,
    },
    behaviour=Databases(),
)
