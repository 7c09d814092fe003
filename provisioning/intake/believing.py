"""Whether an alert is believed, and what follows: Azure's own list decides.

Whoever holds the address with its key can send an alert. One that Azure says has fired, on the
resource of a release that is under way, takes that back; one that Azure does not know holds it,
loudly, and moves no traffic. From anything else nothing follows, for a reason that is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provisioning.alerts import Alert, Condition, Listed, listed
from provisioning.azure.protocol import Ready
from provisioning.errors import TerminalError
from provisioning.intake import releasing
from provisioning.intake.request import Cause
from provisioning.model import Release
from provisioning.releases.asked import is_under_way
from provisioning.services import Services

LOOKED_FOR = timedelta(minutes=10)  # the list may lag behind what it lists
_UNVERIFIED = "unverified alert"


@dataclass(frozen=True)
class Answered:
    """What followed from an alert, or why nothing did; one that is not over is looked at again."""

    reason: str
    is_over: bool = True


def answer(
    services: Services, alert: Alert, identity: str, received_at: datetime, said: str
) -> Answered:
    """Ask Azure about the alert, do what follows, and say what that is.

    `said` is what was made of it when it was last looked at. Raises TransientError where Azure
    does not answer.
    """
    if alert.condition is Condition.RESOLVED:
        return Answered("it says that something is over; nothing is taken back for that")
    running = [release for release in releasing.newest(services) if is_under_way(release)]
    named = [r for r in running if listed.is_about(alert.resources, r.resource)]
    if alert.resources and not named:
        return Answered("no release is under way on what it names")
    if not running:
        return Answered("no release is under way")
    try:
        found = _look_up(services, alert, named or running)
    except TerminalError as error:
        why = f"{_UNVERIFIED} {alert.rule}: Azure could not be asked ({error})"
        return Answered(_hold(services, named, why, identity, said))
    if found is None:
        why = f"{_UNVERIFIED} {alert.rule}: Azure's list of alerts has no such one"
        is_late = services.clock.now() - received_at >= LOOKED_FOR
        held = _hold(services, named, why, identity, said)
        return Answered(held, is_over=is_late or not named)
    if found.condition is Condition.RESOLVED:
        return Answered("Azure says that it is over by now; nothing is taken back for that")
    hit = [r for r in running if listed.is_about(found.resources, r.resource)]
    if named and not hit:
        about = ", ".join(found.resources) or "nothing"
        why = f"{_UNVERIFIED} {alert.rule}: Azure says that it is about {about}"
        return Answered(_hold(services, named, why, identity, said))
    if not hit:
        return Answered("no release is under way on what Azure says that it is about")
    return Answered("; ".join(_take_back(services, r, found, identity) for r in hit))


def _look_up(services: Services, alert: Alert, suspects: Iterable[Release]) -> Listed | None:
    """Return what Azure's list says of the alert; None where it is not there."""
    subscription = services.settings.subscription
    if alert.alert_id is not None:
        path = listed.place(alert.alert_id, subscription)
        if path is None:
            return None
        match services.urgent.read(path, listed.API):
            case Ready(body):
                found = listed.read_listed(body)
                return None if found is None else _whole(services, path, found, suspects)
            case _:
                return None
    for release in suspects:
        found = listed.find(alert, _about(services, release))
        if found is not None:
            return found
    return None


def _whole(services: Services, path: str, found: Listed, suspects: Iterable[Release]) -> Listed:
    """Return what was found, with every suspect that Azure lists it under.

    An alert on several resources names one of them; which others it is on, only the list says.
    """
    others = [
        release.resource.lower()
        for release in suspects
        if not listed.is_about(found.resources, release.resource)
        and any(listed.is_same(item, path) for item in _about(services, release))
    ]
    return replace(found, resources=(*found.resources, *others))


def _about(services: Services, release: Release) -> list[Mapping[str, Any]]:
    """Return the day's alerts that Azure lists under the release's resource."""
    return services.urgent.listing(
        listed.list_of(services.settings.subscription),
        listed.API,
        targetResource=release.resource,
        timeRange="1d",
    )


def _take_back(services: Services, release: Release, found: Listed, identity: str) -> str:
    """Take the release back for a confirmed alert, or say why it is not its doing."""
    if not release.exposed:
        return f"{release.id} has no traffic yet"
    if found.fired_at is not None and found.fired_at < release.created_at:
        return f"it fired before {release.id} began"
    cause = Cause(text=f"alert {found.rule} ({identity})", by="azure")
    because = f"the alert {found.rule} fired on {release.resource.rsplit('/', 1)[-1]}"
    operation = releasing.take_back(services, release, because, cause)
    if operation is None:
        return f"{release.id} has been taken back already"
    return f"{release.id} is taken back by {operation}"


def _hold(services: Services, named: list[Release], why: str, identity: str, said: str) -> str:
    """Hold the releases, at the first look alone: somebody may have let them go on since."""
    if not said.startswith(_UNVERIFIED):
        for release in named:
            releasing.distrust(services, release, f"{why} ({identity})", "azure")
    held = ", ".join(release.id for release in named)
    return f"{why}; it holds {held}" if held else why
