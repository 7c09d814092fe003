"""Failover groups of Azure SQL: the same group on two servers, one of which takes the writes.

A group is made on its primary server and appears on each partner with the other role; a failover
is asked of a secondary and swaps the roles. Databases on the partner are not made by the group:
they are geo-secondaries of their own (`sqllinks`).

Source: learn.microsoft.com, REST API "Failover Groups".
"""

from collections.abc import Iterator
from dataclasses import replace

from local.azure import actions, places
from local.azure.arm import Answer, Json, Refusal
from local.azure.ids import parse
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlserver
from local.azure.types.facts import invalid
from local.azure.world import Operation, Resource, World, plain

TYPE = f"{sqlserver.TYPE}/failoverGroups"
PRIMARY, SECONDARY = "Primary", "Secondary"
USUAL_GRACE, LEAST_GRACE = 60, 60  # minutes
_LRO = replace(sqlserver.LRO, takes=10, segment="failoverGroupAzureAsyncOperation", retry_after=10)
_POLICIES = ("Automatic", "Manual")
_SWITCH = ("Enabled", "Disabled")


class Groups(Behaviour):
    """One server's side of a failover group."""

    def check(self, write: Write) -> None:
        """Refuse a group without partner or policy, and one that is written on its secondary."""
        if write.seeding:
            return
        given = write.body.get("properties") or {}
        endpoint = given.get("readWriteEndpoint") or {}
        facts.check_choice(
            endpoint.get("failoverPolicy", ""), _POLICIES, invalid("failoverPolicy")
        )
        grace = endpoint.get("failoverWithDataLossGracePeriodMinutes")
        facts.check_range(grace, LEAST_GRACE, 2**31 - 1, invalid("gracePeriod"))
        reader = (given.get("readOnlyEndpoint") or {}).get("failoverPolicy")
        facts.check_choice(reader, _SWITCH, invalid("readOnlyEndpoint"))
        partners = given.get("partnerServers")
        if not isinstance(partners, list) or not partners:
            raise invalid("partnerServers")
        old = write.current.body["properties"]["partnerServers"] if write.current else []
        known = {row["id"].lower() for row in old}
        for partner in partners:
            if str(partner.get("id")).lower() not in known:
                _check_partner(write, str(partner.get("id") or ""))
        start = f"{write.id.parent()}/databases/".lower()
        if not all(str(one).lower().startswith(start) for one in given.get("databases") or []):
            raise invalid("databases")
        if write.current is not None and write.current.state["role"] != PRIMARY:
            raise Refusal(
                409,
                "FailoverGroupNotOnPrimary",
                f"The failover group '{write.id.name}' can only be changed on its primary server.",
            )

    def shape(self, write: Write) -> Json:
        """Return the group with its servers' regions."""
        body: Json = plain(write.body)
        given = body.get("properties") or {}
        server = write.world.find(write.id.parent())
        endpoint = dict(given.get("readWriteEndpoint") or {"failoverPolicy": "Manual"})
        if endpoint["failoverPolicy"] == "Automatic":
            endpoint.setdefault("failoverWithDataLossGracePeriodMinutes", USUAL_GRACE)
        else:
            endpoint.pop("failoverWithDataLossGracePeriodMinutes", None)
        body["properties"] = {
            "readWriteEndpoint": endpoint,
            "readOnlyEndpoint": given.get("readOnlyEndpoint") or {"failoverPolicy": "Disabled"},
            "partnerServers": [_partner(write, row) for row in given.get("partnerServers") or []],
            "databases": given.get("databases") or [],
        }
        body["location"] = server.body["location"] if server else body.get("location")
        return body

    def state(self, write: Write) -> Json:
        """Return which side this is."""
        return dict(write.current.state) if write.current else {"role": PRIMARY}

    def seeded(self, write: Write) -> Json:
        """Return the side that the seed tells."""
        given = write.body.get("properties") or {}
        return {"role": given.get("replicationRole", PRIMARY)}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the group with the roles of its servers."""
        body: Json = super().shown(resource, view)
        given, role = body["properties"], resource.state["role"]
        partners = given.pop("partnerServers")
        databases = given.pop("databases")
        given["replicationRole"], given["replicationState"] = role, "CATCH_UP"
        other = {"replicationRole": _other(role)}
        given["partnerServers"] = [
            {**row, "location": places.shown(row["location"]), **other} for row in partners
        ]
        given["databases"] = databases
        return {**body, "location": places.shown(str(body["location"]))}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the group; its other side follows."""
        state = {**resource.state}
        doing = state.pop("doing", None)
        done = replace(resource, busy=None, provisioning=None, state=state)
        if operation.outcome != "Succeeded":
            return done
        if doing is not None:
            done = replace(done, state={**state, "role": PRIMARY})
        _mirror(world, done)
        return done

    def removed(self, world: World, resource: Resource) -> None:
        """Let the other side go too."""
        for name, _ in _sides(resource):
            found = world.find(name)
            if found is not None:
                world.drop(found, world.clock.now())


def failover(use: Use) -> Answer:
    """Make this server the primary; on the primary itself nothing changes."""
    lro = replace(_LRO, announces="FailoverFailoverGroup")
    return actions.begun(use, lro, {**use.resource.state, "doing": "failover"})


def _mirror(world: World, group: Resource) -> None:
    """Write the other side of a group."""
    server = group.id.rpartition("/failoverGroups/")[0]
    here = {"id": server, "location": group.body["location"]}
    for name, place in _sides(group):
        partner = name.rpartition("/failoverGroups/")[0]
        if world.find(partner) is None:
            continue
        body = plain(group.body)
        body["location"] = place
        body["properties"]["partnerServers"] = [here]
        body["properties"]["databases"] = [
            f"{partner}/databases/{one.rpartition('/')[2]}"
            for one in group.body["properties"]["databases"]
        ]
        state = {"role": _other(group.state["role"])}
        found = world.find(name) or group
        made = replace(found, id=name, body=body, state=state, busy=None, changed=group.changed)
        world.save(made)


def _sides(group: Resource) -> Iterator[tuple[str, str]]:
    for row in group.body["properties"]["partnerServers"]:
        yield f"{row['id']}/failoverGroups/{group.name}", row["location"]


def _other(role: str) -> str:
    return SECONDARY if role == PRIMARY else PRIMARY


def _check_partner(write: Write, name: str) -> None:
    server, found = write.world.find(write.id.parent()), write.world.find(name)
    if found is None or found.type != sqlserver.TYPE:
        raise Refusal(404, "PartnerServerNotFound", f"The server '{name}' does not exist.")
    if server is not None and found.body["location"] == server.body["location"]:
        raise Refusal(
            400,
            "FailoverGroupPartnerServerFromSameRegion",
            "The partner server of a failover group must be in another region.",
        )


def _partner(write: Write, row: Json) -> Json:
    found = write.world.find(str(row.get("id")))
    place = found.body["location"] if found else places.normal(str(row.get("location", "")))
    return {"id": str(parse(str(row.get("id")))[0]), "location": place}


ROW = ResourceType(
    name=TYPE,
    versions=sqlserver.VERSIONS,
    names=NameRule(
        pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        code="InvalidFailoverGroupName",
        message="'{name}' is not a valid failover group name.",
    ),
    tracked=False,
    top_level=frozenset({"kind"}),
    provisioning=False,
    create=replace(_LRO, announces="CreateFailoverGroup"),
    update=replace(_LRO, announces="UpdateFailoverGroup"),
    delete=replace(_LRO, announces="DropFailoverGroup"),
    actions={
        ("POST", "failover"): failover,
        ("POST", "forcefailoverallowdataloss"): failover,
    },
    behaviour=Groups(),
)
