"""The hour's requests: counted for each installation, and refused where a test says so.

A test may put a week of work into one held hour of the app clock. So the count alone refuses
nothing, and the last request of an hour is always left, until `PUT /_local/limit` states how many
there are. Only installations are refused: the App's own proof has a budget of its own.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from dataclasses import dataclass
from typing import Any

from local.github import authority
from local.github.answers import GitHubError, Json, Request
from local.github.world import World

_HOUR = 3600
_USUAL = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one caller has of the hour, this request counted. `installation` None: the App."""

    installation: int | None
    limit: int
    used: int
    reset: int
    is_spent: bool

    def demand(self) -> None:
        """Refuse (403) a request beyond the last one."""
        if self.is_spent:
            message = f"API rate limit exceeded for installation ID {self.installation}."
            raise GitHubError(403, message)

    def headers(self) -> dict[str, str]:
        """Return what every answer says about it."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.limit - self.used),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": "core",
        }


def spend(world: World, request: Request) -> Budget:
    """Count the request in the app clock's hour, and return what its caller has left."""
    kept, hour = _kept(world), int(world.clock.now().timestamp()) // _HOUR
    if kept["hour"] != hour:
        kept |= {"hour": hour, "used": {}}
    installation = authority.installation_in(world, request)
    is_stated = kept["per_hour"] is not None and installation is not None
    limit = kept["per_hour"] if is_stated else _USUAL
    counted = kept["used"].get(str(installation), 0) + 1
    used = min(counted, limit if is_stated else limit - 1)
    kept["used"][str(installation)] = used
    world.store.put("limit", "core", kept)
    return Budget(
        installation=installation,
        limit=limit,
        used=used,
        reset=(hour + 1) * _HOUR,
        is_spent=is_stated and counted > limit,
    )


def show(world: World) -> Json:
    """Return how many requests an hour has for each installation; None: counted alone."""
    return {"per_hour": _kept(world)["per_hour"]}


def state(world: World, given: Any) -> Json:
    """Have an hour's requests be so many from now on, none of them spent."""
    if not isinstance(given, dict) or set(given) != {"per_hour"}:
        raise GitHubError(400, "per_hour alone: requests an hour, or null to refuse none")
    wanted = given["per_hour"]
    if not isinstance(wanted, int | None) or isinstance(wanted, bool) or (wanted or 0) < 0:
        raise GitHubError(400, "per_hour: a whole number, at least 0, or null")
    world.store.put("limit", "core", {"per_hour": wanted, "hour": 0, "used": {}})
    return show(world)


def _kept(world: World) -> Json:
    return world.store.get("limit", "core") or {"per_hour": None, "hour": 0, "used": {}}
