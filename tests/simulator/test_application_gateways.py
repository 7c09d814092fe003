"""Application gateways: how they are made, stopped, refused, and what stands behind them."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from .kit import Azure, a_network, code

NETWORK = "2024-01-01"


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
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"

    answer = azure.call("PUT", path, a_gateway(path, subnet), version=NETWORK)
    before = _power(azure, path)
    azure.clock.advance(600)
    assert _power(azure, path) == before
    azure.clock.advance(120)

    assert answer.status_code == 201
    assert before == ("Updating", "Stopped")
    assert _power(azure, path) == ("Succeeded", "Running")
    (listener,) = azure.get(path, NETWORK)["properties"]["httpListeners"]
    (rule,) = listener["properties"]["requestRoutingRules"]
    assert rule["id"] == f"{path}/requestRoutingRules/one"


def test_a_gateway_stops_and_starts(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
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
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
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
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})

    now, then = (azure.get(path, one)["properties"] for one in (NETWORK, "2018-04-01"))

    assert "routingRules" in now
    assert "routingRules" not in then
    assert ("family" in now["sku"], "family" in then["sku"]) == (True, False)


def test_the_parts_of_a_gateway_tell_who_names_them(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
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
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    body["properties"]["sku"] = {"name": "Standard_Small", "tier": "Standard", "capacity": 1}

    assert code(azure.call("PUT", path, body, version=NETWORK)) == (400, "InvalidRequestFormat")


def test_a_seed_can_say_that_a_gateway_is_stopped(azure: Azure) -> None:
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
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
    path, subnet = _gateway_path(azure), f"{a_network(azure)}/subnets/edge"
    body = a_gateway(path, subnet)
    spoil(body["properties"])

    assert code(azure.call("PUT", path, body, version=NETWORK)) == (400, refused)


def test_a_gateway_needs_its_subnet(azure: Azure) -> None:
    path = _gateway_path(azure)
    body = a_gateway(path, f"{a_network(azure)}/subnets/nowhere")

    with pytest.raises(HttpResponseError) as refused:
        azure.arm.resources.begin_create_or_update_by_id(path, body, api_version=NETWORK)

    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidResourceReference"


def test_a_subnet_in_use_is_not_deleted(azure: Azure) -> None:
    network = a_network(azure)
    path, subnet = _gateway_path(azure), f"{network}/subnets/edge"
    azure.seed({"id": path, **a_gateway(path, subnet)})

    answers = [azure.call("DELETE", name, version=NETWORK) for name in (subnet, network)]

    assert {code(answer) for answer in answers} == {(400, "InUseSubnetCannotBeDeleted")}
