"""The app settings of the local stack: what Azure would put into the process's environment.

The app must see a deployment, not a developer's shell: a stray `AZURE_CLIENT_SECRET` or
`GITHUB_TOKEN` would let it pass here and fail there, or reach the real cloud. So the host's
environment is made anew; of the caller's only what a process needs to run comes along.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from local.issuer.claims import (
    ACTIONS_AUDIENCE,
    ENTRA_AUDIENCE,
    actions_issuer,
    entra_issuer,
)
from local.lifeline import PARENT
from local.stack import Stack, certificates, github_app_key

# PATH and the like; coverage so that a measured test also sees the host.
_OURS = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TERM",
    "VIRTUAL_ENV",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
    PARENT,
)


def app_environment(
    stack: Stack, state: Path, *, caller: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the whole environment of the host process; `caller` is this process's by default."""
    mine = os.environ if caller is None else caller
    authority, _, _ = certificates(state)
    return {
        **{name: mine[name] for name in _OURS if name in mine},
        "PYTHONUNBUFFERED": "1",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "ControlStorage": stack.storage,
        "AzureWebJobsStorage": stack.storage,
        "PUBLIC_URL": stack.app,
        "AZURE_SUBSCRIPTION_ID": stack.subscription,
        "AZURE_TENANT_ID": stack.tenant,
        "AZURE_RESOURCE_MANAGER_URL": stack.azure,
        "AZURE_LOGS_URL": f"{stack.azure}/v1",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"{stack.issuer}/msi/token",
        "IDENTITY_HEADER": stack.identity_header,
        # requests reads the one, httpx and ssl the other.
        "REQUESTS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "GITHUB_API_URL": stack.github,
        "GITHUB_APP_ID": stack.github_app_id,
        "GITHUB_APP_PRIVATE_KEY": github_app_key(state).read_text(),
        "GITHUB_WEBHOOK_SECRET": stack.webhook_secret,
        "ENTRA_ISSUER": entra_issuer(stack),
        "ENTRA_JWKS_URL": f"{stack.issuer}/discovery/v2.0/keys",
        "ENTRA_AUDIENCE": ENTRA_AUDIENCE,
        "ACTIONS_ISSUER": actions_issuer(stack),
        "ACTIONS_JWKS_URL": f"{stack.issuer}/actions/.well-known/jwks",
        "ACTIONS_AUDIENCE": ACTIONS_AUDIENCE,
        # {fqdn} is the app's to fill in: by it the simulator tells one container from another.
        "PREVIEW_URL": f"{stack.containers}/{{fqdn}}",
        "SERVICE_URL": f"{stack.containers}/{{fqdn}}",
        "PREVIEW_KEY": stack.preview_key,
    }
