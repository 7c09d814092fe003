"""Moving the app clock with alerts on their way.

The host moves the clock; it knows its timers and queues, and nothing of what an action group still
has to deliver. So an advance is cut at every instant at which a delivery is due: the host goes
there, the delivery is made, and the host goes on, which also drains what the delivery led to. A
jump is time in which nobody was there: the tries in it fail.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from local.azure.arm import Clock
from local.azure.monitor import timespans
from local.azure.monitor.courier import Courier

Ask = Callable[[bytes], Awaitable[httpx.Response]]


async def move(body: bytes, *, ask: Ask, clock: Clock, courier: Courier) -> httpx.Response:
    """Return the host's answer to a move of the clock, with what every part of it fired.

    What is not a plain advance or jump is the host's to refuse.
    """
    match _asked(body):
        case {"jump": str()}:
            async with courier.away():
                return await ask(body)
        case {"advance": str(text)}:
            try:
                target = clock.now() + timespans.length(text)
            except (ValueError, OverflowError):
                return await ask(body)
            return await _advance(target, ask=ask, clock=clock, courier=courier)
    return await ask(body)


async def _advance(
    target: datetime, *, ask: Ask, clock: Clock, courier: Courier
) -> httpx.Response:
    fired: Counter[str] = Counter()
    while True:
        due = courier.next_due()
        is_last = due is None or due > target
        step = max((target if is_last or due is None else due) - clock.now(), timedelta(0))
        answer = await ask(json.dumps({"advance": f"PT{step.total_seconds():.6f}S"}).encode())
        if answer.status_code != 200:
            return answer
        said = answer.json()
        fired.update(said.get("fired") or {})
        if is_last:
            return httpx.Response(200, json={**said, "fired": dict(fired)})
        await courier.catch_up()


def _asked(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
