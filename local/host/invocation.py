"""The worker: runs one call of one function, in a thread or on the loop, and says how it ended.

A sync function runs in one pool of threads, an async one on the event loop, which it blocks if it
blocks. A call that outlives `functionTimeout` fails, and with it every other call of the worker:
Azure restarts the process, because a thread cannot be stopped. So does this host: all running
calls fail at once (their messages go back to the queue) and then the process ends, to be started
again by its parent.
"""

import asyncio
import concurrent.futures.thread
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any

from local.host import logs
from local.host.context import Attempt, InvocationContext, Trace
from local.host.functions import Function

_log = logging.getLogger(__name__)
_OURS = (__file__, concurrent.futures.thread.__file__)


class InvocationFailed(Exception):
    """The call raised, returned what it may not, or was cut off. It has been logged."""


class WorkerRestarted(Exception):
    """The worker is being restarted, so whatever ran in it has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One event for one function.

    `bind` gives what the trigger's parameter gets, and `accept` turns the returned value into the
    trigger's own result; either fails the call by raising. `detail` is for the log: no keys, no
    query, no body. `tell` says, for the log, what the accepted result is.
    """

    function: Function
    bind: Callable[[], object]
    detail: str
    accept: Callable[[Any], Any]
    tell: Callable[[Any], str] = field(default=lambda _: "")
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace_parent: str = ""
    trace_state: str = ""
    attempt: Attempt = field(default_factory=Attempt)


def nothing(value: object) -> None:
    """Accept what a function without an output returns: nothing."""
    if value is not None:
        raise TypeError(
            "a function without a $return binding returned a value that is not None: "
            f"{type(value).__name__}"
        )


class Worker:
    """Runs calls. `on_timeout` is told, once, that the process must be replaced."""

    def __init__(
        self, *, threads: int, limit: timedelta | None, on_timeout: Callable[[], None]
    ) -> None:
        """Make the pool; no thread starts before it is needed."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._limit = limit
        self._on_timeout = on_timeout
        self._running: set[asyncio.Future[Any]] = set()

    @property
    def running(self) -> int:
        """How many calls run now."""
        return len(self._running)

    async def run(self, call: Call) -> Any:
        """Run the call to its end and return what `call.accept` made of it.

        Raises InvocationFailed, having logged why.
        """
        started = time.perf_counter()
        try:
            returned = await self._returned(call)
            accepted = call.accept(returned)
        except Exception as problem:
            # The exception's own text is the user's; it goes where Azure puts it, into the log.
            _report(call, started, problem=problem)
            raise InvocationFailed(call.function.name) from problem
        _report(call, started, told=call.tell(accepted))
        return accepted

    async def _returned(self, call: Call) -> Any:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Any] = loop.create_future()
        self._running.add(outcome)
        clock = (
            loop.call_later(self._limit.total_seconds(), self._time_out, call)
            if self._limit
            else None
        )
        try:
            self._begin(call, outcome)
            return await outcome
        finally:
            self._running.discard(outcome)
            if clock:
                clock.cancel()

    def _begin(self, call: Call, outcome: asyncio.Future[Any]) -> None:
        arguments = {call.function.indexed.trigger["name"]: call.bind()}
        if call.function.indexed.wants_context:
            arguments["context"] = InvocationContext(
                id=call.id,
                function=call.function,
                trace=Trace(call.trace_parent, call.trace_state),
                attempt=call.attempt,
            )
        running: asyncio.Future[Any]
        if call.function.indexed.is_async:
            running = asyncio.ensure_future(_run_on_loop(call, arguments))
        else:
            running = asyncio.wrap_future(self._pool.submit(_run_in_thread, call, arguments))
        running.add_done_callback(lambda done: _hand_over(done, outcome))

    def _time_out(self, call: Call) -> None:
        _log.critical(
            "TIMEOUT: %s (%s) ran longer than functionTimeout %s; every running call fails and "
            "the worker restarts, as on Azure",
            *(call.function.name, call.detail, self._limit),
        )
        self.fail_all()
        self._on_timeout()

    def fail_all(self) -> None:
        """Fail every running call now; what still runs in a thread is heard no more."""
        for outcome in self._running:
            if not outcome.done():
                outcome.set_exception(WorkerRestarted("the worker restarts"))

    def close(self) -> None:
        """Take no more calls and wait for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _hand_over(done: asyncio.Future[Any], outcome: asyncio.Future[Any]) -> None:
    if done.cancelled():
        problem: BaseException | None = WorkerRestarted("the call was cancelled")
    else:
        problem = done.exception()
    if outcome.done():
        return
    if problem is None:
        outcome.set_result(done.result())
    elif isinstance(problem, Exception):
        outcome.set_exception(problem)
    else:
        # SystemExit and the like end a call, never the host.
        outcome.set_exception(RuntimeError(f"the function raised {problem!r}"))


def _run_in_thread(call: Call, arguments: dict[str, object]) -> Any:
    logs.THREAD.invocation_id = call.id
    try:
        return call.function.indexed.run(**arguments)
    except StopIteration as problem:  # a future cannot carry it
        raise RuntimeError("the function raised StopIteration") from problem
    finally:
        del logs.THREAD.invocation_id


async def _run_on_loop(call: Call, arguments: dict[str, object]) -> Any:
    logs.TASK.set(call.id)
    return await call.function.indexed.run(**arguments)


def _report(
    call: Call, started: float, *, told: str = "", problem: Exception | None = None
) -> None:
    _log.log(
        logging.ERROR if problem else logging.INFO,
        "%s %s in %d ms (%s) [%s]",
        call.function.name,
        "failed" if problem else "succeeded",
        (time.perf_counter() - started) * 1000,
        " ".join(filter(None, (call.detail, told))),
        call.id[:8],
        exc_info=(type(problem), problem, _of_the_user(problem)) if problem else None,
    )


def _of_the_user(problem: Exception) -> TracebackType | None:
    """Return the traceback without this module's frames and the pool's, which tell nothing."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in _OURS:
        trace = trace.tb_next
    return trace
