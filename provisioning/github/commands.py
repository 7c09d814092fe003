"""What a comment asks of a preview: one line that begins with `/preview`. Pure.

The first such line counts, if it is neither quoted nor inside a block of code. Whatever follows
`/preview` that is no command is unclear, and says what would be clear.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from provisioning.durations import parse_duration
from provisioning.github.commits import is_sha

USAGE = (
    "`/preview up`, `/preview down`, `/preview extend 3h`, `/preview status`, or, for a fork, "
    "`/preview approve` and the commit in full"
)
_SHORT = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True)
class Up:
    """Bring the preview up."""


@dataclass(frozen=True)
class Down:
    """Take the preview down."""


@dataclass(frozen=True)
class Status:
    """Say how the preview stands."""


@dataclass(frozen=True)
class Extend:
    """Let the preview live longer by so much."""

    by: timedelta


@dataclass(frozen=True)
class Approve:
    """Let this one commit of a fork run."""

    sha: str


@dataclass(frozen=True)
class Unclear:
    """It begins with `/preview`, and then is no command; and why."""

    why: str


Command = Up | Down | Status | Extend | Approve | Unclear


def parse(body: str) -> Command | None:
    """Return the command that a comment gives, or None where it gives none."""
    words = _words(body)
    if words is None:
        return None
    match words:
        case ["up"]:
            return Up()
        case ["down"]:
            return Down()
        case ["status"]:
            return Status()
        case ["extend", length]:
            return _extend(length)
        case ["approve", sha]:
            return _approve(sha)
        case ["extend", *_]:
            return Unclear("say by how much, such as `/preview extend 3h`")
        case ["approve", *_]:
            return Unclear("name the one commit in full, as `/preview approve` and 40 digits")
    return Unclear(f"there is {USAGE}")


def _words(body: str) -> list[str] | None:
    """Return what follows `/preview` in the first line that begins so."""
    is_code = False
    for line in body.splitlines():
        text = line.strip()
        if text.startswith(("```", "~~~")):
            is_code = not is_code
            continue
        words = text.split()
        if not is_code and words and words[0].lower() == "/preview":
            return [word.lower() for word in words[1:]]
    return None


def _extend(text: str) -> Command:
    match = _SHORT.fullmatch(text)
    try:
        by = int(match[1]) * _UNITS[match[2]] if match else parse_duration(text.upper())
    except (ValueError, OverflowError):
        return Unclear("write the time as `90m`, `3h` or `2d`")
    return Extend(by) if by > timedelta(0) else Unclear("extend by more than nothing")


def _approve(text: str) -> Command:
    if not is_sha(text):
        return Unclear("name the commit in full: a shorter name could be another commit's as well")
    return Approve(text)
