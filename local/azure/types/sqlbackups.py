"""What tells of an Azure SQL database's backups: its retention policy and its geo-backup.

`backupShortTermRetentionPolicies/default` comes with the database and goes with it; what it says
is remembered by the database, whose window it rules. A server lists a `recoverableDatabases` entry
for each database whose backups are also kept in the paired region; nobody but a seed writes one.
"""

import re
from dataclasses import replace
from datetime import datetime

from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlclock, sqlserver
from local.azure.types.sqlserver import moment
from local.azure.world import Operation, Resource, World, plain

DATABASES = f"{sqlserver.TYPE}/databases"
POLICIES = f"{DATABASES}/backupShortTermRetentionPolicies"
RECOVERABLE = f"{sqlserver.TYPE}/recoverableDatabases"
DEFAULT_DAYS, MOST_DAYS = 7, 35
_INTERVAL_SINCE, _IMMUTABLE_SINCE = "2019", "2024-11"
INTERVALS = (12, 24)
LONG_TERM = f"{DATABASES}/backupLongTermRetentionPolicies"
NEVER = "PT0S"
_DURATION = r"P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T0S)?"
_TERMS = ("weeklyRetention", "monthlyRetention", "yearlyRetention")
_NOTHING_KEPT: Json = {**dict.fromkeys(_TERMS, NEVER), "weekOfYear": 0}
_KEPT = ("lastAvailableBackupDate", "edition", "serviceLevelObjective", "elasticPoolName")


class Policies(Behaviour):
    """How long the database can be restored to any point."""

    def check(self, write: Write) -> None:
        """Refuse another name, a busy database, and days or hours that are not offered."""
        database = write.world.find(write.id.parent())
        if database is not None and database.busy:
            raise busy(database.id)
        given = write.body.get("properties") or {}
        days, hours = given.get("retentionDays"), given.get("diffBackupIntervalInHours")
        facts.check_range(days, 1, MOST_DAYS, facts.invalid("retentionDays"))
        facts.check_choice(hours, INTERVALS, facts.invalid("diffBackupIntervalInHours"))
        if hours is not None and database is not None and is_hyperscale(database):
            raise facts.invalid("diffBackupIntervalInHours")

    def shape(self, write: Write) -> Json:
        """Return the policy over what was there."""
        given = write.body.get("properties") or {}
        old = write.current.body["properties"] if write.current else _policy(_above(write))
        return {"properties": {**old, **given}}

    def seeded(self, write: Write) -> Json:
        """Tell the database at once."""
        database = _above(write)
        if database is not None:
            kept = int(self.shape(write)["properties"]["retentionDays"])
            write.world.save(replace(database, state={**database.state, "retention": kept}))
        return {}

    def busy(self, resource: Resource) -> Refusal:
        """Return how a policy in change refuses another."""
        return busy(resource.id.rsplit("/", 2)[0])

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the policy as recorded."""
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        given = plain(resource.body["properties"])
        if view.version < _INTERVAL_SINCE:
            given.pop("diffBackupIntervalInHours", None)
        return {"properties": given, **head}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the policy; the database follows it from now on."""
        if operation.outcome == "Succeeded":
            database = world.find(resource.id.rsplit("/", 2)[0])
            if database is not None:
                kept = int(resource.body["properties"]["retentionDays"])
                state = sqlclock.retained(database.state, kept, operation.due)
                world.save(replace(database, state=state, changed=operation.due))
        return replace(resource, provisioning=operation.outcome, busy=None)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: a policy goes with its database."""
        raise _read_only(use.resource.type)


class LongTermPolicies(Behaviour):
    """For how long a week's, a month's and a year's backup of a database is kept."""

    def check(self, write: Write) -> None:
        """Refuse a busy database, what is no duration, and a yearly backup of no week."""
        database = write.world.find(write.id.parent())
        if database is not None and database.busy:
            raise busy(database.id)
        given = write.body.get("properties") or {}
        for name in _TERMS:
            if not re.fullmatch(_DURATION, str(given.get(name, NEVER))):
                raise facts.invalid(name)
        facts.check_range(given.get("weekOfYear"), 0, 52, facts.invalid("weekOfYear"))
        if given.get("yearlyRetention", NEVER) != NEVER and not given.get("weekOfYear"):
            raise facts.invalid("weekOfYear")

    def shape(self, write: Write) -> Json:
        """Return the policy; what it does not name is not kept."""
        given = write.body.get("properties") or {}
        return {"properties": {**_NOTHING_KEPT, **plain(given)}}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the policy as a reader of this api-version sees it."""
        given = plain(resource.body["properties"])
        if view.version >= _IMMUTABLE_SINCE:
            given.setdefault("timeBasedImmutability", "Disabled")
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        return {"properties": given, **head}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: a policy goes with its database."""
        raise _read_only(use.resource.type)


class Recoverable(Behaviour):
    """The latest geo-backup of a database."""

    def check(self, write: Write) -> None:
        """Refuse every write that is no seed."""
        if not write.seeding:
            raise _read_only(write.type.name)

    def seeded(self, write: Write) -> Json:
        """Return the memory of an entry whose facts are the seed's."""
        born = sqlclock.born(write.call.now - sqlclock.OLDER, "Hyperscale")
        return {**born, "facts": facts.named(write.body, _KEPT)}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the entry, at most an hour old."""
        at = sqlclock.geo_backup(resource.state, view.now)
        given = {**resource.body.get("properties", {}), "lastAvailableBackupDate": moment(at)}
        laid = facts.lay(given, resource.state.get("facts") or {})
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        return {"properties": laid, **head}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: nobody deletes a geo-backup."""
        raise _read_only(use.resource.type)


def keep(world: World, database: Resource, now: datetime) -> None:
    """Make the policy and the geo-backup of a database what they should be; `master` has none."""
    if database.body["sku"]["tier"] == "System":
        return
    policy = f"{database.id}/backupShortTermRetentionPolicies/default"
    if world.find(policy) is None:
        _save(world, policy, POLICIES, {"properties": _policy(database)}, {}, now)
    policy = f"{database.id}/backupLongTermRetentionPolicies/default"
    if world.find(policy) is None:
        _save(world, policy, LONG_TERM, {"properties": dict(_NOTHING_KEPT)}, {}, now)
    server, _, name = database.id.rpartition("/databases/")
    entry = f"{server}/recoverableDatabases/{name}"
    found = world.find(entry)
    state = database.state
    is_geo = sqlclock.redundancy(state, now) in sqlclock.GEO and not state.get("secondary")
    if found is not None and not is_geo:
        world.drop(found, now)
    elif is_geo:
        memory = {"facts": found.state.get("facts", {})} if found is not None else {}
        sku = database.body["sku"]
        given = {
            "edition": sku["tier"],
            "serviceLevelObjective": f"SQLDB_{database.body['properties']['objective']}",
        }
        memory = {**memory, "born": state["born"]}
        _save(world, entry, RECOVERABLE, {"properties": given}, memory, now)


def forget(world: World, database: Resource) -> None:
    """Let the geo-backup of a database go that is gone."""
    found = world.find(database.id.replace("/databases/", "/recoverableDatabases/"))
    if found is not None:
        world.drop(found, world.clock.now())


def days(world: World, database: str) -> int:
    """Return the retention that a database's policy says."""
    found = world.find(f"{database}/backupShortTermRetentionPolicies/default")
    return int(found.body["properties"]["retentionDays"]) if found else DEFAULT_DAYS


def is_hyperscale(database: Resource) -> bool:
    """Tell whether a database is of the tier whose backups are snapshots."""
    return bool(database.body["sku"]["tier"] == "Hyperscale")


def busy(database: str) -> Refusal:
    """Return how a database in change refuses a second change, in the provider's words."""
    server, _, name = database.rpartition("/databases/")
    return Refusal(
        409,
        "ConflictingDatabaseOperation",
        f"Operation on server '{server.rpartition('/')[2]}' and database '{name}' is in progress."
        "  Please wait a few minutes before trying again.",
    )


def _policy(database: Resource | None) -> Json:
    given: Json = {"retentionDays": DEFAULT_DAYS}
    if database is not None and not is_hyperscale(database):
        given["diffBackupIntervalInHours"] = INTERVALS[0]
    return given


def _above(write: Write) -> Resource | None:
    return write.world.find(write.id.parent())


def _save(world: World, name: str, kind: str, body: Json, state: Json, now: datetime) -> None:
    world.save(
        Resource(
            id=name,
            type=kind,
            name=name.rpartition("/")[2],
            body=body,
            state=state,
            created=now,
            changed=now,
        )
    )


def _read_only(kind: str) -> Refusal:
    return Refusal(405, "MethodNotAllowed", f"'{kind}' can only be read.")


_POLICY_LRO = replace(
    sqlserver.LRO,
    takes=20,
    segment="shortTermRetentionPolicyAzureAsyncOperation",
    announces="UpdateLogicalDatabase",
    since="2018",
)
_LONG_LRO = replace(
    sqlserver.LRO,
    takes=20,
    segment="longTermRetentionPolicyAzureAsyncOperation",
    announces="UpsertDatabaseBackupArchivalPolicyV2",
    unchanged="done",
)
ROWS = (
    ResourceType(
        name=POLICIES,
        versions=sqlserver.VERSIONS,
        names=NameRule(pattern="default", message="The policy's name must be 'default'."),
        tracked=False,
        provisioning=False,
        create=_POLICY_LRO,
        update=_POLICY_LRO,
        behaviour=Policies(),
    ),
    ResourceType(
        name=LONG_TERM,
        versions=sqlserver.VERSIONS,
        names=NameRule(pattern="default", message="The policy's name must be 'default'."),
        tracked=False,
        provisioning=False,
        create=_LONG_LRO,
        update=_LONG_LRO,
        behaviour=LongTermPolicies(),
    ),
    ResourceType(
        name=RECOVERABLE,
        versions=sqlserver.VERSIONS,
        tracked=False,
        provisioning=False,
        behaviour=Recoverable(),
    ),
)
