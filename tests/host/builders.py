"""Throwaway apps, a place where they note what happened, and the calls tests make of a host."""

import base64
import json
import queue
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.clock import HeldClock
from local.host.inline import MASTER, Inline

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
_PATIENCE = 10.0
# Made once: reading the authorities costs more than most of these tests.
_TLS = ssl.create_default_context()
_PROLOGUE = """\
import logging, threading, typing
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""


class Seen:
    """What the functions of an app noted, in order."""

    def __init__(self) -> None:
        self._notes: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def append(self, note: Any) -> None:
        self._notes.put(note)

    def next(self) -> Any:
        """Return the next note, waiting for it."""
        return self._notes.get(timeout=_PATIENCE)

    def all(self) -> list[Any]:
        """Return every note there is now."""
        notes = []
        while not self._notes.empty():
            notes.append(self._notes.get())
        return notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The module `notes` of an app: what it saw, and what lets its functions go on."""

    seen: Seen = field(default_factory=Seen)
    release: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A storage account of the session's Azurite."""

    connection_string: str

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AzureWebJobsStorage": self.connection_string,
            "Storage": self.connection_string,
        }

    def a_queue(self, name: str) -> QueueClient:
        """Return the queue of that name, existing and empty."""
        client = self.the_queue(name)
        client.create_queue()
        return client

    def the_queue(self, name: str) -> QueueClient:
        service = QueueServiceClient.from_connection_string(self.connection_string)
        return service.get_queue_client(name)

    def status_of(self, function: str) -> dict[str, str] | None:
        """Return the status blob of a timer; None where there is none."""
        blobs = BlobServiceClient.from_connection_string(self.connection_string)
        container = blobs.get_container_client("azure-webjobs-hosts")
        if not container.exists():
            return None
        end = f"/Host.Functions.{function}/status"
        for blob in container.list_blobs():
            if blob.name.endswith(end):
                status: dict[str, str] = json.loads(container.download_blob(blob.name).readall())
                return status
        return None


def ask(method: str, url: str, **options: Any) -> httpx.Response:
    """Make one HTTP call on a connection of its own."""
    return httpx.request(method, url, verify=_TLS, **options)


def get(url: str, **options: Any) -> httpx.Response:
    """GET, as `ask`."""
    return ask("GET", url, **options)


def an_app(folder: Path, body: str, **host_json: Any) -> Path:
    """Write an app whose functions are `body`; keyword arguments are merged into host.json."""
    folder.mkdir(parents=True, exist_ok=True)
    noting = "from notes import seen, release\n" if "seen" in body or "release" in body else ""
    (folder / "function_app.py").write_text(noting + _PROLOGUE + dedent(body))
    given = {
        "version": "2.0",
        "extensions": {"queues": {"maxPollingInterval": "00:00:00.100"}},
        "extensionBundle": {
            "id": "Microsoft.Azure.Functions.ExtensionBundle",
            "version": "[4.*, 5.0.0)",
        },
    }
    (folder / "host.json").write_text(json.dumps(given | host_json))
    return folder


def queues(**options: Any) -> dict[str, Any]:
    """Return the part of host.json that says how queues are listened to."""
    return {"queues": {"maxPollingInterval": "00:00:00.100"} | options}


def held(folder: Path, *, start: datetime = NOON) -> HeldClock:
    """Return the held clock of a test."""
    folder.mkdir(parents=True, exist_ok=True)
    return HeldClock(folder / "clock", start=start)


def message(text: str) -> str:
    """Return `text` as a producer must send it."""
    return base64.b64encode(text.encode()).decode()


def texts(client: QueueClient) -> list[str]:
    """Return the visible messages of a queue, as they are stored."""
    return [one.content for one in client.peek_messages(max_messages=32)]


def move(host: Inline, **how: str) -> httpx.Response:
    """Move the clock of a host: `advance="PT1H"` or `jump="PT1H"`."""
    return ask(
        "POST",
        f"{host.url}/_local/clock",
        json=how,
        headers={"x-functions-key": MASTER},
        timeout=60,
    )


def settle(host: Inline) -> None:
    """Wait until nothing runs and no message is visible (in held time)."""
    answer = move(host, advance="PT0S")
    assert answer.status_code == 200, answer.text


def admin(host: Inline, method: str, path: str, **options: Any) -> httpx.Response:
    """Call `/admin/...` with the master key."""
    return ask(method, f"{host.url}/admin/{path}", headers={"x-functions-key": MASTER}, **options)


def until(holds: Callable[[], Any]) -> Any:
    """Return what `holds` returns once it is true; fail after some seconds."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")
