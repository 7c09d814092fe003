"""The least that a thing of each type can be: what a recording names and never shows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.azure import places
from local.azure.arm import Json
from local.azure.ids import Id, parse
from local.azure.types import TABLE

_REVISIONS = "microsoft.app/containerapps/revisions"
NEW = "new"  # the part asked for of what has an empty list under it


def chain(target: Id) -> list[Id]:
    """Return a resource and all that it hangs under or extends, the highest first."""
    if not target.providers:
        return []
    if not target.last.names:
        return chain(target.scope())
    depth = len(target.last.names)
    last = replace(target.last, types=target.last.types[:depth])
    whole = replace(target, providers=(*target.providers[:-1], last))
    above = whole.parent() if whole.nested else whole.scope()
    return [*chain(above), whole]


def row(target: Id, place: str | None, part: str = "") -> Json:
    """Return a row for `seeding`; `part` is what inside it the recording asks for."""
    kind = target.type.lower()
    found: Json = {"id": str(target), "location": place or "westus2"}
    if kind in _PARTS:
        return {"id": str(target), "properties": _PARTS[kind](target, part)}
    if kind in _WHOLE:
        return {**found, **_WHOLE[kind](target, part)}
    known = TABLE.find(target.type)
    if target.nested and (known is None or not known.tracked):
        return {"id": str(target), "properties": {}}
    if (
        known is not None
        and known.tracked
        and places.normal(found["location"]) not in known.regions
    ):
        found["location"] = known.regions[0]
    return {**found, "properties": {}} if target.nested else found


def told(row: Json, known: Json | None) -> Json:
    """Return a row with what an answer tells of it that does not say whose it is.

    An action may answer with the bare properties, a list of revisions with what an app was.
    """
    listed = [one for one in (known or {}).get("value") or [] if isinstance(one, dict)]
    found = [one for one in listed if str(one.get("type", "")).lower() == _REVISIONS]
    if found:
        given = [{"name": r["name"], "template": r["properties"]["template"]} for r in found]
        more = {"template": given[-1]["template"], "revisions": given}
        return {**row, "properties": {**row["properties"], **more}}
    if known and "id" not in known and "provisioningState" in known:
        return {**row, "properties": known}
    return row


def _group_of_containers(target: Id, part: str) -> Json:
    known = {"start", "stop", "restart", "containers", "exec", "logs", ""}
    container = {
        "name": target.name if part.lower() in known else part,
        "properties": {
            "image": "nginx",
            "resources": {"requests": {"cpu": 1.0, "memoryInGB": 1.5}},
        },
    }
    return {"properties": {"osType": "Linux", "containers": [container]}}


def _profile(target: Id, part: str) -> Json:
    return {
        "location": "global",
        "properties": {
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": target.name},
            "monitorConfig": {"protocol": "TCP", "port": 443},
        },
    }


def _gateway(target: Id, part: str) -> Json:
    """Return an application gateway with one of each part."""

    def one(kind: str, **more: Any) -> Json:
        return {kind: [{"name": "one", "properties": more}]}

    def link(kind: str) -> Json:
        return {"id": f"{target}/{kind}/one"}

    listener = {"frontendIPConfiguration": link("frontendIPConfigurations")}
    listener["frontendPort"] = link("frontendPorts")
    rule = {"httpListener": link("httpListeners"), "priority": 1}
    rule["backendAddressPool"] = link("backendAddressPools")
    rule["backendHttpSettings"] = link("backendHttpSettingsCollection")
    power = {"operationalState": "Stopped"} if part == "start" else {}
    return {
        "properties": {
            "sku": {"name": "WAF_v2", "tier": "WAF_v2", "capacity": 1},
            **one("gatewayIPConfigurations"),
            **one("frontendIPConfigurations"),
            **one("frontendPorts", port=80),
            **one("backendAddressPools"),
            **one("backendHttpSettingsCollection", port=80, protocol="Http"),
            **one("httpListeners", protocol="Http", **listener),
            **one("requestRoutingRules", ruleType="Basic", **rule),
            **power,
        }
    }


def _home(target: Id) -> str:
    return f"{target.scope()}/providers/Microsoft.App/managedEnvironments/home"


def _app(target: Id, part: str) -> Json:
    """Return a container app with the revision that is asked for."""
    container = {"name": target.name, "image": "nginx"}
    named = part if part.startswith(f"{target.name}--") else ""
    suffix = named.removeprefix(f"{target.name}--")
    template = {"containers": [container], **({"revisionSuffix": suffix} if suffix else {})}
    return {"properties": {"environmentId": _home(target), "template": template}}


def homes(row: Json) -> list[Json]:
    """Return rows for the environment that an app's row says it runs in."""
    target = parse(row["id"])[0]
    if target.type.lower() not in {"microsoft.app/containerapps", "microsoft.app/jobs"}:
        return []
    given = row.get("properties") or {}
    name = given.get("environmentId") or given.get("managedEnvironmentId")
    given["environmentId"] = name or _home(target)
    return [{"id": given["environmentId"], "location": row.get("location")}]


def _site(target: Id, part: str) -> Json:
    return {"kind": "app", "properties": {"state": "Stopped" if part == "start" else "Running"}}


def _database(target: Id, part: str) -> Json:
    """Return a database, of the kind that can be paused where that is asked for."""
    found: Json = {}
    if part.lower() in {"pause", "resume", "restorepoints"}:
        found["sku"] = {"name": "DW100c"}
    if part == "resume":
        found["properties"] = {"status": "Paused"}
    return found


def _flexible_server(target: Id, part: str) -> Json:
    """Return a server, stopped where it is to be started, without backups where it is new."""
    if part == "start":
        return {"properties": {"state": "Stopped"}}
    if part == NEW:
        return {"properties": {"backup": {"newestBackupDate": "2000-01-01T00:00:00Z"}}}
    return {}


_WHOLE: dict[str, Callable[[Id, str], Json]] = {
    "microsoft.containerinstance/containergroups": _group_of_containers,
    "microsoft.network/trafficmanagerprofiles": _profile,
    "microsoft.network/applicationgateways": _gateway,
    "microsoft.web/sites": _site,
    "microsoft.web/sites/slots": _site,
    "microsoft.dbforpostgresql/flexibleservers": _flexible_server,
    "microsoft.network/virtualnetworks": lambda *_: {
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
    },
    "microsoft.compute/virtualmachines": lambda _, part: {
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "instanceView": {
                "statuses": [
                    {"code": f"PowerState/{'deallocated' if part == 'start' else 'running'}"}
                ]
            },
        }
    },
    "microsoft.sql/servers/databases": _database,
    "microsoft.sql/servers/elasticpools": lambda *_: {},
    "microsoft.storage/storageaccounts": lambda *_: {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    },
    "microsoft.app/containerapps": _app,
    "microsoft.app/jobs": lambda target, _: {"properties": {"environmentId": _home(target)}},
    "microsoft.web/serverfarms": lambda *_: {"sku": {"name": "P1v3"}},
}
_PARTS: dict[str, Callable[[Id, str], Json]] = {
    "microsoft.network/virtualnetworks/subnets": lambda *_: {"addressPrefix": "10.0.0.0/24"},
    "microsoft.sql/servers/databases/replicationlinks": lambda _, part: {
        "partnerServer": "other",
        "partnerDatabase": "db",
        "role": "Secondary" if part else "Primary",
    },
    "microsoft.sql/servers/failovergroups": lambda target, _: {
        "partnerServers": [{"id": f"{target.parent()}-other"}],
    },
    "microsoft.authorization/locks": lambda *_: {"level": "CanNotDelete"},
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": lambda *_: {
        "issuer": "https://i",
        "subject": "s",
        "audiences": ["a"],
    },
}
