"""Read-only facts: what a provider says about a resource, and what a seed may say instead.

A backup's age or the state of a replication is the provider's to tell; a body that names it in a
PUT is not believed. A seed is: it says how the world was found, good or bad, and what it names
stays as it said until the next seed. So a test or the demo can have a backup that is too old.

Facts are named by their path inside `properties`: `backup.earliestRestoreDate`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.table import Write
from local.azure.world import Resource, plain


def standing(above: Resource, kind: str, name: str, body: Json) -> Resource:
    """Return a part of a thing that is there as long as that, without having been made."""
    return Resource(
        id=f"{above.id}/{kind}/{name}",
        type=f"{above.type}/{kind}",
        name=name,
        body=body,
        created=above.created,
        changed=above.created,
    )


def named(body: Json, paths: Iterable[str]) -> Json:
    """Return the facts that a body names, by path."""
    found: Json = {}
    for path in paths:
        value: Any = body.get("properties") or {}
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            found[path] = value
    return found


def without(body: Json, paths: Iterable[str]) -> Json:
    """Return a copy of a body that names none of the facts; its properties always exist."""
    copy: Json = plain(body)
    properties = copy.setdefault("properties", {})
    for path in paths:
        *above, last = path.split(".")
        value: Any = properties
        for name in above:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value.pop(last, None)
    return copy


def lay(properties: Json, found: Mapping[str, Any]) -> Json:
    """Return properties with facts laid over them."""
    laid: Json = plain(properties)
    for path, value in found.items():
        *above, last = path.split(".")
        inside = laid
        for name in above:
            inside = inside.setdefault(name, {})
        inside[last] = value
    return laid


def check_free(write: Write, refusal: Refusal) -> None:
    """Refuse a name that is unique in the world and taken by another resource of the type."""
    wanted = write.id.name.lower()
    for other in write.world.all_of(write.type.name):
        if other.name.lower() == wanted and other.id.lower() != write.id.key:
            raise refusal


def check_choice(value: object, offered: Iterable[object], refusal: Refusal) -> None:
    """Refuse a value that is none of the offered; nothing is as good as any."""
    if value is not None and value not in tuple(offered):
        raise refusal


def check_range(value: object, least: int, most: int, refusal: Refusal) -> None:
    """Refuse what is no whole number from `least` to `most`; nothing is as good as any."""
    if value is None:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not least <= int(str(value)) <= most:
        raise refusal


def invalid(name: str) -> Refusal:
    """Return how Azure's databases refuse a value."""
    return Refusal(
        400,
        "InvalidParameterValue",
        f"Invalid value given for parameter {name}. Specify a valid parameter value.",
        target=name,
    )
