"""How a preview comes up, step by step.

Each step may run any number of times: it looks first where a second write would cost or disturb.
The wishes come from `desired.py`, the bodies from `bodies.py`; what is here is the asking.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from provisioning.azure.protocol import InProgress, Ready
from provisioning.azure.resources import container_group
from provisioning.azure.resources.container_group import Observed, Standing
from provisioning.conditions import with_condition, without_condition
from provisioning.environments import bodies, desired, heard
from provisioning.environments.redaction import redact
from provisioning.environments.steps.preview import (
    LOOK,
    environment_of,
    identity_of,
    preview_of,
    refuse_foreign,
    resources_of,
)
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Environment, Phase
from provisioning.operations import Done, Failed, Outcome, Waiting
from provisioning.services import Context

LOOK_FOR_IMAGE = timedelta(minutes=5)  # a finished build hurries the step; this is the floor
WAITS_FOR_IMAGE = "ImagePending"
_WRITTEN = "written"
_LOG_LINES = 40


def await_image(context: Context) -> Outcome:
    """Wait, visibly, until the commit's image is known: a build named it, or has pushed it."""
    environment = environment_of(context)
    sha, image = environment.sha or "", _image_before(environment)
    if image is None:
        named = heard.image_of(environment, sha)
        if named is None and not _is_built(context, sha):
            workflow = preview_of(context).workflow
            return _image_pending(
                context, f"waits for the workflow {workflow} to build {sha[:12]}"
            )
        image = _by_digest(context, named or preview_of(context).image_for(sha))
    if image is None:
        return _image_pending(context, f"{sha[:12]} is built, and its registry has no image of it")
    return Done(
        reason=f"{image} is built",
        values={"image": image},
        sets={"conditions": without_condition(environment.conditions, WAITS_FOR_IMAGE)},
    )


def ensure_group(context: Context) -> Outcome:
    """Have the resource group, with the tags of everything built."""
    environment, services = environment_of(context), context.services
    name = services.catalog.group_of(environment.name)
    wanted = bodies.tags(environment, services.catalog)
    tagged = {"tagged": wanted["tesoro-expires"]}  # what later steps tag is as new, or newer
    match services.azure.group(name):
        case Ready(body):
            refuse_foreign(body, environment)
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
    environment, services = environment_of(context), context.services
    identity = identity_of(context)
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
    registry = preview_of(context).registry
    if registry is None:
        return Done(reason="its identity may do nothing: the registry is not Azure's")
    services, principal = context.services, context.operation.values["principal"]
    identity = bodies.pull_right_id(registry.id, identity_of(context))
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
    environment, services = environment_of(context), context.services
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
    begun = services.azure.put_container_group(group, name, wanted)
    look_at = begun.look_at if isinstance(begun, InProgress) else None
    return Waiting(
        look_after=LOOK,
        reason="its containers are starting",
        token=look_at or _WRITTEN,
        sets={"billed_since": environment.billed_since or context.now},
    )


def await_health(context: Context) -> Outcome:
    """Wait until the health address answers for this commit: ARM's word is not enough."""
    environment, services, preview = environment_of(context), context.services, preview_of(context)
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
    environment, services = environment_of(context), context.services
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
            "resources": resources_of(context, body),
            "conditions": (),
            "log_tail": None,
        },
    )


def _image_before(environment: Environment) -> str | None:
    """Return the image of the last time, where nothing else is wanted now than then."""
    return environment.image if environment.settled == environment.aim else None


def _is_built(context: Context, sha: str) -> bool:
    pull_request = environment_of(context).pull_request
    if pull_request is None:
        raise TerminalError("pull_request_missing", "the preview has no pull request")
    workflow = preview_of(context).workflow
    return context.services.forge.built(pull_request.repository, workflow, sha)


def _by_digest(context: Context, image: str) -> str | None:
    """Return the image by its digest, where a registry can be asked; None where it has none.

    Who may push could have a tag mean something else a minute later; a digest stays what it is.
    """
    registry = context.services.registry
    if registry is None or "@" in image:
        return image
    digest = registry.digest(image)
    return None if digest is None else f"{preview_of(context).repository}@{digest}"


def _image_pending(context: Context, reason: str) -> Waiting:
    conditions = environment_of(context).conditions
    waiting = with_condition(conditions, WAITS_FOR_IMAGE, reason, now=context.now)
    return Waiting(look_after=LOOK_FOR_IMAGE, reason=reason, sets={"conditions": waiting})


def _wanted(context: Context) -> dict[str, Any]:
    services = context.services
    return bodies.container_group(
        environment_of(context),
        preview_of(context),
        services.catalog,
        identity=identity_of(context),
        key=services.settings.preview_key,
        login=services.settings.registry_login,
    )


def _url(context: Context, fqdn: str) -> str:
    template = context.services.settings.preview_url
    return template.replace("{fqdn}", fqdn).replace("{port}", str(preview_of(context).port))


def _principal(body: Mapping[str, Any]) -> str:
    return str((body.get("properties") or {}).get("principalId") or "")


def _same_revision(
    context: Context, body: Mapping[str, Any], observed: Observed
) -> Outcome | None:
    """Return how it went with what is wanted; None where an older failure must be replaced."""
    if observed.standing is Standing.RUNNING:
        return Done(reason="its containers run")
    if context.operation.token is not None:  # what failed is what we wrote
        return _failed_start(context, body, observed)
    return None


def _cause(context: Context) -> str | None:
    """Return what Azure says the work failed with; the containers themselves tell only that."""
    token = context.operation.token
    if token is None or token == _WRITTEN:
        return None
    try:
        context.services.azure.look(token)
    except TerminalError as error:
        return str(error)
    except TransientError:
        return None
    return None


def _failed_start(context: Context, body: Mapping[str, Any], observed: Observed) -> Failed:
    """Return the failure with the last words of the container that fell over."""
    environment, services = environment_of(context), context.services
    name = container_group.unhappy_container(body) or "service"
    group = services.catalog.group_of(environment.name)
    try:
        log = services.azure.container_log(group, environment.name, name, lines=_LOG_LINES)
    except (TransientError, TerminalError) as error:
        log = f"(its log could not be read: {error})"
    password = bodies.database_password(environment, services.settings.preview_key)
    return Failed(
        code="start_failed",
        reason=f"the containers did not start: {_cause(context) or observed.because}",
        sets={"log_tail": redact(log, [password]), "resources": resources_of(context, body)},
    )
