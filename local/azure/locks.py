"""Locks, as Resource Manager applies them: before anything else, and inherited.

A `CanNotDelete` lock at a scope, above it or below it stops a deletion; a `ReadOnly` one at or
above it stops every write too. Locks themselves may always be written and taken away.
"""

from local.azure.arm import gateway
from local.azure.ids import Id
from local.azure.world import Resource, World

TYPE = "Microsoft.Authorization/locks"


def locks(world: World) -> list[tuple[str, Resource]]:
    """Return every lock with the scope it is on, lower case."""
    return [(_scope(lock), lock) for lock in world.all_of(TYPE)]


def refuse_delete(world: World, target: Id) -> None:
    """Refuse to delete what is locked, what is under a lock, and what has a locked part."""
    if target.type.lower() == TYPE.lower():
        return
    key = target.key
    held = [lock for scope, lock in locks(world) if _within(key, scope) or _within(scope, key)]
    if held:
        raise _refusal("delete", target, held)


def refuse_write(world: World, target: Id) -> None:
    """Refuse to change what is read-only."""
    if target.type.lower() == TYPE.lower():
        return
    held = [
        lock
        for scope, lock in locks(world)
        if _within(target.key, scope) and _level(lock) == "ReadOnly"
    ]
    if held:
        raise _refusal("write", target, held)


def _refusal(verb: str, target: Id, held: list[Resource]) -> Exception:
    scopes = "', '".join(sorted({lock.id.rpartition("/providers/")[0] for lock in held}))
    return gateway(
        409,
        "ScopeLocked",
        f"The scope '{target}' cannot perform {verb} operation because following scope(s) are"
        f" locked: '{scopes}'. Please remove the lock and try again.",
    )


def _within(key: str, scope: str) -> bool:
    return key == scope or key.startswith(scope + "/")


def _scope(lock: Resource) -> str:
    return lock.id.lower().rpartition("/providers/")[0]


def _level(lock: Resource) -> str:
    return str(lock.body["properties"]["level"])
