"""Waiting for what another process does: a deadline, never a fixed sleep."""

import time
from collections.abc import Callable


def until(is_so: Callable[[], object], what: str, *, within: float = 10.0) -> None:
    """Return once `is_so()`; fail naming `what` when it is not so in time."""
    end = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.02)
