"""How a connection is cut, so that a client sees what it sees when a network fails.

An ASGI application can only answer; uvicorn turns an application that does not answer into a 500.
So the protocol remembers its transports, and `cut` aborts one: the client gets a reset, with
nothing of an answer.
"""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_open: dict[tuple[Any, Any], asyncio.Transport] = {}


class Cuttable(HttpToolsProtocol):
    """uvicorn's protocol, with its transport kept where `cut` finds it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport."""
        super().connection_made(transport)
        _open[(self.server, self.client)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        _open.pop((self.server, self.client), None)
        super().connection_lost(exc)


async def cut(request: Request) -> Response:
    """Reset the request's connection; what is returned reaches nobody."""
    scope = request.scope
    transport = _open.get((tuple(scope["server"]), tuple(scope["client"])))
    if transport is None:
        return Response(status_code=504)
    transport.abort()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=504)
