"""Everything of the app that listens: its queues and its timers, started and stopped together.

Stopping (a drain, or the end) means that nothing new begins and what runs comes to its end. A
later start makes new listeners, as Azure does: timers read their status again.
"""

import asyncio
from collections.abc import Callable, Sequence

from local.host.queues import QueueListener
from local.host.timers import TimerJob

Made = tuple[Sequence[QueueListener], Sequence[TimerJob]]


class Listeners:
    """The queues and timers of one host. In held time timers only begin, `drive` fires them."""

    def __init__(self, make: Callable[[], Made], *, held: bool) -> None:
        """Keep how to make listeners; nothing starts yet."""
        self._make = make
        self._held = held
        self._running: list[asyncio.Future[None]] = []
        self._is_stopped = True
        self.queues: Sequence[QueueListener] = ()
        self.timers: Sequence[TimerJob] = ()

    @property
    def is_running(self) -> bool:
        """Whether anything still runs here, be it only the last messages of a drain."""
        return any(not task.done() for task in self._running)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing new will begin."""
        return self._is_stopped

    def start(self) -> None:
        """Begin to listen."""
        self._is_stopped = False
        self.queues, self.timers = self._make()
        self._running = [
            *(asyncio.ensure_future(queue.listen()) for queue in self.queues),
            *(asyncio.ensure_future(t.begin() if self._held else t.keep()) for t in self.timers),
        ]

    def stop(self) -> None:
        """Let nothing new begin; `ended` waits for the rest."""
        for queue in self.queues:
            queue.stop()
        for timer in self.timers:
            timer.stop()
        self._is_stopped = True
        self.queues, self.timers = (), ()

    async def ended(self) -> None:
        """Wait for what was running when it was stopped."""
        await asyncio.gather(*self._running, return_exceptions=True)
