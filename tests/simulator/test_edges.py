"""What stands before the services: Traffic Manager, and networks."""

from typing import Any

import pytest

from .kit import Azure, a_network, code, properties_of

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


def test_subnets_are_seen_from_both_sides(azure: Azure) -> None:
    network = a_network(azure)
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

    answer = azure.call("PUT", f"{a_network(azure)}/subnets/data", body, version=NETWORK)

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
