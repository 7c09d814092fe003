"""What is asked of Log Analytics: run for real by an engine that knows the language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import duckdb_kql
import pytest

from provisioning.errors import TerminalError
from provisioning.releases import telemetry
from tests.builders import START

BASELINE, CANARY = "rewards-api--v1", "rewards-api--v10"


def ask(rows: list[tuple[Any, ...]], **given: str) -> list[dict[str, Any]]:
    """Return what the query answers over these requests."""
    words = {
        "baseline": BASELINE,
        "canary": CANARY,
        "baseline_version": "v1",
        "canary_version": "v10",
    }
    connection = duckdb.connect()
    connection.execute(
        "create table AppRequests (TimeGenerated timestamp, AppRoleName varchar, "
        "AppRoleInstance varchar, AppVersion varchar, Success boolean, ItemCount integer)"
    )
    connection.executemany("insert into AppRequests values (?, ?, ?, ?, ?, ?)", rows)
    text = telemetry.query("rewards-api", **(words | given))
    found = duckdb_kql.query(connection, text)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def a_request(**given: Any) -> tuple[Any, ...]:
    usual = {
        "at": START.replace(tzinfo=None),
        "role": "rewards-api",
        "instance": "",
        "version": "",
        "success": True,
        "count": 1,
    }
    return tuple((usual | given).values())


def test_requests_and_failures_are_counted_with_sampling_undone():
    rows = ask(
        [
            a_request(instance=f"{CANARY}-5d8f-x2", count=5),
            a_request(instance=f"{CANARY}-5d8f-x2", count=5, success=False),
            a_request(version="v1", at=(START + timedelta(minutes=1)).replace(tzinfo=None)),
        ]
    )

    canary = telemetry.arm(telemetry.CANARY, CANARY, rows)
    baseline = telemetry.arm(telemetry.BASELINE, BASELINE, rows)
    assert (canary.requests, canary.failures, canary.rows) == (10, 5, 2)
    assert (baseline.requests, baseline.failures, baseline.rows) == (1, 0, 1)
    assert canary.newest == START
    assert baseline.newest == START + timedelta(minutes=1)


def test_a_revision_whose_name_begins_with_anothers_is_not_taken_for_it():
    rows = ask([a_request(instance=f"{CANARY}-abc"), a_request(instance=f"{BASELINE}00-abc")])

    assert telemetry.arm(telemetry.CANARY, CANARY, rows).rows == 1
    assert telemetry.arm(telemetry.BASELINE, BASELINE, rows).rows == 0


def test_the_replica_that_served_decides_before_the_version_it_reports():
    rows = ask([a_request(instance=f"{BASELINE}-abc", version="v10")])

    assert telemetry.arm(telemetry.BASELINE, BASELINE, rows).rows == 1


def test_two_revisions_of_one_version_are_told_apart_by_their_replicas_alone():
    same = [a_request(version="v10"), a_request(instance=f"{CANARY}-abc", version="v10")]

    rows = ask(same, baseline_version="v10")

    assert [row["Records"] for row in rows] == [1]


def test_other_services_do_not_count():
    assert ask([a_request(role="settlement", version="v10")]) == []


def test_an_arm_without_a_row_served_nothing():
    arm = telemetry.arm(telemetry.CANARY, CANARY, [])

    assert (arm.requests, arm.rows, arm.newest) == (0, 0, None)


@pytest.mark.parametrize(
    "newest",
    [
        pytest.param("2026-11-23T09:00:00Z", id="text"),
        pytest.param(datetime(2026, 11, 23, 9, 0, tzinfo=UTC), id="an instant"),
    ],
)
def test_an_instant_is_read_in_any_form(newest: Any):
    arm = telemetry.arm(telemetry.CANARY, CANARY, [{"Arm": "canary", "Newest": newest}])

    assert arm.newest == START


def test_a_baseline_whose_version_nobody_knows_is_told_by_its_replicas():
    rows = ask([a_request(instance=f"{BASELINE}-abc"), a_request(version="")], baseline_version="")

    assert [row["Records"] for row in rows] == [1]


def test_an_instant_in_no_known_form_is_none():
    arm = telemetry.arm(telemetry.CANARY, CANARY, [{"Arm": "canary", "Newest": 7}])

    assert arm.newest is None


@pytest.mark.parametrize(
    "text",
    ["v1' or 1 == 1", "v1\\", 'v1"', "v1\n| take 1", "", "v" * 129, "v1;drop", "-v1", "é"],
)
def test_what_is_not_harmless_does_not_get_into_a_query(text: str):
    with pytest.raises(TerminalError) as refused:
        telemetry.literal(text)

    assert refused.value.code == "text_unsafe"
