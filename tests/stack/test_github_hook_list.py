"""The list of what the hook sent: its pages, its three days, and what is sent again."""

from datetime import UTC, datetime, timedelta

import pytest

from .conftest import serving
from .test_github_deliveries import App, arrivals
from .waiting import until

DELIVERIES = "/app/hook/deliveries"


@pytest.fixture
def app(stack):
    app = App()
    with serving(app, stack.app_port):
        yield app


def ago(**span):
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ids(answer):
    return [one["id"] for one in answer.json()]


def test_an_entry_has_every_field_and_no_more(hub):
    hub.deliver("ping", {"action": "x", "installation": {"id": 3}, "repository": {"id": 4}})

    (listed,) = hub.as_app("GET", DELIVERIES).json()

    assert set(listed) == {
        *("id", "guid", "delivered_at", "redelivery", "duration", "status", "status_code"),
        *("event", "action", "installation_id", "repository_id", "throttled_at"),
    }
    assert (listed["installation_id"], listed["repository_id"]) == (3, 4)
    assert (listed["redelivery"], listed["throttled_at"]) == (False, None)


def test_pages_lead_on_and_back_and_keep_what_was_asked(hub):
    hub.put("deliveries", [{"id": 100 - n, "status_code": 500} for n in range(5)])

    def follow(answer, name):
        path = answer.links[name]["url"].removeprefix(hub.stack.github)
        return hub.as_app("GET", path)

    first = hub.as_app("GET", f"{DELIVERIES}?per_page=2&status=failure")
    second = follow(first, "next")
    third = follow(second, "next")

    assert [ids(first), ids(second), ids(third)] == [[100, 99], [98, 97], [96]]
    assert "status=failure" in first.links["next"]["url"]
    assert "cursor=v1_98" in first.links["next"]["url"]
    assert ids(follow(third, "prev")) == [98, 97]
    assert "prev" not in first.links
    assert ids(hub.as_app("GET", f"{DELIVERIES}?page=2&per_page=2")) == [100, 99]


def test_a_page_whose_first_delivery_is_gone_goes_on_after_it(hub):
    hub.put("deliveries", [{"id": 9}, {"id": 7}])

    assert ids(hub.as_app("GET", f"{DELIVERIES}?cursor=v1_8")) == [7]
    assert ids(hub.as_app("GET", f"{DELIVERIES}?cursor=v1_3")) == []


@pytest.mark.parametrize("query", ["cursor=9", "cursor=", "status=failed"])
def test_a_query_that_github_does_not_know_is_refused(hub, query):
    hub.put("deliveries", [{"id": 9}])

    assert hub.as_app("GET", f"{DELIVERIES}?{query}").status_code == 422


def test_success_and_failure_are_told_by_the_code(hub):
    codes = {1: 200, 2: 302, 3: 404, 4: 502}
    hub.put("deliveries", [{"id": one, "status_code": code} for one, code in codes.items()])

    assert ids(hub.as_app("GET", f"{DELIVERIES}?status=success")) == [1, 2]
    assert ids(hub.as_app("GET", f"{DELIVERIES}?status=failure")) == [3, 4]


def test_after_three_days_a_delivery_is_gone(hub):
    old = {"id": 1, "delivered_at": ago(days=3, minutes=1), "payload": {}}
    hub.put("deliveries", [{"id": 2, "delivered_at": ago(days=2, hours=23), "payload": {}}, old])

    assert ids(hub.as_app("GET", DELIVERIES)) == [2]
    assert hub.as_app("GET", f"{DELIVERIES}/1").status_code == 404
    assert hub.as_app("POST", f"{DELIVERIES}/1/attempts").status_code == 404
    assert hub.as_app("POST", f"{DELIVERIES}/2/attempts").status_code == 202


def test_the_three_days_are_the_app_clocks(hub, held):
    hub.deliver("ping", {"zen": "x"})
    (listed,) = hub.as_app("GET", DELIVERIES).json()

    held.set(held.now() + timedelta(days=3))
    assert len(hub.as_app("GET", DELIVERIES).json()) == 1
    held.set(held.now() + timedelta(seconds=1))

    assert hub.as_app("GET", DELIVERIES).json() == []
    assert hub.as_app("POST", f"{DELIVERIES}/{listed['id']}/attempts").status_code == 404


def test_a_lost_delivery_is_listed_as_failed_and_really_sent_again(hub, app):
    lost = hub.deliver("ping", {"zen": "x"}).json()["delivery"]
    assert app.got == []

    (listed,) = hub.as_app("GET", f"{DELIVERIES}?status=failure").json()
    assert (listed["guid"], listed["status"]) == (lost, "failed to connect to host")
    shown = hub.as_app("GET", f"{DELIVERIES}/{listed['id']}").json()
    assert shown["request"]["payload"] == {"zen": "x"}

    ordered = hub.as_app("POST", f"{DELIVERIES}/{listed['id']}/attempts")

    assert ordered.status_code == 202
    _, headers, body = arrivals(app, 1)
    assert (headers["x-github-delivery"], body) == (lost, b'{"zen":"x"}')
    until(lambda: len(hub.as_app("GET", DELIVERIES).json()) == 2, "it is listed")
    newest, first = hub.as_app("GET", DELIVERIES).json()
    assert (newest["redelivery"], newest["status"], newest["guid"]) == (True, "OK", lost)
    assert (first["redelivery"], first["id"]) == (False, listed["id"])


def test_a_redelivery_can_fail_and_be_ordered_again(hub, app):
    app.status = 500
    hub.deliver("ping", {"zen": "x"})
    (lost,) = hub.as_app("GET", DELIVERIES).json()
    hub.as_app("POST", f"{DELIVERIES}/{lost['id']}/attempts")
    until(lambda: len(hub.as_app("GET", DELIVERIES).json()) == 2, "it is listed")
    newest = hub.as_app("GET", DELIVERIES).json()[0]
    assert (newest["status"], newest["status_code"]) == ("Invalid HTTP Response: 500", 500)

    hub.as_app("POST", f"{DELIVERIES}/{newest['id']}/attempts")

    assert arrivals(app, 2)[1]["x-github-delivery"] == lost["guid"]


def test_only_the_app_itself_reads_the_list(hub):
    token = hub.token()

    for method, path in (("GET", DELIVERIES), ("POST", f"{DELIVERIES}/1/attempts")):
        assert hub.call(method, path, token=token).status_code == 401


@pytest.mark.parametrize("item", [{"id": "x"}, {"delivered_at": 7}, {"delivered_at": "today"}])
def test_what_is_no_delivery_is_refused(hub, item):
    assert hub.client.put("/_local/deliveries", json=[item]).status_code == 400
