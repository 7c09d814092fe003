"""What stands in a token: Entra ID's for people, Actions' for a run, Azure's for an identity.

Pure: stack and machine time in, claims out. What the caller gives wins over what is usual, and a
claim given as null is left out, so that a test can make every wrong token as well as every right
one.
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
https://docs.github.com/actions/reference/security/oidc
"""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from local.stack import Stack

ENTRA_AUDIENCE = "api://tesoro-xp-control-plane"
ACTIONS_AUDIENCE = "tesoro-xp-control-plane"

# Whose identity endpoint gives tokens for these; any other audience is refused as Azure does.
RESOURCES = (
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://storage.azure.com",
    "https://api.loganalytics.io",
    "https://monitor.azure.com",
    "https://vault.azure.net",
)

_ENTRA_LIFE = 75 * 60  # seconds: Entra ID draws 60 to 90 minutes, 75 on average
_ACTIONS_LIFE = 5 * 60
_ACTIONS_EARLY = 10 * 60  # seconds: `nbf` of a real token lies so far before `iat`
_IDENTITY_LIFE = 24 * 60 * 60
_NUMBERS = frozenset({"iat", "nbf", "exp"})


def entra_issuer(stack: Stack) -> str:
    """Return the `iss` of Entra ID's v2.0 tokens."""
    return f"{stack.issuer}/{stack.tenant}/v2.0"


def actions_issuer(stack: Stack) -> str:
    """Return the `iss` of GitHub Actions' tokens."""
    return f"{stack.issuer}/actions"


def identity_of(stack: Stack) -> tuple[str, str]:
    """Return object id and client id of the app's managed identity: the same for ever."""
    return _guid(stack.tenant, "identity"), _guid(stack.tenant, "identity/client")


def entra(stack: Stack, given: Mapping[str, Any], *, at: int, life: int | None) -> dict[str, Any]:
    """Return a v2.0 access token's claims for this app at `at` (epoch), `given` on top."""
    oid = str(given.get("oid") or _guid(stack.tenant, "somebody"))
    usual = {
        "aud": ENTRA_AUDIENCE,
        "iss": entra_issuer(stack),
        "iat": at,
        "nbf": at,
        "exp": at + (_ENTRA_LIFE if life is None else life),
        "azp": _guid(stack.tenant, "client"),
        "azpacr": "1",
        "name": oid,
        "oid": oid,
        "preferred_username": f"{oid}@tesoro.example",
        "roles": [],
        "scp": "access_as_user",
        # Pairwise: the same person is another `sub` to another app.
        "sub": hashlib.sha256(f"{ENTRA_AUDIENCE}/{oid}".encode()).hexdigest()[:43],
        "tid": stack.tenant,
        "uti": _once(),
        "ver": "2.0",
    }
    return _present({**usual, **given})


def actions(
    stack: Stack, given: Mapping[str, Any], *, at: int, life: int | None
) -> dict[str, Any]:
    """Return the claims of a workflow run's token; every one of a run's facts is text."""
    run = {**_run(given), **{name: _text(name, value) for name, value in given.items()}}
    usual = {
        "jti": _once(),
        "sub": _subject(run),
        "aud": ACTIONS_AUDIENCE,
        "iss": actions_issuer(stack),
        "nbf": at - _ACTIONS_EARLY,
        "iat": at,
        "exp": at + (_ACTIONS_LIFE if life is None else life),
    }
    return _present({**usual, **run})


def managed_identity(stack: Stack, resource: str, *, at: int) -> dict[str, Any]:
    """Return the v1.0 token's claims that the app's own identity gets for `resource`."""
    oid, client = identity_of(stack)
    issuer = f"{stack.issuer}/{stack.tenant}/"
    return {
        "aud": resource,
        "iss": issuer,
        "iat": at,
        "nbf": at,
        "exp": at + _IDENTITY_LIFE,
        "appid": client,
        "appidacr": "2",
        "idp": issuer,
        "idtyp": "app",
        "oid": oid,
        "sub": oid,
        "tid": stack.tenant,
        "uti": _once(),
        "ver": "1.0",
        "xms_mirid": f"/subscriptions/{stack.subscription}/resourcegroups/rg-tesoro-control-plane"
        "/providers/Microsoft.Web/sites/tesoro-xp-control-plane",
    }


def _run(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what a push to main of the default repository would say, around what is given."""
    repository = str(given.get("repository") or "tesoro/rewards-api")
    owner = str(given.get("repository_owner") or repository.split("/")[0])
    ref = str(given.get("ref") or "refs/heads/main")
    sha = str(given.get("sha") or hashlib.sha1(ref.encode(), usedforsecurity=False).hexdigest())
    workflow = f"{repository}/.github/workflows/build.yml@{ref}"
    return {
        "repository": repository,
        "repository_id": "1296269",
        "repository_owner": owner,
        "repository_owner_id": "6811672",
        "repository_visibility": "private",
        "ref": ref,
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "ref_protected": "true" if ref == "refs/heads/main" else "false",
        "sha": sha,
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "actor": "octocat",
        "actor_id": "583231",
        "run_id": "16500000001",
        "run_number": "1",
        "run_attempt": "1",
        "check_run_id": "46600000001",
        "workflow": "build",
        "workflow_ref": workflow,
        "workflow_sha": sha,
        "job_workflow_ref": workflow,
        "job_workflow_sha": sha,
        "runner_environment": "github-hosted",
    }


def _subject(run: Mapping[str, Any]) -> str:
    """Return `sub` in the form of repositories made after 15 July 2026: names beside their ids."""
    owner, _, name = str(run.get("repository")).partition("/")
    where = (
        f"{_quoted(owner)}@{run.get('repository_owner_id')}"
        f"/{_quoted(name)}@{run.get('repository_id')}"
    )
    if run.get("environment"):
        return f"repo:{where}:environment:{_quoted(str(run['environment']))}"
    if run.get("event_name") == "pull_request":
        return f"repo:{where}:pull_request"
    return f"repo:{where}:ref:{_quoted(str(run.get('ref')))}"


def _quoted(value: str) -> str:
    return value.replace(":", "%3A")


def _text(name: str, value: Any) -> Any:
    """Return a claim as Actions writes it: text, but for the three times and lists."""
    if name in _NUMBERS or value is None or isinstance(value, list | dict):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _present(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def _guid(tenant: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{tenant}/{name}"))


def _once() -> str:
    return str(uuid.uuid4())
