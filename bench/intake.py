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
from contextlib import suppress
from dataclasses import replace
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient

from bench.measure import Claim, Load, middle, under_load
from bench.plane import SECRET, services
from provisioning.coalescing import never
from provisioning.github.receive import is_signed, read
from provisioning.intake import deliveries
from provisioning.services import Services

_BODY = 8_000  # bytes, as many deliveries have
_CALLS, _ROUNDS = 200, 7
LEAST_EACH, LEAST_COALESCED = 0.4, 0.8


def measure(storage: str) -> list[Claim]:
    """Return the door's throughput over a bare receiver's, with one caller and with eight.

    Twice: with a message for each delivery, and as deployed, where a burst leaves few.
    """
    deployed = services(storage)
    each = replace(deployed, arrivals=never())
    return [
        _compare(_door(plane), _bare(storage, plane), threads, name=name, at_least=at_least)
        for plane, name, at_least in (
            (each, "webhook door, a nudge each", LEAST_EACH),
            (deployed, "webhook door, nudges coalesced", LEAST_COALESCED),
        )
        for threads in (1, 8)
    ]


def _door(plane: Services) -> Callable[[Any], None]:
    secrets = plane.settings.webhook_secrets

    def door(parcel: tuple[Mapping[str, str], bytes]) -> None:
        deliveries.receive(plane, read(*parcel, secrets))

    return door


def _bare(storage: str, plane: Services) -> Callable[[Any], None]:
    secrets = plane.settings.webhook_secrets
    queue = QueueServiceClient.from_connection_string(storage).get_queue_client("bare")
    with suppress(ResourceExistsError):
        queue.create_queue()

    def bare(parcel: tuple[Mapping[str, str], bytes]) -> None:
        headers, body = parcel
        assert is_signed(body, headers["x-hub-signature-256"], secrets)
        queue.send_message(base64.b64encode(body).decode())

    return bare


def _compare(
    door: Callable[[Any], None],
    bare: Callable[[Any], None],
    threads: int,
    *,
    name: str,
    at_least: float,
) -> Claim:
    ours: list[Load] = []
    theirs: list[Load] = []
    for turn in range(_ROUNDS + 1):  # the first only warms up
        parcels = [_parcel(f"{name}-{threads}-{turn}-{number}") for number in range(_CALLS)]
        for loads, work in ((ours, door), (theirs, bare)):
            loads.append(under_load(_on(work, parcels), calls=_CALLS, threads=threads))
    one, other = middle(ours[1:]), middle(theirs[1:])
    return Claim(
        name=f"{name} / bare receiver, deliveries a second, {threads} at once",
        ratio=one.rate / other.rate,
        at_least=at_least,
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
        "x-github-delivery": "bench-" + hashlib.sha256(name.encode()).hexdigest()[:24],
    }
    return headers, body
