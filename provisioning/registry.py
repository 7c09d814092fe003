"""A container registry, asked for one thing: which digest a tag names now.

Whoever may push can move a tag; what a digest names never changes. The questions are those of the
OCI distribution spec, the tokens those of the protocol that other registries took over from
Docker's, and for an Azure registry the exchange of a token of Entra ID for one of its own.

The registry's address comes from the settings; an answer may name only where tokens are had, and
that must be the registry itself or a host that is known to belong to it. Names under one domain do
not belong together: anybody can have a name under `azurecr.io`. Nothing else that is answered is
followed, what is asked for is the right to pull the one repository, and only a 401 is answered by
asking once more.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
https://distribution.github.io/distribution/spec/auth/token
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioning.errors import TerminalError, TransientError

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials import TokenCredential

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_AGENT = "tesoro-xp-control-plane"
_ENTRA_SCOPE = "https://containerregistry.azure.net/.default"  # of the SDK, in every cloud
_TOKEN_HOSTS = {
    "registry-1.docker.io": "auth.docker.io",
    "index.docker.io": "auth.docker.io",
    "registry.gitlab.com": "gitlab.com",
}
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9-]+(?:[.:][A-Za-z0-9-]+)+/)?(?P<repository>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
)
_LONGEST_IMAGE = 512
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what can stand in a header
_MOST_BYTES = 65_536
_LONGEST = 5.0  # seconds, for one answer
_LONGEST_CHALLENGE = 4_096
_LASTS = 60.0  # seconds that a token lasts which does not say how long
_MOST_LASTS = 3600.0
_EARLY = 10.0
_BROKEN = timedelta(seconds=30)
_THROTTLED = timedelta(seconds=60)


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Registry:
    """A client of one registry."""

    def __init__(
        self,
        url: str,
        *,
        uptime: Callable[[], float],
        login: tuple[str, str] | None = None,
        credential: "Callable[[], TokenCredential] | None" = None,
        longest: float = _LONGEST,
    ) -> None:
        """Keep how to reach the registry at `url`, scheme and host alone.

        `login` is user and password. A `credential` instead is that of Entra ID, for an Azure
        registry alone. `uptime` counts seconds from anywhere, and never backwards.
        """
        self._url = url
        self._host = urlsplit(url).hostname or ""
        self._uptime = uptime
        self._login = login
        self._credential = credential
        self._identity: TokenCredential | None = None
        self._longest = longest
        self._client: httpx.Client | None = None
        self._kept: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._fetching = threading.Lock()  # one fetch of a token serves all who wait for it

    def digest(self, image: str) -> str | None:
        """Return the digest (`sha256:…`) that the image's tag names, None where there is no such.

        The host that the image names is not looked at: its path is asked for at this registry.
        Raises TransientError where the registry does not answer well or asks for fewer calls,
        TerminalError where it refuses, or the image is none.
        """
        repository, tag = _parts(image)
        found = self._manifest("HEAD", repository, tag)
        if found is None:
            return None
        told = found.headers.get("docker-content-digest", "")
        if _DIGEST.fullmatch(told):
            return told
        found = self._manifest("GET", repository, tag)
        if found is None:
            return None
        if found.headers.get("content-type", "").partition(";")[0].strip() not in MEDIA_TYPES:
            raise _broken("what it answered is no manifest")
        return f"sha256:{hashlib.sha256(found.body).hexdigest()}"

    def close(self) -> None:
        """Give back the sockets."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _manifest(self, method: str, repository: str, tag: str) -> _Answer | None:
        """Return the manifest, None where there is none; a 401 says how to ask again."""
        where = f"{self._url}/v2/{repository}/manifests/{tag}"
        accept = {"accept": ", ".join(MEDIA_TYPES)}
        kept = self._authorization(repository)
        answer = self._send(method, where, accept | _bearing(kept))
        if answer.status == 401:
            fresh = self._authorize(repository, answer, refused=kept)
            answer = self._send(method, where, accept | _bearing(fresh))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._failure(answer, repository)
        return answer

    # Who asks

    def _authorization(self, repository: str) -> str | None:
        value, ends = self._kept.get(repository, ("", 0.0))
        return value if value and self._uptime() < ends else None

    def _authorize(self, repository: str, answer: _Answer, *, refused: str | None) -> str:
        """Return what the challenge asks for; what another thread has got meanwhile is good."""
        with self._fetching:
            kept = self._authorization(repository)
            if kept is not None and kept != refused:
                return kept
            challenge = answer.headers.get("www-authenticate", "")[:_LONGEST_CHALLENGE]
            value, lasts = self._prove(repository, _challenges(challenge))
            self._kept[repository] = (value, self._uptime() + lasts - _EARLY)
            return value

    def _prove(
        self, repository: str, challenges: Mapping[str, Mapping[str, str]]
    ) -> tuple[str, float]:
        """Return an `Authorization` for pulling the repository, and for how many seconds."""
        if "bearer" in challenges:
            asked = challenges["bearer"]
            realm = self._realm(asked.get("realm", ""))
            wanted = {
                "service": asked.get("service", self._host),
                "scope": f"repository:{repository}:pull",
            }
            if self._credential is None:
                found = self._object(self._send("GET", realm, self._basic(), wanted), repository)
            else:
                found = self._exchange(repository, wanted)
            return f"Bearer {_token(found, 'token', 'access_token')}", _seconds(found)
        if "basic" in challenges and self._login is not None:
            return self._basic()["authorization"], _LASTS
        raise self._refusal(repository, "asks for a login")

    def _realm(self, text: str) -> "httpx.URL":
        """Return where tokens are had, parsed once, so that what was checked is what is asked."""
        import httpx

        try:
            realm, own = httpx.URL(text), httpx.URL(self._url)
        except httpx.InvalidURL as error:
            raise _foreign() from error
        known = [(own.scheme, own.host, own.port), ("https", _TOKEN_HOSTS.get(own.host), None)]
        if realm.userinfo or (realm.scheme, realm.host, realm.port) not in known:
            raise _foreign()
        return realm

    def _exchange(self, repository: str, wanted: Mapping[str, str]) -> Mapping[str, Any]:
        """Return an Azure registry's answer with a token of its own, for one of Entra ID."""
        service = wanted["service"]
        proof = {"grant_type": "access_token", "service": service, "access_token": self._entra()}
        given = self._object(
            self._send("POST", f"{self._url}/oauth2/exchange", {}, form=proof), repository
        )
        refresh = {
            "grant_type": "refresh_token",
            "refresh_token": _token(given, "refresh_token"),
            **wanted,
        }
        return self._object(
            self._send("POST", f"{self._url}/oauth2/token", {}, form=refresh), repository
        )

    def _entra(self) -> str:
        from azure.core.exceptions import AzureError

        assert self._credential is not None
        if self._identity is None:
            self._identity = self._credential()
        try:
            return self._identity.get_token(_ENTRA_SCOPE).token
        except AzureError as error:
            raise TransientError("unauthenticated", str(error.message)[:300]) from error

    def _basic(self) -> dict[str, str]:
        if self._login is None:
            return {}
        proof = base64.b64encode(":".join(self._login).encode("utf-8")).decode("ascii")
        return {"authorization": f"Basic {proof}"}

    # What travels

    def _send(
        self,
        method: str,
        where: "httpx.URL | str",
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> _Answer:
        """Return one answer, whole; no redirects, 64 KB, five seconds."""
        import httpx

        ends = self._uptime() + self._longest
        # Without encodings, what is counted and hashed is what was sent.
        plain = {"user-agent": _AGENT, "accept-encoding": "identity", **headers}
        url = httpx.URL(where)
        url = url if query is None else url.copy_merge_params(query)
        try:
            with self._http().stream(method, url, headers=plain, data=form) as answer:
                body = self._read(answer, ends)
                return _Answer(answer.status_code, answer.headers, body)
        except httpx.HTTPError as error:
            raise _broken(type(error).__name__) from error

    def _read(self, answer: "httpx.Response", ends: float) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise _broken("what it answered is encoded, unasked")
        body = b""
        for part in answer.iter_raw():
            body += part
            if len(body) > _MOST_BYTES:
                raise _broken(f"it answered more than {_MOST_BYTES} bytes")
            if self._uptime() > ends:
                raise _broken(f"it did not end in {self._longest:g} s")
        return body

    def _http(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=self._longest, follow_redirects=False)
            return self._client

    # What it means

    def _object(self, answer: _Answer, repository: str) -> Mapping[str, Any]:
        if answer.status != 200:
            raise self._failure(answer, repository)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise _broken("its token is not in JSON") from error
        if not isinstance(found, dict):
            raise _broken("its token is not in an object")
        return found

    def _failure(self, answer: _Answer, repository: str) -> TransientError | TerminalError:
        status = answer.status
        if status == 429:
            after = _delay(answer, _THROTTLED)
            return TransientError(
                "registry_throttled", "the registry asks for fewer calls", after=after
            )
        if status == 408 or status >= 500:
            return _broken(f"it answered {status}", after=_delay(answer, _BROKEN))
        if status in (401, 403):
            self._kept.pop(repository, None)
            return self._refusal(repository, f"answered {status}")
        if 300 <= status < 400:
            return TerminalError(
                "registry_refused",
                f"the registry answered {status}, elsewhere; set REGISTRY_URL to its own address",
            )
        return TerminalError(
            "registry_refused",
            f"the registry answered {status} about {repository}; "
            "check REGISTRY_URL and the image in the catalog",
        )

    def _refusal(self, repository: str, what: str) -> TerminalError:
        if self._login is not None:
            remedy = "check REGISTRY_USERNAME and REGISTRY_PASSWORD, and that they may pull it"
        elif self._credential is not None:
            remedy = "give the app's identity the right to pull it"
        else:
            remedy = "set REGISTRY_USERNAME and REGISTRY_PASSWORD, or make it public"
        return TerminalError("registry_refused", f"the registry {what} for {repository}; {remedy}")


def is_azures(url: str) -> bool:
    """Say whether a registry is Azure's, which takes tokens of Entra ID, and may be given one."""
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".azurecr.io")


def _parts(image: str) -> tuple[str, str]:
    """Return the repository and the tag, each of what the spec allows, so safe in a path."""
    found = _IMAGE.fullmatch(image) if len(image) <= _LONGEST_IMAGE else None
    if found is None:
        raise TerminalError(
            "image_malformed", "the image in the catalog must be written host/path:tag, in a-z"
        )
    return found["repository"], found["tag"] or "latest"


def _challenges(header: str) -> dict[str, dict[str, str]]:
    """Return the first challenge of each scheme, with its parameters."""
    from urllib.request import parse_http_list

    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for item in parse_http_list(header):
        name, equals, value = item.partition("=")
        scheme, space, parameter = name.partition(" ")
        if space or not equals:
            current = {}
            found.setdefault(scheme.lower(), current)
            name = parameter
        current[name.strip().lower()] = value.strip().removeprefix('"').removesuffix('"')
    return found


def _token(found: Mapping[str, Any], *names: str) -> str:
    given = next((found[name] for name in names if found.get(name)), None)
    if not isinstance(given, str) or not _TOKEN.fullmatch(given):
        raise _broken("it gave no token")
    return given


def _seconds(found: Mapping[str, Any]) -> float:
    given = found.get("expires_in")
    return min(given, _MOST_LASTS) if isinstance(given, int | float) and given > 0 else _LASTS


def _bearing(authorization: str | None) -> dict[str, str]:
    return {} if authorization is None else {"authorization": authorization}


def _delay(answer: _Answer, otherwise: timedelta) -> timedelta:
    after = answer.headers.get("retry-after", "")
    if not re.fullmatch(r"[0-9]{1,9}", after):
        return otherwise
    return timedelta(seconds=min(int(after), 3600))


def _broken(why: str, *, after: timedelta = _BROKEN) -> TransientError:
    return TransientError(
        "registry_unavailable", f"the registry does not answer well: {why}", after=after
    )


def _foreign() -> TerminalError:
    return TerminalError(
        "registry_refused",
        "the registry sends for tokens to a host that is not known to be its own; "
        "set REGISTRY_URL to the registry itself",
    )
