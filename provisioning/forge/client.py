"""The few calls on GitHub that the control plane makes, each with its one meaning.

https://docs.github.com/rest
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from provisioning.errors import TerminalError
from provisioning.forge import reading
from provisioning.forge.connection import AppConnection
from provisioning.forge.reading import Comment, HookDelivery
from provisioning.model import PullRequest

_PAGE = 100
_MOST_PAGES = 10
_WRITERS = ("admin", "write")  # as GitHub sums up what a person may do


class Forge:
    """GitHub, as our App sees it."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._ask = connection.ask

    def close(self) -> None:
        """Give back the sockets."""
        self._connection.close()

    def forget(self, repository: str) -> None:
        """Believe no longer what is known of the repository: it has moved."""
        self._connection.forget(repository)

    def pull_request(self, repository: str, number: int) -> PullRequest | None:
        """Return the pull request as it is now, or None where GitHub knows none."""
        found = self._ask("GET", repository, f"/pulls/{number}")
        return None if found is None else reading.pull_request(found, repository)

    def open_pull_requests(self, repository: str) -> list[PullRequest]:
        """Return every open pull request of the repository."""
        query = {"state": "open", "sort": "created", "direction": "asc"}
        found = self._pages(repository, "/pulls", query)
        return [reading.pull_request(item, repository) for item in found]

    def pull_requests_of(self, repository: str, branch: str) -> list[PullRequest]:
        """Return the open pull requests of a branch of the repository itself."""
        owner = repository.partition("/")[0]
        found = self._pages(repository, "/pulls", {"state": "open", "head": f"{owner}:{branch}"})
        return [reading.pull_request(item, repository) for item in found]

    def commits_of(self, repository: str, number: int) -> list[str]:
        """Return the commits of a pull request, the oldest first: GitHub lists 250."""
        return [
            str(item["sha"]) for item in self._pages(repository, f"/pulls/{number}/commits", {})
        ]

    def comment_of(self, repository: str, identity: int) -> Comment | None:
        """Return a comment as it is now, or None where it is gone."""
        found = self._ask("GET", repository, f"/issues/comments/{identity}")
        return None if found is None else reading.comment(found)

    def may_write(self, repository: str, login: str) -> bool:
        """Say whether a person may push to the repository, as GitHub says, and nobody else."""
        found = self._ask("GET", repository, f"/collaborators/{quote(login, safe='')}/permission")
        return found is not None and found.get("permission") in _WRITERS

    def react(self, repository: str, comment: int, content: str) -> None:
        """Give a comment a reaction; once given it stays one."""
        path = f"/issues/comments/{comment}/reactions"
        self._ask("POST", repository, path, {"content": content})

    def hook_deliveries(self) -> Iterator[HookDelivery]:
        """Return what GitHub tried to deliver to the App's hook, the newest first."""
        path: str | None = f"/app/hook/deliveries?per_page={_PAGE}"
        for _ in range(_MOST_PAGES):
            if path is None:
                return
            page = self._connection.ask_as_app("GET", path)
            for item in page.content or []:
                yield reading.hook_delivery(item)
            path = page.more

    def deliver_again(self, identity: int) -> None:
        """Have GitHub try one of those deliveries once more."""
        self._connection.ask_as_app("POST", f"/app/hook/deliveries/{identity}/attempts")

    def built(self, repository: str, workflow: str, sha: str) -> bool:
        """Say whether the workflow of that name ended in success for the commit."""
        query = {"head_sha": sha, "status": "success", "per_page": str(_PAGE)}
        found = self._ask("GET", repository, "/actions/runs?" + urlencode(query)) or {}
        return any(
            run.get("name") == workflow
            and run.get("head_sha") == sha
            and run.get("conclusion") == "success"
            for run in found.get("workflow_runs", [])
        )

    def deployments(self, repository: str, sha: str, environment: str) -> list[Mapping[str, Any]]:
        """Return the deployments of the commit to the environment, newest first."""
        query = urlencode({"sha": sha, "environment": environment, "per_page": str(_PAGE)})
        return list(self._ask("GET", repository, f"/deployments?{query}") or [])

    def deploy(
        self, repository: str, sha: str, environment: str, *, name: str, description: str
    ) -> int:
        """Record a deployment of the commit and return its id.

        `auto_merge` would let GitHub merge the base branch instead, `required_contexts` would
        refuse while checks run: both are off.
        """
        made = self._ask(
            "POST",
            repository,
            "/deployments",
            {
                "ref": sha,
                "environment": environment,
                "description": description,
                "payload": {"preview": name},
                "auto_merge": False,
                "required_contexts": [],
                "transient_environment": True,
                "production_environment": False,
            },
        )
        if not isinstance(made, Mapping) or "id" not in made:
            raise TerminalError("deployment_refused", "GitHub took the deployment but made none")
        return int(made["id"])

    def statuses(self, repository: str, deployment: int) -> list[Mapping[str, Any]]:
        """Return the deployment's statuses, newest first; none where it is gone."""
        query = f"?per_page={_PAGE}"
        return list(
            self._ask("GET", repository, f"/deployments/{deployment}/statuses{query}") or []
        )

    def say(
        self, repository: str, deployment: int, state: str, description: str, url: str | None
    ) -> None:
        """Add a status to the deployment."""
        body = {"state": state, "description": description, "auto_inactive": False}
        if url is not None:
            body["environment_url"] = url
        self._ask("POST", repository, f"/deployments/{deployment}/statuses", body)

    def comment(
        self, repository: str, number: int, marker: str, text: str, *, known: str | None
    ) -> str | None:
        """Make the pull request's comment that starts with `marker` say `text`; one, edited.

        `known` is its id from the last time; returns its id, None where GitHub will not have it.
        """
        if known is not None:
            path = f"/issues/comments/{known}"
            if self._ask("PATCH", repository, path, {"body": text}) is not None:
                return known
        comments = self._pages(repository, f"/issues/{number}/comments", {})
        mine = next((c for c in comments if self._is_mine(c, marker)), None)
        if mine is None:
            made = self._ask("POST", repository, f"/issues/{number}/comments", {"body": text})
            return None if made is None else str(made["id"])
        if mine.get("body") != text:
            self._ask("PATCH", repository, f"/issues/comments/{mine['id']}", {"body": text})
        return str(mine["id"])

    def _is_mine(self, comment: Mapping[str, Any], marker: str) -> bool:
        """Say whether the comment is the App's own: anybody can write the marker."""
        app = comment.get("performed_via_github_app") or {}
        is_ours = self._connection.app_id in (str(app.get("id")), app.get("client_id"))
        return is_ours and str(comment.get("body", "")).startswith(marker)

    def _pages(
        self, repository: str, path: str, query: Mapping[str, str]
    ) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            part = urlencode({**query, "per_page": str(_PAGE), "page": str(page)})
            items = self._ask("GET", repository, f"{path}?{part}") or []
            found.extend(items)
            if len(items) < _PAGE:
                break
        return found
