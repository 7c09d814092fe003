"""Tokens, clients and bodies for tests of the simulator."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests
from azure.core.credentials import AccessToken
from azure.mgmt.containerinstance import ContainerInstanceManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from cryptography.hazmat.primitives.asymmetric import rsa

from local.azure import inline

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {"test": KEY.public_key()}
SCOPE = f"/subscriptions/{inline.SUBSCRIPTION}"
ACI = "2023-05-01"
ARM = "2025-04-01"


def token(**claims: Any) -> str:
    """Return a token of the test's issuer; claims given here replace the usual ones."""
    usual = {
        "aud": "https://management.azure.com",
        "tid": inline.TENANT,
        "oid": "aaaaaaaa-0000-4000-8000-000000000001",
        "exp": int(time.time()) + 3600,
    }
    kid = claims.pop("kid", "test")
    return jwt.encode({**usual, **claims}, KEY, algorithm="RS256", headers={"kid": kid})


class Credential:
    """A credential whose token the simulator accepts."""

    def __init__(self, **claims: Any) -> None:
        self._claims = claims

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        audience = scopes[0].removesuffix("/.default") if scopes else None
        claims = {"aud": audience, **self._claims} if audience else self._claims
        return AccessToken(token(**claims), int(time.time()) + 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """A running simulator, with everything a test reaches for."""

    running: inline.Running
    session: requests.Session
    authority: Path
    arm: ResourceManagementClient
    aci: Any

    @property
    def clock(self) -> inline.HandClock:
        """The app clock, moved by the test."""
        clock = self.running.clock
        assert isinstance(clock, inline.HandClock)
        return clock

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send one plain request with a token and without the SDK's help."""
        headers = {"authorization": f"Bearer {token()}", **options.pop("headers", {})}
        version = options.pop("version", ARM)
        address = path if path.startswith("https:") else self.running.base_url + path
        if version and "api-version=" not in address:
            address += ("&" if "?" in address else "?") + f"api-version={version}"
        return self.session.request(method, address, json=body, headers=headers, **options)

    def local(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send one of the simulator's own calls."""
        return self.session.request(method, f"{self.running.base_url}/_local/{path}", json=body)

    def seed(self, *rows: dict[str, Any]) -> None:
        """Put things there as if they had always been."""
        answer = self.local("PUT", "resources", list(rows))
        assert answer.status_code == 200, answer.text

    def get(self, path: str, version: str) -> Any:
        """Return the body of what must be there."""
        answer = self.call("GET", path, version=version)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def group(self, name: str = "rg", place: str = "westeurope") -> str:
        """Make a resource group and return its path."""
        answer = self.call("PUT", f"{SCOPE}/resourceGroups/{name}", {"location": place})
        assert answer.status_code in {200, 201}, answer.text
        return f"{SCOPE}/resourceGroups/{name}"


def clients(base_url: str, authority: Path, **claims: Any) -> tuple[Any, Any]:
    options: dict[str, Any] = {
        "base_url": base_url,
        "connection_verify": str(authority),
        "polling_interval": 0,
        "retry_total": 0,
    }
    who = Credential(**claims)
    return (
        ResourceManagementClient(who, inline.SUBSCRIPTION, **options),
        ContainerInstanceManagementClient(who, inline.SUBSCRIPTION, **options),
    )


def container(name: str = "api", **more: Any) -> dict[str, Any]:
    """Return a container of our service."""
    properties = {
        "image": "ghcr.io/tesoro/rewards-api:abc123",
        "ports": [{"port": 8080, "protocol": "TCP"}],
        "environmentVariables": [{"name": "SEED_ID", "value": "seed-7"}],
        "resources": {"requests": {"cpu": 0.5, "memoryInGB": 1.0}},
    }
    return {"name": name, "properties": {**properties, **more}}


def group_body(**more: Any) -> dict[str, Any]:
    """Return a container group as the app makes one."""
    properties = {
        "osType": "Linux",
        "restartPolicy": "Always",
        "containers": [container()],
        "ipAddress": {
            "type": "Public",
            "ports": [{"port": 8080, "protocol": "TCP"}],
            "dnsNameLabel": "pr-7-rewards",
            "autoGeneratedDomainNameLabelScope": "TenantReuse",
        },
    }
    return {"location": "westeurope", "properties": {**properties, **more}}


def properties_of(made: Any) -> dict[str, Any]:
    """Return the properties of a resource as the SDK read it."""
    found = made.properties
    assert isinstance(found, dict)
    return found


Maker = Callable[..., str]


def code(answer: requests.Response) -> tuple[int, str]:
    """Return the status and the error's code."""
    return answer.status_code, str(answer.json()["error"]["code"])


def a_network(azure: Azure) -> str:
    """Put a network with one subnet there, and return where it is."""
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    properties = {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "edge", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    }
    azure.seed({"id": path, "location": "westeurope", "properties": properties})
    return path


def an_account(azure: Azure, name: str) -> str:
    """Put a storage account there, and return where it is."""
    path = f"{azure.group()}/providers/Microsoft.Storage/storageAccounts/{name}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    azure.seed({"id": path, "properties": {}, **body})
    return path
