"""The bundle of clients that effectful code is handed, and how it is built.

`build` makes everything once from the settings; nothing else constructs a client. Clients reach
out on first use only, so building is cheap and a cold start pays for what it needs.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from provisioning.azure.client import Azure
from provisioning.azure.logs import Logs
from provisioning.catalog import Catalog, read
from provisioning.coalescing import Coalescer, never
from provisioning.forge import AppConnection, Forge
from provisioning.identity import Tokens
from provisioning.operations import Operation, Workflow
from provisioning.probe import Probe
from provisioning.queue import AzureQueue, Queue
from provisioning.registry import Registry, is_azures
from provisioning.settings import Settings
from provisioning.store.anchors import Anchors
from provisioning.store.azure import AzureTable
from provisioning.store.blobs import Blobs
from provisioning.store.table import Table


class Clock(Protocol):
    """Whoever says what time it is."""

    def now(self) -> datetime:
        """Return the instant, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one clock; everyone else asks it


@dataclass(frozen=True, kw_only=True)
class Services:
    """What effectful code may touch; `urgent` is Azure with a budget of its own.

    Without a `registry` nobody knows digests: images are deployed by tag.
    """

    settings: Settings
    catalog: Catalog
    clock: Clock
    table: Table
    deliveries: Table
    alerts: Table
    anchors: Anchors
    queue: Queue
    azure: Azure
    urgent: Azure
    logs: Logs
    forge: Forge
    probe: Probe
    tokens: Tokens
    workflows: Mapping[str, Workflow[Any]]
    registry: Registry | None = None
    arrivals: Coalescer = field(default_factory=never)


@dataclass(frozen=True)
class Context:
    """What a step is handed: the clients, its operation, its target as read, and the fence."""

    services: Services
    operation: Operation
    target: Any
    now: datetime
    fence: Callable[[], None] = field(repr=False)


def build(settings: Settings, *, clock: Clock, workflows: Mapping[str, Workflow[Any]]) -> Services:
    """Return the services of this deployment; raises SettingsError where the catalog is faulty."""
    blobs = Blobs(settings.storage)
    azure = _azure(settings, settings.client_id)
    same = settings.urgent_client_id in (None, settings.client_id)
    return Services(
        settings=settings,
        catalog=read(settings.catalog.read_text(encoding="utf-8"), settings.catalog.name),
        clock=clock,
        table=AzureTable(settings.storage, "environments", blobs),
        deliveries=AzureTable(settings.storage, "deliveries", blobs),
        alerts=AzureTable(settings.storage, "alerts", blobs),
        anchors=Anchors(settings.storage),
        queue=AzureQueue(settings.storage),
        azure=azure,
        urgent=azure if same else _azure(settings, settings.urgent_client_id),
        logs=Logs(settings.logs_url, lambda: _credential(settings.client_id)),
        forge=Forge(
            AppConnection(
                settings.github_url, settings.github_app_id, settings.github_key, clock.now
            )
        ),
        probe=Probe(),
        tokens=Tokens(settings.entra, settings.actions),
        workflows=workflows,
        registry=_registry(settings),
        arrivals=Coalescer(time.monotonic),
    )


def _azure(settings: Settings, client_id: str | None) -> Azure:
    return Azure(settings.subscription, settings.resource_manager, lambda: _credential(client_id))


def _registry(settings: Settings) -> Registry | None:
    """Return the registry that is configured; an Azure one without a login knows our identity."""
    url, login = settings.registry_url, settings.registry_login
    if url is None:
        return None
    knows_us = login is None and is_azures(url)
    return Registry(
        url,
        uptime=time.monotonic,
        login=login,
        credential=(lambda: _credential(settings.client_id)) if knows_us else None,
    )


def _credential(client_id: str | None) -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=client_id)
