"""What a preview should be at an instant, and what is to be asked for where it is not.

Level-triggered: nothing here remembers an event. `observe` folds what GitHub says now into the
row, `desired` says what follows from the row and the time, `plan` what to ask for. A missed
webhook, a doubled one or three hours of outage end at the same place.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.conditions import has_failed, lasting
from provisioning.model import (
    Decision,
    Environment,
    Grounds,
    Kind,
    Phase,
    Plan,
    PullRequest,
)

UP = "preview.up"
DOWN = "preview.down"
EXTEND = "preview.extend"

_NOTHING_THERE = (Phase.ABSENT, Phase.GONE)
_TO_BE_REBUILT = (*_NOTHING_THERE, Phase.DELETING, Phase.LEAKED)


class Presence(StrEnum):
    """Whether the environment is to exist."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What the environment should be, why, and what would change that."""

    presence: Presence
    because: str
    would_change: str


def newcomer(
    name: str, service: str, owner: str, pull_request: PullRequest, *, now: datetime
) -> Environment:
    """Return the row of a preview heard of for the first time."""
    return Environment(
        name=name,
        kind=Kind.PREVIEW,
        service=service,
        owner=owner,
        created_at=now,
        changed_at=now,
        phase=Phase.ABSENT if pull_request.open else Phase.GONE,
        pull_request=pull_request,
        pushed_at=now if pull_request.open else None,
        gone_at=None if pull_request.open else now,
    )


def observe(environment: Environment, facts: PullRequest, *, now: datetime) -> Environment:
    """Return the row with what GitHub says now; older facts than the row's change nothing.

    A new commit, or a pull request that is open again, counts as a push received now.
    """
    before = environment.pull_request
    if before is not None and facts.updated_at < before.updated_at:
        return environment
    if before == facts:
        return environment
    is_push = facts.open and (before is None or not before.open or before.sha != facts.sha)
    return replace(
        environment,
        pull_request=facts,
        pushed_at=now if is_push else environment.pushed_at,
        changed_at=now,
    )


def expires_at(environment: Environment, *, expiry: timedelta) -> datetime | None:
    """Return when the preview ends: so long after the last push, or with its lease if later."""
    if environment.pushed_at is None:
        return None
    by_push = environment.pushed_at + expiry
    return by_push if environment.lease is None else max(by_push, environment.lease.until)


def desired(environment: Environment, *, expiry: timedelta, now: datetime) -> Desired:
    """Say whether the preview is to exist at `now`."""
    pull_request = environment.pull_request
    end = expires_at(environment, expiry=expiry)
    if pull_request is None or not pull_request.open:
        return Desired(
            presence=Presence.ABSENT,
            because="the pull request is closed",
            would_change="reopening the pull request",
        )
    if pull_request.fork:
        return Desired(
            presence=Presence.ABSENT,
            because="the pull request comes from a fork, and nothing of a fork runs unapproved",
            would_change="a pull request from a branch of the repository itself",
        )
    if end is None or now >= end:
        when = "before any push was seen" if end is None else f"at {end:%Y-%m-%d %H:%M} UTC"
        return Desired(
            presence=Presence.ABSENT,
            because=f"it expired {when}",
            would_change="a push to the pull request",
        )
    if _is_withdrawn(environment):
        return Desired(
            presence=Presence.ABSENT,
            because="it was taken down on request",
            would_change="a push to the pull request, or asking for it again",
        )
    return Desired(
        presence=Presence.PRESENT,
        because=f"the pull request is open at {pull_request.sha[:12]}",
        would_change=f"closing the pull request, or {end:%Y-%m-%d %H:%M} UTC",
    )


def plan(
    environment: Environment, wanted: Desired, *, expiry: timedelta, retry: bool = False
) -> Plan:
    """Say what to ask for so that the environment becomes as `wanted`.

    `retry` asks again for what failed or leaked; otherwise a failure waits for a push or a person.
    """
    aim = _aim(environment, wanted)
    match wanted.presence:
        case Presence.ABSENT:
            if environment.phase in _NOTHING_THERE:
                return Plan(workflow=None, aim=aim, because="nothing of it is there")
            workflow = DOWN
        case Presence.PRESENT:
            workflow = UP
    if environment.aim == aim:
        if environment.operation is not None:
            return Plan(workflow=None, aim=aim, because="that is under way")
        if environment.settled == aim and workflow == UP:
            return _extension(environment, aim, expiry, retry=retry)
        if not retry:
            return Plan(workflow=None, aim=aim, because="it was tried and did not succeed")
    return Plan(workflow=workflow, aim=aim, because=wanted.because)


def decide(grounds: Grounds) -> tuple[Plan, Decision]:
    """Return what to ask for on these grounds, and the decision as it is stored."""
    environment = grounds.environment
    wanted = desired(environment, expiry=grounds.expiry, now=grounds.at)
    found = plan(environment, wanted, expiry=grounds.expiry, retry=grounds.retry)
    nothing = f"{wanted.because}; {found.because}"
    return found, Decision(
        action=found.workflow or "none",
        because=wanted.because if found.workflow is not None else nothing,
        inputs=_inputs(environment),
        would_change=wanted.would_change,
        grounds=grounds,
    )


def asked(
    environment: Environment, plan: Plan, *, expiry: timedelta, now: datetime
) -> Environment:
    """Return the row as it is once `plan` has been asked for."""
    rebuilt = plan.workflow == UP and environment.phase in _TO_BE_REBUILT
    pull_request = environment.pull_request
    extending = plan.workflow == EXTEND
    return replace(
        environment,
        generation=environment.generation + 1,
        incarnation=environment.incarnation + int(rebuilt),
        aim=_counted(plan.aim, environment.incarnation + int(rebuilt)),
        sha=pull_request.sha if plan.workflow == UP and pull_request else environment.sha,
        expires_at=expires_at(environment, expiry=expiry),
        conditions=environment.conditions if extending else lasting(environment.conditions),
        log_tail=environment.log_tail if extending else None,
        changed_at=now,
    )


def seed_id(environment: Environment) -> str:
    """Return what tells this filling of the preview's database from every other one."""
    text = f"{environment.name}\n{environment.incarnation}\n{environment.sha}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def aim_down(environment: Environment) -> str:
    """Return the aim of an operation that takes this incarnation down."""
    return _counted("down", environment.incarnation)


def _inputs(environment: Environment) -> dict[str, str]:
    """Return what a person wants to know of the grounds."""
    pull_request = environment.pull_request
    return {
        "phase": str(environment.phase),
        "generation": str(environment.generation),
        "pull_request": "none" if pull_request is None else _in_words(pull_request),
        "pushed_at": _iso(environment.pushed_at),
        "lease": "none" if environment.lease is None else _iso(environment.lease.until),
        "withdrawn_at": _iso(environment.withdrawn_at),
        "operation": environment.operation or "none",
    }


def _extension(environment: Environment, aim: str, expiry: timedelta, *, retry: bool) -> Plan:
    end = expires_at(environment, expiry=expiry)
    tagged = end if end is None else end.replace(microsecond=0)  # a tag holds whole seconds
    if environment.phase is not Phase.READY or environment.tagged_until == tagged:
        return Plan(workflow=None, aim=aim, because="it is as it should be")
    if retry or not has_failed(environment):
        return Plan(workflow=EXTEND, aim=aim, because=f"it now lives until {_iso(end)}")
    return Plan(workflow=None, aim=aim, because="its tags could not be set; a sweep tries again")


def _is_withdrawn(environment: Environment) -> bool:
    if environment.withdrawn_at is None:
        return False
    return environment.pushed_at is None or environment.withdrawn_at >= environment.pushed_at


def _aim(environment: Environment, wanted: Desired) -> str:
    """Name what an operation would be for: the commit to run, or absence."""
    pull_request = environment.pull_request
    if wanted.presence is Presence.PRESENT and pull_request is not None:
        rebuilt = environment.phase in _TO_BE_REBUILT
        return _counted(f"up:{pull_request.sha}", environment.incarnation + int(rebuilt))
    return aim_down(environment)


def _counted(aim: str, incarnation: int) -> str:
    return f"{aim.split('#')[0]}#{incarnation}"


def _in_words(facts: PullRequest) -> str:
    state = "open" if facts.open else "closed"
    return f"#{facts.number} {state} at {facts.sha}, updated {_iso(facts.updated_at)}"


def _iso(when: datetime | None) -> str:
    return "none" if when is None else when.isoformat()
