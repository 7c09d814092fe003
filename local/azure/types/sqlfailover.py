"""Failover groups: databases that change over to another region together.

Recorded: the group tells where its own server and its partner stand; a failover is asked of the
group on the side that is to become the primary.
"""

from dataclasses import replace

from local.azure import actions, places
from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Action, Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqlserver
from local.azure.world import Operation, Resource, World, plain

TYPE = f"{sqlserver.TYPE}/failoverGroups"
_POLICIES = ("Automatic", "Manual")
_LRO = replace(sqlserver.LRO, segment="failoverGroupAzureAsyncOperation", retry_after=10, takes=60)


class FailoverGroups(Behaviour):
    """Failover groups."""

    def check(self, write: Write) -> None:
        """Refuse a group without partner, with one that is not there, or in the same region."""
        given = write.body.get("properties") or {}
        policy = (given.get("readWriteEndpoint") or {}).get("failoverPolicy")
        facts.check_choice(policy, _POLICIES, facts.invalid("failoverPolicy"))
        if write.seeding:
            return
        partners = given.get("partnerServers")
        if write.current is None and not partners:
            raise facts.invalid("partnerServers")
        own = write.world.find(write.id.parent())
        for row in partners or []:
            found = write.world.find(str(row.get("id") or ""))
            if found is None or found.type != sqlserver.TYPE:
                raise Refusal(404, "PartnerServerNotFound", "The partner server does not exist.")
            if own is not None and found.body["location"] == own.body["location"]:
                raise facts.invalid("partnerServers")

    def shape(self, write: Write) -> Json:
        """Return the body with where the servers stand and what part they play."""
        body = facts.without(write.body, ("replicationRole", "replicationState"))
        own = write.world.find(write.id.parent())
        if own is not None:
            body["location"] = own.body["location"]
        old = write.current.body["properties"] if write.current else {"databases": []}
        given = body["properties"] = {**old, **body["properties"]}
        given["partnerServers"] = [_partner(write, row) for row in given.get("partnerServers", [])]
        return body

    def state(self, write: Write) -> Json:
        """Return which part the group's own server plays."""
        return dict(write.current.state) if write.current else {"role": "Primary"}

    def seeded(self, write: Write) -> Json:
        """Return the part that a seed tells."""
        given = write.body.get("properties") or {}
        return {"role": given.get("replicationRole") or "Primary"}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the group with its replication."""
        body: Json = plain(resource.body)
        role = resource.state["role"]
        other = "Secondary" if role == "Primary" else "Primary"
        given = body["properties"]
        given |= {"replicationRole": role, "replicationState": "CATCH_UP"}
        given.setdefault("readOnlyEndpoint", {"failoverPolicy": "Disabled"})
        given["partnerServers"] = [
            {**row, "replicationRole": other} for row in given["partnerServers"]
        ]
        body["location"] = places.shown(body["location"])
        return {**body, "id": resource.id, "name": resource.name, "type": resource.type}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the group; after a failover its server is the primary."""
        state = dict(resource.state)
        if state.pop("turning", False) and operation.outcome == "Succeeded":
            state["role"] = "Primary"
        return replace(resource, provisioning=operation.outcome, busy=None, state=state)


def _partner(write: Write, row: Json) -> Json:
    found = write.world.find(str(row.get("id") or ""))
    place = found.body["location"] if found else row.get("location", "")
    return {"id": row.get("id"), "location": places.shown(place)}


def _failover(use: Use) -> Answer:
    """Begin the change over to this side."""
    lro = replace(_LRO, announces="FailoverFailoverGroup")
    return actions.begun(use, lro, {**use.resource.state, "turning": True})


_ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "failover"): _failover,
    ("POST", "forcefailoverallowdataloss"): _failover,
}
ROW = ResourceType(
    name=TYPE,
    versions=sqlserver.VERSIONS,
    names=NameRule(pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
    tracked=False,
    provisioning=False,
    patchable=True,
    top_level=frozenset({"location", "tags", "kind"}),
    create=replace(_LRO, announces="CreateFailoverGroup"),
    update=replace(_LRO, announces="UpdateFailoverGroup"),
    delete=replace(_LRO, announces="DropFailoverGroup", takes=20),
    actions=_ACTIONS,
    behaviour=FailoverGroups(),
)
