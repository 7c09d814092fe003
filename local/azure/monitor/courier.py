"""How an action group carries an alert to the app: tries, pauses, and then silence.

One try, and up to five more after 5, 20, 5, 40 and 5 seconds where the answer is 408, 429, 503 or
504, or where nobody answers. After the last one nothing is sent to the address for a quarter of an
hour, whatever fires.
https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#webhook

Pauses are of the app clock. In real time whoever ordered the alert waits for its end. Under a held
clock he gets the outcome of the first try, since time stands still until he moves it; the other
tries are due work like a timer's: the clock stops at each of them while it advances
(`clockmove`), and time that is jumped over is time in which nobody was there to answer.
What is due is in the journal, so a restart goes on with it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from local.azure.arm import Json
from local.azure.world import World
from local.loopback import PLAIN

PAUSES = tuple(timedelta(seconds=count) for count in (5, 20, 5, 40, 5))
SILENCE = timedelta(minutes=15)
RETRIED = frozenset({408, 429, 503, 504})
_WITHIN = 10.0  # seconds of the machine's clock that an answer may take
_LOOK_EVERY = 0.05
_KIND = "delivery"
_SILENT = "alerts/silent"


Send = Callable[[str, str], Awaitable[int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A payload on its way: `due` is when it is tried (again), None once it is over.

    `status` is the last answer's; None where nobody ever answered.
    """

    id: str
    alert: str | None
    body: str
    ordered: datetime
    tries: int = 0
    status: int | None = None
    due: datetime | None = None
    end: str | None = None  # accepted, refused, given up, silenced

    def shown(self) -> Json:
        """Return it as it is told, without its body."""
        row = _write(self)
        return {name: row[name] for name in row if name not in ("id", "body")}


async def post(address: str, body: str) -> int | None:
    """Return the status of one POST; None where there was no answer in time."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "IcMBroadcaster/1.0",
    }
    async with httpx.AsyncClient(timeout=_WITHIN, trust_env=False, verify=PLAIN) as client:
        try:
            answer = await client.post(address, content=body.encode(), headers=headers)
        except httpx.HTTPError:
            return None
    return answer.status_code


class Courier:
    """Posts to one address; without an address alerts are only listed."""

    def __init__(
        self,
        world: World,
        address: str | None,
        *,
        is_patient: bool = False,
        send: Send = post,
    ) -> None:
        """Read back what was on its way; `is_patient` waits for a delivery's end."""
        self._world, self._address, self._is_patient = world, address, is_patient
        self._send = send
        self._known = {key: _read(row) for key, row in world.journal.rows(_KIND)}
        self._turn = asyncio.Lock()

    async def post(self, body: Any, *, alert: str | None) -> Delivery:
        """Send a payload, text as it is and anything else as JSON; return what became of it."""
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        now = self._world.clock.now()
        delivery = Delivery(id=str(uuid4()), alert=alert, body=text, ordered=now, due=now)
        if self._address is None or self._is_silent(now):
            kept = self._keep(replace(delivery, due=None, end="silenced"))
            self._world.commit()
            return kept
        self._keep(delivery)
        self._world.commit()
        async with self._turn:
            await self._try(delivery.id)
        while self._is_patient and self._known[delivery.id].due is not None:
            await asyncio.sleep(_LOOK_EVERY)
        return self._known[delivery.id]

    def next_due(self) -> datetime | None:
        """Return when something is to be tried next."""
        return min((one.due for one in self._known.values() if one.due), default=None)

    def deliveries(self) -> list[Delivery]:
        """Return everything that was sent or is to be, the oldest first."""
        return list(self._known.values())

    async def catch_up(self) -> None:
        """Try everything that is due by now, the earliest first."""
        async with self._turn:
            for one in sorted(self._due(), key=lambda delivery: (delivery.due, delivery.id)):
                await self._try(one.id)

    async def watch(self) -> None:
        """Try what falls due, for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self._due():
                await self.catch_up()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Let time be jumped over inside this block: the tries in it find nobody."""
        async with self._turn:
            yield
            while due := self._due():
                first = min(due, key=lambda delivery: (delivery.due, delivery.id))
                assert first.due is not None
                self._end_try(first, None, at=first.due)
            self._world.commit()

    async def _try(self, delivery_id: str) -> None:
        delivery = self._known[delivery_id]
        if delivery.due is None or self._address is None:
            return
        status = await self._send(self._address, delivery.body)
        self._end_try(delivery, status, at=self._world.clock.now())
        self._world.commit()

    def _end_try(self, delivery: Delivery, status: int | None, *, at: datetime) -> None:
        """Write down a try and decide what follows."""
        tried = replace(delivery, tries=delivery.tries + 1, status=status, due=None)
        if status is not None and status not in RETRIED:
            self._keep(replace(tried, end="accepted" if 200 <= status < 300 else "refused"))
        elif tried.tries <= len(PAUSES):
            self._keep(replace(tried, due=at + PAUSES[tried.tries - 1]))
        else:
            self._keep(replace(tried, end="given up"))
            self._world.note(_SILENT, (at + SILENCE).isoformat())
            for other in [one for one in self._known.values() if one.due is not None]:
                self._keep(replace(other, due=None, end="silenced"))

    def _due(self) -> list[Delivery]:
        now = self._world.clock.now()
        return [one for one in self._known.values() if one.due is not None and one.due <= now]

    def _is_silent(self, now: datetime) -> bool:
        until = self._world.notes.get(_SILENT)
        return until is not None and now < datetime.fromisoformat(until)

    def _keep(self, delivery: Delivery) -> Delivery:
        self._known[delivery.id] = delivery
        self._world.journal.put(_KIND, delivery.id, _write(delivery))
        return delivery


def _write(delivery: Delivery) -> Json:
    row: Json = asdict(delivery)
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _read(row: Json) -> Delivery:
    times = {name: datetime.fromisoformat(row[name]) for name in ("ordered", "due") if row[name]}
    return Delivery(**{**row, **times})
