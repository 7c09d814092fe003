"""What the catalog says, once read: services, their previews, and the environments they run in."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from provisioning.model import Hours, Kind, Mode

LONGEST_NAME = 63  # of a DNS label
LABEL = "preview"  # of a pull request that is to have one, where not every one has
_SIDE_CORES, _SIDE_MEMORY = 0.5, 0.5  # of each of the two containers beside the service


@dataclass(frozen=True, kw_only=True)
class Registry:
    """An Azure Container Registry that a preview's identity may pull one repository from."""

    id: str
    repository: str

    @property
    def server(self) -> str:
        """The registry's address."""
        return f"{self.id.rsplit('/', 1)[1].lower()}.azurecr.io"


class Which(StrEnum):
    """Which pull requests have a preview: every one, or those with the label `preview`."""

    EVERY = "every"
    LABELLED = "labelled"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of previews there may be at once: of all of them, of cores, and of one author.

    `creates` and `creates_an_hour` are how many container groups may be begun in five minutes and
    in an hour: Azure's own limits.
    """

    previews: int = 40
    cores: float = 80.0
    of_an_author: int = 40
    creates: int = 100
    creates_an_hour: int = 300


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a service's preview is made of. CPU in cores, memory in GB."""

    workflow: str
    image: str
    port: int
    health: str
    cpu: float
    memory_gb: float
    postgres: str
    redis: str
    registry: Registry | None = None
    pull_requests: Which = Which.EVERY

    def image_for(self, sha: str) -> str:
        """Return the image that the build of `sha` pushes, by convention."""
        return self.image.replace("{sha}", sha)

    @property
    def repository(self) -> str:
        """Where every image of the service is, without tag or digest."""
        last = self.image.rfind("/") + 1
        return self.image[:last] + re.split("[:@]", self.image[last:])[0]

    @property
    def side(self) -> tuple[float, float]:
        """The cores and the GB of each of the two containers beside the service."""
        return _SIDE_CORES, _SIDE_MEMORY

    @property
    def cores(self) -> float:
        """The cores of the whole preview."""
        return self.cpu + 2 * _SIDE_CORES

    @property
    def memory(self) -> float:
        """The memory of the whole preview, in GB."""
        return self.memory_gb + 2 * _SIDE_MEMORY


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and the repository that it is built from; one without previews may name none."""

    name: str
    repository: str = ""
    repository_id: int = 0
    preview: Preview | None = None


class Host(StrEnum):
    """What kind of resource runs a service."""

    CONTAINER_APP = "container-app"
    WEB_APP = "web-app"
    FUNCTION_APP = "function-app"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A service in an environment: what runs it, the resource's name, where its health is."""

    service: str
    host: Host
    resource: str
    health: str = "/health"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What an environment's backups are to allow: how old the newest point and how long a restore
    may be at most, how many days points are kept, and whether a second region has them.
    """

    rpo: timedelta
    rto: timedelta
    retention_days: int
    geo: bool


@dataclass(frozen=True, kw_only=True)
class Built:
    """An environment that others built: where it is, what may be done with it, what it promises.

    `workspace` is the Log Analytics workspace in its group that holds its telemetry.
    """

    name: str
    kind: Kind
    mode: Mode
    group: str
    region: str
    paired_region: str
    workspace: str
    promise: Promise
    hours: Hours | None = None
    services: Mapping[str, Placed] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Canary:
    """How a canary goes: its weights in percent, how long each bakes, and what is asked of it.

    `most_errors` is the largest share of failed requests (0 to 1), `least_requests` the smallest
    sample that says anything, `fresh` the greatest age of the newest telemetry.
    """

    weights: tuple[int, ...] = (5, 25, 50)
    bake: timedelta = timedelta(minutes=10)
    most_errors: float = 0.02
    least_requests: int = 200
    fresh: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """A price sheet of that day: EUR an hour by size, and of a container app by core and GiB.

    `group_core` and `group_gb` are those of a container group; nought where none was given.
    """

    as_of: str = "never"
    region: str = ""
    hourly: Mapping[str, float] = field(default_factory=dict)
    core: float = 0.0
    gib: float = 0.0
    group_core: float = 0.0
    group_gb: float = 0.0

    def of_preview(self, preview: Preview) -> float:
        """Return what an hour of a preview costs in EUR; nought where the sheet has no price."""
        return preview.cores * self.group_core + preview.memory * self.group_gb


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything in `environments.toml`."""

    location: str
    owner: str
    group_prefix: str
    expiry: timedelta
    services: Mapping[str, Service]
    warning: timedelta = timedelta(hours=6)
    limits: Limits = field(default_factory=Limits)
    environments: Mapping[str, Built] = field(default_factory=dict)
    canary: Canary = field(default_factory=Canary)
    prices: Prices = field(default_factory=Prices)

    def service_of(self, repository_id: int) -> Service | None:
        """Return the service built from the repository with that id."""
        found = (s for s in self.services.values() if s.repository_id == repository_id)
        return next(found, None)

    def preview_of(self, service: str) -> Preview | None:
        """Return what previews of the service are made of, if it has any."""
        found = self.services.get(service)
        return None if found is None else found.preview

    def group_of(self, environment: str) -> str:
        """Return the name of the environment's resource group."""
        return f"{self.group_prefix}{environment}"


def preview_name(number: int, short: str) -> str:
    """Return the name of the preview of pull request `number`: at most 63 of a-z, 0-9 and `-`."""
    name = re.sub(r"[^a-z0-9-]", "-", f"pr-{number}-{short}".lower())
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode("ascii")).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9].rstrip('-')}-{digest}"


def preview_parts(name: str, catalog: Catalog) -> tuple[int, Service] | None:
    """Return the pull request's number and the service that `name` is the preview of."""
    match = re.match(r"pr-([1-9][0-9]{0,9})-", name)
    if match is None:
        return None
    number = int(match[1])
    for service in catalog.services.values():
        if service.preview is not None and preview_name(number, service.name) == name:
            return number, service
    return None
