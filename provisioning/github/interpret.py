"""What does a delivery ask? A pure reading of event, payload and catalog.

A delivery is a nudge: it names a pull request or a build to look at, nothing more. Whatever it
claims is asked of GitHub again before anything is done. What follows from nothing is ignored with
a reason; GitHub adds events and actions at any time, so the unknown is never an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.catalog import Catalog, Service

_MOVES = frozenset({"opened", "reopened", "ready_for_review", "labeled", "synchronize", "closed"})


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
class Ignored:
    """Nothing follows, and why."""

    why: str


Asked = LookAtPullRequest | LookAtBuild | Ignored


def interpret(event: str, payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    """Return what the event asks for; never raises on a payload of any shape."""
    match event:
        case "ping":
            return Ignored("a ping; the webhook works")
        case "pull_request":
            return _pull_request(payload, catalog)
        case "workflow_run":
            return _workflow_run(payload, catalog)
        case "deployment" | "deployment_status":
            return Ignored("an echo of what was reported")
    return Ignored(f"nothing follows from the event {event}")


def _pull_request(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
    action = payload.get("action")
    if not isinstance(action, str) or action not in _MOVES:
        return Ignored(f"nothing follows from pull_request {_word(action)}")
    number = _at(payload, "pull_request", "number") or payload.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return Ignored("the payload names no pull request")
    service = _service(payload, catalog)
    if isinstance(service, Ignored):
        return service
    return LookAtPullRequest(service.repository_id, number)


def _workflow_run(payload: Mapping[str, Any], catalog: Catalog) -> Asked:
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
    home = _at(run, "head_repository", "id")
    if home is not None and home != service.repository_id:
        return Ignored("the run is of a fork")
    sha = run.get("head_sha")
    if not is_sha(sha):
        return Ignored("the run names no commit")
    return LookAtBuild(service.repository_id, str(sha))


def is_sha(text: Any) -> bool:
    """Say whether `text` is a commit's full name: 40 or 64 hexadecimal digits."""
    return (
        isinstance(text, str)
        and len(text) in (40, 64)
        and all(c in "0123456789abcdef" for c in text)
    )


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


def _at(value: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _word(value: Any) -> str:
    return str(value)[:40] if isinstance(value, str) else "without a name"
