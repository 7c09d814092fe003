"""Who calls GitHub, and what may they see: the App's own proof, and its installation tokens.

Both are judged by the machine's clock, as TLS is. An installation token is of the form that
github.com gives out since April 2026, `ghs_APPID_JWT`: long, and nobody's business to look into.
What it may do stands in it, signed with a secret that is kept, so that it outlives a restart.
https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt

from local.github import repositories
from local.github.answers import GitHubError, Json, Request, not_found
from local.github.world import World, installation_of, stamp

# What the App was granted when it was installed. Narrower tokens may be asked for, wider may not.
GRANTED: Mapping[str, str] = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}

_LIFE = 60 * 60  # seconds
_LONGEST_PROOF = 10 * 60
_DRIFT = 60  # seconds that GitHub forgives between two clocks
_LEVELS = {"read": 1, "write": 2, "admin": 3}
_UNREADABLE = "A JSON web token could not be decoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an installation token opens; `repositories` None means all of the installation."""

    installation: int
    repositories: frozenset[int] | None
    permissions: Mapping[str, str]

    def sees(self, repository: Json) -> bool:
        """Say whether the token reaches the repository at all."""
        if not repository["installed"] or installation_of(repository) != self.installation:
            return False
        return self.repositories is None or repository["id"] in self.repositories

    def may(self, permission: str, level: str) -> bool:
        """Say whether the token has the permission at that level or above."""
        held = self.permissions.get(permission, "")
        return _LEVELS.get(held, 0) >= _LEVELS[level]


def prove_app(world: World, request: Request) -> None:
    """Refuse (401) a caller that does not prove to be the App."""
    token = _bearer(request)
    if token is None or token.startswith("ghs_"):
        raise GitHubError(401, _UNREADABLE)
    try:
        # Times are judged below: GitHub has a sentence for each, and forgives a minute.
        signed = jwt.api_jws.decode(token, world.app_key, ["RS256"])
        claims = json.loads(signed)
        if not isinstance(claims, dict):
            raise GitHubError(401, _UNREADABLE)
    except (jwt.PyJWTError, ValueError) as error:
        raise GitHubError(401, _UNREADABLE) from error
    _judge_times(claims, int(time.time()))
    if str(claims.get("iss", "")) != world.stack.github_app_id:
        raise GitHubError(404, "Integration not found")


def _judge_times(claims: Mapping[str, Any], now: int) -> None:
    starts, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(ends, int) or isinstance(ends, bool):
        raise GitHubError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time"
            " at which the assertion expires",
        )
    if not isinstance(starts, int) or isinstance(starts, bool) or starts > now:
        raise GitHubError(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion"
            " was issued",
        )
    if ends <= now - _DRIFT:
        raise GitHubError(401, "'Expiration time' claim ('exp') is in the past")
    if ends > now + _LONGEST_PROOF:
        raise GitHubError(401, "'Expiration time' claim ('exp') is too far in the future")


def issue(world: World, installation: int, asked: Json) -> Json:
    """Return a fresh installation token, narrowed as asked."""
    mine = [one for one in repositories.installed(world) if installation_of(one) == installation]
    if not mine:
        raise not_found()
    _demand_not_suspended(world, installation)
    chosen = _chosen(mine, asked)
    permissions = _permissions(asked.get("permissions"))
    ends = int(time.time()) + _LIFE
    claims = {
        "installation": installation,
        "repositories": None if chosen is None else sorted(chosen),
        "permissions": permissions,
        "removals": world.installation(installation)["removals"],
        "exp": ends,
        "jti": secrets.token_hex(16),
    }
    token = jwt.encode(claims, _secret(world), "HS256")
    made: Json = {
        "token": f"ghs_{world.stack.github_app_id}_{token}",
        "expires_at": stamp(datetime.fromtimestamp(ends, UTC)),
        "permissions": permissions,
        "repository_selection": "all" if chosen is None else "selected",
    }
    if chosen is not None:
        made["repositories"] = [one["object"] for one in mine if one["id"] in chosen]
    return made


def access(world: World, request: Request) -> Access | None:
    """Return what the caller's token opens, None where it brings none.

    Refuse a bad one, or one from before the App was taken away (401), and one whose installation
    is suspended (403).
    """
    token = _bearer(request)
    if token is None:
        return None
    claims = _claims(world, token)
    if claims is None:
        raise GitHubError(401, "Bad credentials")
    _demand_not_suspended(world, claims["installation"])
    only = claims["repositories"]
    return Access(
        installation=claims["installation"],
        repositories=None if only is None else frozenset(only),
        permissions=claims["permissions"],
    )


def installation_in(world: World, request: Request) -> int | None:
    """Return the installation whose token the caller brings; None for the App or a bad one."""
    claims = _claims(world, _bearer(request) or "")
    return None if claims is None else int(claims["installation"])


def _claims(world: World, token: str) -> Json | None:
    start = f"ghs_{world.stack.github_app_id}_"
    if not token.startswith(start):
        return None
    try:
        claims = _read(token.removeprefix(start), _secret(world))
    except jwt.PyJWTError:
        return None
    if claims["exp"] <= time.time():
        return None
    is_revoked = claims["removals"] != world.installation(claims["installation"])["removals"]
    return None if is_revoked else claims


@lru_cache(maxsize=500)
def _read(token: str, secret: str) -> Json:
    """Return what a token says that was signed with the secret; it is read once."""
    claims: Json = jwt.decode(token, secret, ["HS256"])
    return claims


def _demand_not_suspended(world: World, installation: int) -> None:
    if world.installation(installation)["suspended_at"] is not None:
        raise GitHubError(403, "This installation has been suspended")


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") and token.strip() else None


def _chosen(mine: list[Json], asked: Json) -> set[int] | None:
    """Return the ids of the repositories asked for by name or id, None where none were named."""
    names, numbers = asked.get("repositories"), asked.get("repository_ids")
    if names is None and numbers is None:
        return None
    if not isinstance(names, list | None) or not isinstance(numbers, list | None):
        raise GitHubError(422, "Invalid request.\n\nThe repositories are not an array.")
    by_name = {str(one["full_name"]).partition("/")[2].lower(): one["id"] for one in mine}
    by_id = {one["id"]: one["id"] for one in mine}
    found = [by_name.get(str(name).lower()) for name in names or []]
    found += [by_id.get(number) for number in numbers or []]
    if None in found:
        raise GitHubError(
            422,
            "There is at least one repository that does not exist or is not accessible to the"
            " parent installation.",
        )
    return {identity for identity in found if identity is not None}


def _permissions(asked: Any) -> dict[str, str]:
    if not asked:
        return dict(GRANTED)
    if not isinstance(asked, dict):
        raise GitHubError(422, "Invalid request.\n\nFor 'properties/permissions', not an object.")
    for name, level in asked.items():
        held = GRANTED.get(name, "")
        if str(level) not in _LEVELS or _LEVELS[str(level)] > _LEVELS.get(held, 0):
            raise GitHubError(
                422, "The permissions requested are not granted to this installation."
            )
    return {**asked, "metadata": "read"}


def _secret(world: World) -> str:
    kept = world.store.get("secret", "tokens")
    if kept is None:
        kept = {"value": secrets.token_hex(32)}
        world.store.put("secret", "tokens", kept)
    return str(kept["value"])
