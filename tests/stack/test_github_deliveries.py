"""Deliveries: how they are signed and listed, and how GitHub's own state keeps step."""

import asyncio
import hashlib
import hmac
import json

import httpx
import pytest

from local.github.pulls import Kept, delivered_pull, delivered_run
from local.loopback import PLAIN

from .conftest import serving
from .hub import REPOSITORY, SHA
from .waiting import until

HOME = {"id": 1296269, "full_name": "tesoro/rewards-api"}


def at(minute):
    return f"2026-03-01T10:{minute:02}:00Z"


class App:
    """What the app would be: keeps every delivery, answers as told."""

    def __init__(self):
        self.got, self.status = [], 202
        self.arrived = asyncio.Event()

    async def __call__(self, scope, receive, send):
        body = (await receive())["body"]
        headers = {k.decode(): v.decode("latin-1") for k, v in scope["headers"]}
        self.got.append((scope["path"], headers, body))
        content = json.dumps({"delivery": headers["x-github-delivery"]}).encode()
        start = {"type": "http.response.start", "status": self.status}
        await send({**start, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": content})


@pytest.fixture
def app(stack):
    app = App()
    with serving(app, stack.app_port):
        yield app


def sent(hub, **options):
    payload = {"action": "opened", "zen": "Ünïcode ✓", "repository": HOME}
    return hub.deliver("ping", payload, drop=False, **options).json()


def test_a_delivery_is_signed_over_its_compact_bytes(hub, app, stack):
    answer = sent(hub)

    ((path, headers, body),) = app.got
    assert path == "/api/github/webhooks"
    assert answer == {
        "delivery": headers["x-github-delivery"],
        "status": 202,
        "body": {"delivery": headers["x-github-delivery"]},
    }
    assert "Ünïcode ✓".encode() in body
    assert b'": ' not in body
    digest = hmac.new(stack.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"
    assert headers["x-github-event"] == "ping"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert headers["x-github-hook-installation-target-type"] == "integration"


def test_a_delivery_may_be_wrong_on_purpose(hub, app, stack):
    sent(hub, delivery="mine", secret="guess", headers={"X-Hub-Signature": None, "X-Extra": "ñ"})

    ((_, headers, body),) = app.got
    right = hmac.new(stack.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-github-delivery"] == "mine"
    assert right not in headers["x-hub-signature-256"]
    assert "x-hub-signature" not in headers
    assert headers["x-extra"].encode("latin-1") == "ñ".encode()


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"event": 7, "payload": {}},
        {"event": "ping"},
        {"event": "ping", "payload": {}, "headers": {"x": 1}},
        {"event": "ping", "payload": {}, "colour": "red"},
        {"event": "ping", "payload": {"text": "\ud800"}},
    ],
)
def test_an_order_that_cannot_be_sent_is_refused(hub, order):
    answer = hub.client.post("/_local/deliver", content=json.dumps(order))

    assert answer.status_code == 400


def test_every_delivery_stands_in_the_hooks_list(hub, app):
    sent(hub)
    app.status = 503
    failed = sent(hub)["delivery"]

    listed = hub.as_app("GET", "/app/hook/deliveries").json()
    shown = hub.as_app("GET", f"/app/hook/deliveries/{listed[0]['id']}").json()

    assert [one["status_code"] for one in listed] == [503, 202]
    assert [one["status"] for one in listed][1] == "OK"
    assert (listed[0]["guid"], listed[0]["event"]) == (failed, "ping")
    assert listed[0]["status"] != "OK"
    assert "request" not in listed[0]
    assert shown["request"]["payload"]["zen"] == "Ünïcode ✓"


def test_a_delivery_to_nobody_is_listed_as_failed(hub):
    answer = sent(hub)

    (listed,) = hub.as_app("GET", "/app/hook/deliveries?status=failure").json()
    assert answer["status"] == 0
    assert (listed["status_code"], listed["guid"]) == (502, answer["delivery"])


def test_the_list_is_read_in_pages_by_cursor(hub):
    hub.put("deliveries", [{"id": 100 - n, "status_code": 500} for n in range(5)])

    first = hub.as_app("GET", "/app/hook/deliveries?per_page=3")
    second = hub.as_app("GET", first.links["next"]["url"].removeprefix(hub.stack.github))

    assert [one["id"] for one in first.json()] == [100, 99, 98]
    assert [one["id"] for one in second.json()] == [97, 96]
    assert "next" not in second.links


def arrivals(app, count):
    """Wait until the app got so many deliveries."""
    until(lambda: len(app.got) == count, "the redelivery arrives")
    return app.got[-1]


def test_a_redelivery_has_the_same_guid_and_body(hub, app):
    app.status = 500
    failed = sent(hub)["delivery"]
    app.status = 202
    (listed,) = hub.as_app("GET", "/app/hook/deliveries").json()

    ordered = hub.as_app("POST", f"/app/hook/deliveries/{listed['id']}/attempts")

    _, headers, body = arrivals(app, 2)
    assert ordered.status_code == 202
    assert headers["x-github-delivery"] == failed
    assert body == app.got[0][2]
    until(lambda: len(hub.client.get("/_local/deliveries").json()) == 2, "it is listed")
    newest = hub.client.get("/_local/deliveries").json()[0]
    assert (newest["redelivery"], newest["status"], newest["guid"]) == (True, "OK", failed)


def test_a_stated_failure_can_be_redelivered_by_its_guid(hub, app):
    guid = sent(hub)["delivery"]
    hub.put("deliveries", [{"id": 5, "guid": guid, "status": "timed out", "status_code": 504}])

    assert hub.as_app("POST", "/app/hook/deliveries/5/attempts").status_code == 202

    assert arrivals(app, 2)[1]["x-github-delivery"] == guid


def test_a_stated_failure_may_bring_its_payload(hub, app):
    item = {"id": 5, "guid": "g", "event": "ping", "status_code": 500, "payload": {"zen": "x"}}
    hub.put("deliveries", [item])

    hub.as_app("POST", "/app/hook/deliveries/5/attempts")

    assert arrivals(app, 1)[2] == b'{"zen":"x"}'


def test_an_unknown_delivery_cannot_be_ordered_again(hub):
    assert hub.as_app("POST", "/app/hook/deliveries/5/attempts").status_code == 404


def test_github_already_knows_what_a_delivery_tells(hub, stack):
    """The app asks back while the delivery is still open."""
    token = hub.token()
    answers = []

    class Asking(App):
        async def __call__(self, scope, receive, send):
            headers = {"authorization": f"Bearer {token}", "user-agent": "app"}
            async with httpx.AsyncClient(
                base_url=stack.github, trust_env=False, verify=PLAIN
            ) as client:
                answers.append(await client.get(f"{REPOSITORY}/pulls/7", headers=headers))
            await super().__call__(scope, receive, send)

    with serving(Asking(), stack.app_port):
        pull = {"number": 7, "head": {"sha": SHA}, "updated_at": at(1)}
        payload = {"action": "opened", "pull_request": pull, "repository": HOME}
        hub.deliver("pull_request", payload, drop=False)

    assert answers[0].json()["head"]["sha"] == SHA
    assert answers[0].json()["base"]["repo"]["id"] == 1296269


def test_opened_and_closed_make_and_close_a_pull_request(hub):
    hub.move("opened", updated_at=at(1))
    assert hub.pull()["state"] == "open"

    hub.move("closed", updated_at=at(2), merged=True, state="closed")

    assert (hub.pull()["state"], hub.pull()["merged"]) == ("closed", True)


@pytest.mark.parametrize("action", ["synchronize", "labeled", "opened", "edited"])
def test_only_reopened_opens_a_closed_one(hub, action):
    hub.move("opened", updated_at=at(1))
    hub.move("closed", updated_at=at(2))

    hub.move(action, updated_at=at(3), state="open", head={"sha": SHA})
    assert hub.pull()["state"] == "closed"
    assert hub.pull()["head"]["sha"] == SHA

    hub.move("reopened", updated_at=at(4))
    assert (hub.pull()["state"], hub.pull()["closed_at"]) == ("open", None)


def test_only_closed_closes(hub):
    hub.move("opened", updated_at=at(1))

    hub.move("labeled", updated_at=at(2), state="closed")

    assert hub.pull()["state"] == "open"


def test_a_late_payload_does_not_bring_its_head_back(hub):
    hub.move("opened", updated_at=at(1), head={"sha": "0" * 40, "ref": "topic"})
    hub.move("synchronize", updated_at=at(5), head={"sha": SHA})

    hub.move("synchronize", updated_at=at(3), head={"sha": "b" * 40})

    assert (hub.pull()["head"]["sha"], hub.pull()["head"]["ref"]) == (SHA, "topic")


@pytest.mark.parametrize(
    ("order", "end"),
    [
        pytest.param(["opened 1", "closed 2", "reopened 3"], "open", id="in order"),
        pytest.param(["opened 1", "reopened 3", "closed 2"], "open", id="the close came late"),
        pytest.param(["closed 2", "opened 1"], "closed", id="the opening came last"),
        pytest.param(["opened 1", "closed 4", "reopened 3"], "closed", id="closed again"),
        pytest.param(["opened 1", "labeled 3", "closed 2"], "closed", id="a label overtook"),
        pytest.param(["opened 1", "synchronize 3", "closed 2"], "open", id="pushed since"),
        pytest.param(["opened 1", "closed 2", "closed 2", "opened 1"], "closed", id="all twice"),
        pytest.param(["synchronize 2"], "open", id="the opening was lost"),
    ],
)
def test_disorder_of_deliveries_does_not_change_what_is_true(order, end):
    repository = {
        **HOME,
        "object": {**HOME, "default_branch": "main", "html_url": "x", "url": "y"},
    }
    kept: Kept | None = None
    for step in order:
        action, minute = step.split()
        said = "closed" if action == "closed" else "open"
        given = {"number": 7, "state": said, "updated_at": at(int(minute))}
        kept = delivered_pull(kept, action, given, repository, now=at(0))

    assert kept is not None
    assert kept.object["state"] == end


@pytest.mark.parametrize(
    ("minute", "then"),
    [pytest.param(2, "open", id="same"), pytest.param(3, "closed", id="later")],
)
def test_what_a_test_states_yields_only_to_a_later_payload(hub, minute, then):
    hub.put("pulls", [{"number": 7, "state": "open", "updated_at": at(2)}])

    hub.move("closed", updated_at=at(minute))

    assert hub.pull()["state"] == then


def test_a_payload_without_a_time_is_of_now(hub):
    hub.move("opened", updated_at=at(1))

    hub.move("closed")

    assert hub.pull()["state"] == "closed"
    assert hub.pull()["updated_at"] > at(1)


def test_a_head_without_its_fork_stays_without(hub):
    hub.move("opened", updated_at=at(1), head={"sha": SHA, "repo": None})

    assert hub.pull()["head"]["repo"] is None


def test_putting_pull_requests_is_the_whole_truth(hub):
    hub.put("pulls", [{"number": 1}, {"number": 2}])

    hub.put("pulls", [{"number": 2, "base": {"repo": {"full_name": "tesoro/rewards-api"}}}])

    assert [one["number"] for one in hub.client.get("/_local/pulls").json()] == [2]


@pytest.mark.parametrize("body", [{}, [1], [{"title": "no number"}], [{"number": "7"}]])
def test_what_is_no_list_of_pull_requests_is_refused_whole(hub, body):
    hub.put("pulls", [{"number": 1}])

    assert hub.client.put("/_local/pulls", json=body).status_code == 400
    assert hub.pull(1) is not None


def test_a_run_is_kept_in_step_and_never_goes_back(hub):
    def run(**facts):
        payload = {"action": "x", "workflow_run": {"id": 9, **facts}, "repository": HOME}
        assert hub.deliver("workflow_run", payload).status_code == 200

    run(status="completed", conclusion="success", updated_at=at(2), head_sha=SHA)
    run(status="in_progress", updated_at=at(2), head_sha=SHA)
    run(status="in_progress", updated_at=at(1), head_sha=SHA)

    (kept,) = hub.client.get("/_local/runs").json()
    assert (kept["status"], kept["conclusion"]) == ("completed", "success")


def test_a_stated_run_yields_only_to_a_later_payload():
    repository = {**HOME, "object": {**HOME, "default_branch": "main", "html_url": "", "url": ""}}
    stated = {"id": 9, "status": "completed", "updated_at": at(2)}
    kept = Kept(object=stated, moved_at=at(2), put=True)

    same = delivered_run(kept, {**stated, "conclusion": "x"}, repository, now=at(9))
    later = delivered_run(kept, {**stated, "updated_at": at(3)}, repository, now=at(9))

    assert same is kept
    assert later is not kept


def test_a_comment_that_was_delivered_can_be_read_back(hub):
    hub.move("opened", updated_at=at(1))
    comment = {"id": 5, "body": "/approve", "author_association": "MEMBER"}
    payload = {
        "action": "created",
        "comment": {**comment, "user": {"login": "ana"}},
        "issue": {"number": 7, "pull_request": {}},
        "repository": HOME,
    }
    hub.deliver("issue_comment", payload)
    token = hub.token()

    shown = hub.call("GET", f"{REPOSITORY}/issues/comments/5", token=token).json()
    level = hub.call("GET", f"{REPOSITORY}/collaborators/ana/permission", token=token).json()
    hub.deliver("issue_comment", {**payload, "action": "deleted"})

    assert shown["body"] == "/approve"
    assert level["permission"] == "write"
    gone = hub.call("GET", f"{REPOSITORY}/issues/comments/5", token=token)
    assert gone.status_code == 404


@pytest.mark.parametrize("event", ["pull_request", "workflow_run", "issue_comment", "push"])
@pytest.mark.parametrize(
    "payload",
    [
        [],
        None,
        {"repository": None},
        {"repository": {"id": "x", "full_name": 7}},
        {"repository": HOME, "pull_request": {"number": "7"}, "workflow_run": {}, "commits": 1},
        {"repository": HOME, "comment": {"id": 1}, "issue": None, "commits": [None, {"id": 7}]},
        {"repository": HOME, "pull_request": {"number": 7, "head": None, "base": []}},
    ],
)
def test_a_payload_of_any_shape_is_sent_and_teaches_nothing_wrong(hub, event, payload):
    assert hub.deliver(event, payload).status_code == 200
