"""Templates, and the ways in which tests deploy them."""

from typing import Any

import requests

from .kit import SCOPE, Azure

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
NETWORKS = "Microsoft.Network/virtualNetworks"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
NESTED = "Microsoft.Resources/deployments"
GROUPS = "Microsoft.Resources/resourceGroups"


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    """Return a template of these resources; `more` are its other sections."""
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        **more,
        "resources": more.get("resources", list(resources)),
    }


def account(name: str, **more: Any) -> dict[str, Any]:
    """Return a storage account of a template."""
    return {
        "type": ACCOUNTS,
        "apiVersion": "2023-01-01",
        "name": name,
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {},
        **more,
    }


def identity(name: str, **more: Any) -> dict[str, Any]:
    """Return a managed identity of a template: made at once, with nothing but a place."""
    return {
        "type": IDENTITIES,
        "apiVersion": "2023-01-31",
        "name": name,
        "location": "westeurope",
        **more,
    }


def network(name: str = "net", **more: Any) -> dict[str, Any]:
    """Return a network of a template."""
    return {
        "type": NETWORKS,
        "apiVersion": "2023-11-01",
        "name": name,
        "location": "westeurope",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
        **more,
    }


def subnet(name: str, part: int, **more: Any) -> dict[str, Any]:
    """Return a subnet of the network `net`."""
    return {
        "type": f"{NETWORKS}/subnets",
        "apiVersion": "2023-11-01",
        "name": f"net/{name}",
        "properties": {"addressPrefix": f"10.0.{part}.0/24"},
        **more,
    }


def nested(name: str, inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a deployment inside a template; its template sees its own names alone."""
    properties = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": "inner"},
        "template": inner,
        **more.pop("properties", {}),
    }
    return {
        "type": NESTED,
        "apiVersion": "2022-09-01",
        "name": name,
        "properties": properties,
        **more,
    }


def request(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the request for a template: incremental unless said otherwise."""
    top: dict[str, Any] = {k: more.pop(k) for k in ("location", "tags") if k in more}
    return {**top, "properties": {"mode": "Incremental", "template": body, **more}}


def path(name: str = "main", group: str | None = "rg") -> str:
    """Return where a deployment of a group, or of the subscription, is."""
    scope = f"{SCOPE}/resourceGroups/{group}" if group else SCOPE
    return f"{scope}/providers/{NESTED}/{name}"


def deploy(azure: Azure, body: dict[str, Any], name: str = "main", **more: Any) -> Any:
    """Deploy a template to the group `rg`, wait, and return the deployment's properties."""
    answer = asked(azure, body, name, **more)
    assert answer.status_code in {200, 201}, answer.text
    return ended(azure, name)


def asked(
    azure: Azure, body: dict[str, Any], name: str = "main", **more: Any
) -> requests.Response:
    """Ask for a template to be deployed to the group `rg`."""
    azure.group()
    return azure.call("PUT", path(name), request(body, **more))


def ended(azure: Azure, name: str = "main", group: str | None = "rg") -> Any:
    """Let an hour pass and return the deployment's properties."""
    azure.clock.advance(3600)
    return azure.get(path(name, group), "2025-04-01")["properties"]


def operations(azure: Azure, name: str = "main", group: str | None = "rg") -> dict[str, Any]:
    """Return the operations of a deployment, by the name of what each is on."""
    rows = azure.get(f"{path(name, group)}/operations", "2025-04-01")["value"]
    return {
        row["properties"]["targetResource"]["resourceName"]: row["properties"]
        for row in rows
        if "targetResource" in row["properties"]
    }
