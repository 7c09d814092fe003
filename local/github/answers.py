"""What comes in and goes out, without a socket; and how GitHub words a refusal.

https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]

DOCUMENTATION = "https://docs.github.com/rest"
_MOST_PER_PAGE = 100
_PER_PAGE = 30


class GitHubError(Exception):
    """A request is refused: status, GitHub's message, and the faults by field."""

    def __init__(self, status: int, message: str, *errors: Json) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors

    def answer(self) -> "Answer":
        """Return the refusal in the shape that GitHub gives it."""
        body: Json = {"message": self.message}
        if self.errors:
            body["errors"] = list(self.errors)
        body |= {"documentation_url": DOCUMENTATION, "status": str(self.status)}
        return Answer(status=self.status, body=body)


def not_found() -> GitHubError:
    """Return the refusal for what is not there, or may not be seen: GitHub does not tell which."""
    return GitHubError(404, "Not Found")


def invalid(resource: str, name: str, message: str, *, code: str = "custom") -> GitHubError:
    """Return the refusal of one field's value."""
    fault = {"resource": resource, "field": name, "code": code, "message": message}
    return GitHubError(422, "Validation Failed", fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. Header names are in lower case; the body is as it came."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def content(self) -> Any:
        """Return the body as JSON, None where there is none; refuse what does not parse."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise GitHubError(400, "Problems parsing JSON") from error

    def fields(self) -> Json:
        """Return the body as an object; an empty one counts as `{}`."""
        content = self.content()
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise GitHubError(400, "Body should be a JSON object")
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered; a body of None is no body. `resend` names a delivery to be sent again."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    resend: int | None = None


def paged(request: Request, base: str, items: Sequence[Any], *, key: str | None = None) -> Answer:
    """Return the asked page of `items`, with GitHub's `Link`; `key` wraps them with a count."""
    size = per_page(request)
    page = _whole(request.query, "page", 1)
    shown = list(items[(page - 1) * size : page * size])
    body: Any = shown if key is None else {"total_count": len(items), key: shown}
    return Answer(body=body, headers=_link(request, base, page=page, last=-(-len(items) // size)))


def per_page(request: Request) -> int:
    """Return how many items a page has: 30 unless asked, at most 100."""
    return _whole(request.query, "per_page", _PER_PAGE, most=_MOST_PER_PAGE)


def _link(request: Request, base: str, *, page: int, last: int) -> dict[str, str]:
    wanted: dict[str, int] = {}
    if page > 1:
        wanted |= {"prev": page - 1, "first": 1}
    if page < last:
        wanted |= {"next": page + 1, "last": last}
    if not wanted:
        return {}
    places = (
        f'<{base}{request.path}?{urlencode({**request.query, "page": number})}>; rel="{name}"'
        for name, number in wanted.items()
    )
    return {"link": ", ".join(places)}


def _whole(query: Mapping[str, str], name: str, default: int, *, most: int | None = None) -> int:
    """Return a number of the query; nonsense counts as not given, as at GitHub."""
    text = query.get(name, "")
    value = int(text) if text.isdecimal() and int(text) > 0 else default
    return value if most is None else min(value, most)
