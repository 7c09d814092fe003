"""How a preview lives longer."""

from provisioning.azure.protocol import Absent
from provisioning.conditions import without_failures
from provisioning.environments import bodies
from provisioning.environments.steps.preview import environment_of
from provisioning.errors import TerminalError
from provisioning.operations import Done, Outcome
from provisioning.services import Context


def retag(context: Context) -> Outcome:
    """Set the new expiry on everything that carries one."""
    environment, services = environment_of(context), context.services
    expires = {"tesoro-expires": bodies.expires_tag(environment.expires_at)}
    root = f"/subscriptions/{services.settings.subscription}/resourceGroups/"
    scopes = [root + services.catalog.group_of(environment.name)]
    scopes += [resource.id for resource in environment.resources if resource.id.count("/") > 4]
    for scope in scopes:
        context.fence()
        if isinstance(services.azure.merge_tags(scope, expires), Absent):
            raise TerminalError("resource_missing", f"{scope} is gone; push, or ask for it again")
    return Done(
        reason=f"it lives until {expires['tesoro-expires']}",
        sets={
            "tagged_until": bodies.expiry_of(expires["tesoro-expires"]),
            "conditions": without_failures(environment.conditions),
        },
    )
