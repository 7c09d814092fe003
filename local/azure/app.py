"""The gateway: every call on Resource Manager comes in here and goes out here.

In order: ordered faults, the token, what fell due, the buckets, the router; then the record of the
call, the commit, and the headers every answer has. From settling to commit nothing awaits, so each
call is atomic towards the others. A query of logs goes the same way and branches off after the
faults: it is another service's (`monitor.queries`), and is worked on in a thread.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.azure import control, router, throttle
from local.azure.arm import Answer, Call, Clock, Late, Refusal
from local.azure.calls import Calls
from local.azure.cutting import cut
from local.azure.deployments import engine, stacks
from local.azure.faults import Fault, is_write
from local.azure.journal import Journal
from local.azure.monitor import queries
from local.azure.monitor.courier import Courier
from local.azure.tokens import Tokens
from local.azure.types import TABLE
from local.azure.types.authorization import remember
from local.azure.world import World
from local.stack import Stack

_log = logging.getLogger(__name__)
_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]
_OUR_FAULT = Refusal(
    500, "InternalServerError", "The simulator is at fault; see its standard error."
)
Heard = Callable[[Call], None]
LARGEST_BODY = 4 * 1024 * 1024


def make_world(clock: Clock, journal: Journal, *, subscription: str, tenant: str) -> World:
    """Return the world that the journal remembers."""
    world = World(
        table=TABLE,
        clock=clock,
        journal=journal,
        subscription=subscription,
        tenant=tenant,
        door=router.answer,
        heard=(engine.heard, stacks.bereaved),
    )
    world.deployments.followers.append(stacks.heard)
    return world


def build(
    world: World,
    tokens: Tokens,
    *,
    courier: Courier | None = None,
    stack: Stack | None = None,
    heard: Heard | None = None,
) -> Starlette:
    """Return the application behind the HTTPS port; without a courier alerts are only listed.

    `heard` is told of each call to Resource Manager, before it is answered.
    """
    calls = Calls(world.journal)
    gateway = _Gateway(world, tokens, calls, heard)
    routes = control.routes(world, calls, courier or Courier(world, None), stack)
    return Starlette(routes=[*routes, Route("/{path:path}", gateway.answer, methods=_METHODS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of a request before anybody is asked to answer it."""

    method: str
    path: str
    query: str
    correlation: str
    request_id: str
    now: datetime


class _Gateway:
    def __init__(self, world: World, tokens: Tokens, calls: Calls, heard: Heard | None) -> None:
        self._world, self._tokens, self._calls, self._heard = world, tokens, calls, heard

    async def answer(self, request: Request) -> Response:
        """Answer one call, or cut its connection where a fault says so."""
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return Response(status_code=413)
        now = self._world.clock.now()
        seen = _seen(request, now)
        fault = self._world.faults.take(seen.method, seen.path)
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if fault is not None and fault.drop == "before":
            self._record(seen, None)
            return await cut(request)
        if fault is not None and fault.status is not None and not fault.late:
            found = _ordered(fault, self._world.table.form(seen.path))
        else:
            found = await self._worked(request, seen, body, fault)
        self._record(seen, found.status)
        if fault is not None and fault.drop == "after":
            return await cut(request)
        return _response(found, seen)

    async def _worked(
        self, request: Request, seen: _Seen, body: bytes, fault: Fault | None
    ) -> Answer:
        try:
            header = request.headers.get("authorization")
            if queries.is_query(seen.path):
                principal = await queries.principal(self._tokens, header)
                prefer = request.headers.get("prefer", "")
                call = self._call(request, seen, body, principal=principal)
                return await self._queried(call, prefer)
            principal = await self._tokens.principal(header)
            late = None
            if fault is not None and fault.late and is_write(seen.method):
                late = fault.at_the_end
            call = self._call(request, seen, body, principal=principal, late=late)
            if self._heard is not None:
                self._heard(call)
            return self._answered(call)
        except Refusal as refusal:
            return refusal.answer()

    def _call(
        self,
        request: Request,
        seen: _Seen,
        body: bytes,
        *,
        principal: str,
        late: Late | None = None,
    ) -> Call:
        return Call(
            method=seen.method,
            path=request.scope["raw_path"].decode("latin-1"),
            query=_query(request.query_params),
            body=body,
            base=f"{request.url.scheme}://{request.url.netloc}",
            principal=principal,
            now=self._world.clock.now(),
            request_id=seen.request_id,
            late=late,
            if_match=request.headers.get("if-match", ""),
            if_none_match=request.headers.get("if-none-match", ""),
        )

    async def _queried(self, call: Call, prefer: str) -> Answer:
        self._world.settle(call.now)
        try:
            return await queries.answer(self._world, call, prefer=prefer)
        except Refusal:
            raise
        except Exception:
            _log.exception("%s %s", call.method, call.path)
            return _OUR_FAULT.answer()

    def _answered(self, call: Call) -> Answer:
        world = self._world
        world.settle(call.now)
        left = throttle.spend(world, call)
        remember(world, call)
        try:
            found = router.answer(world, call)
        except Refusal as refusal:
            found = refusal.answer(world.table.form(call.path))
        except Exception:
            _log.exception("%s %s", call.method, call.path)
            found = _OUR_FAULT.answer()
        return replace(found, headers={**left, **found.headers})

    def _record(self, seen: _Seen, status: int | None) -> None:
        self._calls.add(
            seen.now, method=seen.method, path=seen.path, query=seen.query, status=status
        )
        self._world.commit()


def _seen(request: Request, now: datetime) -> _Seen:
    request_id = str(uuid4())
    return _Seen(
        method=request.method,
        path=unquote(request.scope["raw_path"].decode("latin-1")),
        query=request.url.query,
        correlation=request.headers.get("x-ms-correlation-request-id", request_id),
        request_id=request_id,
        now=now,
    )


def _query(given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters, the api-version's name and OData's in the case we look for."""
    return {name.lower() if name.lower() in _FOLDED else name: v for name, v in given.items()}


_FOLDED = {"api-version", "$filter", "$top", "$expand", "$skiptoken", "tail", "timestamps"}


# What Resource Manager says itself of a provider that fails it.
_GATEWAY = {"GatewayTimeout", "ServerTimeout", "SubscriptionRequestsThrottled"}


def _ordered(fault: Fault, form: str) -> Answer:
    assert fault.status is not None
    if fault.status < 400 or not fault.code:
        return Answer(status=fault.status, headers=fault.headers)
    own = fault.code in _GATEWAY
    refusal = Refusal(
        fault.status,
        fault.code,
        fault.message,
        headers=fault.headers,
        details=list(fault.details) or None,
        gateway=own,
    )
    return refusal.answer(form)


def _response(found: Answer, seen: _Seen) -> Response:
    headers = {
        "cache-control": "no-cache",
        "pragma": "no-cache",
        "x-ms-request-id": seen.request_id,
        "x-ms-correlation-request-id": seen.correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{seen.now:%Y%m%dT%H%M%SZ}:{seen.request_id}",
        **found.headers,
    }
    if found.body is None:
        return Response(status_code=found.status, headers=headers)
    content = json.dumps(found.body, separators=(",", ":")).encode()
    kind = "application/json; charset=utf-8"
    return Response(content, found.status, headers={**headers, "content-type": kind})
