"""What hangs under a PostgreSQL flexible server: databases, firewall rules, parameters, backups.

Recorded: a PUT answers 202 with the operation's name; none is taken by a stopped server.
Parameters and the daily backups are there without having been made.
"""

import ipaddress
from dataclasses import replace
from datetime import datetime

from local.azure.arm import Answer, Json, Refusal
from local.azure.ids import Id
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import (
    facts,
    postgres,
    postgreschecks,
    postgresclock,
    postgresparameters,
    postgresshape,
)
from local.azure.types.facts import invalid
from local.azure.types.postgresclock import condition, zoned
from local.azure.world import Operation, Resource, World, plain

_LRO = replace(postgres.LRO, takes=10, retry_after=10)
_SET = replace(_LRO, announces="UpdateOrcasServerParameterManagementOperation")
_SNAPSHOT = replace(postgres.LRO, announces="SnapshotManagementOperation")
_STATES = ("isDynamicConfig", "isReadOnly", "isConfigPendingRestart")


class _Below(Behaviour):
    """A child of a server: it asks whether the server is there to take it."""

    def check(self, write: Write) -> None:
        """Refuse a write to a server that is stopped or busy."""
        server = write.world.find(write.id.parent())
        if server is None or write.seeding:
            return
        state = condition(server, write.call.now)
        if state == "Stopped":
            raise postgreschecks.stopped(server.name)
        if state != "Ready":
            raise postgreschecks.busy(server.name)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the child; it tells nothing of its work."""
        bare: Json = super().shown(resource, view)
        bare["properties"].pop("provisioningState", None)
        return bare


class Databases(_Below):
    """A database has a character set and a collation."""

    def shape(self, write: Write) -> Json:
        """Return the body with the server's defaults."""
        given = write.body.get("properties") or {}
        charset = str(given.get("charset") or "UTF8").upper()
        collation = given.get("collation") or "en_US.utf8"
        return {"properties": {"charset": charset, "collation": collation}}


class FirewallRules(_Below):
    """A rule opens the server to a range of addresses."""

    def check(self, write: Write) -> None:
        """Refuse a rule without two addresses in their order."""
        super().check(write)
        properties = write.body.get("properties") or {}
        found = []
        for name in ("startIpAddress", "endIpAddress"):
            try:
                found.append(ipaddress.IPv4Address(properties.get(name)))
            except ValueError as error:
                raise invalid(name) from error
        if found[0] > found[1]:
            raise Refusal(
                400,
                "InvalidFirewallRuleRange",
                "The start address of a firewall rule must not be above its end address.",
            )

    def shape(self, write: Write) -> Json:
        """Return the range."""
        return {"properties": plain(write.body["properties"])}


class Configurations(_Below):
    """A parameter, which every server has and nobody makes."""

    def check(self, write: Write) -> None:
        """Refuse a value that the parameter does not take."""
        super().check(write)
        given = write.body.get("properties") or {}
        value = given.get("value")
        if write.seeding:
            return
        if not isinstance(value, str) or not postgresparameters.is_allowed(write.id.name, value):
            raise invalid("value")

    def shape(self, write: Write) -> Json:
        """Return the value over what is told of the parameter."""
        said = postgresparameters.described(write.id.name)
        given = plain(write.body.get("properties") or {})
        if write.seeding:
            return {"properties": {**said, **given}}
        value = str(given["value"])
        pending = not said["isDynamicConfig"]
        told = {"value": value, "source": "user-override", "isConfigPendingRestart": pending}
        old = write.current.body["properties"] if write.current else said
        return {"properties": {**old, **told}}

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the parameters that are as they were delivered."""
        return [
            facts.standing(
                above, "configurations", name, {"properties": {**said, **_delivered(said)}}
            )
            for name, said in sorted(postgresparameters.KNOWN.items())
        ]

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the parameter as a reader of this api-version sees it."""
        body = super().shown(resource, view)
        if view.version < postgresshape.PROFILED:
            for name in ("documentationLink", *_STATES):
                body["properties"].pop(name, None)
        else:
            for name in _STATES:
                body["properties"].setdefault(name, False)
        return body

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: a parameter is there as long as its server."""
        raise Refusal(405, "MethodNotAllowed", "A parameter cannot be deleted.")


class Backups(_Below):
    """A full backup: the service takes one a day, and one whenever it is asked to."""

    def check(self, write: Write) -> None:
        """Refuse to take a backup a second time."""
        super().check(write)
        if write.current is not None and not write.seeding:
            raise Refusal(
                409,
                "BackupAlreadyExists",
                f"A backup named '{write.id.name}' exists on the server already.",
            )

    def shape(self, write: Write) -> Json:
        """Return a backup that a customer asks for; a seed says what one was."""
        given = (write.body.get("properties") or {}) if write.seeding else {}
        asked = {"backupType": "Customer On-Demand", "source": "Customer Initiated"}
        return {"properties": {**asked, "completedTime": zoned(write.call.now), **given}}

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the backups that the service took by itself."""
        taken = postgresclock.backups(above.state, postgres.retention(above), now)
        rows = [postgresclock.backup(above.id, at) for at in taken]
        return [
            facts.standing(above, "backups", row["name"], {"properties": row["properties"]})
            for row in rows
        ]

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the backup, complete at the end of the work."""
        done = super().finished(world, resource, operation)
        given = {**plain(resource.body["properties"]), "completedTime": zoned(operation.due)}
        return replace(done, body={"properties": given})

    def absent(self, target: Id) -> Refusal | None:
        """Return the provider's own words for a backup that is not there."""
        return Refusal(
            404,
            "ResourceNotFound",
            f"The requested resource of type '{postgres.TYPE}/backups' with name"
            f" '{target.name}' was not found.",
        )


def _delivered(said: Json) -> Json:
    value = {"value": said["defaultValue"], "source": "system-default"}
    return {**value, "isConfigPendingRestart": False}


def _row(
    name: str, verb: str, behaviour: Behaviour, names: NameRule, takes: float = 10
) -> ResourceType:
    def lro(what: str) -> Lro:
        return replace(_LRO, takes=takes, announces=f"{what}Server{verb}ManagementOperation")

    return ResourceType(
        name=f"{postgres.TYPE}/{name}",
        versions=postgres.VERSIONS,
        names=names,
        tracked=False,
        provisioning=False,
        create=lro("Upsert"),
        update=lro("Upsert"),
        delete=lro("Drop"),
        behaviour=behaviour,
    )


ROWS = (
    _row("databases", "Database", Databases(), NameRule(pattern=r"[A-Za-z_][\w-]{0,62}")),
    _row(
        "firewallRules",
        "FirewallRules",
        FirewallRules(),
        NameRule(pattern=r"[A-Za-z0-9_-]{1,80}", code="InvalidFirewallRuleName"),
        takes=60,
    ),
    replace(
        _row("configurations", "", Configurations(), NameRule(pattern=r"[A-Za-z_][\w.]{0,127}")),
        create=_SET,
        update=_SET,
    ),
    replace(
        _row("backups", "", Backups(), NameRule(pattern=r"[A-Za-z0-9_-]{1,128}")),
        create=_SNAPSHOT,
        update=None,
        delete=replace(_SNAPSHOT, announces="DropSnapshotManagementOperation"),
        patchable=False,
    ),
)
