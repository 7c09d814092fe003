"""Values for tests, each field said only where the test is about it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from provisioning.catalog import Catalog, read
from provisioning.model import Environment, Kind, PullRequest
from provisioning.settings import ROOT

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REPOSITORY, REPOSITORY_ID = "tesoro/rewards-api", 1296269
SHA = "a" * 40


def the_catalog() -> Catalog:
    """Return the catalog of the repository itself."""
    return read((ROOT / "environments.toml").read_text(encoding="utf-8"), "environments.toml")


def a_pull_request(**given: Any) -> PullRequest:
    """Return an open pull request 7 from a branch."""
    facts = PullRequest(
        repository_id=REPOSITORY_ID,
        repository=REPOSITORY,
        number=7,
        open=True,
        sha=SHA,
        author="ines",
        fork=False,
        updated_at=START,
    )
    return replace(facts, **given)


def an_environment(**given: Any) -> Environment:
    """Return the preview of pull request 7, heard of but not begun."""
    fresh = Environment(
        name="pr-7-rewards-api",
        kind=Kind.PREVIEW,
        service="rewards-api",
        owner="ines",
        created_at=START,
        changed_at=START,
        pull_request=a_pull_request(),
        pushed_at=START,
    )
    return replace(fresh, **given)


def pull_object(number: int, **given: Any) -> dict[str, Any]:
    """Return a pull request as GitHub's API has it; `sha`, `state`, `updated_at`, `fork`."""
    home = {"id": REPOSITORY_ID, "full_name": REPOSITORY}
    origin = {"id": 99, "full_name": "somebody/rewards-api"} if given.get("fork") else home
    return {
        "id": 1000 + number,
        "number": number,
        "state": given.get("state", "open"),
        "title": "A change",
        "draft": False,
        "merged": False,
        "user": {"login": "ines", "id": 5},
        "head": {"sha": given.get("sha", SHA), "ref": "change", "repo": origin},
        "base": {"sha": "b" * 40, "ref": "main", "repo": home},
        "labels": [],
        "created_at": "2026-11-23T08:00:00Z",
        "updated_at": given.get("updated_at", "2026-11-23T09:00:00Z"),
    }


def pull_event(action: str, number: int, **given: Any) -> dict[str, Any]:
    """Return the payload of a `pull_request` event."""
    return {
        "action": action,
        "number": number,
        "pull_request": pull_object(number, **given),
        "repository": {"id": REPOSITORY_ID, "full_name": REPOSITORY},
        "sender": {"login": "ines", "id": 5},
    }


def run_object(sha: str, **given: Any) -> dict[str, Any]:
    """Return a workflow run as GitHub's API has it; `name`, `conclusion`, `id`."""
    return {
        "id": given.get("id", int(sha[:8], 16)),
        "name": given.get("name", "build"),
        "head_sha": sha,
        "status": "completed",
        "conclusion": given.get("conclusion", "success"),
        "event": "pull_request",
        "head_repository": {"id": REPOSITORY_ID, "full_name": REPOSITORY},
        "repository": {"id": REPOSITORY_ID, "full_name": REPOSITORY},
    }


def run_event(sha: str, **given: Any) -> dict[str, Any]:
    """Return the payload of a completed `workflow_run` event."""
    return {
        "action": "completed",
        "workflow_run": run_object(sha, **given),
        "repository": {"id": REPOSITORY_ID, "full_name": REPOSITORY},
    }
