"""Etags of a recording, told as the simulator's own: a condition that held there holds here."""

from typing import Any

import httpx

from local.azure.arm import Json

_CONDITIONS = ("if-match", "if-none-match")


class Tags:
    """What the recorded etags are called here."""

    def __init__(self) -> None:
        """Know none."""
        self._ours: dict[str, str] = {}

    def note(self, recorded: Json, answer: httpx.Response) -> None:
        """Learn from an answer what the recorded tag is here."""
        theirs, ours = _tag(recorded.get("body")), _tag(answer.json() if answer.content else None)
        if theirs and ours:
            self._ours[theirs] = ours

    def conditions(self, request: Json, recorded: Json) -> dict[str, str]:
        """Return the conditions to send: as they are if they failed, else in our words."""
        found = {}
        for name, value in (request.get("headers") or {}).items():
            tag = str(value).strip('"')
            if name.lower() not in _CONDITIONS:
                continue
            if tag == "*" or tag in self._ours:
                found[name] = self._ours.get(tag, "*")
            elif recorded["status"] == 412 or request["method"] in {"DELETE", "PATCH", "PUT"}:
                found[name] = str(value)
        return found


def _tag(body: Any) -> str:
    return str(body.get("etag") or "").strip('"') if isinstance(body, dict) else ""
