"""What an alert's payload says, in each schema; what Azure's list says; how Event Grid is met."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.alerts import Alert, Condition, Ignored, handshake, interpret, listed
from provisioning.alerts.handshake import allowed
from tests.builders import START

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "azure-alerts"
FILES = [p for folder in ("payloads", "derived") for p in sorted((CORPUS / folder).glob("*.json"))]

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
APP = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tesoro-production"
    "/providers/Microsoft.App/containerApps/rewards-api"
)
NAME = "0a1b2c3d-0000-4000-8000-000000000001"
ALERT = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{NAME}"

# What each kind of file of the corpus is to be taken for; the parts of a kind's name may follow.
TELL_OF_A_SERVICE = (
    "metric",
    "log",
    "prometheus",
    "classic-metric",
    "legacy-metric",
    "legacy-log",
)
TELL_NOTHING = (
    "activity",
    "backup",
    "budget",
    "cloudevents",
    "eventgrid",
    "legacy-activity",
    "resource-health",
    "service-health",
)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def common(context: Any = None, **given: Any) -> dict[str, Any]:
    """Return an alert in the common schema."""
    essentials = {
        "alertId": ALERT,
        "alertRule": "too many failures",
        "severity": "Sev1",
        "monitorCondition": "Fired",
        "monitoringService": "Platform",
        "alertTargetIDs": [APP],
        "firedDateTime": "2026-11-23T09:00:00.1234567Z",
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials | given, "alertContext": context or {}},
    }


def an_alert(**given: Any) -> Alert:
    usual: dict[str, Any] = {
        "rule": "too many failures",
        "condition": Condition.FIRED,
        "severity": "Sev1",
        "resources": (APP.lower(),),
        "fired_at": START,
    }
    return Alert(**(usual | given))


def an_item(**given: Any) -> dict[str, Any]:
    """Return an alert as Azure lists it."""
    usual = {
        "alertRule": "too many failures",
        "monitorCondition": "Fired",
        "targetResource": APP.lower(),
        "startDateTime": "2026-11-23T09:00:00Z",
    }
    return {"id": ALERT, "properties": {"essentials": usual | given}}


def test_the_common_schema_is_read_whole():
    alert = interpret(common())

    assert alert == Alert(
        rule="too many failures",
        condition=Condition.FIRED,
        severity="Sev1",
        resources=(APP.lower(),),
        fired_at=datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
        alert_id=ALERT.lower(),
    )


@pytest.mark.parametrize("when", ["3/22/2019 1:36:31 PM", "", 7, None])
def test_a_time_in_no_known_form_is_none(when: Any):
    alert = interpret(common(firedDateTime=when))

    assert isinstance(alert, Alert)
    assert alert.fired_at is None


def test_the_metric_schema_before_it_is_read_without_an_id():
    context = {
        "name": "too many failures",
        "resourceId": APP,
        "timestamp": "2026-11-23T09:00:00Z",
    }
    content = {"status": "Activated", "context": context, "properties": {"severity": "1"}}

    for payload in (content, {"schemaId": "AzureMonitorMetricAlert", "data": content}):
        alert = interpret(payload)

        assert alert == an_alert(severity="1")


def test_the_schema_of_old_log_alerts_names_a_rule_alone():
    content = {
        "AlertRuleName": "too many failures",
        "SearchQuery": "requests",
        "SearchIntervalEndtimeUtc": "2026-11-23T09:00:00Z",
        "Severity": "1",
    }

    for payload in (content, {"schemaId": "Microsoft.Insights/LogAlert", "data": content}):
        assert interpret(payload) == an_alert(severity="1", resources=())


def test_a_smart_detectors_is_in_the_form_of_azures_list():
    assert interpret(an_item()) == an_alert(severity="", alert_id=ALERT.lower())


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        pytest.param(common({"eventSource": "Administrative"}), "activity log", id="a deed"),
        pytest.param(common({"operationName": "x/write"}), "activity log", id="an operation"),
        pytest.param(common({"AlertData": {}}), "budget", id="money"),
        pytest.param(
            common({"properties": {"currentHealthStatus": "Unavailable"}}), "platform", id="health"
        ),
        pytest.param(common({"category": "Jobs", "sourceType": "SQL"}), "backup", id="a backup"),
        pytest.param(common(monitorCondition="Broken"), "fired or is over", id="no condition"),
        pytest.param(common(monitorCondition=None), "fired or is over", id="condition is null"),
        pytest.param(common(alertId=None), "no id", id="no id"),
        pytest.param(common(alertTargetIDs=None), "no resource", id="no targets"),
        pytest.param(common(alertTargetIDs=["x", 7]), "no resource", id="targets that are none"),
        pytest.param({"text": "help"}, "no form", id="a form of its own"),
        pytest.param({"data": {"essentials": None}}, "no form", id="essentials are null"),
        pytest.param({"specversion": "1.0"}, "CloudEvent", id="a cloud event"),
        pytest.param([], "Event Grid", id="an array"),
        pytest.param("alert", "JSON object", id="text"),
        pytest.param(None, "JSON object", id="null"),
        pytest.param({"status": "Activated", "context": {}}, "on what", id="an empty context"),
        pytest.param({"SearchQuery": "x"}, "no rule", id="a log alert without a rule"),
        pytest.param({"properties": {"essentials": {}}}, "on what", id="an empty item"),
        pytest.param({"data": {"context": {"activityLog": {}}}}, "activity", id="an old deed"),
    ],
)
def test_what_says_nothing_of_a_service_is_ignored_with_a_reason(payload: Any, why: str):
    found = interpret(payload)

    assert isinstance(found, Ignored)
    assert why in found.why


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_payload_as_azure_sends_it_is_taken_for_what_it_is(path: Path):
    kept = read(path)
    kind, found, expected = path.name.partition(".")[0], interpret(kept["body"]), kept["meta"]

    if any(kind == k or kind.startswith(f"{k}-") for k in TELL_NOTHING):
        assert isinstance(found, Ignored)
    elif kind == "malformed":
        assert isinstance(found, Ignored) == ("severity-unknown" not in path.name)
    elif any(kind == k or kind.startswith(f"{k}-") for k in TELL_OF_A_SERVICE):
        assert isinstance(found, Alert)
        assert found.rule
        said = expected.get("expect", {}).get("monitorCondition")
        assert said in (None, str(found.condition))
        identity = expected.get("expect", {}).get("alertId")
        assert found.alert_id == (None if identity is None else identity.lower())
    else:
        assert kind == "smart-detector"
        assert isinstance(found, Alert)


@pytest.mark.parametrize("path", [p for p in FILES if "resolved" in p.stem], ids=lambda p: p.stem)
def test_what_is_over_is_never_taken_for_fired(path: Path):
    found = interpret(read(path)["body"])

    assert isinstance(found, Ignored) or found.condition is Condition.RESOLVED


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(ALERT, ALERT, id="as azure writes it"),
        pytest.param(ALERT.lower(), ALERT, id="lower case"),
        pytest.param(
            ALERT.replace("/providers", "/resourceGroups/rg/providers", 1), ALERT, id="in a group"
        ),
        pytest.param(ALERT.replace("1111", "2222"), None, id="another subscription"),
        pytest.param(f"{ALERT}/history", None, id="something below"),
        pytest.param(f"/subscriptions/{SUBSCRIPTION}/../x", None, id="a way out"),
        pytest.param("https://example.com/", None, id="an address"),
    ],
)
def test_only_an_alert_of_our_subscription_is_asked_for(given: str, expected: str | None):
    assert listed.place(given, SUBSCRIPTION) == expected


def test_an_alert_is_the_same_wherever_it_is_listed():
    item = {"id": f"{APP}/providers/Microsoft.AlertsManagement/alerts/{NAME.upper()}"}

    assert listed.is_same(item, ALERT)
    assert not listed.is_same(item, ALERT.replace("0001", "0002"))
    assert not listed.is_same({}, ALERT)


def test_an_item_of_azures_list_is_read():
    found = listed.read_listed(an_item(alertRule=f"{APP}/metricAlerts/too%20many%20failures"))

    assert found == listed.Listed(
        rule="too many failures",
        condition=Condition.FIRED,
        resources=(APP.lower(),),
        fired_at=START,
    )
    assert listed.read_listed({"properties": {}}) is None


@pytest.mark.parametrize(
    ("items", "condition"),
    [
        pytest.param([an_item()], Condition.FIRED, id="its rule, at its time"),
        pytest.param([an_item(alertRule="another")], None, id="another rule"),
        pytest.param([an_item(startDateTime="2026-11-22T09:00:00Z")], None, id="another day"),
        pytest.param([an_item(startDateTime=None)], Condition.FIRED, id="no time to compare"),
        pytest.param(
            [
                an_item(),
                an_item(monitorCondition="Resolved", startDateTime="2026-11-23T09:30:00Z"),
            ],
            Condition.FIRED,
            id="one that still fires",
        ),
        pytest.param([], None, id="nothing"),
    ],
)
def test_an_alert_without_an_id_is_found_by_rule_and_time(
    items: list[dict[str, Any]], condition: Condition | None
):
    found = listed.find(an_alert(), items)

    assert (None if found is None else found.condition) == condition


@pytest.mark.parametrize(
    ("named", "is_about"),
    [
        pytest.param(APP.lower(), True, id="the app"),
        pytest.param(f"{APP}/revisions/rewards-api--v2".lower(), True, id="a revision of it"),
        pytest.param(f"{APP}-2".lower(), False, id="a name that begins alike"),
        pytest.param(APP.rsplit("/", 1)[0].lower(), False, id="what contains it"),
    ],
)
def test_an_alert_is_about_a_resource_or_a_part_of_it(named: str, is_about: bool):
    assert listed.is_about((named,), APP) is is_about


def validation(**given: Any) -> list[dict[str, Any]]:
    event = {
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6-c7b8"},
    }
    return [event | given]


ASKS = {"aeg-event-type": "SubscriptionValidation"}


def test_event_grid_gets_back_the_code_that_it_sent():
    assert handshake(ASKS, validation()) == "512d38b6-c7b8"


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        pytest.param({}, validation(), id="the header does not say so"),
        pytest.param(ASKS, validation(eventType="other"), id="the body does not say so"),
        pytest.param(ASKS, validation() * 2, id="two events"),
        pytest.param(ASKS, {}, id="no array"),
        pytest.param(ASKS, validation(data={"validationCode": "<script>"}), id="a strange code"),
        pytest.param(ASKS, validation(data=None), id="no code"),
    ],
)
def test_nothing_else_is_taken_for_that_question(headers: dict[str, str], payload: Any):
    assert handshake(headers, payload) is None


def test_cloud_events_are_let_in_from_event_grid_alone():
    assert allowed({"webhook-request-origin": "eventgrid.azure.net"}) == {
        "WebHook-Allowed-Origin": "eventgrid.azure.net",
        "WebHook-Allowed-Rate": "120",
        "Allow": "POST",
    }
    assert allowed({"webhook-request-origin": "eventgrid.azure.net.example"}) is None
    assert allowed({}) is None
