"""Held time moved by hand: hours pass in seconds, and nothing that was due is lost.

`advance` goes from one due instant to the next. Between two instants it waits until nothing runs
and no queue has a visible message, so each moment's consequences happen at that moment. The clock
moves only while the gate is closed (`gate`). `jump` is time passing while the stack is down: the
clock moves in one stride, and each timer that missed a run makes it good once.

A message that keeps failing cannot hold time up: released with a delay it is invisible, and what
is invisible is not waited for. Statuses of timers are written every two seconds and at the end,
not after each of ten thousand runs; what a crash loses of them is a run too many, never one too
few.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError

from local.clock import HeldClock
from local.host.gate import Gate
from local.host.listeners import Listeners
from local.host.messages import is_poison
from local.host.ncrontab import NEVER
from local.host.peek import PeekFailed
from local.host.queues import QueueListener
from local.host.timers import TimerJob

_BETWEEN_SAVES = 2.0  # seconds of the machine's clock
_PATIENCE = 30.0  # seconds without an answer from the storage before giving up
_PAUSE = 0.25


class Stuck(Exception):
    """Time cannot be moved now, and why; where it has got to is kept."""


class Drive:
    """Moves the held clock of one host."""

    def __init__(
        self,
        clock: HeldClock,
        *,
        gate: Gate,
        listeners: Listeners,
    ) -> None:
        """Take charge of the clock."""
        self._clock = clock
        self._gate = gate
        self._listeners = listeners
        self._turn = asyncio.Lock()
        self._saved = 0.0
        self._poisoned = 0
        self._is_thorough = True

    def now(self) -> datetime:
        """Return the held instant."""
        return self._clock.now()

    async def advance(self, length: timedelta) -> Mapping[str, int]:
        """Let `length` pass, firing every occurrence; return how often each timer ran.

        Raises Stuck, the clock being where it has got to.
        """
        fired: Counter[str] = Counter()
        async with self._in_charge():
            target = self._clock.now() + length
            while (instant := self._next_due()) <= target:
                await self._move(instant)
                due = [timer for timer in self._listeners.timers if timer.due <= instant]
                await asyncio.gather(*(timer.fire(instant, save=False) for timer in due))
                fired.update(timer.name for timer in due)
                await self._save_now_and_then()
            await self._move(target)
            await self._settle()
        return fired

    async def jump(self, length: timedelta) -> Mapping[str, int]:
        """Let `length` pass as if the stack were down; return which timers made a run good.

        Raises Stuck, as `advance` does.
        """
        async with self._in_charge():
            target = self._clock.now() + length
            await self._move(target)
            missed = [timer for timer in self._listeners.timers if timer.due <= target]
            await asyncio.gather(*(self._make_good(timer, target) for timer in missed))
            await self._settle()
        return Counter(timer.name for timer in missed if timer.is_monitored)

    @asynccontextmanager
    async def _in_charge(self) -> AsyncIterator[None]:
        """Be the only one to move the clock or to look into the queues."""
        async with self._turn:
            await self._begun()
            queues, timers = self._listeners.queues, self._listeners.timers
            self._is_thorough = True
            for queue in queues:
                queue.rest()
            try:
                yield
            finally:
                for queue in queues:
                    queue.wake()
                await self._save(timers)

    async def _make_good(self, timer: TimerJob, now: datetime) -> None:
        if timer.is_monitored or timer.due == now:
            await timer.fire(now, is_past_due=timer.due < now)
        else:
            timer.skip_to(now)

    async def _begun(self) -> None:
        self._check_listening()
        try:
            async with asyncio.timeout(_PATIENCE):
                for timer in self._listeners.timers:
                    await timer.begun()
        except TimeoutError as problem:
            raise Stuck("not every timer has started: is the storage there?") from problem

    def _check_listening(self) -> None:
        """Refuse to let time pass unattended: a host that ends would lose what falls due."""
        if self._listeners.is_stopped:
            raise Stuck("the host is drained, or ends: nothing listens")

    def _next_due(self) -> datetime:
        earliest = min((timer.due for timer in self._listeners.timers), default=NEVER)
        return max(earliest, self._clock.now())

    async def _move(self, to: datetime) -> None:
        """Wait until all is quiet, then set the clock."""
        await self._quiet()
        if to > self._clock.now():
            self._clock.set(to)
        self._gate.open()

    async def _settle(self) -> None:
        """Wait until all is quiet, every queue counting."""
        self._is_thorough = True
        await self._quiet()
        self._gate.open()

    async def _quiet(self) -> None:
        """Return with the gate closed, nothing running and no message visible."""
        end = time.monotonic() + _PATIENCE
        while True:
            await self._gate.close_when_idle()
            try:
                self._check_listening()
                busy = await self._with_messages()
            except (PeekFailed, AzureError) as problem:
                self._gate.open()
                if time.monotonic() > end:
                    raise Stuck(f"the queues cannot be looked into: {problem}") from problem
                await asyncio.sleep(_PAUSE)
                continue
            except BaseException:
                self._gate.open()
                raise
            if not busy:
                return
            self._gate.open()
            await asyncio.gather(*(queue.poll_now() for queue in busy))
            end = time.monotonic() + _PATIENCE

    async def _with_messages(self) -> list[QueueListener]:
        """Return the listeners whose queues have a visible message.

        Only this host fills poison queues, so between two runs they are looked into only where
        something was poisoned: they are half of the queues of most apps.
        """
        everyone = self._listeners.queues
        poisoned = sum(queue.poisoned for queue in everyone)
        is_thorough = self._is_thorough or poisoned != self._poisoned
        asked = [q for q in everyone if is_thorough or not is_poison(q.trigger.queue)]
        answers = await asyncio.gather(
            *(queue.has_visible() for queue in asked), return_exceptions=True
        )
        # Only now that every question has its answer may the next be asked on its connection.
        found = [_or_raise(answer) for answer in answers]
        self._is_thorough, self._poisoned = any(found), poisoned
        return [queue for queue, visible in zip(asked, found, strict=True) if visible]

    async def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved > _BETWEEN_SAVES:
            await self._save(self._listeners.timers)

    async def _save(self, timers: Sequence[TimerJob]) -> None:
        await asyncio.gather(*(timer.save() for timer in timers))
        self._saved = time.monotonic()


def _or_raise(answer: bool | BaseException) -> bool:
    if isinstance(answer, BaseException):
        raise answer
    return answer
