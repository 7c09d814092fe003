"""The catalog's file as text in, the catalog or every fault out."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta

from provisioning.catalog.built import canary, environments, prices
from provisioning.catalog.tables import Table
from provisioning.catalog.values import (
    Catalog,
    Limits,
    Preview,
    Prices,
    Registry,
    Service,
    Which,
)
from provisioning.errors import SettingsError

_SHORT = re.compile(r"(?=.{1,40}$)[a-z](-?[a-z0-9])*")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_MOST = 1000  # previews at once
_GROUP_PREFIX = re.compile(r"[A-Za-z0-9_.()-]{1,26}")
_REGISTRY = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+"
    r"/providers/Microsoft\.ContainerRegistry/registries/[a-zA-Z0-9]{5,50}",
    re.IGNORECASE,
)


def read(text: str, file: str) -> Catalog:
    """Return the catalog in `text`; raises SettingsError with every fault, each naming `file`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{file} is not TOML: {error}"]) from error
    faults: list[str] = []
    catalog = _catalog(Table(content, file, "", faults))
    if faults:
        raise SettingsError(faults)
    return catalog


def _catalog(root: Table) -> Catalog:
    root.only("defaults", "previews", "services", "environments", "canary", "prices")
    defaults, previews = root.table("defaults"), root.table("previews")
    defaults.only("location", "owner")
    previews.only("group_prefix", "expiry_hours", "warn_hours", "limits")
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
        warning=timedelta(hours=previews.positive("warn_hours", 6)),
        limits=_limits(previews.table("limits"), found),
        environments=environments(root.table("environments"), found),
        canary=canary(root.table("canary")),
        prices=prices(root.table("prices")) if "prices" in root.names() else Prices(),
    )


def _limits(table: Table, services: Mapping[str, Service]) -> Limits:
    usual = Limits()
    table.only("previews", "cores", "of_an_author", "creates", "creates_an_hour")
    limits = Limits(
        previews=table.number("previews", usual.previews, least=1, most=_MOST),
        cores=table.positive("cores", usual.cores),
        of_an_author=table.number("of_an_author", usual.of_an_author, least=1, most=_MOST),
        creates=table.number("creates", usual.creates, least=1, most=_MOST),
        creates_an_hour=table.number(
            "creates_an_hour", usual.creates_an_hour, least=1, most=_MOST
        ),
    )
    for service in services.values():
        if service.preview is not None and service.preview.cores > limits.cores:
            table.fault("cores", f"must be {service.preview.cores:g} at least: {service.name} has")
    return limits


def _service(table: Table, name: str) -> Service:
    if not _SHORT.fullmatch(name):
        table.fault("", "must be named with a-z, 0-9 and single `-`, a letter first, at most 40")
    table.only("repository", "repository_id", "preview")
    has_repository = any(
        key in table.names() for key in ("repository", "repository_id", "preview")
    )
    repository = table.get("repository", str) if has_repository else ""
    if repository and not _REPOSITORY.fullmatch(repository):
        table.fault("repository", "must be written owner/name")
    return Service(
        name=name,
        repository=repository,
        repository_id=table.get("repository_id", int) if has_repository else 0,
        preview=_preview(table.table("preview")) if "preview" in table.names() else None,
    )


def _preview(table: Table) -> Preview:
    table.only(
        "workflow",
        "image",
        "port",
        "health",
        "cpu",
        "memory_gb",
        "postgres",
        "redis",
        "registry",
        "pull_requests",
    )
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
        pull_requests=table.choice("pull_requests", Which, Which.EVERY),
    )


def _registry(table: Table) -> Registry:
    table.only("id", "repository")
    identity = table.get("id", str)
    if identity and not _REGISTRY.fullmatch(identity):
        table.fault("id", "must be the resource id of an Azure Container Registry")
    return Registry(id=identity, repository=table.get("repository", str))


def _unique(services: Table, found: Mapping[str, Service]) -> None:
    seen: dict[int, str] = {}
    for service in found.values():
        if not service.repository_id:
            continue
        other = seen.setdefault(service.repository_id, service.name)
        if other != service.name:
            services.fault(
                f"{service.name}.repository_id", f"is that of {other}; one service a repository"
            )
