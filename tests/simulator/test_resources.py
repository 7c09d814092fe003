"""Resources of every kind: identities, roles, tags, lists, and the generic course."""

from typing import Any

import pytest

from .kit import ACI, SCOPE, Azure, Maker, code

MSI = "2023-01-31"
ROLE = "2022-04-01"
PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
NAME = "10000000-0000-4000-8000-000000000001"
VNET = {
    "location": "westeurope",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
}


def identity(azure: Azure, name: str = "puller") -> dict[str, Any]:
    """Make an identity and return its body."""
    path = f"{azure.group()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    answer = azure.call("PUT", path, {"location": "westeurope"}, version=MSI)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def registry(azure: Azure) -> str:
    """Make a registry and return its path."""
    path = f"{azure.group()}/providers/Microsoft.ContainerRegistry/registries/tesoro"
    body = {"location": "westeurope", "sku": {"name": "Basic"}}
    assert azure.call("PUT", path, body, version="2023-07-01").status_code == 201
    return path


def assignment(principal: str, role: str = PULL, **more: Any) -> dict[str, Any]:
    """Return the body of a role assignment."""
    definition = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"properties": {"principalId": principal, "roleDefinitionId": definition, **more}}


def assign(azure: Azure, scope: str, body: dict[str, Any], name: str = NAME) -> Any:
    """PUT a role assignment."""
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    return azure.call("PUT", path, body, version=ROLE)


def test_an_identity_is_made_once_and_keeps_its_principal(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller"

    first = azure.call("PUT", path, {"location": "westeurope"}, version=MSI)
    second = azure.call("PUT", path, {"location": "westeurope"}, version=MSI)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == first.json()["id"]
    assert "/resourcegroups/" in first.json()["id"]
    assert first.json()["tags"] == {}
    assert first.json()["properties"] == second.json()["properties"]
    assert azure.call("DELETE", path, version=MSI).status_code == 200
    assert azure.call("DELETE", path, version=MSI).status_code == 204


def test_a_federated_credential_needs_its_identity_and_is_one_of_its_kind(azure: Azure) -> None:
    parent = f"{azure.group()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller"
    path = f"{parent}/federatedIdentityCredentials/main"
    trust = {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:a/b"}
    body = {"properties": {**trust, "audiences": ["api://AzureADTokenExchange"]}}

    orphan = azure.call("PUT", path, body, version=MSI)
    identity(azure)
    made = azure.call("PUT", path, body, version=MSI)
    twin = azure.call("PUT", f"{path}2", body, version=MSI)

    assert code(orphan) == (404, "ParentResourceNotFound")
    assert made.status_code == 201
    assert code(twin) == (409, "Conflict")


def test_a_role_is_assigned_once_to_a_principal_on_a_scope(azure: Azure) -> None:
    scope, principal = registry(azure), identity(azure)["properties"]["principalId"]
    body = assignment(principal, principalType="ServicePrincipal")

    made = assign(azure, scope, body)
    same = assign(azure, scope, body)
    twin = assign(azure, scope, body, NAME.replace("1000", "2000"))

    assert made.status_code == 201
    assert made.json()["properties"]["scope"] == scope
    assert made.json()["properties"]["principalType"] == "ServicePrincipal"
    assert same.status_code == 200
    assert code(twin) == (409, "RoleAssignmentExists")


def test_a_principal_just_made_is_unknown_unless_its_type_is_said(azure: Azure) -> None:
    scope, principal = registry(azure), identity(azure)["properties"]["principalId"]

    early = assign(azure, scope, assignment(principal))
    azure.clock.advance(10)

    assert code(early) == (400, "PrincipalNotFound")
    assert assign(azure, scope, assignment(principal)).status_code == 201


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"principalId": "wow"}, (400, "InvalidPrincipalId"), id="no guid"),
        pytest.param({"principalId": NAME}, (400, "PrincipalNotFound"), id="unknown principal"),
        pytest.param(
            {"roleDefinitionId": f"/x/{NAME}"}, (404, "RoleDefinitionDoesNotExist"), id="role"
        ),
        pytest.param({"principalType": "User"}, (400, "UnmatchedPrincipalType"), id="type"),
    ],
)
def test_an_assignment_that_names_nothing_real_is_refused(
    azure: Azure, change: dict[str, str], expected: tuple[int, str]
) -> None:
    scope, principal = registry(azure), identity(azure)["properties"]["principalId"]
    body = assignment(principal, principalType="ServicePrincipal")
    body["properties"].update(change)

    assert code(assign(azure, scope, body)) == expected


def test_an_assignment_needs_a_guid_and_a_scope_that_exists(azure: Azure) -> None:
    scope, principal = registry(azure), identity(azure)["properties"]["principalId"]
    body = assignment(principal, principalType="ServicePrincipal")

    assert code(assign(azure, scope, body, "pull")) == (400, "InvalidRoleAssignmentId")
    assert code(assign(azure, f"{scope}x", body)) == (404, "ResourceNotFound")


def test_assignments_are_listed_by_scope_and_principal_and_deleted(azure: Azure) -> None:
    scope, principal = registry(azure), identity(azure)["properties"]["principalId"]
    assign(azure, scope, assignment(principal, principalType="ServicePrincipal"))
    kind = "providers/Microsoft.Authorization/roleAssignments"

    def count(at: str, text: str) -> int:
        answer = azure.call("GET", f"{at}/{kind}?$filter={text}", version=ROLE)
        return len(answer.json()["value"])

    assert count(scope, "atScope()") == 1
    assert count(SCOPE, "atScope()") == 0
    assert count(SCOPE, f"principalId eq '{principal}'") == 1
    assert count(SCOPE, f"principalId eq '{NAME}'") == 0
    gone = azure.call("DELETE", f"{scope}/{kind}/{NAME}", version=ROLE)
    again = azure.call("DELETE", f"{scope}/{kind}/{NAME}", version=ROLE)
    assert (gone.status_code, gone.json()["name"], again.status_code) == (200, NAME, 204)
    assert code(azure.call("GET", f"{scope}/{kind}/{NAME}", version=ROLE)) == (
        404,
        "RoleAssignmentNotFound",
    )


def test_built_in_roles_have_their_real_names(azure: Azure) -> None:
    path = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions"

    one = azure.call("GET", f"{path}/{PULL}", version=ROLE).json()
    named = azure.call("GET", f"{path}?$filter=roleName eq 'Reader'", version=ROLE).json()

    assert one["properties"]["roleName"] == "AcrPull"
    assert [row["name"] for row in named["value"]] == ["acdd72a7-3385-48ef-bd42-f606fba81ae7"]
    assert code(azure.call("GET", f"{path}/{NAME}", version=ROLE)) == (
        404,
        "RoleDefinitionDoesNotExist",
    )


def test_a_generic_resource_is_created_updated_and_deleted_in_its_time(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    created = azure.call("PUT", path, VNET, version="2024-05-01")
    poll = created.headers["azure-asyncoperation"]
    early = azure.call("GET", poll).json()["status"]
    busy = azure.call("PATCH", path, {"tags": {}}, version="2024-05-01")
    azure.clock.advance(10)

    assert (created.status_code, created.headers["retry-after"]) == (201, "3")
    assert created.json()["properties"]["provisioningState"] == "Updating"  # a network's way
    assert (early, azure.call("GET", poll).json()["status"]) == ("InProgress", "Succeeded")
    assert code(busy) == (409, "AnotherOperationInProgress")
    deleted = azure.call("DELETE", path, version="2024-05-01")
    waiting = azure.call("GET", deleted.headers["location"])
    azure.clock.advance(15)
    assert (deleted.status_code, waiting.status_code) == (202, 202)
    assert azure.call("GET", deleted.headers["location"]).status_code == 204
    assert code(azure.call("GET", path, version="2024-05-01")) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"location": None}, (400, "LocationRequired"), id="no place"),
        pytest.param(
            {"location": "atlantis"}, (400, "LocationNotAvailableForResourceType"), id="place"
        ),
        pytest.param({"name": "other"}, (400, "MismatchingResourceName"), id="name"),
        pytest.param({"type": "A.B/c"}, (400, "MismatchingResourceType"), id="type"),
        pytest.param({"colour": "red"}, (400, "InvalidRequestContent"), id="unknown member"),
        pytest.param({"tags": {"a<b": "c"}}, (400, "InvalidTagNameCharacters"), id="tag's name"),
        pytest.param({"tags": {"a": "c" * 257}}, (400, "InvalidTagValueLength"), id="long value"),
        pytest.param({"tags": {"a" * 513: "c"}}, (400, "InvalidTagNameLength"), id="long name"),
        pytest.param(
            {"tags": {f"t{n}": "" for n in range(51)}}, (400, "TooManyTags"), id="too many tags"
        ),
    ],
)
def test_a_body_that_resource_manager_refuses_is_refused(
    azure: Azure, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"

    assert code(azure.call("PUT", path, {**VNET, **change}, version="2024-05-01")) == expected


def test_a_resource_needs_its_group_and_its_body(azure: Azure) -> None:
    path = f"{SCOPE}/resourceGroups/none/providers/Microsoft.Network/virtualNetworks/net"
    azure.group()

    assert code(azure.call("PUT", path, VNET, version="2024-05-01")) == (
        404,
        "ResourceGroupNotFound",
    )
    empty = azure.call("PUT", path.replace("none", "rg"), version="2024-05-01")
    assert code(empty) == (400, "InvalidRequestContent")


def test_the_sdk_lists_resources_by_type_and_by_tag(azure: Azure, made: Maker) -> None:
    made(name="tagged")
    path = made(name="plain", ipAddress=None)
    azure.call("PATCH", path, {"tags": {"kind": "preview"}}, version=ACI)
    identity(azure)

    tagged = "tagName eq 'kind' and tagValue eq 'preview'"
    early = list(azure.arm.resources.list_by_resource_group("rg", filter=tagged))
    azure.clock.advance(5)
    kind = "resourceType eq 'Microsoft.ContainerInstance/containerGroups'"
    by_type = azure.arm.resources.list(filter=kind, expand="createdTime,provisioningState")
    by_tag = azure.arm.resources.list_by_resource_group("rg", filter=tagged)
    part = azure.arm.resources.list(filter="substringof('ull', name)")
    odd = azure.call("GET", f"{SCOPE}/resources?$filter=colour eq 'red'")

    found = list(by_type)
    assert early == []
    assert [row.name for row in found] == ["plain", "tagged"]
    assert found[0].provisioning_state == "Succeeded"
    assert [row.name for row in by_tag] == ["plain"]
    assert [row.name for row in part] == ["puller"]
    assert code(odd) == (400, "InvalidFilterInQueryString")


def test_tags_at_a_scope_are_the_resources_own(azure: Azure, made: Maker) -> None:
    path = made()
    tags = f"{path}/providers/Microsoft.Resources/tags/default"

    def patch(operation: str, **values: str) -> Any:
        body = {"operation": operation, "properties": {"tags": values}}
        return azure.call("PATCH", tags, body).json()["properties"]["tags"]

    azure.call("PUT", tags, {"properties": {"tags": {"a": "1"}}})
    merged = patch("Merge", b="2")
    shown = azure.call("GET", path, version=ACI).json()["tags"]
    left = patch("Delete", a="1")
    replaced = patch("Replace", c="3")

    assert merged == shown == {"a": "1", "b": "2"}
    assert left == {"b": "2"}
    assert replaced == azure.call("GET", tags).json()["properties"]["tags"] == {"c": "3"}
    assert azure.call("DELETE", tags).status_code == 200
    assert azure.call("GET", path, version=ACI).json()["tags"] == {}


def test_locks_are_listed_where_they_hold(azure: Azure) -> None:
    group = azure.group()
    kind = "providers/Microsoft.Authorization/locks"
    body = {"properties": {"level": "CanNotDelete", "notes": "ours"}}
    azure.call("PUT", f"{group}/{kind}/keep", body, version="2016-09-01")

    listed = azure.call("GET", f"{SCOPE}/{kind}", version="2016-09-01").json()["value"]
    absent = azure.call("GET", f"{group}/{kind}/none", version="2016-09-01")
    odd = azure.call(
        "PUT", f"{group}/{kind}/odd", {"properties": {"level": "Maybe"}}, version="2016-09-01"
    )
    deleted = azure.call("DELETE", f"{group}/{kind}/keep", version="2016-09-01")

    assert [row["name"] for row in listed] == ["keep"]
    assert code(absent) == (404, "LockNotFound")
    assert code(odd) == (400, "InvalidLockLevel")
    assert deleted.status_code == 204


def test_subscriptions_places_and_providers_are_told(azure: Azure) -> None:
    one = azure.call("GET", SCOPE, version="2022-12-01").json()
    places = azure.call("GET", f"{SCOPE}/locations", version="2022-12-01").json()["value"]
    provider = azure.arm.providers.get("Microsoft.ContainerInstance")

    assert one["state"] == "Enabled"
    assert "westeurope" in {row["name"] for row in places}
    assert provider.registration_state == "Registered"
    assert provider.resource_types
    assert ACI in (provider.resource_types[0].api_versions or [])
