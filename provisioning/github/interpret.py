"""What does a delivery ask? A pure reading of event, payload and catalog.

A delivery is a nudge: it names a pull request, a build, a branch or a comment to look at, nothing
more. Whatever it claims is asked of GitHub again before anything is done. What follows from
nothing is ignored with a reason; GitHub adds events and actions at any time, so the unknown is
never an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.catalog import LABEL, Catalog, Service
from provisioning.github.commands import parse
from provisioning.github.commits import is_sha

_MOVES = frozenset(
    {
        "opened",
        "reopened",
        "ready_for_review",
        "labeled",
        "unlabeled",
        "synchronize",
        "closed",
    }
)
_NOW_SEEN = frozenset({"created", "unsuspend", "new_permissions_accepted", "added"})
_BRANCH = "refs/heads/"
HEARD = frozenset(
    {
        "pull_request",
        "workflow_run",
        "issue_comment",
        "push",
        "create",
        "delete",
        "installation",
        "installation_repositories",
        "repository",
    }
)


@dataclass(frozen=True)
class LookAtPullRequest:
    """Ask GitHub for this pull request, and act on what it says."""

    repository_id: int
    number: int


@dataclass(frozen=True)
class LookAtBuild:
    """The image of this commit may be there now."""

    repository_id: int
    sha: str


@dataclass(frozen=True)
class LookAtComment:
    """Somebody may have given a command; ask GitHub for the comment, and who wrote it."""

    repository_id: int
    number: int
    comment: int


@dataclass(frozen=True)
class LookAtBranch:
    """The pull requests of this branch may have moved."""

    repository_id: int
    branch: str


@dataclass(frozen=True)
class LookAtRepositories:
    """Everything in these repositories may have been missed."""

    repository_ids: tuple[int, ...]


@dataclass(frozen=True)
class NoteName:
    """The repository has another name than the catalog says."""

    repository_id: int
    name: str


@dataclass(frozen=True)
class Ignored:
    """Nothing follows, and why."""

    why: str


Asked = (
    LookAtPullRequest
    | LookAtBuild
    | LookAtComment
    | LookAtBranch
    | LookAtRepositories
    | NoteName
    | Ignored
)


def interpret(event: str, payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    """Return what the event asks for; never raises on a payload of any shape."""
    match event:
        case "ping":
            return Ignored("a ping; the webhook works")
        case "pull_request":
            return _pull_request(payload, catalog)
        case "workflow_run":
            return _workflow_run(payload, catalog)
        case "issue_comment":
            return _comment(payload, catalog)
        case "push":
            return _push(payload, catalog)
        case "create" | "delete":
            return _reference(event, payload, catalog)
        case "installation" | "installation_repositories":
            return _installation(event, payload, catalog)
        case "repository":
            return _repository(payload, catalog)
        case "deployment" | "deployment_status":
            return Ignored("an echo of what was reported")
    return Ignored(f"nothing follows from the event {event}")


def _pull_request(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    action = payload.get("action")
    if not isinstance(action, str) or action not in _MOVES:
        return Ignored(f"nothing follows from pull_request {_word(action)}")
    label = _at(payload, "label", "name")
    if action in ("labeled", "unlabeled") and isinstance(label, str) and label != LABEL:
        return Ignored(f"only the label {LABEL} says something about previews")
    number = _number(payload, "pull_request")
    if number is None:
        return Ignored("the payload names no pull request")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    return LookAtPullRequest(service.repository_id, number)


def _workflow_run(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    """Look at the builds of forks as well: whether their commit may run is asked elsewhere."""
    run = payload.get("workflow_run")
    if not isinstance(run, Mapping):
        return Ignored("the payload names no workflow run")
    if payload.get("action") != "completed" or run.get("conclusion") != "success":
        return Ignored("only a workflow run completed with success makes an image")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    name = run.get("name")
    if service.preview is None or name != service.preview.workflow:
        return Ignored(f"the workflow {_word(name)} does not build the image")
    sha = run.get("head_sha")
    if not is_sha(sha):
        return Ignored("the run names no commit")
    return LookAtBuild(service.repository_id, str(sha))


def _comment(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    if payload.get("action") != "created":
        return Ignored("only a new comment gives a command; an edited one does nothing")
    if not isinstance(_at(payload, "issue", "pull_request"), Mapping):
        return Ignored("a comment on an issue, not on a pull request")
    body = _at(payload, "comment", "body")
    if not isinstance(body, str) or parse(body) is None:
        return Ignored("the comment gives no command")
    number, comment = _number(payload, "issue"), _at(payload, "comment", "id")
    if number is None or not isinstance(comment, int) or isinstance(comment, bool):
        return Ignored("the payload names no comment")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    return LookAtComment(service.repository_id, number, comment)


def _push(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    reference = payload.get("ref")
    if not isinstance(reference, str) or not reference.startswith(_BRANCH):
        return Ignored("nothing follows from a tag")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    return LookAtBranch(service.repository_id, reference.removeprefix(_BRANCH))


def _reference(event: str, payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    name = payload.get("ref")
    if payload.get("ref_type") != "branch" or not isinstance(name, str) or not name:
        return Ignored("nothing follows from a tag")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    if event == "create":
        return Ignored("a branch by itself has no preview; its pull request will")
    return LookAtBranch(service.repository_id, name)


def _installation(event: str, payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    action = payload.get("action")
    if action not in _NOW_SEEN:
        return Ignored(
            f"after {event} {_word(action)} the App may see less; previews whose pull requests "
            "cannot be asked for any more go when they expire"
        )
    listed = payload.get("repositories_added" if action == "added" else "repositories")
    ids = [_at(item, "id") for item in listed] if isinstance(listed, list) else None
    ours = tuple(
        service.repository_id
        for service in catalog.services.values()
        if service.preview is not None and (not ids or service.repository_id in ids)
    )
    if not ours:
        return Ignored("none of the repositories is in the catalog")
    return LookAtRepositories(ours)


def _repository(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    action = payload.get("action")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    if action == "unarchived":
        return LookAtRepositories((service.repository_id,))
    if action in ("archived", "deleted"):
        return Ignored(
            f"the repository is {action}: its pull requests close or can no longer be asked for, "
            "and its previews go with them, or when they expire"
        )
    name = _at(payload, "repository", "full_name")
    if action not in ("renamed", "transferred") or not isinstance(name, str):
        return Ignored(f"nothing follows from repository {_word(action)}")
    return NoteName(service.repository_id, name)


def _service(payload: Mapping[str, Any], catalog: Catalog) -> Service | Ignored:
    identity = _at(payload, "repository", "id")
    if not isinstance(identity, int) or isinstance(identity, bool):
        return Ignored("the payload names no repository")
    service = catalog.service_of(identity)
    if service is None:
        return Ignored("the repository is not in the catalog")
    if service.preview is None:
        return Ignored(f"{service.name} has no previews")
    return service


def _number(payload: Mapping[str, Any], name: str) -> int | None:
    number = _at(payload, name, "number") or payload.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    return number


def _at(value: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _word(value: Any) -> str:
    return str(value)[:40] if isinstance(value, str) else "without a name"
