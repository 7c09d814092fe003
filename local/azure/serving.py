"""The two servers of the simulator in one event loop, and how they end."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from local.azure.cutting import Cuttable

_TICK = 0.1  # seconds; uvicorn renews its Date header every tenth
_PATIENCE = 1  # seconds an open request has when the servers end


class Server(uvicorn.Server):
    """uvicorn's server without its own handling of signals, ended at once by `end`."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Take uvicorn's settings."""
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def end(self) -> None:
        """End soon; callable from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def main_loop(self) -> None:
        """Tick as uvicorn does, but wake when told to end."""
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not self.should_exit:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _TICK)
            await self.on_tick(ticks)
            ticks += 1

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `until_told`."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut connections that carry no request: over TLS an idle client never says goodbye.

        What is left, requests under way, gets uvicorn's own patience.
        """
        for listening in self.servers:
            listening.close()
        for one in sockets or []:
            one.close()
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        await asyncio.sleep(0)  # the loop tells the connections that they are lost
        if self.server_state.connections:
            await super().shutdown(sockets)


def server(app: Any, port: int, tls: tuple[Path, Path] | None = None) -> Server:
    """Return a server of `app` on 127.0.0.1; `tls` is the certificate chain and its key."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=Cuttable,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_PATIENCE,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
    )
    return Server(config)


async def until_told(servers: list[Server], beside: Coroutine[Any, Any, None]) -> None:
    """Serve until SIGTERM, which also comes when the parent is gone (`local.lifeline`).

    `beside` runs as long as the servers do.
    """

    def end() -> None:
        for one in servers:
            one.end()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, end)
    # Ctrl-C reaches every process of the terminal; the parent decides the order of the ends.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    async with running(beside):
        await asyncio.gather(*(one.serve() for one in servers))


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have work run while the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
