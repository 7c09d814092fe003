"""What hangs under a PostgreSQL flexible server: its databases and its firewall rules.

Recorded: a PUT answers 202 with the operation's name; neither is to be had on a stopped server.
"""

import ipaddress
from dataclasses import replace

from local.azure.arm import Json, Refusal
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, View, Write
from local.azure.types import postgres, postgreschecks
from local.azure.types.facts import invalid
from local.azure.types.postgresclock import condition
from local.azure.world import Resource, plain

_LRO = replace(postgres.LRO, takes=10, retry_after=10)


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


def _row(name: str, verb: str, behaviour: Behaviour, names: NameRule) -> ResourceType:
    def lro(what: str) -> Lro:
        return replace(_LRO, announces=f"{what}Server{verb}ManagementOperation")

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
    ),
)
