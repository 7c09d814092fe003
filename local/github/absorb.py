"""What a delivery tells about GitHub itself: kept in step before it is sent.

A test that sends a delivery says two things: "GitHub sends this" and "this is so at GitHub". The
app asks back, so the second must hold by the time that the first arrives. Whatever has not the
shape of GitHub's is sent all the same and teaches nothing.
"""

from typing import Any

from local.github import installations, repositories
from local.github.answers import Json
from local.github.pulls import Kept, delivered_pull, delivered_run, is_before
from local.github.world import World

# What GitHub's word on an author means for their permission, where nobody said otherwise.
_LEVELS = {"OWNER": "admin", "MEMBER": "write", "COLLABORATOR": "write"}


def absorb(world: World, event: str, payload: Any) -> None:
    """Bring the store in step with a delivery."""
    if not isinstance(payload, dict):
        return
    match event:
        case "repository" if isinstance(payload.get("repository"), dict):
            repositories.follow(world, payload)
        case "installation" | "installation_repositories":
            if isinstance(payload.get("installation"), dict):
                installations.follow(world, event, payload)
        case _:
            repository = repositories.told(world, payload.get("repository"))
            if repository is not None:
                _absorb_under(world, repository, event, payload)


def _absorb_under(world: World, repository: Json, event: str, payload: Json) -> None:
    match event:
        case "pull_request" if isinstance(payload.get("pull_request"), dict):
            _pull(world, repository, payload)
        case "workflow_run" if isinstance(payload.get("workflow_run"), dict):
            _run(world, repository, payload["workflow_run"])
        case "issue_comment" if isinstance(payload.get("comment"), dict):
            _comment(world, repository, payload)
        case "push":
            _commits(world, repository, payload.get("commits"))


def _pull(world: World, repository: Json, payload: Json) -> None:
    given = payload["pull_request"]
    number = given.get("number", payload.get("number"))
    if not isinstance(number, int) or isinstance(number, bool):
        return
    home = repository["id"]
    known, label = Kept.read(world.store.get("pull", number, shelf=home)), payload.get("label")
    now = delivered_pull(
        known,
        str(payload.get("action")),
        {**given, "number": number},
        repository,
        now=world.now,
        label=label if isinstance(label, dict) else None,
    )
    world.store.put("pull", number, now.document(), shelf=home)


def _run(world: World, repository: Json, given: Json) -> None:
    number = given.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        return
    known = Kept.read(world.store.get("run", number, shelf=repository["id"]))
    now = delivered_run(known, given, repository, now=world.now)
    world.store.put("run", number, now.document(), shelf=repository["id"])


def _comment(world: World, repository: Json, payload: Json) -> None:
    comment, home = payload["comment"], repository["id"]
    issue = payload.get("issue")
    number = issue.get("number") if isinstance(issue, dict) else None
    if not isinstance(number, int) or not isinstance(comment.get("id"), int):
        return
    _person(world, home, comment)
    identity = comment["id"]
    if payload.get("action") == "deleted":
        world.store.drop("comment", identity, shelf=home)
        world.store.put("deleted_comment", identity, {}, shelf=home)
        return
    if world.store.get("deleted_comment", identity, shelf=home) is not None:
        return  # an id is never given again: this one came late
    kept = world.store.get("comment", identity, shelf=home)
    known = kept["object"] if kept else {}
    is_new = payload.get("action") == "created"
    begun_at = comment.get("created_at") if is_new else None
    stamp = str(comment.get("updated_at") or begun_at or world.now)
    is_echo = is_new and stamp == known.get("updated_at")
    if is_echo or is_before(stamp, str(known.get("updated_at"))):
        return
    usual = {
        "body": "",
        "issue_url": f"{world.stack.github}/repos/{repository['full_name']}/issues/{number}",
        "created_at": stamp,
        "performed_via_github_app": None,
    }
    begun = {"created_at": known["created_at"]} if known else {}
    whole = {**usual, **known, **comment, **begun, "updated_at": stamp}
    world.store.put("comment", identity, {"issue": number, "object": whole}, shelf=home)


def _person(world: World, home: int, comment: Json) -> None:
    user = comment.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(login, str) or "author_association" not in comment:
        return
    told = world.store.get("collaborator", login, shelf=home)
    if told is None or not told.get("put"):
        level = _LEVELS.get(str(comment["author_association"]), "read")
        world.store.put("collaborator", login, {"permission": level}, shelf=home)


def _commits(world: World, repository: Json, commits: Any) -> None:
    for commit in commits if isinstance(commits, list) else []:
        if not isinstance(commit, dict) or not isinstance(commit.get("id"), str):
            continue
        author = commit.get("author")
        login = author.get("username") if isinstance(author, dict) else None
        told = {"sha": commit["id"], "author": {"login": login}}
        world.store.put("commit", commit["id"], told, shelf=repository["id"])
