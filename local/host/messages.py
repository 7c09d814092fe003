"""What becomes of a queue message: read it, judge it, and when to look for the next. All pure.

The rules are those of the storage extension's `QueueListener` and `QueueProcessor`.
"""

import base64
import binascii
import random
from datetime import timedelta
from enum import StrEnum

from local.host.config import QueueOptions

_LONGEST_NAME = 63
_POISON = "-poison"
_STEP = timedelta(milliseconds=100)


class Fate(StrEnum):
    """Where a message goes next."""

    RUN = "run"
    DELETE = "delete"
    RELEASE = "release"  # visible again after visibilityTimeout
    POISON = "poison"


def on_arrival(dequeue_count: int, *, body: bytes | None, options: QueueOptions) -> Fate:
    """Say whether a message runs at all: not undecodable, and not taken too often before.

    The count goes up when a host dies as well, so five deaths poison a message that never ran.
    """
    if body is None or dequeue_count > options.max_dequeue_count:
        return Fate.POISON
    return Fate.RUN


def on_failure(dequeue_count: int, options: QueueOptions) -> Fate:
    """Say what a failed run does to its message."""
    return Fate.RELEASE if dequeue_count < options.max_dequeue_count else Fate.POISON


def decoded(text: str, options: QueueOptions) -> bytes | None:
    """Return the body of a message; None where it is not the base64 it should be."""
    if not options.base64:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def encoded(text: str, options: QueueOptions) -> str:
    """Return the text of a message as a producer must send it."""
    return base64.b64encode(text.encode()).decode() if options.base64 else text


def is_poison(queue: str) -> bool:
    """Say whether a queue is one that the host itself moves messages to."""
    return queue.endswith(_POISON)


def poison_queue(queue: str) -> str | None:
    """Return where the poisonous messages of `queue` go; None where they cannot go anywhere."""
    name = queue + _POISON
    return None if is_poison(queue) or len(name) > _LONGEST_NAME else name


def idle_wait(misses: int, longest: timedelta) -> timedelta:
    """Return how long to wait after that many empty polls in a row: 100 ms, then ever longer."""
    if misses <= 1:
        return min(_STEP, longest)
    factor = float(2 ** min(misses - 2, 20)) * random.uniform(0.8, 1.2)
    return min(_STEP + _STEP * factor, longest)
