"""How much of Azure Container Instances one subscription has: quotas, labels, and what is told of
them.

Published (learn.microsoft.com "Service quotas and region availability"): 100 container groups and
100 cores in a region. A public name is taken while a group has it.
"""

from local.azure import places
from local.azure.arm import Answer, Call, Json, Refusal
from local.azure.ids import Id
from local.azure.table import Write
from local.azure.types import containerchecks, containergroup
from local.azure.types.containergroup import TYPE
from local.azure.world import World

MOST_GROUPS, MOST_CORES = 100, 100


def check_label(write: Write, body: Json) -> None:
    """Refuse a public name that another group has."""
    address = body["properties"].get("ipAddress") or {}
    label = address.get("dnsNameLabel")
    if not label:
        return
    current = write.current
    salt = current.state["salt"] if current else containergroup.salt(write.world, write.call.now)
    wanted = containergroup.name_of(label, address, body["location"], salt, write.id)
    taken = [
        item
        for item in write.world.all_of(TYPE)
        if item.id.lower() != write.id.key and containergroup.fqdn(item) == wanted
    ]
    if taken:
        raise Refusal(
            400,
            "DnsNameLabelNotAvailable",
            f"The DNS name label '{label}' in container group '{write.id.name}' not available. Try"
            " using a different label.",
        )


def check_quota(write: Write, body: Json) -> None:
    """Refuse a group that the region has no room for."""
    if write.current is not None:
        return
    groups, cores = _used(write.world, body["location"])
    asked, _ = containerchecks.totals(body["properties"]["containers"])
    for name, used, more, most in (
        ("ContainerGroups", groups, 1, MOST_GROUPS),
        ("StandardCores", cores, asked, MOST_CORES),
    ):
        if used + more > most:
            raise Refusal(
                409,
                "ContainerGroupQuotaReached",
                f"Resource type '{TYPE}' container group quota '{name}' exceeded in region"
                f" '{body['location']}'. Limit: '{most}', Usage: '{used:g}'"
                f" Requested: '{more:g}'.",
            )


def _used(world: World, place: str) -> tuple[float, float]:
    found = [item for item in world.all_of(TYPE) if item.body["location"] == place]
    cores = sum(containerchecks.totals(i.body["properties"]["containers"])[0] for i in found)
    return float(len(found)), cores


def usages(world: World, call: Call, target: Id) -> Answer:
    """Answer with what is used of a region's quota."""
    place = places.of(target)
    groups, cores = _used(world, place)
    rows = [
        ("ContainerGroups", "Container Groups", groups, MOST_GROUPS),
        ("StandardCores", "Standard Cores", cores, MOST_CORES),
        ("K80Cores", "K80 Cores", 0, 0),
        ("P100Cores", "P100 Cores", 0, 0),
        ("V100Cores", "V100 Cores", 0, 0),
    ]
    start = f"/subscriptions/{world.subscription}/providers/{TYPE.partition('/')[0]}"
    value = [
        {
            "id": f"{start}/locations/{place}/usages/{name}",
            "unit": "Count",
            "currentValue": int(used),
            "limit": most,
            "name": {"value": name, "localizedValue": shown},
        }
        for name, shown, used, most in rows
    ]
    return Answer(status=200, body={"value": value})


def capabilities(world: World, call: Call, target: Id) -> Answer:
    """Answer with what a region offers."""
    place = places.of(target)
    most = {
        "maxMemoryInGB": containerchecks.MOST_MEMORY,
        "maxCpu": containerchecks.MOST_CORES,
        "maxGpuCount": 0.0,
    }
    value = [
        {
            "resourceType": "containerGroups",
            "osType": system,
            "location": place,
            "ipAddressType": kind,
            "gpu": "None",
            "capabilities": most,
        }
        for system in ("Linux", "Windows")
        for kind in ("Public", "Private")
    ]
    return Answer(status=200, body={"value": value})


def cached_images(world: World, call: Call, target: Id) -> Answer:
    """Answer with images that start faster."""
    known = ("alpine:3.20", "nginx:1.27", "busybox:1.36")
    value = [{"osType": "Linux", "image": image} for image in known]
    return Answer(status=200, body={"value": value})
