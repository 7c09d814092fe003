"""PostgreSQL flexible servers: stopped and started, written, and what their backups tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from .kit import Azure, code, properties_of

VERSION = "2024-08-01"
KIND = "Microsoft.DBforPostgreSQL/flexibleServers"


def a_server(**more: Any) -> dict[str, Any]:
    properties = {
        "version": "16",
        "administratorLogin": "tesoro",
        "administratorLoginPassword": "not-a-real-one",
        "storage": {"storageSizeGB": 128},
    }
    return {
        "location": "westeurope",
        "sku": {"name": "Standard_D2s_v3", "tier": "GeneralPurpose"},
        "properties": {**properties, **more},
    }


@pytest.fixture
def server(azure: Azure) -> str:
    """Return the path of a server that has been there for long."""
    path = f"{azure.group()}/providers/{KIND}/psql"
    azure.seed({"id": path, **a_server(backup={"backupRetentionDays": 7})})
    return path


def _state(azure: Azure, path: str) -> str:
    return str(azure.get(path, VERSION)["properties"]["state"])


def _act(azure: Azure, path: str, verb: str) -> Any:
    answer = azure.call("POST", f"{path}/{verb}", version=VERSION)
    assert answer.status_code == 202, answer.text
    return answer


def _stop(azure: Azure, path: str) -> None:
    _act(azure, path, "stop")
    azure.clock.advance(90)
    assert _state(azure, path) == "Stopped"


def _status(azure: Azure, answer: Any) -> Any:
    return azure.call("GET", answer.headers["azure-asyncoperation"]).json()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_server_is_made_by_long_work_and_never_tells_its_password(azure: Azure) -> None:
    path = f"{azure.group()}/providers/{KIND}/psql"

    azure.arm.resources.begin_create_or_update_by_id(
        path, a_server(), api_version=VERSION, polling=False
    )

    assert _state(azure, path) == "Provisioning"
    azure.clock.advance(240)
    made = azure.arm.resources.get_by_id(path, api_version=VERSION)
    assert properties_of(made)["state"] == "Ready"
    assert properties_of(made)["backup"]["backupRetentionDays"] == 7
    assert properties_of(made)["backup"]["geoRedundantBackup"] == "Disabled"
    assert made.location == "West Europe"
    assert "not-a-real-one" not in str(made.as_dict())


def test_a_write_answers_with_the_name_of_its_work(azure: Azure, server: str) -> None:
    change = {"properties": {"backup": {"backupRetentionDays": 30}}}

    answer = azure.call("PATCH", server, change, version=VERSION)

    assert answer.status_code == 202
    assert answer.json()["operation"] == "UpsertServerManagementOperationV2"
    assert answer.headers["retry-after"] == "15"
    assert _status(azure, answer)["status"] == "InProgress"
    azure.clock.advance(60)
    assert _status(azure, answer)["status"] == "Succeeded"
    assert azure.get(server, VERSION)["properties"]["backup"]["backupRetentionDays"] == 30


def test_a_stop_and_a_start_go_through_their_states(azure: Azure, server: str) -> None:
    seen = [_state(azure, server)]

    _act(azure, server, "stop")
    seen.append(_state(azure, server))
    azure.clock.advance(90)
    seen.append(_state(azure, server))
    _act(azure, server, "start")
    seen.append(_state(azure, server))
    azure.clock.advance(120)
    seen.append(_state(azure, server))

    assert seen == ["Ready", "Stopping", "Stopped", "Starting", "Ready"]


def test_the_sdk_pipeline_follows_a_stop_to_its_end(azure: Azure, server: str) -> None:
    request = HttpRequest("POST", f"{server}/stop?api-version={VERSION}")

    answer = azure.arm._client.send_request(
        HttpRequest("POST", f"{azure.running.base_url}{request.url}")
    )

    assert answer.status_code == 202
    azure.clock.advance(90)
    end = azure.call("GET", answer.headers["location"])
    assert (end.status_code, end.json()["properties"]["state"]) == (200, "Stopped")


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_what_is_stopped_is_neither_stopped_nor_restarted(
    azure: Azure, server: str, verb: str
) -> None:
    _stop(azure, server)

    answer = _act(azure, server, verb)

    azure.clock.advance(1)
    document = _status(azure, answer)
    assert (document["status"], document["error"]["code"]) == ("Failed", "ServerIsNotReady")
    assert _state(azure, server) == "Stopped"


def test_what_runs_is_not_started(azure: Azure, server: str) -> None:
    answer = _act(azure, server, "start")

    azure.clock.advance(1)
    assert _status(azure, answer)["error"]["code"] == "ServerIsNotReady"
    assert _state(azure, server) == "Ready"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_stopped_server_takes_no_write(azure: Azure, server: str, method: str) -> None:
    _stop(azure, server)

    answer = azure.call(method, server, {**a_server(), "tags": {"a": "b"}}, version=VERSION)
    below = azure.call("PUT", f"{server}/databases/app", {"properties": {}}, version=VERSION)

    assert code(answer) == code(below) == (400, "ServerStoppedError")


def test_a_busy_server_refuses_a_second_operation(azure: Azure, server: str) -> None:
    _act(azure, server, "stop")

    again = azure.call("POST", f"{server}/stop", version=VERSION)
    write = azure.call("PATCH", server, {"tags": {}}, version=VERSION)

    assert code(again) == code(write) == (409, "ServerIsBusy")


def test_a_stopped_server_can_be_deleted(azure: Azure, server: str) -> None:
    _stop(azure, server)

    answer = azure.call("DELETE", server, version=VERSION)

    assert answer.status_code == 202
    azure.clock.advance(40)
    assert azure.call("GET", server, version=VERSION).status_code == 404


def test_a_stop_that_fails_leaves_the_server_running(azure: Azure, server: str) -> None:
    late = {"match": {"method": "POST", "path": "/stop$"}, "late": True, "code": "Broken"}
    assert azure.local("POST", "faults", late).status_code == 204

    answer = _act(azure, server, "stop")

    azure.clock.advance(90)
    assert _status(azure, answer)["status"] == "Failed"
    assert _state(azure, server) == "Ready"


def test_a_stopped_server_starts_by_itself_after_seven_days(azure: Azure, server: str) -> None:
    _stop(azure, server)

    azure.clock.advance(timedelta(days=7).total_seconds() - 1)
    before = _state(azure, server)
    azure.clock.advance(1)
    at = _state(azure, server)
    azure.clock.advance(120)

    assert (before, at, _state(azure, server)) == ("Stopped", "Starting", "Ready")
    azure.clock.advance(15)
    query = {"query": f"resources | where type =~ '{KIND}' | project s = properties.state"}
    graph = azure.call(
        "POST", "/providers/Microsoft.ResourceGraph/resources", query, version="2022-10-01"
    )
    assert [row["s"] for row in graph.json()["data"]] == ["Ready"]


def _completed(azure: Azure, path: str) -> list[datetime]:
    rows = azure.get(f"{path}/backups", VERSION)["value"]
    assert {row["properties"]["backupType"] for row in rows} <= {"Full"}
    return [_instant(row["properties"]["completedTime"]) for row in rows]


def test_a_seeded_server_is_older_than_its_retention(azure: Azure, server: str) -> None:
    now = azure.clock.now()

    backup = azure.get(server, VERSION)["properties"]["backup"]

    assert _instant(backup["earliestRestoreDate"]) == now - timedelta(days=7)
    found = _completed(azure, server)
    assert len(found) == 7
    assert found == sorted(found, reverse=True)
    assert found[0] > now - timedelta(days=1)


def test_one_backup_is_to_be_had_by_its_name(azure: Azure, server: str) -> None:
    row = azure.get(f"{server}/backups", VERSION)["value"][0]

    one = azure.get(f"{server}/backups/{row['name']}", VERSION)
    none = azure.call("GET", f"{server}/backups/backup_1", version=VERSION)

    assert one == row
    assert code(none) == (404, "ResourceNotFound")


def test_backups_do_not_grow_while_the_server_is_stopped(azure: Azure, server: str) -> None:
    before = _completed(azure, server)[0]
    _stop(azure, server)

    azure.clock.advance(timedelta(days=2, hours=12).total_seconds())
    asleep = _completed(azure, server)
    _act(azure, server, "start")
    azure.clock.advance(120 + 600)
    awake = _completed(azure, server)

    assert asleep[0] == before
    assert awake[0] == azure.clock.now()
    assert awake[1] == before


def test_a_longer_retention_does_not_bring_back_what_is_gone(azure: Azure, server: str) -> None:
    oldest = azure.clock.now() - timedelta(days=7)

    azure.call(
        "PATCH", server, {"properties": {"backup": {"backupRetentionDays": 30}}}, version=VERSION
    )
    azure.clock.advance(timedelta(days=10).total_seconds())

    backup = azure.get(server, VERSION)["properties"]["backup"]
    assert _instant(backup["earliestRestoreDate"]) == oldest


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"backup": {"backupRetentionDays": 6}}, "backupRetentionDays"),
        ({"backup": {"backupRetentionDays": 36}}, "backupRetentionDays"),
        ({"backup": {"geoRedundantBackup": "Enabled"}}, "geoRedundantBackup"),
        ({"storage": {"storageSizeGB": 64}}, "storageSizeGB"),
        ({"version": "15"}, "version"),
        ({"administratorLogin": "another"}, "administratorLogin"),
    ],
)
def test_a_bad_change_is_refused(
    azure: Azure, server: str, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.arm.resources.begin_update_by_id(server, {"properties": change}, api_version=VERSION)

    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidParameterValue"
    assert refused.value.error.target == named


def test_nobody_sets_a_read_only_fact_by_a_write(azure: Azure, server: str) -> None:
    told = azure.get(server, VERSION)["properties"]["backup"]["earliestRestoreDate"]
    lie = {"backup": {"earliestRestoreDate": "2020-01-01T00:00:00Z"}, "state": "Stopped"}

    azure.call("PATCH", server, {"properties": lie}, version=VERSION)
    azure.clock.advance(60)

    after = azure.get(server, VERSION)["properties"]
    assert after["state"] == "Ready"
    assert after["backup"]["earliestRestoreDate"][:10] == told[:10]


def test_a_seed_can_stop_a_server_and_spoil_its_backups(azure: Azure, server: str) -> None:
    now = azure.clock.now()
    old = (now - timedelta(days=3)).isoformat()
    bad = {"earliestRestoreDate": old, "newestBackupDate": old}

    azure.seed({"id": server, **a_server(backup=bad, state="Stopped")})

    told = azure.get(server, VERSION)["properties"]
    assert told["state"] == "Stopped"
    assert told["backup"]["earliestRestoreDate"] == old
    assert "newestBackupDate" not in told["backup"]
    assert now - timedelta(days=4) < _completed(azure, server)[0] <= now - timedelta(days=3)


def test_databases_and_rules_hang_under_a_server(azure: Azure, server: str) -> None:
    rule = {"properties": {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.9"}}

    first = azure.call("PUT", f"{server}/databases/app", {"properties": {}}, version=VERSION)
    second = azure.call("PUT", f"{server}/firewallRules/office", rule, version=VERSION)
    azure.clock.advance(10)

    assert [first.status_code, second.status_code] == [202, 202]
    assert azure.get(f"{server}/databases", VERSION)["value"][0]["properties"] == {
        "charset": "UTF8",
        "collation": "en_US.utf8",
    }
    assert azure.get(f"{server}/firewallRules/office", VERSION)["properties"] == rule["properties"]
