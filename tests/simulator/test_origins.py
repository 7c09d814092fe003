"""Databases made from others: restores, copies, replicas; and what may change beside them."""

from datetime import timedelta
from typing import Any

import pytest

from .kit import Azure, code

SQL, POSTGRES = "2023-08-01", "2024-08-01"
FLEXIBLE = "Microsoft.DBforPostgreSQL/flexibleServers"
HERE, THERE = "westeurope", "northeurope"


@pytest.fixture
def database(azure: Azure) -> str:
    """Return the path of a database that has been there for long."""
    path = f"{_sql(azure, 'sql')}/databases/rewards"
    azure.seed({"id": path, "location": HERE, "sku": {"name": "S3"}})
    return path


@pytest.fixture
def warehouse(azure: Azure) -> str:
    """Return the path of a data warehouse."""
    path = f"{_sql(azure, 'sql')}/databases/facts"
    azure.seed({"id": path, "location": HERE, "sku": {"name": "DW100c"}})
    return path


@pytest.fixture
def primary(azure: Azure) -> str:
    """Return the path of a flexible server that has been there for long."""
    path = f"{azure.group()}/providers/{FLEXIBLE}/psql"
    sku = {"name": "Standard_E2s_v3"}
    given = {"version": "15", "backup": {"geoRedundantBackup": "Enabled"}}
    azure.seed({"id": path, "location": HERE, "sku": sku, "properties": given})
    return path


def _sql(azure: Azure, name: str, place: str = HERE) -> str:
    path = f"{azure.group()}/providers/Microsoft.Sql/servers/{name}"
    azure.seed({"id": path, "location": place, "properties": {"administratorLogin": "tesoro"}})
    return path


def _ago(azure: Azure, **past: float) -> str:
    return (azure.clock.now() - timedelta(**past)).isoformat()


def _make(azure: Azure, path: str, version: str, place: str = HERE, **properties: Any) -> Any:
    body = {"location": place, "properties": properties}
    answer = azure.call("PUT", path, body, version=version)
    azure.clock.advance(300)
    return answer


def _above(path: str) -> str:
    return path.rpartition("/databases/")[0]


def test_a_restore_has_the_size_of_its_origin(azure: Azure, database: str) -> None:
    path = f"{database}-restored"
    asked = {"sourceDatabaseId": database, "restorePointInTime": _ago(azure, hours=3)}

    answer = _make(azure, path, SQL, createMode="PointInTimeRestore", **asked)

    assert (answer.status_code, answer.json()["operation"]) == (202, "CreateRestoreRequest")
    made = azure.get(path, SQL)
    assert made["sku"] == {"name": "Standard", "tier": "Standard", "capacity": 100}
    assert "sourceDatabaseId" not in made["properties"]


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"restorePointInTime": {"days": 8}}, (400, "InvalidRestorePointInTime")),
        ({"restorePointInTime": {"hours": -1}}, (400, "InvalidRestorePointInTime")),
        ({}, (400, "InvalidParameterValue")),
        ({"sourceDatabaseId": "/none"}, (404, "SourceDatabaseNotFound")),
        ({"createMode": "Clone"}, (400, "InvalidParameterValue")),
    ],
)
def test_a_restore_that_cannot_be_is_refused(
    azure: Azure, database: str, asked: dict[str, Any], refused: tuple[int, str]
) -> None:
    if "restorePointInTime" in asked:
        asked = {"restorePointInTime": _ago(azure, **asked["restorePointInTime"])}
    usual = {"createMode": "PointInTimeRestore", "sourceDatabaseId": database}

    assert code(_make(azure, f"{database}2", SQL, **(usual | asked))) == refused


def test_a_dropped_database_can_be_restored(azure: Azure, database: str) -> None:
    azure.call("DELETE", database, version=SQL)
    azure.clock.advance(60)

    (entry,) = azure.get(f"{_above(database)}/restorableDroppedDatabases", SQL)["value"]
    asked = {"createMode": "Restore", "restorableDroppedDatabaseId": entry["id"]}
    answer = _make(azure, database, SQL, **asked)

    assert entry["properties"]["databaseName"] == "rewards"
    assert answer.status_code == 202
    assert azure.get(database, SQL)["properties"]["requestedServiceObjectiveName"] == "S3"


def test_a_long_term_backup_is_listed_restored_and_deleted(azure: Azure, database: str) -> None:
    scope = database.partition("/resourceGroups/")[0]
    place = f"{scope}/providers/Microsoft.Sql/locations/{HERE}"
    backups = f"{place}/longTermRetentionServers/sql/longTermRetentionDatabases/rewards"
    backup = f"{backups}/longTermRetentionBackups/one;1"
    azure.seed({"id": backup, "properties": {"databaseName": "rewards", "serverName": "sql"}})
    asked = {
        "createMode": "RestoreLongTermRetentionBackup",
        "longTermRetentionBackupResourceId": backup,
    }

    listed = azure.get(f"{place}/longTermRetentionBackups", SQL)["value"]
    answer = _make(azure, f"{database}-old", SQL, **asked)
    deleted = azure.call("DELETE", backup, version=SQL)
    azure.clock.advance(60)

    assert [row["id"] for row in listed] == [backup]
    assert answer.json()["operation"] == "CreateRestoreFromLtrBackupRequest"
    assert deleted.json()["operation"] == "DeleteLTRBackup"
    assert code(azure.call("GET", backup, version=SQL)) == (404, "ResourceNotFound")


def test_only_a_warehouse_is_paused(azure: Azure, warehouse: str, database: str) -> None:
    paused = azure.call("POST", f"{warehouse}/pause", version=SQL)
    azure.clock.advance(60)
    status = azure.get(warehouse, SQL)["properties"]["status"]
    again = azure.call("POST", f"{warehouse}/pause", version=SQL)
    azure.call("POST", f"{warehouse}/resume", version=SQL)
    azure.clock.advance(60)

    assert (paused.json()["operation"], status) == ("DeactivateDatabaseAsync", "Paused")
    assert again.status_code == 409
    assert azure.get(warehouse, SQL)["properties"]["status"] == "Online"
    refused = azure.call("POST", f"{database}/pause", version=SQL)
    assert code(refused) == (400, "InvalidOperation")


def test_a_warehouse_takes_restore_points(azure: Azure, warehouse: str) -> None:
    body = {"restorePointLabel": "before"}

    answer = azure.call("POST", f"{warehouse}/restorePoints", body, version=SQL)
    pending = azure.call("GET", answer.headers["location"])
    azure.clock.advance(60)
    point = azure.call("GET", answer.headers["location"]).json()

    assert (pending.status_code, pending.json()["operation"]) == (202, "CreateRestorePoint")
    assert point["properties"]["restorePointLabel"] == "before"
    assert azure.get(f"{warehouse}/restorePoints", SQL)["value"] == [point]


def test_a_long_term_policy_keeps_nothing_until_it_is_set(azure: Azure, database: str) -> None:
    path = f"{database}/backupLongTermRetentionPolicies/default"
    before = azure.get(path, SQL)["properties"]
    answer = azure.call("PUT", path, {"properties": {"weeklyRetention": "P4W"}}, version=SQL)
    azure.clock.advance(60)
    bad = azure.call("PUT", path, {"properties": {"weeklyRetention": "4 weeks"}}, version=SQL)

    assert before["weeklyRetention"] == "PT0S"
    assert answer.json()["operation"] == "UpsertDatabaseBackupArchivalPolicyV2"
    assert azure.get(path, SQL)["properties"]["weeklyRetention"] == "P4W"
    assert code(bad) == (400, "InvalidParameterValue")


def test_a_failover_swaps_both_sides_of_a_group(azure: Azure, database: str) -> None:
    other = _sql(azure, "sql-north", THERE)
    here, there = (f"{server}/failoverGroups/pair" for server in (_above(database), other))
    endpoint = {"failoverPolicy": "Automatic", "failoverWithDataLossGracePeriodMinutes": 60}
    properties = {"partnerServers": [{"id": other}], "readWriteEndpoint": endpoint}

    made = azure.call("PUT", here, {"properties": properties}, version=SQL)
    azure.clock.advance(60)
    before = [azure.get(path, SQL)["properties"]["replicationRole"] for path in (here, there)]
    azure.call("POST", f"{there}/failover", version=SQL)
    azure.clock.advance(60)
    after = [azure.get(path, SQL)["properties"]["replicationRole"] for path in (here, there)]
    refused = azure.call("PUT", here, {"properties": properties}, version=SQL)
    azure.call("DELETE", there, version=SQL)
    azure.clock.advance(60)

    assert made.json()["operation"] == "CreateFailoverGroup"
    assert (before, after) == (["Primary", "Secondary"], ["Secondary", "Primary"])
    assert refused.status_code == 409
    assert azure.call("GET", here, version=SQL).status_code == 404


def test_a_group_needs_a_partner_in_another_region(azure: Azure, database: str) -> None:
    group = f"{_above(database)}/failoverGroups/pair"
    near = _sql(azure, "sql-near")
    found = []
    for partners in ([], [{"id": near}], [{"id": f"{near}-none"}]):
        endpoint = {"failoverPolicy": "Manual"}
        properties = {"partnerServers": partners, "readWriteEndpoint": endpoint}
        found.append(code(azure.call("PUT", group, {"properties": properties}, version=SQL))[1])

    assert found == [
        "InvalidParameterValue",
        "FailoverGroupPartnerServerFromSameRegion",
        "PartnerServerNotFound",
    ]


def test_a_failover_of_a_link_is_asked_of_the_secondary(azure: Azure, database: str) -> None:
    copy = f"{_sql(azure, 'sql-north', THERE)}/databases/rewards"
    _make(azure, copy, SQL, THERE, createMode="Secondary", sourceDatabaseId=database)
    (link,) = azure.get(f"{copy}/replicationLinks", SQL)["value"]
    at = f"/replicationLinks/{link['name']}"

    refused = azure.call("POST", f"{database}{at}/failover", version=SQL)
    azure.call("POST", f"{copy}{at}/failover", version=SQL)
    azure.clock.advance(60)

    assert code(refused) == (400, "InvalidReplicationRole")
    roles = [azure.get(f"{one}{at}", SQL)["properties"]["role"] for one in (copy, database)]
    assert roles == ["Primary", "Secondary"]


def test_the_oldest_version_tells_an_edition(azure: Azure, database: str) -> None:
    made = azure.get(database, "2014-04-01")

    assert "sku" not in made
    assert made["location"] == "West Europe"
    assert made["properties"]["edition"] == "Standard"
    assert made["properties"]["serviceLevelObjective"] == "S3"


def test_a_pool_is_not_dropped_with_databases_in_it(azure: Azure, database: str) -> None:
    pool = f"{_above(database)}/elasticPools/shared"
    azure.call("PUT", pool, {"location": HERE, "sku": {"name": "GP_Gen5"}}, version=SQL)
    azure.clock.advance(60)
    _make(azure, f"{database}-pooled", SQL, elasticPoolId=pool)

    assert azure.get(f"{database}-pooled", SQL)["sku"]["name"] == "ElasticPool"
    assert code(azure.call("DELETE", pool, version=SQL)) == (409, "ElasticPoolNotEmpty")
    refused = _make(azure, f"{database}-lost", SQL, elasticPoolId=f"{pool}-none")
    assert code(refused) == (400, "InvalidParameterValue")


def test_a_replica_follows_its_primary(azure: Azure, primary: str) -> None:
    path = f"{primary}-copy"
    asked = {"createMode": "Replica", "sourceServerResourceId": primary}

    answer = _make(azure, path, POSTGRES, THERE, **asked)

    assert answer.json()["operation"] == "CreateReadReplicaManagementOperation"
    made = azure.get(path, POSTGRES)
    told = made["properties"]
    assert (told["replicationRole"], told["replica"]["capacity"]) == ("AsyncReplica", 0)
    assert (told["version"], made["sku"]["tier"]) == ("15", "MemoryOptimized")
    listed = azure.get(f"{primary}/replicas", POSTGRES)["value"]
    assert [row["id"] for row in listed] == [path]


@pytest.mark.parametrize(
    ("mode", "place", "past", "status"),
    [
        ("PointInTimeRestore", HERE, {"hours": 1}, 202),
        ("PointInTimeRestore", THERE, {"hours": 1}, 400),
        ("PointInTimeRestore", HERE, {"days": 30}, 400),
        ("GeoRestore", THERE, {"hours": 1}, 202),
        ("GeoRestore", HERE, {"hours": 1}, 400),
    ],
)
def test_a_server_is_restored_where_and_when_it_can_be(
    azure: Azure, primary: str, mode: str, place: str, past: dict[str, float], status: int
) -> None:
    asked = {"sourceServerResourceId": primary, "pointInTimeUTC": _ago(azure, **past)}

    answer = _make(azure, f"{primary}-restored", POSTGRES, place, createMode=mode, **asked)

    assert answer.status_code == status, answer.text
    if status == 202:
        told = azure.get(f"{primary}-restored", POSTGRES)["properties"]
        assert (told["replicationRole"], told["version"]) == ("Primary", "15")


def test_a_server_without_backups_elsewhere_is_not_restored_there(azure: Azure) -> None:
    path = f"{azure.group()}/providers/{FLEXIBLE}/psql-near"
    sku = {"name": "Standard_E2s_v3"}
    azure.seed({"id": path, "location": HERE, "sku": sku, "properties": {"version": "15"}})
    asked = {"sourceServerResourceId": path, "pointInTimeUTC": _ago(azure, hours=1)}

    answer = _make(azure, f"{path}-far", POSTGRES, THERE, createMode="GeoRestore", **asked)

    assert code(answer) == (400, "GeoBackupsNotAvailable")


def test_a_parameter_is_there_and_takes_what_it_allows(azure: Azure, primary: str) -> None:
    path = f"{primary}/configurations/work_mem"
    before = azure.get(path, POSTGRES)["properties"]
    answer = azure.call("PATCH", path, {"properties": {"value": "8192"}}, version=POSTGRES)
    azure.clock.advance(60)
    bad = azure.call("PUT", path, {"properties": {"value": "much"}}, version=POSTGRES)

    assert (before["value"], before["source"]) == ("4096", "system-default")
    assert answer.json()["operation"] == "UpdateOrcasServerParameterManagementOperation"
    assert azure.get(path, POSTGRES)["properties"]["value"] == "8192"
    assert code(bad) == (400, "InvalidParameterValue")
    listed = azure.get(f"{primary}/configurations", POSTGRES)["value"]
    assert [row["properties"]["value"] for row in listed if row["name"] == "work_mem"] == ["8192"]


def test_a_backup_is_taken_when_asked_for(azure: Azure, primary: str) -> None:
    path = f"{primary}/backups/before-release"

    answer = azure.call("PUT", path, {}, version=POSTGRES)
    azure.clock.advance(120)
    again = azure.call("PUT", path, {}, version=POSTGRES)

    assert answer.json()["operation"] == "SnapshotManagementOperation"
    assert azure.get(path, POSTGRES)["properties"]["backupType"] == "Customer On-Demand"
    assert code(again) == (409, "BackupAlreadyExists")
    sources = {row["properties"]["source"] for row in _backups(azure, primary)}
    assert sources == {"Automatic", "Customer Initiated"}


def _backups(azure: Azure, server: str) -> Any:
    return azure.get(f"{server}/backups", POSTGRES)["value"]
