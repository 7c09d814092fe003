"""Does an answer agree with the recorded one? Status, headers that matter, error code, and shape.

The shape of a body is its keys and the kinds of their values, not the values: those are somebody
else's. What a recorder leaves out proves nothing, so a header counts only where it keeps it. Nor
does the `Location` of a poll of a group's deletion: since 2024-11 Azure repeats it or not, to the
same client and in the same month.
"""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from local.agreement.failures import error_of
from local.azure.arm import Json

_OPAQUE = {"tags", "userAssignedIdentities", "secret"}
_KEEPS_RETRY_AFTER = {"aso26", "netlib", "azps18"}
LINKS = ("azure-asyncoperation", "location")
_GROUP_POLL = re.compile(r"/subscriptions/[^/]+/operationresults/[^/]+", re.IGNORECASE)


def difference(recorded: Json, answer: httpx.Response, recorder: str) -> str | None:
    """Return the first way in which an answer differs from the recorded one; None for none."""
    body = answer.json() if answer.content else None
    if answer.status_code != recorded["status"]:
        told = f": {answer.text[:300]}" if answer.status_code >= 400 else ""
        return f"{answer.status_code}, not {recorded['status']}{told}"
    code, wanted = _code(body), _code(recorded.get("body"))
    if code != wanted:
        return f"error {code}, not {wanted}"
    found = _headers(recorded, answer, recorder)
    if found is not None:
        return found
    ours, theirs = shape(body), shape(recorded.get("body"))
    missing, extra = sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys())
    if missing or extra:
        return f"lacks {missing}, has {extra}"
    other = [key for key in sorted(ours) if not ours[key] & theirs[key]]
    kinds = (f"{key} is {_words(ours[key])}, not {_words(theirs[key])}" for key in other)
    return "; ".join(kinds) or None


def shape(body: Any, path: str = "") -> dict[str, set[str]]:
    """Return the kinds of value at each path of a body; lists are as wide as all their elements.

    A value that is null has any kind: it tells that the key is there, and nothing more.
    """
    found: dict[str, set[str]] = {}
    if isinstance(body, dict):
        for key, value in body.items():
            here = f"{path}.{key}"
            found.setdefault(here, set()).update(_kind(value))
            if key not in _OPAQUE:
                _merge(found, shape(value, here))
    elif isinstance(body, list):
        for row in body:
            _merge(found, shape(row, path + "[]"))
    return found


def _merge(into: dict[str, set[str]], more: Mapping[str, set[str]]) -> None:
    for path, kinds in more.items():
        into.setdefault(path, set()).update(kinds)


def _kind(value: Any) -> set[str]:
    match value:
        case None:
            return {"text", "number", "truth", "object", "list", "null"}
        case bool():
            return {"truth"}
        case int() | float():
            return {"number"}
        case str():
            return {"text"}
        case list():
            return {"list"}
    return {"object"}


def _words(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


def _headers(recorded: Json, answer: httpx.Response, recorder: str) -> str | None:
    told = {name.lower() for name in recorded.get("headers") or {}}
    if not told:
        return None
    wanted = [*LINKS, *(["retry-after"] if recorder in _KEEPS_RETRY_AFTER else [])]
    if answer.status_code == 202 and _GROUP_POLL.fullmatch(answer.request.url.path):
        wanted.remove("location")
    for name in wanted:
        if (name in told) != (name in answer.headers):
            return f"{'lacks' if name in told else 'has'} the header {name}"
    return None


def _code(body: Any) -> str | None:
    error = error_of(body)
    return None if error is None else str(error.get("code") or error.get("Code"))
