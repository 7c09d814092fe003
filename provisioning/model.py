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
    """Something a person looking at the environment should know, since when."""

    kind: str
    message: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource in Azure, as last seen."""

    id: str
    type: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The row of one environment: what is wanted of it, and where it stands.

    `generation` counts what was asked; `incarnation` counts how often it was built from nothing;
    `aim` names what the newest operation is for, `settled` what was last reached; `decided` is the
    newest stored decision and `decisions` counts them; `reports` counts what GitHub was to be
    told. A row that is `gone` is a tombstone, and stays.
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
    """What a decision about an environment follows from; the expiry in seconds."""

    environment: Environment
    at: datetime
    expiry: timedelta
    retry: bool


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
