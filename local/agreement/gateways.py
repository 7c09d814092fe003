"""What stands behind an application gateway, worked out from a recorded look at its backends."""

from collections.abc import Iterable, Iterator
from typing import Any

from local.azure.arm import Json


def behind(gateway: Json, exchanges: Iterable[Json]) -> list[Json]:
    """Give a gateway the pools that a recording tells of it; return the interfaces in them."""
    told = next(_looks(exchanges, str(gateway["id"]).lower()), None)
    if told is None:
        return []
    given, found = gateway["properties"], []
    listener = given["requestRoutingRules"][0]["properties"]["httpListener"]
    pools: dict[str, Json] = {}
    settings: dict[str, Json] = {}
    rules: list[Json] = []
    for pool in told:
        name = str(pool["backendAddressPool"]["id"])
        addresses: list[Json] = []
        for pair in pool.get("backendHttpSettingsCollection") or []:
            used = str(pair["backendHttpSettings"]["id"])
            settings[used] = _part(used, port=80, protocol="Http")
            link = {"backendAddressPool": {"id": name}, "backendHttpSettings": {"id": used}}
            rule = {"ruleType": "Basic", "priority": len(rules) + 1, "httpListener": listener}
            rules.append(_part(f"rule{len(rules)}", **rule, **link))
            for server in pair.get("servers") or []:
                if "ipConfiguration" in server:
                    found.append(_interface(server, name))
                elif {"fqdn": server["address"]} not in addresses:
                    addresses.append({"fqdn": server["address"]})
        pools[name] = _part(name, backendAddresses=addresses)
    if rules:
        given["backendAddressPools"] = list(pools.values())
        given["backendHttpSettingsCollection"] = list(settings.values())
        given["requestRoutingRules"] = rules
    return found


def _looks(exchanges: Iterable[Json], gateway: str) -> Iterator[list[Json]]:
    for exchange in exchanges:
        body: Any = exchange["response"].get("body")
        told = body.get("backendAddressPools") if isinstance(body, dict) else None
        rows: list[Json] = told or []
        for row in rows:
            if str((row.get("backendAddressPool") or {}).get("id")).lower().startswith(gateway):
                yield rows
                break


def _part(name: str, **properties: Any) -> Json:
    return {"name": name.rpartition("/")[2], "properties": properties}


def _interface(server: Json, pool: str) -> Json:
    name, _, configuration = str(server["ipConfiguration"]["id"]).partition("/ipConfigurations/")
    inside = {
        "privateIPAddress": server["address"],
        "applicationGatewayBackendAddressPools": [{"id": pool}],
    }
    row = {"name": configuration, "properties": inside}
    return {"id": name, "location": "westus2", "properties": {"ipConfigurations": [row]}}
