"""What stands before the services: Traffic Manager, application gateways, and their networks."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from .kit import Azure, code, properties_of

TRAFFIC, NETWORK, INSIGHTS = "2022-04-01", "2024-01-01", "2020-02-02"


def an_endpoint(name: str, **more: Any) -> dict[str, Any]:
    properties = {"target": f"{name}.example.com", "endpointLocation": "westeurope", **more}
    kind = "Microsoft.Network/trafficManagerProfiles/externalEndpoints"
    return {"name": name, "type": kind, "properties": properties}


def a_profile(*endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    properties = {
        "trafficRoutingMethod": "Weighted",
        "dnsConfig": {"relativeName": "traf-tesoro", "ttl": 30},
        "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/health"},
        "endpoints": list(endpoints),
    }
    return {"location": "global", "properties": {**properties, **more}}


BLUE = an_endpoint("blue", weight=1000, endpointStatus="Enabled")
GREEN = an_endpoint("green", endpointStatus="Disabled")


@pytest.fixture
def profile(azure: Azure) -> str:
    """Return the path of a profile with a blue and a green endpoint."""
    path = f"{azure.group()}/providers/Microsoft.Network/trafficManagerProfiles/traf"
    azure.seed({"id": path, **a_profile(BLUE, GREEN)})
    return path


def _seen(azure: Azure, profile: str) -> dict[str, tuple[str, int, str]]:
    rows = azure.get(profile, TRAFFIC)["properties"]["endpoints"]
    return {
        row["name"]: (
            row["properties"]["endpointStatus"],
            row["properties"]["weight"],
            row["properties"]["endpointMonitorStatus"],
        )
        for row in rows
    }


def test_a_profile_is_made_at_once(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/trafficManagerProfiles/traf"

    made = azure.arm.resources.begin_create_or_update_by_id(
        path, a_profile(BLUE, GREEN), api_version=TRAFFIC
    ).result()

    assert made.location == "global"
    assert properties_of(made)["dnsConfig"]["fqdn"] == "traf-tesoro.trafficmanager.net"
    assert properties_of(made)["monitorConfig"]["profileMonitorStatus"] == "CheckingEndpoints"
    assert _seen(azure, path) == {
        "blue": ("Enabled", 1000, "CheckingEndpoint"),
        "green": ("Disabled", 1, "Disabled"),
    }
    azure.clock.advance(30)
    assert _seen(azure, path)["blue"] == ("Enabled", 1000, "Online")


def test_weights_move_by_patching_one_endpoint_at_a_time(azure: Azure, profile: str) -> None:
    green, blue = (f"{profile}/externalEndpoints/{name}" for name in ("green", "blue"))
    on = {"properties": {"endpointStatus": "Enabled", "weight": 250}}

    first = azure.call("PATCH", green, on, version=TRAFFIC)
    second = azure.call("PATCH", blue, {"properties": {"weight": 750}}, version=TRAFFIC)

    assert [first.status_code, second.status_code] == [200, 200]
    assert first.json()["properties"]["target"] == "green.example.com"
    assert _seen(azure, profile) == {
        "blue": ("Enabled", 750, "Online"),
        "green": ("Enabled", 250, "CheckingEndpoint"),
    }
    assert azure.get(green, TRAFFIC)["type"].endswith("/externalEndpoints")


def test_endpoints_come_and_go_as_resources(azure: Azure, profile: str) -> None:
    path = f"{profile}/externalEndpoints/red"

    made = azure.call("PUT", path, an_endpoint("red"), version=TRAFFIC)
    again = azure.call("PUT", path, an_endpoint("red", weight=5), version=TRAFFIC)
    gone = azure.call("DELETE", path, version=TRAFFIC)

    assert [made.status_code, again.status_code, gone.status_code] == [201, 200, 200]
    assert made.json()["properties"]["priority"] == 3
    assert code(azure.call("GET", path, version=TRAFFIC)) == (404, "NotFound")
    assert set(_seen(azure, profile)) == {"blue", "green"}


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 0},
        {"weight": 1001},
        {"weight": "5"},
        {"priority": 2},
        {"endpointStatus": "Paused"},
        {"target": "not a host"},
        {"target": "green.example.com"},
    ],
)
def test_a_bad_endpoint_is_refused_and_nothing_changes(
    azure: Azure, profile: str, change: dict[str, Any]
) -> None:
    before = _seen(azure, profile)

    answer = azure.call(
        "PATCH", f"{profile}/externalEndpoints/blue", {"properties": change}, version=TRAFFIC
    )

    assert code(answer) == (400, "BadRequest")
    assert _seen(azure, profile) == before


@pytest.mark.parametrize(
    "change",
    [
        {"profileStatus": "Maybe"},
        {"trafficRoutingMethod": "Random"},
        {"monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "health"}},
        {"monitorConfig": {"protocol": "TCP", "port": 443, "intervalInSeconds": 20}},
        {"dnsConfig": {"relativeName": "another"}},
        {"endpoints": [BLUE, BLUE]},
    ],
)
def test_a_bad_profile_is_refused(azure: Azure, profile: str, change: dict[str, Any]) -> None:
    body = a_profile(BLUE, GREEN, **change)

    assert code(azure.call("PUT", profile, body, version=TRAFFIC)) == (400, "BadRequest")


def test_a_profile_is_nowhere_but_global(azure: Azure, profile: str) -> None:
    body = {**a_profile(), "location": "westeurope"}

    answer = azure.call("PUT", profile + "-other", body, version=TRAFFIC)

    assert code(answer) == (400, "LocationNotAvailableForResourceType")


def test_a_dns_name_is_taken_once(azure: Azure, profile: str) -> None:
    path = profile.rpartition("/")[0] + "/other"

    answer = azure.call("PUT", path, a_profile(), version=TRAFFIC)

    assert code(answer) == (409, "Conflict")


def test_a_seed_can_say_that_an_endpoint_is_degraded(azure: Azure, profile: str) -> None:
    sick = an_endpoint("blue", weight=1000, endpointMonitorStatus="Degraded")

    azure.seed({"id": profile, **a_profile(sick, GREEN)})

    assert _seen(azure, profile)["blue"] == ("Enabled", 1000, "Degraded")
    monitor = azure.get(profile, TRAFFIC)["properties"]["monitorConfig"]
    assert monitor["profileMonitorStatus"] == "Degraded"


def _network(azure: Azure) -> str:
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    properties = {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "edge", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    }
    azure.seed({"id": path, "location": "westeurope", "properties": properties})
    return path


def a_gateway(path: str, subnet: str) -> dict[str, Any]:
    def part(kind: str, **properties: Any) -> dict[str, Any]:
        return {kind: [{"name": "one", "properties": properties}]}

    def link(kind: str) -> dict[str, str]:
        return {"id": f"{path}/{kind}/one"}

    properties = {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
        "autoscaleConfiguration": {"minCapacity": 1, "maxCapacity": 3},
        **part("gatewayIPConfigurations", subnet={"id": subnet}),
        **part("frontendIPConfigurations", subnet={"id": subnet}),
        **part("frontendPorts", port=80),
        **part("backendAddressPools", backendAddresses=[{"fqdn": "rewards.example.com"}]),
        **part("backendHttpSettingsCollection", port=443, protocol="Https"),
        **part(
            "httpListeners",
            protocol="Http",
            frontendIPConfiguration=link("frontendIPConfigurations"),
            frontendPort=link("frontendPorts"),
        ),
        **part(
            "requestRoutingRules",
            ruleType="Basic",
            priority=100,
            httpListener=link("httpListeners"),
            backendAddressPool=link("backendAddressPools"),
            backendHttpSettings=link("backendHttpSettingsCollection"),
        ),
    }
    return {"location": "westeurope", "properties": properties}


def _gateway_path(azure: Azure) -> str:
    return f"{azure.group()}/providers/Microsoft.Network/applicationGateways/agw"


def _power(azure: Azure, path: str) -> tuple[str, str]:
    told = azure.get(path, NETWORK)["properties"]
    return told["provisioningState"], told["operationalState"]


def test_a_gateway_takes_minutes_to_make(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"

    poller = azure.arm.resources.begin_create_or_update_by_id(
        path, a_gateway(path, subnet), api_version=NETWORK
    )
    before = _power(azure, path)
    azure.clock.advance(300)
    assert _power(azure, path) == before
    azure.clock.advance(60)
    made = poller.result()

    assert before == ("Updating", "Stopped")
    assert _power(azure, path) == ("Succeeded", "Running")
    (listener,) = properties_of(made)["httpListeners"]
    (rule,) = listener["properties"]["requestRoutingRules"]
    assert rule["id"] == f"{path}/requestRoutingRules/one"


def test_a_gateway_stops_and_starts(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})
    seen = [_power(azure, path)]

    for verb, takes in (("stop", 110), ("start", 300)):
        answer = azure.call("POST", f"{path}/{verb}", version=NETWORK)
        assert (answer.status_code, answer.text) == (202, "")
        seen.append(_power(azure, path))
        busy = azure.call("POST", f"{path}/{verb}", version=NETWORK)
        assert code(busy) == (409, "AnotherOperationInProgress")
        azure.clock.advance(takes)
        document = azure.call("GET", answer.headers["azure-asyncoperation"]).json()
        assert document["status"] == "Succeeded"
        seen.append(_power(azure, path))

    assert seen == [
        ("Succeeded", "Running"),
        ("Updating", "Stopping"),
        ("Succeeded", "Stopped"),
        ("Updating", "Starting"),
        ("Succeeded", "Running"),
    ]


def test_a_gateway_tells_how_its_backends_are(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})

    asked = azure.call("POST", f"{path}/backendhealth", version=NETWORK)
    assert (asked.status_code, asked.text) == (202, "")
    where = asked.headers["location"]
    assert azure.call("GET", where).status_code == 202
    assert _power(azure, path) == ("Succeeded", "Running")
    azure.clock.advance(10)
    told = azure.call("GET", where).json()

    (pool,) = told["backendAddressPools"]
    (pair,) = pool["backendHttpSettingsCollection"]
    assert pool["backendAddressPool"]["id"] == f"{path}/backendAddressPools/one"
    assert [(one["address"], one["health"]) for one in pair["servers"]] == [
        ("rewards.example.com", "Healthy")
    ]


def test_a_gateway_tells_an_older_reader_less(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})

    now, then = (azure.get(path, one)["properties"] for one in (NETWORK, "2018-04-01"))

    assert "routingRules" in now
    assert "routingRules" not in then
    assert ("family" in now["sku"], "family" in then["sku"]) == (True, False)


def test_the_parts_of_a_gateway_tell_who_names_them(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    given, pool = body["properties"], {"id": f"{path}/backendAddressPools/one"}
    settings = {"id": f"{path}/backendHttpSettingsCollection/one"}
    given["probes"] = [{"name": "alive", "properties": {"protocol": "Https", "path": "/"}}]
    given["backendHttpSettingsCollection"][0]["properties"]["probe"] = {
        "id": f"{path}/probes/alive"
    }
    rule = {"paths": ["/a"], "backendAddressPool": pool, "backendHttpSettings": settings}
    links = {"defaultBackendAddressPool": pool, "defaultBackendHttpSettings": settings}
    rules = [{"name": "a", "properties": rule}]
    given["urlPathMaps"] = [{"name": "map", "properties": {**links, "pathRules": rules}}]
    azure.seed({"id": path, **body})

    told = azure.get(path, NETWORK)["properties"]

    (probe,), (backend,), (paths,) = (
        told[kind] for kind in ("probes", "backendAddressPools", "urlPathMaps")
    )
    assert probe["properties"]["backendHttpSettings"] == [settings]
    assert backend["properties"]["urlPathMaps"] == [{"id": f"{path}/urlPathMaps/map"}]
    (inner,) = paths["properties"]["pathRules"]
    assert backend["properties"]["pathRules"] == [{"id": inner["id"]}]
    assert inner["properties"]["provisioningState"] == "Succeeded"


def test_a_gateway_of_the_first_generation_is_made_no_more(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    body["properties"]["sku"] = {"name": "Standard_Small", "tier": "Standard", "capacity": 1}

    assert code(azure.call("PUT", path, body, version=NETWORK)) == (400, "InvalidRequestFormat")


def test_a_seed_can_say_that_a_gateway_is_stopped(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    body["properties"]["operationalState"] = "Stopped"

    azure.seed({"id": path, **body})

    assert _power(azure, path) == ("Succeeded", "Stopped")


@pytest.mark.parametrize(
    ("spoil", "refused"),
    [
        (lambda p: p.pop("sku"), "InvalidRequestFormat"),
        (lambda p: p.pop("autoscaleConfiguration"), "InvalidRequestFormat"),
        (lambda p: p.pop("httpListeners"), "ApplicationGatewayMissingRequiredProperty"),
        (lambda p: p["frontendPorts"][0].pop("name"), "InvalidRequestFormat"),
        (lambda p: p["frontendPorts"][0].update(name="two"), "InvalidResourceReference"),
        (
            lambda p: p["requestRoutingRules"][0]["properties"].pop("priority"),
            "InvalidRequestFormat",
        ),
    ],
)
def test_a_bad_gateway_is_refused(azure: Azure, spoil: Any, refused: str) -> None:
    path, subnet = _gateway_path(azure), f"{_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    spoil(body["properties"])

    assert code(azure.call("PUT", path, body, version=NETWORK)) == (400, refused)


def test_a_gateway_needs_its_subnet(azure: Azure) -> None:
    path = _gateway_path(azure)
    body = a_gateway(path, f"{_network(azure)}/subnets/nowhere")

    with pytest.raises(HttpResponseError) as refused:
        azure.arm.resources.begin_create_or_update_by_id(path, body, api_version=NETWORK)

    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidResourceReference"


def test_a_subnet_in_use_is_not_deleted(azure: Azure) -> None:
    network = _network(azure)
    path, subnet = _gateway_path(azure), f"{network}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})

    answers = [azure.call("DELETE", name, version=NETWORK) for name in (subnet, network)]

    assert {code(answer) for answer in answers} == {(400, "InUseSubnetCannotBeDeleted")}


def test_subnets_are_seen_from_both_sides(azure: Azure) -> None:
    network = _network(azure)
    more = {"properties": {"addressPrefix": "10.0.1.0/24"}}

    made = azure.call("PUT", f"{network}/subnets/data", more, version=NETWORK)
    azure.clock.advance(8)
    whole = azure.get(network, NETWORK)["properties"]["subnets"]
    azure.call("DELETE", f"{network}/subnets/edge", version=NETWORK)
    azure.clock.advance(12)

    assert made.status_code == 201
    assert [row["name"] for row in whole] == ["edge", "data"]
    assert azure.get(f"{network}/subnets/data", NETWORK)["properties"]["provisioningState"]
    left = azure.get(network, NETWORK)["properties"]["subnets"]
    assert [row["id"] for row in left] == [f"{network}/subnets/data"]


@pytest.mark.parametrize(
    ("prefix", "refused"),
    [
        ("10.1.0.0/24", "NetcfgInvalidSubnet"),
        ("10.0.0.128/25", "NetcfgSubnetRangesOverlap"),
        ("10.0.0.1/24", "InvalidAddressPrefixFormat"),
    ],
)
def test_a_subnet_lies_in_its_network_and_on_no_other(
    azure: Azure, prefix: str, refused: str
) -> None:
    body = {"properties": {"addressPrefix": prefix}}

    answer = azure.call("PUT", f"{_network(azure)}/subnets/data", body, version=NETWORK)

    assert code(answer) == (400, refused)


def test_a_component_gets_its_keys_and_needs_its_workspace(azure: Azure) -> None:
    group = azure.group()
    workspace = f"{group}/providers/Microsoft.OperationalInsights/workspaces/log-tesoro"
    path = f"{group}/providers/Microsoft.Insights/components/appi"
    body = {
        "location": "westeurope",
        "kind": "web",
        "properties": {"Application_Type": "web", "WorkspaceResourceId": workspace},
    }

    refused = azure.call("PUT", path, body, version=INSIGHTS)
    azure.seed({"id": workspace, "location": "westeurope", "properties": {}})
    made = azure.call("PUT", path, body, version=INSIGHTS)

    assert code(refused) == (400, "BadRequest")
    assert made.status_code == 200
    told = azure.get(path, INSIGHTS)["properties"]
    assert told["WorkspaceResourceId"] == workspace
    assert told["InstrumentationKey"] in told["ConnectionString"]
    assert told["IngestionMode"] == "LogAnalytics"
    assert told["AppId"] == made.json()["properties"]["AppId"]
