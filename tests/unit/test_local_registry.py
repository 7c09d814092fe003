"""The registry of the stack: as strict as the spec, and as those that are in use."""

from typing import Any

import httpx
import pytest

from local.registry import shelf
from local.registry.gate import Rules, Way
from local.registry.server import running

NAME = "tesoro/rewards-api"
TAG = "c" * 40
MANIFEST = f"/v2/{NAME}/manifests/{TAG}"
DIGEST = "sha256:" + "d" * 64
SERVICE = {"service": "127.0.0.1"}
PULL = {**SERVICE, "scope": f"repository:{NAME}:pull"}


@pytest.mark.parametrize(
    ("path", "accept", "status", "code"),
    [
        (f"/v2/{NAME}/manifests/{TAG}", "*/*", 200, None),
        (f"/v2/{NAME}/manifests/{TAG}", f"text/html, {shelf.OCI_MANIFEST};q=0.5", 200, None),
        (f"/v2/{NAME}/manifests/{TAG}", shelf.OCI_INDEX, 404, "MANIFEST_UNKNOWN"),
        (f"/v2/{NAME}/manifests/none", "*/*", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/{NAME}/manifests/{DIGEST}", "*/*", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/{NAME}/manifests/sha256:1", "*/*", 400, "DIGEST_INVALID"),
        ("/v2/tesoro/none/manifests/1", "*/*", 404, "NAME_UNKNOWN"),
        ("/v2/Tesoro/manifests/1", "*/*", 400, "NAME_INVALID"),
    ],
)
def test_it_answers_as_the_spec_says(path: str, accept: str, status: int, code: str | None):
    with running(Rules(way=Way.NONE)) as there:
        there.push(NAME, TAG)

        answer = httpx.get(there.url + path, headers={"accept": accept})
        told = answer.json().get("errors", [{"code": None}])[0]["code"]

        assert (answer.status_code, told) == (status, code)


def test_it_shows_by_digest_what_no_tag_names_any_more():
    with running(Rules(way=Way.NONE)) as there:
        pushed = there.push(NAME, TAG)
        there.door.shelf.remove(NAME, TAG)

        answer = httpx.get(f"{there.url}/v2/{NAME}/manifests/{pushed}")

        assert answer.headers["docker-content-digest"] == shelf.digest_of(answer.content) == pushed


def test_its_tokens_are_for_one_repository():
    with running() as there:
        there.push(NAME, TAG)
        other = {**SERVICE, "scope": "repository:tesoro/other:pull"}
        token = httpx.get(f"{there.url}/token", params=other).json()["token"]

        answer = httpx.get(there.url + MANIFEST, headers={"authorization": f"Bearer {token}"})

        assert answer.status_code == 401
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_its_tokens_end():
    seconds = [0.0]
    with running(Rules(lasts=60), clock=lambda: seconds[0]) as there:
        there.push(NAME, TAG)
        token = httpx.get(f"{there.url}/token", params=PULL).json()["token"]
        shown = {"authorization": f"Bearer {token}"}

        before = httpx.get(there.url + MANIFEST, headers=shown)
        seconds[0] = 60.0
        after = httpx.get(there.url + MANIFEST, headers=shown)

        assert (before.status_code, after.status_code) == (200, 401)
        assert 'error="invalid_token"' in after.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param({**PULL, "scope": f"{PULL['scope']},push"}, 403, id="more than pull"),
        pytest.param(SERVICE, 400, id="no scope"),
        pytest.param({"scope": PULL["scope"]}, 400, id="no service"),
    ],
)
def test_it_gives_no_token_for_anything_else(asked: dict[str, str], status: int):
    with running() as there:
        assert httpx.get(f"{there.url}/token", params=asked).status_code == status


@pytest.mark.parametrize("proof", ["Basic aW5lczp4", "Basic ?", "Basic", "Bearer abc"])
def test_it_gives_no_token_for_a_wrong_login(proof: str):
    with running(Rules(logins={"ines": "word"})) as there:
        answer = httpx.get(f"{there.url}/token", params=PULL, headers={"authorization": proof})

        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("exchange", {**SERVICE, "grant_type": "access_token", "access_token": "wrong"}, 401),
        ("exchange", {**SERVICE, "grant_type": "password", "access_token": "right"}, 400),
        ("exchange", {"grant_type": "access_token", "access_token": "right"}, 400),
        ("token", {**PULL, "grant_type": "refresh_token", "refresh_token": "right"}, 401),
        ("token", {**PULL, "grant_type": "refresh_token"}, 401),
    ],
)
def test_azures_exchange_is_as_strict(path: str, form: dict[str, str], status: int):
    with running(Rules(way=Way.AZURE, entra={"right"})) as there:
        answer = httpx.post(f"{there.url}/oauth2/{path}", data=form)

        assert answer.status_code == status


def test_what_it_does_not_simulate_it_says_loudly(capfd: pytest.CaptureFixture[str]):
    with running() as there:
        assert httpx.get(f"{there.url}/v2/_catalog").status_code == 404
        assert httpx.post(f"{there.url}/oauth2/exchange").status_code == 404

    assert "not simulated: ('GET', '/v2/_catalog')" in capfd.readouterr().err


def test_it_is_steered_by_http_too():
    with running(Rules(way=Way.NONE)) as there:
        tags = httpx.put(f"{there.url}/_local/tags", json=[{"repository": NAME, "tag": TAG}])
        httpx.post(f"{there.url}/_local/faults", json={"status": 429, "path": "/v2/"})

        first, second = (httpx.head(there.url + MANIFEST) for _ in range(2))

        assert first.status_code == 429
        assert second.headers["docker-content-digest"] == tags.json()[0]["digest"]
        assert len(httpx.get(f"{there.url}/_local/requests").json()) == 2


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("PUT tags", [{"repository": "A", "tag": "1"}]),
        ("PUT tags", [{"repository": "a", "tag": "-"}]),
        ("PUT tags", [{"repository": "a", "tag": "1", "media_type": "text/html"}]),
        ("PUT tags", [{"repository": "a", "tag": "1", "name": "b"}]),
        ("PUT tags", ["a"]),
        ("POST faults", {"status": "429"}),
        ("POST faults", {"state": 429}),
    ],
)
def test_it_takes_no_order_that_means_nothing(place: str, body: Any):
    method, _, path = place.partition(" ")
    with running() as there:
        assert httpx.request(method, f"{there.url}/_local/{path}", json=body).status_code == 400
