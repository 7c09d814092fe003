"""How an environment falls asleep and wakes: two runbooks, each the other one backwards.

What was is kept in the row before anything is stopped, so that a night which is cut off anywhere
can be taken back.
"""

import json
from dataclasses import replace
from datetime import timedelta

from provisioning.azure.protocol import Ready
from provisioning.azure.resources import app_service, container_app
from provisioning.azure.resources.sleeper import Layer
from provisioning.azure.resources.sleepers import sleeper_of
from provisioning.azure.survey import survey
from provisioning.catalog import Built, Host, Placed
from provisioning.conditions import lasting
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Kept, Nap, Phase, Resource
from provisioning.operations import Done, Failed, Outcome, Step, Waiting, Workflow
from provisioning.power import plan
from provisioning.power.steps import turning
from provisioning.power.steps.turning import LOOK, WITHIN, environment_of, failures, in_words
from provisioning.services import Context

_MOST_NAPS = 60
_UNCLEAR_FOR = timedelta(minutes=5)
_APP = (container_app.TYPE, container_app.API, container_app.host, container_app.is_stopped)
_SITE = (app_service.SITES, app_service.API, app_service.host, app_service.is_stopped)
_PROVIDERS = {Host.CONTAINER_APP: _APP, Host.WEB_APP: _SITE, Host.FUNCTION_APP: _SITE}


# Falling asleep


def capture(context: Context) -> Outcome:
    """Keep what is awake as it is now, before anything is stopped.

    What moves or does not answer is waited for, not for ever: the others go on without it. What
    somebody woke amid a nap is to become what it was before the nap, not what it is now.
    """
    environment, built = environment_of(context), _built(context)
    turning.allowed(context)
    kept = {entry.id.lower(): entry for entry in environment.kept}
    is_nap = bool(environment.naps) and environment.naps[-1].ended_at is None
    unclear: dict[str, str] = {}
    for row in context.services.azure.in_group(built.group):
        identity = str(row["id"])
        try:
            entry = _captured(context, identity, str(row["type"]))
        except (TransientError, TerminalError) as error:
            unclear[identity] = str(error)
            continue
        if entry is not None and not (is_nap and identity.lower() in kept):
            kept[identity.lower()] = entry
    if unclear and not turning.is_late(context, _UNCLEAR_FOR):
        return Waiting(look_after=LOOK, reason=f"not yet clear: {in_words(unclear)}")
    every = tuple(kept[key] for key in sorted(kept))
    reason = f"{len(every)} resources are kept as they were"
    if unclear:
        reason = f"{reason}; went on without {in_words(unclear)}"
    values = turning.put_down(turning.CAPTURE, unclear)
    return Done(reason=reason, sets={"kept": every}, values=values)


def stop_apps(context: Context) -> Outcome:
    """Stop what uses data, first."""
    return turning.turn_off(context, Layer.APPS)


def stop_data(context: Context) -> Outcome:
    """Stop what keeps data, once nobody uses it."""
    return turning.turn_off(context, Layer.DATA)


def confirm_asleep(context: Context) -> Outcome:
    """Say that the environment is asleep, or what would not sleep."""
    environment, failed = environment_of(context), failures(context)
    resources = _resources(context)
    if failed:
        reason = f"not all of it sleeps: {in_words(failed)}"
        return Failed(code="sleep_incomplete", reason=reason, sets={"resources": resources})
    naps = environment.naps
    if not naps or naps[-1].ended_at is not None:
        sizes = {entry.id: json.dumps(dict(entry.was)) for entry in environment.kept}
        naps = (*naps, Nap(began_at=context.now, sizes=sizes))[-_MOST_NAPS:]
    return Done(
        reason=f"{len(environment.kept)} resources are asleep",
        sets={
            "phase": Phase.ASLEEP,
            "naps": naps,
            "resources": resources,
            "conditions": lasting(environment.conditions),
        },
    )


# Waking


def start_data(context: Context) -> Outcome:
    """Start what keeps data, before anybody asks for it."""
    return turning.turn_on(context, Layer.DATA)


def start_apps(context: Context) -> Outcome:
    """Start what uses data, as it was."""
    return turning.turn_on(context, Layer.APPS)


def await_health(context: Context) -> Outcome:
    """Wait until every service answers: ARM's word is not enough."""
    if failures(context):
        return Done(reason="not asked: some of it did not start")
    ill = [
        f"{name}: {why}"
        for name, placed in sorted(_built(context).services.items())
        if (why := _illness(context, placed)) is not None
    ]
    if ill:
        return Waiting(look_after=LOOK, reason=f"not yet well: {'; '.join(ill)}")
    return Done(reason="every service answers that somebody has not stopped")


def announce(context: Context) -> Outcome:
    """Say that the environment is ready, or what would not wake."""
    environment, failed = environment_of(context), failures(context)
    resources = _resources(context)
    left = tuple(entry for entry in environment.kept if entry.id in failed)
    if failed:
        reason = f"not all of it woke: {in_words(failed)}"
        sets = {"kept": left, "resources": resources}
        return Failed(code="wake_incomplete", reason=reason, sets=sets)
    naps = environment.naps
    if naps and naps[-1].ended_at is None:
        naps = (*naps[:-1], replace(naps[-1], ended_at=context.now))
    return Done(
        reason="awake, as it was",
        sets={
            "phase": Phase.READY,
            "kept": (),
            "naps": naps,
            "resources": resources,
            "ready_at": context.now,
            "conditions": lasting(environment.conditions),
        },
    )


def _captured(context: Context, identity: str, kind: str) -> Kept | None:
    """Return a resource as it is, if it is awake; raises TransientError while it moves."""
    sleeper = sleeper_of(kind)
    found = None if sleeper is None else turning.seen(context, sleeper, identity)
    if sleeper is None or found is None:
        return None
    seen, body = found
    if seen.moving:
        raise TransientError("busy", f"it is {seen.words}")
    if not seen.awake:
        return None
    return Kept(id=identity, type=sleeper.type, was=dict(sleeper.capture(body)))


def _built(context: Context) -> Built:
    name = environment_of(context).name
    found = context.services.catalog.environments.get(name)
    if found is None:
        raise TerminalError(
            "environment_unknown", f"the catalog has no environment {name} any more"
        )
    return found


def _resources(context: Context) -> tuple[Resource, ...]:
    return survey(context.services.azure, _built(context).group) or ()


def _illness(context: Context, placed: Placed) -> str | None:
    """Return why a service is not well; None where it is."""
    kind, api, host_of, is_stopped = _PROVIDERS[placed.host]
    services = context.services
    root = f"/subscriptions/{services.settings.subscription}/resourceGroups/"
    identity = f"{root}{_built(context).group}/providers/{kind}/{placed.resource}"
    match services.azure.read(identity, api):
        case Ready(body):
            host, stopped = host_of(body), is_stopped(body)
        case _:
            return f"there is no {placed.resource}"
    if host is None or stopped:
        return None  # nobody outside can ask it, or somebody does not want it to answer
    address = services.settings.service_url.replace("{fqdn}", host).rstrip("/")
    health = services.probe.health(address + placed.health)
    return None if health.is_well else health.because


SLEEP = Workflow(
    plan.SLEEP,
    (
        Step(capture, within=timedelta(minutes=20)),
        Step(stop_apps, within=WITHIN),
        Step(stop_data, within=WITHIN),
        Step(confirm_asleep, within=timedelta(minutes=5)),
    ),
    begins={"phase": Phase.STOPPING},
    fails={"phase": Phase.FAILED},
)
WAKE = Workflow(
    plan.WAKE,
    (
        Step(start_data, within=WITHIN),
        Step(start_apps, within=WITHIN),
        Step(await_health, within=timedelta(minutes=20)),
        Step(announce, within=timedelta(minutes=5)),
    ),
    begins={"phase": Phase.WAKING},
    fails={"phase": Phase.FAILED},
)
