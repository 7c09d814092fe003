"""Every type of resource that can be put to sleep."""

from provisioning.azure.resources import (
    app_service,
    container_app,
    postgres_server,
    virtual_machine,
)
from provisioning.azure.resources.sleeper import Sleeper

SLEEPERS: tuple[Sleeper, ...] = (
    container_app.SLEEPER,
    app_service.SLEEPER,
    virtual_machine.SLEEPER,
    postgres_server.SLEEPER,
)


def sleeper_of(kind: str) -> Sleeper | None:
    """Return how a type sleeps, whatever the case of its name; None where it does not."""
    return next((s for s in SLEEPERS if s.type.lower() == kind.lower()), None)
