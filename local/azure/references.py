"""Which resource names which: an identifier in a body is a use of the thing."""

from typing import Any

from local.azure.world import Resource, World


def user(world: World, item: Resource) -> str | None:
    """Return the identifier of a resource, not below this one, whose body names it."""
    mine = item.id.lower()
    for key, other in world.resources.items():
        if key != mine and not key.startswith(mine + "/") and _names(other.body, mine):
            return other.id
    return None


def _names(value: Any, wanted: str) -> bool:
    match value:
        case str():
            return value.lower() == wanted or value.lower().startswith(wanted + "/")
        case dict():
            return any(_names(one, wanted) for one in value.values())
        case list():
            return any(_names(one, wanted) for one in value)
    return False
