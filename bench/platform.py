"""A platform as a template: forty resources in six deployments inside one, some after others."""

from typing import Any

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SIZE, PARTS = 40, 6
AFTER = {"data": ["net"], "apps": ["data", "people"], "edge": ["apps", "names"]}
_NET = "Microsoft.Network"


def platform() -> dict[str, Any]:
    """Return the template, for a resource group; its parameter `place` is the region."""
    parts = {
        "net": _net(),
        "people": _many("Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31", 8),
        "names": _many(f"{_NET}/privateDnsZones", "2020-06-01", 6, name="n{0}.tesoro.example"),
        "data": _many(
            "Microsoft.Storage/storageAccounts",
            "2023-01-01",
            6,
            name="tesoro{0}data",
            kind="StorageV2",
            sku={"name": "Standard_LRS"},
        ),
        "apps": _many("Microsoft.OperationalInsights/workspaces", "2023-09-01", 6),
        "edge": _many(f"{_NET}/publicIPAddresses", "2023-11-01", 4, sku={"name": "Standard"}),
    }
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"place": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
        "resources": [_part(name, inner) for name, inner in parts.items()],
        "outputs": {
            "first": {"type": "string", "value": "[reference('people').outputs.first.value]"}
        },
    }


def _part(name: str, inner: list[dict[str, Any]]) -> dict[str, Any]:
    outputs = {}
    if name == "people":
        outputs = {"first": {"type": "string", "value": "[reference('people0').principalId]"}}
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"place": {"type": "string"}, "tag": {"type": "string"}},
        "resources": inner,
        "outputs": outputs,
    }
    first = "[reference('people').outputs.first.value]" if name == "apps" else name
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": name,
        "dependsOn": AFTER.get(name, []),
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {
                "place": {"value": "[parameters('place')]"},
                "tag": {"value": first},
            },
            "template": template,
        },
    }


def _net() -> list[dict[str, Any]]:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    network = _one(f"{_NET}/virtualNetworks", "2023-11-01", "net", properties=space)
    subnets = {
        "type": f"{_NET}/virtualNetworks/subnets",
        "apiVersion": "2023-11-01",
        "name": "[format('net/part{0}', copyIndex())]",
        "copy": {"name": "subnets", "count": 7, "mode": "Serial", "batchSize": 1},
        "dependsOn": [f"[resourceId('{_NET}/virtualNetworks', 'net')]"],
        "properties": {"addressPrefix": "[format('10.0.{0}.0/24', copyIndex())]"},
    }
    groups = _many(f"{_NET}/networkSecurityGroups", "2023-11-01", 2, name="nsg{0}")
    return [network, subnets, *groups]


def _many(
    type_: str, version: str, count: int, *, name: str = "", **more: Any
) -> list[dict[str, Any]]:
    short = {"userAssignedIdentities": "people{0}", "workspaces": "apps-log{0}"}
    form = name or short.get(type_.rpartition("/")[2], "edge-ip{0}")
    place = "global" if type_.endswith("DnsZones") else "[parameters('place')]"
    loop = {"name": "each", "count": count}
    written = f"[format('{form}', copyIndex())]"
    return [{**_one(type_, version, written, **more), "location": place, "copy": loop}]


def _one(type_: str, version: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "apiVersion": version,
        "name": name,
        "location": "[parameters('place')]",
        "tags": {"part": "[parameters('tag')]"},
        "properties": {},
        **more,
    }
