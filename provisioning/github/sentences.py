"""Every sentence that people read on GitHub, in one place, so that tone is edited here."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provisioning.model import Condition, Environment, Phase

_CODE = re.compile(r"([A-Z][A-Za-z0-9]{3,60}): ")
_IDS = re.compile(r"/subscriptions/\S+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LONGEST_DESCRIPTION = 140  # of a deployment status
MARKER = "<!-- tesoro-preview: {name} -->"


class State(StrEnum):
    """The states of a deployment that we report."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One thing to tell GitHub about one commit's preview."""

    state: State
    sha: str
    description: str
    url: str | None
    at: datetime


def report(before: Environment | None, now: Environment) -> Report | None:
    """Return what a change of the row means for GitHub, or None where it means nothing."""
    if now.pull_request is None or now.sha is None:
        return None
    told = None if before is None else _state(before)
    state = _state(now)
    if state is None:
        return None
    if before is not None and (before.phase, before.sha, told) == (now.phase, now.sha, state):
        return None
    return Report(
        state=state,
        sha=now.sha,
        description=_description(now),
        url=now.url if state is State.SUCCESS else None,
        at=now.changed_at,
    )


def comment(environment: Environment) -> str:
    """Return the whole text of the one comment on the pull request."""
    lines = [MARKER.format(name=environment.name), f"**Preview `{environment.name}`**", ""]
    match environment.phase:
        case Phase.READY:
            lines += [
                f"Ready: {environment.url}",
                "",
                f"- commit `{_short(environment)}`",
                "- its database was filled anew for this commit; what an earlier one held is gone",
            ]
            if environment.expires_at is not None:
                lines.append(f"- it lives until {_time(environment.expires_at)}, or the next push")
        case Phase.GONE:
            lines.append("Taken down; nothing is left of it.")
        case Phase.DELETING:
            lines.append("Being taken down.")
        case Phase.LEAKED:
            lines.append("Taken down, but something is left of it. It is tried again every hour.")
        case Phase.FAILED:
            lines.append(f"It did not start: {_reason(environment.conditions)}")
        case _:
            lines.append(
                f"On its way for `{_short(environment)}`. {_reason(environment.conditions)}"
            )
    return "\n".join(lines)


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


def _state(environment: Environment) -> State | None:
    match environment.phase:
        case Phase.CREATING if any(c.kind == "ImagePending" for c in environment.conditions):
            return State.QUEUED
        case Phase.CREATING if environment.sha and environment.sha in (environment.image or ""):
            return State.IN_PROGRESS
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


def _time(when: datetime) -> str:
    return f"{when:%A %d %B %H:%M} UTC"
