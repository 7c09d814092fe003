"""What it takes for a type of resource to be put to sleep: read, captured, stopped, started.

Pure: a type says by which request it is stopped and started, the steps of `power` send it. A type
is `awake` where stopping it saves something, asleep where that was done; None means that it moves,
or that it is nothing to put to sleep.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]


class Layer(StrEnum):
    """What stops first and starts last, and the other way round."""

    APPS = "apps"
    DATA = "data"


@dataclass(frozen=True)
class Act:
    """Have the resource do something by a POST."""

    action: str


@dataclass(frozen=True)
class Patch:
    """Change some of the resource's properties."""

    body: Mapping[str, Any]


Move = Act | Patch


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How a resource stands: awake or asleep, in words, and whether that is about to change."""

    awake: bool | None
    words: str
    moving: bool = False


def started(_: Mapping[str, str]) -> Move:
    """Return the request that starts what was stopped as it was."""
    return Act("start")


@dataclass(frozen=True, kw_only=True)
class Sleeper:
    """One type: `query` is what its GET must ask for beside the api-version.

    `capture` returns what waking must put back, as text, and under `size` what it costs as.
    """

    type: str
    api: str
    layer: Layer
    observe: Callable[[Body], Seen]
    capture: Callable[[Body], Mapping[str, str]]
    stop: Move
    start: Callable[[Mapping[str, str]], Move] = started
    query: Mapping[str, str] = field(default_factory=dict)
