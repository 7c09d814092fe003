"""What a release is: its row, the evidence about it, and what was ruled."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.model.verdicts import Finding


class ReleaseStatus(StrEnum):
    """Where a release stands."""

    WAITING = "waiting"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Say whether nothing will follow."""
        return self in (ReleaseStatus.PROMOTED, ReleaseStatus.ROLLED_BACK, ReleaseStatus.FAILED)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What telemetry says of one revision over a window.

    `requests` and `failures` count what was served, sampling undone; `rows` is how many records
    that rests on, `newest` when the last of them was made.
    """

    revision: str
    requests: int = 0
    failures: int = 0
    rows: int = 0
    newest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a canary is judged on: both revisions between two instants, and what is asked of them.

    `most_errors` is a share (0 to 1), `least_requests` a number of records.
    """

    since: datetime
    until: datetime
    baseline: Arm
    canary: Arm
    most_errors: float
    least_requests: int
    fresh: timedelta


@dataclass(frozen=True, kw_only=True)
class Bake:
    """What a ruling on a release follows from: the step it is at, and the evidence.

    `window` is None where there was no evidence to be had, which `hindrance` then explains.
    """

    at: datetime
    weights: tuple[int, ...]
    stage: int
    staged_at: datetime
    bake: timedelta
    window: Window | None = None
    hindrance: str = ""
    unverified: str = ""
    skipped_by: str | None = None


class Move(StrEnum):
    """What can be done with a release."""

    HOLD = "hold"
    SHIFT = "shift"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    PAUSE = "pause"


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What was decided about a release, why, and on what grounds.

    `weight` is the canary's share in percent that follows. Without grounds somebody else decided:
    a person, or an alert.
    """

    at: datetime
    move: Move
    because: str
    weight: int
    by: str = "control plane"
    finding: Finding | None = None
    grounds: Bake | None = None


@dataclass(frozen=True, kw_only=True)
class Release:
    """The row of a service's newest release to an environment.

    `resource` is the container app's id, `baseline` and `canary` are its revisions; `weight` is
    the canary's share in percent as last seen, `stage` the index into the strategy's weights,
    reached at `staged_at`. `ruling` is the newest decision and `decisions` counts them;
    `unverified` says which alert nobody could confirm, `skipped_by` who wants no more steps.
    While it is `exposed` the canary may have traffic that somebody must watch, or take back.
    Older releases lie beside it, in rows of their own.
    """

    name: str
    id: str
    number: int
    environment: str
    service: str
    version: str
    strategy: str
    status: ReleaseStatus
    requested_by: str
    created_at: datetime
    changed_at: datetime
    resource: str = ""
    baseline: str | None = None
    baseline_version: str = ""
    canary: str | None = None
    weight: int = 0
    stage: int = 0
    staged_at: datetime | None = None
    because: str = ""
    finished_at: datetime | None = None
    generation: int = 0
    operation: str | None = None
    ruling: Ruling | None = None
    decisions: int = 0
    unverified: str = ""
    skipped_by: str | None = None
    exposed: bool = False
