"""What a delivery asks."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.catalog import Catalog, read
from provisioning.github import receive
from provisioning.github.commits import is_sha
from provisioning.github.interpret import (
    Ignored,
    LookAtBuild,
    LookAtPullRequest,
    interpret,
)
from tests.builders import REPOSITORY_ID, SHA, pull_event, run_event, the_catalog

from .corpus import GITHUB, payloads

MOVES = ["opened", "reopened", "labeled", "unlabeled", "synchronize", "closed"]
BY_OTHERS = '[services.{}]\nrepository = "a/b"\nrepository_id = {}\n'
WITH_PREVIEWS = """
[services.{}.preview]
workflow = "{}"
image = "ghcr.io/a/b:{{sha}}"
postgres = "p"
redis = "r"
"""
DEFAULTS = '[defaults]\nlocation = "westeurope"\nowner = "platform"\n'


def a_catalog(repository_id: int, workflow: str = "build", *, previews: bool = True) -> Catalog:
    """Return a catalog with one service, of that repository."""
    text = DEFAULTS + BY_OTHERS.format("x", repository_id)
    return read(text + (WITH_PREVIEWS.format("x", workflow) if previews else ""), "test.toml")


def why(event: str, payload: Any, catalog: Catalog | None = None) -> str:
    """Return why the event is ignored."""
    found = interpret(event, payload, catalog or the_catalog())
    assert isinstance(found, Ignored), found
    return found.why


@pytest.mark.parametrize("action", MOVES)
def test_a_pull_request_that_moves_is_looked_at(action: str):
    found = interpret("pull_request", pull_event(action, 7), the_catalog())

    assert found == LookAtPullRequest(REPOSITORY_ID, 7)


@pytest.mark.parametrize("action", ["edited", "assigned", "", None, 7, [], {}])
def test_another_action_asks_for_nothing(action: Any):
    payload = {**pull_event("opened", 7), "action": action}

    assert why("pull_request", payload).startswith("nothing follows from pull_request")


@pytest.mark.parametrize("number", [None, 0, -1, True, "7", 7.0, [7]])
def test_a_pull_request_needs_a_number(number: Any):
    payload = {**pull_event("opened", 7), "number": number, "pull_request": {"number": number}}

    assert why("pull_request", payload) == "the payload names no pull request"


def test_the_number_may_stand_beside_the_pull_request():
    payload = {**pull_event("opened", 7), "pull_request": None}

    assert interpret("pull_request", payload, the_catalog()) == LookAtPullRequest(REPOSITORY_ID, 7)


@pytest.mark.parametrize(
    ("repository", "because"),
    [
        pytest.param(None, "names no repository", id="missing"),
        pytest.param({"id": "1296269"}, "names no repository", id="text"),
        pytest.param({"id": True}, "names no repository", id="true"),
        pytest.param({"id": 5}, "not in the catalog", id="unknown"),
        pytest.param([], "names no repository", id="a list"),
    ],
)
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("pull_request", pull_event("opened", 7), id="pull_request"),
        pytest.param("workflow_run", run_event(SHA), id="workflow_run"),
    ],
)
def test_only_repositories_of_the_catalog_count(
    event: str, payload: Any, repository: Any, because: str
):
    assert because in why(event, {**payload, "repository": repository})


def test_a_service_without_previews_asks_for_nothing():
    catalog = a_catalog(REPOSITORY_ID, previews=False)

    assert why("pull_request", pull_event("opened", 7), catalog) == "x has no previews"


@pytest.mark.parametrize("sha", [SHA, "0123456789abcdef" * 4])
def test_the_configured_build_may_have_made_an_image(sha: str):
    assert interpret("workflow_run", run_event(sha), the_catalog()) == LookAtBuild(
        REPOSITORY_ID, sha
    )


@pytest.mark.parametrize(
    ("given", "because"),
    [
        pytest.param({"conclusion": "failure"}, "only a workflow run completed", id="failure"),
        pytest.param({"conclusion": None}, "only a workflow run completed", id="no end"),
        pytest.param({"name": "lint"}, "the workflow lint does not build", id="another"),
        pytest.param({"name": None}, "the workflow without a name", id="nameless"),
        pytest.param({"name": "x" * 99}, f"the workflow {'x' * 40} does not", id="long name"),
        pytest.param({"head_sha": "HEAD"}, "the run names no commit", id="no commit"),
    ],
)
def test_another_run_makes_no_image(given: dict[str, Any], because: str):
    payload = run_event(SHA)
    payload["workflow_run"] |= given

    assert because in why("workflow_run", payload)


@pytest.mark.parametrize("origin", [None, {"id": 9}])
def test_a_run_of_a_fork_is_looked_at_as_any(origin: Any):
    payload = run_event(SHA)
    payload["workflow_run"]["head_repository"] = origin

    assert isinstance(interpret("workflow_run", payload, the_catalog()), LookAtBuild)


@pytest.mark.parametrize("action", ["requested", "in_progress", None, []])
def test_a_run_that_is_not_over_makes_no_image(action: Any):
    assert "only a workflow run completed" in why(
        "workflow_run", {**run_event(SHA), "action": action}
    )


@pytest.mark.parametrize("run", [None, 1, "run", []])
def test_a_run_that_is_none_is_ignored(run: Any):
    assert why("workflow_run", {**run_event(SHA), "workflow_run": run}) == (
        "the payload names no workflow run"
    )


@pytest.mark.parametrize(
    ("event", "because"),
    [
        ("ping", "the webhook works"),
        ("deployment", "an echo"),
        ("deployment_status", "an echo"),
        ("push", "nothing follows from a tag"),
        ("issue_comment", "only a new comment gives a command"),
        ("create", "nothing follows from a tag"),
        ("delete", "nothing follows from a tag"),
        ("repository", "the payload names no repository"),
        ("installation", "the App may see less"),
        ("what_comes_next_year", "nothing follows from the event what_comes_next_year"),
    ],
)
def test_other_events_ask_for_nothing(event: str, because: str):
    assert because in why(event, {})


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("a" * 40, True),
        ("a" * 64, True),
        ("a" * 41, False),
        ("A" * 40, False),
        ("g" * 40, False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_a_commit_has_a_full_name(text: Any, judged: bool):
    assert is_sha(text) == judged


@pytest.mark.skipif(not GITHUB.exists(), reason="the shared corpus is not beside the repository")
@pytest.mark.parametrize("path", payloads(), ids=lambda p: p.name)
def test_a_real_payload_asks_for_what_it_should(path: Path):
    event, body = path.name.split(".")[0], path.read_bytes()
    headers = {
        "x-hub-signature-256": "sha256=" + hmac.new(b"s" * 16, body, hashlib.sha256).hexdigest(),
        "content-type": "application/json",
        "x-github-event": event,
    }
    content = json.loads(body)
    run = content.get("workflow_run") or {}
    repository = (content.get("repository") or {}).get("id") or 1
    catalog = a_catalog(
        repository, (run.get("name") if event == "workflow_run" else "") or "build"
    )

    delivery = receive.read(headers, body, [b"s" * 16])
    asked = interpret(delivery.event, delivery.payload, catalog)
    elsewhere = interpret(delivery.event, delivery.payload, a_catalog(-5))

    match event, content.get("action"):
        case "pull_request", action if action in MOVES:
            assert asked == LookAtPullRequest(repository, content["pull_request"]["number"])
        case "workflow_run", "completed" if _makes_an_image(content):
            assert asked == LookAtBuild(repository, run["head_sha"])
        case _:
            assert isinstance(asked, Ignored)
            assert asked.why.strip()
    assert isinstance(elsewhere, Ignored)


def _makes_an_image(content: Any) -> bool:
    run = content["workflow_run"]
    home = (run.get("head_repository") or content["repository"])["id"]
    return bool(run["conclusion"] == "success" and home == content["repository"]["id"])
