"""The host, put together: one event loop, one HTTP server, one worker, the listeners, the end.

The port answers before the app is loaded; requests wait for it, and get 503 if it takes too long.
An app that does not load leaves a host without functions, as on Azure: it answers 404, and says
why in the log and at `/admin/host/status`. A host.json or a route that Azure refuses ends the
process.

The end is orderly: listeners stop, what runs may finish, and after eight seconds the process goes
anyway. What was cut off comes back, messages after their invisibility and timers as past due.
"""

import asyncio
import contextlib
import hashlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from local.clock import Clock, HeldClock
from local.host import config, loading, validation
from local.host.admin import Admin
from local.host.clock_door import ClockDoor
from local.host.config import HostJson, HostRefused
from local.host.drive import Drive
from local.host.functions import Accepted, Http, Queue, Timer
from local.host.gate import Gate
from local.host.http import FunctionRoute
from local.host.invocation import Worker
from local.host.keys import Keys
from local.host.listeners import Listeners
from local.host.loading import LoadFailure
from local.host.monitor import StatusBlob
from local.host.queues import QueueListener
from local.host.server import Front, Server
from local.host.settings import Settings
from local.host.storage import Storage
from local.host.timers import TimerJob

_log = logging.getLogger(__name__)
RESTART = 75  # the exit status that asks the parent to start the host again (EX_TEMPFAIL)
REFUSED = 1
_WAIT_FOR_END = 8.0  # seconds
_WAIT_AFTER_TIMEOUT = 2.0
_HOME = (
    "<!DOCTYPE html><title>Azure Functions</title><p>Your Functions host is up and running.</p>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. `module` is the name the app's file is imported under; `prepare` runs before.

    Requests wait for the app for `patience` seconds. `tune` may change what host.json said, for
    tests that cannot wait ten minutes.
    """

    folder: Path
    settings: Settings
    keys: Keys
    clock: Clock
    module: str | None = None
    prepare: Callable[[], None] = lambda: None
    patience: float = 30.0
    tune: Callable[[HostJson], HostJson] = lambda given: given


class Host:
    """One host, for one app."""

    def __init__(self, plan: Plan) -> None:
        """Prepare; `serve` runs it."""
        self._plan = plan
        self._gate = Gate()
        self._storage = Storage()
        self._ending = asyncio.Event()
        self._status = 0
        self._patience = _WAIT_FOR_END
        self._front = Front(plan.patience)
        self.ready = asyncio.Event()

    async def serve(self, listening: socket.socket) -> int:
        """Serve on the socket until `stop`, and return the exit status."""
        server = Server(self._front, patience=_WAIT_FOR_END)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        running = asyncio.ensure_future(self._run())
        await asyncio.wait(
            (running, asyncio.ensure_future(self._ending.wait())),
            return_when=asyncio.FIRST_COMPLETED,
        )
        server.end(patience=self._patience)
        # An import that never ends must not keep the process from ending.
        _, late = await asyncio.wait((running,), timeout=self._patience + 1)
        for one in late:
            one.cancel()
        try:
            await running
        except asyncio.CancelledError:
            _log.warning("the host ended before its app was loaded")
        except HostRefused as problem:
            _log.critical("the host does not start: %s", problem)
            self._status = REFUSED
        await serving
        # A storage that hangs has seconds of patience itself; the process has not.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._storage.close), 1)
        return self._status

    def stop(self, status: int = 0, *, patience: float = _WAIT_FOR_END) -> None:
        """End `serve` in an orderly way; the first call decides the status."""
        if not self._ending.is_set():
            self._status, self._patience = status, patience
            self._ending.set()

    async def _run(self) -> None:
        """Load, listen, wait for the end, and let what runs finish."""
        plan = self._plan
        given = plan.tune(config.read(plan.folder, plan.settings))
        worker = Worker(
            threads=int(plan.settings.get("PYTHON_THREADPOOL_THREAD_COUNT") or 32),
            limit=given.function_timeout,
            on_timeout=lambda: self.stop(RESTART, patience=_WAIT_AFTER_TIMEOUT),
        )
        app, errors = await asyncio.to_thread(self._load, given)
        listeners = Listeners(
            lambda: self._listeners(app, given, worker), held=isinstance(plan.clock, HeldClock)
        )
        listeners.start()
        _announce(app)
        self._front.admit_to(self._routes(app, errors, worker, listeners))
        self.ready.set()
        await self._ending.wait()
        listeners.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await listeners.ended()
                await self._gate.idle()
        worker.close()

    def _load(self, given: HostJson) -> tuple[Accepted, tuple[str, ...]]:
        plan = self._plan
        try:
            indexed = loading.load(
                plan.folder, plan.settings, module=plan.module, prepare=plan.prepare
            )
        except LoadFailure as problem:
            _log.critical("THE APP HAS NO FUNCTIONS: %s", problem, exc_info=problem)
            return Accepted(functions=(), indexed=(), faults={}), (str(problem),)
        return validation.accept(indexed, given, plan.settings), ()

    def _listeners(
        self, app: Accepted, given: HostJson, worker: Worker
    ) -> tuple[list[QueueListener], list[TimerJob]]:
        queues, timers = [], []
        for function in app.functions:
            if function.is_disabled:
                continue
            match function.trigger:
                case Queue() as queue:
                    queues.append(
                        QueueListener(
                            function,
                            queue,
                            options=given.queues,
                            worker=worker,
                            gate=self._gate,
                            storage=self._storage,
                        )
                    )
                case Timer() as timer:
                    timers.append(
                        TimerJob(
                            function,
                            timer,
                            worker=worker,
                            gate=self._gate,
                            clock=self._plan.clock,
                            storage=self._storage,
                            blob=self._status_blob(function.name),
                        )
                    )
        return queues, timers

    def _status_blob(self, function: str) -> StatusBlob:
        blobs = self._storage.blobs(self._plan.settings.connection("", service="blob"))
        return StatusBlob(blobs, host_id=host_id(self._plan), function=function)

    def _routes(
        self, app: Accepted, errors: tuple[str, ...], worker: Worker, listeners: Listeners
    ) -> list[BaseRoute]:
        plan = self._plan
        clock = plan.clock
        drive = (
            Drive(clock, gate=self._gate, listeners=listeners)
            if isinstance(clock, HeldClock)
            else None
        )
        admin = Admin(
            app,
            keys=plan.keys,
            worker=worker,
            gate=self._gate,
            listeners=listeners,
            clock=ClockDoor(drive),
            host_id=host_id(plan),
            errors=errors,
            restart=lambda: self.stop(RESTART),
        )
        functions = [
            FunctionRoute(
                function, function.trigger, worker=worker, gate=self._gate, keys=plan.keys
            )
            for function in app.functions
            if isinstance(function.trigger, Http)
        ]
        return [*admin.routes(), *functions, Route("/", self._home, methods=["GET"])]

    async def _home(self, request: Request) -> Response:
        off = self._plan.settings.get("AzureWebJobsDisableHomepage") or ""
        return Response(status_code=204) if off.lower() == "true" else HTMLResponse(_HOME)


def host_id(plan: Plan) -> str:
    """Return the name under which this host keeps its blobs: the setting, or from the folder."""
    given = plan.settings.get("AzureFunctionsWebHost__hostid")
    digest = hashlib.sha256(str(plan.folder.resolve()).encode()).hexdigest()
    return (given or f"local-{digest[:24]}").lower()


def _announce(app: Accepted) -> None:
    for name, errors in app.faults.items():
        _log.error("FUNCTION IN ERROR: %s is skipped: %s", name, "; ".join(errors))
    for function in app.functions:
        match function.trigger:
            case Http(template=template, methods=methods):
                what = f"{','.join(sorted(methods)) or 'any method'} /{template.text}"
            case Queue(queue=queue):
                what = f"queue {queue}"
            case Timer(schedule=schedule):
                what = f"timer {schedule.text}"
        off = " (disabled)" if function.is_disabled else ""
        _log.info("function %s: %s%s", function.name, what, off)
