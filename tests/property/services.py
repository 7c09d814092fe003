"""Services for tests without sockets: memory keepers, and clients that say loudly when touched."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from provisioning.operations import Workflow
from provisioning.queue import MemoryQueue
from provisioning.services import Services
from provisioning.settings import Issuer, Settings
from provisioning.store.connection import Connection
from provisioning.store.memory import MemoryTable
from provisioning.store.table import Table
from tests.builders import START, the_catalog
from tests.fakes import MemoryAnchors


class HandClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant."""
        return self._now

    def advance(self, duration: timedelta) -> None:
        """Move on."""
        self._now += duration


class Untouchable:
    """Stands where a client would, and fails whatever is asked of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, asked: str) -> Any:
        raise AssertionError(f"the test did not set up {self._name}.{asked}")


def settings() -> Settings:
    """Return settings that lead nowhere."""
    return Settings(
        storage=Connection("unused"),
        public_url="https://control.example",
        catalog=Path("environments.toml"),
        subscription="11111111-2222-4333-8444-555555555555",
        resource_manager="https://management.example",
        client_id=None,
        github_url="https://github.example",
        github_app_id="1",
        github_key="",
        webhook_secrets=(b"a secret that only tests share",),
        entra=Issuer("https://entra.example", "https://entra.example/keys", "us", "tenant"),
        actions=Issuer("https://actions.example", "https://actions.example/keys", "us"),
        logs_url="https://logs.example/v1",
        service_url="https://{fqdn}",
        preview_url="http://{fqdn}:{port}",
        preview_key=b"k" * 32,
        registry_login=None,
    )


def services(workflows: Mapping[str, Workflow[Any]], **given: Any) -> Services:
    """Return services with these workflows; whatever is not given is memory, or untouchable."""
    table: Table = given.pop("table", None) or MemoryTable()
    usual: dict[str, Any] = {
        "settings": settings(),
        "catalog": the_catalog(),
        "clock": HandClock(),
        "table": table,
        "deliveries": MemoryTable(),
        "alerts": MemoryTable(),
        "anchors": MemoryAnchors(),
        "queue": MemoryQueue(),
        "workflows": workflows,
        **{
            name: Untouchable(name)
            for name in ("azure", "urgent", "logs", "forge", "probe", "tokens")
        },
    }
    return Services(**(usual | given))
