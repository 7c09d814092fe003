"""The nouns: what an environment is, what was asked of it, and what is being done.

Plain frozen values, read and written whole by `store/codec.py`. Times are aware and UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What an environment is for."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    PREVIEW = "preview"


class Phase(StrEnum):
    """Where an environment stands, in a word."""

    ABSENT = "absent"
    CREATING = "creating"
    READY = "ready"
    STOPPING = "stopping"
    ASLEEP = "asleep"
    WAKING = "waking"
    DELETING = "deleting"
    GONE = "gone"
    LEAKED = "leaked"
    FAILED = "failed"


class Mode(StrEnum):
    """What the control plane may do with an environment that was there before it.

    To `observe` is to read alone; who `adopts` also puts it to sleep, and moves its traffic.
    """

    OBSERVE = "observe"
    ADOPT = "adopt"


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When an environment is awake: on these days between two wall times of a zone.

    `days` count from Monday as 0; `opens` and `closes` are `HH:MM`, `opens` the earlier; `zone` is
    an IANA name; `holidays` are ISO dates on which it stays asleep.
    """

    zone: str
    days: tuple[int, ...]
    opens: str
    closes: str
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request as GitHub last described it."""

    repository_id: int
    repository: str
    number: int
    open: bool
    sha: str
    author: str
    fork: bool
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Somebody keeps the environment alive until an instant, for a reason."""

    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something a person looking at the environment should know, since when.

    One that is `lasting` outlives the operation under which it was written.
    """

    kind: str
    message: str
    since: datetime
    lasting: bool = False


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource in Azure, as last seen; `awake` is None where it does not sleep, or moves."""

    id: str
    type: str
    state: str
    awake: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a resource was before it was put to sleep: what waking must put back."""

    id: str
    type: str
    was: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Nap:
    """A stretch that an environment was asleep; without an end it still is.

    `sizes` says what each resource was before, for what its sleep has saved.
    """

    began_at: datetime
    ended_at: datetime | None = None
    sizes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The row of one environment: what is wanted of it, and where it stands.

    `generation` counts what was asked; `incarnation` counts how often it was built from nothing;
    `aim` names what the newest operation is for, `settled` what was last reached; `decided` is the
    newest stored decision and `decisions` counts them; `reports` counts what GitHub was to be
    told. A row that is `gone` is a tombstone, and stays.

    Of one that others built: `looked_at` is when its resources were last read, `kept` what they
    were before they were put to sleep, `naps` its newest stretches asleep, the newest last.
    """

    name: str
    kind: Kind
    service: str
    owner: str
    created_at: datetime
    changed_at: datetime
    phase: Phase = Phase.ABSENT
    generation: int = 0
    incarnation: int = 0
    aim: str = ""
    settled: str = ""
    operation: str | None = None
    pull_request: PullRequest | None = None
    pushed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    lease: Lease | None = None
    expires_at: datetime | None = None
    tagged_until: datetime | None = None
    sha: str | None = None
    image: str | None = None
    url: str | None = None
    ready_at: datetime | None = None
    gone_at: datetime | None = None
    resources: tuple[Resource, ...] = ()
    conditions: tuple[Condition, ...] = ()
    log_tail: str | None = None
    decided: str = ""
    decisions: int = 0
    reports: int = 0
    looked_at: datetime | None = None
    kept: tuple[Kept, ...] = ()
    naps: tuple[Nap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reports:
    """The row of what GitHub has been told about one environment.

    A target of its own, so that a throttled GitHub never holds the environment. `told` is the
    number of the last report sent; `deployments` maps a commit to the deployment made for it.
    """

    name: str
    environment: str
    changed_at: datetime
    generation: int = 0
    operation: str | None = None
    told: int = 0
    deployments: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None


class Standing(StrEnum):
    """What is made of figures: unknown is not good."""

    GOOD = "good"
    UNKNOWN = "unknown"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A verdict as a tree: on what, how it stands, why, the figures, and what it is made of."""

    name: str
    standing: Standing
    because: str
    figures: Mapping[str, str] = field(default_factory=dict)
    parts: "tuple[Finding, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class Backups:
    """The row of what is known of one environment's backups: the newest verdict, and since when.

    A target of its own, so that reading backups never waits for what else is under way.
    """

    name: str
    environment: str
    changed_at: datetime
    generation: int = 0
    operation: str | None = None
    checked_at: datetime | None = None
    since: datetime | None = None
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class RaisedAlert:
    """An alert that the control plane raised itself; open until `resolved_at`.

    `source` is the part that raised it, `severity` and `condition` are in Azure Monitor's words.
    """

    id: str
    source: str
    rule: str
    severity: str
    condition: str
    resources: tuple[str, ...]
    message: str
    fired_at: datetime
    resolved_at: datetime | None = None


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

    `expiry` rules previews alone; `hours` and `mode` what others built.
    """

    environment: Environment
    at: datetime
    expiry: timedelta
    retry: bool
    hours: Hours | None = None
    mode: Mode | None = None


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
