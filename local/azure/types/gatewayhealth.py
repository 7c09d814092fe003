"""How an application gateway's backends are: asked for as work, told where its `Location` leads.

The gateway is not busy meanwhile. Each pool is told with the settings that a rule or a path uses
it with, and each pair with its servers: the addresses that the pool lists, and the interfaces of
machines that say they are in it. Nothing stands behind them, so they are as well as the gateway.
"""

from collections.abc import Iterator

from local.azure import operations
from local.azure.arm import Answer, Json
from local.azure.table import Lro, Use
from local.azure.world import Resource, World

_ASKED = Lro(
    takes=10,
    status=202,
    header="location",
    segment="operationResults",
    retry_after=10,
    result_links="location",
    to_the_end=True,
)
_INTERFACES = "Microsoft.Network/networkInterfaces"
_POOLS = "applicationGatewayBackendAddressPools"
_WELL = {"health": "Healthy", "healthProbeLog": "Success. Received 200 status code"}


def ask(use: Use) -> Answer:
    """Begin to look at the backends."""
    operation = use.world.begin(
        kind="reading",
        resource=use.resource.id,
        lro=_ASKED,
        call=use.call,
        place=use.resource.body["location"],
        namespace=use.type.namespace,
    )
    return Answer(status=202, headers=operations.headers(operation, _ASKED, use.call))


def told(world: World, gateway: Resource) -> Json:
    """Return how the backends of a gateway are."""
    pairs: dict[str, list[str]] = {}
    for pool, settings in _used(gateway.body["properties"]):
        held = pairs.setdefault(pool, [])
        if settings not in held:
            held.append(settings)
    return {
        "backendAddressPools": [
            {
                "backendAddressPool": {"id": pool},
                "backendHttpSettingsCollection": [
                    {
                        "backendHttpSettings": {"id": one},
                        "servers": list(_servers(world, gateway, pool)),
                    }
                    for one in settings
                ],
            }
            for pool, settings in pairs.items()
        ]
    }


def _used(given: Json) -> Iterator[tuple[str, str]]:
    """Yield the pools with the settings that something uses them with."""
    rules = [row["properties"] for row in given["requestRoutingRules"]]
    for row in given["urlPathMaps"]:
        one = row["properties"]
        rules.append({name.replace("defaultB", "b"): value for name, value in one.items()})
        rules += [path.get("properties") or {} for path in one.get("pathRules") or []]
    for rule in rules:
        pool = (rule.get("backendAddressPool") or {}).get("id")
        settings = (rule.get("backendHttpSettings") or {}).get("id")
        if pool and settings:
            yield pool, settings


def _servers(world: World, gateway: Resource, pool: str) -> Iterator[Json]:
    well = _WELL if gateway.state["power"] == "Running" else {"health": "Unknown"}
    for row in gateway.body["properties"]["backendAddressPools"]:
        if f"{gateway.id}/backendAddressPools/{row['name']}".lower() == pool.lower():
            for one in row["properties"].get("backendAddresses") or []:
                yield {"address": one.get("fqdn") or one.get("ipAddress"), **well}
    for interface in world.all_of(_INTERFACES):
        for row in interface.body["properties"].get("ipConfigurations") or []:
            given = row.get("properties") or {}
            pools = [str(one.get("id")).lower() for one in given.get(_POOLS) or []]
            if pool.lower() in pools:
                name = f"{interface.id}/ipConfigurations/{row['name']}"
                address = given.get("privateIPAddress")
                yield {"address": address, "ipConfiguration": {"id": name}, **well}
