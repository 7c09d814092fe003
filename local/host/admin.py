"""`/admin`: the host's own calls. (`/_local/clock`, which exists only here, is in `clock_door`.)

All want the master key but `ping`. A function that is started by hand runs in the background: the
caller learns only that it was started. A timer's status and schedule are left alone by it, and a
message started by hand belongs to no queue, so it is neither retried nor poisoned.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from azure.functions.http import HttpRequest
from azure.functions.queue import QueueMessage
from azure.functions.timer import TimerRequest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.clock_door import ClockDoor
from local.host.functions import Accepted, Function, Http, Queue, Timer
from local.host.gate import Gate
from local.host.http import key_of, response_of
from local.host.invocation import Call, InvocationFailed, Worker, nothing
from local.host.keys import Keys
from local.host.listeners import Listeners
from local.host.loading import Indexed
from local.host.timers import request_of

VERSION = "4.1037.0"
_BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "4.0.0"}
Endpoint = Callable[[Request], Awaitable[Response]]


class Admin:
    """The host's own doors."""

    def __init__(
        self,
        app: Accepted,
        *,
        keys: Keys,
        worker: Worker,
        gate: Gate,
        listeners: Listeners,
        clock: ClockDoor,
        host_id: str,
        errors: tuple[str, ...],
        restart: Callable[[], None],
    ) -> None:
        """Serve the app's host."""
        self._app = app
        self._keys = keys
        self._worker = worker
        self._gate = gate
        self._listeners = listeners
        self._clock = clock
        self._host_id = host_id
        self._errors = errors
        self._restart = restart
        self._started = time.monotonic()
        self._background: set[asyncio.Future[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes, which come before any function's."""
        both = ["GET", "POST"]
        return [
            Route("/admin/host/ping", self._ping, methods=both),
            Route("/admin/host/status", self._guarded(self._status), methods=both),
            Route("/admin/host/drain", self._guarded(self._drain), methods=["POST"]),
            Route("/admin/host/drain/status", self._guarded(self._drain_status)),
            Route("/admin/host/resume", self._guarded(self._resume), methods=["POST"]),
            Route("/admin/host/restart", self._guarded(self._begin_again), methods=["POST"]),
            Route("/admin/host/synctriggers", self._guarded(self._sync), methods=["POST"]),
            Route("/admin/functions", self._guarded(self._list)),
            Route("/admin/functions/{name}", self._guarded(self._one)),
            Route("/admin/functions/{name}", self._guarded(self._invoke), methods=["POST"]),
            Route("/admin/functions/{name}/status", self._guarded(self._function_status)),
            Route("/_local/clock", self._guarded(self._clock.read)),
            Route("/_local/clock", self._guarded(self._clock.move), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if not self._keys.is_master(key_of(request)):
                return Response(status_code=401)
            return await endpoint(request)

        return answer

    async def _ping(self, request: Request) -> Response:
        return Response(status_code=200)

    async def _status(self, request: Request) -> Response:
        return JSONResponse(
            {
                "id": self._host_id,
                "state": "Running",
                "version": VERSION,
                "versionDetails": f"{VERSION} local.host",
                "processUptime": int((time.monotonic() - self._started) * 1000),
                "extensionBundle": _BUNDLE,
                "errors": list(self._errors),
            }
        )

    async def _drain(self, request: Request) -> Response:
        self._listeners.stop()
        return Response(status_code=202)

    async def _drain_status(self, request: Request) -> Response:
        if not self._listeners.is_stopped:
            state = "Disabled"
        else:
            state = "InProgress" if self._listeners.is_running else "Completed"
        return JSONResponse(
            {
                "state": state,
                "outstandingInvocations": self._worker.running,
                "outstandingRetries": 0,
            }
        )

    async def _resume(self, request: Request) -> Response:
        if self._listeners.is_stopped:
            await self._listeners.ended()
            self._listeners.start()
        return JSONResponse({"state": "Running"})

    async def _begin_again(self, request: Request) -> Response:
        self._restart()
        return Response(status_code=202)

    async def _sync(self, request: Request) -> Response:
        return JSONResponse({"status": "success"})

    async def _list(self, request: Request) -> Response:
        return JSONResponse([self._described(one, request) for one in self._app.indexed])

    async def _one(self, request: Request) -> Response:
        found = self._indexed(request)
        return JSONResponse(self._described(found, request)) if found else _missing()

    async def _function_status(self, request: Request) -> Response:
        found = self._indexed(request)
        if found is None:
            return _missing()
        errors = self._app.faults.get(found.name)
        return JSONResponse({"errors": list(errors)} if errors else {})

    async def _invoke(self, request: Request) -> Response:
        function = self._app.named(request.path_params["name"])
        if function is None:
            return _missing()
        try:
            asked = json.loads(await request.body())
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return Response('the body is a JSON object: {"input": "..."}', status_code=400)
        task = asyncio.ensure_future(self._run(self._call(function, asked.get("input"))))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return Response(status_code=202)

    async def _run(self, call: Call) -> None:
        async with self._gate.hold():
            try:
                await self._worker.run(call)
            except InvocationFailed:
                return

    def _call(self, function: Function, given: object) -> Call:
        text = given if isinstance(given, str) else "" if given is None else json.dumps(given)
        accept: Callable[[Any], Any] = nothing
        bound: object
        match function.trigger:
            case Http():
                bound, accept = _request(text), response_of
            case Queue():
                plain: Mapping[Any, object] = {str: text, bytes: text.encode()}
                message = QueueMessage(id="", body=text, dequeue_count=0)
                bound = plain.get(function.indexed.annotation, message)
            case Timer():
                bound = self._timer_request(function)
        return Call(function=function, bind=lambda: bound, detail="started by hand", accept=accept)

    def _timer_request(self, function: Function) -> TimerRequest:
        for timer in self._listeners.timers:
            if timer.name == function.name:
                return timer.request(is_past_due=False)
        return request_of(None, is_past_due=False)

    def _indexed(self, request: Request) -> Indexed | None:
        name = request.path_params["name"].lower()
        return next((one for one in self._app.indexed if one.name.lower() == name), None)

    def _described(self, one: Indexed, request: Request) -> dict[str, Any]:
        function = self._app.named(one.name)
        address = f"{request.url.scheme}://{request.url.netloc}"
        route = None
        if function is not None and isinstance(function.trigger, Http):
            route = f"{address}/{function.trigger.template.text}"
        return {
            "name": one.name,
            "script_root_path_href": None,
            "href": f"{address}/admin/functions/{one.name}",
            "invoke_url_template": route,
            "language": "python",
            "config": {"name": one.name, "bindings": [dict(b) for b in one.bindings]},
            "isDisabled": function is not None and function.is_disabled,
            "isDirect": False,
        }


def _request(text: str) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url="http://localhost/",
        headers={},
        params={},
        route_params={},
        body_type="bytes",
        body=text.encode(),
    )


def _missing() -> Response:
    return Response(status_code=404)
