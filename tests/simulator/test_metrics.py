"""Monitor metrics: samples that were posted, summed up by interval."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from .kit import Azure, an_account, code

INSIGHTS = "2018-01-01"
STORAGE = "2023-05-01"


@pytest.fixture
def account(azure: Azure) -> str:
    """Return a storage account: something that has metrics."""
    return an_account(azure, "stmetrics")


def post(
    azure: Azure, resource: str, metric: str, *points: tuple[int, float], **more: Any
) -> None:
    """Post samples, each so many minutes before now."""
    now = azure.clock.now()
    rows = [
        {"at": (now - timedelta(minutes=ago)).isoformat(), "value": value} for ago, value in points
    ]
    body = {"metric": metric, "resource": resource, "points": rows, **more}
    answer = azure.local("POST", "telemetry", body)
    assert answer.json() == {"accepted": len(points)}, answer.text


def ask(azure: Azure, resource: str, version: str = INSIGHTS, **query: str) -> requests.Response:
    """Ask for metrics."""
    path = f"{resource}/providers/Microsoft.Insights/metrics"
    return azure.call("GET", path, params=query, version=version)


def data(answer: requests.Response) -> list[dict[str, Any]]:
    """Return the points of the only series of the only metric."""
    assert answer.status_code == 200, answer.text
    (metric,) = answer.json()["value"]
    (series,) = metric["timeseries"]
    found: list[dict[str, Any]] = series["data"]
    return found


def test_samples_are_summed_up_by_interval(azure: Azure, account: str) -> None:
    post(azure, account, "Transactions", (14, 4), (12, 6), (3, 1))

    answer = ask(
        azure,
        account,
        metricnames="Transactions",
        timespan="PT15M",
        interval="PT5M",
        aggregation="average,total,count,minimum,maximum",
    )

    assert data(answer) == [
        {
            "timeStamp": "2026-11-23T08:45:00Z",
            "average": 5.0,
            "total": 10.0,
            "count": 2,
            "minimum": 4.0,
            "maximum": 6.0,
        },
        {"timeStamp": "2026-11-23T08:50:00Z"},
        {
            "timeStamp": "2026-11-23T08:55:00Z",
            "average": 1.0,
            "total": 1.0,
            "count": 1,
            "minimum": 1.0,
            "maximum": 1.0,
        },
    ]
    body = answer.json()
    assert body["timespan"] == "2026-11-23T08:45:00Z/2026-11-23T09:00:00Z"
    assert (body["cost"], body["interval"]) == (2, "PT5M")
    assert body["namespace"] == "Microsoft.Storage/storageAccounts"
    assert body["resourceregion"] == "westeurope"
    assert body["value"][0]["unit"] == "Count"
    assert body["value"][0]["name"] == {"value": "Transactions", "localizedValue": "Transactions"}


def test_without_an_aggregation_the_usual_one_is_answered(azure: Azure, account: str) -> None:
    post(azure, account, "Transactions", (1, 4), (1, 6))

    points = data(ask(azure, account, metricnames="transactions", interval="FULL"))

    assert points == [{"timeStamp": "2026-11-23T08:00:00Z", "total": 10.0}]


def test_a_metric_without_samples_has_no_series(azure: Azure, account: str) -> None:
    answer = ask(azure, account, metricnames="Ingress,Egress", timespan="P1D")

    assert [metric["timeseries"] for metric in answer.json()["value"]] == [[], []]


def test_an_unknown_metric_is_refused_with_those_there_are(azure: Azure, account: str) -> None:
    answer = ask(azure, account, metricnames="Nope")

    assert code(answer) == (400, "BadRequest")
    assert "Valid metrics: Availability,Egress" in answer.json()["error"]["message"]


def test_a_metric_that_was_posted_is_known_from_then_on(azure: Azure, account: str) -> None:
    post(azure, account, "GeoReplicationLag", (1, 42.5))

    assert data(ask(azure, account, metricnames="GeoReplicationLag"))[-1]["average"] == 42.5


def test_a_filter_picks_or_splits_dimensions(azure: Azure, account: str) -> None:
    for name, value in (("GetBlob", 1), ("PutBlob", 2)):
        post(azure, account, "Transactions", (1, value), dimensions={"ApiName": name})
    wanted = {"metricnames": "Transactions", "interval": "FULL"}

    picked = ask(azure, account, **wanted, **{"$filter": "ApiName eq 'PutBlob'"})
    either = ask(azure, account, **wanted, **{"$filter": "ApiName eq 'a' or ApiName eq 'GetBlob'"})
    split = ask(azure, account, **wanted, **{"$filter": "ApiName eq '*'"})

    assert data(picked)[0]["total"] == 2
    assert data(either)[0]["total"] == 1
    series = split.json()["value"][0]["timeseries"]
    assert [one["metadatavalues"][0]["value"] for one in series] == ["GetBlob", "PutBlob"]
    assert [one["data"][0]["total"] for one in series] == [1, 2]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param({"interval": "PT2M"}, "time grain", id="grain"),
        pytest.param({"aggregation": "median"}, "aggregation", id="aggregation"),
        pytest.param({"timespan": "yesterday"}, "timespan", id="span"),
        pytest.param({"$filter": "ApiName like 'x'"}, "$filter", id="filter"),
        pytest.param({"metricnamespace": "Microsoft.Web/sites"}, "namespace", id="namespace"),
    ],
)
def test_what_azure_refuses_is_refused(
    azure: Azure, account: str, query: dict[str, str], told: str
) -> None:
    answer = ask(azure, account, metricnames="Transactions", **query)

    assert code(answer) == (400, "BadRequest")
    assert told in answer.json()["error"]["message"]


def test_metrics_are_of_resources_that_exist_in_versions_that_do(
    azure: Azure, account: str
) -> None:
    assert code(ask(azure, account + "x")) == (404, "ResourceNotFound")
    assert code(ask(azure, account, version="2001-01-01")) == (400, "NoRegisteredProviderFound")
    assert ask(azure, account, version="2023-10-01").status_code == 200


def test_the_definitions_tell_which_metrics_there_are(azure: Azure, account: str) -> None:
    path = f"{account}/providers/microsoft.insights/metricDefinitions"

    rows = azure.call("GET", path, version=INSIGHTS).json()["value"]

    assert {row["name"]["value"]: row["unit"] for row in rows}["Transactions"] == "Count"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"resource": "/nowhere"}, "resource", id="no resource"),
        pytest.param({"points": [{"at": "now", "value": 1}]}, "points[0].at", id="no instant"),
        pytest.param(
            {"points": [{"at": "2026-01-01T00:00:00Z", "value": "1"}]},
            "points[0].value",
            id="no number",
        ),
        pytest.param({"points": [{"value": 1}]}, "points[0]", id="no time"),
        pytest.param({"unit": "Count"}, "unit", id="unknown field"),
    ],
)
def test_bad_samples_are_refused_by_name(
    azure: Azure, account: str, change: dict[str, Any], field: str
) -> None:
    body = {"metric": "Transactions", "resource": account, "points": [], **change}

    answer = azure.local("POST", "telemetry", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == field


def test_a_definition_tells_what_a_metric_is(azure: Azure, account: str) -> None:
    path = f"{account}/providers/Microsoft.Insights/metricDefinitions"

    found = {one["name"]["value"]: one for one in azure.get(path, INSIGHTS)["value"]}

    assert found["UsedCapacity"]["category"] == "Capacity"
    assert "dimensions" not in found["UsedCapacity"]
    split = [one["value"] for one in found["Transactions"]["dimensions"]]
    assert split == ["ResponseType", "GeoType", "ApiName", "Authentication"]
    assert all(one["displayDescription"] for one in found.values())


def test_a_preview_defines_metrics_without_aggregations(azure: Azure, account: str) -> None:
    path = f"{account}/providers/Microsoft.Insights/metricDefinitions"

    first, *_ = azure.get(path, "2017-05-01-preview")["value"]

    assert not {"namespace", "supportedAggregationTypes", "displayDescription"} & set(first)
