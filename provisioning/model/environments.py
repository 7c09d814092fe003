"""What an environment is, of whichever kind, and what GitHub was told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
    """A pull request as GitHub last described it.

    `branch` is that of its head, in whatever repository that is; `labelled` says whether it has
    the label `preview`.
    """

    repository_id: int
    repository: str
    number: int
    open: bool
    sha: str
    author: str
    fork: bool
    updated_at: datetime
    branch: str = ""
    labelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody with write access lets one commit of a fork run."""

    sha: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """The image that a build said it pushed for a commit."""

    sha: str
    image: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody's comment was answered; `comment` is its id at GitHub."""

    comment: int
    to: str
    text: str
    refused: bool
    at: datetime


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

    Of a preview: `approval` is the commit of a fork that may run, `images` what builds said they
    pushed, the newest last; `wanted_at` is when somebody asked for it, label or not;
    `billed_since` when its containers were begun, `warned_of` the end that was warned of; `heard`
    are the newest comments acted on, `answer` is what the last one was told.

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
    wanted_at: datetime | None = None
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
    approval: Approval | None = None
    images: tuple[Pushed, ...] = ()
    billed_since: datetime | None = None
    warned_of: datetime | None = None
    heard: tuple[int, ...] = ()
    answer: Answer | None = None
    looked_at: datetime | None = None
    kept: tuple[Kept, ...] = ()
    naps: tuple[Nap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reports:
    """The row of what GitHub has been told about one environment.

    A target of its own, so that a throttled GitHub never holds the environment. `told` is the
    number of the last report sent; `deployments` maps a commit to the deployment made for it;
    `said` is the digest of what the comment says.
    """

    name: str
    environment: str
    changed_at: datetime
    generation: int = 0
    operation: str | None = None
    told: int = 0
    deployments: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
    said: str = ""
