"""Lists in pages: `$top`, and a `nextLink` that is absolute and carries its own place."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from local.azure.arm import Answer, Call, Json, gateway

LARGEST_PAGE = 1000


def page(call: Call, rows: Sequence[Any], *, size: int = LARGEST_PAGE) -> Answer:
    """Answer one page of `rows`, with a link to the next where there is one."""
    size = min(size, _top(call) or size)
    start = _start(call)
    body: Json = {"value": rows[start : start + size]}
    if start + size < len(rows):
        token = base64.urlsafe_b64encode(json.dumps({"next": start + size}).encode()).decode()
        kept = {k: v for k, v in call.query.items() if k.lower() != "$skiptoken"}
        query = "&".join(
            f"{quote(k, safe='')}={quote(v, safe='')}"
            for k, v in {**kept, "$skiptoken": token}.items()
        )
        body["nextLink"] = f"{call.base}{call.path}?{query}"
    return Answer(status=200, body=body)


def empty_first(call: Call) -> Answer:
    """Answer an empty page that another follows."""
    found = page(call, [{}, {}], size=1)
    return replace(found, body={**found.body, "value": []})


def _top(call: Call) -> int | None:
    text = call.query.get("$top")
    if text is None:
        return None
    if not text.isdigit() or not 0 < int(text) <= LARGEST_PAGE:
        raise gateway(
            400,
            "InvalidTopInQueryString",
            f"Invalid $top '{text}' specified in the query string. It must be between 1 and"
            f" {LARGEST_PAGE}.",
        )
    return int(text)


def _start(call: Call) -> int:
    token = call.query.get("$skiptoken") or call.query.get("$skipToken")
    if token is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["next"])
    except (ValueError, KeyError, TypeError) as error:
        raise gateway(
            400, "InvalidSkipToken", "The provided skip token is invalid or has expired."
        ) from error
