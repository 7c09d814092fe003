"""Where the simulated Azure differs on purpose: one list, each with its reason.

`python -m local.agreement.differences` writes what `docs/differs-from-azure.md` must be.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from local.agreement import dates, failures
from local.azure import router
from local.azure.arm import Json
from local.azure.ids import Provider, parse
from local.azure.types import TABLE

FILE = Path(__file__).with_name("differences.toml")
_POLL = re.compile(
    r"/(operation\w*|\w*asyncoperations?|\w*operation(results|statuses))/[^/]+$", re.I
)
_TYPES = {"/".join(pair) for pair in router.APART} | {"microsoft.resourcegraph/resources"}
_DEPLOYED = "microsoft.resources/deployment"
_SERVED = {name.partition("/")[0] for name in _TYPES} | {"microsoft.quota"}
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BEGAN = re.compile(r'"startTime": "(\d{4}-\d\d-\d\d)T')
_LONG = timedelta(days=60)
_NO_TYPES = {"locations", "operations", "register", "unregister"}  # what every provider has
_TYPE = re.compile(r"microsoft\.\w+/\w+", re.IGNORECASE)
_WITH_BODY = {"PUT", "PATCH"}
_SUBSCRIBES = "/subscribe"  # an action that is nothing without a body
_KNOWN = {
    "what",
    "why",
    "kind",
    "path",
    "but",
    "text",
    "foreign",
    "code",
    "version",
    "poll",
    "lost",
    "older",
    "cut",
    "other",
    "made_up",
    "many",
    "undated",
    "first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference: what it is, why it is right, and which recordings show it."""

    what: str
    why: str
    said: Mapping[str, Any]

    def fits(self, exchanges: list[Json], place: int) -> bool:
        """Tell whether a recording shows this difference at one of its exchanges."""
        return all(_TESTS[name](value, exchanges, place) for name, value in self.said.items())


@cache
def listed() -> tuple[Difference, ...]:
    """Return the differences; ValueError for a word that the list does not know."""
    found = []
    for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["difference"]:
        unknown = set(row) - _KNOWN
        if unknown or not row.keys() - {"what", "why"}:
            raise ValueError(f"{FILE.name}: {row.get('what')}: {unknown or 'says nothing to fit'}")
        said = {name: value for name, value in row.items() if name not in {"what", "why"}}
        why = " ".join(row["why"].split())
        found.append(Difference(what=row["what"], why=why, said=said))
    return tuple(found)


def of(exchanges: list[Json], place: int) -> Difference | None:
    """Return what a recording's first disagreement shows; None for one that is not on purpose.

    `place` is the index of the exchange that does not agree.
    """
    return next((one for one in listed() if one.fits(exchanges, place)), None)


def page() -> str:
    """Return the page that tells a reader of all differences."""
    parts = [
        "# Where the simulated Azure differs from Azure",
        "Made from `local/agreement/differences.toml` by `make golden`; edit that. `make"
        " agreement` counts the recordings that show each. All else that does not agree with a"
        " recording is a defect.",
        *(f"## {one.what}\n\n{one.why}" for one in listed()),
    ]
    return "\n\n".join(parts) + "\n"


def _kind(wanted: str, exchanges: list[Json], place: int) -> bool:
    target, _ = parse(exchanges[place]["request"]["path"])
    known = {name.lower() for name in TABLE.namespaces} | _SERVED
    foreign = any(one.namespace.lower() not in known for one in target.providers)
    if wanted == "provider" or foreign:
        return wanted == "provider" and foreign
    return any(bool(one.types) and _is_unknown(one) for one in target.providers)


def _is_unknown(one: Provider) -> bool:
    name = f"{one.namespace}/{one.types[0]}"
    apart = one.types[0].lower() in _NO_TYPES or name.lower() in _TYPES
    return not apart and TABLE.find(name) is None


def _path(said: str, exchanges: list[Json], place: int) -> bool:
    return re.search(said, exchanges[place]["request"]["path"], re.IGNORECASE) is not None


def _but(said: str, exchanges: list[Json], place: int) -> bool:
    return not _path(said, exchanges, place)


def _text(said: str, exchanges: list[Json], place: int) -> bool:
    return re.search(said, json.dumps(exchanges[place]), re.IGNORECASE) is not None


def _is_about_others(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether an exchange names a type of a provider that is not in the table."""
    named = _TYPE.findall(json.dumps(exchanges[place]))
    others = (name for name in named if not name.lower().startswith(_DEPLOYED))
    return any(TABLE.find(name) is None for name in others) is wanted


def _is_cut(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether the recorder left rows of a list out."""
    return str(exchanges[place].get("trimmed") or "").startswith("list items") is wanted


def _is_other(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether a look at a thing, or at what is in it, is answered with another's."""
    request, body = exchanges[place]["request"], exchanges[place]["response"].get("body")
    target = parse(request["path"])[0]
    if request["method"] != "GET" or _POLL.search(request["path"]) or not target.providers:
        return not wanted
    if isinstance(body, str):
        return wanted
    depth = len(target.last.names)
    last = replace(target.last, types=target.last.types[:depth])
    thing = replace(target, providers=(*target.providers[:-1], last)) if depth else target.scope()
    rows = body.get("value", [body]) if isinstance(body, dict) else []
    ids = [str(row["id"]).lower() for row in rows if isinstance(row, dict) and "id" in row]
    return (bool(ids) and not any(one.startswith(thing.key) for one in ids)) is wanted


def _is_made_up(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether a request names what only an answer before it named: Azure made the name up."""
    name = parse(exchanges[place]["request"]["path"])[0].name.lower()
    before = exchanges[:place]
    asked = json.dumps([one["request"] for one in before]).lower()
    told = json.dumps([one["response"] for one in before]).lower()
    poll = _POLL.search(exchanges[place]["request"]["path"]) is not None
    made = _GUID.search(name) is not None and name in told and name not in asked
    return (made and not poll) is wanted


def _is_of_many(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether several works of a recording failed at their ends, each in its own way."""
    bodies = [one["response"].get("body") for one in exchanges]
    codes = {
        str((body.get("error") or {}).get("code"))
        for body in bodies
        if isinstance(body, dict) and str(body.get("status")).lower() == "failed"
    }
    return (len(codes) > 1) is wanted


def _is_undated(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether no answer of a recording has a date, and no link that tells one."""
    return (not dates.is_told(exchanges)) is wanted


def _first(said: str, exchanges: list[Json], place: int) -> bool:
    return _text(said, exchanges, 0)


def _code(said: str, exchanges: list[Json], place: int) -> bool:
    found = failures.failure(exchanges)
    return found is not None and re.fullmatch(said, found.code) is not None


def _version(said: str, exchanges: list[Json], place: int) -> bool:
    query = exchanges[place]["request"].get("query") or {}
    return re.fullmatch(said, str(query.get("api-version"))) is not None


def _is_poll(wanted: bool, exchanges: list[Json], place: int) -> bool:
    first = exchanges[0]["request"]
    return (first["method"] == "GET" and _POLL.search(first["path"]) is not None) is wanted


def _is_lost(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether a body was lost before the disagreement: what follows depends on it."""
    requests = [exchange["request"] for exchange in exchanges[: place + 1]]
    lost = [
        r
        for r in requests
        if (r["method"] in _WITH_BODY or r["path"].lower().endswith(_SUBSCRIBES))
        and not isinstance(r.get("body"), dict)
    ]
    return bool(lost) is wanted


def _is_older(wanted: bool, exchanges: list[Json], place: int) -> bool:
    """Tell whether what just began running began long before the answer that says so."""
    found = False
    for exchange in exchanges:
        told = _BEGAN.search(json.dumps(exchange["response"].get("body")))
        at = dates.when([exchange])
        began = datetime.fromisoformat(told[1]).replace(tzinfo=UTC) if told else None
        found = found or bool(at and began and at - began > _LONG)
    return found is wanted


_TESTS: dict[str, Callable[[Any, list[Json], int], bool]] = {
    "kind": _kind,
    "path": _path,
    "but": _but,
    "text": _text,
    "foreign": _is_about_others,
    "code": _code,
    "version": _version,
    "poll": _is_poll,
    "lost": _is_lost,
    "older": _is_older,
    "cut": _is_cut,
    "other": _is_other,
    "made_up": _is_made_up,
    "many": _is_of_many,
    "undated": _is_undated,
    "first": _first,
}


if __name__ == "__main__":
    sys.stdout.write(page())
