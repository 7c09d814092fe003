"""Alerts: listed as Azure lists them, and carried to the app as an action group does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.azure import inline
from local.azure.journal import Sqlite

from .kit import KEYS, SCOPE, Azure, clients, code

ALERTS = "2019-03-01"
LIST = f"{SCOPE}/providers/Microsoft.AlertsManagement/alerts"
APP = f"{SCOPE}/resourceGroups/rg-Tesoro/providers/Microsoft.App/containerApps/rewards-api"
DATABASE = f"{SCOPE}/resourceGroups/rg-Tesoro/providers/Microsoft.Sql/servers/sql"
FIRED = {"rule": "errors of rewards-api", "resources": [APP], "severity": "Sev1"}


@dataclass(kw_only=True)
class Receiver:
    """Stands where the app would: answers as told, remembers what came."""

    url: str = ""
    status: list[int] = field(default_factory=list)
    came: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        self.asked.append(f"{request.url.path}?{request.url.query}")
        with contextlib.suppress(ValueError):
            self.came.append(await request.json())
        return Response(status_code=self.status.pop(0) if self.status else 202)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    here = Receiver()
    app = Starlette(routes=[Route("/api/alerts", here.take, methods=["POST"])])
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    here.url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/alerts?code=key"
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield here
    server.should_exit = True
    thread.join(5)
    listening.close()


@contextlib.contextmanager
def simulator(
    files: tuple[Path, Path, Path], alerts_to: str | None, **options: Any
) -> Iterator[Azure]:
    authority, chain, key = files
    with (
        inline.running(keys=KEYS, tls=(chain, key), alerts_to=alerts_to, **options) as running,
        requests.Session() as session,
    ):
        session.verify, session.trust_env = str(authority), False
        arm, aci = clients(running.base_url, authority)
        with arm, aci:
            yield Azure(running=running, session=session, authority=authority, arm=arm, aci=aci)


@pytest.fixture
def azure(files: tuple[Path, Path, Path], receiver: Receiver) -> Iterator[Azure]:
    with simulator(files, receiver.url) as found:
        yield found


def order(azure: Azure, **body: Any) -> dict[str, Any]:
    """Order an alert and return the answer."""
    answer = azure.local("POST", "alerts", body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def listed(azure: Azure, path: str = LIST, **query: str) -> list[dict[str, Any]]:
    """Return the listed alerts."""
    answer = azure.call("GET", path, params=query, version=ALERTS)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["value"]
    return rows


def guid_of(alert_id: str) -> str:
    return alert_id.rpartition("/")[2]


def settled(azure: Azure, count: int) -> dict[str, Any]:
    """Return the newest delivery once it was tried so often."""
    for _ in range(2000):
        newest: dict[str, Any] = azure.local("GET", "alerts").json()["deliveries"][-1]
        if newest["tries"] >= count:
            return newest
    raise AssertionError(f"not tried {count} times: {newest}")


def test_a_fired_alert_is_posted_in_the_common_schema(azure: Azure, receiver: Receiver) -> None:
    said = order(azure, **FIRED, condition="Fired", description="too many failures")

    assert (said["status"], said["tries"], said["end"]) == (202, 1, "accepted")
    assert receiver.asked == ["/api/alerts?code=key"]
    (payload,) = receiver.came
    assert payload["schemaId"] == "azureMonitorCommonAlertSchema"
    essentials = payload["data"]["essentials"]
    assert essentials["alertId"] == said["alertId"]
    assert said["alertId"].startswith(f"{LIST}/")
    assert essentials["alertRule"] == "errors of rewards-api"
    assert essentials["severity"] == "Sev1"
    assert essentials["monitorCondition"] == "Fired"
    assert essentials["monitoringService"] == "Platform"
    assert essentials["alertTargetIDs"] == [APP.lower()]
    assert essentials["configurationItems"] == ["rewards-api"]
    assert essentials["firedDateTime"] == "2026-11-23T09:00:00.0000000Z"
    assert "resolvedDateTime" not in essentials
    (criterion,) = payload["data"]["alertContext"]["condition"]["allOf"]
    assert criterion["metricName"] == "Requests"
    assert criterion["metricNamespace"] == "Microsoft.App/containerApps"


def test_a_fired_alert_is_listed_and_found_by_either_id(azure: Azure) -> None:
    said = order(azure, **FIRED, condition="Fired")

    (row,) = listed(azure)
    by_scope = azure.call("GET", row["id"], version=ALERTS).json()
    by_payload = azure.call("GET", said["alertId"], version="2019-05-05-preview").json()

    assert row["type"] == "Microsoft.AlertsManagement/alerts"
    assert row["name"] == "errors of rewards-api"
    assert guid_of(row["id"]) == guid_of(said["alertId"])
    assert row["id"].startswith(f"{APP.lower()}/providers/Microsoft.AlertsManagement/alerts/")
    assert by_scope == by_payload
    essentials = row["properties"]["essentials"]
    assert essentials["monitorCondition"] == "Fired"
    assert essentials["alertState"] == "New"
    assert essentials["targetResource"] == APP.lower()
    assert essentials["targetResourceName"] == "rewards-api"
    assert essentials["targetResourceGroup"] == "rg-tesoro"
    assert essentials["targetResourceType"] == "microsoft.app/containerapps"
    assert essentials["startDateTime"] == essentials["lastModifiedDateTime"]
    assert essentials["alertRule"].endswith(
        "/resourceGroups/rg-Tesoro/providers/microsoft.insights/metricAlerts/errors of rewards-api"
    )


def test_resolving_keeps_the_id_and_firing_again_makes_a_new_one(
    azure: Azure, receiver: Receiver
) -> None:
    first = order(azure, **FIRED, condition="Fired")
    azure.clock.advance(60)
    second = order(azure, **FIRED, condition="Fired")
    azure.clock.advance(60)

    resolved = order(azure, **FIRED, condition="Resolved")

    assert first["alertId"] != second["alertId"] == resolved["alertId"]
    essentials = receiver.came[-1]["data"]["essentials"]
    assert essentials["monitorCondition"] == "Resolved"
    assert essentials["firedDateTime"] == "2026-11-23T09:01:00.0000000Z"
    assert essentials["resolvedDateTime"] == "2026-11-23T09:02:00.0000000Z"
    assert len({one["data"]["essentials"]["originAlertId"] for one in receiver.came}) == 1
    (row,) = listed(azure, monitorCondition="Resolved")
    assert guid_of(row["id"]) == guid_of(second["alertId"])
    told = row["properties"]["essentials"]["monitorConditionResolvedDateTime"]
    assert told == "2026-11-23T09:02:00.0000000Z"


def test_what_is_not_fired_cannot_be_resolved(azure: Azure) -> None:
    answer = azure.local("POST", "alerts", {**FIRED, "condition": "Resolved"})

    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == "condition"


def test_the_list_is_filtered_as_azure_filters_it(azure: Azure) -> None:
    order(azure, **FIRED, condition="Fired")
    azure.clock.advance(10)
    order(azure, rule="database", resources=[DATABASE], severity=3, condition="Fired")

    def names(path: str = LIST, **query: str) -> list[str]:
        return [row["name"] for row in listed(azure, path, **query)]

    assert names() == ["database", "errors of rewards-api"]
    assert names(sortBy="startDateTime", sortOrder="asc") == ["errors of rewards-api", "database"]
    assert names(sortBy="severity") == ["errors of rewards-api", "database"]
    assert names(targetResource=APP.upper()) == ["errors of rewards-api"]
    assert names(targetResourceType="microsoft.sql/servers") == ["database"]
    assert names(targetResourceGroup="RG-tesoro", severity="Sev3") == ["database"]
    assert names(alertRule="database") == ["database"]
    assert names(alertState="Closed") == []
    assert names(f"{DATABASE}/providers/Microsoft.AlertsManagement/alerts") == ["database"]


def test_the_list_is_of_a_day_unless_told_otherwise_and_ends_after_thirty(azure: Azure) -> None:
    said = order(azure, **FIRED, condition="Fired")
    day = timedelta(days=1).total_seconds()

    azure.clock.advance(day + 1)
    after_a_day = listed(azure), listed(azure, timeRange="7d")
    azure.clock.advance(27 * day)
    after_a_month = listed(azure, timeRange="30d")
    azure.clock.advance(3 * day)

    assert [len(rows) for rows in after_a_day] == [0, 1]
    assert len(after_a_month) == 1
    assert listed(azure, timeRange="30d") == []
    assert azure.call("GET", said["alertId"], version=ALERTS).status_code == 404


def test_the_list_comes_in_pages(azure: Azure) -> None:
    for number in range(3):
        order(azure, rule=f"rule {number}", resources=[APP], severity="Sev2", condition="Fired")

    first = azure.call("GET", LIST, params={"pageCount": "2"}, version=ALERTS).json()
    second = azure.call("GET", first["nextLink"], version=None).json()

    assert (len(first["value"]), len(second["value"])) == (2, 1)
    assert "nextLink" not in second


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"timeRange": "2d"}, id="range"),
        pytest.param({"pageCount": "251"}, id="page"),
        pytest.param({"severity": "1"}, id="severity"),
        pytest.param({"sortBy": "age"}, id="order"),
        pytest.param({"customTimeRange": "P1D", "timeRange": "1d"}, id="two ranges"),
        pytest.param({"customTimeRange": "2020-01-01/2020-01-02"}, id="too old"),
    ],
)
def test_filters_that_azure_does_not_have_are_refused(azure: Azure, query: dict[str, str]) -> None:
    answer = azure.call("GET", LIST, params=query, version=ALERTS)

    assert code(answer) == (400, "BadRequest")


def test_versions_that_azure_does_not_have_are_refused(azure: Azure) -> None:
    answer = azure.call("GET", LIST, version="2020-01-01")

    assert code(answer) == (400, "NoRegisteredProviderFound")


def test_people_change_the_state_and_not_the_condition(azure: Azure) -> None:
    said = order(azure, **FIRED, condition="Fired")
    path = f"{said['alertId']}/changestate"

    closed = azure.call("POST", path, params={"newState": "Closed"}, version=ALERTS)
    wrong = azure.call("POST", path, params={"newState": "Gone"}, version=ALERTS)

    essentials = closed.json()["properties"]["essentials"]
    assert (essentials["alertState"], essentials["monitorCondition"]) == ("Closed", "Fired")
    assert wrong.status_code == 400


def test_a_verbatim_payload_is_posted_as_it_is_and_listed_by_its_id(
    azure: Azure, receiver: Receiver
) -> None:
    alert_id = f"{LIST}/62bd7dd6-0869-4656-8c23-0c5e2866f000"
    essentials = {
        "alertId": alert_id,
        "alertRule": "CPU",
        "severity": "Sev0",
        "monitorCondition": "Fired",
        "alertTargetIDs": [APP],
        "extra": "ñ",
    }
    payload = {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials}}

    said = order(azure, payload=payload)

    assert said["alertId"] == alert_id
    assert receiver.came == [payload]
    assert azure.call("GET", alert_id, version=ALERTS).status_code == 200
    assert [row["name"] for row in listed(azure, targetResource=APP)] == ["CPU"]


def test_a_forged_payload_is_posted_and_not_listed(azure: Azure, receiver: Receiver) -> None:
    alert_id = f"{LIST}/62bd7dd6-0869-4656-8c23-0c5e2866f001"
    essentials = {"alertId": alert_id, "monitorCondition": "Fired"}
    payload = {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials}}

    said = order(azure, payload=payload, listed=False)

    assert said["alertId"] is None
    assert receiver.came == [payload]
    assert azure.call("GET", alert_id, version=ALERTS).status_code == 404


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        pytest.param([{"id": 1}], b'[{"id": 1}]', id="a list"),
        pytest.param({"text": "hi"}, b'{"text": "hi"}', id="another schema"),
        pytest.param('{"broken', b'{"broken', id="text is sent as it is"),
    ],
)
def test_payloads_of_any_shape_are_posted(
    azure: Azure, receiver: Receiver, payload: Any, sent: bytes
) -> None:
    said = order(azure, payload=payload)

    assert said["alertId"] is None
    assert receiver.bodies == [sent]
    assert listed(azure) == []


def test_a_busy_app_is_tried_again_when_the_clock_gets_there(
    azure: Azure, receiver: Receiver
) -> None:
    receiver.status = [503, 429]

    first = order(azure, **FIRED, condition="Fired")
    azure.clock.advance(5)
    second = settled(azure, 2)
    azure.clock.advance(19)
    still = settled(azure, 2)
    azure.clock.advance(1)
    last = settled(azure, 3)

    assert (first["status"], first["tries"]) == (503, 1)
    assert first["due"] == "2026-11-23T09:00:05.0000000Z"
    assert (second["status"], still["tries"]) == (429, 2)
    assert (last["status"], last["end"]) == (202, "accepted")
    assert len(receiver.bodies) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502])
def test_other_answers_lose_the_alert(azure: Azure, receiver: Receiver, status: int) -> None:
    receiver.status = [status]

    said = order(azure, **FIRED, condition="Fired")

    assert (said["status"], said["tries"], said["due"]) == (status, 1, None)
    assert said["end"] == "refused"


def test_after_the_last_try_nothing_is_sent_for_a_quarter_of_an_hour(
    azure: Azure, receiver: Receiver
) -> None:
    receiver.status = [503] * 6
    order(azure, **FIRED, condition="Fired")
    for number, pause in enumerate((5, 20, 5, 40, 5), start=2):
        azure.clock.advance(pause)
        settled(azure, number)

    in_silence = order(azure, **FIRED, condition="Fired")
    azure.clock.advance(15 * 60)
    afterwards = order(azure, **FIRED, condition="Fired")

    assert (in_silence["status"], in_silence["tries"]) == (None, 0)
    assert in_silence["end"] == "silenced"
    assert (afterwards["status"], afterwards["tries"]) == (202, 1)
    assert len(receiver.bodies) == 7
    assert len(listed(azure)) == 3


def test_where_nobody_answers_the_status_is_null(files: tuple[Path, Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with simulator(files, f"http://127.0.0.1:{port}/api/alerts") as azure:
        said = order(azure, **FIRED, condition="Fired")

    assert (said["status"], said["tries"]) == (None, 1)
    assert said["due"] is not None


def test_alerts_and_what_is_on_its_way_outlive_the_simulator(
    files: tuple[Path, Path, Path], receiver: Receiver, tmp_path: Path
) -> None:
    clock = inline.HandClock()
    receiver.status = [503]
    before = Sqlite(tmp_path / "azure.sqlite")
    with simulator(files, receiver.url, clock=clock, journal=before) as azure:
        said = order(azure, **FIRED, condition="Fired")
    before.close()

    after = Sqlite(tmp_path / "azure.sqlite")
    with simulator(files, receiver.url, clock=clock, journal=after) as azure:
        found = azure.call("GET", said["alertId"], version=ALERTS)
        clock.advance(5)
        delivery = settled(azure, 2)
    after.close()

    assert found.status_code == 200
    assert (delivery["status"], delivery["end"]) == (202, "accepted")
    assert receiver.came[0] == receiver.came[1]


@pytest.mark.parametrize(
    ("body", "field_name"),
    [
        pytest.param({**FIRED, "severity": "High"}, "severity", id="severity"),
        pytest.param({**FIRED, "severity": 5}, "severity", id="number"),
        pytest.param({**FIRED, "condition": "Firing"}, "condition", id="condition"),
        pytest.param({**FIRED, "resources": ["rewards-api"]}, "resources[0]", id="resource"),
        pytest.param({**FIRED, "rule": ""}, "rule", id="rule"),
        pytest.param({**FIRED, "payload": {}}, "resources", id="both forms"),
        pytest.param({"payload": "\ud800"}, "payload", id="no UTF-8"),
        pytest.param({"payload": {}, "listed": "no"}, "listed", id="listed"),
        pytest.param([], "body", id="no object"),
    ],
)
def test_bad_orders_are_refused_by_name(azure: Azure, body: Any, field_name: str) -> None:
    answer = azure.local("POST", "alerts", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == field_name


def test_a_query_rule_tells_which_api_version_made_it(azure: Azure) -> None:
    path = f"{azure.group()}/providers/Microsoft.Insights/scheduledQueryRules/slow"
    body = {"location": "westeurope", "properties": {"actions": {}}}

    made = azure.call("PUT", path, body, version="2021-08-01")
    later = azure.get(path, "2022-06-15")["properties"]

    assert made.status_code in {200, 201}, made.text
    assert later["createdWithApiVersion"] == "2021-08-01"
    assert "actions" not in later
