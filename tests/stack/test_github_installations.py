"""Installations that come, go and are suspended, and the requests that an hour has."""

from datetime import UTC, datetime, timedelta

import pytest

from .hub import REPOSITORY

HOME = {"id": 1296269, "full_name": "tesoro/rewards-api"}
OTHER = {"id": 2, "full_name": "tesoro/other"}
ON_TESORO = {"id": 7, "account": {"login": "tesoro"}}


def look(hub, path=REPOSITORY):
    return hub.as_app("GET", f"{path}/installation")


def test_an_app_that_is_taken_away_has_no_installation_and_no_token(hub):
    token, identity = hub.token(), look(hub).json()["id"]

    hub.happen("installation", "deleted", installation=ON_TESORO, repositories=[HOME])

    assert look(hub).status_code == 404
    asked = hub.as_app("POST", f"/app/installations/{identity}/access_tokens")
    assert asked.status_code == 404
    assert hub.call("GET", REPOSITORY, token=token).status_code == 401


def test_an_app_that_is_installed_again_needs_a_new_token(hub):
    old = hub.token()
    hub.happen("installation", "deleted", installation=ON_TESORO)

    hub.happen("installation", "created", installation=ON_TESORO, repositories=[HOME, OTHER])

    assert hub.call("GET", REPOSITORY, token=old).status_code == 401
    for path in (REPOSITORY, "/repos/tesoro/other"):
        assert hub.call("GET", path, token=hub.token()).status_code == 200


def test_a_suspended_installation_is_shown_and_refuses(hub):
    token, identity = hub.token(), look(hub).json()["id"]

    hub.happen("installation", "suspend", installation=ON_TESORO)

    asked = hub.as_app("POST", f"/app/installations/{identity}/access_tokens")
    used = hub.call("GET", REPOSITORY, token=token)
    for refused in (asked, used):
        assert refused.status_code == 403
        assert refused.json()["message"] == "This installation has been suspended"
    assert look(hub).json()["suspended_at"] is not None

    hub.happen("installation", "unsuspend", installation=ON_TESORO)
    assert hub.call("GET", REPOSITORY, token=token).status_code == 200
    assert look(hub).json()["suspended_at"] is None


def test_an_installation_may_be_stated_as_suspended(hub):
    hub.put("installations", [{**HOME, "suspended": True}])
    assert look(hub).json()["suspended_at"] is not None

    hub.put("installations", [{**HOME, "suspended": False}])
    assert look(hub).json()["suspended_at"] is None


def test_repositories_are_added_to_an_installation_and_removed(hub):
    token = hub.token()

    hub.happen(
        "installation_repositories",
        "added",
        installation=ON_TESORO,
        repositories_added=[OTHER],
        repositories_removed=[],
    )
    assert hub.call("GET", "/repos/tesoro/other", token=token).status_code == 200

    hub.happen(
        "installation_repositories",
        "removed",
        installation=ON_TESORO,
        repositories_added=[],
        repositories_removed=[HOME],
    )
    assert hub.call("GET", REPOSITORY, token=token).status_code == 404
    assert look(hub).status_code == 404


@pytest.mark.parametrize("event", ["installation", "installation_repositories"])
@pytest.mark.parametrize("action", ["created", "deleted", "suspend", "removed"])
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"installation": None},
        {"installation": {"id": "x", "account": None}, "repositories": 7},
        {"installation": {"id": 1}, "repositories": [None], "repositories_removed": [{}]},
        {"installation": {"account": {"login": "somebody"}}, "repositories": None},
    ],
)
def test_an_installation_event_of_any_shape_teaches_nothing_wrong(hub, event, action, payload):
    assert hub.deliver(event, {"action": action, **payload}).status_code == 200
    assert hub.call("GET", REPOSITORY, token=hub.token()).status_code == 200


def test_an_hour_has_as_many_requests_as_stated(hub):
    token, identity = hub.token(), look(hub).json()["id"]
    assert hub.put("limit", {"per_hour": 2}) == {"per_hour": 2}

    answers = [hub.call("GET", REPOSITORY, token=token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["x-ratelimit-limit"] == "2"
    assert int(answers[2].headers["x-ratelimit-reset"]) % 3600 == 0
    message = f"API rate limit exceeded for installation ID {identity}."
    assert answers[2].json()["message"] == message
    assert look(hub).status_code == 200


def test_an_hour_of_the_app_clock_brings_new_requests(hub, held):
    token = hub.token()
    hub.put("limit", {"per_hour": 1})
    answers = [hub.call("GET", REPOSITORY, token=token) for _ in range(2)]
    reset = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert int(answers[1].headers["x-ratelimit-reset"]) == int(reset.timestamp())

    held.set(reset - timedelta(seconds=1))
    assert hub.call("GET", REPOSITORY, token=token).status_code == 403
    held.set(reset)
    assert hub.call("GET", REPOSITORY, token=token).status_code == 200


def test_each_installation_has_its_own_hour(hub):
    hub.put("installations", [{"id": 2, "full_name": "oro/points"}])
    token, there = hub.token(), look(hub, "/repos/oro/points").json()["id"]
    made = hub.as_app("POST", f"/app/installations/{there}/access_tokens").json()
    hub.put("limit", {"per_hour": 1})

    for path, own in ((REPOSITORY, token), ("/repos/oro/points", made["token"])):
        codes = [hub.call("GET", path, token=own).status_code for _ in range(2)]
        assert codes == [200, 403]


def test_a_limit_stated_anew_counts_from_nothing_and_none_refuses_nothing(hub):
    token = hub.token()
    hub.put("limit", {"per_hour": 0})
    assert hub.call("GET", REPOSITORY, token=token).status_code == 403

    hub.put("limit", {"per_hour": 1})
    assert hub.call("GET", REPOSITORY, token=token).status_code == 200
    assert hub.call("GET", REPOSITORY, token=token).status_code == 403

    hub.put("limit", {"per_hour": None})
    assert hub.call("GET", REPOSITORY, token=token).status_code == 200
    assert hub.client.get("/_local/limit").json() == {"per_hour": None}


@pytest.mark.parametrize("body", [[], {}, {"per_hour": -1}, {"per_hour": "9"}, {"hour": 1}])
def test_a_limit_that_is_none_is_refused(hub, body):
    assert hub.client.put("/_local/limit", json=body).status_code == 400
