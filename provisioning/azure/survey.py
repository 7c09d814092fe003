"""What is in a resource group, and how each thing stands: by its own provider's word."""

from provisioning.azure.client import Azure
from provisioning.azure.protocol import Absent, Ready
from provisioning.azure.resources.sleepers import sleeper_of
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Resource


def survey(azure: Azure, group: str) -> tuple[Resource, ...] | None:
    """Return the group's resources in the order of their ids; None where there is no such group.

    Raises TransientError and TerminalError as the client does.
    """
    if isinstance(azure.group(group), Absent):
        return None
    found = [_resource(azure, str(row["id"]), str(row["type"])) for row in azure.in_group(group)]
    return tuple(sorted((r for r in found if r is not None), key=lambda r: r.id.lower()))


def _resource(azure: Azure, identity: str, kind: str) -> Resource | None:
    sleeper = sleeper_of(kind)
    if sleeper is None:
        return Resource(id=identity, type=kind, state="there")
    try:
        answer = azure.read(identity, sleeper.api, **sleeper.query)
    except (TransientError, TerminalError):  # one that is silent must not hide the others
        return Resource(id=identity, type=kind, state="unknown")
    match answer:
        case Ready(body):
            seen = sleeper.observe(body)
            return Resource(id=identity, type=kind, state=seen.words, awake=seen.awake)
    return None  # gone since it was listed
