"""Networks: their subnets and who is in them, security groups, public addresses."""

from .kit import Azure

NETWORK = "2024-05-01"


def _network(azure: Azure) -> str:
    """Return the path of a network with one subnet."""
    path = f"{azure.group()}/providers/Microsoft.Network/virtualNetworks/net"
    subnet = {"name": "edge", "properties": {"addressPrefix": "10.0.0.0/24"}}
    given = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    azure.seed({"id": path, "location": "westeurope", "properties": given})
    return path


def test_a_network_keeps_who_is_in_its_subnets(azure: Azure) -> None:
    path = _network(azure)
    user = {"id": f"{path.rpartition('/providers/')[0]}/providers/Microsoft.Network/x/y"}
    body = azure.get(path, NETWORK)
    body["properties"]["subnets"][0]["properties"]["ipConfigurations"] = [user]
    azure.seed({k: body[k] for k in ("id", "location", "properties")})

    subnet = {"name": "edge", "properties": {"addressPrefix": "10.0.0.0/24"}}
    given = {"addressSpace": body["properties"]["addressSpace"], "subnets": [subnet]}
    azure.call("PUT", path, {"location": "westeurope", "properties": given}, version=NETWORK)

    (told,) = azure.get(path, NETWORK)["properties"]["subnets"]
    assert told["properties"]["ipConfigurations"] == [user]


def test_a_subnet_tells_the_interfaces_in_it(azure: Azure) -> None:
    network = _network(azure)
    subnet = f"{network}/subnets/edge"
    path = f"{network.rpartition('/virtualNetworks/')[0]}/networkInterfaces/nic"
    given = {"ipConfigurations": [{"name": "one", "properties": {"subnet": {"id": subnet}}}]}

    made = azure.call(
        "PUT", path, {"location": "westeurope", "properties": given}, version=NETWORK
    )

    assert (made.status_code, "azure-asyncoperation" in made.headers) == (201, False)
    inside = [{"id": f"{path}/ipConfigurations/one"}]
    assert azure.get(subnet, NETWORK)["properties"]["ipConfigurations"] == inside
    (listed,) = azure.get(network, NETWORK)["properties"]["subnets"]
    assert listed["properties"]["ipConfigurations"] == inside
    assert azure.call("DELETE", path, version=NETWORK).status_code == 202
    azure.clock.advance(8)
    assert "ipConfigurations" not in azure.get(subnet, NETWORK)["properties"]


def test_the_rules_that_a_security_group_lists_are_there(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    rule = {
        "priority": 100,
        "access": "Allow",
        "direction": "Inbound",
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationPortRange": "443",
        "destinationAddressPrefix": "*",
    }
    given = {"securityRules": [{"name": "web", "properties": rule}]}

    made = azure.call(
        "PUT", path, {"location": "westeurope", "properties": given}, version=NETWORK
    )
    azure.clock.advance(10)

    (told,) = made.json()["properties"]["securityRules"]
    assert told["id"] == f"{path}/securityRules/web"
    assert azure.get(told["id"], NETWORK)["properties"]["destinationPortRange"] == "443"
    assert azure.call("DELETE", told["id"], version=NETWORK).status_code == 202
    azure.clock.advance(10)
    assert azure.get(path, NETWORK)["properties"]["securityRules"] == []


def test_an_address_has_the_name_that_was_asked_for(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Network/publicIPAddresses/ip"
    given = {"publicIPAllocationMethod": "Static", "dnsSettings": {"domainNameLabel": "shop"}}
    body = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": given}

    told = azure.call("PUT", path, body, version=NETWORK).json()["properties"]["dnsSettings"]

    assert told["fqdn"] == "shop.westeurope.cloudapp.azure.com"
