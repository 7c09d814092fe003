"""The larger parts of a seeded environment: their bodies, in the REST API's own names."""

from collections.abc import Mapping

from local.azure.arm import Json

HERE = "westeurope"


def site(name: str, plan: str, kind: str) -> Json:
    """Return a site on a plan."""
    config = {"alwaysOn": True, "minTlsVersion": "1.2"}
    properties = {"serverFarmId": plan, "httpsOnly": True, "siteConfig": config}
    return {"id": name, "location": HERE, "kind": kind, "properties": properties}


def container_app(name: str, home: str, replicas: tuple[int, int]) -> Json:
    """Return a container app with two revisions: v1 has all of the traffic, v2 none yet."""
    app = name.rsplit("/", 1)[1]
    least, most = replicas

    def template(version: str) -> Json:
        return {
            "revisionSuffix": version,
            "containers": [
                {
                    "name": app,
                    "image": f"ghcr.io/tesoro/{app}:{version}",
                    "resources": {"cpu": 0.5, "memory": "1Gi"},
                }
            ],
            "scale": {"minReplicas": least, "maxReplicas": most},
        }

    traffic = [
        {"revisionName": f"{app}--v1", "weight": 100},
        {"revisionName": f"{app}--v2", "weight": 0},
    ]
    return {
        "id": name,
        "location": HERE,
        "properties": {
            "environmentId": home,
            "configuration": {
                "activeRevisionsMode": "Multiple",
                "ingress": {"external": True, "targetPort": 8080, "traffic": traffic},
            },
            "template": template("v2"),
            "revisions": [
                {"name": f"{app}--{version}", "template": template(version)}
                for version in ("v1", "v2")
            ],
        },
    }


def machine(name: str, interface: str) -> Json:
    """Return a running virtual machine."""
    image = {
        "publisher": "Canonical",
        "offer": "ubuntu-24_04-lts",
        "sku": "server",
        "version": "latest",
    }
    disk = {"name": f"{name.rsplit('/', 1)[1]}-os", "createOption": "FromImage", "osType": "Linux"}
    properties = {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {"imageReference": image, "osDisk": disk, "dataDisks": []},
        "osProfile": {"computerName": "batch", "adminUsername": "tesoro"},
        "networkProfile": {"networkInterfaces": [{"id": interface}]},
    }
    return {"id": name, "location": HERE, "properties": properties}


def interface(name: str, subnet: str) -> Json:
    """Return a network interface in a subnet."""
    rows = [{"name": "ipconfig", "properties": {"subnet": {"id": subnet}, "primary": True}}]
    return {"id": name, "location": HERE, "properties": {"ipConfigurations": rows}}


def postgres(name: str, sku: Mapping[str, object], *, retention: int, geo: bool) -> Json:
    """Return a PostgreSQL flexible server."""
    backup = {
        "backupRetentionDays": retention,
        "geoRedundantBackup": "Enabled" if geo else "Disabled",
    }
    properties = {"version": "16", "storage": {"storageSizeGB": 128}, "backup": backup}
    return {"id": name, "location": HERE, "sku": dict(sku), "properties": properties}


def blobs(account: str, days: int, *, restore: bool) -> Json:
    """Return the blob service of an account, with point-in-time restore where it is wanted."""
    on = {"enabled": True, "days": days}
    properties: Json = {
        "isVersioningEnabled": True,
        "deleteRetentionPolicy": dict(on),
        "containerDeleteRetentionPolicy": dict(on),
    }
    if restore:
        properties["changeFeed"] = {"enabled": True}
        properties["restorePolicy"] = {"enabled": True, "days": days - 1}
    return {"id": f"{account}/blobServices/default", "properties": properties}


def traffic(name: str, environment: str) -> Json:
    """Return a Traffic Manager profile: blue has the traffic, green is switched off."""
    kind = "Microsoft.Network/trafficManagerProfiles/externalEndpoints"
    endpoints = [
        {
            "name": colour,
            "type": kind,
            "properties": {
                "target": f"{colour}-{environment}.tesoro.example",
                "endpointLocation": HERE,
                "weight": 1000,
                "endpointStatus": status,
            },
        }
        for colour, status in (("blue", "Enabled"), ("green", "Disabled"))
    ]
    properties = {
        "trafficRoutingMethod": "Weighted",
        "dnsConfig": {"relativeName": f"tesoro-{environment}", "ttl": 30},
        "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/health"},
        "endpoints": endpoints,
    }
    return {"id": name, "location": "global", "properties": properties}


def gateway(name: str, *, subnet: str, address: str) -> Json:
    """Return an application gateway with a firewall before one backend."""

    def part(kind: str, of: str) -> Json:
        return {"id": f"{name}/{kind}/{of}"}

    listener = {
        "frontendIPConfiguration": part("frontendIPConfigurations", "public"),
        "frontendPort": part("frontendPorts", "http"),
        "protocol": "Http",
    }
    rule = {
        "ruleType": "Basic",
        "priority": 100,
        "httpListener": part("httpListeners", "http"),
        "backendAddressPool": part("backendAddressPools", "services"),
        "backendHttpSettings": part("backendHttpSettingsCollection", "https"),
    }
    rows = {
        "gatewayIPConfigurations": ("gateway", {"subnet": {"id": subnet}}),
        "frontendIPConfigurations": ("public", {"publicIPAddress": {"id": address}}),
        "frontendPorts": ("http", {"port": 80}),
        "backendAddressPools": ("services", {"backendAddresses": []}),
        "backendHttpSettingsCollection": ("https", {"port": 443, "protocol": "Https"}),
        "httpListeners": ("http", listener),
        "requestRoutingRules": ("all", rule),
    }
    properties: Json = {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
        "autoscaleConfiguration": {"minCapacity": 1, "maxCapacity": 3},
        "webApplicationFirewallConfiguration": {
            "enabled": True,
            "firewallMode": "Prevention",
            "ruleSetType": "OWASP",
            "ruleSetVersion": "3.2",
        },
        **{kind: [{"name": of, "properties": given}] for kind, (of, given) in rows.items()},
    }
    return {"id": name, "location": HERE, "properties": properties}
