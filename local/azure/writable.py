"""What of a resource is its caller's to say: a body without what Azure alone says of it.

The lines of the type's table tell most; the rest are members that every provider of its kind has.
"""

from typing import Any

from local.azure import lines
from local.azure.arm import Json
from local.azure.table import ResourceType
from local.azure.world import plain

_AZURES = frozenset(
    (
        *("provisioningState", "etag", "systemData", "instanceView", "resourceGuid", "uniqueId"),
        *("creationTime", "creationDate", "createdTime", "changedTime", "createdDate"),
        *("lastModifiedTimeUtc", "keyCreationTime", "lastEnabledTime", "modifiedDate"),
        *("primaryEndpoints", "secondaryEndpoints", "primaryLocation", "secondaryLocation"),
        *("statusOfPrimary", "statusOfSecondary", "fullyQualifiedDomainName"),
        *("defaultHostName", "hostNames", "enabledHostNames", "hostNameSslStates", "usageState"),
        *("outboundIpAddresses", "possibleOutboundIpAddresses", "outboundIPAddresses"),
        *("latestRevisionName", "latestReadyRevisionName", "latestRevisionFqdn", "customerId"),
        *("eventStreamEndpoint", "availabilityState", "repositorySiteName", "privateEndpoint"),
    )
)


def body(row: ResourceType | None, shown: Json) -> Json:
    """Return what is left of a shown body; what is empty is left out too."""
    found: Json = plain(shown)
    if row is not None:
        lines.strip(row.lines, found)
    kept: Json = _own(found)
    return kept


def _own(value: Any) -> Any:
    match value:
        case dict():
            kept = {name: _own(one) for name, one in value.items() if name not in _AZURES}
            return {name: one for name, one in kept.items() if one is not None}
        case list():
            return [_own(_unnamed(one)) for one in value]
    return value


def _unnamed(one: Any) -> Any:
    """Return a part of a list without its identifier and type, where it is a resource itself."""
    if isinstance(one, dict) and {"id", "name", "properties"} <= set(one):
        return {name: value for name, value in one.items() if name not in {"id", "type"}}
    return one
