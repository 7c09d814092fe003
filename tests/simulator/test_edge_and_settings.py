"""Content delivery, nested endpoints, settings beside a thing, and work that nothing needs."""

from typing import Any

import pytest

from .kit import SCOPE, Azure

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CDN, NETWORK, SETTINGS, TRAFFIC = "2023-05-01", "2024-05-01", "2021-05-01-preview", "2022-04-01"


def _made(azure: Azure, path: str, version: str, **body: Any) -> str:
    answer = azure.call("PUT", path, body, version=version)
    assert answer.status_code in {200, 201}, answer.text
    azure.clock.advance(60)
    return path


def _profile(azure: Azure) -> str:
    path = f"{azure.group()}/providers/Microsoft.Cdn/profiles/edge"
    sku = {"name": "Standard_AzureFrontDoor"}
    return _made(azure, path, CDN, location="global", sku=sku)


@pytest.mark.parametrize(("version", "is_flat"), [("2017-10-12", True), ("2021-06-01", False)])
def test_an_endpoint_is_stopped_with_or_without_an_envelope(
    azure: Azure, version: str, is_flat: bool
) -> None:
    path = f"{_profile(azure)}/endpoints/one"
    origin = {"name": "site", "properties": {"hostName": "contoso.example"}}
    _made(azure, path, CDN, location="global", properties={"origins": [origin]})

    told = azure.call("POST", f"{path}/stop", version=version).json()

    assert ("id" not in told, "hostName" in told) == (is_flat, is_flat)


def test_an_origin_group_is_made_at_once(azure: Azure) -> None:
    path = f"{_profile(azure)}/originGroups/one"

    answer = azure.call("PUT", path, {"properties": {}}, version=CDN)

    assert (answer.status_code, "azure-asyncoperation" in answer.headers) == (201, False)


def test_a_security_policy_waits_for_its_endpoints(azure: Azure) -> None:
    profile = _profile(azure)
    endpoint = f"{profile}/afdEndpoints/one"
    azure.call("PUT", endpoint, {"location": "global", "properties": {}}, version=CDN)
    given = {"associations": [{"domains": [{"id": endpoint}], "patternsToMatch": ["/*"]}]}
    body = {"properties": {"parameters": {**given, "type": "WebApplicationFirewall"}}}

    early = azure.call("PUT", f"{profile}/securityPolicies/one", body, version=CDN)
    azure.clock.advance(60)
    late = azure.call("PUT", f"{profile}/securityPolicies/one", body, version=CDN)

    assert (early.status_code, late.status_code) == (400, 201)
    assert "'one'" in early.json()["error"]["message"]


def test_what_changes_nothing_is_announced_and_need_not_be_waited_for(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    given: dict[str, Any] = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    _made(azure, path, NETWORK, location="westeurope", properties=given)
    body = {"location": "westeurope", "properties": given}

    same = azure.call("PUT", path, body, version=NETWORK)
    azure.clock.advance(60)
    given["addressSpace"] = {"addressPrefixes": ["10.0.0.0/8"]}
    other = azure.call("PUT", path, body, version=NETWORK)

    assert [one.status_code for one in (same, other)] == [200, 200]
    assert all("azure-asyncoperation" in one.headers for one in (same, other))
    assert ["retry-after" in one.headers for one in (same, other)] == [False, True]


def test_a_diagnostic_setting_keeps_the_metrics_it_is_given(azure: Azure) -> None:
    net = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    given: dict[str, Any] = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    _made(azure, net, NETWORK, location="westeurope", properties=given)
    path = f"{net}/providers/Microsoft.Insights/diagnosticSettings"
    wanted = {"metrics": [{"category": "AllMetrics", "enabled": True}]}

    _made(azure, f"{path}/all", SETTINGS, properties=wanted)
    _made(azure, f"{path}/none", SETTINGS, properties={"logs": []})

    shown = [azure.get(f"{path}/{name}", SETTINGS) for name in ("all", "none")]
    assert [one["properties"]["metrics"][0]["enabled"] for one in shown] == [True, False]
    assert "type" not in azure.get(f"{path}/all", "2015-07-01")


def test_a_nested_endpoint_leads_to_the_name_of_its_profile(azure: Azure) -> None:
    start = f"{azure.group()}/providers/Microsoft.Network/trafficManagerProfiles"
    for name in ("outer", "inner"):
        dns = {"relativeName": f"tesoro-{name}", "ttl": 60}
        monitor = {"protocol": "TCP", "port": 443}
        given = {"trafficRoutingMethod": "Performance", "dnsConfig": dns, "monitorConfig": monitor}
        _made(azure, f"{start}/{name}", TRAFFIC, location="global", properties=given)
    aim = {"targetResourceId": f"{start}/inner", "endpointLocation": "westeurope"}

    path = _made(azure, f"{start}/outer/nestedEndpoints/in", TRAFFIC, properties=aim)

    told = azure.get(path, TRAFFIC)["properties"]
    assert told["target"] == "tesoro-inner.trafficmanager.net"
    assert (told["minChildEndpointsIPv4"], told["minChildEndpointsIPv6"]) == (0, 0)


def test_a_rule_queries_only_what_its_identity_may_read(azure: Azure) -> None:
    group = azure.group()
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/watcher"
    _made(azure, identity, "2023-01-31", location="westeurope")
    scope = f"{group}/providers/Microsoft.OperationalInsights/workspaces/logs"
    azure.seed({"id": scope, "location": "westeurope"})
    periods = {"minFailingPeriodsToAlert": 1, "numberOfEvaluationPeriods": 1}
    one = {"query": "AppRequests", "operator": "GreaterThan", "threshold": 1}
    criteria = {"allOf": [{**one, "timeAggregation": "Count", "failingPeriods": periods}]}
    given = {"scopes": [scope], "criteria": criteria, "severity": 0}
    given |= {"evaluationFrequency": "PT10M", "windowSize": "PT10M"}
    who = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    body = {"location": "westeurope", "identity": who, "properties": given}
    path = f"{group}/providers/Microsoft.Insights/scheduledQueryRules/busy"

    early = azure.call("PUT", path, body, version="2023-12-01")
    principal = azure.get(identity, "2023-01-31")["properties"]["principalId"]
    role = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    role_body = {"roleDefinitionId": role, "principalId": principal}
    name = f"{group}/providers/Microsoft.Authorization/roleAssignments/{principal}"
    azure.clock.advance(600)
    _made(azure, name, "2022-04-01", properties=role_body)
    late = azure.call("PUT", path, body, version="2023-12-01")

    assert (early.status_code, late.status_code) == (400, 201), early.text + late.text
