"""What happens to pull requests, told in one line each: by GitHub's state and its deliveries."""

from datetime import timedelta
from typing import Any

from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_event, run_object
from tests.effort import unmeasured
from tests.town import Town

NAME = "pr-7-rewards-api"
ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
MINUTE = timedelta(minutes=1)
CONTAINERS = "Microsoft.ContainerInstance/containerGroups"


def at(hour: int, minute: int = 0) -> str:
    """Return an instant of the scenario's first day, as GitHub writes it."""
    return f"2026-11-23T{hour:02d}:{minute:02d}:00Z"


def push(town: Town, action: str, sha: str, when: str, **given: Any) -> None:
    """Have pull request 7 move, at GitHub and by a delivery."""
    town.pulls(pull_object(7, sha=sha, updated_at=when, **given))
    town.deliver("pull_request", pull_event(action, 7, sha=sha, updated_at=when, **given))
    town.settle()


def build(town: Town, sha: str) -> None:
    """Have the build of a commit succeed."""
    town.runs(run_object(sha))
    town.deliver("workflow_run", run_event(sha))
    town.settle()


def up(town: Town, sha: str = ONE) -> None:
    """Have pull request 7 opened and built, and wait until its preview is ready.

    Unmeasured: tests that are about this do it step by step.
    """

    def come() -> None:
        push(town, "opened", sha, at(9))
        build(town, sha)
        town.pass_time(3 * MINUTE)

    unmeasured(come)
    assert town.environment(NAME).phase is Phase.READY


def close(town: Town, sha: str = ONE, when: str = at(20)) -> None:
    """Have pull request 7 closed."""
    push(town, "closed", sha, when, state="closed")


def in_azure(town: Town, kind: str) -> list[dict[str, Any]]:
    """Return what there is of a type in Azure."""
    return [r for r in town.resources() if r["type"].lower() == kind.lower()]


def images(town: Town) -> list[str]:
    """Return the image of the service in every container group."""
    groups = in_azure(town, CONTAINERS)
    return [g["properties"]["containers"][0]["properties"]["image"] for g in groups]


def writes(town: Town) -> list[dict[str, Any]]:
    """Return every call that changed, or tried to change, something in Azure."""
    return [c for c in town.calls() if c["method"] in ("PUT", "POST", "PATCH", "DELETE")]


def states(town: Town) -> list[str]:
    """Return the states that GitHub was told, in order."""
    said = town.said("POST", "/statuses")
    return [r["body"]["state"] for r in said if r["status"] == 201]


def comment(town: Town, body: str, *, by: str = "olu", number: int = 7, **given: Any) -> None:
    """Have somebody comment on a pull request, at GitHub and by a delivery."""
    town.comments += 1
    made = given.get("created_at", at(12))
    payload = {
        "action": given.get("action", "created"),
        "issue": {"number": number, "pull_request": {"url": "there"}},
        "comment": {
            "id": given.get("id", town.comments),
            "body": body,
            "user": {"login": by, "id": 6},
            "author_association": given.get("association", "MEMBER"),
            "created_at": made,
            "updated_at": given.get("updated_at", made),
        },
        "repository": pull_event("opened", 7)["repository"],
    }
    town.tell("issue_comment", payload)  # GitHub has the comment before it says so
    town.deliver("issue_comment", payload)
    town.settle()


def the_comment(town: Town) -> str:
    """Return what our one comment on pull request 7 says now."""
    said = [r for r in town.said("POST", "issues/7/comments") if r["status"] == 201]
    assert len(said) == 1, "one comment, edited in place"
    edited = [r for r in town.said("PATCH", "issues/comments") if r["status"] == 200]
    return str((edited or said)[-1]["body"]["body"])


def reactions(town: Town) -> list[str]:
    """Return the reactions that commands were given, in order."""
    said = town.said("POST", "/reactions")
    return [r["body"]["content"] for r in said if r["status"] in (200, 201)]
