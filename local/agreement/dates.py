"""When a recording was made."""

import contextlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from local.agreement.comparing import LINKS
from local.azure.arm import Json

_TICKS = re.compile(r"[?&]t=(6\d{17})(?!\d)")
_WORK = re.compile(r"operation|asyncop", re.IGNORECASE)
_UNSIGNED = datetime(2023, 9, 1, tzinfo=UTC)
_DAY_ONE = datetime(1, 1, 1, tzinfo=UTC)


def ordered(exchanges: list[Json]) -> list[Json]:
    """Return exchanges in the order of their dates, where each has one.

    What went on side by side may be kept in another.
    """
    known = [at for exchange in exchanges if (at := _dated(exchange)) is not None]
    if len(known) < len(exchanges):
        return exchanges
    return [exchanges[place] for place in sorted(range(len(known)), key=known.__getitem__)]


def when(exchanges: list[Json]) -> datetime | None:
    """Return when a recording was made, or about when; None where nothing in it tells."""
    told = (_dated(exchange) for exchange in exchanges)
    return (
        next((at for at in told if at is not None), None)
        or _linked(exchanges)
        or _unsigned(exchanges)
    )


def is_told(exchanges: list[Json]) -> bool:
    """Tell whether an answer, or a link in one, says when a recording was made."""
    return any(_dated(one) for one in exchanges) or _linked(exchanges) is not None


def _dated(exchange: Json) -> datetime | None:
    for name, value in (exchange["response"].get("headers") or {}).items():
        if name.lower() == "date":
            with contextlib.suppress(ValueError):
                return parsedate_to_datetime(str(value)).astimezone(UTC)
    return None


def _unsigned(exchanges: list[Json]) -> datetime | None:
    """Return when links were last unsigned, if a recording's are and its api-versions are older.

    Of the recordings with a date, none has a signed link before June 2023, and none since November
    has only others.
    """
    answers = [exchange["response"].get("headers") or {} for exchange in exchanges]
    links = [v for told in answers for k, v in told.items() if k.lower() in LINKS]
    asked = [exchange["request"].get("query") or {} for exchange in exchanges]
    newest = max((str(query.get("api-version", "")) for query in asked), default="")
    is_old = newest < f"{_UNSIGNED:%Y-%m-%d}"
    return _UNSIGNED if is_old and any(_WORK.search(str(link)) for link in links) else None


def _linked(exchanges: list[Json]) -> datetime | None:
    """Return when a link was made that is signed with its instant: `t`, in ticks of 100 ns."""
    for exchange in exchanges:
        for value in (exchange["response"].get("headers") or {}).values():
            found = _TICKS.search(str(value))
            if found:
                return _DAY_ONE + timedelta(microseconds=int(found[1]) // 10)
    return None
