"""What an environment that others built should be at an instant, awake or asleep, and why.

Level-triggered: what is wanted follows from the hours, the lease and the time; what is done about
it from what was last seen. Only what was put to sleep by us (`kept`) is woken: what a person
stopped by hand in the day stays so, and what was asleep before the night is asleep after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning.conditions import has_failed, lasting, with_condition, without_condition
from provisioning.model import (
    Condition,
    Decision,
    Environment,
    Grounds,
    Hours,
    Kind,
    Mode,
    Phase,
    Plan,
    Resource,
)
from provisioning.power import calendar
from provisioning.power.stoppable import stoppable

SLEEP, WAKE = "power.sleep", "power.wake"
RETRY_AFTER = timedelta(minutes=30)
IGNORED, NOT_SEEN = "ScheduleIgnored", "NotSeen"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whether the environment is to be awake, why, and what would change that."""

    awake: bool
    because: str
    would_change: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One planned stop or start."""

    at: datetime
    is_start: bool
    because: str


def desired(environment: Environment, hours: Hours | None, *, now: datetime) -> Wanted:
    """Say whether the environment is to be awake at `now`."""
    if stoppable(environment) is None:
        return Wanted(
            awake=True,
            because=f"{environment.kind} is never put to sleep",
            would_change="nothing",
        )
    if hours is None:
        return Wanted(
            awake=True, because="it has no working hours", would_change="hours in the catalog"
        )
    words = calendar.in_words(hours)
    change = calendar.next_change(hours, now)
    then = "a lease" if change is None else f"{calendar.local(hours, change)}, or a lease"
    if calendar.is_open(hours, now):
        return Wanted(awake=True, because=f"working hours: {words}", would_change=then)
    lease = environment.lease
    if lease is not None and now < lease.until:
        return Wanted(
            awake=True,
            because=f"{lease.by} keeps it awake until {_at(lease.until)}: {lease.reason}",
            would_change=f"the lease's end at {_at(lease.until)}",
        )
    return Wanted(awake=False, because=f"outside working hours: {words}", would_change=then)


def decide(grounds: Grounds) -> tuple[Plan, Decision]:
    """Return what to ask for on these grounds, and the decision as it is stored."""
    environment = grounds.environment
    wanted = desired(environment, grounds.hours, now=grounds.at)
    found = _plan(grounds, wanted)
    nothing = f"{wanted.because}; {found.because}"
    return found, Decision(
        action=found.workflow or "none",
        because=wanted.because if found.workflow is not None else nothing,
        inputs=_inputs(grounds),
        would_change=wanted.would_change,
        grounds=grounds,
    )


def asked(environment: Environment, plan: Plan, *, now: datetime) -> Environment:
    """Return the row as it is once `plan` has been asked for."""
    return replace(
        environment,
        generation=environment.generation + 1,
        aim=plan.aim,
        conditions=lasting(environment.conditions),
        changed_at=now,
    )


def newcomer(name: str, kind: Kind, owner: str, *, now: datetime) -> Environment:
    """Return the row of an environment that is seen for the first time."""
    return Environment(
        name=name, kind=kind, service="", owner=owner, created_at=now, changed_at=now
    )


def observed(
    environment: Environment,
    resources: tuple[Resource, ...] | None,
    hours: Hours | None,
    *,
    kind: Kind,
    now: datetime,
) -> Environment:
    """Return the row with what was seen; None for resources means that there is no group.

    `kind` is the catalog's: the row may be older than that. `looked_at` moves with what is seen: a
    look that finds nothing new changes nothing.
    """
    after = replace(environment, kind=kind, resources=resources or ())
    seen = without_condition(_ignored(after, hours, now), NOT_SEEN)
    after = replace(after, conditions=seen)
    if environment.operation is None:
        wanted = desired(after, hours, now=now)
        phase = _phase(after, is_there=resources is not None, is_wanted=wanted.awake)
        mended = environment.phase is Phase.FAILED and phase is not Phase.FAILED
        kept = lasting(after.conditions) if mended else after.conditions
        after = replace(after, phase=phase, conditions=kept)
    return environment if after == environment else replace(after, looked_at=now)


def not_seen(environment: Environment, why: str, *, now: datetime) -> Environment:
    """Return the row of an environment that could not be looked at, and says so."""
    message = f"Azure did not show it: {why}; what is known is as old as its last look"
    conditions = with_condition(environment.conditions, NOT_SEEN, message, now=now, lasting=True)
    return replace(environment, conditions=conditions)


def turns(
    environment: Environment, hours: Hours | None, *, start: datetime, end: datetime
) -> Iterator[Turn]:
    """Return every stop and start that is planned from `start` to `end`, in order."""
    if hours is None or stoppable(environment) is None:
        return
    lease = environment.lease
    marks = {mark for window in calendar.windows(hours, start, end) for mark in window}
    if lease is not None:
        marks.add(lease.until)
    before = desired(environment, hours, now=start).awake
    for mark in sorted(mark for mark in marks if start < mark < end):
        wanted = desired(environment, hours, now=mark)
        if wanted.awake != before:
            yield Turn(at=mark, is_start=wanted.awake, because=wanted.because)
        before = wanted.awake


def _plan(grounds: Grounds, wanted: Wanted) -> Plan:
    environment = grounds.environment
    aim = "awake" if wanted.awake else "asleep"
    if environment.phase is Phase.ABSENT:
        return Plan(workflow=None, aim=aim, because="nothing of it is there")
    workflow, because = _needed(environment, awake=wanted.awake)
    if workflow is None:
        return Plan(workflow=None, aim=aim, because=because)
    if grounds.mode is not Mode.ADOPT:
        return Plan(workflow=None, aim=aim, because=f"it is only observed; {because}")
    if environment.aim == aim and environment.operation is not None:
        return Plan(workflow=None, aim=aim, because="that is under way")
    again = _again_at(environment, aim)
    if again is not None and grounds.at < again and not grounds.retry:
        return Plan(
            workflow=None, aim=aim, because=f"it failed; it is tried again at {_at(again)}"
        )
    return Plan(workflow=workflow, aim=aim, because=wanted.because)


def _needed(environment: Environment, *, awake: bool) -> tuple[str | None, str]:
    if awake:
        if environment.kept or (environment.aim == "asleep" and environment.operation is not None):
            return WAKE, f"{len(environment.kept)} resources are to be woken"
        return None, "nothing of it was put to sleep"
    up = [r for r in environment.resources if r.awake]
    if up or (environment.aim == "awake" and environment.operation is not None):
        return SLEEP, f"{len(up)} resources are awake"
    return None, "all that can sleep is asleep"


def _again_at(environment: Environment, aim: str) -> datetime | None:
    """Return when what failed is tried again; None where the aim has not failed."""
    if environment.aim != aim or not has_failed(environment):
        return None
    return max(c.since for c in environment.conditions if not c.lasting) + RETRY_AFTER


def _phase(environment: Environment, *, is_there: bool, is_wanted: bool) -> Phase:
    """Return the phase of an environment on which nothing is under way.

    A night that failed before it stopped anything is over where the environment `is_wanted` awake
    again; until then it stays failed, so that it is tried as seldom as any failure.
    """
    if not is_there:
        return Phase.ABSENT
    asleep = bool(environment.kept) and not any(r.awake for r in environment.resources)
    match environment.phase:
        case Phase.ABSENT | Phase.GONE:
            return Phase.READY
        case Phase.FAILED if is_wanted and not environment.kept:
            return Phase.READY
        case Phase.READY if asleep:
            return Phase.ASLEEP
        case phase:
            return phase


def _ignored(
    environment: Environment, hours: Hours | None, now: datetime
) -> tuple[Condition, ...]:
    if hours is None or stoppable(environment) is not None:
        return without_condition(environment.conditions, IGNORED)
    message = f"the catalog gives it working hours, and {environment.kind} is never put to sleep"
    return with_condition(environment.conditions, IGNORED, message, now=now, lasting=True)


def _inputs(grounds: Grounds) -> dict[str, str]:
    """Return what a person wants to know of the grounds."""
    environment, hours = grounds.environment, grounds.hours
    return {
        "phase": str(environment.phase),
        "hours": "none" if hours is None else calendar.in_words(hours),
        "lease": "none" if environment.lease is None else _at(environment.lease.until),
        "mode": str(grounds.mode or "none"),
        "awake": ", ".join(_name(r.id) for r in environment.resources if r.awake) or "none",
        "kept": ", ".join(_name(k.id) for k in environment.kept) or "none",
        "operation": environment.operation or "none",
    }


def _name(identity: str) -> str:
    return identity.rsplit("/", 1)[1]


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
