"""The words of the protocol: a call that came in, an answer that goes out, a refusal.

Everything behind the gateway speaks in these three. A rule that Azure enforces ends in a
`Refusal`, which knows its own status, code and message and turns itself into ARM's envelope; no
other part of the simulator writes an error.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID, uuid5

Json = dict[str, Any]
WRITES = frozenset({"PUT", "PATCH", "POST"})
_NAMESPACE = UUID("6f3a2a04-4f0c-5d57-9b61-0d8f8a3f5c11")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Clock(Protocol):
    """Whatever tells the app's time."""

    def now(self) -> datetime:
        """Return the instant, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A failure ordered for the end of the work that a call starts (`faults`)."""

    code: str
    message: str
    details: tuple[Any, ...] = ()

    @property
    def error(self) -> Json:
        """What the operation will tell."""
        more = {"details": list(self.details)} if self.details else {}
        return {"code": self.code, "message": self.message, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request after the gateway: authenticated, decoded, dated by the app clock.

    `stack` is the deployment stack on whose behalf it is made, if it is.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    base: str
    principal: str
    now: datetime
    request_id: str
    late: Late | None = None
    if_match: str = ""
    if_none_match: str = ""
    stack: str = ""

    @property
    def version(self) -> str:
        """The api-version asked for; empty when there is none."""
        return self.query.get("api-version", "")

    def asking(self, method: str, path: str, version: str, body: Json | None = None) -> "Call":
        """Return another call of the same caller, at the same instant."""
        return replace(
            self,
            method=method,
            path=quote(path),
            query={"api-version": version},
            body=b"" if body is None else json.dumps(body).encode(),
            late=None,
            if_match="",
            if_none_match="",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back; a `body` of None is an empty one."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Azure says no. `gateway` marks what Resource Manager itself refused, not a provider."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        gateway: bool = False,
        details: list[Json] | None = None,
        target: str | None = None,
        headers: Mapping[str, str] | None = None,
        info: list[Json] | None = None,
    ) -> None:
        """Keep what the envelope will say; `info` is its `additionalInfo`."""
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.gateway, self.details, self.target = gateway, details, target
        self.headers, self.info = dict(headers or {}), info

    def answer(self, form: str = "") -> Answer:
        """Return ARM's envelope, or the provider's own, which `form` names (`envelope`)."""
        error: Json = {"code": self.code}
        if self.target is not None:
            error["target"] = self.target
        error["message"] = self.message
        if self.details is not None:
            error["details"] = self.details
        if self.info is not None:
            error["additionalInfo"] = self.info
        cause = {"x-ms-failure-cause": "gateway"} if self.gateway else {}
        body = {"error": error} if self.gateway else envelope(error, form)
        return Answer(status=self.status, body=body, headers={**cause, **self.headers})


def envelope(error: Json, form: str) -> Json:
    """Return a provider's error as it wraps one.

    `details`: ARM's, always with its details; `bare`: nothing around it; `web`: App Service's,
    which tells everything three times.
    """
    match form:
        case "details":
            return {"error": {**error, "details": error.get("details", [])}}
        case "bare":
            return error
        case "web":
            code, message = error["code"], error["message"]
            told = {"ExtendedCode": "00000", "MessageTemplate": message, "Parameters": []}
            entity = {**(told if message else {}), "Code": code, "Message": message}
            return {
                "Code": code,
                "Message": message,
                "Target": None,
                "Details": [{"Message": message}, {"Code": code}, {"ErrorEntity": entity}],
                "Innererror": None,
            }
    return {"error": error}


def gateway(status: int, code: str, message: str, **more: Any) -> Refusal:
    """Return a refusal by Resource Manager itself."""
    return Refusal(status, code, message, gateway=True, **more)


def guid(*names: str) -> str:
    """Return the GUID that these names always have (case does not count)."""
    return str(uuid5(_NAMESPACE, "|".join(names).lower()))


def is_guid(text: object) -> bool:
    """Tell whether `text` is a GUID as Azure writes them."""
    return isinstance(text, str) and _GUID.fullmatch(text) is not None


def stamp(at: datetime, digits: int = 7) -> str:
    """Return a time as Azure prints it: UTC, `digits` of a second (0 for none), Z."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at.microsecond:06d}0"[:digits] if digits else ""
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def seconds(count: float) -> timedelta:
    """Return a span of app time."""
    return timedelta(seconds=count)
