"""`/_local`: what a test sees of this GitHub, and how it states what GitHub has.

A PUT is the whole truth about its list: what is not in it is not there (`installations` alone
adds). A wrong one is refused whole.
"""

import json
from collections.abc import Callable
from typing import Any

from local.github import faults, hook, installations, limits, refs, repositories
from local.github.absorb import absorb
from local.github.answers import Answer, GitHubError, Json, Request
from local.github.hook import Parcel, wrap
from local.github.pulls import Kept, is_time, put_pull, put_run
from local.github.world import World, installation_of

PREFIX = "/_local"
DELIVER = "/_local/deliver"

# What a person may do; `missing`: there is nobody of that name at GitHub.
_LEVELS = ("admin", "maintain", "write", "triage", "read", "none", "missing")
_ORDER = frozenset({"event", "payload", "delivery", "secret", "headers", "drop"})


def answer(world: World, request: Request) -> Answer:
    """Answer one steering call."""
    endpoint = _TABLE.get((request.method, request.path.rstrip("/")))
    if endpoint is None:
        raise GitHubError(404, f"there is no {request.method} {request.path}")
    return endpoint(world, request)


def note(world: World, request: Request, status: int | None) -> None:
    """Remember a request of the app; `status` None where the connection was cut before."""
    try:
        body = request.content()
    except GitHubError:
        body = request.body.decode(errors="replace")
    number = world.store.number("request")
    world.store.put(
        "request",
        number,
        {
            "at": world.clock.now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": body,
            "status": status,
        },
    )


def ordered(world: World, request: Request) -> tuple[Parcel, bool]:
    """Return the delivery that `POST /_local/deliver` orders, and whether it is to be lost.

    By then the store is in step with it.
    """
    given = _object(request)
    found = _faults_of_order(given)
    if found:
        raise GitHubError(400, "; ".join(found))
    try:
        parcel = wrap(
            world,
            given["event"],
            given["payload"],
            guid=given.get("delivery"),
            secret=given.get("secret"),
            headers=given.get("headers"),
        )
    except ValueError as error:
        raise GitHubError(400, f"payload: {error}") from error
    absorb(world, given["event"], given["payload"])
    return parcel, bool(given.get("drop"))


def _faults_of_order(given: Json) -> list[str]:
    found = [f"{name}: unknown field" for name in sorted(set(given) - _ORDER)]
    if not isinstance(given.get("event"), str):
        found.append("event: the event's name, e.g. 'pull_request'")
    if "payload" not in given:
        found.append("payload: missing")
    found += [
        f"{name}: must be text"
        for name in ("delivery", "secret")
        if not isinstance(given.get(name), str | None)
    ]
    headers = given.get("headers") or {}
    if not isinstance(headers, dict):
        return [*found, "headers: must be an object"]
    if not all(isinstance(value, str | None) for value in headers.values()):
        found.append("headers: each must be text, or null to leave it out")
    return found


def _requests(world: World, _: Request) -> Answer:
    return Answer(body=world.store.all("request"))


def _forget_requests(world: World, _: Request) -> Answer:
    world.store.clear("request")
    return Answer(status=204)


def _pulls(world: World, _: Request) -> Answer:
    return Answer(body=[kept["object"] for kept in world.store.all("pull")])


def _put_pulls(world: World, request: Request) -> Answer:
    given = _objects(request, "number")
    for item in given:
        _demand_commits(item)
    homes = [_home(world, item, (item.get("base") or {}).get("repo")) for item in given]
    before = [
        Kept.read(world.store.get("pull", item["number"], shelf=home["id"]))
        for item, home in zip(given, homes, strict=True)
    ]
    world.store.clear("pull")
    for item, home, known in zip(given, homes, before, strict=True):
        kept = put_pull(item, home, now=world.now, known=known)
        world.store.put("pull", item["number"], kept.document(), shelf=home["id"])
    return _pulls(world, request)


def _demand_commits(item: Json) -> None:
    stated = item.get("_commits", ["0" * 40])
    if not isinstance(stated, list) or not stated:
        raise GitHubError(400, "_commits: a list of at least one full commit name")
    if not all(isinstance(sha, str) and refs.is_sha(sha) for sha in stated):
        raise GitHubError(400, "_commits: each must be a full commit name")


def _runs(world: World, _: Request) -> Answer:
    return Answer(body=[kept["object"] for kept in world.store.all("run")])


def _put_runs(world: World, request: Request) -> Answer:
    given = _objects(request)
    homes = [_home(world, item, item.get("repository")) for item in given]
    world.store.clear("run")
    for item, home in zip(given, homes, strict=True):
        number = item.get("id") or world.store.number("run")
        kept = put_run({**item, "id": number}, home, now=world.now)
        world.store.put("run", number, kept.document(), shelf=home["id"])
    return _runs(world, request)


def _deliveries(world: World, _: Request) -> Answer:
    return Answer(body=world.store.all("delivery")[::-1])


def _put_deliveries(world: World, request: Request) -> Answer:
    given = _objects(request)
    for item in given:
        if not isinstance(item.get("id", 0), int) or not is_time(
            item.get("delivered_at", world.now)
        ):
            raise GitHubError(400, "id: a whole number; delivered_at: an ISO time")
    hook.put_deliveries(world, given)
    return _deliveries(world, request)


def _put_commits(world: World, request: Request) -> Answer:
    given = _objects(request)
    world.store.clear("commit")
    for item in given:
        home = _home(world, item, item.get("repository"))
        world.store.put("commit", str(item.get("sha")), item, shelf=home["id"])
    return Answer(body=given)


def _put_collaborators(world: World, request: Request) -> Answer:
    given = _objects(request)
    wrong = [item for item in given if item.get("permission") not in _LEVELS]
    if wrong or not all(isinstance(item.get("login"), str) for item in given):
        raise GitHubError(400, f"each needs a login and a permission of {', '.join(_LEVELS)}")
    world.store.clear("collaborator")
    for item in given:
        home = _home(world, item, item.get("repository"))
        kept = {"permission": item["permission"], "role_name": item.get("role_name"), "put": True}
        world.store.put("collaborator", item["login"], kept, shelf=home["id"])
    return Answer(body=given)


def _put_installations(world: World, request: Request) -> Answer:
    for item in _objects(request):
        home = _home(world, item, item)
        repositories.install(world, home, installed=item.get("installed", True) is True)
        if "suspended" in item:
            since = world.now if item["suspended"] is True else None
            installations.suspend(world, installation_of(home), since=since)
    found = repositories.installed(world)
    return Answer(body=[{"id": one["id"], "full_name": one["full_name"]} for one in found])


def _limit(world: World, _: Request) -> Answer:
    return Answer(body=limits.show(world))


def _put_limit(world: World, request: Request) -> Answer:
    return Answer(body=limits.state(world, request.content()))


def _faults(world: World, _: Request) -> Answer:
    return Answer(body=world.store.all("fault"))


def _order_fault(world: World, request: Request) -> Answer:
    return Answer(status=201, body=faults.order(world.store, request.content()))


def _clear_faults(world: World, _: Request) -> Answer:
    world.store.clear("fault")
    return Answer(status=204)


def _home(world: World, item: Json, said: Any) -> Json:
    """Return the repository that an object is of; the default one where it does not say."""
    if isinstance(said, str):
        said = {"full_name": said}
    home = repositories.told(world, said or {"id": repositories.DEFAULT_REPOSITORY[0]})
    if home is None:
        raise GitHubError(400, f"no repository in {json.dumps(item)[:200]}")
    return home


def _object(request: Request) -> Json:
    given = request.content()
    if not isinstance(given, dict):
        raise GitHubError(400, "the body must be an object")
    return given


def _objects(request: Request, *numbers: str) -> list[Json]:
    given = request.content()
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise GitHubError(400, "the body must be a list of objects")
    for name in numbers:
        if not all(isinstance(item.get(name), int) for item in given):
            raise GitHubError(400, f"each object needs a whole {name}")
    return given


_TABLE: dict[tuple[str, str], Callable[[World, Request], Answer]] = {
    ("GET", f"{PREFIX}/requests"): _requests,
    ("DELETE", f"{PREFIX}/requests"): _forget_requests,
    ("GET", f"{PREFIX}/pulls"): _pulls,
    ("PUT", f"{PREFIX}/pulls"): _put_pulls,
    ("GET", f"{PREFIX}/runs"): _runs,
    ("PUT", f"{PREFIX}/runs"): _put_runs,
    ("GET", f"{PREFIX}/deliveries"): _deliveries,
    ("PUT", f"{PREFIX}/deliveries"): _put_deliveries,
    ("PUT", f"{PREFIX}/commits"): _put_commits,
    ("PUT", f"{PREFIX}/collaborators"): _put_collaborators,
    ("PUT", f"{PREFIX}/installations"): _put_installations,
    ("GET", f"{PREFIX}/limit"): _limit,
    ("PUT", f"{PREFIX}/limit"): _put_limit,
    ("GET", f"{PREFIX}/faults"): _faults,
    ("POST", f"{PREFIX}/faults"): _order_fault,
    ("DELETE", f"{PREFIX}/faults"): _clear_faults,
}
