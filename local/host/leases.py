"""A message while it is ours: invisible to others, and kept so for as long as its call runs.

Each renewal gives a new receipt and makes the old one worthless, so whoever deletes or releases
the message must use the newest: it is kept here, and renewing ends before anything else begins. A
renewal that finds the message gone, or taken by another, stops; the call goes on, and its delete
will be in vain.

Timing is the extension's: first at half of the time left, sooner after a server error.
"""

import asyncio
import logging
from datetime import timedelta

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.storage import Storage

_log = logging.getLogger(__name__)
_SHORTEST = timedelta(minutes=1)


class Lease:
    """One message taken from a queue."""

    def __init__(
        self, message: QueueMessage, *, queue: QueueClient, storage: Storage, period: timedelta
    ) -> None:
        """Begin to keep the message; it is invisible for `period` from now."""
        self.message = message
        self._queue = queue
        self._storage = storage
        self._period = period
        self._receipt = message.pop_receipt
        self._ended = asyncio.Event()
        self._renewing = asyncio.ensure_future(self._keep())

    async def delete(self) -> None:
        """Delete the message; that it is gone already, or no longer ours, is only logged."""
        await self._stop()
        try:
            await self._storage.ask(
                self._queue.delete_message, self.message.id, pop_receipt=self._receipt
            )
        except HttpResponseError as problem:
            if problem.status_code not in (400, 404):
                raise
            _log.warning("message %s is no longer ours to delete", self.message.id)

    async def release(self, after: timedelta) -> None:
        """Make the message visible again, `after` from now."""
        await self._stop()
        await self._renew(after)

    async def leave(self) -> None:
        """Leave the message as it is, invisible until its time runs out."""
        await self._stop()

    async def _stop(self) -> None:
        self._ended.set()
        await self._renewing

    async def _keep(self) -> None:
        wait = self._period / 2
        while True:
            try:
                await asyncio.wait_for(self._ended.wait(), wait.total_seconds())
                return
            except TimeoutError:
                pass
            try:
                await self._renew(self._period)
                wait = self._period / 2
            except HttpResponseError as problem:
                if problem.status_code is not None and problem.status_code < 500:
                    _log.warning("message %s is no longer ours to renew", self.message.id)
                    return
                wait = max(wait / 2, min(_SHORTEST, self._period / 2))
            except AzureError:
                wait = max(wait / 2, min(_SHORTEST, self._period / 2))

    async def _renew(self, invisible: timedelta) -> None:
        updated = await self._storage.ask(
            self._queue.update_message,
            self.message.id,
            pop_receipt=self._receipt,
            visibility_timeout=int(invisible.total_seconds()),
        )
        self._receipt = updated.pop_receipt
