"""Cosmos DB accounts that a recording restores from, or looks at as restorable."""

from local.azure import places
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.types import databaseaccounts

_TYPE = "microsoft.documentdb/locations/restorabledatabaseaccounts"
_CAPABILITIES = {
    "Gremlin": "EnableGremlin",
    "Table": "EnableTable",
    "Cassandra": "EnableCassandra",
}


def source(exchange: Json) -> Json | None:
    """Return a row for the account that an exchange takes for granted.

    Its interfaces are those that the recording tells of it, or of what is restored from it.
    """
    request, told = exchange["request"], exchange["response"].get("body")
    asked = (request.get("body") or {}).get("properties") or {}
    named = (asked.get("restoreParameters") or {}).get("restoreSource") or request["path"]
    target, _ = parse(named)
    properties = (told.get("properties") if isinstance(told, dict) else None) or {}
    if target.type.lower() != _TYPE or exchange["response"]["status"] >= 300:
        return None
    place, instance = target.last.names
    kinds = str(properties.get("apiType") or "").split(", ")
    held = [{"name": _CAPABILITIES[kind]} for kind in kinds if kind in _CAPABILITIES]
    name = str(properties.get("accountName") or "source")
    group = f"/subscriptions/{target.subscription}/resourceGroups/restorable"
    return {
        "id": f"{group}/providers/{databaseaccounts.TYPE}/{name}",
        "location": places.normal(place),
        "properties": {
            "instanceId": instance,
            "databaseAccountOfferType": "Standard",
            "backupPolicy": {"type": "Continuous"},
            "capabilities": properties.get("capabilities") or held,
        },
    }
