"""Ending together: a part of the stack lives no longer than the process that started it.

`kill -9` gives the parent no time to say goodbye, so each part looks for itself: once its parent
is another one, it ends as on SIGTERM. `python -m local up` names itself in the environment, as a
part that starts slowly may find its parent already gone. Azurite alone lives a little longer, to
save: `local/keeper.py` is its half.
"""

import ctypes
import os
import signal
import sys
import threading
import time

PARENT = "TESORO_STACK_PARENT"

_LOOK_EVERY = 0.2  # seconds
_GRACE = 5.0  # seconds between the polite end and the certain one
_PR_SET_PDEATHSIG = 1  # prctl(2)
# Opened here, not after a fork, where little may be done.
_SYSTEM = ctypes.CDLL(None) if sys.platform == "linux" else None


def follow_parent() -> None:
    """End this process (SIGTERM, and for certain 5 s later) once its parent is gone.

    Call once, at the start, on the main thread. Costs a daemon thread that looks five times a
    second.
    """
    parent = int(os.environ.get(PARENT) or os.getppid())
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends: for `preexec_fn`, where no thread may run.

    Does nothing where there is no prctl (macOS): there a program that was not written by us
    outlives a `kill -9` of its keeper.
    """
    if _SYSTEM is not None:
        _SYSTEM.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
