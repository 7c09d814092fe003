"""Replication between two Azure SQL databases, told on both sides.

A database made with `createMode: Secondary` gets a link to its source, and the source one to it;
both bear one name. A link is seeded, then catches up. Cutting either side's link cuts both and
leaves the secondary a database of its own. A failover is asked of the secondary and swaps the
roles. Recorded: lists give links no `type`, but in the oldest api-version.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import actions, places
from local.azure.arm import Answer, Json, Refusal, guid
from local.azure.ids import resource
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlbackups, sqlclock, sqlserver
from local.azure.types.sqlserver import moment
from local.azure.world import Operation, Resource, World, plain

TYPE = f"{sqlserver.TYPE}/databases/replicationLinks"
LRO = replace(sqlserver.LRO, takes=20, segment="replicationLinksAzureAsyncOperation")
PRIMARY, SECONDARY = "Primary", "Secondary"
READ_ONLY = ("replicationState", "percentComplete", "startTime", "isTerminationAllowed")
ROLES = ("Primary", "Secondary", "NonReadableSecondary", "Source", "Copy")
STATES = ("PENDING", "SEEDING", "CATCH_UP", "SUSPENDED")


class Links(Behaviour):
    """One side of a replication."""

    def check(self, write: Write) -> None:
        """Refuse every write that is no seed, and a seed that names no partner."""
        if not write.seeding:
            raise Refusal(405, "MethodNotAllowed", f"'{TYPE}' is made with a secondary.")
        given = write.body.get("properties") or {}
        for name in ("partnerServer", "partnerDatabase"):
            if not isinstance(given.get(name), str):
                raise facts.invalid(name)
        facts.check_choice(given.get("role", ""), ROLES, facts.invalid("role"))
        state = given.get("replicationState")
        facts.check_choice(state, STATES, facts.invalid("replicationState"))

    def shape(self, write: Write) -> Json:
        """Return the link without what time tells."""
        body = facts.without(write.body, READ_ONLY)
        given = body["properties"]
        other = "Secondary" if given["role"] == "Primary" else "Primary"
        given.setdefault("partnerRole", other)
        given.setdefault("replicationMode", "ASYNC")
        given.setdefault("linkType", "GEO")
        given.setdefault("partnerLocation", "")
        database = write.world.find(write.id.parent())
        if database is not None:
            body["location"] = database.body["location"]
        return body

    def seeded(self, write: Write) -> Json:
        """Return the memory of a link that stands in for the one to the same partner."""
        world, now = write.world, write.call.now
        given = write.body["properties"]
        for other in _links(world, str(write.id.parent())):
            twin = other.body["properties"]
            same = all(given[n] == twin[n] for n in ("partnerServer", "partnerDatabase"))
            if same and other.id.lower() != write.id.key:
                _forget_one(world, other, now)
        _mark(world, str(write.id.parent()), secondary=given["role"] != "Primary", now=now)
        since = (now - sqlclock.OLDER).isoformat()
        return {"since": since, "facts": facts.named(write.body, READ_ONLY)}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the link as a reader sees it at this instant."""
        since = datetime.fromisoformat(resource.state["since"])
        state, percent = sqlclock.replication(since, view.now)
        given = {
            **plain(resource.body["properties"]),
            "startTime": moment(since),
            "percentComplete": percent,
            "replicationState": state,
            "isTerminationAllowed": True,
        }
        laid = facts.lay(given, resource.state.get("facts") or {})
        head: Json = {"id": resource.id, "name": resource.name}
        if view.version < sqlserver.CLASSIC:
            laid.pop("linkType", None)
            head["location"] = places.shown(str(resource.body.get("location", "")))
        if view.version < sqlserver.CLASSIC or view.kind != "list":
            head["type"] = resource.type
        return {"properties": laid, **head}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the link after a failover, its roles swapped on both sides."""
        done = replace(resource, busy=None)
        if operation.kind != "action" or operation.outcome != "Succeeded":
            return done
        _mark(world, _database(resource), secondary=False, now=operation.due)
        for other in world.all_of(TYPE):
            if other.name == resource.name and other.id != resource.id:
                world.save(_turned(other, SECONDARY))
                _mark(world, _database(other), secondary=True, now=operation.due)
        return _turned(done, PRIMARY)

    def removed(self, world: World, resource: Resource) -> None:
        """Cut the other side too; a secondary is now a database of its own."""
        now = world.clock.now()
        _mark(world, _database(resource), secondary=False, now=now)
        for other in world.all_of(TYPE):
            if other.name == resource.name:
                world.drop(other, now)
                return


def connect(world: World, secondary: Resource, primary: str, since: datetime) -> None:
    """Put the links between a secondary and its primary there."""
    found = world.find(primary)
    if found is None:
        return
    name = guid("link", found.id, secondary.id)
    _save(world, name, found, secondary, "Primary", since)
    _save(world, name, secondary, found, "Secondary", since)


def failover(use: Use) -> Answer:
    """Make the secondary the primary once all is copied."""
    return _fail_over(use, "FailoverContinuousCopy")


def force(use: Use) -> Answer:
    """Make the secondary the primary at once, whatever is lost."""
    return _fail_over(use, "ForceFailoverContinuousCopy")


def _fail_over(use: Use, work: str) -> Answer:
    if use.resource.body["properties"]["role"] == PRIMARY:
        why = "A failover can only be asked of the secondary database."
        raise Refusal(400, "InvalidReplicationRole", why)
    lro = replace(LRO, announces=work)
    if use.call.version < sqlserver.CLASSIC:
        lro = replace(lro, header="location", retry_after=5, result="gone")
    return actions.begun(use, lro, dict(use.resource.state))


def links(world: World, database: str) -> list[Resource]:
    """Return the links of a database."""
    return _links(world, database)


def of_server(use: Use) -> Answer:
    """List the links of all databases of a server."""
    view = View(now=use.call.now, version=use.call.version, kind="list")
    start = use.resource.id.lower() + "/databases/"
    mine = [one for one in use.world.all_of(TYPE) if one.id.lower().startswith(start)]
    return Answer(status=200, body={"value": [use.world.shown(one, view) for one in mine]})


def _save(
    world: World, name: str, here: Resource, there: Resource, role: str, since: datetime
) -> None:
    server, database = resource(there.id).last.names[-2:]
    given = {
        "partnerServer": server,
        "partnerDatabase": database,
        "partnerLocation": places.shown(there.body["location"]),
        "role": role,
        "partnerRole": "Secondary" if role == "Primary" else "Primary",
        "replicationMode": "ASYNC",
        "linkType": "GEO",
    }
    world.save(
        Resource(
            id=f"{here.id}/replicationLinks/{name}",
            type=TYPE,
            name=name,
            body={"location": here.body["location"], "properties": given},
            state={"since": since.isoformat()},
            created=since,
            changed=since,
        )
    )


def _turned(link: Resource, role: str) -> Resource:
    """Return a link whose side has another role."""
    other = SECONDARY if role == PRIMARY else PRIMARY
    given = {**plain(link.body["properties"]), "role": role, "partnerRole": other}
    return replace(link, body={**plain(link.body), "properties": given})


def _links(world: World, database: str) -> list[Resource]:
    start = f"{database}/replicationLinks/".lower()
    return [link for link in world.all_of(TYPE) if link.id.lower().startswith(start)]


def _forget_one(world: World, link: Resource, now: datetime) -> None:
    """Let one side of a link go, and only that side."""
    renamed = replace(link, name=f"{link.name} (replaced)")
    world.save(renamed)
    world.drop(renamed, now)


def _mark(world: World, database: str, *, secondary: bool, now: datetime) -> None:
    found = world.find(database)
    if found is not None and bool(found.state.get("secondary")) != secondary:
        state = {**found.state, "secondary": secondary}
        if not secondary:
            state["floor"] = now.isoformat()
        sqlbackups.keep(world, world.save(replace(found, state=state, changed=now)), now)


def _database(link: Resource) -> str:
    return link.id.rsplit("/", 2)[0]


ROWS = (
    ResourceType(
        name=TYPE,
        versions=sqlserver.VERSIONS,
        names=NameRule(pattern=r"[0-9A-Za-z-]{1,63}"),
        tracked=False,
        provisioning=False,
        delete=replace(LRO, announces="ForceStopDatabaseCopy", since=sqlserver.CLASSIC),
        actions={
            ("POST", "failover"): failover,
            ("POST", "forcefailoverallowdataloss"): force,
        },
        behaviour=Links(),
    ),
)
