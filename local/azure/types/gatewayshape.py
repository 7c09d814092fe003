"""The many parts of an application gateway: how they are told, and how they name each other.

A gateway's body holds lists of named parts. Each gets an identifier below the gateway, a tag and
a state; a part that another one names tells so (a listener lists the rules that use it). A name
that leads nowhere is refused.
"""

from typing import Any

from local.azure.arm import Json, Refusal, guid
from local.azure.era import ERA
from local.azure.ids import resource
from local.azure.table import Write
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.Network/applicationGateways"
PARTS = (
    "gatewayIPConfigurations",
    "authenticationCertificates",
    "sslCertificates",
    "trustedRootCertificates",
    "trustedClientCertificates",
    "sslProfiles",
    "frontendIPConfigurations",
    "frontendPorts",
    "backendAddressPools",
    "loadDistributionPolicies",
    "backendHttpSettingsCollection",
    "backendSettingsCollection",
    "httpListeners",
    "listeners",
    "urlPathMaps",
    "requestRoutingRules",
    "routingRules",
    "probes",
    "rewriteRuleSets",
    "redirectConfigurations",
    "privateLinkConfigurations",
)
NEEDED = (
    "gatewayIPConfigurations",
    "frontendIPConfigurations",
    "frontendPorts",
    "backendAddressPools",
    "backendHttpSettingsCollection",
    "httpListeners",
    "requestRoutingRules",
)
_LATER = {
    "rewriteRuleSets": "2018-12-01",
    "trustedRootCertificates": "2018-08-01",
    "trustedClientCertificates": "2019-09-01",
    "sslProfiles": "2019-09-01",
    "loadDistributionPolicies": "2019-09-01",
    "privateLinkConfigurations": "2020-05-01",
    "privateEndpointConnections": "2020-05-01",
    "backendSettingsCollection": "2021-08-01",
    "listeners": "2021-08-01",
    "routingRules": "2021-08-01",
}  # the first api-version that tells them
_SECOND = set(_LATER) - {"rewriteRuleSets"}  # what gateways of the first generation lack
_FIRST = {"authenticationCertificates"}  # and what they alone have
_HOSTS = "2019-09-01"  # since when listeners tell hosts
TYPED = "2018-09"  # the first month in which parts told their type
_LINKS = {
    "frontendIPConfiguration": "frontendIPConfigurations",
    "frontendPort": "frontendPorts",
    "sslCertificate": "sslCertificates",
    "httpListener": "httpListeners",
    "backendAddressPool": "backendAddressPools",
    "backendHttpSettings": "backendHttpSettingsCollection",
    "urlPathMap": "urlPathMaps",
    "probe": "probes",
    "redirectConfiguration": "redirectConfigurations",
    "rewriteRuleSet": "rewriteRuleSets",
}
_USERS = {
    "httpListeners": "httpListeners",
    "requestRoutingRules": "requestRoutingRules",
    "urlPathMaps": "urlPathMaps",
    "backendHttpSettingsCollection": "backendHttpSettings",
}  # the parts that name others, and as what they are told there
_DEFAULTS: Json = {
    "frontendIPConfigurations": {"privateIPAllocationMethod": "Dynamic"},
    "backendHttpSettingsCollection": {
        "cookieBasedAffinity": "Disabled",
        "pickHostNameFromBackendAddress": False,
        "requestTimeout": 30,
    },
    "httpListeners": {"requireServerNameIndication": False},
    "backendAddressPools": {"backendAddresses": []},
}


def check(write: Write, gateway: str) -> None:
    """Refuse parts that are missing or unnamed, and names that lead nowhere."""
    given = write.body.get("properties") or {}
    for part in PARTS:
        rows = given.get(part) or []
        named = [row.get("name") for row in rows if isinstance(row, dict)]
        if len(named) != len(rows) or not all(isinstance(name, str) for name in named):
            raise invalid(f"Every one of '{part}' needs a name.")
        if len({str(name).lower() for name in named}) < len(named):
            raise invalid(f"Two of '{part}' have the same name.")
        if part in NEEDED and not rows:
            raise Refusal(
                400,
                "ApplicationGatewayMissingRequiredProperty",
                f"Application Gateway {write.id.name} has none of '{part}'.",
            )
    for part in PARTS:
        for row in given.get(part) or []:
            _check_links(given, gateway, row)
            if not write.seeding:
                _check_outside(write.world, row.get("properties") or {})


def shape(given: Json) -> Json:
    """Return the parts as they are kept: names and properties, with the defaults."""
    kept: Json = plain(given)
    for part in PARTS:
        kept[part] = [
            {
                "name": row["name"],
                "properties": _bare({**_DEFAULTS.get(part, {}), **(row.get("properties") or {})}),
            }
            for row in given.get(part) or []
        ]
    return kept


def unknown_to(item: Resource, version: str) -> set[str]:
    """Return the parts that a gateway does not tell in an api-version, or never."""
    sku = item.body["properties"].get("sku") or {}
    first = str(sku.get("tier")) in {"Standard", "WAF"}
    return {name for name, since in _LATER.items() if version < since} | (
        _SECOND if first else _FIRST
    )


def shown(item: Resource, tag: str, state: str, version: str) -> Json:
    """Return the parts as they are told."""
    told: Json = {}
    users = _users(item)
    for part in PARTS:
        told[part] = []
        for row in item.body["properties"][part]:
            name = f"{item.id}/{part}/{row['name']}"
            used = users.get(name.lower(), {})
            told[part].append(
                {
                    "name": row["name"],
                    "id": name,
                    "etag": tag,
                    "properties": {
                        "provisioningState": state,
                        **_told(part, name, plain(row["properties"]), version),
                        **_paths(name, row["properties"], tag, state),
                        **used,
                    },
                    **({"type": f"{TYPE}/{part}"} if ERA.get() >= TYPED else {}),
                }
            )
    return told


def _paths(name: str, given: Json, tag: str, state: str) -> Json:
    """Return the paths of a map as parts of their own."""
    if "pathRules" not in given:
        return {}
    rules = [
        {
            "name": row.get("name"),
            "id": f"{name}/pathRules/{row.get('name')}",
            "etag": tag,
            "properties": {"provisioningState": state, **plain(row.get("properties") or {})},
            **({"type": f"{TYPE}/urlPathMaps/pathRules"} if ERA.get() >= TYPED else {}),
        }
        for row in given["pathRules"]
    ]
    return {"pathRules": rules}


def _told(part: str, name: str, given: Json, version: str) -> Json:
    """Return a part's own members: no secrets of a certificate, the hosts of a listener."""
    if part == "sslCertificates":
        public = {"publicCertData": guid("certificate", name)}
        return public | {k: v for k, v in given.items() if k not in {"data", "password"}}
    if part == "httpListeners" and version >= _HOSTS:
        return {"hostNames": [], **given}
    return given


def tag(item: Resource) -> str:
    """Return the weak tag that changes with every change."""
    return f'W/"{guid("etag", item.id, item.changed.isoformat(), str(item.provisioning))}"'


def invalid(why: str) -> Refusal:
    """Return the refusal of a body."""
    return Refusal(400, "InvalidRequestFormat", why)


def _bare(properties: Json) -> Json:
    for name in ("provisioningState", *PARTS):
        properties.pop(name, None)
    return properties


def _users(item: Resource) -> dict[str, Json]:
    """Return for each part the parts that name it."""
    found: dict[str, Json] = {}
    for part, told in _USERS.items():
        for row in item.body["properties"][part]:
            name = f"{item.id}/{part}/{row['name']}"
            _note(found, told, name, row["properties"])
            for below in row["properties"].get("pathRules") or []:
                inside = below.get("properties") or {}
                _note(found, "pathRules", f"{name}/pathRules/{below.get('name')}", inside)
    return found


def _note(found: dict[str, Json], told: str, user: str, given: Json) -> None:
    """Note a user at every part that it names."""
    for link in (*_LINKS, *(f"default{link[0].upper()}{link[1:]}" for link in _LINKS)):
        target = (given.get(link) or {}).get("id")
        if target:
            users = found.setdefault(str(target).lower(), {}).setdefault(told, [])
            if {"id": user} not in users:
                users.append({"id": user})


def _check_links(given: Json, gateway: str, row: Json) -> None:
    for link, part in _LINKS.items():
        target = (row.get("properties") or {}).get(link)
        if target is None:
            continue
        names = {f"{gateway}/{part}/{one['name']}".lower() for one in given.get(part) or []}
        wanted = str(target.get("id") if isinstance(target, dict) else target)
        if wanted.lower() not in names:
            raise unknown(wanted)


def _check_outside(world: World, properties: Json) -> None:
    """Refuse a subnet or a public address that is not there, where its type is known."""
    for link in ("subnet", "publicIPAddress"):
        target: Any = (properties.get(link) or {}).get("id")
        if target is None:
            continue
        wanted = resource(str(target))
        if world.table.find(wanted.type) is not None and world.find(wanted) is None:
            raise unknown(str(target))


def unknown(name: str) -> Refusal:
    """Return the refusal of a name that leads nowhere."""
    return Refusal(
        400,
        "InvalidResourceReference",
        f"Resource {name} referenced by the application gateway was not found. Please make sure"
        " that the referenced resource exists, and that both resources are in the same region.",
    )
