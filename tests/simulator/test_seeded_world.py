"""A whole environment put there as if built by others, read back, put again, and deleted."""

from typing import Any

from .kit import SCOPE, Azure
from .test_application_gateways import a_gateway
from .test_edges import BLUE, GREEN, a_profile

GROUP = f"{SCOPE}/resourceGroups/rg-tesoro-production"
PLACES = {"sql-tesoro": "westeurope", "sql-tesoro-north": "northeurope"}


def _id(kind: str) -> str:
    return f"{GROUP}/providers/Microsoft.{kind}"


def an_environment() -> list[dict[str, Any]]:
    """Return what production keeps its data in and what stands before it, children first."""
    here = {"location": "westeurope"}
    network, gateway = _id("Network/virtualNetworks/net"), _id("Network/applicationGateways/agw")
    account, servers = _id("Storage/storageAccounts/sttesoro"), _id("Sql/servers")
    primary = f"{servers}/sql-tesoro/databases/rewards"
    sku = {"name": "HS_Gen5", "capacity": 2}
    copy = {"createMode": "Secondary", "sourceDatabaseId": primary}
    kept = {"retentionDays": 30}
    on = {"enabled": True}
    return [
        {"id": gateway, **a_gateway(gateway, f"{network}/subnets/edge")},
        {"id": f"{network}/subnets/edge", "properties": {"addressPrefix": "10.0.0.0/24"}},
        {
            "id": network,
            **here,
            "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
        },
        {"id": f"{primary}/backupShortTermRetentionPolicies/default", "properties": kept},
        {
            "id": primary,
            **here,
            "sku": sku,
            "properties": {"requestedBackupStorageRedundancy": "GeoZone"},
        },
        {
            "id": f"{servers}/sql-tesoro-north/databases/rewards",
            "location": "northeurope",
            "sku": sku,
            "properties": copy,
        },
        *(
            {"id": f"{servers}/{name}", "location": place, "properties": {}}
            for name, place in PLACES.items()
        ),
        {
            "id": _id("DBforPostgreSQL/flexibleServers/psql"),
            **here,
            "properties": {"backup": {"backupRetentionDays": 30, "geoRedundantBackup": "Enabled"}},
        },
        {
            "id": f"{account}/blobServices/default",
            "properties": {
                "isVersioningEnabled": True,
                "changeFeed": on,
                "deleteRetentionPolicy": {**on, "days": 30},
                "restorePolicy": {**on, "days": 29},
            },
        },
        {"id": account, **here, "kind": "StorageV2", "sku": {"name": "Standard_RAGZRS"}},
        {"id": _id("Network/trafficManagerProfiles/traf"), **a_profile(BLUE, GREEN)},
        {"id": GROUP, **here, "type": "Microsoft.Resources/resourceGroups"},
    ]


def _everything(azure: Azure) -> dict[str, Any]:
    rows = azure.local("GET", "resources").json()
    return {row["id"].lower(): row for row in rows}


def test_an_environment_can_be_read_and_put_back(azure: Azure) -> None:
    azure.seed(*an_environment())
    before = _everything(azure)

    azure.seed(*before.values())

    after = _everything(azure)
    assert set(after) == set(before)
    for name, row in before.items():
        told, again = row.get("properties") or {}, after[name].get("properties") or {}
        assert set(told) == set(again), name


def test_time_alone_moves_a_seeded_environment(azure: Azure) -> None:
    azure.seed(*an_environment())
    azure.clock.advance(3 * 86400)

    found = _everything(azure)

    links = [row for row in found.values() if "/replicationlinks/" in row["id"].lower()]
    assert {row["properties"]["role"] for row in links} == {"Primary", "Secondary"}
    assert {row["properties"]["replicationState"] for row in links} == {"CATCH_UP"}


def test_a_deleted_environment_leaves_nothing(azure: Azure) -> None:
    azure.seed(*an_environment())

    answer = azure.call("DELETE", GROUP)
    azure.clock.advance(300)

    assert answer.status_code == 202
    left = [name for name in _everything(azure) if "rg-tesoro-production" in name]
    assert left == []


def test_a_dropped_server_takes_all_that_hangs_on_it(azure: Azure) -> None:
    azure.seed(*an_environment())
    server = _id("Sql/servers/sql-tesoro")

    azure.call("DELETE", server, version="2023-08-01")
    azure.clock.advance(60)

    assert not [name for name in _everything(azure) if name.startswith(server.lower() + "/")]
    north = _id("Sql/servers/sql-tesoro-north/databases/rewards")
    assert azure.get(f"{north}/replicationLinks", "2023-08-01")["value"] == []
