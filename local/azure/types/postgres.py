"""Azure Database for PostgreSQL flexible servers: sizes, stops and starts, backups.

Recorded: every write answers 202 with the operation's name, an `azureAsyncOperation` and an
`operationResults`; a server shows its region's printed name. A stop or restart of a server that
is not running is accepted and fails at its end with `ServerIsNotReady`. A stopped server takes
nothing but a start and its deletion, and starts by itself after seven days.

Its other halves: `postgresclock` (what time makes of it), `postgreschecks` (what it refuses),
`postgresshape` (what each api-version tells), `postgresorigins` (replicas and restores),
`postgreschildren` (databases, firewall rules, configurations, backups).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from local.azure import operations, paging, places
from local.azure.arm import Answer, Json, Late, Refusal
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write, made_up
from local.azure.types import (
    facts,
    postgreschecks,
    postgresclock,
    postgresorigins,
    postgresshape,
)
from local.azure.types.postgresclock import condition, zoned
from local.azure.world import Operation, Resource, World, plain

TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"
VERSIONS = (
    "2022-12-01",
    "2023-03-01-preview",
    "2023-06-01-preview",
    "2023-12-01-preview",
    "2024-03-01-preview",
    "2024-08-01",
    "2024-11-01-preview",
    "2025-01-01-preview",
    "2025-08-01",
)
LRO = Lro(
    takes=60,
    status=202,
    header="both",
    segment="azureAsyncOperation",
    retry_after=15,
    document="name status startTime",
    to_the_end=True,
)
UPSERT = "UpsertServerManagementOperationV2"
OLDER = timedelta(days=60)  # the age of a server that a seed puts there
READ_ONLY = (
    "backup.earliestRestoreDate",
    "state",
    "minorVersion",
    "fullyQualifiedDomainName",
    "highAvailability.state",
    "replicaCapacity",
    "replica.capacity",
    "privateEndpointConnections",
)
HALTED = "backup.newestBackupDate"  # only a seed's: no backup has been taken since
_NEVER_SHOWN = ("administratorLoginPassword", "createMode", "pointInTimeUTC", HALTED)
_DEFAULTS: Json = {
    "administratorLogin": "tesoro",
    "version": "16",
    "availabilityZone": "1",
    "storage": {"storageSizeGB": 32, "autoGrow": "Disabled"},
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
    "network": {"publicNetworkAccess": "Enabled"},
    "highAvailability": {"mode": "Disabled"},
    "authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled"},
    "dataEncryption": {"type": "SystemManaged"},
    "maintenanceWindow": {
        "customWindow": "Disabled",
        "dayOfWeek": 0,
        "startHour": 0,
        "startMinute": 0,
    },
    "replicationRole": "Primary",
}
_LATE_WINDOW = "2022-12-01"  # it tells the restore window once there is a backup
_SKU: Json = {"name": "Standard_D2s_v3"}
_MINOR = {"11": "22", "12": "22", "13": "23", "14": "20", "15": "15", "16": "11", "17": "7"}


class Servers(Behaviour):
    """Flexible servers."""

    def check(self, write: Write) -> None:
        """Refuse what the provider refuses."""
        write = replace(write, body=postgresshape.read(write))
        postgreschecks.check(write)
        postgresorigins.check(write, TYPE)

    def shape(self, write: Write) -> Json:
        """Return the body over the defaults, or over what there is; no secrets, no facts."""
        body = facts.without(postgresshape.read(write), (*READ_ONLY, *_NEVER_SHOWN))
        source = postgresorigins.origin(write, TYPE)
        old = write.current.body if write.current else {"properties": _DEFAULTS, "sku": _SKU}
        kept: Json = plain(old["properties"])
        if source is not None:
            kept = postgresorigins.settings(write, source, _DEFAULTS)
            old = source.body
            body = {"tags": source.body["tags"], **body} if source.body.get("tags") else body
            if postgresorigins.mode(write) != postgresorigins.REPLICA:
                body["properties"].pop("sourceServerResourceId", None)
        for name, value in body["properties"].items():
            both = isinstance(value, dict) and isinstance(kept.get(name), dict)
            kept[name] = {**kept[name], **value} if both else value
        _settle(kept, write.world.tenant)
        window = kept["maintenanceWindow"]
        window["customWindow"] = str(window["customWindow"]).capitalize()
        sku = {**old["sku"], **body.get("sku", {})}
        body["sku"] = {"name": sku["name"], "tier": postgreschecks.tier_of(sku["name"])}
        body["properties"] = kept
        return body

    def state(self, write: Write) -> Json:
        """Return the server's memory: its birth, its stops, how far back its backups reach."""
        now, current = write.call.now, write.current
        if current is None:
            born = now.isoformat()
            memory = {"tenant": write.world.tenant, "born": born, "floor": born}
            return {**memory, "pauses": [], "doing": "Provisioning"}
        reach = postgresclock.earliest(current.state, retention(current), now)
        return {**current.state, "floor": reach.isoformat(), "doing": "Updating"}

    def seeded(self, write: Write) -> Json:
        """Return the memory of a server that was born long ago, stopped if the seed says so."""
        now = write.call.now
        born = (now - OLDER).isoformat()
        found = facts.named(write.body, READ_ONLY)
        pauses: list[list[str | None]] = []
        if found.get("state") == "Stopped":
            pauses = postgresclock.paused([], now)
            write.world.look_again(str(write.id), now, postgresclock.awake(now))
        if found.get("state") in {"Stopped", "Ready"}:
            found.pop("state")
        memory: Json = {"tenant": write.world.tenant, "born": born, "floor": born}
        memory["halted"] = facts.named(write.body, (HALTED,)).get(HALTED)
        if "fullyQualifiedDomainName" in found and "backup.earliestRestoreDate" not in found:
            memory["halted"] = (now - 2 * OLDER).isoformat()
        return {**memory, "pauses": pauses, "facts": found}

    def busy(self, resource: Resource) -> Refusal:
        """Return how a server refuses a second operation."""
        return postgreschecks.busy(resource.name)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the server as a reader of this api-version sees it."""
        body: Json = plain(resource.body)
        given, state = body["properties"], resource.state
        given["state"] = condition(resource, view.now)
        given["fullyQualifiedDomainName"] = f"{resource.name}.postgres.database.azure.com"
        given["minorVersion"] = _MINOR.get(str(given["version"]), "1")
        given["highAvailability"]["state"] = (
            "NotEnabled" if given["highAvailability"]["mode"] == "Disabled" else "Healthy"
        )
        given["backup"]["earliestRestoreDate"] = zoned(
            postgresclock.earliest(state, retention(resource), view.now)
        )
        given["replicaCapacity"] = postgresshape.capacity(given["replicationRole"])
        if view.version == _LATE_WINDOW and not _has_backup(resource, view):
            del given["backup"]["earliestRestoreDate"]
        body["properties"] = facts.lay(given, state.get("facts") or {})
        body["location"] = places.shown(body["location"])
        body["systemData"] = {"createdAt": zoned(datetime.fromisoformat(state["born"]))}
        if body.get("identity"):
            body["identity"] = _identity(body["identity"], state["tenant"])
        whole = {**body, "id": resource.id, "name": resource.name, "type": resource.type}
        return postgresshape.aged(whole, view)

    def work(self, write: Write) -> Lro | None:
        """Return the work, named as the provider names it."""
        lro = super().work(write)
        return lro and postgresorigins.work(write, lro)

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the server after its work; a stop that ended well leaves it stopped."""
        state = dict(resource.state)
        doing, well = state.pop("doing", None), operation.outcome == "Succeeded"
        match doing:
            case "Stopping" if well:
                state["pauses"] = postgresclock.paused(state["pauses"], operation.due)
                awake = postgresclock.awake(operation.due)
                world.look_again(resource.id, operation.due, awake)
            case "Starting" if well:
                state["pauses"] = postgresclock.resumed(state["pauses"], operation.due)
            case "Provisioning" if not well:
                state["facts"] = {**state.get("facts", {}), "state": "Disabled"}
        return replace(resource, provisioning=operation.outcome, busy=None, state=state)


def retention(server: Resource) -> int:
    """Return for how many days a server's backups are kept."""
    return int(server.body["properties"]["backup"]["backupRetentionDays"])


def _has_backup(server: Resource, view: View) -> bool:
    return bool(postgresclock.backups(server.state, retention(server), view.now))


def start(use: Use) -> Answer:
    """Start a stopped server."""
    why = f"Start Server can only be performed on Stopped servers. Server Name = {{}}, {_NOW}"
    return _work(use, "Start", "Starting", postgresclock.STARTED, {"Stopped"}, why)


def stop(use: Use) -> Answer:
    """Stop a running server."""
    return _work(use, "Stop", "Stopping", postgresclock.STOPPED, {"Ready"}, _NOT_STARTED)


def restart(use: Use) -> Answer:
    """Restart a running server."""
    return _work(use, "Restart", "Restarting", postgresclock.RESTARTED, {"Ready"}, _NOT_STARTED)


def replicas(use: Use) -> Answer:
    """List the servers that follow this one."""
    view = View(now=use.call.now, version=use.call.version, kind="list")
    mine = use.resource.id.lower()
    found = [
        one
        for one in use.world.all_of(TYPE)
        if str(one.body["properties"].get("sourceServerResourceId")).lower() == mine
    ]
    return paging.page(use.call, [use.world.shown(one, view) for one in found])


_NOW = "Current Server State = {}"
_NOT_STARTED = f"Restart or Stop Server can only be performed on Started servers. {{}}, {_NOW}"


def _work(use: Use, verb: str, doing: str, takes: float, on: set[str], why: str) -> Answer:
    """Accept work on a server; what it is in no state for fails at once, but late."""
    item, now = use.resource, use.call.now
    if item.busy:
        raise use.type.behaviour.busy(item)
    state = condition(item, now)
    lro = replace(LRO, takes=takes, announces=f"{verb}ServerManagementOperation")
    call = use.call
    if state not in on:
        late = Late(code="ServerIsNotReady", message=why.format(item.name, state))
        call, lro = replace(call, late=late), replace(lro, takes=1.0)
    operation = use.world.begin(
        kind="action",
        resource=item.id,
        lro=lro,
        call=call,
        place=item.body["location"],
        namespace=use.type.namespace,
    )
    if state in on:
        memory = {**item.state, "doing": doing}
        use.world.save(replace(item, busy=operation.id, state=memory, changed=now))
    headers = operations.headers(operation, lro, use.call)
    return Answer(status=202, body=operations.announced(operation, lro), headers=headers)


def _settle(given: Json, tenant: str) -> None:
    """Make what follows from a server's own settings so."""
    signing, network = given["authConfig"], given["network"]
    if signing.get("activeDirectoryAuth") == "Enabled":
        signing["tenantId"] = signing.get("tenantId") or tenant
    else:
        signing.pop("tenantId", None)
    if network.get("delegatedSubnetResourceId"):
        network["publicNetworkAccess"] = "Disabled"


def _identity(identity: Json, tenant: str) -> Json:
    named = {
        name: {"principalId": made_up("principal", name), "clientId": made_up("client", name)}
        for name in identity.get("userAssignedIdentities") or {}
    }
    return {**identity, "userAssignedIdentities": named, "tenantId": tenant}


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(
        pattern=r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
        code="InvalidServerName",
        message=(
            "Invalid server name '{name}': 3 to 63 lower case letters, digits and hyphens, with"
            " no hyphen first or last."
        ),
    ),
    top_level=frozenset({"sku", "identity"}),
    provisioning=False,
    create=replace(LRO, takes=postgresclock.CREATED, retry_after=60, announces=UPSERT),
    update=replace(LRO, takes=postgresclock.UPDATED, announces=UPSERT),
    delete=replace(LRO, takes=postgresclock.DROPPED, announces="DropServerManagementOperation"),
    group_delete=60.0,
    actions={
        ("POST", "start"): start,
        ("POST", "stop"): stop,
        ("POST", "restart"): restart,
        ("GET", "replicas"): replicas,
    },
    behaviour=Servers(),
)
