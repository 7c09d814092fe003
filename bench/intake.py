"""What does it cost to store a delivery before it is acknowledged?

The door checks the signature, parses, writes a row with the body and leaves a nudge. A bare
receiver checks the signature and puts the body into a queue, which no one can list, search or
replay. Both in this process, over the same SDK and the same Azurite: no HTTP server is in the way.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from azure.storage.queue import QueueServiceClient

from bench.measure import Claim, Load, middle, under_load
from bench.plane import SECRET, services
from provisioning.github.receive import is_signed, read
from provisioning.intake import deliveries

_BODY = 8_000  # bytes, as many deliveries have
_CALLS, _ROUNDS = 200, 5


def measure(storage: str) -> list[Claim]:
    """Return the door's throughput over a bare receiver's, with one caller and with eight."""
    plane = services(storage)
    secrets = plane.settings.webhook_secrets
    queue = QueueServiceClient.from_connection_string(storage).get_queue_client("bare")
    queue.create_queue()

    def door(parcel: tuple[Mapping[str, str], bytes]) -> None:
        deliveries.receive(plane, read(*parcel, secrets))

    def bare(parcel: tuple[Mapping[str, str], bytes]) -> None:
        headers, body = parcel
        assert is_signed(body, headers["x-hub-signature-256"], secrets)
        queue.send_message(base64.b64encode(body).decode())

    return [_compare(door, bare, threads) for threads in (1, 8)]


def _compare(door: Callable[[Any], None], bare: Callable[[Any], None], threads: int) -> Claim:
    ours: list[Load] = []
    theirs: list[Load] = []
    for turn in range(_ROUNDS + 1):  # the first only warms up
        parcels = [_parcel(f"{threads}-{turn}-{number}") for number in range(_CALLS)]
        for loads, work in ((ours, door), (theirs, bare)):
            loads.append(under_load(_on(work, parcels), calls=_CALLS, threads=threads))
    one, other = middle(ours[1:]), middle(theirs[1:])
    return Claim(
        name=f"webhook door / bare receiver, deliveries a second, {threads} at once",
        ratio=one.rate / other.rate,
        detail=(f"door {one}", f"bare {other}"),
    )


def _on(work: Callable[[Any], None], parcels: list[Any]) -> Callable[[int], None]:
    return lambda number: work(parcels[number])


def _parcel(name: str) -> tuple[Mapping[str, str], bytes]:
    """Return headers and body of a signed delivery, its body unlike any other."""
    payload = {
        "action": "synchronize",
        "number": 7,
        "repository": {"id": 1296269, "full_name": "tesoro/rewards-api"},
        "pull_request": {"number": 7, "body": name},
    }
    filling = hashlib.sha512(name.encode()).hexdigest() * (_BODY // 128)
    body = json.dumps({**payload, "filling": filling}).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "x-hub-signature-256": f"sha256={digest}",
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": f"bench-{name}",
    }
    return headers, body
