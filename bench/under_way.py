"""GitHub waits ten seconds for an answer: how long does it wait while everything else runs?

The whole stack is up, with previews, timers and queues at work. Deliveries come at fixed instants,
whether the one before was answered or not, and each wait counts from its own instant: who is slow
once makes all that follow wait, and that must show. Every delivery has work to do, so that the
queues run too. What is promised is p99 over a quarter of a second.
"""

import hashlib
import hmac
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from bench.measure import Claim, at
from local.outside import Stack, event, run, stack

A_SECOND, SECONDS = 50, 20
MOST = 0.25  # seconds
_PREVIEWS = 4
_STARTED = "2026-03-02T09:00:00Z"
_STORED = frozenset({"accepted", "done"})


def measure() -> Claim:
    """Return the 99th percentile of the webhook's answers over what is promised."""
    with (
        tempfile.TemporaryDirectory(prefix="tesoro-bench-") as folder,
        stack(Path(folder), clock="real") as running,
    ):
        _bring_up(running)
        took = _send(running)
        _check(running)
    took.sort()
    detail = f"p50 {at(took, 0.5) * 1e3:.0f} ms, p99 {at(took, 0.99) * 1e3:.0f} ms"
    return Claim(
        name=f"webhook over HTTP, {A_SECOND} a second with everything running, p99 / 250 ms",
        ratio=at(took, 0.99) / MOST,
        detail=(f"{detail}, longest {took[-1] * 1e3:.0f} ms, of {len(took)}",),
        at_most=1.0,
    )


def _bring_up(running: Stack) -> None:
    """Have previews ready, and some on their way, before anything is measured."""
    for number in range(1, _PREVIEWS + 1):
        running.deliver("pull_request", event("opened", number, _sha(number), _STARTED))
        running.deliver("workflow_run", run(_sha(number)))
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        shown = running.api("environments")["value"]
        if sum(e["kind"] == "preview" and e["phase"] == "ready" for e in shown) == _PREVIEWS:
            return
        time.sleep(1)
    raise RuntimeError("the previews did not come up, so nothing was running to be measured")


def _send(running: Stack) -> list[float]:
    """Send deliveries at their instants and return how long each was waited for, in seconds."""
    parcels = [_parcel(running, number) for number in range(A_SECOND * SECONDS)]
    url = f"{running.ready['app']}/api/github/webhooks"
    start = time.perf_counter() + 1
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    with httpx.Client(timeout=10, limits=limits) as client:

        def send(number: int) -> float:
            due = start + number / A_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            body, headers = parcels[number]
            answer = client.post(url, content=body, headers=headers)
            if answer.status_code != 202:
                raise RuntimeError(f"a delivery was answered {answer.status_code}: {answer.text}")
            return time.perf_counter() - due

        with ThreadPoolExecutor(64) as pool:
            return list(pool.map(send, range(len(parcels))))


def _parcel(running: Stack, number: int) -> tuple[bytes, dict[str, str]]:
    """Return a signed delivery about one of the previews, its body unlike any other."""
    pull = number % _PREVIEWS + 1
    payload = event("synchronize", pull, _sha(pull), _STARTED) | {"bench": number}
    body = json.dumps(payload).encode()
    secret = str(running.ready["webhook_secret"]).encode()
    return body, {
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": f"under-way-{number}",
        "x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }


def _check(running: Stack) -> None:
    """Refuse the measurement where not every delivery was stored."""
    listed: list[dict[str, Any]] = running.api("deliveries")["value"]
    unstored = [d["id"] for d in listed if d["state"] not in _STORED]
    if unstored or len(listed) < 200:
        raise RuntimeError(f"not every delivery was stored: {unstored[:5]} of {len(listed)}")


def _sha(number: int) -> str:
    return f"{number:08x}" * 5
