"""What Azure lets nobody do: without a role, outside the platform, to what others use."""

from typing import Any

import pytest

from .kit import SCOPE, Azure, code

CALLER = "aaaaaaaa-0000-4000-8000-000000000001"
NET, ID, KV = "2024-05-01", "2023-01-31", "2023-07-01"
HERE = {"location": "westeurope"}


def _network(azure: Azure, name: str = "net", group: str = "rg") -> str:
    path = f"{azure.group(group)}/providers/Microsoft.Network/virtualNetworks/{name}"
    body = {**HERE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    assert azure.call("PUT", path, body, version=NET).status_code == 201
    azure.clock.advance(30)
    return path


def _give(azure: Azure, *roles: dict[str, str]) -> None:
    asked = {"principal": CALLER, "roles": list(roles)}
    assert azure.local("POST", "access", asked).status_code < 300


# Roles


def test_a_reader_reads_and_changes_nothing(azure: Azure) -> None:
    path = _network(azure)
    _give(azure, {"role": "Reader", "scope": SCOPE})

    assert azure.get(path, NET)["name"] == "net"
    for method in ("PUT", "PATCH", "DELETE"):
        refused = azure.call(method, path, HERE, version=NET)
        assert code(refused) == (403, "AuthorizationFailed")
    assert "virtualNetworks/write" in azure.call("PUT", path, HERE, version=NET).text


def test_a_role_reaches_as_far_as_its_scope(azure: Azure) -> None:
    mine, other = _network(azure), _network(azure, group="other")
    _give(azure, {"role": "Contributor", "scope": mine.partition("/providers/")[0]})

    changed = azure.call("PATCH", mine, {"tags": {"a": "b"}}, version=NET)
    assert changed.status_code == 200
    assert code(azure.call("GET", other, version=NET)) == (403, "AuthorizationFailed")


def test_a_contributor_gives_no_roles(azure: Azure) -> None:
    azure.group()
    _give(azure, {"role": "Contributor", "scope": SCOPE})
    name = f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{CALLER}"

    assert code(azure.call("PUT", name, {}, version="2022-04-01")) == (403, "AuthorizationFailed")


def test_an_unknown_role_is_refused_by_its_name(azure: Azure) -> None:
    asked = {"principal": CALLER, "roles": [{"role": "King"}]}

    answer = azure.local("POST", "access", asked)
    assert answer.status_code == 400
    assert "roles[0].role" in answer.text


# Providers outside the platform


def test_what_the_platform_does_not_use_is_refused_as_by_resource_manager(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.ContainerService/managedClusters/aks"

    assert code(azure.call("PUT", path, HERE, version="2024-05-01")) == (
        409,
        "MissingSubscriptionRegistration",
    )
    assert code(azure.call("GET", path, version="2024-05-01")) == (404, "ResourceNotFound")
    assert azure.call("DELETE", path, version="2024-05-01").status_code == 204
    below = azure.call("GET", f"{path}/agentPools/one", version="2024-05-01")
    assert code(below) == (404, "ParentResourceNotFound")
    nobody = azure.call("GET", f"{azure.group()}/providers/Contoso.Things/x/y", version=NET)
    assert code(nobody) == (404, "InvalidResourceNamespace")


# What others use, and what is being changed


def test_what_is_being_changed_cannot_be_used_yet(azure: Azure) -> None:
    group = azure.group()
    address = f"{group}/providers/Microsoft.Network/publicIPAddresses/ip"
    gateway = f"{group}/providers/Microsoft.Network/natGateways/nat"
    named = {**HERE, "sku": {"name": "Standard"}}
    body = {**named, "properties": {"publicIpAddresses": [{"id": address}]}}
    made = {**named, "properties": {"publicIPAllocationMethod": "Static"}}
    azure.call("PUT", address, made, version=NET)

    early = azure.call("PUT", gateway, body, version=NET)
    azure.clock.advance(30)
    late = azure.call("PUT", gateway, body, version=NET)

    assert code(early) == (429, "RetryableError")
    assert early.json()["error"]["details"][0]["code"] == "ReferencedResourceNotProvisioned"
    assert late.status_code == 201


def test_what_others_use_stays(azure: Azure) -> None:
    network = _network(azure)
    rules = f"{azure.group()}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    azure.call("PUT", rules, HERE, version=NET)
    azure.clock.advance(30)
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": rules}}
    azure.call("PUT", f"{network}/subnets/apps", {"properties": subnet}, version=NET)
    azure.clock.advance(30)

    refused = azure.call("DELETE", rules, version=NET)
    assert code(refused) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert f"{network}/subnets/apps".lower() in refused.text.lower()


def test_an_identity_must_be_there_before_it_is_given(azure: Azure) -> None:
    group = azure.group()
    who = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-tesoro"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/sttesoro"
    identity = {"type": "UserAssigned", "userAssignedIdentities": {who: {}}}
    body = {**HERE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "identity": identity}

    refused = azure.call("PUT", account, body, version="2023-05-01")
    azure.call("PUT", who, HERE, version=ID)
    taken = azure.call("PUT", account, body, version="2023-05-01")

    assert code(refused) == (400, "FailedIdentityOperation")
    assert taken.status_code == 202, taken.text


# Soft deletion


def test_a_deleted_vault_keeps_its_name_until_it_is_purged(azure: Azure) -> None:
    vault = f"{azure.group()}/providers/Microsoft.KeyVault/vaults/kv-tesoro"
    properties: dict[str, Any] = {
        "tenantId": "99999999-8888-4777-8666-555555555555",
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
    }
    body = {**HERE, "properties": properties}
    deleted = f"{SCOPE}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-tesoro"
    azure.call("PUT", vault, body, version=KV)
    azure.clock.advance(30)
    azure.call("DELETE", vault, version=KV)

    again = azure.call("PUT", vault, body, version=KV)
    kept = azure.get(deleted, KV)
    purged = azure.call("POST", f"{deleted}/purge", version=KV)
    azure.clock.advance(60)
    anew = azure.call("PUT", vault, body, version=KV)

    assert again.status_code == 409
    assert kept["properties"]["vaultId"].lower() == vault.lower()
    assert purged.status_code in {200, 202}
    assert anew.status_code in {200, 201}


def test_a_deleted_vault_is_recovered(azure: Azure) -> None:
    vault = f"{azure.group()}/providers/Microsoft.KeyVault/vaults/kv-tesoro"
    properties: dict[str, Any] = {
        "tenantId": "99999999-8888-4777-8666-555555555555",
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
    }
    azure.call("PUT", vault, {**HERE, "properties": properties}, version=KV)
    azure.clock.advance(30)
    azure.call("DELETE", vault, version=KV)

    recover = {**HERE, "properties": {**properties, "createMode": "recover"}}
    assert azure.call("PUT", vault, recover, version=KV).status_code in {200, 201}
    azure.clock.advance(30)
    assert azure.get(vault, KV)["name"] == "kv-tesoro"


# Moves


def test_resources_move_while_both_groups_are_locked(azure: Azure) -> None:
    network = _network(azure)
    there = azure.group("other")
    source = network.partition("/providers/")[0]
    asked = {"resources": [network], "targetResourceGroup": there}

    begun = azure.call("POST", f"{source}/moveResources", asked)
    azure.clock.advance(60)
    ended = azure.call("GET", begun.headers["location"], version=None)

    moved = network.replace("/resourceGroups/rg/", "/resourceGroups/other/")
    assert (begun.status_code, ended.status_code) == (202, 204)
    assert azure.get(moved, NET)["id"] == moved
    assert azure.call("GET", network, version=NET).status_code == 404


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"targetResourceGroup": "x", "resources": []}, "InvalidRequestContent"),
        ({"targetResourceGroup": f"{SCOPE}/resourceGroups/nowhere"}, "ResourceGroupNotFound"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(
    azure: Azure, asked: dict[str, Any], told: str
) -> None:
    refused = azure.call("POST", f"{azure.group()}/moveResources", asked)

    assert code(refused)[1] == told
