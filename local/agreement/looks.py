"""What a recording shows of a thing that it does not change."""

from local.azure.arm import Json
from local.azure.ids import Id


def unchanged(exchanges: list[Json], target: Id) -> Json | None:
    """Return a thing as the first GET shows it, if nothing was asked of it before that."""
    for exchange in exchanges:
        request, response = exchange["request"], exchange["response"]
        here = request["path"].lower().rstrip("/")
        if request["method"] != "GET" and (here == target.key or _acts_on(here, target)):
            return None
        body = response.get("body")
        if here == target.key and isinstance(body, dict) and "properties" in body:
            same = str(body.get("id")).lower() == target.key
            return body if same and response["status"] == 200 else None
    return None


def _acts_on(path: str, target: Id) -> bool:
    """Tell whether a path is an action's on a thing: one word below it."""
    rest = path.removeprefix(f"{target.key}/")
    return rest != path and "/" not in rest
