"""Every sentence that people read on GitHub, in one place, so that tone is edited here.

A change of a preview's row is told as a report: a status of the commit's deployment, a new text of
the one comment, a reaction to somebody's command, or several of these.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.model import Condition, Environment, Phase, PullRequest

_CODE = re.compile(r"([A-Z][A-Za-z0-9]{3,60}): ")
_IDS = re.compile(r"/subscriptions/\S+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WAITS = ("ImagePending", "AdmissionPending")
LONGEST_DESCRIPTION = 140  # of a deployment status
MARKER = "<!-- tesoro-preview: {name} -->"
EXTEND = "`/preview extend 3h`"


class State(StrEnum):
    """The states of a deployment that we report."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


class Reaction(StrEnum):
    """How a command is acknowledged, right where it was given."""

    DONE = "+1"
    REFUSED = "confused"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One thing to tell GitHub about one commit's preview.

    Without a state its deployment is left as it is, and the comment alone is told; `answered` is
    the comment that a reaction is given to.
    """

    sha: str
    at: datetime
    state: State | None = None
    description: str = ""
    url: str | None = None
    answered: int | None = None
    reaction: Reaction | None = None


def report(before: Environment | None, now: Environment) -> Report | None:
    """Return what a change of the row means for GitHub, or None where it means nothing."""
    if now.pull_request is None:
        return None
    told = None if before is None or before.sha is None else _state(before)
    state = None if now.sha is None else _state(now)
    is_same = before is not None and (before.phase, before.sha, told) == (
        now.phase,
        now.sha,
        state,
    )
    answer = now.answer if before is None or before.answer != now.answer else None
    has_news = answer is not None or (before is not None and _is_news(before, now))
    if (state is None or is_same) and not has_news:
        return None
    return Report(
        sha=now.sha or "",
        at=now.changed_at,
        state=None if is_same else state,
        description=_description(now),
        url=now.url if state is State.SUCCESS else None,
        answered=None if answer is None else answer.comment,
        reaction=None if answer is None else _reaction(refused=answer.refused),
    )


def comment(environment: Environment, *, hourly: float) -> str:
    """Return the whole text of the one comment on the pull request.

    `hourly` is what an hour of the preview costs in EUR, nought where nobody knows.
    """
    lines = [MARKER.format(name=environment.name), f"**Preview `{environment.name}`**", ""]
    lines += _body(environment, hourly)
    if environment.answer is not None:
        answer = environment.answer
        lines += ["", f"> {plain(answer.to)} asked at {time(answer.at)}: {answer.text}"]
    return "\n".join(lines)


def standing(environment: Environment) -> str:
    """Return how a preview stands, in a sentence."""
    match environment.phase:
        case Phase.READY:
            until = (
                "" if environment.expires_at is None else f", until {time(environment.expires_at)}"
            )
            return f"it is ready at `{_short(environment)}`{until}"
        case Phase.ABSENT:
            return "there is none"
        case Phase.GONE:
            return "it is taken down, and nothing is left"
        case Phase.DELETING:
            return "it is being taken down"
        case Phase.LEAKED:
            return "it is taken down, but something is left; that is tried again every hour"
        case Phase.FAILED:
            return f"it did not start: {_reason(environment.conditions)}"
        case _:
            reason = _reason(environment.conditions)
            return f"it is on its way for `{_short(environment)}`{'; ' if reason else ''}{reason}"


def needs_approval(pull_request: PullRequest) -> str:
    """Return what to write so that the newest commit of a fork may run."""
    return (
        "nothing of a fork runs unapproved; read the change, then write "
        f"`/preview approve {pull_request.sha}`"
    )


def public(message: str) -> str:
    """Return a reason as strangers may read it: no ids, scopes or names of principals.

    What Azure says begins with a code; of that only the code is repeated. The API has the rest.
    """
    refused = _CODE.match(message)
    if refused is not None:
        return f"Azure refused it ({refused[1]}); the control plane's API says more."
    return _IDS.sub("…", message)


def plain(text: str) -> str:
    """Return text from elsewhere so that Markdown shows it and obeys none of it."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>#|@!])", r"\\\1", one_line)[:600]


def time(when: datetime) -> str:
    """Return an instant as people read it."""
    return f"{when:%A %d %B %H:%M} UTC"


def length(duration: timedelta) -> str:
    """Return a duration as people read it, such as `6 h 12 m`."""
    hours, minutes = divmod(round(duration.total_seconds() / 60), 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"


def _body(environment: Environment, hourly: float) -> list[str]:
    match environment.phase:
        case Phase.READY:
            return _ready(environment)
        case Phase.GONE:
            return [f"Taken down: {_life(environment, hourly)}, nothing left."]
        case Phase.DELETING:
            return ["Being taken down."]
        case Phase.LEAKED:
            return ["Taken down, but something is left of it. It is tried again every hour."]
        case Phase.FAILED:
            return [f"It did not start: {_reason(environment.conditions)}"]
        case Phase.ABSENT:
            return ["There is none."]
    return [f"On its way for `{_short(environment)}`. {_reason(environment.conditions)}".rstrip()]


def _ready(environment: Environment) -> list[str]:
    lines = []
    end, pull_request = environment.expires_at, environment.pull_request
    if end is not None and environment.warned_of == end:
        lines += [f"**It ends soon, {time(end)}.** {EXTEND} lets it live longer.", ""]
    lines += [
        f"Ready: {environment.url}",
        "",
        f"- commit `{_short(environment)}`",
        "- its database was filled anew for this commit; what an earlier one held is gone",
    ]
    if end is not None:
        is_fork = pull_request is not None and pull_request.fork
        anew = "" if is_fork else " a push counts anew,"
        lines.append(f"- it lives until {time(end)};{anew} {EXTEND} adds to it")
    if pull_request is not None and pull_request.fork and pull_request.sha != environment.sha:
        lines.append(f"- the newest commit does not run: {needs_approval(pull_request)}")
    return lines


def _life(environment: Environment, hourly: float) -> str:
    """Say how long it lived, counted from the start of its containers, and what that cost."""
    if environment.billed_since is None or environment.gone_at is None:
        return "never ran"
    lived = environment.gone_at - environment.billed_since
    cost = hourly * lived / timedelta(hours=1)
    price = f", about {cost:.2f} EUR" if hourly else ""
    return f"lived {length(lived)}{price}"


def _is_news(before: Environment, now: Environment) -> bool:
    """Say whether the comment alone must change."""
    if now.phase is Phase.CREATING:
        return _waits_for(before) != _waits_for(now)
    if now.phase is not Phase.READY:
        return False
    waiting = _waiting_commit(now)
    return (
        before.warned_of != now.warned_of
        or (before.phase is now.phase and _end(before) != _end(now))
        or (waiting is not None and _waiting_commit(before) != waiting)
    )


def _waits_for(environment: Environment) -> list[str]:
    return [c.kind for c in environment.conditions if c.kind in _WAITS]


def _waiting_commit(environment: Environment) -> str | None:
    """Return the newest commit of a fork, where that is not the one that runs."""
    pull_request = environment.pull_request
    if pull_request is None or not pull_request.fork or pull_request.sha == environment.sha:
        return None
    return pull_request.sha


def _end(environment: Environment) -> datetime | None:
    end = environment.expires_at
    return None if end is None else end.replace(second=0, microsecond=0)


def _reaction(*, refused: bool) -> Reaction:
    return Reaction.REFUSED if refused else Reaction.DONE


def _state(environment: Environment) -> State | None:
    match environment.phase:
        case Phase.CREATING if environment.image is not None:
            return State.IN_PROGRESS
        case Phase.CREATING if _waits_for(environment):
            return State.QUEUED
        case Phase.READY:
            return State.SUCCESS
        case Phase.FAILED:
            return State.FAILURE
        case Phase.DELETING | Phase.GONE | Phase.LEAKED:
            return State.INACTIVE
        case _:
            return None


def _description(environment: Environment) -> str:
    match environment.phase:
        case Phase.READY:
            text = "The preview is up, its database filled anew."
        case Phase.FAILED:
            text = public(_first_reason(environment.conditions))
        case Phase.DELETING | Phase.GONE | Phase.LEAKED:
            text = "The preview is taken down."
        case _:
            text = _first_reason(environment.conditions) or "The preview is on its way."
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


def _reason(conditions: tuple[Condition, ...]) -> str:
    return plain(public(_first_reason(conditions)))


def _first_reason(conditions: tuple[Condition, ...]) -> str:
    return conditions[0].message if conditions else ""


def _short(environment: Environment) -> str:
    return (environment.sha or "")[:12]
