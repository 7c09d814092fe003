"""Second act: people on GitHub. A fork is let in commit by commit, and a lost command is found."""

from typing import Any

from local.demo.telling import fact, say, scene
from local.outside import Broken, Stack, event, run

NUMBER, NAME = 12, "pr-12-rewards-api"
APPROVED, PUSHED = "7a" * 20, "e4" * 20
FORK = {"id": 99, "full_name": "visitor/rewards-api"}


def play(running: Stack) -> None:
    """Tell the story in its four scenes."""
    visited(running)
    approved(running)
    pushed(running)
    extended(running)


def visited(running: Stack) -> None:
    """A fork's pull request opens and builds; nothing of it runs, whoever claims to approve it."""
    scene("A pull request comes from a fork")
    move(running, "opened", APPROVED, "2026-03-02T11:00:00Z")
    running.deliver("workflow_run", run(APPROVED))
    comment(running, 5001, "visitor", "NONE", f"/preview approve {APPROVED}")
    running.advance("PT5M")
    found = running.api(f"environments/{NAME}")
    fact("preview", f"{found['name']} is {found['phase']}")
    fact("because", running.api(f"environments/{NAME}/why")["because"])
    if found["phase"] != "absent":
        raise Broken("a fork ran that nobody approved")


def approved(running: Stack) -> None:
    """A member reads the change and approves its commit."""
    scene("A member approves one commit")
    comment(running, 5002, "ines", "MEMBER", f"Looks safe.\n/preview approve {APPROVED}")
    ready = running.wait_for(NAME, "ready")
    fact("preview", f"ready at {ready['sha'][:12]}, approved by {ready['approved']['by']}")


def pushed(running: Stack) -> None:
    """The fork pushes another commit: it waits, and what was approved goes on running."""
    scene("The fork pushes again")
    move(running, "synchronize", PUSHED, "2026-03-02T11:30:00Z")
    running.deliver("workflow_run", run(PUSHED))
    running.advance("PT5M")
    found = running.api(f"environments/{NAME}")
    fact("preview", f"still {found['phase']} at {found['sha'][:12]}")
    if found["sha"] != APPROVED:
        raise Broken(f"a commit ran that nobody approved: {found['sha']}")


def extended(running: Stack) -> None:
    """A command whose delivery is lost: `repair` finds it in GitHub's list, and it is obeyed."""
    scene("A command is lost on its way")
    before = running.api(f"environments/{NAME}")["expires_at"]
    comment(running, 5003, "ines", "MEMBER", "/preview extend 3h", drop=True)
    running.advance("PT15M")
    fact("expires", f"{before}, then {running.api(f'environments/{NAME}')['expires_at']}")
    if running.api(f"environments/{NAME}")["expires_at"] == before:
        raise Broken("the lost command was not found")
    for text in the_comment(running).splitlines()[1:]:
        say(f"    {text}")


def move(running: Stack, action: str, sha: str, when: str) -> None:
    """Have the fork's pull request move."""
    payload = event(action, NUMBER, sha, when)
    payload["pull_request"]["head"]["repo"] = FORK
    running.deliver("pull_request", payload)


def comment(
    running: Stack, identity: int, by: str, association: str, text: str, *, drop: bool = False
) -> None:
    """Have somebody comment on the pull request; a dropped delivery is lost on its way."""
    payload: dict[str, Any] = {
        "action": "created",
        "issue": {"number": NUMBER, "pull_request": {}},
        "comment": {
            "id": identity,
            "body": text,
            "user": {"login": by, "id": identity},
            "author_association": association,
            "created_at": "2026-03-02T11:00:00Z",
            "updated_at": "2026-03-02T11:00:00Z",
        },
        "repository": event("opened", NUMBER, APPROVED, "")["repository"],
    }
    if drop:
        order = {"event": "issue_comment", "payload": payload, "drop": True}
        running.github("POST", "deliver", json=order)
    else:
        running.deliver("issue_comment", payload)


def the_comment(running: Stack) -> str:
    """Return what our one comment says at last."""
    said = [
        request["body"]["body"]
        for request in running.github("GET", "requests")
        if request["method"] in ("POST", "PATCH")
        and "comments" in request["path"]
        and NAME in str((request["body"] or {}).get("body"))
    ]
    return str(said[-1])
