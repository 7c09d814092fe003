"""What providers refuse by the state that a thing is in, or by what stands beside it."""

from datetime import timedelta
from typing import Any

from .kit import Azure, code

HERE = {"location": "westeurope"}
NET, SQL, STORAGE, WEB = "2024-05-01", "2023-08-01", "2023-05-01", "2023-12-01"


def _put(azure: Azure, path: str, body: dict[str, Any], version: str) -> None:
    _part(azure, path, {**HERE, **body}, version)


def _part(azure: Azure, path: str, body: dict[str, Any], version: str) -> None:
    answer = azure.call("PUT", path, body, version=version)
    assert answer.status_code < 300, answer.text
    azure.clock.advance(600)


def _server(azure: Azure) -> str:
    path = f"{azure.group()}/providers/Microsoft.Sql/servers/sql-refusals"
    properties = {"administratorLogin": "owner", "administratorLoginPassword": "a-Long-0ne!"}
    _put(azure, path, {"properties": properties}, SQL)
    return path


def _account(azure: Azure, kind: str = "StorageV2") -> str:
    path = f"{azure.group()}/providers/Microsoft.Storage/storageAccounts/strefusals"
    sku = "Premium_LRS" if kind == "FileStorage" else "Standard_LRS"
    _put(azure, path, {"kind": kind, "sku": {"name": sku}}, STORAGE)
    return path


# Databases


def test_vulnerabilities_are_assessed_where_threats_are_watched_only(azure: Azure) -> None:
    server = _server(azure)
    policy, assessment = (
        f"{server}/securityAlertPolicies/Default",
        f"{server}/vulnerabilityAssessments/default",
    )
    assert azure.get(policy, SQL)["properties"]["state"] == "Disabled"

    asked = {"properties": {"recurringScans": {"isEnabled": True}}}
    refused = azure.call("PUT", assessment, asked, version=SQL)
    assert code(refused) == (400, "VulnerabilityAssessmentADSIsDisabled")

    enabled = {"properties": {"state": "Enabled"}}
    assert azure.call("PUT", policy, enabled, version=SQL).status_code == 202
    again = azure.call("PUT", policy, enabled, version=SQL)
    assert code(again) == (409, "ServerSecurityAlertPolicyInProgress")
    azure.clock.advance(60)
    assert azure.call("PUT", assessment, asked, version=SQL).status_code == 201


def test_work_that_is_over_cannot_be_cancelled(azure: Azure) -> None:
    server = _server(azure)
    pool = f"{server}/elasticPools/pool"
    body = {**HERE, "sku": {"name": "StandardPool", "capacity": 50}}
    begun = azure.call("PUT", pool, body, version=SQL)
    work = begun.headers["azure-asyncoperation"].partition("?")[0].rpartition("/")[2]

    cancel = f"{pool}/operations/{work}/cancel"
    assert azure.call("POST", cancel, version=SQL).status_code == 200
    azure.clock.advance(1)
    assert code(azure.call("POST", cancel, version=SQL)) == (409, "CannotCancelOperation")


# Storage


def test_a_locked_policy_stays_whatever_etag_is_sent(azure: Azure) -> None:
    container = f"{_account(azure)}/blobServices/default/containers/kept"
    _part(azure, container, {"properties": {}}, STORAGE)
    policy = f"{container}/immutabilityPolicies/default"
    azure.seed({"id": policy, "properties": {"state": "Locked"}})

    refused = azure.call("DELETE", policy, version=STORAGE, headers={"if-match": '"old"'})
    assert code(refused) == (409, "ContainerImmutabilityPolicyFailure")


def test_a_share_with_snapshots_is_deleted_with_them_or_not_at_all(azure: Azure) -> None:
    share = f"{_account(azure)}/fileServices/default/shares/files"
    _part(azure, share, {"properties": {}}, STORAGE)
    taken = azure.call(
        "PUT", share, {"properties": {}}, version=STORAGE, params={"$expand": "snapshots"}
    )
    assert taken.status_code < 300

    refused = azure.call("DELETE", share, version=STORAGE, params={"$include": "none"})
    assert code(refused) == (409, "ShareHasSnapshots")
    whole = azure.call("DELETE", share, version=STORAGE, params={"$include": "snapshots"})
    assert whole.status_code == 200


def test_multichannel_is_for_premium_files(azure: Azure) -> None:
    asked = {"properties": {"protocolSettings": {"smb": {"multichannel": {"enabled": True}}}}}
    service = f"{_account(azure)}/fileServices/default"

    refused = azure.call("PUT", service, asked, version=STORAGE)
    assert code(refused) == (409, "FeatureNotSupportedForAccount")


# Web


def test_a_region_gives_one_free_plan_for_linux(azure: Azure) -> None:
    free = {"sku": {"name": "F1"}, "properties": {"reserved": True}}
    start = f"{azure.group()}/providers/Microsoft.Web/serverfarms"
    _put(azure, f"{start}/first", free, WEB)

    second = azure.call("PUT", f"{start}/second", {**HERE, **free}, version=WEB)
    assert second.status_code == 401
    assert "limit of 1 Free Linux" in second.text
    elsewhere = {**free, "location": "northeurope"}
    assert azure.call("PUT", f"{start}/third", elsewhere, version=WEB).status_code == 200


# Networks


def test_a_network_tells_which_of_its_addresses_are_free(azure: Azure) -> None:
    network = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    subnet = {"name": "a", "properties": {"addressPrefix": "10.0.1.0/29"}}
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    _put(azure, network, {"properties": {"addressSpace": space, "subnets": [subnet]}}, NET)

    def ask(address: str) -> Any:
        return azure.call(
            "GET",
            f"{network}/CheckIPAddressAvailability",
            version=NET,
            params={"ipAddress": address},
        )

    assert ask("10.0.1.5").json()["available"] is True
    kept = ask("10.0.1.1").json()
    assert (kept["available"], kept["availableIPAddresses"]) == (
        False,
        ["10.0.1.4", "10.0.1.5", "10.0.1.6"],
    )
    assert code(ask("10.9.0.1")) == (400, "PrivateIPAddressNotInAnySubnet")
    assert code(ask("nowhere")) == (400, "InvalidIPAddress")


def test_a_frontend_keeps_its_zones(azure: Azure) -> None:
    balancer = f"{azure.group()}/providers/Microsoft.Network/loadBalancers/lb"
    frontend: dict[str, Any] = {"name": "front", "properties": {}}
    _put(azure, balancer, {"properties": {"frontendIPConfigurations": [frontend]}}, NET)

    moved = {**frontend, "zones": ["1"]}
    refused = azure.call(
        "PUT",
        balancer,
        {**HERE, "properties": {"frontendIPConfigurations": [moved]}},
        version=NET,
    )
    assert code(refused) == (400, "ResourceAvailabilityZonesCannotBeModified")


# Monitor


def test_a_receiver_that_gets_mail_is_not_subscribed_again(azure: Azure) -> None:
    group = f"{azure.group()}/providers/Microsoft.Insights/actionGroups/ops"
    receiver = {"name": "owner", "emailAddress": "owner@contoso.example"}
    properties = {"groupShortName": "ops", "enabled": True, "emailReceivers": [receiver]}
    body = {"location": "Global", "properties": properties}
    assert azure.call("PUT", group, body, version="2023-01-01").status_code == 201

    def ask(name: str) -> Any:
        asked = {"receiverName": name}
        return azure.call("POST", f"{group}/subscribe", asked, version="2023-01-01")

    assert (ask("owner").status_code, ask("owner").json()["code"]) == (
        409,
        "ReceiverAlreadyEnabled",
    )
    assert (ask("nobody").status_code, ask("nobody").json()["code"]) == (404, "ReceiverNotFound")


def test_two_exports_of_a_workspace_have_two_destinations(azure: Azure) -> None:
    account = _account(azure)
    workspace = f"{azure.group()}/providers/Microsoft.OperationalInsights/workspaces/logs-refusals"
    _put(azure, workspace, {}, "2023-09-01")
    body = {"properties": {"destination": {"resourceId": account}, "tableNames": ["Heartbeat"]}}
    _part(azure, f"{workspace}/dataExports/one", body, "2020-08-01")

    refused = azure.call("PUT", f"{workspace}/dataExports/two", body, version="2020-08-01")
    assert code(refused) == (400, "InvalidOperationArgument")
    assert "one" in refused.text


# Work


def test_a_late_failure_tells_its_details(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    why = [{"code": "Superseded", "message": "Another came after it."}]
    order = {"match": {"path": "net$"}, "late": True, "code": "Canceled", "details": why}
    assert azure.local("POST", "faults", order).status_code < 300
    body = {**HERE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    begun = azure.call("PUT", path, body, version=NET)
    azure.clock.advance(timedelta(minutes=5).total_seconds())

    told = azure.call("GET", begun.headers["azure-asyncoperation"], version="").json()
    assert told["error"]["details"] == why


def test_a_provider_that_broke_down_may_say_nothing(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    order = {"match": {"path": "net$"}, "status": 503, "code": ""}
    assert azure.local("POST", "faults", order).status_code < 300

    answer = azure.call("GET", path, version=NET)
    assert (answer.status_code, answer.content) == (503, b"")
