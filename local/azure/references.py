"""Which resource names which: an identifier in a body is a use of the thing."""

from collections.abc import Iterator
from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.world import Resource, World


def user(world: World, item: Resource) -> str | None:
    """Return the identifier of a resource, not below this one, whose body names it.

    Where a thing and its part both do, it is the part that uses it.
    """
    mine = item.id.lower()
    users = [
        other.id
        for key, other in world.resources.items()
        if key != mine and not key.startswith(mine + "/") and _names(other.body, mine)
    ]
    return max(users, key=lambda name: name.count("/"), default=None)


def check_settled(world: World, body: Any, own: str) -> None:
    """Refuse a body that names what somebody is changing just now: it can be tried again."""
    found = _at_work(world, body, own)
    if found is None:
        return
    message = (
        f"Cannot proceed with operation because resource {found.id} used by resource {own} is not"
        f" in Succeeded state. Resource is in {found.provisioning} state."
    )
    details: list[Json] = [{"code": "ReferencedResourceNotProvisioned", "message": message}]
    raise Refusal(429, "RetryableError", "A retryable error occurred.", details=details)


def _at_work(world: World, body: Any, own: str) -> Resource | None:
    """Return a thing that a body names and that somebody is changing just now; never its own."""
    for name in _strings(body):
        found = world.find(name) if name.startswith("/") else None
        inside = f"{own}/".lower().startswith(f"{name}/".lower())
        if found is not None and found.busy and not inside:
            return found
    return None


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)


def _names(value: Any, wanted: str) -> bool:
    match value:
        case str():
            return value.lower() == wanted or value.lower().startswith(wanted + "/")
        case dict():
            return any(_names(one, wanted) for one in value.values())
        case list():
            return any(_names(one, wanted) for one in value)
    return False
