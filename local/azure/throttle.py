"""Resource Manager's token buckets, and the provider's counters beside them.

Published numbers (learn.microsoft.com "Understand how Azure Resource Manager throttles requests",
since 2024): for each subscription, principal and kind of operation a bucket of 250 reads that
refills by 25 a second, 200 writes and 200 deletes that refill by 10. Time is the app's: under a
held clock a bucket refills when the clock moves. A call refused spends nothing.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.azure.arm import Call, Refusal
from local.azure.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How much fits, and how much comes back each second."""

    kind: str
    size: int
    refill: int

    @property
    def header(self) -> str:
        """The header that tells what is left."""
        return f"x-ms-ratelimit-remaining-subscription-{self.kind}"


READS = Bucket(kind="reads", size=250, refill=25)
WRITES = Bucket(kind="writes", size=200, refill=10)
DELETES = Bucket(kind="deletes", size=200, refill=10)


def bucket(method: str) -> Bucket:
    """Return the bucket a method draws from."""
    if method in {"GET", "HEAD"}:
        return READS
    return DELETES if method == "DELETE" else WRITES


def spend(world: World, call: Call) -> dict[str, str]:
    """Take a token and return the header that says how many are left; refuse when none is."""
    drawn = bucket(call.method)
    key = f"bucket/{call.principal}/{drawn.kind}"
    level = _level(world.notes.get(key), drawn, call.now)
    if level < 1:
        wait = max(1, math.ceil((1 - level) / drawn.refill))
        raise Refusal(
            429,
            "SubscriptionRequestsThrottled",
            f"Number of '{drawn.kind}' requests for subscription '{world.subscription}' actor"
            f" '{call.principal}' exceeded. Please try again after '{wait}' seconds after"
            " additional tokens are available. Refer to https://aka.ms/arm-throttling for"
            " additional information.",
            gateway=True,
            headers={"retry-after": str(wait), drawn.header: "0"},
        )
    world.note(key, [level - 1, call.now.isoformat()])
    return {drawn.header: str(int(level - 1))}


def count(
    world: World, key: str, limits: dict[str, tuple[int, int]], call: Call
) -> dict[str, str]:
    """Count one more in every window of `limits` (name -> most, seconds); refuse a full one.

    Returns the headers with what is left in each window.
    """
    longest = max(span for _, span in limits.values())
    start = call.now - timedelta(seconds=longest)
    found = [datetime.fromisoformat(at) for at in world.notes.get(key, [])]
    times = [at for at in found if at > start]
    left: dict[str, str] = {}
    for name, (most, span) in limits.items():
        inside = [at for at in times if at > call.now - timedelta(seconds=span)]
        if len(inside) >= most:
            opens = inside[0] + timedelta(seconds=span) - call.now
            wait = max(1, math.ceil(opens.total_seconds()))
            raise Refusal(
                429,
                "TooManyRequests",
                f"Too many requests: {most} in {span} seconds. Retry after {wait} seconds.",
                headers={"retry-after": str(wait), _counter(name): "0"},
            )
        left[_counter(name)] = str(most - len(inside) - 1)
    world.note(key, [at.isoformat() for at in (*times, call.now)])
    return left


def _counter(name: str) -> str:
    return f"x-ms-ratelimit-remaining-subscription-resource-requests-{name}"


def _level(note: object, drawn: Bucket, now: datetime) -> float:
    if not isinstance(note, list):
        return float(drawn.size)
    passed = (now - datetime.fromisoformat(note[1])).total_seconds()
    return min(float(drawn.size), float(note[0]) + max(0.0, passed) * drawn.refill)
