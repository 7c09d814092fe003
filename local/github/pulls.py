"""Pull requests and runs as GitHub has them, while tests only send deliveries about them. Pure.

A test that delivers `closed` means that GitHub has the pull request closed as well, and a test
that delivers late, twice or in another order means that GitHub's own state did not follow the
disorder. So a delivery moves the stored object only as the true course of events could have:

* only `closed` closes and only `reopened` opens again, each by its own `updated_at` against that
  of the last known change of state: a late `closed` does not undo the `reopened` that followed it;
* everything else (head, title, labels) is taken from the newest payload seen;
* what a test has put here by itself is GitHub's word: only a strictly later payload changes it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from local.github.answers import Json

# What a change of state decides, and no other payload may.
_OF_STATE = ("state", "closed_at", "merged", "merged_at", "merged_by", "merge_commit_sha")
_STATE_MOVES = frozenset({"opened", "closed", "reopened"})
_ORDER_OF_RUN = {"completed": 2, "in_progress": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One stored object. `moved_at`: since when its state is known to be what it is."""

    object: Json
    moved_at: str
    put: bool = False

    def document(self) -> Json:
        """Return it as the store keeps it."""
        return asdict(self)

    @staticmethod
    def read(document: Json | None) -> "Kept | None":
        """Return what the store had, or None."""
        return None if document is None else Kept(**document)


def is_before(one: str, other: str) -> bool:
    """Say whether the first of two ISO times is earlier; what is not a time is the earliest."""
    return _moment(one) < _moment(other)


def is_time(text: Any) -> bool:
    """Say whether it is an ISO time at all."""
    return isinstance(text, str) and _moment(text) > _moment("")


def put_pull(given: Json, repository: Json, *, now: str) -> Kept:
    """Return a pull request that a test states, completed with what GitHub always has."""
    whole = complete_pull(given, repository, now=now)
    return Kept(object=whole, moved_at=whole["updated_at"], put=True)


def delivered_pull(
    known: Kept | None, action: str, given: Json, repository: Json, *, now: str
) -> Kept:
    """Return the pull request as GitHub has it, knowing that it sent `action` with `given`."""
    stamp = str(given.get("updated_at") or now)
    if known is None:
        whole = complete_pull({**given, "updated_at": stamp}, repository, now=now)
        return Kept(object=whole, moved_at=stamp)
    if known.put and not is_before(known.object["updated_at"], stamp):
        return known
    facts = known.object
    if not is_before(stamp, facts["updated_at"]):
        newer = {name: value for name, value in given.items() if name not in _OF_STATE}
        sides = {name: _side(facts[name], given.get(name)) for name in ("base", "head")}
        facts = {**facts, **newer, **sides, "updated_at": stamp}
    state, moved_at = _state_after(known, action, given, stamp)
    return Kept(object={**facts, **state}, moved_at=moved_at, put=False)


def _state_after(known: Kept, action: str, given: Json, stamp: str) -> tuple[Json, str]:
    """Return what changes of the state, and since when it is known."""
    if is_before(stamp, known.moved_at):
        return {}, known.moved_at
    is_open = known.object["state"] == "open"
    if action == "closed":
        said = {name: given[name] for name in _OF_STATE if name in given}
        return {"closed_at": stamp, **said, "state": "closed"}, stamp
    if action == "reopened":
        return {"closed_at": None, "merged": False, "merged_at": None, "state": "open"}, stamp
    # Pushes reach open pull requests alone: a `closed` of before is older than this one's opening.
    return {}, stamp if is_open and action == "synchronize" else known.moved_at


def complete_pull(given: Json, repository: Json, *, now: str) -> Json:
    """Return a pull request with every field the API always has; what is given stays."""
    number, home = given["number"], repository["object"]
    base: Json = {"ref": home["default_branch"], "repo": home, "sha": _sha(home["full_name"])}
    sha = _sha(f"{home['full_name']}/pull/{number}")
    head: Json = {"ref": f"pull-{number}", "repo": home, "sha": sha}
    usual: Json = {
        "id": 500_000_000 + number,
        "number": number,
        "state": "open",
        "locked": False,
        "title": f"Pull request {number}",
        "body": None,
        "user": {"login": "octocat", "id": 583231, "type": "User"},
        "author_association": "CONTRIBUTOR",
        "labels": [],
        "draft": False,
        "merged": False,
        "mergeable": None,
        "merged_at": None,
        "closed_at": None,
        "merge_commit_sha": None,
        "created_at": given.get("updated_at") or now,
        "updated_at": now,
        "html_url": f"{home['html_url']}/pull/{number}",
        "url": f"{home['url']}/pulls/{number}",
    }
    whole = {**usual, **given}
    whole["base"] = _side(base, given.get("base"))
    whole["head"] = _side(head, given.get("head"))
    whole["updated_at"] = whole["updated_at"] or now
    return whole


def delivered_run(known: Kept | None, given: Json, repository: Json, *, now: str) -> Kept:
    """Return the workflow run as GitHub has it, knowing that it sent `given`."""
    whole = complete_run(given, repository, now=now)
    stamp = whole["updated_at"]
    if known is not None:
        held = known.object["updated_at"]
        older = is_before(stamp, held) or (known.put and not is_before(held, stamp))
        if older or (stamp == held and _progress(whole) < _progress(known.object)):
            return known
    return Kept(object=whole, moved_at=stamp)


def put_run(given: Json, repository: Json, *, now: str) -> Kept:
    """Return a workflow run that a test states, completed with what GitHub always has."""
    whole = complete_run(given, repository, now=now)
    return Kept(object=whole, moved_at=whole["updated_at"], put=True)


def complete_run(given: Json, repository: Json, *, now: str) -> Json:
    """Return a workflow run with every field the API always has; what is given stays."""
    home = repository["object"]
    stamp = given.get("updated_at") or given.get("created_at") or now
    usual: Json = {
        "name": "build",
        "path": ".github/workflows/build.yml",
        "event": "pull_request",
        "status": "completed" if given.get("conclusion") else "queued",
        "conclusion": None,
        "head_branch": home["default_branch"],
        "run_number": 1,
        "run_attempt": 1,
        "workflow_id": 1,
        "created_at": stamp,
        "run_started_at": stamp,
        "pull_requests": [],
        "actor": {"login": "octocat", "id": 583231, "type": "User"},
        "repository": home,
        "head_repository": home,
        "url": f"{home['url']}/actions/runs/{given['id']}",
        "html_url": f"{home['html_url']}/actions/runs/{given['id']}",
    }
    return {**usual, **given, "updated_at": stamp}


def _side(usual: Json, given: Any) -> Json:
    """Return `base` or `head`, what is given on top; a `repo` of null stays: the fork is gone."""
    return {**usual, **given} if isinstance(given, dict) else usual


def _progress(run: Mapping[str, Any]) -> int:
    return _ORDER_OF_RUN.get(str(run.get("status")), 0)


def _sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
