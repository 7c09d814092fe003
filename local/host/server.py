"""The HTTP server: uvicorn, and the door before the app.

uvicorn is used as a library: signals are the host's, its access log is off, and its end begins at
once when the host says so.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """What stands before the app: it lets requests wait until the host is ready, then 503."""

    def __init__(self, patience: float) -> None:
        """Let each request wait for `patience` seconds."""
        self._patience = patience
        self._app: Starlette | None = None
        self._ready = asyncio.Event()

    def admit_to(self, routes: Sequence[BaseRoute]) -> None:
        """Let everyone in, to these routes; anything else is an empty 404."""
        self._app = Starlette(routes=list(routes))
        self._app.router.redirect_slashes = False
        self._app.router.default = _not_found
        self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), self._patience)
        late: ASGIApp = Response("Function host is not running.", status_code=503)
        await (self._app or late)(scope, receive, send)


class Server(uvicorn.Server):
    """Serves one ASGI app until `end`."""

    def __init__(self, app: ASGIApp, *, patience: float) -> None:
        """Serve `app`; at the end, running requests have `patience` seconds."""
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                http="httptools",
                ws="none",
                lifespan="off",
                server_header=False,
                timeout_keep_alive=130,  # Kestrel's
            )
        )
        self._patience = patience
        self._told = asyncio.Event()

    def end(self, *, patience: float) -> None:
        """Take no more connections; what runs has `patience` seconds."""
        self._patience = patience
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Wait for the end, by the event rather than by looking ten times a second."""
        while not await self.on_tick(0):  # which also keeps the Date header right
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle, let the rest finish, and cut off what does not."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._patience)
            for task in late:
                task.cancel()
        await asyncio.sleep(0)  # closed transports say so on the next turn of the loop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the host."""
        yield


def listen_on(port: int) -> socket.socket:
    """Return a socket on `port` of 127.0.0.1, or a free one for 0; callers may already queue."""
    # asyncio sets TCP_NODELAY only where the protocol is named: without it, 40 ms an answer.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(2048)
    return listening


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=404)(scope, receive, send)
