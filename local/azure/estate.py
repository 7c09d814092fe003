"""The three environments that the stack finds at its first start, as if others had built them.

Development, staging and production each have a group with a small but complete set: what runs the
services, what keeps their data, what stands before them, what watches. They go into the world
through the rules of `seeding`, once: what was deleted afterwards stays deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local.azure import estateparts as parts
from local.azure import seeding
from local.azure.arm import Json
from local.azure.world import World

HERE, THERE = "westeurope", "northeurope"
_NOTE = "estate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What makes one environment larger than another."""

    plan: tuple[str, int]
    replicas: tuple[int, int]
    postgres: Mapping[str, object]
    database: Mapping[str, object]
    retention: int
    storage: str
    geo: bool = False


SIZES = {
    "development": Size(
        plan=("B2", 1),
        replicas=(1, 2),
        postgres={"name": "Standard_B2s", "tier": "Burstable"},
        database={"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 2},
        retention=7,
        storage="Standard_LRS",
    ),
    "staging": Size(
        plan=("P1v3", 2),
        replicas=(1, 4),
        postgres={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        database={"name": "HS_Gen5", "tier": "Hyperscale", "family": "Gen5", "capacity": 2},
        retention=7,
        storage="Standard_ZRS",
    ),
    "production": Size(
        plan=("P1v3", 3),
        replicas=(2, 10),
        postgres={"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"},
        database={"name": "HS_Gen5", "tier": "Hyperscale", "family": "Gen5", "capacity": 4},
        retention=30,
        storage="Standard_RAGZRS",
        geo=True,
    ),
}


def found(world: World) -> bool:
    """Put the environments into a world that never had them; return whether that was now."""
    if world.notes.get(_NOTE):
        return False
    rows = [row for name, size in SIZES.items() for row in environment(world, name, size)]
    now = world.clock.now()
    seeding.seed(world, rows, now=now)
    world.note(_NOTE, {"at": now.isoformat()})
    world.commit()
    return True


def environment(world: World, name: str, size: Size) -> list[Json]:
    """Return everything in one environment's group, the group first."""
    group = f"/subscriptions/{world.subscription}/resourceGroups/rg-tesoro-{name}"
    tags = {"tesoro-environment": name, "tesoro-kind": name, "tesoro-owner": "platform"}
    rows = [
        {
            "id": group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": HERE,
            "tags": tags,
        },
        *_watched(group, name),
        *_network(group, name),
        *_services(group, name, size),
        *_data(group, name, size),
        *_edge(group, name),
    ]
    return [{"tags": tags, **row} if "location" in row else row for row in rows]


def _watched(group: str, name: str) -> list[Json]:
    workspace = f"{group}/providers/Microsoft.OperationalInsights/workspaces/log-tesoro-{name}"
    return [
        {"id": workspace, "location": HERE, "properties": {"sku": {"name": "PerGB2018"}}},
        {
            "id": f"{group}/providers/Microsoft.Insights/components/appi-tesoro-{name}",
            "location": HERE,
            "kind": "web",
            "properties": {"Application_Type": "web", "WorkspaceResourceId": workspace},
        },
    ]


def _network(group: str, name: str) -> list[Json]:
    root = f"{group}/providers/Microsoft.Network"
    network = f"{root}/virtualNetworks/vnet-tesoro-{name}"
    subnets = [
        {"name": part, "properties": {"addressPrefix": f"10.0.{place}.0/24"}}
        for place, part in enumerate(("edge", "machines"))
    ]
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    return [
        {
            "id": network,
            "location": HERE,
            "properties": {"addressSpace": space, "subnets": subnets},
        },
        {
            "id": f"{root}/publicIPAddresses/pip-tesoro-{name}",
            "location": HERE,
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        },
        parts.interface(
            f"{root}/networkInterfaces/nic-tesoro-batch-{name}", f"{network}/subnets/machines"
        ),
    ]


def _services(group: str, name: str, size: Size) -> list[Json]:
    root = f"{group}/providers"
    plan = f"{root}/Microsoft.Web/serverfarms/plan-tesoro-{name}"
    home = f"{root}/Microsoft.App/managedEnvironments/cae-tesoro-{name}"
    sku, count = size.plan
    return [
        {
            "id": plan,
            "location": HERE,
            "kind": "linux",
            "sku": {"name": sku, "capacity": count},
            "properties": {"reserved": True},
        },
        parts.site(f"{root}/Microsoft.Web/sites/members-web-tesoro-{name}", plan, "app,linux"),
        parts.site(
            f"{root}/Microsoft.Web/sites/settlement-tesoro-{name}", plan, "functionapp,linux"
        ),
        {"id": home, "location": HERE, "properties": {}},
        parts.container_app(
            f"{root}/Microsoft.App/containerApps/rewards-api", home, size.replicas
        ),
        parts.machine(
            f"{root}/Microsoft.Compute/virtualMachines/vm-tesoro-batch-{name}",
            f"{root}/Microsoft.Network/networkInterfaces/nic-tesoro-batch-{name}",
        ),
    ]


def _data(group: str, name: str, size: Size) -> list[Json]:
    root = f"{group}/providers"
    server = f"{root}/Microsoft.Sql/servers/sql-tesoro-{name}"
    database = f"{server}/databases/rewards"
    account = f"{root}/Microsoft.Storage/storageAccounts/sttesoro{name}"
    rows: list[Json] = [
        parts.postgres(
            f"{root}/Microsoft.DBforPostgreSQL/flexibleServers/psql-tesoro-{name}",
            size.postgres,
            retention=size.retention,
            geo=size.geo,
        ),
        {"id": server, "location": HERE, "properties": {"version": "12.0"}},
        {
            "id": database,
            "location": HERE,
            "sku": dict(size.database),
            "properties": {"requestedBackupStorageRedundancy": "GeoZone" if size.geo else "Local"},
        },
        {
            "id": f"{database}/backupShortTermRetentionPolicies/default",
            "properties": {"retentionDays": size.retention},
        },
        {"id": account, "location": HERE, "kind": "StorageV2", "sku": {"name": size.storage}},
        parts.blobs(account, size.retention, restore=size.geo),
    ]
    if size.geo:
        north = f"{server}-north"
        copy = {"createMode": "Secondary", "sourceDatabaseId": database}
        rows += [
            {"id": north, "location": THERE, "properties": {"version": "12.0"}},
            {
                "id": f"{north}/databases/rewards",
                "location": THERE,
                "sku": dict(size.database),
                "properties": copy,
            },
        ]
    return rows


def _edge(group: str, name: str) -> list[Json]:
    root = f"{group}/providers/Microsoft.Network"
    gateway = f"{root}/applicationGateways/agw-tesoro-{name}"
    return [
        parts.traffic(f"{root}/trafficManagerProfiles/traf-tesoro-{name}", name),
        parts.gateway(
            gateway,
            subnet=f"{root}/virtualNetworks/vnet-tesoro-{name}/subnets/edge",
            address=f"{root}/publicIPAddresses/pip-tesoro-{name}",
        ),
    ]
