"""How GitHub is spoken to: proofs, tokens, redirects, and when to be silent.

The protocol is gidgethub's sans-IO functions, the socket a plain httpx client, so that functions
stay synchronous. An installation token is kept until five minutes before its end. Nothing is
retried here: a TransientError says when to ask again. Until then nothing more is asked on behalf
of the same account, for GitHub bars whoever goes on.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin

from provisioning.errors import TerminalError, TransientError

_VERSION = "2022-11-28"
_AGENT = "tesoro-xp-control-plane"
_EARLY = timedelta(minutes=5)
_BROKEN = timedelta(seconds=30)
_THROTTLED = timedelta(seconds=60)
_MOVED = (301, 302, 307, 308)
_MOST_MOVES = 3
_APP = ""  # on whose behalf the App itself asks


@dataclass(frozen=True)
class Page:
    """What GitHub answered, None for a 404, and where more of it is."""

    content: Any
    more: str | None = None


class AppConnection:
    """A connection to one GitHub, for one App."""

    def __init__(self, url: str, app_id: str, key: str, now: Callable[[], datetime]) -> None:
        self.app_id = app_id
        self._url = url
        self._key = key
        self._now = now
        self._client: Any = None
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._silent: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._fetching = threading.Lock()  # one fetch of a token serves all who wait for it

    def ask(self, method: str, repository: str, path: str, body: Any = None) -> Any:
        """Return GitHub's answer about a repository as JSON, or None where it is 404."""
        token = self._token(repository)
        owner = repository.partition("/")[0].lower()
        try:
            where = f"{self._url}/repos/{quote(repository)}{path}"
            return self._call(method, where, body, token, owner).content
        except TransientError as error:
            if error.code == "github_unauthorized":  # taken back before its time
                self.forget(repository)
            raise

    def forget(self, repository: str) -> None:
        """Fetch another token at the next call: the repository may belong to somebody else now."""
        self._tokens.pop(repository, None)

    def ask_as_app(self, method: str, path: str, body: Any = None) -> Page:
        """Return GitHub's answer to the App itself; `path` may be a page's `more`."""
        where = path if path.startswith(f"{self._url}/") else self._url + path
        try:
            return self._call(method, where, body, self._proof(), _APP)
        except TransientError as error:
            if error.code != "github_unauthorized":
                raise
            raise TerminalError(
                "github_app_refused",
                "GitHub does not accept the App's key; set GITHUB_APP_ID and its newest key",
            ) from error

    def close(self) -> None:
        """Give back the sockets."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _token(self, repository: str) -> str:
        with self._fetching:
            now = datetime.now(UTC)  # noqa: TID251 - a token ends by the machine's clock
            token, ends = self._tokens.get(repository, ("", now))
            if now >= ends - _EARLY:
                token, ends = self._fetch_token(repository)
                self._tokens[repository] = (token, ends)
            return token

    def _fetch_token(self, repository: str) -> tuple[str, datetime]:
        where = self.ask_as_app("GET", f"/repos/{quote(repository)}/installation").content
        if where is None:
            raise TerminalError(
                "app_not_installed", f"install the GitHub App in {repository}, then try again"
            )
        made = self.ask_as_app("POST", f"/app/installations/{where['id']}/access_tokens", {})
        if made.content is None:
            raise TerminalError(
                "app_not_installed", f"the GitHub App was removed from {repository}; install it"
            )
        return str(made.content["token"]), datetime.fromisoformat(made.content["expires_at"])

    def _proof(self) -> str:
        from gidgethub.apps import get_jwt

        return get_jwt(app_id=self.app_id, private_key=self._key)

    def _call(self, method: str, url: str, body: Any, token: str, on_behalf_of: str) -> Page:
        """Make one call, unless GitHub has asked for silence on behalf of that account."""
        silent = self._silent.get(on_behalf_of, self._now()) - self._now()
        if silent > timedelta(0):
            raise TransientError("github_throttled", "GitHub asks for fewer calls", after=silent)
        try:
            return self._exchange(method, url, body, token)
        except TransientError as error:
            if error.code == "github_throttled":
                self._silent[on_behalf_of] = self._now() + (error.after or _THROTTLED)
            raise

    def _exchange(self, method: str, url: str, body: Any, token: str) -> Page:
        """Follow GitHub to where the repository is now: it may be called otherwise by now."""
        what = f"{method} {url.removeprefix(self._url).split('?')[0]}"
        for _ in range(_MOST_MOVES):
            answer = self._send(method, url, body, token)
            if answer.status_code not in _MOVED:
                return self._decipher(answer, what)
            url = urljoin(url, answer.headers.get("location", ""))
            if not url.startswith(f"{self._url}/"):
                break  # our token is for GitHub alone
        raise TerminalError("github_refused", f"GitHub sent {what} elsewhere, and not to itself")

    def _send(self, method: str, url: str, body: Any, token: str) -> Any:
        import httpx
        from gidgethub import sansio

        headers = sansio.create_headers(_AGENT, jwt=token)
        headers["x-github-api-version"] = _VERSION
        try:
            return self._http().request(method, url, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise TransientError(
                "github_unavailable",
                f"GitHub did not answer: {type(error).__name__}",
                after=_BROKEN,
            ) from error

    def _http(self) -> Any:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=httpx.Timeout(15, connect=5))
            return self._client

    def _decipher(self, answer: Any, what: str) -> Page:
        """Return the answer's content, or raise by what it means; None stands for 404.

        The delay is read here, before gidgethub: it drops Retry-After of a secondary limit. A body
        that is not JSON (a proxy's page) is a broken answer, not a crash.
        """
        import gidgethub
        from gidgethub import sansio

        status, headers = answer.status_code, {k.lower(): v for k, v in answer.headers.items()}
        if status == 404:
            return Page(None)
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
                "github_throttled",
                "GitHub asks for fewer calls",
                after=_delay(headers, self._now()),
            )
        try:
            data, _, more = sansio.decipher_response(status, headers, answer.content)
        except gidgethub.GitHubException as error:
            raise TerminalError(
                "github_refused", f"GitHub answered {status} to {what}: {error}"
            ) from error
        except ValueError as error:
            raise TransientError(
                "github_unavailable", f"GitHub's answer to {what} is not JSON", after=_BROKEN
            ) from error
        return Page(data, more)


def _is_throttled(headers: Mapping[str, str], text: str) -> bool:
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or "rate limit" in text.lower()


def _delay(headers: Mapping[str, str], now: datetime) -> timedelta:
    after = headers.get("retry-after", "")
    if after.isdigit():
        return timedelta(seconds=int(after))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(datetime.fromtimestamp(int(reset), UTC) - now, timedelta(seconds=1))
    return _THROTTLED
