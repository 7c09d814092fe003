"""Does an environment answer? One HTTP request to its health address.

The host comes from what Azure gave the container group, never from a payload; what answers
there is a pull request's code. So no redirects are followed, at most 64 KB are read, and after
five seconds the connection is cut, whatever is still dripping from it.
"""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST_BYTES = 65_536
_LONGEST = 5.0  # seconds, for all of it


@dataclass(frozen=True)
class Health:
    """What the health address answered: whether well, in which words, and for which seed."""

    is_well: bool
    because: str
    seed: str | None = None


class Probe:
    """Asks health addresses, each for so many seconds at the longest."""

    def __init__(self, *, longest: float = _LONGEST) -> None:
        self._longest = longest

    def health(self, url: str) -> Health:
        """Return what `url` answers now; silence is an answer too."""
        over = threading.Event()
        try:
            with _connected(url, self._longest, over) as connection:
                connection.request("GET", urlsplit(url).path or "/")
                answer = connection.getresponse()
                body = answer.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if over.is_set() or isinstance(error, TimeoutError):
                return Health(False, f"it does not answer in {self._longest:g} s")
            return Health(False, f"it does not answer ({type(error).__name__})")
        if over.is_set():  # what was read then looks like an answer that ended
            return Health(False, f"it does not answer in {self._longest:g} s")
        if len(body) > _MOST_BYTES:
            return Health(False, f"it answered more than {_MOST_BYTES} bytes")
        if answer.status != 200:
            return Health(False, f"it answers {answer.status}")
        return Health(True, "it answers 200", _seed(body))


@contextmanager
def _connected(
    url: str, longest: float, over: threading.Event
) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection to the address's host, cut when the time is `over`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is not an http address")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=longest)
    connection.connect()
    end = threading.Timer(longest, _cut, (connection.sock, over))
    end.daemon = True
    end.start()
    try:
        yield connection
    finally:
        end.cancel()
        connection.close()


def _cut(connected: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _seed(body: bytes) -> str | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    seed = content.get("seed") if isinstance(content, dict) else None
    return seed if isinstance(seed, str) else None
