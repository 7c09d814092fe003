"""What comes in and goes out, without a socket; and how the spec words a refusal.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. Header names are in lower case; the body is as it came."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def base(self) -> str:
        """The address that the caller knows this registry by."""
        return f"http://{self.headers.get('host', 'registry')}"

    def content(self) -> Any:
        """Return the body as JSON; refuse what does not parse."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RegistryError(400, "UNSUPPORTED", "the body is not JSON") from error

    def form(self) -> Mapping[str, str]:
        """Return the fields of a form; refuse any other body."""
        kind = self.headers.get("content-type", "").partition(";")[0]
        if kind != "application/x-www-form-urlencoded":
            raise RegistryError(400, "UNSUPPORTED", "the body is not a form")
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered; a HEAD says how long the body is, and sends none."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class RegistryError(Exception):
    """A request is refused: status, one of the spec's codes, a message."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    def answer(self) -> Answer:
        """Return the refusal in the shape that the spec gives it."""
        error = {"code": self.code, "message": self.message, "detail": None}
        return as_json({"errors": [error]}, status=self.status, headers=self.headers)


def as_json(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer in JSON."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Answer(
        status=status, body=json.dumps(content).encode(), headers=kind | dict(headers or {})
    )
