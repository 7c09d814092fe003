"""The control plane as the bench meets it: its real services on Azurite, with nothing behind.

What is measured here reaches storage alone; GitHub and Azure have addresses that lead nowhere, so
that a call by mistake fails at once.
"""

from provisioning.app import WORKFLOWS
from provisioning.services import Services, SystemClock, build
from provisioning.settings import Settings

SECRET = "a secret that only the bench knows"
_NOBODY = "00000000-0000-0000-0000-000000000000"


def services(storage: str) -> Services:
    """Return the services of a deployment whose storage has this connection string."""
    settings = Settings.from_env(
        {
            "ControlStorage": storage,
            "PUBLIC_URL": "http://127.0.0.1:9",
            "AZURE_SUBSCRIPTION_ID": _NOBODY,
            "AZURE_TENANT_ID": _NOBODY,
            "AZURE_RESOURCE_MANAGER_URL": "http://127.0.0.1:9",
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_APP_ID": "1",
            "GITHUB_APP_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY----- none",
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "ENTRA_AUDIENCE": "bench",
            "ACTIONS_AUDIENCE": "bench",
            "PREVIEW_KEY": "k" * 32,
        }
    )
    return build(settings, clock=SystemClock(), workflows=WORKFLOWS)
