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
from provisioning.errors import TerminalError
from provisioning.model import Kept, Nap, Phase, Resource
from provisioning.operations import Done, Failed, Outcome, Step, Waiting, Workflow
from provisioning.power import plan
from provisioning.power.steps import turning
from provisioning.power.steps.turning import LOOK, WITHIN, environment_of, failures, in_words
from provisioning.services import Context

_MOST_NAPS = 60
_PROVIDERS = {
    Host.CONTAINER_APP: (container_app.TYPE, container_app.API, container_app.host),
    Host.WEB_APP: (app_service.SITES, app_service.API, app_service.host),
    Host.FUNCTION_APP: (app_service.SITES, app_service.API, app_service.host),
}


# Falling asleep


def capture(context: Context) -> Outcome:
    """Keep what is awake as it is now, before anything is stopped."""
    environment, built = environment_of(context), _built(context)
    turning.allowed(context)
    kept = {entry.id.lower(): entry for entry in environment.kept}
    moving = []
    for row in context.services.azure.in_group(built.group):
        sleeper = sleeper_of(str(row["type"]))
        found = None if sleeper is None else turning.seen(context, sleeper, str(row["id"]))
        if sleeper is None or found is None:
            continue
        seen, body = found
        if seen.moving:
            moving.append(turning.name_of(str(row["id"])))
        if seen.awake:
            identity = str(row["id"])
            entry = Kept(id=identity, type=sleeper.type, was=dict(sleeper.capture(body)))
            kept[identity.lower()] = entry
    if moving:
        reason = f"waits until they settle: {', '.join(sorted(moving))}"
        return Waiting(look_after=LOOK, reason=reason)
    every = tuple(kept[key] for key in sorted(kept))
    return Done(reason=f"{len(every)} resources are kept as they were", sets={"kept": every})


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
    return Done(reason="every service answers")


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
    kind, api, host_of = _PROVIDERS[placed.host]
    services = context.services
    root = f"/subscriptions/{services.settings.subscription}/resourceGroups/"
    identity = f"{root}{_built(context).group}/providers/{kind}/{placed.resource}"
    match services.azure.read(identity, api):
        case Ready(body):
            host = host_of(body)
        case _:
            return f"there is no {placed.resource}"
    if host is None:
        return None  # nobody outside can ask it
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
