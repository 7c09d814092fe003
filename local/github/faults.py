"""Faults ordered by a test: this call fails, is slow, or its connection is cut.

Matched by method and path, both regular expressions that ignore case, spent after `times` calls.
`/_local` itself never fails. The same orders are taken by the simulated Azure.
"""

import re
from typing import Any

from local.github.answers import DOCUMENTATION, Answer, GitHubError, Json
from local.github.store import Store

_KNOWN = {
    "match": dict,
    "status": int,
    "code": str,
    "message": str,
    "body": object,
    "headers": dict,
    "times": int,
    "latency_ms": int,
    "drop": str,
}
_LIMITED = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


def order(store: Store, given: Any) -> Json:
    """Take an order; refuse (400) one that could never do anything, naming every fault."""
    faults = _faults(given)
    if faults:
        raise GitHubError(400, "; ".join(faults))
    number = store.number("fault")
    made = {"times": 1, **given, "number": number}
    store.put("fault", number, made)
    return made


def take(store: Store, method: str, path: str) -> Json | None:
    """Spend and return the first fault meant for this call."""
    for fault in store.all("fault"):
        match = fault.get("match") or {}
        if _matches(match.get("method"), method, whole=True) and _matches(
            match.get("path"), path, whole=False
        ):
            if fault["times"] > 1:
                left = {**fault, "times": fault["times"] - 1}
                store.put("fault", fault["number"], left)
            else:
                store.drop("fault", fault["number"])
            return fault
    return None


def answer(fault: Json) -> Answer | None:
    """Return what the fault answers in place of the truth; None where it lets the call through."""
    status = fault.get("status")
    if status is None:
        return None
    usual = _LIMITED if status in (403, 429) else "Ordered by POST /_local/faults"
    shape = {"message": fault.get("message", usual), "documentation_url": DOCUMENTATION}
    headers = {name.lower(): str(value) for name, value in (fault.get("headers") or {}).items()}
    return Answer(status=status, body=fault.get("body", shape), headers=headers)


def _matches(pattern: str | None, text: str, *, whole: bool) -> bool:
    if pattern is None:
        return True
    seek = re.fullmatch if whole else re.search
    return seek(pattern, text, re.IGNORECASE) is not None


def _faults(given: Any) -> list[str]:
    if not isinstance(given, dict):
        return ["a fault is an object"]
    found = [f"{name}: unknown field" for name in sorted(set(given) - set(_KNOWN))]
    found += [
        f"{name}: of another type than expected"
        for name, kind in _KNOWN.items()
        if given.get(name) is not None and not isinstance(given[name], kind)
    ]
    if not found:
        found = [*_faults_of_match(given.get("match") or {}), *_faults_of_values(given)]
    return found


def _faults_of_match(match: Json) -> list[str]:
    found = [f"match.{name}: unknown field" for name in sorted(set(match) - {"method", "path"})]
    for name, pattern in match.items():
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            found.append(f"match.{name}: not a regular expression")
    return found


def _faults_of_values(given: Json) -> list[str]:
    found = []
    if given.get("drop") not in (None, "before", "after"):
        found.append("drop: 'before' or 'after'")
    if not 1 <= given.get("times", 1) <= 1_000_000:
        found.append("times: at least 1")
    if not 200 <= (given.get("status") or 500) <= 599:
        found.append("status: 200 to 599")
    if not 0 <= (given.get("latency_ms") or 0) <= 600_000:
        found.append("latency_ms: 0 to 600000")
    if not any(given.get(name) for name in ("status", "drop", "latency_ms")):
        found.append("status, drop or latency_ms: one is needed")
    return found
