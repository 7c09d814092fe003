"""The hourly wish to have the backups of every catalogued environment verified.

The wish's key is the hour, so a timer that fires twice, or late, asks for one check.
"""

from provisioning import ledger
from provisioning.intake.request import ask
from provisioning.ledger import Plane
from provisioning.model import Request
from provisioning.services import Services

WORKFLOW = "backups.verify"


def verify_backups(services: Services, plane: Plane) -> str:
    """Ask for one check of each environment in this hour."""
    now = services.clock.now()
    for name in services.catalog.environments:
        ask(
            services,
            Request(
                workflow=WORKFLOW,
                target=ledger.backups_of(name),
                cause=f"the check of {now:%Y-%m-%d %H}:00 UTC",
                key=f"{now:%Y-%m-%dT%H}",
                by="timer",
            ),
        )
    return f"{len(services.catalog.environments)} environments to be checked"
