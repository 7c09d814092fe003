"""How a preview comes up, lives longer, and is gone: three runbooks.

Each step may run any number of times: it looks first where a second write
would cost or disturb. The
wishes come from `desired.py`, the bodies from `bodies.py`; what is here is the order and the
asking.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from provisioning.azure.protocol import Absent, InProgress, Ready, matches_tags
from provisioning.azure.resources import container_group
from provisioning.azure.resources.container_group import Observed, Standing
from provisioning.catalog import Preview
from provisioning.conditions import with_condition, without_condition, without_failures
from provisioning.environments import bodies, desired
from provisioning.environments.redaction import redact
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Environment, Phase, Resource
from provisioning.operations import Done, Failed, Outcome, Step, Waiting, Workflow
from provisioning.services import Context

LOOK = timedelta(seconds=10)
LOOK_FOR_IMAGE = timedelta(minutes=5)  # a finished build hurries the step; this is the floor
LOOK_FOR_REST = timedelta(seconds=30)
_WRITTEN = "written"
_LOG_LINES = 40


# Coming up


def await_image(context: Context) -> Outcome:
    """Wait, visibly, until the configured build has pushed the commit's image."""
    environment, preview = _environment(context), _preview(context)
    image = preview.image_for(environment.sha or "")
    done = Done(
        reason=f"{image} is built",
        sets={
            "image": image,
            "conditions": without_condition(environment.conditions, "ImagePending"),
        },
    )
    if environment.image == image and environment.settled == environment.aim:
        return done
    pull_request = environment.pull_request
    if pull_request is None:
        raise TerminalError("pull_request_missing", "the preview has no pull request")
    if context.services.forge.built(
        pull_request.repository, preview.workflow, environment.sha or ""
    ):
        return done
    reason = f"waits for the workflow {preview.workflow} to build {(environment.sha or '')[:12]}"
    conditions = with_condition(environment.conditions, "ImagePending", reason, now=context.now)
    return Waiting(look_after=LOOK_FOR_IMAGE, reason=reason, sets={"conditions": conditions})


def ensure_group(context: Context) -> Outcome:
    """Have the resource group, with the tags of everything built."""
    environment, services = _environment(context), context.services
    name = services.catalog.group_of(environment.name)
    wanted = bodies.tags(environment, services.catalog)
    tagged = {"tagged": wanted["tesoro-expires"]}  # what later steps tag is as new, or newer
    match services.azure.group(name):
        case Ready(body):
            _refuse_foreign(body, environment)
            if (body.get("properties") or {}).get("provisioningState") == "Deleting":
                return Waiting(look_after=LOOK, reason=f"{name} is still being deleted")
            before = dict(body.get("tags") or {})
            if wanted.items() <= before.items():
                return Done(reason=f"{name} is there", values=tagged)
            wanted = {**before, **wanted}
    context.fence()
    services.azure.put_group(name, services.catalog.location, wanted)
    return Done(reason=f"{name} is made, and tagged", values=tagged)


def ensure_identity(context: Context) -> Outcome:
    """Have the preview's identity, which by itself may do nothing."""
    environment, services = _environment(context), context.services
    identity = _identity(context)
    match services.azure.resource(identity, bodies.IDENTITY_API):
        case Ready(body) if _principal(body):
            return Done(reason="its identity is there", values={"principal": _principal(body)})
    body = {
        "location": services.catalog.location,
        "tags": bodies.tags(environment, services.catalog),
    }
    context.fence()
    match services.azure.put_resource(identity, bodies.IDENTITY_API, body):
        case Ready(made) if _principal(made):
            return Done(reason="its identity is made", values={"principal": _principal(made)})
    return Waiting(look_after=LOOK, reason="its identity is being made")


def ensure_pull_right(context: Context) -> Outcome:
    """Let the identity pull the service's one repository, where the registry is Azure's."""
    registry = _preview(context).registry
    if registry is None:
        return Done(reason="its identity may do nothing: the registry is not Azure's")
    services, principal = context.services, context.operation.values["principal"]
    identity = bodies.pull_right_id(registry.id, _identity(context))
    match services.azure.resource(identity, bodies.ROLE_API):
        case Ready(body):
            if (body.get("properties") or {}).get("principalId") == principal:
                return Done(reason=f"it may pull {registry.repository}")
            context.fence()  # left over from an identity of the same name that is gone
            services.azure.delete_resource(identity, bodies.ROLE_API)
    body = bodies.pull_right(services.settings.subscription, principal, registry.repository)
    context.fence()
    services.azure.put_resource(identity, bodies.ROLE_API, body)
    return Done(reason=f"it may now pull {registry.repository}, and nothing else")


def ensure_containers(context: Context) -> Outcome:
    """Have the container group run this very commit; one that ended is replaced."""
    environment, services = _environment(context), context.services
    group, name = services.catalog.group_of(environment.name), environment.name
    wanted = _wanted(context)
    match services.azure.container_group(group, name):
        case Ready(body):
            observed = container_group.read(body)
            if observed.standing is Standing.MOVING:
                return Waiting(
                    look_after=LOOK, reason=observed.because, token=context.operation.token
                )
            if observed.revision == wanted["tags"]["tesoro-revision"]:
                outcome = _same_revision(context, body, observed)
                if outcome is not None:
                    return outcome
            over = observed.standing in (Standing.FAILED, Standing.ENDED)
            if over or not bodies.has_same_shape(body, wanted):
                context.fence()
                services.azure.delete_container_group(group, name)
                return Waiting(look_after=LOOK, reason="the old containers are removed first")
    context.fence()
    services.azure.put_container_group(group, name, wanted)
    return Waiting(look_after=LOOK, reason="its containers are starting", token=_WRITTEN)


def await_health(context: Context) -> Outcome:
    """Wait until the health address answers for this commit: ARM's word is not enough."""
    environment, services, preview = _environment(context), context.services, _preview(context)
    group = services.catalog.group_of(environment.name)
    match services.azure.container_group(group, environment.name):
        case Ready(body):
            observed = container_group.read(body)
        case _:
            raise TerminalError("containers_missing", "its containers went away while starting")
    if observed.standing in (Standing.FAILED, Standing.ENDED):
        return _failed_start(context, body, observed)
    if observed.fqdn is None:
        return Waiting(look_after=LOOK, reason="it has no address yet")
    url = _url(context, observed.fqdn)
    health = services.probe.health(url.rstrip("/") + preview.health)
    if health.is_well and health.seed in (None, desired.seed_id(environment)):
        return Done(reason=f"it is well: {health.because}", values={"url": url})
    because = health.because if not health.is_well else "an older commit still answers"
    return Waiting(look_after=LOOK, reason=f"not yet well: {because}")


def announce(context: Context) -> Outcome:
    """Say that the preview is ready, and what it is made of."""
    environment, services = _environment(context), context.services
    group = services.catalog.group_of(environment.name)
    found = services.azure.container_group(group, environment.name)
    body: Mapping[str, Any] = found.body if isinstance(found, Ready) else {}
    return Done(
        reason=f"ready at {context.operation.values['url']}",
        sets={
            "phase": Phase.READY,
            "url": context.operation.values["url"],
            "ready_at": context.now,
            "tagged_until": bodies.expiry_of(context.operation.values["tagged"]),
            "resources": _resources(context, body),
            "conditions": (),
            "log_tail": None,
        },
    )


# Living longer


def retag(context: Context) -> Outcome:
    """Set the new expiry on everything that carries one."""
    environment, services = _environment(context), context.services
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


# Going away


def revoke_pull_right(context: Context) -> Outcome:
    """Take back the right to pull: it lies at the registry, outside the preview's group."""
    preview = context.services.catalog.preview_of(_environment(context).service)
    if preview is None or preview.registry is None:
        return Done(reason="it had no rights outside its group")
    identity = bodies.pull_right_id(preview.registry.id, _identity(context))
    context.fence()
    context.services.azure.delete_resource(identity, bodies.ROLE_API)
    return Done(reason=f"it may no longer pull {preview.registry.repository}")


def delete_group(context: Context) -> Outcome:
    """Delete the resource group and everything in it; ARM does so in the background."""
    environment, services = _environment(context), context.services
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
            _refuse_foreign(body, environment)
    context.fence()
    match services.azure.delete_group(name):
        case InProgress(look_at, look_after):
            return Waiting(look_after=look_after, reason=f"{name} is going", token=look_at)
    return Done(reason=f"{name} is deleted")


def prove_gone(context: Context) -> Outcome:
    """Find nothing left, by the group's name and by the provider's own list: then it is gone."""
    environment = _environment(context)
    left = _left(context, environment)
    if left:
        names = ", ".join(resource.id for resource in left)
        return Waiting(
            look_after=LOOK_FOR_REST, reason=f"still there: {names}", sets={"resources": left}
        )
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
        right = bodies.pull_right_id(preview.registry.id, _identity(context))
        if isinstance(azure.resource(right, bodies.ROLE_API), Ready):
            add(right, "Microsoft.Authorization/roleAssignments")
    return tuple(found.values())


# What several steps need


def _environment(context: Context) -> Environment:
    assert isinstance(context.target, Environment)
    return context.target


def _preview(context: Context) -> Preview:
    service = _environment(context).service
    preview = context.services.catalog.preview_of(service)
    if preview is None:
        raise TerminalError("preview_unknown", f"the catalog has no previews of {service}")
    return preview


def _identity(context: Context) -> str:
    services, name = context.services, _environment(context).name
    group = services.catalog.group_of(name)
    return bodies.identity_id(services.settings.subscription, group, name)


def _wanted(context: Context) -> dict[str, Any]:
    services = context.services
    return bodies.container_group(
        _environment(context),
        _preview(context),
        services.catalog,
        identity=_identity(context),
        key=services.settings.preview_key,
        login=services.settings.registry_login,
    )


def _url(context: Context, fqdn: str) -> str:
    template = context.services.settings.preview_url
    return template.replace("{fqdn}", fqdn).replace("{port}", str(_preview(context).port))


def _principal(body: Mapping[str, Any]) -> str:
    return str((body.get("properties") or {}).get("principalId") or "")


def _refuse_foreign(body: Mapping[str, Any], environment: Environment) -> None:
    """Stop before a group that somebody else made under our name is touched."""
    if not matches_tags(body, "tesoro-environment", environment.name):
        raise TerminalError(
            "group_not_ours",
            f"{body.get('name')} does not carry the tag tesoro-environment={environment.name}; "
            "rename it, or tag it if it is ours",
        )


def _same_revision(
    context: Context, body: Mapping[str, Any], observed: Observed
) -> Outcome | None:
    """Return how it went with what is wanted; None where an older failure must be replaced."""
    if observed.standing is Standing.RUNNING:
        return Done(reason="its containers run")
    if context.operation.token == _WRITTEN:
        return _failed_start(context, body, observed)
    return None


def _failed_start(context: Context, body: Mapping[str, Any], observed: Observed) -> Failed:
    """Return the failure with the last words of the container that fell over."""
    environment, services = _environment(context), context.services
    name = container_group.unhappy_container(body) or "service"
    group = services.catalog.group_of(environment.name)
    try:
        log = services.azure.container_log(group, environment.name, name, lines=_LOG_LINES)
    except (TransientError, TerminalError) as error:
        log = f"(its log could not be read: {error})"
    password = bodies.database_password(environment, services.settings.preview_key)
    return Failed(
        code="start_failed",
        reason=f"the containers did not start: {observed.because}",
        sets={"log_tail": redact(log, [password]), "resources": _resources(context, body)},
    )


def _resources(context: Context, body: Mapping[str, Any]) -> tuple[Resource, ...]:
    services = context.services
    group = services.catalog.group_of(_environment(context).name)
    root = f"/subscriptions/{services.settings.subscription}/resourceGroups/{group}"
    found = [
        Resource(id=root, type="Microsoft.Resources/resourceGroups", state="Succeeded"),
        Resource(
            id=_identity(context),
            type="Microsoft.ManagedIdentity/userAssignedIdentities",
            state="Succeeded",
        ),
    ]
    if body:
        state = str((body.get("properties") or {}).get("provisioningState", "unknown"))
        found.append(Resource(id=str(body["id"]), type=container_group.TYPE, state=state))
    return tuple(found)


UP = Workflow(
    desired.UP,
    (
        Step(await_image, within=timedelta(hours=24)),
        Step(ensure_group, within=timedelta(minutes=20)),
        Step(ensure_identity, within=timedelta(minutes=5)),
        Step(ensure_pull_right, within=timedelta(minutes=10)),
        Step(ensure_containers, within=timedelta(minutes=20)),
        Step(await_health, within=timedelta(minutes=10)),
        Step(announce, within=timedelta(minutes=5)),
    ),
    begins={"phase": Phase.CREATING},
    fails={"phase": Phase.FAILED},
)
EXTEND = Workflow(desired.EXTEND, (Step(retag, within=timedelta(minutes=30)),))
DOWN = Workflow(
    desired.DOWN,
    (
        Step(delete_group, within=timedelta(minutes=30)),  # first what costs money
        Step(revoke_pull_right, within=timedelta(minutes=10)),
        Step(prove_gone, within=timedelta(minutes=10)),
    ),
    begins={"phase": Phase.DELETING},
    fails={"phase": Phase.LEAKED},
)
