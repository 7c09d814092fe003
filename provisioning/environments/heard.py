"""What becomes of a preview's row by what is heard: of GitHub, of builds, and of people.

Each takes the row as it was and returns it as it is now; nothing is asked for here. What follows
from the row is said by `desired.py`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from provisioning.model import Approval, Environment, Kind, Phase, PullRequest, Pushed

MOST_IMAGES = 8  # of the newest builds: a commit that was forced back may have one of them


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

    A new commit, a pull request that is open again, and the label given count as a push received
    now. A commit of a fork does not: a stranger must not keep up what somebody approved.
    """
    before = environment.pull_request
    if before is not None and facts.updated_at < before.updated_at:
        return environment
    if before == facts:
        return environment
    is_unlabelled = before is not None and before.labelled and not facts.labelled
    return replace(
        environment,
        pull_request=facts,
        pushed_at=now if _is_push(before, facts) else environment.pushed_at,
        wanted_at=None if is_unlabelled else environment.wanted_at,
        changed_at=now,
    )


def wanted(
    environment: Environment, *, is_up: bool, expiry: timedelta, now: datetime
) -> Environment:
    """Return the row after somebody asked for the preview, or for its end.

    Asking for one that has expired, or was taken down, counts as a push received now.
    """
    if not is_up:
        return replace(environment, withdrawn_at=now, wanted_at=None)
    end = expires_at(environment, expiry=expiry)
    is_over = end is None or end <= now or environment.withdrawn_at is not None
    return replace(
        environment,
        withdrawn_at=None,
        wanted_at=now,
        pushed_at=now if is_over else environment.pushed_at,
    )


def approved(environment: Environment, approval: Approval) -> Environment:
    """Return the row after a commit of a fork was let run, which counts as a push."""
    return replace(
        environment, approval=approval, pushed_at=approval.at, withdrawn_at=None, wanted_at=None
    )


def pushed(environment: Environment, sha: str, image: str) -> Environment:
    """Return the row after a build said which image it pushed for a commit."""
    others = tuple(known for known in environment.images if known.sha != sha)
    return replace(environment, images=(*others, Pushed(sha=sha, image=image))[-MOST_IMAGES:])


def image_of(environment: Environment, sha: str | None) -> str | None:
    """Return the image that a build said it pushed for the commit, if one did."""
    return next((known.image for known in environment.images if known.sha == sha), None)


def commit(environment: Environment) -> str | None:
    """Return the commit that is to run: the pull request's newest, of a fork the approved one."""
    pull_request = environment.pull_request
    if pull_request is None:
        return None
    if not pull_request.fork:
        return pull_request.sha
    return None if environment.approval is None else environment.approval.sha


def warned(environment: Environment, *, warning: timedelta, now: datetime) -> Environment:
    """Return the row with its end as warned of, if that is near; once for each end."""
    end = environment.expires_at
    is_near = end is not None and end - warning <= now < end
    if environment.phase is not Phase.READY or not is_near or environment.warned_of == end:
        return environment
    return replace(environment, warned_of=end)


def expires_at(environment: Environment, *, expiry: timedelta) -> datetime | None:
    """Return when the preview ends: so long after the last push, or with its lease if later."""
    if environment.pushed_at is None:
        return None
    by_push = environment.pushed_at + expiry
    return by_push if environment.lease is None else max(by_push, environment.lease.until)


def _is_push(before: PullRequest | None, facts: PullRequest) -> bool:
    if not facts.open:
        return False
    if before is None or not before.open or (facts.labelled and not before.labelled):
        return True
    return before.sha != facts.sha and not facts.fork
