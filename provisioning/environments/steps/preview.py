"""What every step of a preview needs to know: which one it is, and what is its own in Azure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from provisioning.azure.protocol import matches_tags
from provisioning.azure.resources import container_group
from provisioning.catalog import Preview
from provisioning.environments import bodies
from provisioning.errors import TerminalError
from provisioning.model import Environment, Resource
from provisioning.services import Context

LOOK = timedelta(seconds=10)


def environment_of(context: Context) -> Environment:
    """Return the preview that the step is about."""
    assert isinstance(context.target, Environment)
    return context.target


def preview_of(context: Context) -> Preview:
    """Return what the catalog says of such previews; raises TerminalError for none."""
    service = environment_of(context).service
    preview = context.services.catalog.preview_of(service)
    if preview is None:
        raise TerminalError("preview_unknown", f"the catalog has no previews of {service}")
    return preview


def identity_of(context: Context) -> str:
    """Return the resource id of the preview's identity."""
    services, name = context.services, environment_of(context).name
    group = services.catalog.group_of(name)
    return bodies.identity_id(services.settings.subscription, group, name)


def refuse_foreign(body: Mapping[str, Any], environment: Environment) -> None:
    """Stop before a group that somebody else made under our name is touched."""
    if not matches_tags(body, "tesoro-environment", environment.name):
        raise TerminalError(
            "group_not_ours",
            f"{body.get('name')} does not carry the tag tesoro-environment={environment.name}; "
            "rename it, or tag it if it is ours",
        )


def resources_of(context: Context, body: Mapping[str, Any]) -> tuple[Resource, ...]:
    """Return what the preview is made of; `body` is its container group's, if there is one."""
    services = context.services
    group = services.catalog.group_of(environment_of(context).name)
    root = f"/subscriptions/{services.settings.subscription}/resourceGroups/{group}"
    found = [
        Resource(id=root, type="Microsoft.Resources/resourceGroups", state="Succeeded"),
        Resource(
            id=identity_of(context),
            type="Microsoft.ManagedIdentity/userAssignedIdentities",
            state="Succeeded",
        ),
    ]
    if body:
        state = str((body.get("properties") or {}).get("provisioningState", "unknown"))
        found.append(Resource(id=str(body["id"]), type=container_group.TYPE, state=state))
    return tuple(found)
