"""A tiny HTTP server on a free port: it answers as told, and remembers what it was asked."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server sends back; `body` is bytes, or anything that JSON can hold."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """Return the body as it travels."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Server:
    """Answers each `METHOD path` (without the query) as scripted; the last answer stays."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self._answers: dict[str, list[Answer | Callable[[Any], object]]] = {}

    def on(self, what: str, *answers: Answer | Callable[[Any], object]) -> None:
        """Answer `what` with these, one after another; a function gets the raw handler."""
        self._answers[what] = list(answers)

    def calls(self, what: str) -> list[Asked]:
        """Return the requests for `what`."""
        method, _, path = what.partition(" ")
        return [a for a in self.asked if a.method == method and a.path.split("?")[0] == path]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        is_json = "json" in headers.get("content-type", "")
        content = json.loads(body) if is_json and body else body
        self.asked.append(Asked(handler.command, handler.path, headers, content))
        what = f"{handler.command} {handler.path.split('?')[0]}"
        script = self._answers.get(what) or [Answer(status=599, body=f"not scripted: {what}")]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if not isinstance(answer, Answer):
            answer(handler)
            return
        handler.send_response(answer.status)
        kind = "text/html" if isinstance(answer.body, bytes) else "application/json; charset=utf-8"
        given = {"Content-Type": kind, "Content-Length": str(len(answer.content))}
        for name, value in (given | answer.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "HEAD":
            return
        with contextlib.suppress(OSError):  # the asker may have heard enough
            handler.wfile.write(answer.content)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server()

    class Door(BaseHTTPRequestHandler):
        """Hands every request to the script."""

        def do_GET(self) -> None:
            """Answer."""
            server.answer(self)

        do_HEAD = do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Listener(ThreadingHTTPServer):
        """Ends without waiting for an answer that never comes."""

        daemon_threads = True
        block_on_close = False

    with Listener(("127.0.0.1", 0), Door) as listener:
        server.url = f"http://127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        listener.shutdown()
        thread.join()
