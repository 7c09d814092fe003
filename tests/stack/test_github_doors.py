"""Who may call the simulated GitHub, and how it refuses."""

import time

import httpx
import pytest

from .hub import REPOSITORY, SHA


def test_the_app_proves_itself_and_finds_its_installation(hub):
    app = hub.as_app("GET", "/app").json()
    installed = hub.as_app("GET", f"{REPOSITORY}/installation").json()
    listed = hub.as_app("GET", "/app/installations").json()

    assert str(app["id"]) == hub.stack.github_app_id
    assert [one["id"] for one in listed] == [installed["id"]]


@pytest.mark.parametrize(
    ("claims", "status", "why"),
    [
        pytest.param({"exp": 3600}, 401, "too far", id="an hour long"),
        pytest.param({"exp": -3600}, 401, "past", id="expired"),
        pytest.param({"exp": None}, 401, "exp", id="without end"),
        pytest.param({"iat": 300}, 401, "iat", id="from the future"),
        pytest.param({"iat": None}, 401, "iat", id="without start"),
        pytest.param({"iss": "1"}, 404, "Integration", id="another app's"),
    ],
)
def test_a_proof_that_github_would_refuse_is_refused(hub, claims, status, why):
    # Instants are given in seconds from now: from when tests are collected, 300 may be long ago.
    said = {n: v + int(time.time()) if isinstance(v, int) else v for n, v in claims.items()}

    answer = hub.call("GET", "/app", token=hub.proof(**said))

    assert answer.status_code == status
    assert why in answer.json()["message"]
    assert answer.json()["documentation_url"]


def test_a_proof_signed_with_another_key_is_refused(hub):
    assert hub.call("GET", "/app", token=hub.forged()).status_code == 401


def test_an_installation_token_is_no_proof_and_a_proof_is_no_token(hub):
    assert hub.call("GET", "/app", token=hub.token()).status_code == 401
    assert hub.as_app("GET", REPOSITORY).status_code == 401


def test_an_installation_token_is_long_and_lives_an_hour(hub):
    installed = hub.as_app("GET", f"{REPOSITORY}/installation").json()

    made = hub.as_app("POST", f"/app/installations/{installed['id']}/access_tokens", json={})

    assert made.status_code == 201
    assert made.json()["token"].startswith(f"ghs_{hub.stack.github_app_id}_")
    assert len(made.json()["token"]) > 100
    assert made.json()["permissions"]["deployments"] == "write"


def test_a_token_of_an_installation_that_is_not_there_is_not_given(hub):
    assert hub.as_app("POST", "/app/installations/5/access_tokens", json={}).status_code == 404


def test_a_narrowed_token_opens_only_what_it_names(hub):
    hub.put("installations", [{"id": 77, "full_name": "tesoro/members-web"}])
    token = hub.token(repositories=["members-web"], permissions={"deployments": "read"})

    assert hub.call("GET", "/repositories/77", token=token).json()["name"] == "members-web"
    assert hub.call("GET", REPOSITORY, token=token).status_code == 404
    here = "/repos/tesoro/members-web"
    assert hub.call("GET", f"{here}/deployments", token=token).status_code == 200
    refused = hub.call("POST", f"{here}/deployments", token=token, json={"ref": SHA})
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"


@pytest.mark.parametrize(
    "asked",
    [
        {"permissions": {"administration": "write"}},
        {"permissions": {"actions": "write"}},
        {"permissions": {"deployments": "everything"}},
        {"repositories": ["nothing-of-mine"]},
        {"repository_ids": [1]},
        {"repositories": "rewards-api"},
    ],
)
def test_a_token_wider_than_the_installation_is_not_given(hub, asked):
    installed = hub.as_app("GET", f"{REPOSITORY}/installation").json()

    made = hub.as_app("POST", f"/app/installations/{installed['id']}/access_tokens", json=asked)

    assert made.status_code == 422


def test_a_repository_without_the_app_is_not_there(hub):
    hub.put("pulls", [{"number": 1, "base": {"repo": {"id": 5, "full_name": "other/thing"}}}])

    assert hub.call("GET", "/repos/other/thing", token=hub.token()).status_code == 404
    assert hub.as_app("GET", "/repos/other/thing/installation").status_code == 404


def test_without_a_token_reading_is_404_and_writing_401(hub):
    assert hub.client.get(REPOSITORY).status_code == 404
    assert hub.client.post(f"{REPOSITORY}/deployments", json={"ref": SHA}).status_code == 401
    assert hub.call("GET", REPOSITORY, token="ghs_1_forged").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"user-agent": ""}, 403, id="no user agent"),
        pytest.param({"x-github-api-version": "2019-01-01"}, 400, id="no such version"),
        pytest.param({"x-github-api-version": "2026-03-10"}, 200, id="the newest version"),
        pytest.param({"x-github-api-version": "2022-11-28"}, 200, id="the older version"),
        pytest.param({"accept": "text/html"}, 415, id="not json"),
        pytest.param({"accept": "application/vnd.github+json"}, 200, id="github's own json"),
    ],
)
def test_manners_are_minded(hub, headers, status):
    assert hub.call("GET", REPOSITORY, token=hub.token(), headers=headers).status_code == status


def test_names_are_found_in_any_case_and_by_id(hub):
    token = hub.token()

    for path in ("/repos/Tesoro/Rewards-API", "/repositories/1296269"):
        assert hub.call("GET", path, token=token).json()["full_name"] == "tesoro/rewards-api"
    assert hub.call("GET", "/repos/tesoro/nothing", token=token).status_code == 404
    assert hub.call("GET", f"{REPOSITORY}/wiki", token=token).status_code == 404


def test_every_answer_tells_the_limits(hub):
    token = hub.token()

    first, second = (hub.call("GET", REPOSITORY, token=token).headers for _ in range(2))

    assert int(first["x-ratelimit-remaining"]) == int(second["x-ratelimit-remaining"]) + 1
    assert int(first["x-ratelimit-reset"]) > time.time()


def test_a_body_that_does_not_parse_is_refused(hub):
    answer = hub.call("POST", f"{REPOSITORY}/deployments", token=hub.token(), content=b"{")

    assert answer.status_code == 400
    assert answer.json()["message"] == "Problems parsing JSON"


def test_a_fault_answers_in_place_of_github_as_often_as_ordered(hub):
    token = hub.token()
    match = {"method": "get", "path": "REWARDS-api$"}
    order = {"match": match, "status": 403, "headers": {"Retry-After": "60"}, "times": 2}
    assert hub.client.post("/_local/faults", json=order).status_code == 201

    answers = [hub.call("GET", REPOSITORY, token=token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [403, 403, 200]
    assert answers[0].headers["retry-after"] == "60"
    assert "secondary rate limit" in answers[0].json()["message"]


@pytest.mark.parametrize(("drop", "made"), [("before", 0), ("after", 1)])
def test_a_cut_connection_does_the_work_or_not(hub, drop, made):
    token = hub.token()
    hub.client.post("/_local/faults", json={"match": {"path": "deployments$"}, "drop": drop})
    body = {"ref": SHA, "auto_merge": False, "required_contexts": []}

    with pytest.raises(httpx.TransportError):
        hub.call("POST", f"{REPOSITORY}/deployments", token=token, json=body)

    found = hub.call("GET", f"{REPOSITORY}/deployments", token=token).json()
    assert len(found) == made
    noted = [one for one in hub.client.get("/_local/requests").json() if one["method"] == "POST"]
    assert noted[-1]["status"] == (None if drop == "before" else 201)


def test_a_fault_never_meets_the_steering(hub):
    hub.client.post("/_local/faults", json={"status": 500, "times": 9})

    assert hub.client.get("/_local/pulls").status_code == 200
    assert hub.client.delete("/_local/faults").status_code == 204
    assert hub.call("GET", REPOSITORY, token=hub.token()).status_code == 200


def test_a_fault_that_could_do_nothing_is_refused_with_every_reason(hub):
    order = {"match": {"path": "("}, "drop": "maybe", "times": 0}

    answer = hub.client.post("/_local/faults", json=order)

    assert answer.status_code == 400
    for name in ("match.path", "drop", "times"):
        assert name in answer.json()["message"]


def test_what_the_app_sent_is_listed_without_its_tokens(hub):
    token = hub.token()
    hub.client.delete("/_local/requests")

    hub.call("POST", f"{REPOSITORY}/deployments?x=1", token=token, json={"ref": SHA})

    (noted,) = hub.client.get("/_local/requests").json()
    assert noted["at"].endswith("+00:00")
    assert (noted["method"], noted["path"]) == ("POST", f"{REPOSITORY}/deployments")
    assert (noted["query"], noted["body"], noted["status"]) == ({"x": "1"}, {"ref": SHA}, 202)
    assert token not in str(noted)
