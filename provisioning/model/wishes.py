"""What is wished for, what was decided about an environment, and on what grounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioning.model.environments import Environment, Hours, Mode


@dataclass(frozen=True, kw_only=True)
class Request:
    """A wish for an operation: which workflow, on what, and what caused it.

    `cause` is a sentence for people; `key` tells this wish from every other one for the same
    workflow and target, so that asking twice finds the first.
    """

    workflow: str
    target: str
    cause: str
    key: str
    by: str
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What a decision about an environment follows from; the expiry in seconds.

    `expiry` and `labelled_only` rule previews alone; `hours` and `mode` what others built.
    """

    environment: Environment
    at: datetime
    expiry: timedelta
    retry: bool
    hours: Hours | None = None
    mode: Mode | None = None
    labelled_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to ask for: a workflow (None for nothing), the aim it has, and the reason."""

    workflow: str | None
    aim: str
    because: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about an environment, why, and on what grounds.

    `inputs` is for people; `grounds` is everything that the decision followed from, so that it can
    be made again and give the same answer.
    """

    action: str
    because: str
    inputs: Mapping[str, str]
    would_change: str
    grounds: Grounds
