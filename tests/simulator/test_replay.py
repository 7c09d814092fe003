"""The simulated Azure agrees with recordings of the real one."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.agreement import durations
from local.agreement.__main__ import USUAL as CORPUS
from local.agreement.__main__ import main, recordings, told
from local.agreement.playing import Outcome, play

# The least share of a folder that agrees: raise it when a type gets better.
FLOORS: dict[str, float] = {
    "applicationgateway": 1.0,
    "appservice": 1.0,
    "backup": 0.33,
    "compute": 0.90,
    "containerapps": 0.96,
    "containerinstance": 0.77,
    "cosmosdb": 0.97,
    "deployments": 0.89,
    "deploymentstacks": 1.00,
    "dns": 0.98,
    "errors": 0.51,
    "frontdoor": 1.00,
    "functionapps": 1.00,
    "keyvault": 0.94,
    "locks": 1.00,
    "loganalytics": 0.80,
    "managedidentity": 1.0,
    "monitor": 0.93,
    "network": 1.0,
    "postgresflex": 0.95,
    "quota": 1.00,
    "redis": 1.00,
    "resources": 0.93,
    "scenarios": 0.59,
    "sql": 0.98,
    "storage": 0.96,
    "trafficmanager": 0.96,
}

_needs_recordings = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the recordings are not at {CORPUS}"
)


@_needs_recordings
@pytest.mark.parametrize("folder", sorted(FLOORS))
def test_recorded_operations_go_as_recorded(folder: str) -> None:
    outcomes = [play(path) for path in sorted((CORPUS / folder).glob("*.json"))]

    share = sum(outcome.whole for outcome in outcomes) / len(outcomes)

    faults = "\n".join(f"{o.name}: {fault}" for o in outcomes for fault in o.faults)
    assert share >= FLOORS[folder], faults


@_needs_recordings
def test_what_work_takes_is_what_recordings_tell() -> None:
    found = durations.recorded(recordings(CORPUS))

    assert len(found) > 50
    assert durations.apart(found) == {}


# The report


def _recording(**given: Any) -> dict[str, Any]:
    group = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/one"
    body: dict[str, Any] = {
        "id": group,
        "name": "one",
        "type": "Microsoft.Resources/resourceGroups",
    }
    body |= {"location": "westeurope", "properties": {"provisioningState": "Succeeded"}}
    exchange: dict[str, Any] = {
        "request": {"method": "GET", "path": group, "query": {"api-version": "2021-04-01"}},
        "response": {"status": 200, "headers": {}, "body": body},
    }
    exchange["response"] |= given
    return {"operation": "group/get", "recorder": {"id": "aso26"}, "exchanges": [exchange]}


def _played(folder: Path, **given: Any) -> Outcome:
    place = folder / "groups"
    place.mkdir(exist_ok=True)
    file = place / "get-1.json"
    file.write_text(json.dumps(_recording(**given)))
    (found,) = recordings(folder)
    return play(found)


def test_a_recording_that_agrees_counts(tmp_path: Path) -> None:
    outcome = _played(tmp_path)

    assert outcome.faults == []
    assert told([outcome])[-1] == " 100%  all (1 of 1)"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"status": 201}, "200, not 201"),
        ({"body": {"id": "x"}}, "has ['.location'"),
        ({"headers": {"Location": "x"}}, "lacks the header location"),
        ({"headers": {"Retry-After": "1"}}, "lacks the header retry-after"),
    ],
)
def test_what_does_not_agree_says_how(tmp_path: Path, given: Any, fault: str) -> None:
    outcome = _played(tmp_path, **given)

    assert fault in outcome.faults[0]
    assert any(fault in line for line in told([outcome]))


def test_the_kinds_of_values_count(tmp_path: Path) -> None:
    body: Any = _recording()["exchanges"][0]["response"]["body"] | {"name": 7}

    assert ".name is text, not number" in _played(tmp_path, body=body).faults[0]


def test_a_folder_without_recordings_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["agreement", str(tmp_path)])

    assert main() == 2
    assert "CORPUS=" in capsys.readouterr().err
