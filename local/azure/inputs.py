"""How the simulator's own calls read a body and refuse one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def json_of(request: Request) -> Any:
    """Return the body of a request; raise ValueError where it is not JSON."""
    try:
        return await request.json()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"body: not JSON ({error})") from error


def bad(why: str) -> Response:
    """Return a 400 that names the field: `why` is `field: what is wrong`."""
    field, _, message = why.partition(": ")
    error = {"code": "InvalidInput", "message": f"{field}: {message}", "target": field}
    return JSONResponse({"error": error}, 400)
