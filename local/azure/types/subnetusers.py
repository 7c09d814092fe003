"""Who is in a subnet: the addresses of interfaces, which the subnet and its network tell.

What an interface says of itself is kept as the memory of the subnet, not as its body: a body that
names a thing uses it, and an interface is not used by the subnet that it is in.
"""

from collections.abc import Iterable
from dataclasses import replace

from local.azure.arm import Json
from local.azure.world import Resource, World

_SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
_USERS = "users"


def enter(world: World, interface: str, rows: Iterable[Json]) -> None:
    """Let the subnets that an interface's configurations name tell them, and no others."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        subnet = ((row.get("properties") or {}).get("subnet") or {}).get("id")
        if subnet and row.get("name"):
            name = f"{interface}/ipConfigurations/{row['name']}"
            wanted.setdefault(str(subnet).lower(), []).append(name)
    mine = f"{interface}/".lower()
    for item in list(world.all_of(_SUBNETS)):
        old = item.state.get(_USERS) or []
        new = [name for name in old if not name.lower().startswith(mine)]
        new += wanted.get(item.id.lower(), [])
        if new != old:
            _keep(world, item, new)


def told(properties: Json, users: Iterable[str]) -> Json:
    """Return a subnet's properties with those who are in it, after those that a seed names."""
    seeded = properties.get("ipConfigurations") or []
    known = {str(one.get("id")).lower() for one in seeded}
    more = [{"id": name} for name in users if name.lower() not in known]
    return {**properties, "ipConfigurations": [*seeded, *more]} if more else properties


def of(network: Resource, subnet: str) -> list[str]:
    """Return who is in a subnet, as its network remembers."""
    found: list[str] = (network.state.get(_USERS) or {}).get(subnet.lower(), [])
    return found


def within(subnet: Resource) -> list[str]:
    """Return who is in a subnet, as it remembers itself."""
    return list(subnet.state.get(_USERS) or [])


def _keep(world: World, subnet: Resource, users: list[str]) -> None:
    world.save(replace(subnet, state={**subnet.state, _USERS: users}))
    network = world.find(subnet.id.rpartition("/subnets/")[0])
    if network is not None:
        known = {**(network.state.get(_USERS) or {}), subnet.name.lower(): users}
        world.save(replace(network, state={**network.state, _USERS: known}))
