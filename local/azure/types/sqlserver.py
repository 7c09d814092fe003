"""Logical servers of Azure SQL, each with the `master` database that nobody made.

Recorded: a write answers 202 with the operation's name. The administrator's password is taken
and never told, not even kept.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import places
from local.azure.arm import Json, Refusal, guid, stamp
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, View, Write
from local.azure.types import facts, sqlclock
from local.azure.world import Operation, Resource, World, plain

TYPE = "Microsoft.Sql/servers"
VERSIONS = (
    "2021-02-01-preview",
    "2021-05-01-preview",
    "2021-08-01-preview",
    "2021-11-01",
    "2021-11-01-preview",
    "2022-02-01-preview",
    "2022-05-01-preview",
    "2022-08-01-preview",
    "2022-11-01-preview",
    "2023-02-01-preview",
    "2023-05-01-preview",
    "2023-08-01",
    "2023-08-01-preview",
    "2024-05-01-preview",
    "2025-01-01",
)
LRO = Lro(
    takes=30,
    status=202,
    header="both",
    segment="serverAzureAsyncOperation",
    retry_after=15,
    document="name status startTime",
    to_the_end=True,
)
CLASSIC = "2015"  # before it, a server's work is done at once
READ_ONLY = ("state", "fullyQualifiedDomainName", "privateEndpointConnections", "version")
_SWITCH = ("Enabled", "Disabled")
_DEFAULTS: Json = {
    "minimalTlsVersion": "1.2",
    "publicNetworkAccess": "Enabled",
    "restrictOutboundNetworkAccess": "Disabled",
}
_USUAL: Json = {"externalGovernanceStatus": "Disabled", "retentionDays": -1}
_SINCE = {
    "privateEndpointConnections": "2018-06",
    "publicNetworkAccess": "2019-12",
    "restrictOutboundNetworkAccess": "2021-02",
    "minimalTlsVersion": "2021-05",
    "externalGovernanceStatus": "2022-11-01",
    "retentionDays": "2025",
}
_ONCE_TOLD = (
    "administratorLoginPassword",
    "externalAdministratorLogin",
    "externalAdministratorSid",
)
SYSTEM: Json = {"name": "System", "tier": "System", "capacity": 0}


class Servers(Behaviour):
    """Logical servers."""

    def check(self, write: Write) -> None:
        """Refuse a name that is taken, a server without administrator, and bad values."""
        name = write.id.name
        taken = f"The name '{name}' already exists. Choose a different name."
        facts.check_free(write, Refusal(409, "NameAlreadyExists", taken))
        given = write.body.get("properties") or {}
        facts.check_choice(given.get("version"), ("2.0", "12.0"), facts.invalid("version"))
        for word in ("publicNetworkAccess", "restrictOutboundNetworkAccess"):
            facts.check_choice(given.get(word), _SWITCH, facts.invalid(word))
        if write.current is not None:
            old = write.current.body["properties"].get("administratorLogin")
            if given.get("administratorLogin", old) != old:
                raise facts.invalid("administratorLogin")
        elif not write.seeding and not given.get("administrators"):
            for word in ("administratorLogin", "administratorLoginPassword"):
                if not given.get(word):
                    raise facts.invalid(word)

    def shape(self, write: Write) -> Json:
        """Return the body without the password."""
        body = facts.without(write.body, (*READ_ONLY, "administratorLoginPassword"))
        old = write.current.body["properties"] if write.current else _DEFAULTS
        body["properties"] = {**old, **body["properties"]}
        body.pop("kind", None)
        return body

    def state(self, write: Write) -> Json:
        """Return when the server was born."""
        if write.call.version < CLASSIC and write.current is None:
            master(write.world, str(write.id), write.body["location"], write.call.now)
        return dict(write.current.state) if write.current else _memory(write)

    def seeded(self, write: Write) -> Json:
        """Return the memory of a server whose `master` is there already."""
        master(write.world, str(write.id), write.body["location"], write.call.now - sqlclock.OLDER)
        return {**_memory(write), "facts": facts.named(write.body, READ_ONLY)}

    def busy(self, resource: Resource) -> Refusal:
        """Return how a server refuses a second operation."""
        why = f"An operation on server '{resource.name}' is in progress. Try again later."
        return Refusal(409, "ConflictingServerOperation", why)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the server as recorded."""
        body: Json = plain(resource.body)
        given = {
            **body["properties"],
            "version": "12.0",
            "state": "Ready",
            "fullyQualifiedDomainName": f"{resource.name}.database.windows.net",
            "privateEndpointConnections": [],
        }
        body["properties"] = _aged(facts.lay(given, resource.state.get("facts") or {}), view)
        if view.version < CLASSIC:
            body["location"] = places.shown(body["location"])
        if body.get("identity"):
            principal = guid("system", resource.id)
            body["identity"] = {
                **body["identity"],
                "principalId": principal,
                "tenantId": resource.state["tenant"],
            }
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        return {"kind": "v12.0", **body, **head}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the server; a new one has a `master`."""
        if operation.kind == "create" and operation.outcome == "Succeeded":
            master(world, resource.id, resource.body["location"], operation.due)
        return replace(resource, provisioning=operation.outcome, busy=None)

    def removed(self, world: World, resource: Resource) -> None:
        """Let what the server's databases could be restored from go with it."""
        start = f"{resource.id}/restorableDroppedDatabases/".lower()
        for one in list(world.all_of(f"{TYPE}/restorableDroppedDatabases")):
            if one.id.lower().startswith(start):
                world.drop(one, world.clock.now())


def master(world: World, server: str, place: str, now: datetime) -> None:
    """Put a server's `master` database there, if it is not."""
    name = f"{server}/databases/master"
    if world.find(name) is not None:
        return
    words = "SQL_Latin1_General_CP1_CI_AS"
    body = {
        "location": place,
        "sku": SYSTEM,
        "managedBy": server,
        "properties": {
            "collation": words,
            "catalogCollation": words,
            "maxSizeBytes": 32212254720,
            "readScale": "Disabled",
            "zoneRedundant": False,
            "isLedgerOn": False,
        },
    }
    world.save(
        Resource(
            id=name,
            type=f"{TYPE}/databases",
            name="master",
            body=body,
            state=sqlclock.born(now, "System"),
            created=now,
            changed=now,
        )
    )


def classic(lro: Lro, version: str) -> Lro:
    """Return how the oldest api-version tells of a database's work."""
    if version >= CLASSIC:
        return lro
    link = "azure-asyncoperation"
    return replace(
        lro,
        segment="azureAsyncOperation",
        document="operationId status error~",
        repeats=link,
        last=link,
    )


def moment(at: datetime) -> str:
    """Return a time as Azure SQL prints it: milliseconds, Z."""
    return stamp(at, 3)


def _aged(given: Json, view: View) -> Json:
    """Return a server's properties as its api-version tells them."""
    shown = {name: one for name, one in given.items() if view.version >= _SINCE.get(name, "")}
    for name, value in _USUAL.items():
        if view.version >= _SINCE[name]:
            shown.setdefault(name, value)
    if view.version < CLASSIC and view.kind == "put":
        shown |= dict.fromkeys(_ONCE_TOLD)
    return shown


def _memory(write: Write) -> Json:
    return {"born": write.call.now.isoformat(), "tenant": write.world.tenant}


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(
        pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        code="InvalidServerName",
        message=(
            "'{name}' is not a valid server name: 1 to 63 lower case letters, digits and hyphens,"
            " with no hyphen first or last."
        ),
    ),
    top_level=frozenset({"identity", "kind"}),
    provisioning=False,
    create=replace(LRO, takes=60, since=CLASSIC, announces="UpsertLogicalServer"),
    update=replace(LRO, since=CLASSIC, announces="UpsertLogicalServer"),
    delete=replace(LRO, since=CLASSIC, announces="DropLogicalServer"),
    group_delete=60.0,
    behaviour=Servers(),
)
