"""What a recording lost of a request, worked out from what it kept.

Some recorders keep a body as the text of bytes, some lose it. What was asked for is then what was
shown afterwards: the provider's own members in it are not believed by whoever is asked again, so
the answer is still the simulator's.
"""

import ast
import json
from collections.abc import Iterable
from typing import Any

from local.azure.arm import Json
from local.azure.templates import lenient

_NOT_ASKED = {"id", "name", "type", "etag", "systemData"}


def with_body(exchange: Json, following: Iterable[Json]) -> Json:
    """Return an exchange whose request has the body that was sent, as far as it can be known.

    A PATCH that was lost is taken for one of tags.
    """
    request = exchange["request"]
    body = request.get("body")
    if request["method"] not in {"PUT", "PATCH", "POST"} or isinstance(body, dict | list):
        return exchange
    if isinstance(body, str):
        body = _read(body)
    if not isinstance(body, dict) and request["method"] != "POST":
        shown = _shown(request["path"], following)
        if request["method"] == "PATCH":
            shown = {"tags": shown.get("tags") or {}}
        body = {name: value for name, value in shown.items() if name not in _NOT_ASKED}
        for container in (body.get("properties") or {}).get("containers") or []:
            for variable in (container.get("properties") or {}).get("environmentVariables") or []:
                if variable.get("value") is None:
                    variable["secureValue"] = "hidden"
    return {**exchange, "request": {**request, "body": body}}


def _read(text: str) -> Any:
    """Return the JSON in a text that may be bytes printed, once or oftener."""
    while text[:2] in {"b'", 'b"'}:
        try:
            text = ast.literal_eval(text).decode()
        except (ValueError, SyntaxError):
            return None
    try:
        return lenient.read(text)
    except ValueError:
        return None


def _shown(path: str, following: Iterable[Json]) -> Json:
    for exchange in following:
        body = exchange["response"].get("body")
        same = isinstance(body, dict) and str(body.get("id")).lower() == path.lower()
        if same and exchange["response"]["status"] < 300:
            return dict(json.loads(json.dumps(body)))
    return {}
