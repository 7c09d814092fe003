"""The gate between work and the clock: time moves only while nothing runs.

Whatever runs holds the gate: an invocation, and also a listener while it asks its queue (a message
that is on its way to us is visible nowhere). The clock is moved by whoever closed the gate, and it
can be closed only while nobody holds it; work that arrives meanwhile waits those few milliseconds.
Closing does not wait for holders: a call that is running may itself lead to another call of ours
(a simulator that delivers a webhook), and a closed gate would then wait for itself.

Everything here happens on the host's one event loop, so plain numbers are enough.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Counts what runs."""

    def __init__(self) -> None:
        """Begin open, with nothing running."""
        self._holders = 0
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def holders(self) -> int:
        """How many hold the gate now."""
        return self._holders

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Keep the clock still within this block."""
        while not self._open.is_set():
            await self._open.wait()
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Hold once more; only from inside another hold, where the gate cannot be closed."""
        self._holders += 1
        self._idle.clear()

    def give_back(self) -> None:
        """End one hold."""
        self._holders -= 1
        if not self._holders:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._holders:
            await self._idle.wait()

    async def close_when_idle(self) -> None:
        """Wait until nothing runs, then let nothing begin until `open`."""
        await self.idle()
        self._open.clear()

    def open(self) -> None:
        """Let work begin again."""
        self._open.set()
