"""Who is it, and may they? Bearer tokens, and the one table of what each role allows.

People come with tokens of Entra ID, workflows with those of GitHub Actions. A token is believed
for its signature by the issuer's published key, its issuer, audience and time; then what it says
of roles (people) or of the repository (workflows) is looked up in the table. Nothing else grants.
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
https://docs.github.com/actions/concepts/security/openid-connect
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioning.catalog import Catalog
from provisioning.errors import Refusal, TransientError
from provisioning.model import PullRequest
from provisioning.settings import Issuer

_PULL = re.compile(r"refs/pull/([0-9]{1,10})/")


class Role(StrEnum):
    """What a principal may be. `workflow` is a GitHub Actions run of a repository we know."""

    READER = "reader"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"
    WORKFLOW = "workflow"


class Action(StrEnum):
    """What can be done through the API."""

    READ = "read"
    CHANGE_PREVIEW = "change-preview"
    LEASE = "lease"
    CANCEL = "cancel"
    REPLAY = "replay"
    READ_AUDIT = "read-audit"
    APPROVE = "approve"
    RELEASE = "release"
    HURRY_RELEASE = "hurry-release"
    ROLL_BACK = "roll-back"


ALLOWED: Mapping[Action, frozenset[Role]] = {
    Action.READ: frozenset({Role.READER, Role.OPERATOR, Role.APPROVER, Role.ADMIN, Role.WORKFLOW}),
    Action.CHANGE_PREVIEW: frozenset({Role.OPERATOR, Role.ADMIN, Role.WORKFLOW}),
    Action.LEASE: frozenset({Role.OPERATOR, Role.ADMIN}),
    Action.CANCEL: frozenset({Role.OPERATOR, Role.ADMIN}),
    Action.REPLAY: frozenset({Role.OPERATOR, Role.ADMIN}),
    Action.READ_AUDIT: frozenset({Role.READER, Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
    Action.APPROVE: frozenset({Role.APPROVER, Role.ADMIN}),
    Action.RELEASE: frozenset({Role.OPERATOR, Role.ADMIN, Role.WORKFLOW}),
    Action.HURRY_RELEASE: frozenset({Role.OPERATOR, Role.ADMIN}),
    Action.ROLL_BACK: frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
}


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: a stable name, the roles, and for a workflow the repository and ref it runs on."""

    name: str
    roles: frozenset[Role]
    repository_id: int | None = None
    token_id: str | None = None
    ref: str = ""


class Tokens:
    """Checks bearer tokens against the keys that the two issuers publish."""

    def __init__(self, entra: Issuer, actions: Issuer) -> None:
        self._entra = entra
        self._actions = actions
        self._keys: dict[str, Any] = {}
        self._lock = threading.Lock()

    def principal(self, authorization: str) -> Principal:
        """Return who the `Authorization` header proves; raises Refusal with 401 otherwise."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unknown("a bearer token is required")
        import jwt

        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError as error:
            raise _unknown("the token cannot be read") from error
        if issuer == self._entra.issuer:
            return _person(self._claims(token, self._entra), self._entra)
        if issuer == self._actions.issuer:
            return _workflow(self._claims(token, self._actions))
        raise _unknown("the token's issuer is not one of ours")

    def _claims(self, token: str, issuer: Issuer) -> Mapping[str, Any]:
        import jwt

        try:
            key = self._client(issuer).get_signing_key_from_jwt(token).key
            return jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=issuer.audience,
                issuer=issuer.issuer,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except (jwt.PyJWKClientConnectionError, ValueError) as error:  # or a page, not keys
            raise TransientError(
                "issuer_unavailable", "the issuer's keys cannot be had"
            ) from error
        except jwt.ExpiredSignatureError as error:
            raise _unknown("the token has expired") from error
        except jwt.InvalidAudienceError as error:
            raise _unknown("the token is for another audience") from error
        except jwt.PyJWTError as error:
            raise _unknown("the token is not valid") from error

    def _client(self, issuer: Issuer) -> Any:
        import jwt

        with self._lock:
            if issuer.keys not in self._keys:
                self._keys[issuer.keys] = jwt.PyJWKClient(issuer.keys, timeout=5, lifespan=3600)
            return self._keys[issuer.keys]


def permit(principal: Principal, action: Action) -> None:
    """Return where the table allows the action; raises Refusal with 403 naming what is lacking."""
    allowed = ALLOWED[action]
    if principal.roles & allowed:
        return
    wanted = " or ".join(sorted(allowed))
    raise Refusal.one(403, "role_missing", f"to {action} takes the role {wanted}", "roles")


def permit_home(principal: Principal, catalog: Catalog) -> None:
    """Return where a workflow runs in a repository of the catalog, or a person asks.

    Anybody on GitHub can have a token made for our audience; raises Refusal with 403 for others.
    """
    if principal.repository_id is None or catalog.service_of(principal.repository_id) is not None:
        return
    raise Refusal.one(
        403, "repository_unknown", "the catalog does not know that repository", "repository_id"
    )


def permit_repository(principal: Principal, repository_id: int) -> None:
    """Return where a workflow acts on its own repository's environments, or a person acts."""
    if principal.repository_id is not None and principal.repository_id != repository_id:
        raise Refusal.one(
            403,
            "repository_mismatch",
            "a workflow may only act on what comes from its own repository",
            "repository_id",
        )


def permit_pull_request(principal: Principal, pull_request: PullRequest) -> None:
    """Return where a workflow may act on this pull request's preview, or a person acts.

    A run on a pull request acts on that one alone; raises Refusal with 403 for others.
    """
    permit_repository(principal, pull_request.repository_id)
    run_on = _PULL.match(principal.ref)
    if run_on is not None and int(run_on[1]) != pull_request.number:
        raise Refusal.one(
            403,
            "ref_mismatch",
            f"a run on pull request {run_on[1]} may only act on that one's preview",
            "ref",
        )


def _person(claims: Mapping[str, Any], issuer: Issuer) -> Principal:
    if claims.get("tid") != issuer.tenant:
        raise _unknown("the token is of another tenant")
    subject = claims.get("oid") or claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _unknown("the token names nobody")
    given = claims.get("roles") or []
    people = {str(role) for role in Role} - {str(Role.WORKFLOW)}
    roles = frozenset(Role(role) for role in given if isinstance(role, str) and role in people)
    return Principal(name=subject, roles=roles)


def _workflow(claims: Mapping[str, Any]) -> Principal:
    """Trust numbers, never names: `sub` and `repository` change with renames."""
    identity = str(claims.get("repository_id", ""))
    if not identity.isdigit():
        raise _unknown("the token names no repository")
    if claims.get("event_name") == "pull_request_target":
        raise Refusal.one(
            403, "event_refused", "runs of pull_request_target have no say here", "event_name"
        )
    return Principal(
        name=f"workflow of {claims.get('repository') or identity} run {claims.get('run_id', '?')}",
        roles=frozenset({Role.WORKFLOW}),
        repository_id=int(identity),
        token_id=str(claims["jti"]) if claims.get("jti") else None,
        ref=str(claims.get("ref") or ""),
    )


def _unknown(why: str) -> Refusal:
    return Refusal.one(401, "token_invalid", why, "Authorization")
