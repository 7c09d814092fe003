"""When a recording was made."""

import contextlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from local.azure.arm import Json


def when(exchanges: list[Json]) -> datetime | None:
    """Return when a recording was made; None where no answer has its date."""
    for exchange in exchanges:
        for name, value in (exchange["response"].get("headers") or {}).items():
            if name.lower() == "date":
                with contextlib.suppress(ValueError):
                    return parsedate_to_datetime(str(value)).astimezone(UTC)
    return None
