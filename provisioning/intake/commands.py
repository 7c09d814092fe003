"""Commands that people give in comments on a pull request, and how they are answered.

The comment is asked of GitHub again, and so is whether its author may write: what the payload says
of either is not believed. An edited comment does nothing, for who may edit it need not be who
wrote it. What was done and what is answered are stored in one transaction, with the comment's id:
a comment that is delivered twice is obeyed once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from provisioning import ledger
from provisioning.catalog import Service, preview_name
from provisioning.environments import heard
from provisioning.forge import Comment
from provisioning.github import sentences
from provisioning.github.commands import (
    Approve,
    Command,
    Down,
    Extend,
    Status,
    Unclear,
    Up,
    parse,
)
from provisioning.intake.people import LONGEST_LEASE
from provisioning.intake.request import Cause, converge
from provisioning.model import Answer, Approval, Environment, Lease, Phase, PullRequest
from provisioning.services import Services

_MOST_HEARD = 50  # comments; one that comes again later than that finds its row done
_NOT_ALIVE = (Phase.ABSENT, Phase.DELETING, Phase.GONE, Phase.LEAKED)


@dataclass(frozen=True)
class Reply:
    """What a command makes of the row, what it is answered, and whether that is a refusal."""

    environment: Environment
    text: str
    refused: bool = False


def obey(services: Services, service: Service, number: int, identity: int, cause: Cause) -> str:
    """Do what a comment commands, if its author may, and say what followed."""
    comment = services.forge.comment_of(service.repository, identity)
    if comment is None or comment.number != number:
        return "the comment is gone"
    if comment.is_edited:
        return "the comment was edited: write a new one"
    command = parse(comment.body)
    if command is None:
        return "the comment gives no command"
    if not services.forge.may_write(service.repository, comment.author):
        return f"{comment.author} may not write to {service.repository}: nothing is done"
    facts = services.forge.pull_request(service.repository, number)
    if facts is None or facts.repository_id != service.repository_id:
        return f"GitHub knows no pull request {number} of {service.repository}"
    return _obey(services, service, facts, comment, command, cause)


def _obey(
    services: Services,
    service: Service,
    facts: PullRequest,
    comment: Comment,
    command: Command,
    cause: Cause,
) -> str:
    name = preview_name(facts.number, service.name)
    is_own = not isinstance(command, Approve) or _is_commit_of(services, facts, command.sha, name)
    said: list[str] = []

    def reshape(environment: Environment, now: datetime) -> Environment:
        said.clear()
        if comment.id in environment.heard:
            said.append("it was obeyed before")
            return environment
        reply = _reply(services, environment, facts, comment, command, is_own=is_own, now=now)
        said.append(reply.text)
        answer = Answer(
            comment=comment.id, to=comment.author, text=reply.text, refused=reply.refused, at=now
        )
        return replace(
            reply.environment,
            heard=(*reply.environment.heard, comment.id)[-_MOST_HEARD:],
            answer=answer,
        )

    converge(
        services,
        name,
        Cause(text=f"{comment.author} commented ({cause.text})", by=comment.author),
        newcomer=lambda now: heard.newcomer(name, service.name, facts.author, facts, now=now),
        facts=facts,
        reshape=reshape,
        retry=isinstance(command, Up | Approve),
    )
    return f"{comment.author} was answered: {said[0]}"


def _reply(
    services: Services,
    environment: Environment,
    facts: PullRequest,
    comment: Comment,
    command: Command,
    *,
    is_own: bool,
    now: datetime,
) -> Reply:
    expiry = services.catalog.expiry
    match command:
        case Unclear(why):
            return Reply(environment, why, refused=True)
        case Status():
            return Reply(environment, sentences.standing(environment))
        case Up() | Down() | Approve() if not facts.open:
            return Reply(environment, "the pull request is closed", refused=True)
        case Up() if facts.fork and environment.approval is None:
            return Reply(environment, sentences.needs_approval(facts), refused=True)
        case Up():
            after = heard.wanted(environment, is_up=True, expiry=expiry, now=now)
            return Reply(after, "it comes up")
        case Down():
            after = heard.wanted(environment, is_up=False, expiry=expiry, now=now)
            return Reply(after, "it is taken down; a push, or `/preview up`, brings it back")
        case Extend():
            return _extend(services, environment, command, comment, now)
        case Approve():
            return _approve(environment, facts, command, comment, is_own=is_own, now=now)
    assert_never(command)


def _extend(
    services: Services, environment: Environment, command: Extend, comment: Comment, now: datetime
) -> Reply:
    end = heard.expires_at(environment, expiry=services.catalog.expiry)
    if environment.phase in _NOT_ALIVE or end is None or end <= now:
        return Reply(environment, "there is no preview to extend; `/preview up`", refused=True)
    until = end + command.by
    if until > now + LONGEST_LEASE:
        most = f"a preview lives at most {LONGEST_LEASE.days} days from now"
        return Reply(environment, most, refused=True)
    reason = f"extended in comment {comment.id}"
    lease = Lease(until=until, reason=reason, by=comment.author)
    after = replace(environment, lease=lease)
    return Reply(after, f"it lives until {sentences.time(until)}")


def _approve(
    environment: Environment,
    facts: PullRequest,
    command: Approve,
    comment: Comment,
    *,
    is_own: bool,
    now: datetime,
) -> Reply:
    sha = command.sha
    if not facts.fork:
        return Reply(environment, "only a fork needs approval", refused=True)
    if not is_own:
        text = f"{sha[:12]} is no commit of this pull request"
        return Reply(environment, text, refused=True)
    approval = Approval(sha=sha, by=comment.author, at=now)
    return Reply(heard.approved(environment, approval), f"{sha[:12]} runs, and no other commit")


def _is_commit_of(services: Services, facts: PullRequest, sha: str, name: str) -> bool:
    """Say whether a commit is the pull request's: its newest, one we saw, or one GitHub lists."""
    known = ledger.environment(services.table, name)
    seen = known.pull_request.sha if known is not None and known.pull_request else ""
    if sha in (facts.sha, seen):
        return True
    return sha in services.forge.commits_of(facts.repository, facts.number)
