"""The door for alerts on the real host: whose key opens it, and what comes of what Azure sends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.outside import Stack, stack

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "azure-alerts"
FILES = [p for folder in ("payloads", "derived") for p in sorted((CORPUS / folder).glob("*.json"))]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return one stack for all of them."""
    with stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


def send(running: Stack, method: str, key: str | None, **given: Any) -> httpx.Response:
    query = {} if key is None else {"code": key}
    url = f"{running.ready['app']}/api/alerts"
    return running.http.request(method, url, params=query, **given)


def test_only_the_functions_own_key_opens_the_door(running: Stack) -> None:
    key = running.ready["alerts_key"]
    body = {"text": "help"}

    answers = [send(running, "POST", k, json=body) for k in (None, "wrong", key)]

    assert [a.status_code for a in answers] == [401, 401, 202]
    assert answers[2].json()["ignored"] == "it is in no form that Azure Monitor sends"


def test_the_key_shows_nobody_what_came_in(running: Stack) -> None:
    assert send(running, "GET", running.ready["alerts_key"]).status_code == 401


def test_what_is_too_large_or_broken_is_refused_for_good(running: Stack) -> None:
    key = running.ready["alerts_key"]

    answers = [send(running, "POST", key, content=c) for c in (b" " * 262_145, b"{", b"")]

    assert [a.status_code for a in answers] == [413, 400, 400]


@pytest.mark.skipif(not FILES, reason="Azure's own payloads lie elsewhere")
def test_everything_that_azure_sends_is_taken_and_kept(running: Stack) -> None:
    key = running.ready["alerts_key"]
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]

    answers = [
        send(
            running,
            one["method"],
            key,
            headers={n: v for n, v in one["headers"].items() if n not in ("Expect", "Host")},
            content=b"" if one["body"] is None else json.dumps(one["body"]).encode(),
        )
        for one in kept
    ]

    said = {p.stem: a.status_code for p, a in zip(FILES, answers, strict=True)}
    handshakes = {name for name, status in said.items() if status == 200}
    assert set(said.values()) == {200, 202}
    assert handshakes == {n for n in said if "handshake" in n}
    listed = running.api("alerts")["value"]
    assert {a["id"] for a in listed} >= {
        a.json()["alert"] for a in answers if a.status_code == 202
    }
    assert all(a["reason"] for a in listed if a["state"] != "accepted")
