"""How long Azure took, by the recordings: `python -m local.agreement.durations [CORPUS]`.

A status document tells when work began and ended; where it does not, the dates of the answers do,
as far as the recorder's pauses between two polls allow (ten seconds and more). What the simulator
takes is stated in its tables; `apart` says where that is out of scale.
"""

import json
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from local.agreement.__main__ import USUAL, recordings
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.table import Lro
from local.azure.types import TABLE

Work = tuple[str, str]  # a type, lower case, and a method
_ENDS = frozenset({"succeeded", "failed", "canceled"})
_FRACTION = re.compile(r"\.\d+")
_SCALE = 2.0
_PAUSE = 10.0  # seconds between two polls
_ENOUGH = 2  # recordings that tell of the same work


def recorded(files: Iterable[Path]) -> dict[Work, list[float]]:
    """Return the seconds that each work took, for all work that recordings tell of."""
    found: dict[Work, list[float]] = defaultdict(list)
    for path in files:
        exchanges = json.loads(path.read_text(encoding="utf-8")).get("exchanges") or []
        for place, exchange in enumerate(exchanges):
            work = _work(exchange)
            took = _took(exchange, exchanges[place + 1 :]) if work else None
            if work and took is not None:
                found[work].append(took)
    return found


def stated(work: Work) -> float | None:
    """Return the seconds that the simulator's table states for some work, if it states any."""
    row = TABLE.find(work[0])
    lro: Lro | None = None
    if row is not None:
        lro = {"PUT": row.create, "PATCH": row.update, "DELETE": row.delete}.get(work[1])
    return None if lro is None else lro.takes


def apart(found: Mapping[Work, list[float]]) -> dict[Work, tuple[float, float]]:
    """Return what is stated and the recorded median, where neither is within twice the other."""
    wrong = {}
    for work, spans in found.items():
        said, median = stated(work), statistics.median(spans)
        if said is None or len(spans) < _ENOUGH or max(said, median) <= _PAUSE:
            continue
        if not median / _SCALE - _PAUSE <= said <= median * _SCALE + _PAUSE:
            wrong[work] = (said, median)
    return wrong


def main() -> int:
    """Print every recorded duration beside the stated one; exit 1 where one is out of scale."""
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else USUAL
    found = recorded(recordings(corpus))
    for work, spans in sorted(found.items()):
        said = stated(work)
        told = "not stated" if said is None else f"stated {said:g} s"
        median = statistics.median(spans)
        sys.stdout.write(f"{median:7.0f} s  {len(spans):3}  {work[1]:6} {work[0]} ({told})\n")
    wrong = apart(found)
    for work, (said, median) in sorted(wrong.items()):
        sys.stdout.write(f"{work[1]} {work[0]}: stated {said:g} s, recorded {median:g} s\n")
    return 1 if wrong else 0


def _work(exchange: Json) -> Work | None:
    """Return what an exchange began: a write of a thing; None for anything else."""
    request, status = exchange["request"], exchange["response"]["status"]
    if request["method"] not in {"PUT", "PATCH", "DELETE"} or status >= 400:
        return None
    target = parse(request["path"])[0]
    if not target.providers or len(target.last.types) != len(target.last.names):
        return None
    return target.type.lower(), request["method"]


def _took(first: Json, following: list[Json]) -> float | None:
    """Return how long work took until the poll that told its end; None where none did."""
    began = _date(first)
    for exchange in following:
        if exchange["request"]["method"] != "GET":
            return None
        body = exchange["response"].get("body")
        if not isinstance(body, dict) or str(body.get("status", "")).lower() not in _ENDS:
            continue
        told = (_instant(body.get("startTime")), _instant(body.get("endTime")))
        if told[0] is not None and told[1] is not None:
            return (told[1] - told[0]).total_seconds()
        ended = _date(exchange)
        took = (ended - began).total_seconds() if began and ended else None
        at_once = took is not None and took < _PAUSE and exchange is following[0]
        return None if at_once else took  # over before anybody looked: nobody knows since when
    return None


def _date(exchange: Json) -> datetime | None:
    for name, value in (exchange["response"].get("headers") or {}).items():
        if name.lower() == "date":
            try:
                return parsedate_to_datetime(str(value))
            except ValueError:
                return None
    return None


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(_FRACTION.sub("", str(text)).replace("Z", "+00:00"))
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
