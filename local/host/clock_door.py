"""`/_local/clock`: how a person or a test asks what time it is for the app, and moves it."""

import json
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.host.drive import Drive, Stuck
from local.host.durations import iso_duration

_REAL = "the clock is real: start the stack with a held one"


class ClockDoor:
    """Answers about the held clock; 409 in real time, where there is no drive."""

    def __init__(self, drive: Drive | None) -> None:
        """Stand before `drive`."""
        self._drive = drive

    async def read(self, request: Request) -> Response:
        """Answer `{"now": iso}`."""
        if self._drive is None:
            return _fault(409, _REAL)
        return JSONResponse({"now": self._drive.now().isoformat()})

    async def move(self, request: Request) -> Response:
        """Move the clock as `{"advance": D}` or `{"jump": D}` asks; answer when all is quiet."""
        if self._drive is None:
            return _fault(409, _REAL)
        try:
            kind, length = _asked(await request.body())
        except ValueError as problem:
            return _fault(400, str(problem))
        if length < timedelta(0):
            return _fault(409, "the clock does not go backwards")
        move = self._drive.advance if kind == "advance" else self._drive.jump
        try:
            fired = await move(length)
        except OverflowError:
            return _fault(400, "that is beyond the year 9999")
        except Stuck as problem:
            return _fault(503, f"{problem}; it is now {self._drive.now().isoformat()}")
        return JSONResponse({"now": self._drive.now().isoformat(), "fired": dict(fired)})


def _asked(body: bytes) -> tuple[str, timedelta]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    match asked:
        case {"advance": str(length)} if len(asked) == 1:
            return "advance", iso_duration(length)
        case {"jump": str(length)} if len(asked) == 1:
            return "jump", iso_duration(length)
        case _:
            raise ValueError('the body is {"advance": "PT8H"} or {"jump": "PT8H"}')


def _fault(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": status, "message": message}}, status_code=status)
