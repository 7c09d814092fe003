"""Who is calling: bearer tokens, verified as Resource Manager verifies them.

RS256 against the issuer's published keys, audience `https://management.azure.com` (Log Analytics
has its own), tenant and expiry. Expiry is judged by the machine's clock, because the SDK renews
tokens by it.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt

from local.azure.arm import Refusal
from local.loopback import PLAIN

AUDIENCES = (
    "https://management.azure.com",
    "https://management.azure.com/",
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
)
_MOST_BELIEVED = 500  # tokens
_REFETCH = 1.0  # seconds of machine time between two fetches for a key nobody knows


class Tokens:
    """Verifies tokens of one tenant; fetches keys from the issuer unless given them."""

    def __init__(
        self, *, tenant: str, keys_url: str | None = None, keys: Mapping[str, Any] | None = None
    ) -> None:
        """Take the keys by `kid`, or the address they are published at."""
        self._tenant, self._url = tenant, keys_url
        self._keys: dict[str, Any] = dict(keys or {})
        self._fetched = 0.0
        self._believed: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}

    async def principal(self, header: str | None, audiences: tuple[str, ...] = AUDIENCES) -> str:
        """Return the caller's object id; refuse what is not a valid token of this tenant."""
        if not header:
            raise self._refusal(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                "The authentication failed because of missing 'Authorization' header.",
            )
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._refusal(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is provided in an invalid"
                " format.",
                "The authentication scheme is not supported.",
            )
        claims = await self._claims(token, audiences)
        if claims.get("tid", self._tenant) != self._tenant:
            raise self._refusal(
                "InvalidAuthenticationTokenTenant",
                "The access token is from the wrong issuer. It must match the tenant"
                f" '{self._tenant}' associated with this subscription.",
                "The access token is from the wrong issuer.",
            )
        return str(claims.get("oid") or claims.get("sub") or "unknown")

    async def _claims(self, token: str, audiences: tuple[str, ...]) -> dict[str, Any]:
        """Return what a token says; one that was believed is not read again until it ends."""
        known = self._believed.get((token, audiences))
        if known is not None and known["exp"] > time.time():
            return known
        claims = await self._read(token, audiences)
        if len(self._believed) >= _MOST_BELIEVED:
            self._believed.clear()
        self._believed[token, audiences] = claims
        return claims

    async def _read(self, token: str, audiences: tuple[str, ...]) -> dict[str, Any]:
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid")))
            return dict(
                jwt.decode(
                    token,
                    key,
                    algorithms=["RS256"],
                    audience=audiences,
                    options={"require": ["exp", "aud"]},
                )
            )
        except jwt.ExpiredSignatureError as error:
            raise self._refusal(
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
                "The access token has expired.",
            ) from error
        except jwt.InvalidAudienceError as error:
            raise self._refusal(
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource. It should"
                f" exactly match with one of the allowed audiences '{','.join(audiences)}'.",
                "The access token is for the wrong audience.",
            ) from error
        except jwt.PyJWTError as error:
            raise self._refusal(
                "InvalidAuthenticationToken",
                f"The access token is invalid: {error}.",
                "The access token is invalid.",
            ) from error

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys and self._url and time.monotonic() - self._fetched > _REFETCH:
            await self._fetch(self._url)
        if kid not in self._keys:
            raise jwt.InvalidKeyError(f"no published key is named '{kid}'")
        return self._keys[kid]

    async def _fetch(self, url: str) -> None:
        try:
            async with httpx.AsyncClient(timeout=5.0, trust_env=False, verify=PLAIN) as client:
                answer = (await client.get(url)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Refusal(
                503,
                "ServiceUnavailable",
                f"The issuer's keys cannot be read from {url}: {error!r}.",
                gateway=True,
                headers={"retry-after": "1"},
            ) from error
        self._fetched = time.monotonic()
        self._keys = {key["kid"]: jwt.PyJWK(key).key for key in answer["keys"]}

    def _refusal(self, code: str, message: str, why: str) -> Refusal:
        challenge = (
            f'Bearer authorization_uri="https://login.windows.net/{self._tenant}",'
            f' error="invalid_token", error_description="{why}"'
        )
        return Refusal(401, code, message, gateway=True, headers={"www-authenticate": challenge})
