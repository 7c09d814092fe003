"""GitHub's API, as a GitHub App: the few calls that the control plane makes.

The protocol is gidgethub's sans-IO functions, the socket a plain httpx client, so that functions
stay synchronous. An installation token is kept until five minutes before its end. Nothing is
retried here: a TransientError says when to ask again.
https://docs.github.com/rest
"""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from provisioning.errors import TerminalError, TransientError
from provisioning.model import PullRequest

_VERSION = "2022-11-28"
_AGENT = "tesoro-xp-control-plane"
_EARLY = timedelta(minutes=5)
_BROKEN = timedelta(seconds=30)
_THROTTLED = timedelta(seconds=60)
_PAGE = 100
_MOST_PAGES = 10


class Forge:
    """A client of one GitHub, for one App."""

    def __init__(self, url: str, app_id: str, key: str) -> None:
        self._url = url
        self._app_id = app_id
        self._key = key
        self._client: Any = None
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()
        self._fetching = threading.Lock()  # one fetch of a token serves all who wait for it

    def pull_request(self, repository: str, number: int) -> PullRequest | None:
        """Return the pull request as it is now, or None where GitHub knows none."""
        found = self._ask("GET", repository, f"/pulls/{number}")
        return None if found is None else _pull_request(found, repository)

    def open_pull_requests(self, repository: str) -> list[PullRequest]:
        """Return every open pull request of the repository."""
        query = {"state": "open", "sort": "created", "direction": "asc"}
        found = self._pages(repository, "/pulls", query)
        return [_pull_request(item, repository) for item in found]

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
        is_ours = self._app_id in (str(app.get("id")), app.get("client_id"))
        return is_ours and str(comment.get("body", "")).startswith(marker)

    def close(self) -> None:
        """Give back the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

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

    def _ask(self, method: str, repository: str, path: str, body: Any = None) -> Any:
        """Return GitHub's answer as JSON, or None where it is 404."""
        token = self._token(repository)
        try:
            return self._call(method, f"/repos/{quote(repository)}{path}", body, token)
        except TransientError as error:
            if error.code == "github_unauthorized":  # taken back before its time
                self._tokens.pop(repository, None)
            raise

    def _token(self, repository: str) -> str:
        with self._fetching:
            now = datetime.now(UTC)  # noqa: TID251 - a token ends by the machine's clock
            token, ends = self._tokens.get(repository, ("", now))
            if now >= ends - _EARLY:
                token, ends = self._fetch_token(repository)
                self._tokens[repository] = (token, ends)
            return token

    def _fetch_token(self, repository: str) -> tuple[str, datetime]:
        from gidgethub.apps import get_jwt

        proof = get_jwt(app_id=self._app_id, private_key=self._key)
        try:
            return self._token_for(repository, proof)
        except TransientError as error:
            if error.code != "github_unauthorized":
                raise
            raise TerminalError(
                "github_app_refused",
                "GitHub does not accept the App's key; set GITHUB_APP_ID and its newest key",
            ) from error

    def _token_for(self, repository: str, proof: str) -> tuple[str, datetime]:
        where = self._call("GET", f"/repos/{quote(repository)}/installation", None, proof)
        if where is None:
            raise TerminalError(
                "app_not_installed", f"install the GitHub App in {repository}, then try again"
            )
        made = self._call("POST", f"/app/installations/{where['id']}/access_tokens", {}, proof)
        return str(made["token"]), datetime.fromisoformat(made["expires_at"])

    def _call(self, method: str, path: str, body: Any, token: str) -> Any:
        import httpx
        from gidgethub import sansio

        headers = sansio.create_headers(_AGENT, jwt=token)
        headers["x-github-api-version"] = _VERSION
        try:
            answer = self._http().request(method, self._url + path, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise TransientError(
                "github_unavailable",
                f"GitHub did not answer: {type(error).__name__}",
                after=_BROKEN,
            ) from error
        return _decipher(answer, f"{method} {path.split('?')[0]}")

    def _http(self) -> Any:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=httpx.Timeout(15, connect=5))
            return self._client


def _decipher(answer: Any, what: str) -> Any:
    """Return the answer's JSON; None for 404.

    The delay is read here, before gidgethub: it drops Retry-After of a secondary limit. A body
    that is not JSON (a proxy's page) is a broken answer, not a crash.
    """
    import gidgethub
    from gidgethub import sansio

    status, headers = answer.status_code, {k.lower(): v for k, v in answer.headers.items()}
    if status == 404:
        return None
    if status == 401:
        raise TransientError(
            "github_unauthorized", f"GitHub answered 401 to {what}", after=_BROKEN
        )
    if status == 408 or status >= 500:
        raise TransientError(
            "github_unavailable", f"GitHub answered {status} to {what}", after=_BROKEN
        )
    if status == 429 or (status == 403 and _is_throttled(headers, answer.text)):
        raise TransientError(
            "github_throttled", "GitHub asks for fewer calls", after=_delay(headers)
        )
    try:
        data, _, _ = sansio.decipher_response(status, headers, answer.content)
    except gidgethub.GitHubException as error:
        raise TerminalError(
            "github_refused", f"GitHub answered {status} to {what}: {error}"
        ) from error
    except ValueError as error:
        raise TransientError(
            "github_unavailable", f"GitHub's answer to {what} is not JSON", after=_BROKEN
        ) from error
    return data


def _is_throttled(headers: Mapping[str, str], text: str) -> bool:
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or "rate limit" in text.lower()


def _delay(headers: Mapping[str, str]) -> timedelta:
    after = headers.get("retry-after", "")
    if after.isdigit():
        return timedelta(seconds=int(after))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        ends = datetime.fromtimestamp(int(reset), UTC)
        wait = ends - datetime.now(UTC)  # noqa: TID251 - GitHub counts in the machine's time
        return max(wait, timedelta(seconds=1))
    return _THROTTLED


def _pull_request(found: Mapping[str, Any], repository: str) -> PullRequest:
    """Return the facts; `head.repo` is null where the fork is gone, `user` where the person is."""
    head, base = found.get("head") or {}, found.get("base") or {}
    home = (base.get("repo") or {}).get("id")
    origin = (head.get("repo") or {}).get("id")
    return PullRequest(
        repository_id=int(home or 0),
        repository=repository,
        number=int(found["number"]),
        open=found.get("state") == "open",
        sha=str(head.get("sha") or ""),
        author=str((found.get("user") or {}).get("login") or "ghost"),
        fork=origin is None or origin != home,
        updated_at=datetime.fromisoformat(found["updated_at"]),
    )
