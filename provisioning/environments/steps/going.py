"""How a preview goes away: first what costs money, then what it was allowed, then the proof."""

from datetime import timedelta

from provisioning.azure.protocol import Absent, InProgress, Ready, matches_tags
from provisioning.azure.resources import container_group
from provisioning.environments import bodies
from provisioning.environments.steps import room
from provisioning.environments.steps.preview import environment_of, identity_of, refuse_foreign
from provisioning.model import Environment, Phase, Resource
from provisioning.operations import Done, Outcome, Waiting
from provisioning.services import Context

LOOK_FOR_REST = timedelta(seconds=30)


def revoke_pull_right(context: Context) -> Outcome:
    """Take back the right to pull: it lies at the registry, outside the preview's group."""
    preview = context.services.catalog.preview_of(environment_of(context).service)
    if preview is None or preview.registry is None:
        return Done(reason="it had no rights outside its group")
    identity = bodies.pull_right_id(preview.registry.id, identity_of(context))
    context.fence()
    context.services.azure.delete_resource(identity, bodies.ROLE_API)
    return Done(reason=f"it may no longer pull {preview.registry.repository}")


def delete_group(context: Context) -> Outcome:
    """Delete the resource group and everything in it; ARM does so in the background."""
    environment, services = environment_of(context), context.services
    name = services.catalog.group_of(environment.name)
    if context.operation.token is not None:
        match services.azure.look(context.operation.token):
            case InProgress(look_at, look_after):
                return Waiting(look_after=look_after, reason=f"{name} is going", token=look_at)
        return Done(reason=f"Azure says that {name} is deleted")
    match services.azure.group(name):
        case Absent():
            return Done(reason=f"{name} is not there")
        case Ready(body):
            refuse_foreign(body, environment)
    context.fence()
    match services.azure.delete_group(name):
        case InProgress(look_at, look_after):
            return Waiting(look_after=look_after, reason=f"{name} is going", token=look_at)
    return Done(reason=f"{name} is deleted")


def prove_gone(context: Context) -> Outcome:
    """Find nothing left, by the group's name and by the provider's own list: then it is gone."""
    environment = environment_of(context)
    left = _left(context, environment)
    if left:
        names = ", ".join(resource.id for resource in left)
        return Waiting(
            look_after=LOOK_FOR_REST, reason=f"still there: {names}", sets={"resources": left}
        )
    room.leave_line(context.services.table, environment.name)
    return Done(
        reason="two listings, by name and by tag, show nothing left",
        sets={
            "phase": Phase.GONE,
            "gone_at": context.now,
            "url": None,
            "image": None,
            "resources": (),
            "conditions": (),
            "log_tail": None,
        },
    )


def _left(context: Context, environment: Environment) -> tuple[Resource, ...]:
    """Return what is left: the group itself, what ARM lists by tag, what the provider lists."""
    azure, name = context.services.azure, environment.name
    found: dict[str, Resource] = {}

    def add(identity: str, kind: str) -> None:
        found.setdefault(identity.lower(), Resource(id=identity, type=kind, state="left over"))

    match azure.group(context.services.catalog.group_of(name)):
        case Ready(body):
            add(str(body["id"]), "Microsoft.Resources/resourceGroups")
    for group in azure.groups_tagged("tesoro-environment", name):
        add(str(group["id"]), "Microsoft.Resources/resourceGroups")
    for item in azure.container_groups():
        if matches_tags(item, "tesoro-environment", name):
            add(str(item["id"]), container_group.TYPE)
    for item in azure.resources_tagged("tesoro-environment", name):
        add(str(item["id"]), str(item["type"]))
    preview = context.services.catalog.preview_of(environment.service)
    if preview is not None and preview.registry is not None:
        right = bodies.pull_right_id(preview.registry.id, identity_of(context))
        if isinstance(azure.resource(right, bodies.ROLE_API), Ready):
            add(right, "Microsoft.Authorization/roleAssignments")
    return tuple(found.values())
