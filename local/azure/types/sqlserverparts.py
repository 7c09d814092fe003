"""What hangs under a logical server of Azure SQL: firewall rules and elastic pools.

A firewall rule is written at once. The oldest api-version tells where its server is.
"""

import ipaddress
from dataclasses import replace

from local.azure import places
from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, sqldatabase, sqlsecurity, sqlserver, sqlskus
from local.azure.types.facts import invalid
from local.azure.types.sqlserver import moment
from local.azure.world import Resource, plain

POOLS = f"{sqlserver.TYPE}/elasticPools"
_LRO = replace(sqlserver.LRO, takes=60, segment="elasticPoolAzureAsyncOperation")
_SIZES = {"BasicPool": 50, "StandardPool": 50, "PremiumPool": 125}
_READ_ONLY = ("state", "creationDate")


class FirewallRules(Behaviour):
    """A rule opens the server to a range of addresses."""

    def check(self, write: Write) -> None:
        """Refuse a rule without two addresses in their order."""
        given = write.body.get("properties") or {}
        found = []
        for name in ("startIpAddress", "endIpAddress"):
            try:
                found.append(ipaddress.IPv4Address(given.get(name, "0.0.0.0")))
            except ValueError as error:
                raise invalid(name) from error
            if name not in given and not write.seeding:
                raise invalid(name)
        if found[0] > found[1]:
            why = "The start address of a firewall rule must not be above its end address."
            raise Refusal(400, "InvalidFirewallRuleRange", why)

    def shape(self, write: Write) -> Json:
        """Return the range, and where it is."""
        server = write.world.find(write.id.parent())
        given = {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}
        body: Json = {"properties": {**given, **plain(write.body.get("properties") or {})}}
        if server is not None:
            body["location"] = server.body["location"]
        return body

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the rule as a reader of this api-version sees it."""
        body: Json = super().shown(resource, view)
        place = places.shown(str(body.pop("location", "")))
        old = {"location": place, "kind": "v12.0"} if view.version < sqlserver.CLASSIC else {}
        return {**body, **old}


class Pools(Behaviour):
    """The power that databases of a server share."""

    def check(self, write: Write) -> None:
        """Refuse a size that is not sold, and another region than the server's."""
        server = write.world.find(write.id.parent())
        if write.seeding:
            return
        if server is not None and server.body["location"] != write.body["location"]:
            raise invalid("location")
        _size(write.body.get("sku") or {})

    def shape(self, write: Write) -> Json:
        """Return the pool over its defaults, or over what there is."""
        body = facts.without(write.body, _READ_ONLY)
        body.pop("kind", None)
        body["sku"] = _size(body.get("sku") or {})
        old = write.current.body["properties"] if write.current else _defaults(body["sku"])
        body["properties"] = {**plain(old), **body["properties"]}
        return body

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the pool as recorded."""
        body: Json = super().shown(resource, view)
        words = ["vcore", "pool"] if "family" in body["sku"] else ["pool"]
        told = {"state": "Ready", "creationDate": moment(resource.created)}
        body["properties"] = {**told, **body["properties"]}
        return {**body, "kind": ",".join(words)}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse while a database is in it."""
        mine = use.resource.id.lower()
        for one in use.world.all_of(sqldatabase.TYPE):
            if str(one.body["properties"].get("elasticPoolId")).lower() == mine:
                why = f"The elastic pool '{use.resource.name}' is not empty."
                raise Refusal(409, "ElasticPoolNotEmpty", why)
        return None


def _size(sku: Json) -> Json:
    name = str(sku.get("name") or "GP_Gen5")
    if name in _SIZES:
        tier = name.removesuffix("Pool")
        return {"name": name, "tier": tier, "capacity": int(sku.get("capacity") or _SIZES[name])}
    return sqlskus.read({**sku, "name": name})


def _defaults(sku: Json) -> Json:
    found: Json = {"maxSizeBytes": 34359738368, "zoneRedundant": False}
    found["perDatabaseSettings"] = {"minCapacity": 0.0, "maxCapacity": float(sku["capacity"])}
    return {**found, "licenseType": "LicenseIncluded"} if "family" in sku else found


ROWS = (
    ResourceType(
        name=f"{sqlserver.TYPE}/firewallRules",
        versions=sqlserver.VERSIONS,
        names=NameRule(
            pattern=r"[^<>*%&:;\\/?]{0,127}[^<>*%&:;\\/?.]", code="InvalidFirewallRuleName"
        ),
        tracked=False,
        top_level=frozenset({"kind"}),
        provisioning=False,
        behaviour=FirewallRules(),
    ),
    ResourceType(
        name=POOLS,
        versions=sqlserver.VERSIONS,
        top_level=frozenset({"sku", "kind"}),
        provisioning=False,
        create=replace(_LRO, announces="CreateLogicalElasticPool"),
        update=replace(_LRO, announces="UpdateLogicalElasticPool"),
        delete=replace(_LRO, announces="DropLogicalElasticPool"),
        actions={("POST", "operations/cancel"): sqlsecurity.cancel},
        behaviour=Pools(),
    ),
)
