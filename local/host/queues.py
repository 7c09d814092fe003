"""The queue trigger: one listener a function, polling as the storage extension polls.

It takes a batch, starts all of it at once, and asks again as soon as few enough are running. An
empty queue makes it wait ever longer; the SDK's sends wake nobody, so `maxPollingInterval` is what
a message may wait for. A message ends deleted, released or in `<queue>-poison`; delivery is at
least once and in no order.

Azure's host stops on an unexpected storage error. This one backs off and goes on, because locally
the storage is often started later, or restarted.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.functions.queue import QueueMessage as FunctionMessage
from azure.storage.queue import QueueMessage

from local.host import messages, peek
from local.host.config import QueueOptions
from local.host.functions import Function, Queue
from local.host.gate import Gate
from local.host.invocation import Call, InvocationFailed, Worker, nothing
from local.host.leases import Lease
from local.host.messages import Fate
from local.host.storage import Storage

_log = logging.getLogger(__name__)


class QueueListener:
    """Listens to one queue for one function."""

    def __init__(
        self,
        function: Function,
        trigger: Queue,
        *,
        options: QueueOptions,
        worker: Worker,
        gate: Gate,
        storage: Storage,
    ) -> None:
        """Prepare to listen; `listen` does."""
        self._function = function
        self._trigger = trigger
        self._options = options
        self._worker = worker
        self._gate = gate
        self._storage = storage
        self._client = storage.queue(trigger.connection, trigger.queue)
        self._peek = peek.to(self._client, trigger.connection)
        self._running: set[asyncio.Task[None]] = set()
        self._nudge = asyncio.Event()
        self._polled: list[asyncio.Future[None]] = []
        self._stopping = False
        self._is_resting = False
        self._poisoned = 0
        self._complaint = ""

    @property
    def trigger(self) -> Queue:
        """What it listens to."""
        return self._trigger

    async def listen(self) -> None:
        """Poll until `stop`, then wait for what still runs."""
        misses = 0
        while not self._stopping:
            if len(self._running) > self._options.new_batch_threshold:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            waiting, self._polled = self._polled, []
            self._nudge.clear()
            found = await self._poll()
            for one in waiting:
                one.set_result(None)
            misses = 0 if found else misses + 1
            if not found:
                await self._pause(messages.idle_wait(misses, self._options.max_polling_interval))
        for one in self._polled:
            one.set_result(None)
        await asyncio.gather(*self._running)
        if self._peek is not None:
            self._peek.close()

    @property
    def poisoned(self) -> int:
        """How many messages this listener has moved to its poison queue."""
        return self._poisoned

    def rest(self) -> None:
        """Poll only when woken: someone else looks whether there is anything."""
        self._is_resting = True

    def wake(self) -> None:
        """Poll by itself again."""
        self._is_resting = False
        self._nudge.set()

    def stop(self) -> None:
        """Ask for no more messages."""
        self._stopping = True
        self._nudge.set()

    async def poll_now(self) -> None:
        """Wake the listener and return when it has asked its queue once more."""
        if self._stopping:
            return
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polled.append(asked)
        self._nudge.set()
        await asked

    async def has_visible(self) -> bool:
        """Say whether a message waits; AzureError or PeekFailed where nobody can say."""
        if self._peek is not None:
            return await self._peek.has_visible()
        try:
            return bool(await self._storage.ask(self._client.peek_messages))
        except ResourceNotFoundError:
            return False

    async def _pause(self, wait: timedelta) -> None:
        with contextlib.suppress(TimeoutError):
            limit = None if self._is_resting else wait.total_seconds()
            await asyncio.wait_for(self._nudge.wait(), limit)

    async def _poll(self) -> int:
        """Take a batch, start it, and return its size: 0 also where the storage has trouble."""
        async with self._gate.hold():
            try:
                batch = await self._storage.ask(self._receive)
            except ResourceNotFoundError:
                return 0
            except AzureError as problem:
                self._complain(problem)
                return 0
            self._complaint = ""
            for message in batch:
                self._gate.take()
                task = asyncio.ensure_future(self._process(message))
                self._running.add(task)
                task.add_done_callback(self._ended)
            return len(batch)

    def _receive(self) -> list[QueueMessage]:
        pages = self._client.receive_messages(
            messages_per_page=self._options.batch_size,
            visibility_timeout=int(self._options.invisible_for.total_seconds()),
        ).by_page()
        return list(next(pages, []))

    def _complain(self, problem: AzureError) -> None:
        # Once for each kind of trouble, not once for each poll.
        if type(problem).__name__ != self._complaint:
            self._complaint = type(problem).__name__
            _log.warning("queue %s cannot be read: %s", self._trigger.queue, self._complaint)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._gate.give_back()

    async def _process(self, message: QueueMessage) -> None:
        lease = Lease(
            message,
            queue=self._client,
            storage=self._storage,
            period=self._options.invisible_for,
        )
        body = messages.decoded(message.content, self._options)
        count = message.dequeue_count or 0
        fate = messages.on_arrival(count, body=body, options=self._options)
        if body is not None and fate is Fate.RUN:
            fate = await self._run(message, body)
        elif body is None:
            _log.warning(
                "UNDECODABLE: message %s of %s is not base64; it goes to poison unseen",
                *(message.id, self._trigger.queue),
            )
        try:
            await self._settle(lease, fate)
        except AzureError as problem:
            await lease.leave()
            _log.warning(
                "message %s of %s could not be settled (%s): it comes back by itself",
                *(message.id, self._trigger.queue, type(problem).__name__),
            )

    async def _run(self, message: QueueMessage, body: bytes) -> Fate:
        count = message.dequeue_count or 0
        call = Call(
            function=self._function,
            bind=lambda: self._bound(message, body),
            detail=f"{self._trigger.queue} message {message.id} attempt {count}",
            accept=nothing,
        )
        try:
            await self._worker.run(call)
        except InvocationFailed:
            return messages.on_failure(count, self._options)
        return Fate.DELETE

    def _bound(self, message: QueueMessage, body: bytes) -> object:
        """Return what the parameter gets; raises where the body is not UTF-8."""
        if self._function.indexed.annotation is bytes:
            return body
        text = body.decode()
        if self._function.indexed.annotation is str:
            return text
        return FunctionMessage(
            id=message.id,
            body=text,
            dequeue_count=message.dequeue_count,
            expiration_time=message.expires_on,
            insertion_time=message.inserted_on,
            time_next_visible=message.next_visible_on,
            pop_receipt=message.pop_receipt,
        )

    async def _settle(self, lease: Lease, fate: Fate) -> None:
        match fate:
            case Fate.RELEASE:
                await lease.release(self._options.visibility_timeout)
            case Fate.POISON:
                poison = messages.poison_queue(self._trigger.queue)
                if poison is None:
                    # There is no further queue: Azure leaves it invisible, and tries for ever.
                    await lease.leave()
                    return
                await self._storage.ask(self._send_to, poison, lease.message.content)
                self._poisoned += 1
                _log.warning("message %s goes to %s", lease.message.id, poison)
                await lease.delete()
            case Fate.DELETE | Fate.RUN:
                await lease.delete()

    def _send_to(self, queue: str, text: str) -> None:
        client = self._storage.queue(self._trigger.connection, queue)
        try:
            client.send_message(text)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                client.create_queue()
            client.send_message(text)
