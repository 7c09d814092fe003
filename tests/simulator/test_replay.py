"""The simulator agrees with recordings of the real Azure, of the types that it has."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.agreement.__main__ import USUAL as CORPUS
from local.agreement.__main__ import main, recordings, told
from local.agreement.playing import Outcome, is_bodiless, play
from local.azure.ids import parse
from local.azure.types import TABLE

FOLDERS = {
    "containerinstance": ("*", 0.8),
    "resources": ("[rst][gau][-gb]*", 0.85),
    "managedidentity": ("*", 0.9),
    "locks": ("*", 0.99),
    "postgresflex": ("*", 0.6),
    "sql": ("*", 0.75),
    "storage": ("*", 0.8),
    "trafficmanager": ("*", 0.85),
    "applicationgateway": ("*", 0.8),
    "monitor": ("component*", 0.99),
    "network": ("[sv][un]*", 0.7),
    "loganalytics": ("workspace-*", 0.99),
}
_MODES = {None, "Default", "Create", "Update", "Secondary"}  # restores are not played
_OWN = "Microsoft.Resources"
_needs_recordings = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the recordings are not at {CORPUS}"
)


@_needs_recordings
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_recorded_operations_go_as_recorded(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, least = FOLDERS[folder]

    files = [p for p in sorted((CORPUS / folder).glob(f"{pattern}.json")) if _is_spoken(p)]
    played = [play(path) for path in files]

    share = sum(outcome.whole for outcome in played) / len(played)
    with capsys.disabled():
        print(f"\n{folder}: {share:.0%} of {len(played)} recorded operations agree")
    assert share >= least, "\n".join(f"{o.name}: {fault}" for o in played for fault in o.faults)


def _is_spoken(path: Path) -> bool:
    """Tell whether the table has the type, the version and the action that a recording names."""
    exchanges = json.loads(path.read_text())["exchanges"]
    if any(is_bodiless(exchange["request"]) for exchange in exchanges):
        return False
    request = exchanges[0]["request"]
    target, _ = parse(request["path"])
    mode = ((request.get("body") or {}).get("properties") or {}).get("createMode")
    if mode not in _MODES:
        return False
    if not target.providers or not target.last.types or target.last.namespace == _OWN:
        return True
    last = target.last
    if last.types[0].lower() == "locations":
        return TABLE.location_call(last.namespace, last.types[-1]) is not None
    depth = len(last.types)
    while depth and TABLE.find("/".join((last.namespace, *last.types[:depth]))) is None:
        depth -= 1
    row = TABLE.find("/".join((last.namespace, *last.types[:depth]))) if depth else None
    version = (request.get("query") or {}).get("api-version")
    if row is None or version not in row.versions:
        return row is None and last.namespace.lower() == _OWN.lower()
    action = (request["method"], "/".join(last.types[depth:]).lower())
    return depth == len(last.types) or action in row.actions


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
