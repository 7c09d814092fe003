"""How container images behave, as data: what a test orders, and what is known without.

A rule matches an image's name by regular expression. The first match counts; then come the
databases everybody uses; any other image is a service that works.

Behaviours: `ok` serves after `seconds` (5) of seeding; `unhealthy` runs but its health says no;
`crash` ends with exit code 1 after `seconds` (5), again and again; `missing` is accepted and never
pulled, so that the group fails after `seconds` (120); `inaccessible` is refused at once, as Azure
does when it cannot read the image's manifest.
"""

import re
from dataclasses import dataclass
from typing import Any

from local.azure.arm import Json

KINDS = ("ok", "missing", "inaccessible", "crash", "unhealthy")
SECONDS = {"ok": 5.0, "unhealthy": 5.0, "crash": 5.0, "missing": 120.0, "inaccessible": 0.0}
_DATABASES = re.compile(r"(^|/)(postgres|redis)([:@]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What images matching `match` do."""

    match: str
    behaviour: str = "ok"
    logs: str | None = None
    seconds: float | None = None


def look(rules: list[Json], image: str) -> Json:
    """Return how an image behaves: `{"behaviour", "seconds", "logs", "database"}`."""
    for row in rules:
        if re.search(row["match"], image, re.IGNORECASE):
            found = Rule(**row)
            return _resolved(found.behaviour, found.seconds, found.logs, image)
    return _resolved("ok", None, None, image)


def read(body: Any) -> list[Json]:
    """Return the rules of a request body; raise ValueError naming a bad field."""
    if not isinstance(body, list):
        raise ValueError("body: expected a list of rules")  # noqa: TRY004
    return [_rule(row, f"[{place}]") for place, row in enumerate(body)]


def _rule(row: Any, where: str) -> Json:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected an object")  # noqa: TRY004
    unknown = sorted(set(row) - {"match", "behaviour", "logs", "seconds"})
    if unknown:
        raise ValueError(f"{where}.{unknown[0]}: unknown field")
    try:
        re.compile(row["match"])
    except (KeyError, TypeError, re.error) as error:
        raise ValueError(f"{where}.match: expected a regular expression") from error
    if row.get("behaviour", "ok") not in KINDS:
        raise ValueError(f"{where}.behaviour: expected one of {', '.join(KINDS)}")
    number = row.get("seconds")
    if number is not None and (not isinstance(number, int | float) or number < 0):
        raise ValueError(f"{where}.seconds: expected a number of seconds")
    if row.get("logs") is not None and not isinstance(row["logs"], str):
        raise ValueError(f"{where}.logs: expected text")
    return dict(row)


def _resolved(kind: str, number: float | None, logs: str | None, image: str) -> Json:
    database = _DATABASES.search(image)
    return {
        "behaviour": kind,
        "seconds": SECONDS[kind] if number is None else float(number),
        "logs": logs,
        "database": database.group(2) if database else None,
    }
