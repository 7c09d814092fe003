"""Queues of nudges. A message holds an id and nothing that would be missed.

The Functions host reads base64, so that is what is sent. Losing, doubling or reordering messages
changes nothing but the time it takes: the rows hold the work.
"""

import base64
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from provisioning.store.connection import Connection, failures

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

DELIVERIES = "deliveries"
OPERATIONS = "operations"
URGENT = "urgent"
QUEUES = (DELIVERIES, OPERATIONS, URGENT)


class Queue(Protocol):
    """Somewhere to leave a nudge."""

    def send(self, queue: str, text: str, *, after: timedelta = timedelta(0)) -> None:
        """Leave `text` in `queue`, to be seen in `after` or later (whole seconds, rounded up)."""

    def peek(self, queue: str, most: int) -> list[str]:
        """Return up to `most` (at most 32) messages that are visible now, taking none."""


@dataclass(frozen=True)
class Left:
    """A message in the memory queue."""

    queue: str
    text: str
    after: timedelta


class MemoryQueue:
    """A queue that lives in this process; whoever drives it takes messages in order."""

    def __init__(self) -> None:
        self.messages: deque[Left] = deque()

    def send(self, queue: str, text: str, *, after: timedelta = timedelta(0)) -> None:
        """Leave `text` in `queue`."""
        self.messages.append(Left(queue, text, after))

    def peek(self, queue: str, most: int) -> list[str]:
        """Return up to `most` messages that are visible now, taking none."""
        visible = [m.text for m in self.messages if m.queue == queue and not m.after]
        return visible[:most]


class AzureQueue:
    """Azure Queue Storage, through the official SDK; a queue is made when first missed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clients: dict[str, QueueClient] = {}

    def send(self, queue: str, text: str, *, after: timedelta = timedelta(0)) -> None:
        """Leave `text` in `queue`, encoded as the Functions host expects."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        content = base64.b64encode(text.encode("utf-8")).decode("ascii")
        delay = -int(-after.total_seconds() // 1)
        with failures("a message"):
            try:
                self._queue(queue).send_message(content, visibility_timeout=delay)
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._queue(queue).create_queue()
                self._queue(queue).send_message(content, visibility_timeout=delay)

    def peek(self, queue: str, most: int) -> list[str]:
        """Return up to `most` messages that are visible now, taking none; raw if not base64."""
        from azure.core.exceptions import ResourceNotFoundError

        with failures("messages"):
            try:
                return [_text(m.content) for m in self._queue(queue).peek_messages(most)]
            except ResourceNotFoundError:
                return []

    def _queue(self, queue: str) -> "QueueClient":
        if queue not in self._clients:
            from azure.storage.queue import QueueServiceClient

            service = self._connection.client(QueueServiceClient, "queue")
            self._clients[queue] = service.get_queue_client(queue)
        return self._clients[queue]


def _text(content: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode("utf-8")
    except ValueError:
        return content
