"""Azure SQL: servers, databases, their retention, their geo-backups and their replicas."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .kit import Azure, code, properties_of

VERSION = "2023-08-01"
HYPERSCALE = {"name": "HS_Gen5", "tier": "Hyperscale", "family": "Gen5", "capacity": 2}
HERE, THERE = "westeurope", "northeurope"


def a_server(place: str = HERE) -> dict[str, Any]:
    properties = {"administratorLogin": "tesoro", "administratorLoginPassword": "not-a-real-one"}
    return {"location": place, "properties": properties}


def _server(azure: Azure, name: str = "sql") -> str:
    return f"{azure.group()}/providers/Microsoft.Sql/servers/{name}"


@pytest.fixture
def database(azure: Azure) -> str:
    """Return the path of a Hyperscale database that has been there for long."""
    server = _server(azure)
    path = f"{server}/databases/rewards"
    azure.seed({"id": server, **a_server()}, {"id": path, "location": HERE, "sku": HYPERSCALE})
    return path


def _secondary(azure: Azure, database: str) -> str:
    """Make a geo-secondary of a database and return its path."""
    server = _server(azure, "sql-north")
    azure.seed({"id": server, **a_server(THERE)})
    path = f"{server}/databases/rewards"
    properties = {"createMode": "Secondary", "sourceDatabaseId": database}
    answer = azure.call(
        "PUT", path, {"location": THERE, "properties": properties}, version=VERSION
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["operation"] == "CreateDatabaseAsCopy"
    azure.clock.advance(120)
    return path


def _properties(azure: Azure, path: str) -> Any:
    return azure.get(path, VERSION)["properties"]


def _links(azure: Azure, path: str) -> list[Any]:
    return [row["properties"] for row in azure.get(f"{path}/replicationLinks", VERSION)["value"]]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_server_is_made_by_long_work_and_never_tells_its_password(azure: Azure) -> None:
    path = _server(azure)

    poller = azure.arm.resources.begin_create_or_update_by_id(
        path, a_server(), api_version=VERSION
    )
    azure.clock.advance(60)
    poller.result()

    made = azure.arm.resources.get_by_id(path, api_version=VERSION)
    assert properties_of(made)["fullyQualifiedDomainName"] == "sql.database.windows.net"
    assert properties_of(made)["administratorLogin"] == "tesoro"
    assert "not-a-real-one" not in str(made.as_dict())
    assert "administratorLoginPassword" not in properties_of(made)


def test_every_server_has_a_master_that_nobody_made(azure: Azure, database: str) -> None:
    server = database.rpartition("/databases/")[0]

    found = azure.get(f"{server}/databases", VERSION)["value"]
    dropped = azure.call("DELETE", f"{server}/databases/master", version=VERSION)
    listed = azure.get(f"{azure.group()}/resources", "2025-04-01")["value"]

    assert [(row["name"], row["kind"]) for row in found] == [
        ("master", "v12.0,system"),
        ("rewards", "v12.0,user,vcore,hyperscale"),
    ]
    assert code(dropped) == (400, "InvalidOperation")
    assert {row["name"] for row in listed} == {"sql", "sql/master", "sql/rewards"}


def test_a_database_is_made_in_the_size_that_is_asked_for(azure: Azure, database: str) -> None:
    server = database.rpartition("/databases/")[0]
    body = {"location": HERE, "sku": {"name": "HS_Gen5_4"}, "properties": {}}

    answer = azure.call("PUT", f"{server}/databases/other", body, version=VERSION)
    azure.clock.advance(120)

    assert (answer.status_code, answer.json()["operation"]) == (202, "CreateLogicalDatabase")
    made = azure.get(f"{server}/databases/other", VERSION)
    assert made["sku"] == {**HYPERSCALE, "capacity": 4}
    assert made["properties"]["status"] == "Online"
    assert made["properties"]["currentServiceObjectiveName"] == "HS_Gen5_4"
    assert made["properties"]["earliestRestoreDate"] == made["properties"]["creationDate"]


def test_a_database_that_was_just_made_cannot_be_restored_yet(azure: Azure, database: str) -> None:
    path = f"{database.rpartition('/')[0]}/other"
    azure.call("PUT", path, {"location": HERE, "properties": {}}, version=VERSION)
    azure.clock.advance(60)

    before = _properties(azure, path).get("earliestRestoreDate")
    azure.clock.advance(600)
    after = _properties(azure, path).get("earliestRestoreDate")

    assert before is None
    assert after is not None


def test_the_window_moves_with_time_and_retention(azure: Azure, database: str) -> None:
    now = azure.clock.now()

    first = _instant(_properties(azure, database)["earliestRestoreDate"])
    azure.clock.advance(86400)
    second = _instant(_properties(azure, database)["earliestRestoreDate"])

    assert (first, second) == (now - timedelta(days=7), now - timedelta(days=6))
    (point,) = azure.get(f"{database}/restorePoints", VERSION)["value"]
    assert point["properties"]["restorePointType"] == "CONTINUOUS"
    assert _instant(point["properties"]["earliestRestoreDate"]) == second


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_retention_policy_is_changed_by_long_work(
    azure: Azure, database: str, method: str
) -> None:
    policy = f"{database}/backupShortTermRetentionPolicies/default"
    oldest = _instant(_properties(azure, database)["earliestRestoreDate"])

    change = {"properties": {"retentionDays": 30}}
    answer = azure.call(method, policy, change, version=VERSION)
    assert answer.status_code == 202, answer.text
    azure.clock.advance(20)

    done = azure.call("GET", answer.headers["azure-asyncoperation"]).json()
    assert done["status"] == "Succeeded"
    assert _properties(azure, policy) == {"retentionDays": 30}
    azure.clock.advance(86400)
    again = _instant(_properties(azure, database)["earliestRestoreDate"])
    assert again - oldest < timedelta(minutes=1)


@pytest.mark.parametrize("days", [0, 36, "7", True])
def test_a_retention_that_is_not_offered_is_refused(
    azure: Azure, database: str, days: object
) -> None:
    policy = f"{database}/backupShortTermRetentionPolicies/default"

    answer = azure.call("PUT", policy, {"properties": {"retentionDays": days}}, version=VERSION)

    assert code(answer) == (400, "InvalidParameterValue")


def test_a_seeded_policy_is_as_old_as_its_database(azure: Azure, database: str) -> None:
    azure.seed(
        {
            "id": f"{database}/backupShortTermRetentionPolicies/default",
            "properties": {"retentionDays": 30},
        }
    )

    found = _instant(_properties(azure, database)["earliestRestoreDate"])

    assert found == azure.clock.now() - timedelta(days=30)


def test_a_geo_backup_is_an_hour_old_at_most(azure: Azure, database: str) -> None:
    server = database.rpartition("/databases/")[0]
    azure.clock.advance(5000)

    (row,) = azure.get(f"{server}/recoverableDatabases", VERSION)["value"]
    one = azure.get(f"{server}/recoverableDatabases/rewards", VERSION)

    age = azure.clock.now() - _instant(one["properties"]["lastAvailableBackupDate"])
    assert timedelta(0) <= age < timedelta(hours=1)
    assert row == one
    assert one["properties"]["edition"] == "Hyperscale"


def test_backups_kept_in_one_region_are_not_recoverable_in_another(azure: Azure) -> None:
    server = _server(azure)
    local = {"requestedBackupStorageRedundancy": "Zone"}
    azure.seed(
        {"id": server, **a_server()},
        {"id": f"{server}/databases/a", "location": HERE, "properties": local},
    )

    found = azure.get(f"{server}/recoverableDatabases", VERSION)["value"]

    assert found == []
    told = _properties(azure, f"{server}/databases/a")
    assert told["currentBackupStorageRedundancy"] == "Zone"


def test_a_change_of_redundancy_takes_a_day(azure: Azure) -> None:
    server = _server(azure)
    path = f"{server}/databases/a"
    azure.seed({"id": server, **a_server()}, {"id": path, "location": HERE})
    wish = {"properties": {"requestedBackupStorageRedundancy": "GeoZone"}}

    azure.call("PATCH", path, wish, version=VERSION)
    azure.clock.advance(45)
    before = _properties(azure, path)
    azure.clock.advance(86400)
    after = _properties(azure, path)

    names = ("currentBackupStorageRedundancy", "requestedBackupStorageRedundancy")
    assert [before[name] for name in names] == ["Geo", "GeoZone"]
    assert [after[name] for name in names] == ["GeoZone", "GeoZone"]


def test_hyperscale_chooses_its_redundancy_once(azure: Azure, database: str) -> None:
    wish = {"properties": {"requestedBackupStorageRedundancy": "GeoZone"}}

    assert code(azure.call("PATCH", database, wish, version=VERSION)) == (
        400,
        "InvalidParameterValue",
    )


def test_a_secondary_is_linked_on_both_sides_and_catches_up(azure: Azure, database: str) -> None:
    secondary = _secondary(azure, database)

    (first,), (other,) = _links(azure, database), _links(azure, secondary)
    azure.clock.advance(100)
    (seeding,) = _links(azure, database)
    azure.clock.advance(100)
    (done,) = _links(azure, database)

    assert (first["role"], first["partnerRole"]) == ("Primary", "Secondary")
    assert (other["role"], other["partnerRole"]) == ("Secondary", "Primary")
    assert (first["partnerServer"], first["partnerDatabase"]) == ("sql-north", "rewards")
    assert first["partnerLocation"] == "North Europe"
    assert first["replicationState"] == "PENDING"
    assert (seeding["replicationState"], seeding["percentComplete"]) == ("SEEDING", 55)
    assert (done["replicationState"], done["percentComplete"]) == ("CATCH_UP", 100)
    told = azure.get(secondary, VERSION)
    assert told["sku"] == HYPERSCALE
    assert told["properties"]["secondaryType"] == "Geo"
    assert "earliestRestoreDate" not in told["properties"]


def test_a_link_is_to_be_had_by_its_name_and_cut_for_both(azure: Azure, database: str) -> None:
    secondary = _secondary(azure, database)
    (row,) = azure.get(f"{database}/replicationLinks", VERSION)["value"]

    one = azure.get(row["id"], VERSION)
    answer = azure.call("DELETE", row["id"], version=VERSION)
    azure.clock.advance(20)

    assert one["properties"] == row["properties"]
    assert answer.status_code == 202
    assert _links(azure, database) == _links(azure, secondary) == []
    assert "earliestRestoreDate" in _properties(azure, secondary)


def test_a_dropped_secondary_leaves_no_link(azure: Azure, database: str) -> None:
    secondary = _secondary(azure, database)

    azure.call("DELETE", secondary, version=VERSION)
    azure.clock.advance(20)

    assert _links(azure, database) == []


def test_nobody_writes_what_can_only_be_read(azure: Azure, database: str) -> None:
    server = database.rpartition("/databases/")[0]
    link = {"properties": {"partnerServer": "x", "partnerDatabase": "y", "role": "Primary"}}

    paths = [f"{database}/replicationLinks/one", f"{server}/recoverableDatabases/rewards"]
    answers = [azure.call("PUT", path, link, version=VERSION) for path in paths]

    assert {code(answer) for answer in answers} == {(405, "MethodNotAllowed")}
    before = _properties(azure, database)["earliestRestoreDate"]
    lie = {"properties": {"earliestRestoreDate": "2020-01-01T00:00:00Z", "status": "Offline"}}
    azure.call("PATCH", database, lie, version=VERSION)
    azure.clock.advance(45)
    told = _properties(azure, database)
    assert (told["earliestRestoreDate"][:10], told["status"]) == (before[:10], "Online")


def test_a_seed_lists_a_secondary_with_its_links(azure: Azure, database: str) -> None:
    server = _server(azure, "sql-north")
    properties = {"createMode": "Secondary", "sourceDatabaseId": database}

    azure.seed(
        {"id": server, **a_server(THERE)},
        {"id": f"{server}/databases/rewards", "location": THERE, "properties": properties},
    )

    for path in (database, f"{server}/databases/rewards"):
        (link,) = _links(azure, path)
        assert link["replicationState"] == "CATCH_UP"


def test_a_seed_can_spoil_replication_and_geo_backups(azure: Azure, database: str) -> None:
    server = database.rpartition("/databases/")[0]
    _secondary(azure, database)
    old = (azure.clock.now() - timedelta(hours=9)).isoformat()
    link = {"partnerServer": "sql-north", "partnerDatabase": "rewards", "role": "Primary"}

    azure.seed(
        {"id": database, "location": HERE, "sku": HYPERSCALE, "properties": {}},
        {
            "id": f"{database}/replicationLinks/bad",
            "properties": {**link, "replicationState": "SUSPENDED"},
        },
        {
            "id": f"{server}/recoverableDatabases/rewards",
            "properties": {"lastAvailableBackupDate": old},
        },
    )

    (found,) = _links(azure, database)
    assert found["replicationState"] == "SUSPENDED"
    told = _properties(azure, f"{server}/recoverableDatabases/rewards")
    assert told["lastAvailableBackupDate"] == old


def test_a_seed_can_say_how_far_back_a_database_goes(azure: Azure, database: str) -> None:
    late = (azure.clock.now() - timedelta(hours=2)).isoformat()
    properties = {"earliestRestoreDate": late, "status": "Offline"}

    azure.seed({"id": database, "location": HERE, "sku": HYPERSCALE, "properties": properties})

    told = _properties(azure, database)
    assert (told["earliestRestoreDate"], told["status"]) == (late, "Offline")
