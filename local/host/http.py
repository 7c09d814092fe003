"""The HTTP trigger: from bytes on the wire to a call, and from its result to bytes again.

A function is a route of its own kind. It matches the raw path without regard to case, and a wrong
method is no match at all: hence 404, never 405, and no HEAD because of a GET. The order of things
is Azure's: route (404), key (401), disabled (404), run. What a function sees differs from what was
sent in ways that surprise: empty query values vanish, repeats are joined by commas, and a chunked
body is empty.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from http.cookies import Morsel
from typing import Any
from urllib.parse import parse_qsl

from azure.functions.http import HttpRequest, HttpResponseConverter
from azure.functions.meta import Datum
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from local.host import routing
from local.host.context import trace_parent
from local.host.functions import Function, Http
from local.host.gate import Gate
from local.host.invocation import Call, InvocationFailed, Worker
from local.host.keys import Keys

_log = logging.getLogger(__name__)
LARGEST = 104_857_600  # bytes; Kestrel's limit as the host sets it


class FunctionRoute(BaseRoute):
    """One HTTP function, at its place in the order of names."""

    def __init__(
        self, function: Function, trigger: Http, *, worker: Worker, gate: Gate, keys: Keys
    ) -> None:
        """Serve `function`; nothing is registered anywhere else."""
        self._function = function
        self._trigger = trigger
        self._worker = worker
        self._gate = gate
        self._keys = keys

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match path and method, or nothing."""
        if scope["type"] != "http":
            return Match.NONE, {}
        if self._trigger.methods and scope["method"].upper() not in self._trigger.methods:
            return Match.NONE, {}
        values = routing.match(self._trigger.template, _raw_path(scope))
        return (Match.NONE, {}) if values is None else (Match.FULL, {"path_params": values})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        query = query_values(request)
        presented = key_of(request, query)
        if not self._keys.admit(self._trigger.level, self._function.name, presented):
            return Response(status_code=401)
        if self._function.is_disabled and not self._keys.is_master(presented):
            return Response(status_code=404)
        length = _content_length(request)
        if length > LARGEST:
            return Response(status_code=413, headers={"connection": "close"})
        body = await request.body() if length else b""
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            _log.warning(
                "CHUNKED BODY DROPPED: %s got a request without Content-Length; its function sees "
                "an empty body, as on Azure",
                self._function.name,
            )
        async with self._gate.hold():
            try:
                response = await self._worker.run(self._call(request, query, body))
            except InvocationFailed:
                return Response(status_code=500)
        assert isinstance(response, Response)
        return response

    def _call(self, request: Request, query: Mapping[str, str], body: bytes) -> Call:
        headers = header_values(request)
        path = _raw_path(request.scope)
        url = f"{request.scope['scheme']}://{headers.get('host', '')}{path}"
        asked = request.scope["query_string"].decode("latin-1")
        seen = HttpRequest(
            method=request.method,
            url=f"{url}?{asked}" if asked else url,
            headers=headers,
            params=query,
            route_params=request.path_params,
            body_type="bytes",
            body=body,
        )
        return Call(
            function=self._function,
            bind=lambda: seen,
            detail=f"{request.method} {path}",
            accept=response_of,
            tell=lambda response: str(response.status_code),
            trace_parent=trace_parent(headers.get("traceparent")),
            trace_state=headers.get("tracestate", ""),
        )


def key_of(request: Request, query: Mapping[str, str] | None = None) -> str:
    """Return the key a caller presents: the header's, and only without that header `code`."""
    header = request.headers.getlist("x-functions-key")
    if header:
        return header[0]
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return next((value for name, value in pairs if name.lower() == "code"), "")


def header_values(request: Request) -> dict[str, str]:
    """Return the headers as a function sees them: lower-case names, repeats joined by commas."""
    return _joined((name.decode("latin-1"), _text(value)) for name, value in request.headers.raw)


def query_values(request: Request) -> dict[str, str]:
    """Return the query as a function sees it: repeats joined, empty values gone."""
    asked = request.scope["query_string"].decode("latin-1")
    return {n: v for n, v in _joined(parse_qsl(asked, keep_blank_values=True)).items() if v}


def response_of(returned: object) -> Response:
    """Return the answer for what an HTTP function returned; raises where Azure answers 500."""
    if returned is None:
        raise TypeError("an HTTP function returned None")
    if isinstance(returned, str):
        return _described(returned)
    try:
        datum = HttpResponseConverter.encode(returned, expected_type=None)
    except NotImplementedError:
        raise TypeError(f"an HTTP function returned {type(returned).__name__}") from None
    parts = datum.value
    return _response(
        parts["status_code"].value,
        {name: _header(value) for name, value in parts["headers"].items()},
        parts["body"].value,
        [morsel for cookie in parts["cookies"] or () for morsel in cookie.values()],
    )


def _response(
    status: object,
    headers: Mapping[str, str],
    body: bytes,
    cookies: Iterable[Morsel[str]] = (),
) -> Response:
    code = int(str(status))
    if not 100 <= code <= 599:
        raise ValueError(f"{code} is not a status")
    if body and code in (204, 304):
        raise ValueError(f"status {code} with a body: Kestrel refuses to write it")
    response = Response(body, status_code=code)
    # Headers that differ only in case collapse to the last one.
    for name, value in headers.items():
        response.headers[name] = value
    for morsel in cookies:
        response.headers.append("set-cookie", _cookie(morsel))
    return response


def _described(text: str) -> Response:
    """Return the answer for a plain string: the host reads JSON in it as a description."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return _response(200, {"content-type": "text/plain; charset=utf-8"}, text.encode())
    if isinstance(value, dict) and "body" in value:
        body = value["body"]
        headers = {str(k): str(v) for k, v in (value.get("headers") or {}).items()}
        kind = "text/plain" if isinstance(body, str) else "application/json"
        headers.setdefault("content-type", f"{kind}; charset=utf-8")
        content = body if isinstance(body, str) else json.dumps(body, indent=2)
        status = value.get("status", value.get("statusCode", 200))
        return _response(status, headers, content.encode())
    again = json.dumps(value, indent=2, ensure_ascii=False).encode()
    return _response(200, {"content-type": "application/json; charset=utf-8"}, again)


def _header(value: Datum) -> str:
    return str(value.value)


_COOKIE_PARTS = ("expires", "max-age", "domain", "path", "samesite")


def _cookie(morsel: Morsel[str]) -> str:
    parts = [f"{morsel.key}={morsel.coded_value}"]
    # The host builds the cookie anew, and .NET's default path is the root.
    attributes = {**dict(morsel), "path": morsel["path"] or "/"}
    parts += [f"{name}={attributes[name]}" for name in _COOKIE_PARTS if attributes[name]]
    parts += [name for name in ("secure", "httponly") if attributes[name]]
    return "; ".join(parts)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name.lower(), []).append(value)
        spelled.setdefault(name.lower(), name)
    return {spelled[name]: ",".join(found) for name, found in values.items()}


def _content_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
