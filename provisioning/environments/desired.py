"""What a preview should be at an instant, and what is to be asked for where it is not.

Level-triggered: nothing here remembers an event. `heard.py` folds what GitHub and people say into
the row, `desired` says what follows from the row and the time, `plan` what to ask for. A missed
webhook, a doubled one or three hours of outage end at the same place.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.catalog import LABEL
from provisioning.conditions import has_failed, lasting
from provisioning.environments.heard import commit, expires_at, image_of
from provisioning.model import Decision, Environment, Grounds, Phase, Plan, PullRequest

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


def desired(
    environment: Environment, *, expiry: timedelta, now: datetime, labelled_only: bool = False
) -> Desired:
    """Say whether the preview is to exist at `now`."""
    pull_request = environment.pull_request
    end = expires_at(environment, expiry=expiry)
    if pull_request is None or not pull_request.open:
        return Desired(
            presence=Presence.ABSENT,
            because="the pull request is closed",
            would_change="reopening the pull request",
        )
    sha = commit(environment)
    if sha is None:
        return Desired(
            presence=Presence.ABSENT,
            because="the pull request comes from a fork, and nothing of a fork runs unapproved",
            would_change=f"the comment /preview approve {pull_request.sha} of who may write",
        )
    if labelled_only and not _is_asked_for(environment, pull_request):
        return Desired(
            presence=Presence.ABSENT,
            because=f"the pull request does not have the label {LABEL}",
            would_change=f"the label {LABEL}, or asking for it",
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
        because=_why_present(environment, pull_request, sha),
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
    wanted = desired(
        environment,
        expiry=grounds.expiry,
        now=grounds.at,
        labelled_only=grounds.labelled_only,
    )
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
    extending = plan.workflow == EXTEND
    aim = _counted(plan.aim, environment.incarnation + int(rebuilt))
    is_new = plan.workflow == UP and environment.settled != aim
    return replace(
        environment,
        generation=environment.generation + 1,
        incarnation=environment.incarnation + int(rebuilt),
        aim=aim,
        sha=commit(environment) if plan.workflow == UP else environment.sha,
        image=None if is_new else environment.image,
        billed_since=None if rebuilt else environment.billed_since,
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


def _is_asked_for(environment: Environment, pull_request: PullRequest) -> bool:
    asked_for = environment.wanted_at is not None or environment.approval is not None
    return pull_request.labelled or asked_for


def _why_present(environment: Environment, pull_request: PullRequest, sha: str) -> str:
    if not pull_request.fork or environment.approval is None:
        return f"the pull request is open at {sha[:12]}"
    return f"the pull request is open, and {environment.approval.by} approved {sha[:12]}"


def _inputs(environment: Environment) -> dict[str, str]:
    """Return what a person wants to know of the grounds."""
    pull_request = environment.pull_request
    return {
        "phase": str(environment.phase),
        "generation": str(environment.generation),
        "pull_request": "none" if pull_request is None else _in_words(pull_request),
        "pushed_at": _iso(environment.pushed_at),
        "approved": "none" if environment.approval is None else environment.approval.sha,
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
    """Name what an operation would be for: the commit to run, by which image, or absence.

    The image counts only where a build named it: the same commit built again is deployed again.
    """
    sha = commit(environment)
    if wanted.presence is not Presence.PRESENT or sha is None:
        return aim_down(environment)
    image = image_of(environment, sha)
    by = "" if image is None else f"@{hashlib.sha256(image.encode('utf-8')).hexdigest()[:12]}"
    rebuilt = environment.phase in _TO_BE_REBUILT
    return _counted(f"up:{sha}{by}", environment.incarnation + int(rebuilt))


def _counted(aim: str, incarnation: int) -> str:
    return f"{aim.split('#')[0]}#{incarnation}"


def _in_words(facts: PullRequest) -> str:
    state = "open" if facts.open else "closed"
    state += ", labelled" if facts.labelled else ""
    return f"#{facts.number} {state} at {facts.sha}, updated {_iso(facts.updated_at)}"


def _iso(when: datetime | None) -> str:
    return "none" if when is None else when.isoformat()
