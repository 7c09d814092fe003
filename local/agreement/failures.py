"""The failure that a recording ends in: what it says, of whom, and which request met it."""

import re
from dataclasses import dataclass
from typing import Any

from local.azure.arm import Json
from local.azure.ids import Id, parse

NAMED = re.compile(r"/subscriptions/[^/\s'\",]+/resourcegroups/[^\s'\",]+", re.IGNORECASE)
_MISSING = re.compile(r"NotFound|InvalidResourceReference|DoesNotExist|FailedIdentityOperation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A recorded failure: what it says, which request met it, and whether only its work did."""

    status: int
    code: str
    message: str
    late: bool
    request: Json
    headers: Json
    details: tuple[Any, ...] = ()

    @property
    def cause(self) -> str:
        """The first of its details, by code; what it says itself where it has none."""
        codes = [str(one.get("code")) for one in self.details if isinstance(one, dict)]
        return codes[0] if codes else ""

    @property
    def named(self) -> list[Id]:
        """The things that its message names."""
        found = [name.rstrip(".") for name in NAMED.findall(self.message)]
        return [parse(name)[0] for name in dict.fromkeys(found)]


def failure(exchanges: list[Json]) -> Failure | None:
    """Return the failure that a recording ends in, if it does."""
    began = exchanges[0]["request"]
    for exchange in exchanges:
        request, response = exchange["request"], exchange["response"]
        began = request if request["method"] != "GET" else began
        error = error_of(response.get("body"))
        if error is None and response["status"] >= 500 and response.get("body") is None:
            error = {}  # it broke down without a word
        late = response["status"] < 300
        if error is not None and str(error.get("code")) in {"None", ""} and late:
            continue
        if error is not None and (response["status"] >= 400 or late):
            text = _text(error)
            return Failure(
                status=response["status"],
                code=str(error.get("code") or error.get("Code") or ""),
                message=text,
                late=late,
                request=began if late else request,
                headers=response.get("headers") or {},
                details=tuple(error.get("details") or ()),
            )
    return None


def error_of(body: Any) -> Json | None:
    """Return the error in a body, however its provider wraps it."""
    if not isinstance(body, dict):
        return None
    for name in ("error", "Error"):
        if isinstance(body.get(name), dict):
            return dict(body[name])
    return dict(body) if ("code" in body or "Code" in body) and len(body) < 8 else None


def missing(exchanges: list[Json]) -> set[str]:
    """Return the keys of what a failure says is not there."""
    found = failure(exchanges)
    if found is None or not _MISSING.search(found.code):
        return set()
    return {one.key for one in found.named}


def code_of(response: Json) -> str:
    """Return the code of an error in an answer; empty for none."""
    error = error_of(response.get("body")) or {}
    return str(error.get("code") or error.get("Code") or "")


def _text(error: Json) -> str:
    parts = [str(error.get("message") or error.get("Message") or "")]
    parts += [_text(one) for one in error.get("details") or [] if isinstance(one, dict)]
    return " ".join(part for part in parts if part)
