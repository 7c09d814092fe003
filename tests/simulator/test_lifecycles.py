"""The types of the platform, each from its making to its end, through the SDK's own pollers.

Every type is created, read, listed, changed, acted upon where it has an action, and deleted, by
the generic client that the app uses; the SDK decides from the answers alone how to wait.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.core.rest import HttpRequest

from local.azure import inline

from .kit import KEYS, SCOPE, clients
from .test_long_running_work import Hasty, PassingClock

GROUP = f"{SCOPE}/resourceGroups/rg"
TAGS = {"tags": {"team": "loyalty"}}


@dataclass(frozen=True, kw_only=True)
class Life:
    """A type: where one is, its body, a change to it, an action, and what it stands on."""

    path: str
    version: str
    body: dict[str, Any] = field(default_factory=dict)
    change: dict[str, Any] = field(default_factory=lambda: TAGS)
    action: str = ""
    patched: bool = True  # Azure has no PATCH of subnets
    polled: bool = True  # an identity's Location is relative, which the SDK's poller cannot follow
    on: tuple["Life", ...] = ()

    @property
    def target(self) -> str:
        """The identifier."""
        return f"{GROUP}/providers/{self.path}"


def _here(**properties: Any) -> dict[str, Any]:
    more = {"properties": properties} if properties else {}
    return {"location": "westeurope", **more}


NETWORK = Life(
    path="Microsoft.Network/virtualNetworks/net",
    version="2024-05-01",
    body=_here(addressSpace={"addressPrefixes": ["10.0.0.0/16"]}),
)
SUBNET = Life(
    path="Microsoft.Network/virtualNetworks/net/subnets/apps",
    version="2024-05-01",
    body={"properties": {"addressPrefix": "10.0.1.0/24"}},
    change={"properties": {"addressPrefix": "10.0.2.0/24"}},
    patched=False,
    on=(NETWORK,),
)
ZONE = Life(
    path="Microsoft.Network/privateDnsZones/tesoro.example",
    version="2020-06-01",
    body={"location": "global"},
)
SERVER = Life(
    path="Microsoft.Sql/servers/sql-tesoro",
    version="2021-11-01",
    body=_here(administratorLogin="tesoro", administratorLoginPassword="not-a-real-one"),
)
ENVIRONMENT = Life(
    path="Microsoft.App/managedEnvironments/home", version="2024-03-01", body=_here()
)
PLAN = Life(
    path="Microsoft.Web/serverfarms/plan",
    version="2023-12-01",
    body={**_here(), "sku": {"name": "P1v3"}},
)
ACCOUNT = Life(
    path="Microsoft.Storage/storageAccounts/sttesoro",
    version="2023-05-01",
    body={**_here(), "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    action="listKeys",
)
VAULT = Life(
    path="Microsoft.KeyVault/vaults/kv-tesoro",
    version="2023-07-01",
    body=_here(tenantId=inline.TENANT, sku={"family": "A", "name": "standard"}, accessPolicies=[]),
)
LIVES = (
    NETWORK,
    SUBNET,
    ZONE,
    SERVER,
    ENVIRONMENT,
    PLAN,
    ACCOUNT,
    VAULT,
    Life(
        path="Microsoft.Network/networkSecurityGroups/nsg",
        version="2024-05-01",
        body=_here(securityRules=[]),
    ),
    Life(
        path="Microsoft.Network/publicIPAddresses/ip",
        version="2024-05-01",
        body={**_here(publicIPAllocationMethod="Static"), "sku": {"name": "Standard"}},
    ),
    Life(
        path="Microsoft.Network/privateDnsZones/tesoro.example/A/db",
        version="2020-06-01",
        body={"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.0.1.4"}]}},
        change={"properties": {"ttl": 300}},
        on=(ZONE,),
    ),
    Life(
        path="Microsoft.Sql/servers/sql-tesoro/databases/rewards",
        version="2021-11-01",
        body={**_here(), "sku": {"name": "HS_Gen5_2"}},
        on=(SERVER,),
    ),
    Life(
        path="Microsoft.App/containerApps/rewards",
        version="2024-03-01",
        body=_here(
            environmentId=ENVIRONMENT.target,
            template={"containers": [{"name": "api", "image": "ghcr.io/tesoro/rewards-api:v1"}]},
        ),
        action="listSecrets",
        on=(ENVIRONMENT,),
    ),
    Life(
        path="Microsoft.Web/sites/web-tesoro",
        version="2023-12-01",
        body={**_here(serverFarmId=PLAN.target), "kind": "app"},
        action="restart",
        on=(PLAN,),
    ),
    Life(
        path="Microsoft.Cache/redis/redis-tesoro",
        version="2024-03-01",
        body=_here(sku={"name": "Basic", "family": "C", "capacity": 0}),
        action="listKeys",
    ),
    Life(
        path="Microsoft.DocumentDB/databaseAccounts/cosmos-tesoro",
        version="2024-05-15",
        body=_here(
            databaseAccountOfferType="Standard",
            locations=[{"locationName": "West Europe", "failoverPriority": 0}],
        ),
        action="listKeys",
    ),
    Life(
        path="Microsoft.OperationalInsights/workspaces/log-tesoro",
        version="2022-10-01",
        body=_here(sku={"name": "PerGB2018"}),
        action="sharedKeys",
    ),
    Life(
        path="Microsoft.ManagedIdentity/userAssignedIdentities/id-tesoro",
        version="2023-01-31",
        body=_here(),
        polled=False,
    ),
)


@pytest.fixture(scope="module")
def arm(files: tuple[Path, Path, Path]) -> Iterator[Any]:
    authority, chain, key = files
    with inline.running(keys=KEYS, tls=(chain, key), clock=PassingClock()) as running:
        client, other = clients(running.base_url, authority)
        with client, other:
            yield client


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.path)
def test_a_type_lives_from_its_making_to_its_end(arm: Any, life: Life) -> None:
    arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    for needed in (*(base for one in life.on for base in one.on), *life.on):
        _make(arm, needed)

    made = _make(arm, life)
    changed = _change(arm, life)
    read = arm.resources.get_by_id(life.target, api_version=life.version)
    listed = _call(arm, "GET", life.target.rpartition("/")[0], life)["value"]
    acted = _call(arm, "POST", f"{life.target}/{life.action}", life) if life.action else {}
    arm.resources.begin_delete_by_id(
        life.target, api_version=life.version, polling=Hasty(0)
    ).result()

    assert made.id.lower() == changed.id.lower() == read.id.lower() == life.target.lower()
    assert life.target.lower() in {row["id"].lower() for row in listed}
    assert "tags" not in life.change or read.tags == life.change["tags"]
    assert acted is not None
    with pytest.raises(ResourceNotFoundError):
        arm.resources.get_by_id(life.target, api_version=life.version)
    arm.resource_groups.begin_delete("rg", polling=Hasty(0)).result()


def _make(arm: Any, life: Life) -> Any:
    return arm.resources.begin_create_or_update_by_id(
        life.target,
        life.body,
        api_version=life.version,
        polling=Hasty(0) if life.polled else False,
    ).result()


def _change(arm: Any, life: Life) -> Any:
    if not life.patched:
        return _make(arm, replace(life, body=life.change))
    return arm.resources.begin_update_by_id(
        life.target, life.change, api_version=life.version, polling=Hasty(0)
    ).result()


def _call(arm: Any, method: str, path: str, life: Life) -> Any:
    request = HttpRequest(method, f"{path}?api-version={life.version}")
    answer = arm.send_request(request)
    answer.raise_for_status()
    return answer.json() if answer.content else {}
