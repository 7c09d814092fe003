"""Who asks, and what may they see: challenges, the token service, logins, Azure's exchange.

A token is opaque, for one scope, and ends. The service gives everybody one, with what they may do
left of what they asked; a wrong login gets none. Public repositories are for everybody, private
ones for those who are known.
https://distribution.github.io/distribution/spec/auth/token
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local.registry.answers import Answer, Json, RegistryError, Request, as_json

_SCOPE = re.compile(r"repository:(?P<name>[^:]+):(?P<actions>[a-z,*]+)")
_REFRESH_LASTS = 3 * 3600.0


class Way(StrEnum):
    """How the registry asks who it is."""

    NONE = "none"
    BASIC = "basic"
    TOKEN = "token"
    AZURE = "azure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who is known, and what is shown to whom; `lasts` in seconds, None is not told."""

    way: Way = Way.TOKEN
    logins: Mapping[str, str] = field(default_factory=dict)
    entra: Set[str] = frozenset()  # tokens of Entra ID that an Azure registry believes
    private: Set[str] = frozenset()
    lasts: int | None = 300
    realm: str | None = None  # another address of the token service
    names_token: str = "token"


@dataclass(frozen=True, slots=True)
class _Given:
    repository: str
    may_pull: bool
    ends: float


class Gate:
    """Gives tokens and checks them; the clock counts seconds."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self.rules = rules
        self._clock = clock
        self._given: dict[str, _Given] = {}
        self._refresh: dict[str, float] = {}

    def revoke(self) -> None:
        """Take back every token before its time."""
        self._given.clear()

    def admit(self, request: Request, repository: str) -> None:
        """Return where the caller may pull the repository; refuse with a challenge otherwise."""
        match self.rules.way:
            case Way.NONE:
                return
            case Way.BASIC:
                if self._login(request) is None:
                    raise _unauthorized('Basic realm="registry"')
            case Way.TOKEN | Way.AZURE:
                self._check(request, repository)

    def _check(self, request: Request, repository: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        asked = (
            f'Bearer realm="{self._realm(request)}",service="{_service(request)}",'
            f'scope="repository:{repository}:pull"'
        )
        if not scheme:
            raise _unauthorized(asked)
        given = self._given.get(token) if scheme.lower() == "bearer" else None
        if given is None or given.ends <= self._clock():
            raise _unauthorized(f'{asked},error="invalid_token"')
        if given.repository != repository or not given.may_pull:
            raise _unauthorized(f'{asked},error="insufficient_scope"')

    def _realm(self, request: Request) -> str:
        place = "oauth2/token" if self.rules.way is Way.AZURE else "token"
        return self.rules.realm or f"{request.base}/{place}"

    # The token service

    def token(self, request: Request) -> Answer:
        """Give a token for one scope, to anybody, or to whom the login says."""
        known = self._login(request)
        return self._give(request.query, request, is_known=known is not None)

    def exchange(self, request: Request) -> Answer:
        """Give a refresh token for one of Entra ID."""
        form = request.form()
        _only(form, request, "access_token")
        if form.get("access_token") not in self.rules.entra:
            raise _unauthorized(None)
        made = f"refresh-{len(self._refresh) + 1}"
        self._refresh[made] = self._clock() + _REFRESH_LASTS
        return as_json({"refresh_token": made})

    def redeem(self, request: Request) -> Answer:
        """Give a token for a refresh token; Azure does not say how long it lasts."""
        form = request.form()
        _only(form, request, "refresh_token")
        if self._refresh.get(form.get("refresh_token", ""), 0.0) <= self._clock():
            raise _unauthorized(None)
        return self._give(form, request, is_known=True)

    def _give(self, asked: Mapping[str, str], request: Request, *, is_known: bool) -> Answer:
        if asked.get("service") != _service(request):
            raise RegistryError(400, "UNSUPPORTED", "the service is another one")
        scope = _SCOPE.fullmatch(asked.get("scope", ""))
        if scope is None:
            raise RegistryError(400, "UNSUPPORTED", "the scope is not one repository's")
        if scope["actions"] != "pull":
            raise RegistryError(403, "DENIED", "only pull is given")
        made = f"token-{len(self._given) + 1}-{self._clock():g}"
        self._given[made] = _Given(
            scope["name"],
            is_known or scope["name"] not in self.rules.private,
            self._clock() + (self.rules.lasts or 60),
        )
        told: Json = {self.rules.names_token: made}
        if self.rules.lasts is not None:
            told["expires_in"] = self.rules.lasts
        return as_json(told)

    def _login(self, request: Request) -> str | None:
        """Return who the login proves, None without one; refuse a wrong one."""
        scheme, _, proof = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return None
        user, word = _pair(proof) if scheme.lower() == "basic" else ("", "")
        if not word or self.rules.logins.get(user) != word:
            raise _unauthorized('Basic realm="registry"')
        return user


def _pair(proof: str) -> tuple[str, str]:
    try:
        user, _, word = base64.b64decode(proof, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, word


def _only(form: Mapping[str, Any], request: Request, grant: str) -> None:
    if form.get("grant_type") != grant or form.get("service") != _service(request):
        raise RegistryError(400, "UNSUPPORTED", f"neither {grant} nor this service was named")


def _service(request: Request) -> str:
    return request.headers.get("host", "registry").partition(":")[0]


def _unauthorized(challenge: str | None) -> RegistryError:
    headers = {} if challenge is None else {"www-authenticate": challenge}
    return RegistryError(401, "UNAUTHORIZED", "authentication required", headers)
