"""Azure's alerts, sans-IO: what a payload of any schema says, and what it may mean."""

from provisioning.alerts.handshake import handshake
from provisioning.alerts.listed import Listed, read_listed
from provisioning.alerts.reading import Alert, Condition, Ignored, interpret

__all__ = [
    "Alert",
    "Condition",
    "Ignored",
    "Listed",
    "handshake",
    "interpret",
    "read_listed",
]
