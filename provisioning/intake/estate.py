"""The environments that others built: seen, and brought to what their hours say.

`look` asks Azure what is there and folds it into the row; `converge` decides as for any
environment. The row is made at the first look, by the timer or by whoever asks first; but who
merely reads has nothing stopped or started.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from provisioning import ledger
from provisioning.audit import Note
from provisioning.azure.survey import survey
from provisioning.catalog import Built
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.intake.request import Cause, Converged, converge
from provisioning.ledger import Held, Plane
from provisioning.model import Environment, Resource
from provisioning.power import plan as power
from provisioning.services import Services

Reshape = Callable[[Environment, datetime], Environment]


def power_timer(services: Services, _: Plane) -> str:
    """Look at every environment of the catalog, and ask for what it lacks."""
    said = []
    for name in services.catalog.environments:
        try:
            found = look(services, name, Cause(text="power", by="timer"))
            said.append(f"{name} is {found.environment.phase}, {found.plan.because}")
        except (TransientError, TerminalError) as error:  # one must not stand in another's way
            said.append(f"{name}: not seen, {error}")
            _say_unseen(services, name, error.code)
    return "; ".join(said)


def look(
    services: Services,
    name: str,
    cause: Cause,
    *,
    reshape: Reshape = lambda e, _: e,
    retry: bool = False,
) -> Converged:
    """See what the environment has, then ask for what it lacks; its row is made if need be."""
    built = services.catalog.environments[name]
    resources = survey(services.azure, built.group)

    def seen(environment: Environment, now: datetime) -> Environment:
        return reshape(_seen(environment, resources, built, now), now)

    found = converge(
        services,
        name,
        cause,
        newcomer=lambda now: _newcomer(services, built, now),
        reshape=seen,
        retry=retry,
    )
    assert found is not None  # there is a newcomer
    return found


def known(services: Services, name: str) -> Environment | None:
    """Return an environment of the catalog, looked at now if nobody has yet; None for others.

    Where Azure does not answer it is shown as absent, with a condition that says so; nothing of
    that is stored.
    """
    built = services.catalog.environments.get(name)
    if built is None:
        return None
    there = ledger.environment(services.table, name)
    if there is not None:
        return there
    now = services.clock.now()
    fresh = _newcomer(services, built, now)
    try:
        resources = survey(services.azure, built.group)
    except (TransientError, TerminalError) as error:
        return power.not_seen(fresh, error.code, now=now)
    return _keep(services, fresh, _seen(fresh, resources, built, now), now)


def _seen(
    environment: Environment, resources: tuple[Resource, ...] | None, built: Built, now: datetime
) -> Environment:
    return power.observed(environment, resources, built.hours, kind=built.kind, now=now)


def _keep(services: Services, fresh: Environment, seen: Environment, now: datetime) -> Environment:
    """Store what a first look saw and return it, or what somebody stored meanwhile."""
    ledger.enter_index(services.table, seen.name)
    note = Note(event="observed", text="seen first", cause="first look", by="control plane")
    try:
        ledger.save(services, Held(fresh, None), seen, notes=[note], now=now)
    except StaleRowError:
        return ledger.environment(services.table, seen.name) or seen
    return seen


def _say_unseen(services: Services, name: str, code: str) -> None:
    """Have the row, if there is one, say that it is as old as its last look."""
    cause = Cause(text="power", by="timer")
    with suppress(TransientError):  # the next run says so
        converge(services, name, cause, reshape=lambda e, now: power.not_seen(e, code, now=now))


def _newcomer(services: Services, built: Built, now: datetime) -> Environment:
    return power.newcomer(built.name, built.kind, services.catalog.owner, now=now)
