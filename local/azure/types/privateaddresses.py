"""Which private addresses of a network are free."""

import ipaddress
from collections.abc import Iterator

from local.azure.arm import Answer, Json, Refusal
from local.azure.table import Use
from local.azure.world import World

_INTERFACES = "Microsoft.Network/networkInterfaces"
_RESERVED, _OFFERED = 4, 5  # Azure keeps the first four of a subnet, and offers five


def check(use: Use) -> Answer:
    """Tell whether an address is free, and others that are where it is not."""
    wanted = _address(use)
    for span in _subnets(use.resource.body):
        if wanted in span:
            taken = set(_taken(use.world, use.resource.id))
            free = wanted not in taken and int(wanted) - int(span[0]) >= _RESERVED
            others = [] if free else _free(span, taken)
            body = {"available": free, "availableIPAddresses": others, "isPlatformReserved": False}
            return Answer(status=200, body=body)
    raise Refusal(
        400,
        "PrivateIPAddressNotInAnySubnet",
        f"Private static IP address {wanted} does not belong to the range of any subnet in the"
        f" virtual network {use.resource.id}.",
        details=[],
    )


def _address(use: Use) -> ipaddress.IPv4Address:
    given = use.call.query.get("ipAddress", "")
    try:
        return ipaddress.IPv4Address(given)
    except ValueError as error:
        why = f"The IP address '{given}' is not valid."
        raise Refusal(400, "InvalidIPAddress", why, details=[]) from error


def _subnets(body: Json) -> Iterator[ipaddress.IPv4Network]:
    for row in (body.get("properties") or {}).get("subnets") or []:
        given = row.get("properties") or {}
        for text in [given.get("addressPrefix"), *(given.get("addressPrefixes") or [])]:
            if text and ":" not in text:
                yield ipaddress.IPv4Network(text, strict=False)


def _taken(world: World, network: str) -> Iterator[ipaddress.IPv4Address]:
    start = f"{network}/subnets/".lower()
    for item in world.all_of(_INTERFACES):
        for row in (item.body.get("properties") or {}).get("ipConfigurations") or []:
            given = row.get("properties") or {}
            held = str((given.get("subnet") or {}).get("id")).lower()
            if held.startswith(start) and given.get("privateIPAddress"):
                yield ipaddress.IPv4Address(given["privateIPAddress"])


def _free(span: ipaddress.IPv4Network, taken: set[ipaddress.IPv4Address]) -> list[str]:
    found: list[str] = []
    for place in range(_RESERVED, span.num_addresses - 1):
        if len(found) == _OFFERED:
            break
        if span[place] not in taken:
            found.append(str(span[place]))
    return found
