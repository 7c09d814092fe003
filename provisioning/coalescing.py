"""Of many nudges in one second, few: what a burst of arrivals leaves in a queue.

Each arrival is a row already, and a message only says where to look. The first few of a second
have a message each, so that whoever comes alone waits for nothing. The next one leaves a message
for all that follow in that second, to be seen once the second is over; those that follow leave
none. A row is stored before it asks here, so whoever reads that message later finds the row.
"""

import threading
from collections.abc import Callable
from enum import Enum, auto

WINDOW = 1.0  # seconds; a queue hides a message for whole seconds
OWN = 4  # arrivals of a window that have a message each


class Nudge(Enum):
    """What an arrival leaves: a message of its own, one for all that follow, or none."""

    OWN = auto()
    SHARED = auto()
    NONE = auto()


class Coalescer:
    """Counts arrivals by windows; of this process alone, which is enough: others count theirs."""

    def __init__(self, uptime: Callable[[], float], *, own: int = OWN) -> None:
        """Count by `uptime`, in seconds that never go back, with so many messages a window."""
        self._uptime = uptime
        self._own = own
        self._ends = float("-inf")
        self._count = 0
        self._lock = threading.Lock()

    def next(self) -> Nudge:
        """Return what one more arrival leaves."""
        with self._lock:
            now = self._uptime()
            if now >= self._ends:
                self._ends, self._count = now + WINDOW, 0
            self._count += 1
            if self._count <= self._own:
                return Nudge.OWN
            return Nudge.SHARED if self._count == self._own + 1 else Nudge.NONE


def never() -> Coalescer:
    """Return one that has every arrival leave a message of its own."""
    return Coalescer(lambda: 0.0, own=10**9)
