"""The catalog: which services there are, where they come from, and what previews are made of.

Written by people in `environments.toml`. `read` takes the file's text and returns either the whole
catalog or every fault in it, each naming the file, the key and the remedy.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from provisioning.errors import SettingsError

T = TypeVar("T")

LONGEST_NAME = 63  # of a DNS label
_MOST = 10_000  # of hours, cores or GB
_SHORT = re.compile(r"(?=.{1,40}$)[a-z](-?[a-z0-9])*")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_GROUP_PREFIX = re.compile(r"[A-Za-z0-9_.()-]{1,26}")
_REGISTRY = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+"
    r"/providers/Microsoft\.ContainerRegistry/registries/[a-zA-Z0-9]{5,50}",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Registry:
    """An Azure Container Registry that a preview's identity may pull one repository from."""

    id: str
    repository: str

    @property
    def server(self) -> str:
        """The registry's address."""
        return f"{self.id.rsplit('/', 1)[1].lower()}.azurecr.io"


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

    def image_for(self, sha: str) -> str:
        """Return the image that the build of `sha` pushes, by convention."""
        return self.image.replace("{sha}", sha)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and the repository that it is built from."""

    name: str
    repository: str
    repository_id: int
    preview: Preview | None = None


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything in `environments.toml`."""

    location: str
    owner: str
    group_prefix: str
    expiry: timedelta
    services: Mapping[str, Service]

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


def read(text: str, file: str) -> Catalog:
    """Return the catalog in `text`; raises SettingsError with every fault, each naming `file`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{file} is not TOML: {error}"]) from error
    faults: list[str] = []
    catalog = _catalog(_Table(content, file, "", faults))
    if faults:
        raise SettingsError(faults)
    return catalog


def _catalog(root: "_Table") -> Catalog:
    defaults, previews = root.table("defaults"), root.table("previews")
    services = root.table("services")
    found = {name: _service(services.table(name), name) for name in services.names()}
    _unique(services, found)
    prefix = previews.get("group_prefix", str, "rg-tesoro-")
    if not _GROUP_PREFIX.fullmatch(prefix):
        previews.fault("group_prefix", "must be 1 to 26 letters, digits, `-`, `_`, `.`")
    return Catalog(
        location=defaults.get("location", str),
        owner=defaults.get("owner", str),
        group_prefix=prefix,
        expiry=timedelta(hours=previews.positive("expiry_hours", 72)),
        services=found,
    )


def _service(table: "_Table", name: str) -> Service:
    if not _SHORT.fullmatch(name):
        table.fault("", "must be named with a-z, 0-9 and single `-`, a letter first, at most 40")
    repository = table.get("repository", str)
    if repository and not _REPOSITORY.fullmatch(repository):
        table.fault("repository", "must be written owner/name")
    return Service(
        name=name,
        repository=repository,
        repository_id=table.get("repository_id", int),
        preview=_preview(table.table("preview")) if "preview" in table.names() else None,
    )


def _preview(table: "_Table") -> Preview:
    image = table.get("image", str)
    if image and "{sha}" not in image:
        table.fault("image", "must contain {sha}, so that each commit has its own")
    health = table.get("health", str, "/health")
    if not health.startswith("/"):
        table.fault("health", "must be a path that starts with /")
    port = table.get("port", int, 8080)
    if not 1 <= port <= 65535:
        table.fault("port", "must be from 1 to 65535")
    return Preview(
        workflow=table.get("workflow", str),
        image=image,
        port=port,
        health=health,
        cpu=table.positive("cpu", 1.0),
        memory_gb=table.positive("memory_gb", 1.5),
        postgres=table.get("postgres", str),
        redis=table.get("redis", str),
        registry=_registry(table.table("registry")) if "registry" in table.names() else None,
    )


def _registry(table: "_Table") -> Registry:
    identity = table.get("id", str)
    if identity and not _REGISTRY.fullmatch(identity):
        table.fault("id", "must be the resource id of an Azure Container Registry")
    return Registry(id=identity, repository=table.get("repository", str))


def _unique(services: "_Table", found: Mapping[str, Service]) -> None:
    seen: dict[int, str] = {}
    for service in found.values():
        other = seen.setdefault(service.repository_id, service.name)
        if other != service.name:
            services.fault(
                f"{service.name}.repository_id", f"is that of {other}; one service a repository"
            )


class _Table:
    """A table of the file that knows where it stands, for its faults."""

    def __init__(
        self, content: Mapping[str, Any], file: str, path: str, faults: list[str]
    ) -> None:
        self._content = content
        self._file = file
        self._path = path
        self._faults = faults

    def names(self) -> list[str]:
        return list(self._content)

    def table(self, name: str) -> "_Table":
        content = self._content.get(name, {})
        if not isinstance(content, dict):
            self.fault(name, "must be a table")
            content = {}
        return _Table(content, self._file, f"{self._path}{name}.", self._faults)

    def get(self, name: str, kind: type[T], default: T | None = None) -> T:
        value = self._content.get(name, default)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        words = {str: "text", int: "a whole number", float: "a number"}[kind]
        self.fault(name, "is missing" if value is None else f"must be {words}")
        return kind()

    def positive(self, name: str, default: float) -> float:
        value = self._content.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST:
            return value
        self.fault(name, f"must be a number above 0, at most {_MOST}")  # TOML has inf and nan
        return default

    def fault(self, name: str, problem: str) -> None:
        self._faults.append(f"{self._file}: {(self._path + name).rstrip('.')} {problem}")
