"""Log Analytics: rows that were posted, asked for by the real client in KQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import LogsQueryClient, LogsQueryResult

from local.azure import inline
from local.azure.journal import Sqlite

from .kit import KEYS, Azure, Credential, token

WORKSPACES = "providers/Microsoft.OperationalInsights/workspaces"
ARM_WORKSPACES = "2023-09-01"
COMPONENTS = "2020-02-02"
HOUR = timedelta(hours=1)


class Logs:
    """Workspaces, components, and a client that asks them."""

    def __init__(self, azure: Azure, client: LogsQueryClient) -> None:
        self.azure, self.client = azure, client
        self.group = azure.group("rg-logs")

    def workspace(self, name: str) -> str:
        """Make a workspace and return its resource id."""
        path = f"{self.group}/{WORKSPACES}/{name}"
        body = {"location": "westeurope", "properties": {"sku": {"name": "PerGB2018"}}}
        assert self.azure.call("PUT", path, body, version=ARM_WORKSPACES).status_code == 201
        self.azure.clock.advance(20)
        return path

    def component(self, name: str, workspace: str) -> str:
        """Make a component on a workspace and return its resource id."""
        path = f"{self.group}/providers/Microsoft.Insights/components/{name}"
        properties = {"Application_Type": "web", "WorkspaceResourceId": workspace}
        body = {"location": "westeurope", "kind": "web", "properties": properties}
        assert self.azure.call("PUT", path, body, version=COMPONENTS).status_code == 200
        return path

    def post(self, *rows: dict[str, Any], table: str = "AppRequests") -> None:
        """Post rows."""
        answer = self.azure.local("POST", "telemetry", {"table": table, "rows": list(rows)})
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"accepted": len(rows)}

    def ask(self, path: str, kql: str, timespan: Any = None) -> list[dict[str, Any]]:
        """Return the rows of an answer as dicts."""
        found = self.client.query_resource(path, kql, timespan=timespan)
        assert isinstance(found, LogsQueryResult)
        (table,) = found.tables
        return [dict(zip(table.columns, row, strict=True)) for row in table.rows]

    def refused(self, path: str, kql: str) -> dict[str, Any]:
        """Return the error of a query that is refused."""
        with pytest.raises(HttpResponseError) as refusal:
            self.client.query_resource(path, kql, timespan=None)
        response: Any = refusal.value.response
        return {"status": response.status_code, **response.json()["error"]}


@pytest.fixture
def logs(azure: Azure) -> Iterator[Logs]:
    with client_of(azure.running.base_url, azure.authority) as client:
        yield Logs(azure, client)


def client_of(base_url: str, authority: Path, **claims: Any) -> LogsQueryClient:
    return LogsQueryClient(
        Credential(**claims),
        endpoint=f"{base_url}/v1",
        audience="https://api.loganalytics.io",
        connection_verify=str(authority),
        retry_total=0,
    )


def ago(logs: Logs, **length: float) -> str:
    """Return an instant before now as telemetry has it."""
    return (logs.azure.clock.now() - timedelta(**length)).isoformat()


def test_a_canary_is_counted_by_version(logs: Logs) -> None:
    workspace = logs.workspace("log-one")
    logs.post(
        {"AppVersion": "v1", "Success": True, "DurationMs": 12.5, "ItemCount": 3},
        {"AppVersion": "v2", "Success": True, "DurationMs": 10},
        {"AppVersion": "v2", "Success": False, "ResultCode": "500", "ItemCount": 2},
        {"AppVersion": "v2", "Success": False, "TimeGenerated": ago(logs, hours=3)},
    )

    rows = logs.ask(
        workspace,
        """
        AppRequests
        | where TimeGenerated > ago(1h)
        | summarize Requests = sum(ItemCount), Failures = sumif(ItemCount, Success == false),
            Latest = max(TimeGenerated) by AppVersion
        | order by AppVersion asc
        """,
    )

    now = logs.azure.clock.now()
    assert rows == [
        {"AppVersion": "v1", "Requests": 3, "Failures": 0, "Latest": now},
        {"AppVersion": "v2", "Requests": 3, "Failures": 2, "Latest": now},
    ]


def test_values_come_in_the_types_of_log_analytics(logs: Logs) -> None:
    workspace = logs.workspace("log-types")
    logs.post({"Name": "GET /", "Success": True, "DurationMs": 1, "Properties": {"a": {"b": 1}}})

    found = logs.client.query_resource(
        workspace,
        """
        AppRequests
        | project TimeGenerated, Name, Url, Success, DurationMs, ItemCount, Properties,
            Deep = tolong(Properties.a.b), Age = now() - TimeGenerated + 1d, Whole = 3000000000
        """,
        timespan=None,
    )

    assert isinstance(found, LogsQueryResult)
    (table,) = found.tables
    assert table.name == "PrimaryResult"
    kinds = dict(zip(table.columns, table.columns_types, strict=True))
    assert kinds == {
        "TimeGenerated": "datetime",
        "Name": "string",
        "Url": "string",
        "Success": "bool",
        "DurationMs": "real",
        "ItemCount": "int",
        "Properties": "dynamic",
        "Deep": "long",
        "Age": "timespan",
        "Whole": "long",
    }
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["Url"] == ""
    assert row["Success"] is True
    assert row["Properties"] == '{"a":{"b":1}}'
    assert (row["Deep"], row["Age"], row["Whole"]) == (1, "1.00:00:00", 3_000_000_000)


def test_the_timespan_bounds_every_table(logs: Logs) -> None:
    workspace = logs.workspace("log-span")
    logs.post(
        {"Name": "old", "TimeGenerated": ago(logs, hours=2)},
        {"Name": "new", "TimeGenerated": ago(logs, minutes=5)},
    )
    now = logs.azure.clock.now()
    kql = "AppRequests | project Name | order by Name asc"

    def names(timespan: Any) -> list[str]:
        return [row["Name"] for row in logs.ask(workspace, kql, timespan)]

    assert names(None) == ["new", "old"]
    assert names(HOUR) == ["new"]
    assert names((now - 3 * HOUR, now - HOUR)) == ["old"]
    assert names((now - 3 * HOUR, timedelta(minutes=90))) == ["old"]


def test_a_row_is_in_the_workspace_of_its_component(logs: Logs) -> None:
    one, two = logs.workspace("log-a"), logs.workspace("log-b")
    component = logs.component("appi-a", one)
    logs.post(
        {"Name": "of the component", "_ResourceId": component.upper()},
        {"Name": "sent to b", "workspace": "log-b"},
        {"Name": "anywhere"},
    )
    kql = "AppRequests | project Name | order by Name asc"

    assert [row["Name"] for row in logs.ask(one, kql)] == ["anywhere", "of the component"]
    assert [row["Name"] for row in logs.ask(two, kql)] == ["anywhere", "sent to b"]
    assert [row["Name"] for row in logs.ask(component, kql)] == ["of the component"]
    assert [row["Name"] for row in logs.ask(logs.group, kql)] == ["of the component"]


def test_a_workspace_is_asked_by_its_customer_id(logs: Logs) -> None:
    path = logs.workspace("log-customer")
    properties = logs.azure.call("GET", path, version=ARM_WORKSPACES).json()["properties"]
    logs.post({"Name": "GET /"})

    found = logs.client.query_workspace(
        properties["customerId"],
        "AppRequests | project TenantId, Type, SourceSystem",
        timespan=None,
        include_statistics=True,
        server_timeout=30,
    )

    assert isinstance(found, LogsQueryResult)
    assert list(found.tables[0].rows[0]) == [properties["customerId"], "AppRequests", "Azure"]
    assert found.statistics
    assert "query" in found.statistics
    assert properties["sku"]["name"] == "PerGB2018"
    assert properties["retentionInDays"] == 30


def test_more_workspaces_may_be_named_beside_the_query(logs: Logs) -> None:
    one = logs.workspace("log-here")
    logs.workspace("log-there")
    logs.post({"Name": "there", "workspace": "log-there"})

    found = logs.client.query_resource(
        one, "AppRequests | count", timespan=None, additional_workspaces=["log-there"]
    )

    assert isinstance(found, LogsQueryResult)
    assert list(found.tables[0].rows[0]) == [1]


def test_when_a_row_came_in_is_known_to_who_asks_for_it(logs: Logs) -> None:
    workspace = logs.workspace("log-late")
    logs.post({"Name": "GET /", "TimeGenerated": ago(logs, minutes=4)})

    (row,) = logs.ask(
        workspace,
        "AppRequests | extend Late = ingestion_time() - TimeGenerated, Text = 'ingestion_time()'"
        " | project Late, Text, _TimeReceived",
    )
    (whole,) = logs.ask(workspace, "AppRequests")

    assert row["Late"] == "00:04:00"
    assert row["Text"] == "ingestion_time()"
    assert row["_TimeReceived"] == logs.azure.clock.now()
    assert "_TimeReceived" not in whole
    assert whole["_ResourceId"] == ""


@pytest.mark.parametrize(
    ("kql", "code", "told"),
    [
        pytest.param("Nowhere | take 1", "SEM0100", "named 'Nowhere'", id="no such table"),
        pytest.param("AppRequests | where Nope == 1", "SEM0100", "named 'Nope'", id="no column"),
        pytest.param("apprequests | take 1", "SEM0100", "named 'apprequests'", id="table's case"),
        pytest.param(
            "AppRequests | where appversion == '2'", "SEM0100", "'appversion'", id="column's case"
        ),
        pytest.param("AppRequests | wher x", "SYN0002", "[1,13]", id="does not parse"),
        pytest.param(".drop table AppRequests", "SYN0002", "control", id="a command"),
    ],
)
def test_a_bad_query_is_refused_with_its_reason(
    logs: Logs, kql: str, code: str, told: str
) -> None:
    workspace = logs.workspace("log-bad")

    error = logs.refused(workspace, kql)

    assert error["status"] == 400
    assert error["code"] == "BadArgumentError"
    assert error["innererror"]["innererror"]["code"] == code
    assert told in error["innererror"]["innererror"]["message"]


def test_names_made_by_the_query_may_have_any_case(logs: Logs) -> None:
    workspace = logs.workspace("log-case")
    logs.post({"AppVersion": "v2"})

    rows = logs.ask(
        workspace, "let name = 'x'; AppRequests | summarize success = count() by name = AppVersion"
    )

    assert rows == [{"name": "v2", "success": 1}]


def test_what_the_simulator_cannot_do_is_not_the_callers_fault(logs: Logs) -> None:
    workspace = logs.workspace("log-beyond")

    error = logs.refused(workspace, "AppRequests | make-series count() on TimeGenerated step 1m")

    assert (error["status"], error["code"]) == (501, "NotImplemented")


def test_a_workspace_that_is_not_there_is_a_404(logs: Logs) -> None:
    path = f"{logs.group}/{WORKSPACES}/log-nowhere"

    assert logs.refused(path, "AppRequests")["code"] == "PathNotFoundError"
    with pytest.raises(HttpResponseError) as refusal:
        logs.client.query_workspace(inline.TENANT, "AppRequests", timespan=None)
    assert refusal.value.status_code == 404


def test_a_token_for_resource_manager_is_none_for_log_analytics(
    logs: Logs,
) -> None:
    workspace = logs.workspace("log-token")
    address = f"{logs.azure.running.base_url}/v1{workspace}/query"

    with_arms = logs.azure.session.post(
        address, json={"query": "AppRequests"}, headers={"authorization": f"Bearer {token()}"}
    )
    with_none = logs.azure.session.post(address, json={"query": "AppRequests"})
    lists = logs.azure.call(
        "GET",
        logs.group,
        headers={"authorization": f"Bearer {token(aud='https://api.loganalytics.io')}"},
    )

    assert with_arms.status_code == 403
    assert with_arms.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"
    assert with_none.status_code == 401
    assert lists.status_code == 401


def test_two_hundred_queries_in_half_a_minute_are_enough(logs: Logs) -> None:
    workspace = logs.workspace("log-much")
    key = "queries/aaaaaaaa-0000-4000-8000-000000000001"
    now = logs.azure.clock.now().isoformat()
    logs.azure.running.world.note(key, [now] * 200)

    error = logs.refused(workspace, "AppRequests")
    logs.azure.clock.advance(31)

    assert (error["status"], error["code"]) == (429, "ThrottledError")
    assert logs.ask(workspace, "AppRequests") == []


def test_queries_are_recorded_and_can_be_faulted(logs: Logs) -> None:
    workspace = logs.workspace("log-fault")
    fault = {"match": {"path": "^/v1/"}, "status": 503, "code": "ServiceUnavailable"}
    assert logs.azure.local("POST", "faults", fault).status_code == 204

    error = logs.refused(workspace, "AppRequests")
    calls = logs.azure.local("GET", "calls").json()

    assert error["status"] == 503
    assert calls[-1]["path"] == f"/v1{workspace}/query"
    assert calls[-1]["status"] == 503


@pytest.mark.parametrize(
    ("row", "field"),
    [
        pytest.param({"Nope": 1}, "rows[0].Nope", id="unknown column"),
        pytest.param({"Success": "yes"}, "rows[0].Success", id="not a truth"),
        pytest.param({"ItemCount": 1.5}, "rows[0].ItemCount", id="not whole"),
        pytest.param({"DurationMs": "12"}, "rows[0].DurationMs", id="not a number"),
        pytest.param({"TimeGenerated": "noon"}, "rows[0].TimeGenerated", id="not an instant"),
        pytest.param({"Properties": "text"}, "rows[0].Properties", id="not an object"),
        pytest.param({"TenantId": "x"}, "rows[0].TenantId", id="the service's own"),
        pytest.param({"workspace": "nowhere"}, "rows[0].workspace", id="no such workspace"),
        pytest.param({"_ResourceId": "appi"}, "rows[0]._ResourceId", id="no resource id"),
    ],
)
def test_bad_telemetry_is_refused_by_row_and_field(
    azure: Azure, row: dict[str, Any], field: str
) -> None:
    answer = azure.local("POST", "telemetry", {"table": "AppRequests", "rows": [row]})

    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == field


def test_unknown_tables_are_refused(azure: Azure) -> None:
    answer = azure.local("POST", "telemetry", {"table": "Requests", "rows": []})

    assert answer.status_code == 400
    assert "AppRequests" in answer.json()["error"]["message"]


def test_every_table_takes_a_row_and_gives_it_back(logs: Logs) -> None:
    from local.azure.monitor.tables import TABLES

    workspace = logs.workspace("log-tables")
    for name in TABLES:
        logs.post({"TimeGenerated": ago(logs, minutes=1)}, table=name)

    counted = [logs.ask(workspace, f"{name} | count") for name in TABLES]

    assert counted == [[{"Count": 1}]] * len(TABLES)


def test_rows_and_points_outlive_the_simulator(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    authority, chain, key = files
    clock = inline.HandClock()

    def run(work: Any) -> Any:
        journal = Sqlite(tmp_path / "azure.sqlite")
        with inline.running(keys=KEYS, clock=clock, journal=journal, tls=(chain, key)) as running:
            import requests

            with (
                requests.Session() as session,
                client_of(running.base_url, authority) as client,
            ):
                session.verify, session.trust_env = str(authority), False
                arm: Any = None
                azure = Azure(
                    running=running, session=session, authority=authority, arm=arm, aci=None
                )
                found = work(Logs(azure, client))
        journal.close()
        return found

    def first(logs: Logs) -> str:
        path = logs.workspace("log-kept")
        logs.post({"Name": "kept"})
        return path

    path = run(first)
    rows = run(lambda logs: logs.ask(path, "AppRequests | project Name, TimeGenerated"))

    assert [row["Name"] for row in rows] == ["kept"]
    assert isinstance(rows[0]["TimeGenerated"], datetime)


def test_nothing_is_imported_for_a_simulator_that_nobody_queries() -> None:
    import subprocess
    import sys

    code = "import sys, local.azure.__main__; print('duckdb' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert said.stdout.strip() == "False"
