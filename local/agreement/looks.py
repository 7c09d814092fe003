"""What a recording shows of a thing that it does not change."""

from typing import Any

from local.azure.arm import Json
from local.azure.ids import Id


def unchanged(exchanges: list[Json], target: Id) -> Json | None:
    """Return a thing as the first GET or list shows it, if nothing was asked of it before."""
    for exchange in exchanges:
        request, response = exchange["request"], exchange["response"]
        here = request["path"].lower().rstrip("/")
        if request["method"] != "GET" and (here == target.key or _acts_on(here, target)):
            return None
        body = response.get("body") if response["status"] == 200 else None
        if request["method"] == "GET" and isinstance(body, dict):
            rows = body["value"] if isinstance(body.get("value"), list) else [body]
            shown = next((row for row in rows if _is_whole(row, target)), None)
            if shown is not None or here == target.key:
                return shown
    return None


def _is_whole(row: Any, target: Id) -> bool:
    """Tell whether a row is a thing's, with its properties."""
    same = isinstance(row, dict) and str(row.get("id")).lower() == target.key
    return same and isinstance(row.get("properties"), dict)


def _acts_on(path: str, target: Id) -> bool:
    """Tell whether a path is an action's on a thing: one word below it."""
    rest = path.removeprefix(f"{target.key}/")
    return rest != path and "/" not in rest
