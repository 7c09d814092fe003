"""The whole stack from outside: real host, real Azurite, simulators, the contract alone."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from local.outside import Stack, event, run, stack
from tests.effort import IS_THOROUGH

SHA = "1" * 40
STARTED = "2026-03-02T09:00:00Z"
NO_NUDGE = "not a nudge"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return one stack for the tests that leave it as they found it.

    A message that is no nudge lies in its queue from the start: Azurite shows it five times, two
    seconds of its own clock apart, and meanwhile the other tests can have their turn.
    """
    with stack(tmp_path_factory.mktemp("stack")) as started:
        with QueueClient.from_connection_string(started.ready["storage"], "operations") as queue:
            with suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(base64.b64encode(NO_NUDGE.encode()).decode())
        yield started


def sha_of(number: int) -> str:
    return f"{number:08x}" * 5


def bring_up(running: Stack, number: int) -> dict[str, Any]:
    running.deliver("pull_request", event("opened", number, sha_of(number), STARTED))
    running.deliver("workflow_run", run(sha_of(number)))
    return running.wait_for(f"pr-{number}-rewards-api", "ready")


def runs_of(running: Stack, timer: str) -> list[str]:
    trail = running.api("audit?environment=control-plane")["value"]
    return [r["text"] for r in trail if timer in r["text"]]


# The doors


def test_nobody_without_a_token_gets_in_but_to_health(running: Stack) -> None:
    app = running.ready["app"]

    closed = [
        running.http.request(method, f"{app}/api/{path}").status_code
        for method, path in (
            ("GET", "environments"),
            ("GET", "environments/pr-1-rewards-api"),
            ("PUT", "environments/pr-1-rewards-api"),
            ("DELETE", "environments/pr-1-rewards-api"),
            ("PUT", "environments/pr-1-rewards-api/image"),
            ("GET", "environments/pr-1-rewards-api/why"),
            ("POST", "environments/pr-1-rewards-api/lease"),
            ("GET", "operations/op-1"),
            ("POST", "operations/op-1/cancel"),
            ("GET", "audit"),
            ("GET", "audit/verify"),
            ("GET", "deliveries"),
            ("POST", "deliveries/1/replay"),
            ("GET", "poison"),
            ("GET", "releases"),
            ("POST", "releases"),
            ("GET", "releases/production.rewards-api.1"),
            ("POST", "releases/production.rewards-api.1/rollback"),
            ("POST", "releases/production.rewards-api.1/promote"),
            ("POST", "releases/production.rewards-api.1/resume"),
            ("GET", "alerts"),
        )
    ]
    health = running.http.get(f"{app}/api/health")

    assert set(closed) == {401}
    assert (health.status_code, health.json()) == (200, {"status": "up"})


def test_a_reader_may_not_change_and_hears_which_role_it_lacks(running: Stack) -> None:
    answer = running.ask("PUT", "environments/pr-1-rewards-api", "reader")

    assert answer.status_code == 403
    assert "operator" in answer.json()["error"]["message"]


def test_a_token_of_another_issuer_audience_or_key_is_refused(running: Stack) -> None:
    url = f"{running.ready['app']}/api/environments"

    answers = [
        running.http.get(
            url, headers=running.token(oid="u", roles=["admin"], **claims)
        ).status_code
        for claims in ({"aud": "api://other"}, {"tid": "other"}, {"exp": 1}, {"key": "other"})
    ]

    assert answers == [401, 401, 401, 401]


def test_a_workflow_may_bring_up_previews_of_its_own_repository_alone(running: Stack) -> None:
    running.github("PUT", "pulls", json=[event("opened", 31, SHA, STARTED)["pull_request"]])
    url = f"{running.ready['app']}/api/environments/pr-31-rewards-api"
    own = running.token(github={"repository_id": "1296269", "ref": "refs/pull/31/merge"})
    other = running.token(github={"repository_id": "77", "ref": "refs/heads/main"})

    refused = running.http.put(url, headers=other)
    accepted = running.http.put(url, headers=own)

    assert refused.status_code == 403
    assert accepted.status_code == 202
    where = accepted.headers["Operation-Location"]
    assert where.startswith(running.ready["app"])
    assert accepted.headers["Retry-After"].isdigit()
    shown = running.http.get(where, headers=running.token("reader")).json()
    assert shown["workflow"] == "preview.up"
    assert shown["steps"][0]["name"] == "await_image"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"x-hub-signature-256": "sha256=00"}, 401, id="bad signature"),
        pytest.param({"x-hub-signature-256": "sha256=\u00e9"}, 401, id="signature not ASCII"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, 415, id="a form"),
    ],
)
def test_a_delivery_that_proves_nothing_is_refused(
    running: Stack, change: dict[str, str], status: int
) -> None:
    headers = {name: value.encode() for name, value in change.items()}
    order = {"event": "ping", "payload": {"zen": "x"}}
    signed = running.github("POST", "deliver", json={**order, "drop": True})
    assert signed is not None
    body = b'{"zen":"x"}'
    given = {
        b"content-type": b"application/json",
        b"x-github-event": b"ping",
        b"x-hub-signature-256": signature(running, body),
        **{name.encode(): value for name, value in headers.items()},
    }

    answer = running.http.post(
        f"{running.ready['app']}/api/github/webhooks", content=body, headers=list(given.items())
    )

    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def signature(running: Stack, body: bytes) -> bytes:
    import hashlib
    import hmac

    secret = running.ready["webhook_secret"].encode()
    return b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()


def test_a_delivery_that_does_not_parse_is_a_400_and_unknown_events_are_taken(
    running: Stack,
) -> None:
    url = f"{running.ready['app']}/api/github/webhooks"

    def post(body: bytes, name: str) -> httpx.Response:
        headers = {
            "content-type": "application/json",
            "x-github-event": name,
            "x-github-delivery": f"test-{name}",
            "x-hub-signature-256": signature(running, body).decode(),
        }
        return running.http.post(url, content=body, headers=headers)

    broken = post(b"{", "push")
    deep = post(b"[" * 100_000, "push")
    unknown = post(b'{"action":"dances"}', "unheard_of")

    assert (broken.status_code, deep.status_code) == (400, 400)
    assert unknown.status_code == 202
    assert unknown.json()["delivery"] == "test-unheard_of"
    assert "unheard_of" in unknown.json()["ignored"]


def test_bad_input_names_every_field_and_the_remedy(running: Stack) -> None:
    bring_up(running, 32)

    answer = running.ask(
        "POST", "environments/pr-32-rewards-api/lease", "operator", json={"for": "soon", "x": 1}
    )

    assert answer.status_code == 400
    targets = {d["target"] for d in answer.json()["error"]["details"]}
    assert targets == {"for", "reason", "x"}


def test_a_lease_a_cancel_a_dry_run_and_a_why_answer_as_promised(running: Stack) -> None:
    name = bring_up(running, 33)["name"]

    leased = running.ask(
        "POST", f"environments/{name}/lease", "operator", json={"for": "P5D", "reason": "demo"}
    )
    planned = running.ask("DELETE", f"environments/{name}?dryRun=true", "operator")
    stale = running.ask(
        "DELETE", f"environments/{name}", "operator", headers={"If-Match": '"old"'}
    )
    why = running.api(f"environments/{name}/why")

    assert leased.json()["lease"]["reason"] == "demo"
    assert planned.json()["workflow"] == "preview.down"
    assert planned.headers["ETag"].strip('"') == planned.json()["hash"]
    assert stale.status_code == 412
    assert why["inputs"]["phase"]
    gone = running.ask(
        "DELETE",
        f"environments/{name}",
        "operator",
        headers={"If-Match": planned.json()["hash"]},
    )
    assert gone.status_code in (202, 412), gone.text


def test_a_message_that_is_no_nudge_ends_in_the_poison_list(running: Stack) -> None:
    found: list[dict[str, Any]] = []
    for _ in range(60):
        running.advance("PT1M")
        found = [p for p in running.api("poison")["value"] if p["text"] == NO_NUDGE]
        if found:
            break
        threading.Event().wait(0.5)

    assert found
    assert found[0]["queue"] == "operations"


# Time


def test_an_hour_and_more_pass_minute_by_minute(running: Stack) -> None:
    hours = 10 if IS_THOROUGH else 2  # of a night each hour is like the one before
    before = running.azure("GET", "clock")["now"]

    hour = running.azure("POST", "clock", json={"advance": "PT1H"})
    night = running.azure("POST", "clock", json={"advance": f"PT{hours}H"})

    assert before < hour["now"] < night["now"]
    assert hour["fired"] == {
        "tick": 60,
        "power": 12,
        "repair": 6,
        "sweep": 1,
        "verify_backups": 1,
    }
    assert night["fired"] == {
        "tick": 60 * hours,
        "power": 12 * hours,
        "repair": 6 * hours,
        "sweep": hours,
        "verify_backups": hours,
    }


def test_a_week_jumped_over_is_one_past_due_run_of_each_timer(running: Stack) -> None:
    jumped = running.azure("POST", "clock", json={"jump": "P7D"})

    timers = ("tick", "power", "repair", "sweep", "verify_backups")
    assert jumped["fired"] == dict.fromkeys(timers, 1)


# Death


def test_nothing_acknowledged_is_lost_when_the_whole_group_is_killed(tmp_path: Path) -> None:
    numbers = range(1, 4)
    with stack(tmp_path) as first:
        for number in numbers:
            first.deliver("pull_request", event("opened", number, sha_of(number), STARTED))
            first.deliver("workflow_run", run(sha_of(number)))
        first.kill()
    # Where a kill falls is chance here; test_killed_anywhere dies at every moment there is.
    for duration in ("PT1M", "PT2M") if IS_THOROUGH else ("PT2M",):
        with stack(tmp_path) as again:
            killed_while_time_passes(again, duration)
    with stack(tmp_path) as later:
        for number in numbers:
            later.wait_for(f"pr-{number}-rewards-api", "ready")
        for number in numbers:
            closing = event("closed", number, sha_of(number), "2026-03-02T12:00:00Z", "closed")
            later.deliver("pull_request", closing)
        killed_while_time_passes(later, "PT1M")
    with stack(tmp_path) as last:
        for number in numbers:
            last.wait_for(f"pr-{number}-rewards-api", "gone")
        calls = last.azure("GET", "calls")
        made = Counter(
            c["path"].lower() for c in calls if c["method"] == "PUT" and c["status"] == 201
        )

        assert last.previews() == []
        assert last.api("audit/verify")["valid"]
        assert set(made.values()) == {1}, json.dumps(made, indent=1)
        assert len(made) == 9


def killed_while_time_passes(running: Stack, duration: str) -> None:
    """Let time pass, and kill the stack as soon as it has called Azure meanwhile."""

    def move() -> None:
        with suppress(Exception):
            running.advance(duration)

    before = len(running.azure("GET", "calls"))
    moving = threading.Thread(target=move)
    moving.start()
    for _ in range(200):
        if len(running.azure("GET", "calls")) > before or not moving.is_alive():
            break
    running.kill()
    moving.join(10)


# GitHub in depth


def pull_of(number: int) -> dict[str, Any]:
    return dict(event("opened", number, sha_of(number), STARTED)["pull_request"])


def comment_event(number: int, text: str, identity: int, association: str) -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": number, "pull_request": {}},
        "comment": {
            "id": identity,
            "body": text,
            "user": {"login": f"person-{association.lower()}", "id": identity},
            "author_association": association,
            "created_at": STARTED,
            "updated_at": STARTED,
        },
        "repository": event("opened", number, SHA, STARTED)["repository"],
    }


def test_a_workflow_names_the_image_that_it_pushed_and_it_runs_by_digest(running: Stack) -> None:
    number, image = 41, f"ghcr.io/tesoro/rewards-api@sha256:{'d' * 64}"
    running.deliver("pull_request", event("opened", number, sha_of(number), STARTED))
    url = f"{running.ready['app']}/api/environments/pr-{number}-rewards-api/image"
    own = running.token(github={"repository_id": "1296269", "ref": f"refs/pull/{number}/merge"})
    another = running.token(github={"repository_id": "1296269", "ref": "refs/pull/40/merge"})
    content = {"sha": sha_of(number), "image": image}

    refused = running.http.put(url, headers=another, json=content)
    foreign = running.http.put(url, headers=own, json={**content, "image": "evil/x:1"})
    named = running.http.put(url, headers=own, json=content)
    ready = running.wait_for(f"pr-{number}-rewards-api", "ready")

    assert (refused.status_code, foreign.status_code, named.status_code) == (403, 400, 202)
    assert foreign.json()["error"]["target"] == "image"
    assert named.headers["Operation-Location"].startswith(running.ready["app"])
    assert ready["image"] == image


def test_a_fork_runs_what_a_member_approved_and_nothing_else(running: Stack) -> None:
    number, name = 42, "pr-42-rewards-api"
    fork = event("opened", number, sha_of(number), STARTED)
    fork["pull_request"]["head"]["repo"] = {"id": 99, "full_name": "somebody/rewards-api"}
    running.deliver("pull_request", fork)
    running.deliver("workflow_run", run(sha_of(number)))
    approve = f"/preview approve {sha_of(number)}"

    running.deliver("issue_comment", comment_event(number, approve, 9001, "NONE"))
    running.advance("PT2M")
    before = running.api(f"environments/{name}")
    running.deliver("issue_comment", comment_event(number, approve, 9002, "MEMBER"))
    ready = running.wait_for(name, "ready")

    assert before["phase"] == "absent"
    assert ready["approved"]["by"] == "person-member"
    assert ready["sha"] == sha_of(number)


def test_what_never_arrived_is_asked_for_again_and_then_done(running: Stack) -> None:
    number = 43
    bring_up(running, number)
    asked = comment_event(number, "/preview extend 3h", 9003, "MEMBER")
    order = {"event": "issue_comment", "payload": asked, "drop": True}
    running.http.post(f"{running.ready['github']}/_local/deliver", json=order)

    running.advance("PT15M")

    shown = running.api(f"environments/pr-{number}-rewards-api")
    redelivered = [d for d in running.github("GET", "deliveries") if d.get("redelivery")]
    assert shown["lease"]["by"] == "person-member"
    assert [d["status_code"] for d in redelivered] == [202]
