"""Pull requests and runs as GitHub has them, while tests only send deliveries about them. Pure.

A test that delivers `closed` means that GitHub has the pull request closed as well, and a test
that delivers late, twice or in another order means that GitHub's own state did not follow the
disorder. So a delivery moves the stored object only as the true course of events could have:

* only `closed` closes and only `reopened` opens again, each by its own `updated_at` against that
  of the last known change of state: a late `closed` does not undo the `reopened` that followed it;
* everything else (head, title, labels) is taken from the newest payload seen;
* labels change faster than `updated_at` counts, in seconds: a `labeled` of the very time that is
  known moves the one label it names;
* what a test has put here by itself is GitHub's word: only a strictly later payload changes it, or
  a label of the same time;
* every head is remembered with the earliest time it was seen at, whatever order they came in.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local.github.answers import Json

# What a change of state decides, and no other payload may.
_OF_STATE = ("state", "closed_at", "merged", "merged_at", "merged_by", "merge_commit_sha")
_STATE_MOVES = frozenset({"opened", "closed", "reopened"})
_ORDER_OF_RUN = {"completed": 2, "in_progress": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One stored object. `moved_at`: since when its state is known to be what it is.

    `heads` are the commits that a pull request's branch was at, each with the time of the first
    payload that said so, oldest first.
    """

    object: Json
    moved_at: str
    put: bool = False
    heads: Sequence[Json] = ()

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


def put_pull(given: Json, repository: Json, *, now: str, known: Kept | None = None) -> Kept:
    """Return a pull request that a test states, completed with what GitHub always has.

    `_commits` states its commits, oldest first; without it a new head follows those of `known`.
    """
    given = dict(given)
    stated = given.pop("_commits", None)
    if stated and "sha" not in (given.get("head") or {}):
        given["head"] = {**(given.get("head") or {}), "sha": stated[-1]}
    whole = complete_pull(given, repository, now=now)
    heads, at = known.heads if known else (), whole["updated_at"]
    if stated is not None:
        heads = [{"sha": sha, "at": at} for sha in dict.fromkeys(stated)]
    if heads and is_before(at, heads[-1]["at"]):
        at = heads[-1]["at"]
    heads = _with_head(heads, whole["head"]["sha"], at)
    return Kept(object=whole, moved_at=whole["updated_at"], put=True, heads=heads)


def delivered_pull(
    known: Kept | None,
    action: str,
    given: Json,
    repository: Json,
    *,
    now: str,
    label: Json | None = None,
) -> Kept:
    """Return the pull request as GitHub has it, knowing that it sent `action` with `given`.

    `label` is the one that a `labeled` or `unlabeled` names.
    """
    stamp = str(given.get("updated_at") or now)
    if known is None:
        whole = complete_pull({**given, "updated_at": stamp}, repository, now=now)
        heads = _with_head((), whole["head"]["sha"], stamp)
        return Kept(object=whole, moved_at=stamp, heads=heads)
    known = replace(known, heads=_with_head(known.heads, _sha_in(given), stamp))
    labels = _labels_after(known.object, action, given, label, stamp)
    if known.put and not is_before(known.object["updated_at"], stamp):
        return replace(known, object={**known.object, **labels})
    facts = known.object
    if not is_before(stamp, facts["updated_at"]):
        newer = {name: value for name, value in given.items() if name not in _OF_STATE}
        sides = {name: _side(facts[name], given.get(name)) for name in ("base", "head")}
        facts = {**facts, **newer, **sides, **labels, "updated_at": stamp}
    state, moved_at = _state_after(known, action, given, stamp)
    return Kept(object={**facts, **state}, moved_at=moved_at, put=False, heads=known.heads)


def commits_of(kept: Kept) -> list[str]:
    """Return the heads of a pull request up to its present one, oldest first.

    A present head that is not the last was there before: the branch was taken back to it.
    """
    shas, head = [str(one["sha"]) for one in kept.heads], str(kept.object["head"]["sha"])
    return shas[: shas.index(head) + 1] if head in shas else [*shas, head]


def _with_head(heads: Sequence[Json], sha: str | None, at: str) -> Sequence[Json]:
    """Return the heads with one more, by time; one that is known is dated back, never on."""
    same = [one for one in heads if one["sha"] == sha]
    if sha is None or (same and not is_before(at, same[0]["at"])):
        return heads
    others = [one for one in heads if one["sha"] != sha]
    before = [one for one in others if not is_before(at, one["at"])]
    return [*before, {"sha": sha, "at": at}, *others[len(before) :]]


def _sha_in(given: Json) -> str | None:
    head = given.get("head")
    sha = head.get("sha") if isinstance(head, dict) else None
    return sha if isinstance(sha, str) else None


def _labels_after(
    facts: Json, action: str, given: Json, label: Json | None, stamp: str
) -> dict[str, Any]:
    """Return the labels where the delivery may change them: of the same time, by the one named."""
    if action not in ("labeled", "unlabeled") or is_before(stamp, facts["updated_at"]):
        return {}
    if is_before(facts["updated_at"], stamp) or label is None:
        return {"labels": given["labels"]} if "labels" in given else {}
    others = [one for one in facts["labels"] if one.get("name") != label.get("name")]
    return {"labels": [*others, label] if action == "labeled" else others}


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
