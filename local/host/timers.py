"""The timer trigger: one job a function, that never overlaps itself.

A job knows when it is due. In real time `keep` sleeps until then; in held time nobody sleeps and
`drive` fires what is due when it has moved the clock. What was missed while the host was down, or
while a run took too long, is made good by one run, however many occurrences there were. An error
never stops a schedule.

Azure runs each timer in one place by a lease on a blob. One host runs here, so there is none.
"""

import asyncio
import contextlib
import logging
import random
import uuid
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError
from azure.functions.timer import TimerRequest

from local.clock import Clock
from local.host import monitor
from local.host.context import Attempt
from local.host.functions import Function, Retry, Timer
from local.host.gate import Gate
from local.host.invocation import Call, InvocationFailed, Worker, nothing
from local.host.monitor import Status, StatusBlob
from local.host.ncrontab import NEVER, next_fire
from local.host.storage import Storage

_log = logging.getLogger(__name__)
_LONGEST_SLEEP = timedelta(hours=1)
_FIRST_PAUSE, _LAST_PAUSE = 0.5, 120.0  # seconds between tries to read the status


class TimerJob:
    """One timer function and when it is due."""

    def __init__(
        self,
        function: Function,
        trigger: Timer,
        *,
        worker: Worker,
        gate: Gate,
        clock: Clock,
        storage: Storage,
        blob: StatusBlob,
    ) -> None:
        """Prepare; `begin` reads the status and makes good what was missed."""
        self._function = function
        self._trigger = trigger
        self._worker = worker
        self._gate = gate
        self._clock = clock
        self._storage = storage
        self._blob = blob
        self._status: Status | None = None
        self._is_saved = True
        self._due = NEVER
        self._begun = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.name

    @property
    def due(self) -> datetime:
        """When it fires next, UTC."""
        return self._due

    @property
    def is_monitored(self) -> bool:
        """Whether a missed run is made good."""
        return self._trigger.is_monitored

    async def begun(self) -> None:
        """Wait until the status has been read."""
        await self._begun.wait()

    async def begin(self) -> None:
        """Read the status, decide what it means, and run at once where it asks for that."""
        now = self._clock.now()
        is_past_due = False
        if self._trigger.is_monitored:
            standing = monitor.assess(await self._recorded(), self._trigger.schedule, now=now)
            self._status, is_past_due = standing.status, standing.is_past_due
            self._due = standing.status.next
            if standing.is_new:
                self._is_saved = False
                await self.save()
        else:
            self._due = next_fire(self._trigger.schedule, now)
        # The hold is taken before anyone can see that this job has begun and move the clock.
        async with self._gate.hold():
            self._begun.set()
            # Past due comes first: it is one run, not two.
            if is_past_due or self._trigger.run_on_startup:
                await self.fire(self._clock.now(), is_past_due=is_past_due)

    async def keep(self) -> None:
        """In real time: begin, then fire whenever it is due, until `stop`."""
        await self.begin()
        while not self._stopping.is_set():
            wait = self._due - self._clock.now()
            if wait > timedelta(0):
                await self._pause(min(wait, _LONGEST_SLEEP).total_seconds())
                continue
            # A run that outlasted its next occurrence is followed by one run, for all it missed.
            await self.fire(max(self._due, self._clock.now()))

    def stop(self) -> None:
        """Fire no more; what runs now runs to its end."""
        self._stopping.set()

    async def fire(self, at: datetime, *, is_past_due: bool = False, save: bool = True) -> None:
        """Run once for the instant `at`, and note what comes next. Never raises for the run."""
        async with self._gate.hold():
            await self._run(at, is_past_due=is_past_due)
            self._status = monitor.after_run(self._trigger.schedule, at)
            self._due = self._status.next
            self._is_saved = not self._trigger.is_monitored
            if save:
                await self.save()

    def skip_to(self, now: datetime) -> None:
        """Let pass, without a run, whatever was due before `now`."""
        self._due = next_fire(self._trigger.schedule, now)

    async def save(self) -> None:
        """Write the status where it is not yet written; a failure is only logged."""
        if self._is_saved or self._status is None:
            return
        try:
            await self._storage.ask(self._blob.write, self._status)
        except AzureError as problem:
            _log.warning("the status of %s is not saved: %s", self.name, type(problem).__name__)
        else:
            self._is_saved = True

    async def _recorded(self) -> Status | None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                return await self._storage.ask(self._blob.read)
            except AzureError as problem:
                _log.warning(
                    "timer %s cannot start yet: its status cannot be read (%s)",
                    *(self.name, type(problem).__name__),
                )
            await self._pause(pause * random.uniform(0.8, 1.2))
            pause = min(_LAST_PAUSE, pause * 2)
        raise asyncio.CancelledError

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _run(self, at: datetime, *, is_past_due: bool) -> None:
        request = self.request(is_past_due=is_past_due)
        detail = f"timer due {at:%Y-%m-%dT%H:%M:%SZ}{' past due' if is_past_due else ''}"
        retry = self._trigger.retry or Retry(most=0, shortest=timedelta(0), longest=timedelta(0))
        # One id for every attempt, as in the host's own retries.
        shared, number = str(uuid.uuid4()), 0
        while True:
            call = Call(
                function=self._function,
                bind=lambda: request,
                detail=detail + (f" attempt {number}" if number else ""),
                accept=nothing,
                id=shared,
                attempt=Attempt(number=number, most=retry.most),
            )
            try:
                await self._worker.run(call)
                return
            except InvocationFailed:
                if number == retry.most:
                    return
            wait = min(retry.longest, retry.shortest * 2 ** min(number, 30))
            await asyncio.sleep(wait.total_seconds())
            number += 1

    def request(self, *, is_past_due: bool) -> TimerRequest:
        """Return what the function is given."""
        known = self._status if self._trigger.is_monitored else None
        return request_of(known, is_past_due=is_past_due)


def request_of(status: Status | None, *, is_past_due: bool) -> TimerRequest:
    """Return what a timer function is given; `status` None where nothing is kept of it."""
    return TimerRequest(
        past_due=is_past_due,
        schedule_status=status.document() if status else {},
        schedule={"AdjustForDST": True},
    )
