"""The front door: manners, who is it, which endpoint, and what every answer carries.

A pure course of things but for the store: request in, answer out, inside the caller's transaction.
What is not simulated is 404, as at GitHub, and said loudly on standard error.
"""

import re
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.github import (
    authority,
    comments,
    commits,
    deployments,
    hook,
    installations,
    limits,
    reactions,
    reading,
)
from local.github.answers import Answer, GitHubError, Json, Request, not_found
from local.github.call import Call, Endpoint
from local.github.limits import Budget
from local.github.repositories import Moved, is_called, named, numbered
from local.github.world import World

_VERSIONS = ("2022-11-28", "2026-03-10")
_NUMBERS = frozenset({"id", "number", "home"})
_APP = "app"
_REPO = "/repos/{owner}/{repo}"
_BY_ID = "/repositories/{home}"

# Method and path; the endpoint; what the token must be allowed, any one of the words.
_TABLE: tuple[tuple[str, Endpoint, str], ...] = (
    ("GET /app", reading.app, _APP),
    ("GET /app/installations", installations.find, _APP),
    ("POST /app/installations/{id}/access_tokens", installations.give_token, _APP),
    ("GET /app/hook/deliveries", hook.find, _APP),
    ("GET /app/hook/deliveries/{id}", hook.show, _APP),
    ("POST /app/hook/deliveries/{id}/attempts", hook.attempt, _APP),
    (f"GET {_REPO}/installation", installations.show, _APP),
    (f"GET {_REPO}", reading.repository, "metadata:read"),
    (f"GET {_REPO}/pulls", reading.pulls, "pull_requests:read"),
    (f"GET {_REPO}/pulls/{{number}}", reading.pull, "pull_requests:read"),
    (f"GET {_REPO}/pulls/{{number}}/commits", commits.of_pull, "pull_requests:read"),
    (f"GET {_REPO}/actions/runs", reading.runs, "actions:read"),
    (f"GET {_REPO}/actions/runs/{{id}}", reading.run, "actions:read"),
    (f"GET {_REPO}/commits/{{sha}}", commits.show, "contents:read"),
    (f"GET {_REPO}/commits/{{sha}}/pulls", commits.pulls, "pull_requests:read"),
    (f"GET {_REPO}/collaborators/{{login}}/permission", reading.permission, "metadata:read"),
    (f"GET {_REPO}/deployments", deployments.find, "deployments:read"),
    (f"POST {_REPO}/deployments", deployments.make, "deployments:write"),
    (f"GET {_REPO}/deployments/{{id}}", deployments.show, "deployments:read"),
    (f"DELETE {_REPO}/deployments/{{id}}", deployments.remove, "deployments:write"),
    (f"GET {_REPO}/deployments/{{id}}/statuses", deployments.statuses, "deployments:read"),
    (f"POST {_REPO}/deployments/{{id}}/statuses", deployments.say, "deployments:write"),
    (
        f"GET {_REPO}/issues/{{number}}/comments",
        comments.find,
        "issues:read pull_requests:read",
    ),
    (
        f"POST {_REPO}/issues/{{number}}/comments",
        comments.make,
        "issues:write pull_requests:write",
    ),
    (f"GET {_REPO}/issues/comments/{{id}}", comments.show, "issues:read pull_requests:read"),
    (
        f"PATCH {_REPO}/issues/comments/{{id}}",
        comments.change,
        "issues:write pull_requests:write",
    ),
    (
        f"DELETE {_REPO}/issues/comments/{{id}}",
        comments.remove,
        "issues:write pull_requests:write",
    ),
    (
        f"GET {_REPO}/issues/comments/{{id}}/reactions",
        reactions.find,
        "issues:read pull_requests:read",
    ),
    (
        f"POST {_REPO}/issues/comments/{{id}}/reactions",
        reactions.give,
        "issues:write pull_requests:write",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint and where it is."""

    method: str
    pattern: re.Pattern[str]
    endpoint: Endpoint
    needs: tuple[str, ...]


def _compiled(path: str) -> re.Pattern[str]:
    """Return the pattern of a path: braces hold one segment, of digits for ids and numbers."""
    parts = []
    for part in path.split("/"):
        name = part[1:-1] if part.startswith("{") else ""
        kind = r"[0-9]{1,18}" if name in _NUMBERS else "[^/]+"
        parts.append(f"(?P<{name}>{kind})" if name else re.escape(part))
    return re.compile("/".join(parts))


def _routes() -> tuple[Route, ...]:
    """Return every endpoint where it is; those of a repository are by its name and by its id."""
    return tuple(
        Route(
            method=place.split(" ")[0],
            pattern=_compiled(path),
            endpoint=endpoint,
            needs=tuple(needs.split(" ")),
        )
        for place, endpoint, needs in _TABLE
        for path in dict.fromkeys(
            [place.split(" ")[1], place.split(" ")[1].replace(_REPO, _BY_ID)]
        )
    )


_ROUTES = _routes()


class Site:
    """GitHub's REST API over one world."""

    def __init__(self, world: World) -> None:
        """Serve what the world knows."""
        self._world = world

    def answer(self, request: Request) -> Answer:
        """Return what GitHub would answer."""
        budget = limits.spend(self._world, request)
        try:
            _check_manners(request)
            budget.demand()
            made = self._answer(request)
        except GitHubError as error:
            made = error.answer()
        return _dressed(made, budget)

    def dressed(self, answer: Answer, request: Request) -> Answer:
        """Return an answer that something else made with the headers that each has."""
        return _dressed(answer, limits.spend(self._world, request))

    def _answer(self, request: Request) -> Answer:
        for route in _ROUTES:
            match = route.pattern.fullmatch(request.path.rstrip("/"))
            if match and route.method == request.method:
                return route.endpoint(_opened(self._world, request, route, match.groupdict()))
        print(f"{request.method} {request.path} is not simulated", file=sys.stderr, flush=True)
        raise not_found()


def _dressed(answer: Answer, budget: Budget) -> Answer:
    """Return the answer with the headers that each has: limits, version, an id."""
    usual = {
        "x-github-request-id": uuid.uuid4().hex[:24].upper(),
        "x-github-media-type": "github.v3; format=json",
        **budget.headers(),
    }
    return Answer(
        status=answer.status,
        body=answer.body,
        headers={**usual, **answer.headers},
        resend=answer.resend,
    )


def _check_manners(request: Request) -> None:
    if not request.headers.get("user-agent"):
        raise GitHubError(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a"
            " User-Agent header.",
        )
    version = request.headers.get("x-github-api-version")
    if version is not None and version not in _VERSIONS:
        raise GitHubError(400, f"The API version '{version}' is not supported.")
    kinds = [
        part.split(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")
    ]
    if not any(_is_json(kind) for kind in kinds):
        raise GitHubError(415, f"Unsupported 'Accept' header: '{', '.join(kinds)}'.")


def _is_json(kind: str) -> bool:
    return kind in ("", "*/*", "application/*", "application/json") or kind.startswith(
        "application/vnd.github"
    )


def _opened(world: World, request: Request, route: Route, names: Mapping[str, str]) -> Call:
    """Return the call past its checks; what a token may not see is not there."""
    if route.needs == (_APP,):
        authority.prove_app(world, request)
        if not {"repo", "home"} & set(names):
            return Call(world=world, request=request, names=names)
        repository = _repository(world, request, names, _is_installed)
        return Call(world=world, request=request, names=names, repository=repository)
    access = authority.access(world, request)
    if access is None:
        raise (
            not_found() if request.method == "GET" else GitHubError(401, "Requires authentication")
        )
    repository = _repository(world, request, names, access.sees)
    if not any(access.may(*need.split(":")) for need in route.needs):
        raise GitHubError(403, "Resource not accessible by integration")
    if request.method != "GET" and repository["object"]["archived"]:
        raise GitHubError(403, "Repository was archived so is read-only.")
    return Call(world=world, request=request, names=names, repository=repository)


def _repository(
    world: World,
    request: Request,
    names: Mapping[str, str],
    is_seen: Callable[[Json], bool],
) -> Json:
    """Return the repository of the path: 404 where it is not seen, a redirect by an old name."""
    name = f"{names.get('owner')}/{names.get('repo')}"
    found = numbered(world, int(names["home"])) if "home" in names else named(world, name)
    if found is None or not is_seen(found):
        raise not_found()
    if "home" not in names and not is_called(found, name):
        raise Moved(world, found, request)
    return found


def _is_installed(repository: Json) -> bool:
    return bool(repository["installed"])
