"""The only file here that knows HTTP: ASGI in, ASGI out, and a registry inside a test's process.

Answering is synchronous, one request after the other on the event loop's thread, so a request is
one transaction without locks.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from local.registry.answers import Request
from local.registry.door import Door
from local.registry.gate import Rules
from local.registry.shelf import OCI_MANIFEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A registry that answers: its address, and what tests do to it.

    A test may call the door's methods itself, as long as no call of its own is under way.
    """

    url: str
    door: Door

    def push(
        self,
        repository: str,
        tag: str,
        *,
        media_type: str = OCI_MANIFEST,
        body: bytes | None = None,
    ) -> str:
        """Have the tag point at a manifest, and return its digest."""
        return self.door.shelf.push(repository, tag, media_type=media_type, body=body)


def build(door: Door) -> ASGIApp:
    """Return the application that serves the registry behind `door`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        answer = door.answer(request)
        headers = dict(answer.headers)
        if answer.status != 204:
            headers["content-length"] = str(len(answer.body))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        is_empty = request.method == "HEAD" or answer.status == 204
        await send({"type": "http.response.body", "body": b"" if is_empty else answer.body})

    return app


@contextlib.contextmanager
def running(
    rules: Rules | None = None, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Running]:
    """Serve a registry on a free port while the block runs; its tokens end by `clock`."""
    door = Door(rules or Rules(), clock)
    settings = uvicorn.Config(
        build(door),
        host="127.0.0.1",
        port=0,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the registry did not start")
        threading.Event().wait(0.01)
    (listening,) = server.servers[0].sockets
    try:
        yield Running(url=f"http://127.0.0.1:{listening.getsockname()[1]}", door=door)
    finally:
        server.should_exit = True
        thread.join(5)


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(query),
        headers={n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]},
        body=body,
    )
