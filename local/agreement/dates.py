"""When a recording was made."""

import contextlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from local.azure.arm import Json

_TICKS = re.compile(r"[?&]t=(6\d{17})(?!\d)")
_DAY_ONE = datetime(1, 1, 1, tzinfo=UTC)


def when(exchanges: list[Json]) -> datetime | None:
    """Return when a recording was made; None where no answer has its date."""
    for exchange in exchanges:
        for name, value in (exchange["response"].get("headers") or {}).items():
            if name.lower() == "date":
                with contextlib.suppress(ValueError):
                    return parsedate_to_datetime(str(value)).astimezone(UTC)
    return _linked(exchanges)


def _linked(exchanges: list[Json]) -> datetime | None:
    """Return when a link was made that is signed with its instant: `t`, in ticks of 100 ns."""
    for exchange in exchanges:
        for value in (exchange["response"].get("headers") or {}).values():
            found = _TICKS.search(str(value))
            if found:
                return _DAY_ONE + timedelta(microseconds=int(found[1]) // 10)
    return None
