"""A look ahead at what was just deployed: nothing changes, whatever its providers add."""

import json
from pathlib import Path
from typing import Any

import pytest

from .deploying import ended, path, request, template
from .kit import Azure

PASSWORD = "Hunter2!hunter2"
TEMPLATE = json.loads(Path(__file__).with_name("many_types.json").read_text(encoding="utf-8"))


@pytest.fixture
def deployed(azure: Azure) -> Azure:
    azure.group()
    answer = azure.call("PUT", path(), _asked())
    assert answer.status_code == 201, answer.text
    found = ended(azure)
    assert found["provisioningState"] == "Succeeded", found["error"]
    return azure


def _asked(**more: Any) -> dict[str, Any]:
    return request(TEMPLATE, parameters={"password": {"value": PASSWORD}}, **more)


def _ahead(azure: Azure, body: dict[str, Any]) -> list[dict[str, Any]]:
    asked = azure.call("POST", f"{path()}/whatIf", body)
    azure.clock.advance(5)
    answer = azure.call("GET", asked.headers["location"], version="")
    changes: list[dict[str, Any]] = answer.json()["properties"]["changes"]
    return changes


def test_what_was_just_deployed_would_not_change(deployed: Azure) -> None:
    changes = _ahead(deployed, _asked())

    assert len(changes) == len(TEMPLATE["resources"])
    told = {one["resourceId"].rpartition("/")[2]: one.get("delta") for one in changes}
    assert {name: delta for name, delta in told.items() if delta} == {}
    assert {one["changeType"] for one in changes} == {"NoChange"}


def test_a_look_at_identifiers_alone_tells_no_bodies(deployed: Azure) -> None:
    settings = {"whatIfSettings": {"resultFormat": "ResourceIdOnly"}}

    changes = _ahead(deployed, _asked(**settings))

    assert {frozenset(one) for one in changes} == {frozenset({"resourceId", "changeType"})}
    assert {one["changeType"] for one in changes} == {"Deploy"}


def test_in_complete_mode_it_tells_what_goes(deployed: Azure) -> None:
    changes = _ahead(deployed, request(template(), mode="Complete"))

    assert {one["changeType"] for one in changes} == {"Delete"}
    assert all("before" in one and "after" not in one for one in changes)


def test_no_secret_is_told(deployed: Azure) -> None:
    changes = _ahead(deployed, request(template()))

    assert PASSWORD not in str(changes)
    environment = next(one for one in changes if one["resourceId"].endswith("/env"))
    told = environment["before"]["properties"]["appLogsConfiguration"]
    assert not told["logAnalyticsConfiguration"].get("sharedKey")
