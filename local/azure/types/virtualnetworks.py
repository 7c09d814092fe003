"""Virtual networks and their subnets, which are written on either side.

A network's body lists its subnets, and each is a resource below it: what is written to the one is
seen in the other, and a PUT of the network takes away the subnets that it leaves out. A subnet in
use cannot be deleted, nor can its network.
"""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import replace

from local.azure.arm import Answer, Json, Refusal, guid
from local.azure.era import ERA
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import privateaddresses, subnetusers
from local.azure.world import Operation, Resource, World, plain

TYPE = "Microsoft.Network/virtualNetworks"
SUBNETS = f"{TYPE}/subnets"
_USERS = {"ipConfigurations", "privateEndpoints", "applicationGatewayIPConfigurations"}
_UNPROTECTED = "2021-03"  # the month since which enableVmProtection is not told any more
_TYPED = "2018-09"  # the first month in which subnets told their type in their network
VERSIONS = (
    "2015-06-15",
    "2018-04-01",
    "2019-04-01",
    "2019-09-01",
    "2019-11-01",
    "2020-05-01",
    "2020-07-01",
    "2020-08-01",
    "2020-11-01",
    "2021-02-01",
    "2022-01-01",
    "2022-05-01",
    "2022-07-01",
    "2023-09-01",
    "2023-11-01",
    "2024-01-01",
    "2024-03-01",
    "2024-05-01",
    "2025-03-01",
)


_Span = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks(Behaviour):
    """Virtual networks."""

    def check(self, write: Write) -> None:
        """Refuse a network without addresses, and subnets that lie outside or on each other."""
        given = write.body.get("properties") or {}
        space = [_prefix(p) for p in (given.get("addressSpace") or {}).get("addressPrefixes", [])]
        if not space:
            raise _invalid("addressSpace.addressPrefixes")
        encryption = given.get("encryption") or {}
        if encryption and not {"enabled", "enforcement"} <= set(encryption):
            raise Refusal(
                400,
                "MustSpecifyBothEncryptionIntentAndEnforcementPolicy",
                f"Virtual network {write.id} must specify both 'enabled' and 'enforcement' of its"
                " encryption.",
            )
        rows = given.get("subnets") or []
        spans = [_prefix((row.get("properties") or {}).get("addressPrefix")) for row in rows]
        for place, span in enumerate(spans):
            _check_inside(span, space, str(rows[place].get("name")))
            _check_apart(span, spans[:place], str(rows[place].get("name")))
        if write.current is not None and "subnets" in given:
            kept = {str(row.get("name")).lower() for row in rows}
            for below in _below(write.world, write.current.id):
                if below.name.lower() not in kept:
                    _check_unused(write.world, below)

    def shape(self, write: Write) -> Json:
        """Return the body with its subnets in their common form."""
        body: Json = plain(write.body)
        given = body.setdefault("properties", {})
        rows = given.get("subnets")
        if rows is None:
            old = write.current.body["properties"] if write.current else {}
            rows = old.get("subnets", [])
        before = _told(write.current)
        given["subnets"] = [
            {
                "name": row["name"],
                "properties": _subnet(row.get("properties") or {})
                | before.get(str(row["name"]).lower(), {}),
            }
            for row in rows
        ]
        given.pop("provisioningState", None)
        given.pop("resourceGuid", None)
        if ERA.get() >= _UNPROTECTED:
            given.pop("enableVmProtection", None)
        return body

    def state(self, write: Write) -> Json:
        """Return the network's memory; its subnets are there at once."""
        _spread(write, self.shape(write))
        return dict(write.current.state) if write.current else {"born": write.call.request_id}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the network with its subnets' identifiers."""
        body = super().shown(resource, view)
        state = body["properties"]["provisioningState"]
        rows = body["properties"]["subnets"]
        body["properties"]["resourceGuid"] = guid("network", resource.id)
        body["properties"]["subnets"] = [
            _shown(resource.id, row, state, subnetusers.of(resource, row["name"])) for row in rows
        ]
        return {**body, "etag": etag(resource)}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse the deletion of a network with a subnet in use."""
        for below in _below(use.world, use.resource.id):
            _check_unused(use.world, below)
        return None


class Subnets(Behaviour):
    """Subnets."""

    def check(self, write: Write) -> None:
        """Refuse a subnet outside its network or on another."""
        network = write.world.find(write.id.parent())
        if network is None:
            return
        if network.busy and not write.seeding:
            raise self.busy(network)
        span = _prefix((write.body.get("properties") or {}).get("addressPrefix"))
        given, name = network.body["properties"], write.id.name
        _check_inside(span, [_prefix(p) for p in given["addressSpace"]["addressPrefixes"]], name)
        others = [row for row in given["subnets"] if row["name"].lower() != name.lower()]
        _check_apart(span, [_prefix(r["properties"]["addressPrefix"]) for r in others], name)

    def shape(self, write: Write) -> Json:
        """Return the subnet in its common form."""
        return {"properties": _subnet(write.body.get("properties") or {})}

    def state(self, write: Write) -> Json:
        """Tell the network."""
        _list(write.world, str(write.id.parent()), write.id.name, self.shape(write)["properties"])
        return dict(write.current.state) if write.current else {}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the subnet as recorded."""
        row = {"name": resource.name, "properties": resource.body["properties"]}
        network, state = resource.id.rsplit("/", 2)[0], resource.provisioning or "Succeeded"
        return _shown(network, row, state, subnetusers.within(resource))

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the subnet after its work."""
        return replace(resource, provisioning=operation.outcome, busy=None)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse the deletion of a subnet in use."""
        _check_unused(use.world, use.resource)
        return None

    def removed(self, world: World, resource: Resource) -> None:
        """Take the subnet off its network's list."""
        _list(world, resource.id.rsplit("/", 2)[0], resource.name, None)


def etag(item: Resource) -> str:
    """Return the weak tag that changes with every change."""
    return f'W/"{guid("etag", item.id, item.changed.isoformat(), str(item.provisioning))}"'


def _spread(write: Write, body: Json) -> None:
    """Put the subnets of a network's body there as resources, and take the others away."""
    world, now, network = write.world, write.call.now, str(write.id)
    rows = body["properties"]["subnets"]
    kept = {row["name"].lower() for row in rows}
    for below in list(_below(world, network)):
        if below.name.lower() not in kept:
            world.drop(below, now)
    for row in rows:
        name = f"{network}/subnets/{row['name']}"
        found = world.find(name)
        world.save(
            Resource(
                id=found.id if found else name,
                type=SUBNETS,
                name=row["name"],
                body={"properties": row["properties"]},
                state=found.state if found else {},
                created=found.created if found else now,
                changed=now,
                provisioning="Succeeded",
            )
        )


def _list(world: World, network: str, name: str, properties: Json | None) -> None:
    """Write a subnet into its network's list, or take it off."""
    found = world.find(network)
    if found is None:
        return
    given = found.body["properties"]
    rows = [row for row in given["subnets"] if row["name"].lower() != name.lower()]
    if properties is not None:
        rows.append({"name": name, "properties": properties})
    body = {**found.body, "properties": {**given, "subnets": rows}}
    world.save(replace(found, body=body))


def _below(world: World, network: str) -> list[Resource]:
    start = f"{network}/subnets/".lower()
    return [one for one in world.all_of(SUBNETS) if one.id.lower().startswith(start)]


def _told(network: Resource | None) -> dict[str, Json]:
    """Return by subnet what Azure alone says of those of a network: who is in them."""
    rows = network.body["properties"].get("subnets", []) if network else []
    return {
        str(row["name"]).lower(): {k: v for k, v in row["properties"].items() if k in _USERS}
        for row in rows
    }


def _subnet(given: Json) -> Json:
    kept: Json = {"addressPrefix": given.get("addressPrefix"), **plain(given)}
    kept.pop("provisioningState", None)
    return kept


def _shown(network: str, row: Json, state: str, users: Sequence[str]) -> Json:
    return {
        "name": row["name"],
        "id": f"{network}/subnets/{row['name']}",
        "etag": f'W/"{guid("etag", network, row["name"], json.dumps(row), state)}"',
        "properties": subnetusers.told({"provisioningState": state, **row["properties"]}, users),
        **({"type": SUBNETS} if ERA.get() >= _TYPED else {}),
    }


def _check_unused(world: World, subnet: Resource) -> None:
    needle = json.dumps(subnet.id.lower())
    network = subnet.id.lower().rsplit("/", 2)[0]
    for item in world.resources.values():
        inside = item.id.lower() == network or item.id.lower().startswith(network + "/")
        if not inside and needle in json.dumps(item.body).lower():
            raise Refusal(
                400,
                "InUseSubnetCannotBeDeleted",
                f"Subnet {subnet.name} is in use by {item.id} and cannot be deleted.",
            )


def _prefix(value: object) -> _Span:
    try:
        return ipaddress.ip_network(str(value))
    except ValueError as error:
        raise Refusal(
            400, "InvalidAddressPrefixFormat", f"Address prefix {value} is not valid."
        ) from error


def _check_inside(span: _Span, space: Sequence[_Span], name: str) -> None:
    if not any(_is_within(span, whole) for whole in space):
        why = f"Subnet '{name}' is not valid in its virtual network."
        raise Refusal(400, "NetcfgInvalidSubnet", why)


def _check_apart(span: _Span, others: Sequence[_Span], name: str) -> None:
    if any(span.overlaps(other) for other in others):
        why = f"Subnet '{name}' overlaps with another subnet."
        raise Refusal(400, "NetcfgSubnetRangesOverlap", why)


def _is_within(part: _Span, whole: _Span) -> bool:
    same = part.version == whole.version
    return same and part.prefixlen >= whole.prefixlen and part.overlaps(whole)


def _invalid(name: str) -> Refusal:
    return Refusal(400, "InvalidRequestFormat", f"The property '{name}' is missing or not valid.")


_WORK = Lro(takes=8, status=200, segment="operations", retry_after=3, document="status")
_DELETE = Lro(
    takes=12,
    status=202,
    header="both",
    segment="operations",
    retry_after=10,
    document="status",
    result_links="both",
)
ROWS = (
    ResourceType(
        name=TYPE,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,62}\w)?"),
        top_level=frozenset({"extendedLocation", "etag"}),
        create=replace(_WORK, status=201),
        update=_WORK,
        delete=_DELETE,
        actions={("GET", "checkipaddressavailability"): privateaddresses.check},
        behaviour=Networks(),
    ),
    ResourceType(
        name=SUBNETS,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
        tracked=False,
        patchable=False,
        top_level=frozenset({"etag"}),
        create=replace(_WORK, status=201),
        update=_WORK,
        delete=_DELETE,
        behaviour=Subnets(),
    ),
)
