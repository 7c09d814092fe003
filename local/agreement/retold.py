"""What a template must have asked for, told again from what came of it."""

from typing import Any

from local.agreement import bare
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.templates.identifiers import kind_of
from local.azure.types import TABLE

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(properties: Json, name: str) -> Json:
    """Return a template that makes what a deployment's properties tell."""
    waits = {
        str(row["id"]).lower(): [whole(one["id"], name) for one in row.get("dependsOn") or []]
        for row in properties.get("dependencies") or []
    }
    made = [whole(row["id"], name) for row in properties.get("outputResources") or []]
    named = [whole(row["id"], name) for row in properties.get("dependencies") or []]
    ids = list(dict.fromkeys([*named, *(one for few in waits.values() for one in few), *made]))
    places = _places(properties)
    found: Json = {"$schema": SCHEMA, "contentVersion": "1.0.0.0"}
    if "parameters" in properties:
        kinds = properties["parameters"]
        found["parameters"] = {key: {"type": str(kinds[key]["type"])} for key in kinds}
    found["resources"] = [
        _resource(one, places, waits.get(one.lower(), []), at)
        for at, one in enumerate(sorted(ids, key=_depth))
    ]
    if "outputs" in properties:
        found["outputs"] = {
            key: {"type": one["type"], "value": one.get("value")}
            for key, one in properties["outputs"].items()
        }
    return found


def _depth(name: str) -> int:
    return name.count("/")


def whole(name: str, deployment: str) -> str:
    """Return an identifier that old answers tell without its scope."""
    scope = deployment.rpartition("/providers/")[0]
    return name if name.startswith("/") else f"{scope}/providers/{name}"


def _resource(name: str, places: dict[str, Any], waits: list[str], place: int) -> Json:
    kind, short = kind_of(name)
    row = bare.row(parse(name)[0], places.get(kind.lower()))
    known = TABLE.find(kind)
    version = known.versions[-1] if known is not None else "2021-04-01"
    found: Json = {"type": kind, "apiVersion": version, "name": short, "dependsOn": waits}
    if places.get(kind.lower()):
        found["location"] = places[kind.lower()]
    found |= {k: v for k, v in row.items() if k not in {"id", "location"}}
    more = {
        member: one
        for one in waits
        for (of, other), member in _NAMES.items()
        if (of, other) == (kind.lower(), kind_of(one)[0].lower())
    }
    if kind.lower().endswith("/subnets"):  # one beside the other, as any two must be
        more["addressPrefix"] = f"10.0.{place}.0/24"
    return {**found, "properties": {**found.get("properties", {}), **more}} if more else found


# Which member of one type's body names the other that it waits for.
_NAMES = {("microsoft.web/sites", "microsoft.web/serverfarms"): "serverFarmId"}


def _places(properties: Json) -> dict[str, Any]:
    return {
        f"{row['namespace']}/{one['resourceType']}".lower(): (one.get("locations") or [None])[0]
        for row in properties.get("providers") or []
        for one in row.get("resourceTypes") or []
    }


def values(properties: Json) -> Json:
    """Return the parameters that were given, as a request gives them."""
    given = properties.get("parameters") or {}
    return {key: {"value": one.get("value")} for key, one in given.items()}


def wanted(exchanges: list[Json], given: Json) -> Json:
    """Return a template of all that a look ahead says will be there."""
    rows = []
    for exchange in exchanges:
        body = exchange["response"].get("body")
        properties = body.get("properties") if isinstance(body, dict) else None
        changes = properties.get("changes") if isinstance(properties, dict) else None
        rows += [one["after"] for one in changes or [] if "after" in one]
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": "string"} for name in given},
        "resources": [{k: v for k, v in row.items() if k != "id"} for row in rows],
    }


def outputs(properties: Json) -> Json | None:
    """Return the outputs that are told; None where none are."""
    given = properties.get("outputs")
    if not isinstance(given, dict):
        return None
    return {key: {"type": one["type"], "value": one.get("value")} for key, one in given.items()}
