"""The app clock of the local stack: one instant, shared by several processes.

Real time is the machine's. Held time stands still until someone moves it: it lives in a file of
eight bytes that every process maps, so that reading it costs nothing and all agree. Only the host
moves it, because only the host knows when no invocation runs (`local/host`).
"""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = struct.Struct("<q")  # microseconds since 1970, UTC


class RealClock:
    """The machine's own time."""

    held = False

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)


class HeldClock:
    """Time that moves only when told to; survives a restart in `path`."""

    held = True

    def __init__(self, path: Path, *, start: datetime | None = None) -> None:
        """Map `path`; `start` moves the clock forward to it, never back."""
        if not path.exists():
            path.write_bytes(_FORM.pack(0))
        with path.open("r+b") as file:  # the map outlives the file's handle
            self._map = mmap.mmap(file.fileno(), _FORM.size)
        if start is not None and start > self.now():
            self.set(start)

    def now(self) -> datetime:
        """Return the held instant, UTC."""
        (microseconds,) = _FORM.unpack(self._map[: _FORM.size])
        return _EPOCH + timedelta(microseconds=microseconds)

    def set(self, now: datetime) -> None:
        """Move to `now` and write it through to the file."""
        self._map[: _FORM.size] = _FORM.pack((now - _EPOCH) // timedelta(microseconds=1))
        self._map.flush()


Clock = RealClock | HeldClock


def open_clock(state: Path, *, held: bool) -> Clock:
    """Return the clock of the stack whose state folder is `state`."""
    return HeldClock(state / "clock") if held else RealClock()
