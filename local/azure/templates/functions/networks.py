"""Functions of ranges of addresses.

Source: learn.microsoft.com "CIDR functions for ARM templates".
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from local.azure.templates.evaluation import Scope
from local.azure.templates.functions.registry import expect, function, wrong

Network = IPv4Network | IPv6Network


@function("parseCidr", 1)
def parse_cidr(scope: Scope, value: Any) -> dict[str, Any]:
    """Return what a range consists of."""
    network = _network("parseCidr", value)
    first, last = _usable(network)
    found: dict[str, Any] = {
        "network": str(network.network_address),
        "netmask": str(network.netmask),
    }
    if network.version == 4:
        found["broadcast"] = str(network.broadcast_address)
    return found | {
        "firstUsable": str(network.network_address + first),
        "lastUsable": str(network.network_address + last),
        "cidr": network.prefixlen,
    }


@function("cidrSubnet", 3)
def cidr_subnet(scope: Scope, value: Any, prefix: Any, index: Any) -> str:
    """Return one of the ranges of a size that a range is divided into."""
    network = _network("cidrSubnet", value)
    expect("cidrSubnet", prefix, "Integer", which="second")
    expect("cidrSubnet", index, "Integer", which="third")
    if not network.prefixlen <= prefix <= network.max_prefixlen:
        raise wrong(
            "cidrSubnet",
            f"The new CIDR '{prefix}' must be from '{network.prefixlen}' to"
            f" '{network.max_prefixlen}'.",
        )
    count = 1 << prefix - network.prefixlen
    if not 0 <= index < count:
        raise wrong(
            "cidrSubnet", f"The index '{index}' must be from '0' to '{count - 1}' in '{network}'."
        )
    start = network.network_address + (index << network.max_prefixlen - prefix)
    return f"{start}/{prefix}"


@function("cidrHost", 2)
def cidr_host(scope: Scope, value: Any, index: Any) -> str:
    """Return one of the addresses of a range that a host may have, the first is 0."""
    network = _network("cidrHost", value)
    expect("cidrHost", index, "Integer", which="second")
    first, last = _usable(network)
    if not 0 <= index <= last - first:
        raise wrong(
            "cidrHost",
            f"The index '{index}' must be from '0' to '{last - first}' in '{network}'.",
        )
    return str(network.network_address + first + index)


def _network(name: str, value: Any) -> Network:
    expect(name, value, "String", which="first")
    try:
        return ip_network(value if "/" in value else "", strict=False)
    except ValueError as error:
        raise wrong(name, f"The value '{value}' is not a valid network in CIDR.") from error


def _usable(network: Network) -> tuple[int, int]:
    """Return the places of the first and the last address for a host."""
    last = network.num_addresses - 1
    if network.version == 4 and network.prefixlen < network.max_prefixlen - 1:
        return 1, last - 1
    return 0, last
