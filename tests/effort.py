"""How hard the tests search: enough at each change, and everything on request.

`TESTS=thorough` kills at both sides of every deed instead of at the moments that differ, lets a
whole night pass, and has hypothesis try ten times as many examples.

Coverage makes Python run at half its speed, everywhere and not only where it measures. So it looks
away from what is done for the hundredth time (`unmeasured`), and from servers of the simulators,
which are not what is measured (`unmeasured_threads`).
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

IS_THOROUGH = os.environ.get("TESTS") == "thorough"


def unmeasured(work: Callable[[], T]) -> T:
    """Do the work, and return what it returns, without being traced."""
    # Off and on in one frame: else the tracer would miss a return and lose its place.
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return work()
    finally:
        sys.settrace(tracer)


@contextmanager
def unmeasured_threads() -> Iterator[None]:
    """Have the threads that start inside the block run without being traced."""
    tracer = threading.gettrace()
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(tracer)
