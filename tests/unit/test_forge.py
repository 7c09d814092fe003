"""GitHub's quirks, on a real socket."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.errors import TerminalError, TransientError
from provisioning.forge import AppConnection, Comment, Forge
from provisioning.model import PullRequest
from tests.builders import REPOSITORY, REPOSITORY_ID, SHA, pull_object, run_object

from .server import Answer, Server

REPO = f"/repos/{REPOSITORY}"
PULL, PULLS = f"GET {REPO}/pulls/7", f"GET {REPO}/pulls"
INSTALLATION = f"GET {REPO}/installation"
TOKENS = "POST /app/installations/5/access_tokens"
LASTS, ENDED = "2999-01-01T00:00:00Z", "2000-01-01T00:00:00Z"


def now() -> datetime:
    """Return the machine's time, which is GitHub's."""
    return datetime.now(UTC)


def a_token(expires_at: str = LASTS) -> Answer:
    """Return an installation token as GitHub gives it."""
    return Answer(status=201, body={"token": "ghs_x", "expires_at": expires_at})


@pytest.fixture
def forge(server: Server, key: Any) -> Iterator[Forge]:
    """Ask the server in GitHub's place, the App installed.

    The key is one that was read: to read it from its text each time would take 50 ms.
    """
    server.on(INSTALLATION, Answer(body={"id": 5}))
    server.on(TOKENS, a_token())
    client = Forge(AppConnection(server.url, "12345", key, now))
    yield client
    client.close()


def failure(forge: Forge) -> TransientError | TerminalError:
    """Return the error that looking at the pull request ends in."""
    with pytest.raises((TransientError, TerminalError)) as caught:
        forge.pull_request(REPOSITORY, 7)
    assert isinstance(caught.value, TransientError | TerminalError)
    return caught.value


def test_a_pull_request_is_read(forge: Forge, server: Server):
    server.on(PULL, Answer(body=pull_object(7)))

    assert forge.pull_request(REPOSITORY, 7) == PullRequest(
        repository_id=REPOSITORY_ID,
        repository=REPOSITORY,
        number=7,
        open=True,
        sha=SHA,
        author="ines",
        fork=False,
        updated_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        branch="change",
    )


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(None, id="deleted"),
        pytest.param({"id": 99}, id="another repository"),
        pytest.param({}, id="without a number"),
    ],
)
def test_what_does_not_come_from_the_repository_is_a_fork(
    origin: Any, forge: Forge, server: Server
):
    pull = pull_object(7)
    pull["head"]["repo"] = origin
    server.on(PULL, Answer(body=pull))

    found = forge.pull_request(REPOSITORY, 7)

    assert found is not None
    assert found.fork


def test_an_author_who_left_is_the_ghost(forge: Forge, server: Server):
    server.on(PULL, Answer(body={**pull_object(7, state="closed"), "user": None}))

    found = forge.pull_request(REPOSITORY, 7)

    assert found is not None
    assert (found.author, found.open) == ("ghost", False)


def test_a_pull_request_without_head_or_base_belongs_nowhere(forge: Forge, server: Server):
    server.on(PULL, Answer(body={**pull_object(7), "head": None, "base": None}))

    found = forge.pull_request(REPOSITORY, 7)

    assert found is not None
    assert (found.repository_id, found.sha, found.fork) == (0, "", True)


def test_what_github_does_not_know_is_none(forge: Forge, server: Server):
    server.on(PULL, Answer(status=404, body={"message": "Not Found"}))

    assert forge.pull_request(REPOSITORY, 7) is None


@pytest.mark.parametrize(
    ("answer", "code", "delay"),
    [
        pytest.param(Answer(status=500, body=b"<html>"), "github_unavailable", 30, id="a page"),
        pytest.param(Answer(status=502, body={}), "github_unavailable", 30, id="bad gateway"),
        pytest.param(
            Answer(body=b"<html>", headers={"Content-Type": "application/json"}),
            "github_unavailable",
            30,
            id="200 that is not JSON",
        ),
        pytest.param(Answer(status=401, body={}), "github_unauthorized", 30, id="not our token"),
        pytest.param(Answer(status=408, body={}), "github_unavailable", 30, id="too slow"),
        pytest.param(
            Answer(
                status=403,
                body={"message": "You have exceeded a secondary rate limit"},
                headers={"Retry-After": "77"},
            ),
            "github_throttled",
            77,
            id="secondary limit with a delay",
        ),
        pytest.param(
            Answer(status=403, body={"message": "You have exceeded a secondary rate limit."}),
            "github_throttled",
            60,
            id="secondary limit without a delay",
        ),
        pytest.param(
            Answer(status=429, body={}, headers={"Retry-After": "9"}),
            "github_throttled",
            9,
            id="429",
        ),
        pytest.param(
            Answer(status=429, body={}), "github_throttled", 60, id="429 without a delay"
        ),
        pytest.param(
            Answer(status=429, body={}, headers={"Retry-After": "soon"}),
            "github_throttled",
            60,
            id="429 with a strange delay",
        ),
        pytest.param(
            Answer(
                status=403,
                body={"message": "spent"},
                headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"},
            ),
            "github_throttled",
            1,
            id="spent, and about to be filled",
        ),
    ],
)
def test_what_passes_says_when_to_ask_again(
    answer: Answer, code: str, delay: int, forge: Forge, server: Server
):
    server.on(PULL, answer)

    error = failure(forge)

    assert isinstance(error, TransientError)
    assert (error.code, error.after) == (code, timedelta(seconds=delay))


def test_a_spent_limit_is_waited_for_until_it_is_filled(forge: Forge, server: Server):
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "32503680000"}  # the year 3000
    server.on(PULL, Answer(status=403, body={}, headers=headers))

    error = failure(forge)

    assert isinstance(error, TransientError)
    assert error.after is not None
    assert error.after > timedelta(days=365)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=403, body={"message": "Resource not accessible"}), id="403"),
        pytest.param(
            Answer(status=422, body={"message": "Validation Failed", "errors": []}), id="422"
        ),
        pytest.param(Answer(status=451, body={"message": "no"}), id="451"),
    ],
)
def test_a_refusal_stays_one(answer: Answer, forge: Forge, server: Server):
    server.on(PULL, answer)

    error = failure(forge)

    assert isinstance(error, TerminalError)
    assert error.code == "github_refused"
    assert f"GitHub answered {answer.status} to GET {REPO}/pulls/7" in str(error)


def test_silence_is_tried_again(key: Any):
    forge = Forge(AppConnection("http://127.0.0.1:9", "12345", key, now))

    error = failure(forge)

    assert isinstance(error, TransientError)
    assert error.code == "github_unavailable"
    assert "ConnectError" in str(error)


def test_a_cut_connection_is_tried_again(forge: Forge, server: Server):
    server.on(PULL, lambda handler: handler.connection.close())

    error = failure(forge)

    assert isinstance(error, TransientError)


def test_a_token_is_kept_while_it_lasts(forge: Forge, server: Server):
    server.on(PULL, Answer(body=pull_object(7)))

    for _ in range(3):
        forge.pull_request(REPOSITORY, 7)

    assert len(server.calls(TOKENS)) == 1
    assert {a.headers["authorization"] for a in server.calls(PULL)} == {"bearer ghs_x"}


def test_a_token_is_fetched_anew_before_it_ends(forge: Forge, server: Server):
    server.on(PULL, Answer(body=pull_object(7)))
    server.on(TOKENS, a_token(ENDED), a_token(LASTS))

    for _ in range(3):
        forge.pull_request(REPOSITORY, 7)

    assert len(server.calls(TOKENS)) == 2


def test_the_app_proves_itself_by_its_key(server: Server, pem: str):
    server.on(INSTALLATION, Answer(body={"id": 5}))
    server.on(TOKENS, a_token())
    server.on(PULL, Answer(body=pull_object(7)))
    forge = Forge(AppConnection(server.url, "12345", pem, now))  # as GitHub hands it out

    forge.pull_request(REPOSITORY, 7)
    forge.close()

    (asked,) = server.calls(INSTALLATION)
    claims = asked.headers["authorization"].split(".")[1]
    content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert content["iss"] == "12345"
    assert asked.headers["x-github-api-version"] == "2022-11-28"


def test_an_app_that_is_not_installed_says_what_to_do(forge: Forge, server: Server):
    server.on(INSTALLATION, Answer(status=404, body={}))

    error = failure(forge)

    assert isinstance(error, TerminalError)
    assert error.code == "app_not_installed"
    assert f"install the GitHub App in {REPOSITORY}" in str(error)


def test_open_pull_requests_are_read_page_by_page(forge: Forge, server: Server):
    full = [pull_object(number) for number in range(1, 101)]
    server.on(PULLS, Answer(body=full), Answer(body=[pull_object(101)]))

    found = forge.open_pull_requests(REPOSITORY)

    assert [f.number for f in found] == list(range(1, 102))
    assert [a.path.split("page=")[-1] for a in server.calls(PULLS)] == ["1", "2"]


def test_pages_end_where_the_repository_is_gone(forge: Forge, server: Server):
    server.on(PULLS, Answer(status=404, body={}))

    assert forge.open_pull_requests(REPOSITORY) == []


def test_pages_without_end_are_cut(forge: Forge, server: Server):
    server.on(PULLS, Answer(body=[pull_object(number) for number in range(1, 101)]))

    forge.open_pull_requests(REPOSITORY)

    assert len(server.calls(PULLS)) == 10


@pytest.mark.parametrize(
    ("run", "is_built"),
    [
        pytest.param(run_object(SHA), True, id="the build"),
        pytest.param(run_object(SHA, name="lint"), False, id="another workflow"),
        pytest.param(run_object(SHA, conclusion="failure"), False, id="failed"),
        pytest.param(run_object("c" * 40), False, id="another commit"),
    ],
)
def test_a_commit_is_built_by_the_workflow_of_that_name(
    run: Any, is_built: bool, forge: Forge, server: Server
):
    server.on(f"GET {REPO}/actions/runs", Answer(body={"workflow_runs": [run]}))

    assert forge.built(REPOSITORY, "build", SHA) == is_built


def test_where_runs_are_unknown_nothing_is_built(forge: Forge, server: Server):
    server.on(f"GET {REPO}/actions/runs", Answer(status=404, body={}))

    assert not forge.built(REPOSITORY, "build", SHA)


def test_a_deployment_is_recorded_and_asks_for_nothing_else(forge: Forge, server: Server):
    server.on(f"POST {REPO}/deployments", Answer(status=201, body={"id": 77}))

    found = forge.deploy(REPOSITORY, SHA, "preview/x", name="x", description="Preview x")

    (asked,) = server.calls(f"POST {REPO}/deployments")
    assert found == 77
    assert (asked.body["auto_merge"], asked.body["required_contexts"]) == (False, [])
    assert (asked.body["ref"], asked.body["environment"]) == (SHA, "preview/x")
    assert (asked.body["transient_environment"], asked.body["production_environment"]) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            Answer(status=202, body={"message": "Auto-merged main"}), id="merged instead"
        ),
        pytest.param(Answer(status=404, body={}), id="no repository"),
        pytest.param(Answer(status=201, body=["x"]), id="a list"),
    ],
)
def test_a_deployment_that_was_not_made_is_no_success(
    answer: Answer, forge: Forge, server: Server
):
    server.on(f"POST {REPO}/deployments", answer)

    with pytest.raises(TerminalError) as caught:
        forge.deploy(REPOSITORY, SHA, "preview/x", name="x", description="Preview x")

    assert caught.value.code == "deployment_refused"


def test_deployments_and_statuses_are_found(forge: Forge, server: Server):
    server.on(f"GET {REPO}/deployments", Answer(body=[{"id": 77}]))
    server.on(f"GET {REPO}/deployments/77/statuses", Answer(body=[{"state": "success"}]))
    server.on(f"GET {REPO}/deployments/78/statuses", Answer(status=404, body={}))

    assert forge.deployments(REPOSITORY, SHA, "preview/x") == [{"id": 77}]
    assert forge.statuses(REPOSITORY, 77) == [{"state": "success"}]
    assert forge.statuses(REPOSITORY, 78) == []


@pytest.mark.parametrize("url", [None, "http://x.example"])
def test_a_status_carries_its_address_where_there_is_one(
    url: str | None, forge: Forge, server: Server
):
    server.on(f"POST {REPO}/deployments/77/statuses", Answer(status=201, body={}))

    forge.say(REPOSITORY, 77, "success", "up", url)

    (asked,) = server.calls(f"POST {REPO}/deployments/77/statuses")
    assert (asked.body["state"], asked.body["auto_inactive"]) == ("success", False)
    assert asked.body.get("environment_url") == url


COMMENTS, COMMENT = f"{REPO}/issues/7/comments", f"{REPO}/issues/comments/9"
MARKER, TEXT = "<!-- x -->", "<!-- x -->\ndown"


def test_the_first_comment_is_made(forge: Forge, server: Server):
    server.on(f"GET {COMMENTS}", Answer(body=[{"id": 1, "body": "hello"}, {"id": 2}]))
    server.on(f"POST {COMMENTS}", Answer(status=201, body={"id": 9}))

    found = forge.comment(REPOSITORY, 7, MARKER, TEXT, known=None)

    assert found == "9"
    assert [a.body for a in server.calls(f"POST {COMMENTS}")] == [{"body": TEXT}]


def test_a_later_comment_changes_the_first_without_a_search(forge: Forge, server: Server):
    server.on(f"PATCH {COMMENT}", Answer(body={"id": 9}))

    found = forge.comment(REPOSITORY, 7, MARKER, TEXT, known="9")

    assert found == "9"
    assert [a.body for a in server.calls(f"PATCH {COMMENT}")] == [{"body": TEXT}]
    assert server.calls(f"GET {COMMENTS}") == []


def own(body: str) -> dict[str, Any]:
    return {"id": 9, "body": body, "performed_via_github_app": {"id": 12345}}


def test_a_marker_in_somebody_elses_comment_is_nothing(forge: Forge, server: Server):
    server.on(f"GET {COMMENTS}", Answer(body=[{"id": 8, "body": f"{MARKER}\nmine"}]))
    server.on(f"POST {COMMENTS}", Answer(status=201, body={"id": 10}))

    assert forge.comment(REPOSITORY, 7, MARKER, TEXT, known=None) == "10"


def test_a_comment_whose_id_was_lost_is_found_by_its_marker(forge: Forge, server: Server):
    server.on(f"GET {COMMENTS}", Answer(body=[own(f"{MARKER}\nup")]))
    server.on(f"PATCH {COMMENT}", Answer(body={"id": 9}))

    found = forge.comment(REPOSITORY, 7, MARKER, TEXT, known=None)

    assert found == "9"
    assert len(server.calls(f"PATCH {COMMENT}")) == 1
    assert server.calls(f"POST {COMMENTS}") == []


def test_a_comment_that_somebody_deleted_is_made_anew(forge: Forge, server: Server):
    server.on(f"PATCH {COMMENT}", Answer(status=404, body={}))
    server.on(f"GET {COMMENTS}", Answer(body=[]))
    server.on(f"POST {COMMENTS}", Answer(status=201, body={"id": 10}))

    assert forge.comment(REPOSITORY, 7, MARKER, TEXT, known="9") == "10"


def test_a_comment_that_says_it_already_is_left_alone(forge: Forge, server: Server):
    server.on(f"GET {COMMENTS}", Answer(body=[own(TEXT)]))

    found = forge.comment(REPOSITORY, 7, MARKER, TEXT, known=None)

    assert found == "9"
    assert [a.method for a in server.asked if "comments" in a.path] == ["GET"]


def test_where_the_pull_request_is_gone_there_is_no_comment(forge: Forge, server: Server):
    server.on(f"GET {COMMENTS}", Answer(status=404, body={}))
    server.on(f"POST {COMMENTS}", Answer(status=404, body={}))

    assert forge.comment(REPOSITORY, 7, MARKER, TEXT, known=None) is None


# What people, branches and the hook are asked for


def test_a_comment_is_read_as_it_is_now(forge: Forge, server: Server):
    comment = {
        "id": 5,
        "issue_url": f"{server.url}{REPO}/issues/7",
        "user": {"login": "olu"},
        "body": "/preview up",
        "created_at": "2026-11-23T09:00:00Z",
        "updated_at": "2026-11-23T09:00:00Z",
    }
    server.on(f"GET {REPO}/issues/comments/5", Answer(body=comment))

    found = forge.comment_of(REPOSITORY, 5)

    assert found == Comment(id=5, number=7, author="olu", body="/preview up", is_edited=False)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"updated_at": "2026-11-23T10:00:00Z"}, "is_edited", True),
        ({"user": None}, "author", ""),
        ({"body": None}, "body", ""),
        ({"issue_url": None}, "number", 0),
    ],
)
def test_a_comment_with_gaps_is_read(
    given: Any, name: str, value: Any, forge: Forge, server: Server
):
    comment = {"id": 5, "created_at": "a", "updated_at": "a", "issue_url": "x/7", **given}
    server.on(f"GET {REPO}/issues/comments/5", Answer(body=comment))

    assert getattr(forge.comment_of(REPOSITORY, 5), name) == value


def test_a_comment_that_is_gone_is_none(forge: Forge, server: Server):
    server.on(f"GET {REPO}/issues/comments/5", Answer(status=404, body={}))

    assert forge.comment_of(REPOSITORY, 5) is None


@pytest.mark.parametrize(
    ("answer", "may"),
    [
        (Answer(body={"permission": "admin"}), True),
        (Answer(body={"permission": "write", "role_name": "maintain"}), True),
        (Answer(body={"permission": "read", "role_name": "triage"}), False),
        (Answer(body={"permission": "none"}), False),
        (Answer(body={}), False),
        (Answer(status=404, body={"message": "olu is not a user"}), False),
    ],
)
def test_only_who_may_push_may_write(answer: Answer, may: bool, forge: Forge, server: Server):
    server.on(f"GET {REPO}/collaborators/olu/permission", answer)

    assert forge.may_write(REPOSITORY, "olu") is may


def test_a_login_is_no_path(forge: Forge, server: Server):
    server.on(
        f"GET {REPO}/collaborators/a%2F..%2F..%2Fevil/permission", Answer(status=404, body={})
    )

    assert not forge.may_write(REPOSITORY, "a/../../evil")


def test_what_the_hook_tried_is_read_page_by_page(forge: Forge, server: Server):
    def attempt(number: int, code: int) -> dict[str, Any]:
        return {
            "id": number,
            "guid": f"g{number}",
            "event": "push",
            "delivered_at": "2026-11-23T09:00:00Z",
            "status_code": code,
        }

    more = f'<{server.url}/app/hook/deliveries?cursor=v1_2>; rel="next"'
    server.on(
        "GET /app/hook/deliveries",
        Answer(body=[attempt(3, 202)], headers={"Link": more}),
        Answer(body=[attempt(2, 502)]),
    )

    found = list(forge.hook_deliveries())

    assert [(d.id, d.guid, d.arrived) for d in found] == [(3, "g3", True), (2, "g2", False)]


def test_the_app_speaks_for_itself_about_its_hook(forge: Forge, server: Server):
    server.on("POST /app/hook/deliveries/9/attempts", Answer(status=202, body={}))

    forge.deliver_again(9)

    (asked,) = server.calls("POST /app/hook/deliveries/9/attempts")
    assert server.calls(TOKENS) == []
    assert asked.headers["authorization"].startswith("bearer ey")


def test_an_app_that_is_not_believed_says_what_to_set(forge: Forge, server: Server):
    server.on("GET /app/hook/deliveries", Answer(status=401, body={}))

    with pytest.raises(TerminalError, match="GITHUB_APP_ID"):
        list(forge.hook_deliveries())


# Elsewhere, and silence


def test_a_renamed_repository_is_followed(forge: Forge, server: Server):
    there = f"{server.url}/repositories/1296269/pulls/7"
    server.on(PULL, Answer(status=301, body={}, headers={"Location": there}))
    server.on("GET /repositories/1296269/pulls/7", Answer(body=pull_object(7)))

    found = forge.pull_request(REPOSITORY, 7)

    assert found is not None
    assert found.number == 7


def test_what_is_written_is_written_where_it_moved(forge: Forge, server: Server):
    there = f"{server.url}/repositories/1296269/issues/comments/5/reactions"
    here = f"POST {REPO}/issues/comments/5/reactions"
    server.on(here, Answer(status=307, body={}, headers={"Location": there}))
    server.on(
        "POST /repositories/1296269/issues/comments/5/reactions", Answer(status=201, body={})
    )

    forge.react(REPOSITORY, 5, "+1")

    (asked,) = server.calls("POST /repositories/1296269/issues/comments/5/reactions")
    assert asked.body == {"content": "+1"}


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "//evil.example/x", "http://127.0.0.1:1/x", ""]
)
def test_a_token_goes_to_github_alone(location: str, forge: Forge, server: Server):
    server.on(PULL, Answer(status=301, body={}, headers={"Location": location}))

    error = failure(forge)

    assert error.code == "github_refused"
    assert "evil" not in str(error)


def test_a_circle_of_redirects_ends(forge: Forge, server: Server):
    server.on(PULL, Answer(status=301, body={}, headers={"Location": PULL.split(" ")[1]}))

    assert failure(forge).code == "github_refused"


class HandTime:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now


def test_asked_for_silence_nothing_is_asked_until_then(server: Server, key: Any):
    server.on(INSTALLATION, Answer(body={"id": 5}))
    server.on(TOKENS, a_token())
    server.on(
        PULL,
        Answer(status=429, body={}, headers={"Retry-After": "90"}),
        Answer(body=pull_object(7)),
    )
    time = HandTime()
    forge = Forge(AppConnection(server.url, "12345", key, time))

    first = failure(forge)
    time.now += timedelta(seconds=60)
    second = failure(forge)
    asked = len(server.calls(PULL))
    time.now += timedelta(seconds=30)
    found = forge.pull_request(REPOSITORY, 7)
    forge.close()

    assert isinstance(first, TransientError)
    assert isinstance(second, TransientError)
    assert (first.after, second.after) == (timedelta(seconds=90), timedelta(seconds=30))
    assert asked == 1
    assert found is not None


def test_a_spent_hour_is_waited_for_by_the_apps_clock(server: Server, key: Any):
    time = HandTime()
    resets = str(int((time.now + timedelta(minutes=20)).timestamp()))
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": resets}
    server.on(INSTALLATION, Answer(body={"id": 5}))
    server.on(TOKENS, a_token())
    server.on(PULL, Answer(status=403, body={}, headers=spent))
    forge = Forge(AppConnection(server.url, "12345", key, time))

    error = failure(forge)
    forge.close()

    assert isinstance(error, TransientError)
    assert error.after == timedelta(minutes=20)
