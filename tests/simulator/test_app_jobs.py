"""Jobs of container apps: started, stopped, and run to their end."""

import pytest

from .kit import Azure, code

VERSION = "2025-01-01"


@pytest.fixture
def job(azure: Azure) -> str:
    """Return a job with one container."""
    path = f"{azure.group()}/providers/Microsoft.App/jobs/nightly"
    container = {"name": "main", "image": "example.org/nightly:1"}
    properties = {"template": {"containers": [container]}}
    row = {"id": path, "type": "Microsoft.App/jobs", "location": "westeurope"}
    assert azure.local("PUT", "resources", [{**row, "properties": properties}]).status_code == 200
    return path


def test_a_start_makes_an_execution_that_runs_and_ends(azure: Azure, job: str) -> None:
    begun = azure.call("POST", f"{job}/start", version=VERSION)

    assert begun.status_code == 200, begun.text
    path = begun.json()["id"]
    assert path.startswith(f"{job}/executions/nightly-")
    running = azure.call("GET", path, version=VERSION).json()["properties"]
    assert running["status"] == "Running"
    assert running["template"]["containers"][0]["image"] == "example.org/nightly:1"
    assert running["template"]["initContainers"] == []

    azure.clock.advance(61)
    ended = azure.call("GET", path, version=VERSION).json()["properties"]
    assert ended["status"] == "Succeeded"
    assert ended["endTime"] > ended["startTime"]


def test_a_start_may_bring_its_own_template(azure: Azure, job: str) -> None:
    other = {"containers": [{"name": "other", "image": "example.org/other:2"}]}

    begun = azure.call("POST", f"{job}/start", other, version=VERSION)

    shown = azure.call("GET", begun.json()["id"], version=VERSION).json()["properties"]
    assert [one["name"] for one in shown["template"]["containers"]] == ["other"]


def test_executions_are_stopped_one_or_all(azure: Azure, job: str) -> None:
    first, second, third = (
        azure.call("POST", f"{job}/start", version=VERSION).json()["name"] for _ in range(3)
    )

    one = azure.call("POST", f"{job}/stop/{first}", version=VERSION)
    rest = azure.call("POST", f"{job}/stop", version=VERSION)

    assert (one.status_code, one.content) == (200, b"")
    assert {row["name"] for row in rest.json()["value"]} == {second, third}
    listed = azure.call("GET", f"{job}/executions", version=VERSION).json()["value"]
    assert {row["properties"]["status"] for row in listed} == {"Stopped"}


def test_what_was_never_started_cannot_be_stopped(azure: Azure, job: str) -> None:
    answer = azure.call("POST", f"{job}/stop/nightly-0000000", version=VERSION)

    assert code(answer) == (404, "JobExecutionNotFound")
