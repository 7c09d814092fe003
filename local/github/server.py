"""The only file here that knows HTTP: ASGI in, ASGI out, deliveries over httpx.

Answering is synchronous, one request after the other on the event loop's thread, so a request is
one transaction without locks. Only waiting is asynchronous: latency, and the app's answer to a
delivery, during which the app asks back.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import ASGIApp, Receive, Scope, Send

from local.clock import Clock
from local.github import faults, hook, repositories, steering
from local.github.answers import Answer, GitHubError, Json, Request
from local.github.hook import Parcel, Receipt
from local.github.site import Site
from local.github.store import Store
from local.github.world import World
from local.loopback import PLAIN
from local.stack import Stack, github_app_key, public_half

_FILE = "github.sqlite"


def build(stack: Stack, state: Path, clock: Clock) -> ASGIApp:
    """Return the application that serves the GitHub of `state`; the App's key must be there."""
    key = serialization.load_pem_public_key(public_half(github_app_key(state)).read_bytes())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("the GitHub App's key is not RSA; remove it and start again")
    world = World(stack=stack, clock=clock, store=Store(state / _FILE), app_key=key)
    repositories.seed(world)
    return _Server(world)


class _Server:
    def __init__(self, world: World) -> None:
        self._world, self._store, self._site = world, world.store, Site(world)
        self._resending: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        if request.path.startswith(steering.PREFIX):
            await _write(send, await self._steer(request))
        else:
            await self._serve(request, receive, send)

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        with self._store.transaction():
            fault = faults.take(self._store, request.method, request.path) or {}
        await asyncio.sleep((fault.get("latency_ms") or 0) / 1000)
        if fault.get("drop") == "before":
            with self._store.transaction():
                steering.note(self._world, request, None)
            await _cut(receive, send)
            return
        answer = self._answer(request, fault)
        if answer.resend is not None:
            task = asyncio.create_task(self._resend(answer.resend))
            self._resending.add(task)
            task.add_done_callback(self._resending.discard)
        if fault.get("drop") == "after":
            await _cut(receive, send)
        else:
            await _write(send, answer)

    def _answer(self, request: Request, fault: Json) -> Answer:
        with self._store.transaction():
            ordered = faults.answer(fault)
            made = self._site.dressed(ordered, request) if ordered else self._site.answer(request)
            steering.note(self._world, request, made.status)
        return made

    async def _steer(self, request: Request) -> Answer:
        try:
            if (request.method, request.path) == ("POST", steering.DELIVER):
                return await self._deliver(request)
            with self._store.transaction():
                return steering.answer(self._world, request)
        except GitHubError as error:
            return error.answer()

    async def _deliver(self, request: Request) -> Answer:
        with self._store.transaction():
            parcel, is_lost = steering.ordered(self._world, request)
        receipt = Receipt(status=0) if is_lost else await self._send(parcel)
        with self._store.transaction():
            hook.record(self._world, parcel, receipt)
        return Answer(
            body={"delivery": parcel.guid, "status": receipt.status, "body": receipt.body}
        )

    async def _resend(self, identity: int) -> None:
        parcel = hook.again(self._world, identity)
        if parcel is None:
            print(f"delivery {identity}: its body was never told", file=sys.stderr, flush=True)
            return
        receipt = await self._send(parcel)
        with self._store.transaction():
            hook.record(self._world, parcel, receipt)

    async def _send(self, parcel: Parcel) -> Receipt:
        url, started = f"{self._world.stack.app}{hook.PATH}", time.monotonic()
        # A client for each delivery: GitHub keeps no connection open, and the app may restart.
        async with httpx.AsyncClient(timeout=hook.WITHIN, trust_env=False, verify=PLAIN) as client:
            try:
                answer = await client.post(
                    url, content=parcel.body, headers=_bytes(parcel.headers)
                )
                status, body = answer.status_code, _content(answer)
            except httpx.TimeoutException:
                status, body = 504, None
            except httpx.HTTPError:
                status, body = 0, None
        return Receipt(status=status, body=body, seconds=time.monotonic() - started)


def _bytes(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the headers as they go out: a test may send what no client would."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _content(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(query),
        headers=headers,
        body=body,
    )


async def _write(send: Send, answer: Answer) -> None:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    headers = {"content-type": "application/json; charset=utf-8", **answer.headers}
    if answer.status != 204:
        headers["content-length"] = str(len(body))
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": b"" if answer.status == 204 else body})


async def _cut(receive: Receive, send: Send) -> None:
    """Close the connection without a word; ASGI has none for it, uvicorn's transport does."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
