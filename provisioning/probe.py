"""Does an environment answer? One HTTP request to its health address.

The host comes from what Azure gave the container group, never from a payload. No redirects are
followed, at most 64 KB are read, and five seconds is the longest anyone waits.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

_MOST_BYTES = 65_536
_LONGEST = 5.0


@dataclass(frozen=True)
class Health:
    """What the health address answered: whether well, in which words, and for which seed."""

    is_well: bool
    because: str
    seed: str | None = None


class Probe:
    """Asks health addresses."""

    def __init__(self, *, longest: float = _LONGEST) -> None:
        self._longest = longest
        self._client: Any = None

    def health(self, url: str) -> Health:
        """Return what `url` answers now; silence is an answer too."""
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=self._longest, follow_redirects=False)
        ends = time.monotonic() + self._longest  # httpx counts the silence between two bytes
        try:
            with self._client.stream("GET", url) as answer:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        return Health(False, f"it answered more than {_MOST_BYTES} bytes")
                    if time.monotonic() > ends:
                        return Health(False, f"it does not answer in {self._longest:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Health(False, f"it does not answer ({type(error).__name__})")
        if answer.status_code != 200:
            return Health(False, f"it answers {answer.status_code}")
        return Health(True, "it answers 200", _seed(body))

    def close(self) -> None:
        """Give back the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _seed(body: bytes) -> str | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    seed = content.get("seed") if isinstance(content, dict) else None
    return seed if isinstance(seed, str) else None
