"""What `python -m local up` was asked, or every reason why it cannot be.

Read by hand where argparse would stop at the first fault: a person who mistyped two things wants
to hear of both.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

USAGE = "python -m local up [--state DIR] [--port N] [--clock real|held|held=ISO]"

_OPTIONS = ("--state", "--port", "--clock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A start that was asked for. None: as kept, or as usual where nothing is kept."""

    state: Path | None = None
    port: int | None = None
    held: bool | None = None
    start: datetime | None = None


class Unreadable(Exception):
    """The arguments ask for nothing that can be done; `faults` names every reason."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def read(arguments: Sequence[str]) -> Wanted:
    """Return what the words after `python -m local` ask; raise Unreadable with every fault."""
    faults = []
    if not arguments or arguments[0] != "up":
        faults.append(f"the command must be 'up', not {' '.join(arguments[:1]) or 'nothing'!r}")
    given = _options(arguments[1:], faults)
    state = _state(given.get("--state"), faults)
    port = _port(given.get("--port"), faults)
    held, start = _clock(given.get("--clock"), faults)
    if faults:
        raise Unreadable(faults)
    return Wanted(state=state, port=port, held=held, start=start)


def _options(words: Sequence[str], faults: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, is_joined, value = rest.pop(0).partition("=")
        if name not in _OPTIONS:
            faults.append(f"there is no argument {name!r}; known are {', '.join(_OPTIONS)}")
            continue
        if not is_joined and rest and not rest[0].startswith("--"):
            value = rest.pop(0)
        if not value:
            faults.append(f"{name} needs a value")
        elif name in given:
            faults.append(f"{name} is given twice")
        else:
            given[name] = value
    return given


def _state(text: str | None, faults: list[str]) -> Path | None:
    if text is None:
        return None
    folder = Path(text).expanduser().resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        faults.append(f"--state {text} cannot be written to: {error.strerror or error}")
    return folder


def _port(text: str | None, faults: list[str]) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > 65_535:
        faults.append(f"--port must be a number from 0 to 65535, not {text!r}")
        return None
    return int(text) or None


def _clock(text: str | None, faults: list[str]) -> tuple[bool | None, datetime | None]:
    """Return whether the clock is held, and where it starts; a time without zone is UTC."""
    match (text or "").partition("="):
        case ("", _, _):
            return None, None
        case ("real", "", _):
            return False, None
        case ("held", "", _):
            return True, datetime.now(UTC)
        case ("held", "=", moment):
            return True, _moment(moment, faults)
    faults.append(f"--clock must be real, held or held=ISO time, not {text!r}")
    return None, None


def _moment(text: str, faults: list[str]) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(f"--clock held={text}: not an ISO time, such as 2026-03-01T08:00:00Z")
        return None
    if moment.year < 1970 or moment.year > 2200:
        faults.append(f"--clock held={text}: the year must be from 1970 to 2200")
    return moment
