"""Repositories: what each is called, was called before, and what became of it.

A repository is known by its id. It is served under its present name alone: a name of before leads
to `/repositories/{id}/…`, until another repository takes it over. A test makes it move by the
`repository` event that GitHub would send (`renamed`, `transferred`); a payload of any event that
calls a known repository by a name it never had says the same, only that the event went missing.
What was answered under the old name is rewritten, as GitHub never shows the old one again.

A transferred repository belongs to the new owner's installation: an App that is not installed
there would not have been sent the event.
https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
https://docs.github.com/webhooks/webhook-events-and-payloads#repository
"""

import hashlib
from typing import Any
from urllib.parse import quote, urlencode

from local.github.answers import Answer, GitHubError, Json, Request
from local.github.world import World, account
from local.stack import Stack

DEFAULT_REPOSITORY = (1296269, "tesoro/rewards-api")

_REDIRECTS = "/guides/best-practices-for-using-the-rest-api#follow-redirects"
_KEPT_UNDER_IT = ("pull", "run", "comment", "deployment")


class Moved(GitHubError):
    """The repository is asked for by a name of before: 301, and 307 for what is not a GET."""

    def __init__(self, world: World, repository: Json, request: Request) -> None:
        is_reading = request.method in ("GET", "HEAD")
        super().__init__(301 if is_reading else 307, "Moved Permanently")
        rest = "/".join(request.path.rstrip("/").split("/")[4:])
        place = f"{world.stack.github}/repositories/{repository['id']}"
        query = f"?{urlencode(request.query)}" if request.query else ""
        self.place = f"{place}/{quote(rest)}{query}" if rest else f"{place}{query}"

    def answer(self) -> Answer:
        """Return the redirect; GitHub names the place in the body as well."""
        shape = super().answer().body
        body = {
            "message": self.message,
            "url": self.place,
            "documentation_url": shape["documentation_url"] + _REDIRECTS,
        }
        return Answer(status=self.status, body=body, headers={"location": self.place})


def seed(world: World) -> None:
    """Make the one repository that is there from the start."""
    identity, name = DEFAULT_REPOSITORY
    if world.store.get("repository", identity) is None:
        with world.store.transaction():
            install(world, know(world, identity, name), installed=True)


def named(world: World, name: str) -> Json | None:
    """Return the repository that `owner/name` leads to, now or from before, in any case."""
    alias = world.store.get("name", name)
    return None if alias is None else numbered(world, alias["id"])


def numbered(world: World, identity: int) -> Json | None:
    """Return the repository with that id, None where there is none or it was deleted."""
    found = world.store.get("repository", identity)
    return None if found is None or found.get("deleted") else found


def is_called(repository: Json, name: str) -> bool:
    """Say whether `owner/name` is its present name."""
    return str(repository["full_name"]).lower() == name.lower()


def installed(world: World) -> list[Json]:
    """Return every repository on which the App is installed."""
    return [one for one in world.store.all("repository") if one["installed"]]


def install(world: World, repository: Json, *, installed: bool) -> None:
    """Install the App on a repository, or take it away."""
    now = {**repository, "installed": installed and not repository.get("deleted")}
    world.store.put("repository", repository["id"], now)


def told(world: World, said: Any) -> Json | None:
    """Return the repository that an object names by id, by name, or by both; None for nonsense."""
    if not isinstance(said, dict):
        return None
    identity, name = said.get("id"), said.get("full_name")
    if identity is None and isinstance(name, str):
        known = named(world, name)
        identity = known["id"] if known else _id_of(name)
    if not isinstance(identity, int) or isinstance(identity, bool):
        return None
    if not isinstance(name, str) or name.count("/") != 1:
        return world.store.get("repository", identity)
    return know(world, identity, name, facts=said)


def know(world: World, identity: int, name: str, *, facts: Json | None = None) -> Json:
    """Return the repository, made now if nobody has named it before.

    A name that it never had is its name from now on. A name that another bears stays there.
    """
    known = world.store.get("repository", identity)
    if known is None:
        return _made(world, identity, name, facts or {})
    alias = world.store.get("name", name)
    is_old_news = alias is not None and alias["id"] == identity
    if known.get("deleted") or is_old_news or _bearer(world, name) is not None:
        return known
    return _moved(world, known, name, facts or {})


def follow(world: World, payload: Json) -> None:
    """Bring the store in step with a `repository` event."""
    said = payload["repository"]
    former = _former(payload)
    if former is not None:
        _follow_move(world, said, former)
    repository = told(world, said)
    if repository is None:
        return
    facts: Json = {}
    match payload.get("action"):
        case "deleted":
            repository = {**repository, "deleted": True, "installed": False}
        case "archived" | "unarchived" as action:
            facts = {"archived": action == "archived"}
        case "publicized" | "privatized" as action:
            word = "public" if action == "publicized" else "private"
            facts = {"private": word == "private", "visibility": word}
    whole = {**repository, "object": {**repository["object"], **facts}}
    world.store.put("repository", repository["id"], whole)


def _former(payload: Json) -> str | None:
    """Return the whole name of before, None where the event is not about a name."""
    said, changes = payload["repository"], payload.get("changes")
    name = said.get("full_name") if isinstance(said, dict) else None
    if not isinstance(name, str) or name.count("/") != 1 or not isinstance(changes, dict):
        return None
    owner, _, short = name.partition("/")
    try:
        match payload.get("action"):
            case "renamed":
                return f"{owner}/{changes['repository']['name']['from']}"
            case "transferred":
                before = changes["owner"]["from"]
                person = before.get("organization") or before.get("user")
                return f"{person['login']}/{short}"
    except (KeyError, TypeError, AttributeError):
        return None
    return None


def _follow_move(world: World, said: Json, former: str) -> None:
    """Move the repository unless this tells of a move before the last one.

    That is so where the name of before is known as its own, and no longer its present one.
    """
    identity, name = said.get("id"), said["full_name"]
    known = numbered(world, identity) if isinstance(identity, int) else None
    alias = world.store.get("name", former)
    is_late = known is not None and not is_called(known, former) and alias == {"id": identity}
    if known is not None and not is_late and not is_called(known, name):
        if _bearer(world, name) is None:
            _moved(world, known, name, said)
    elif known is None:
        told(world, said)
    if alias is None and isinstance(identity, int):
        world.store.put("name", former, {"id": identity})


def _bearer(world: World, name: str) -> Json | None:
    """Return the repository whose present name it is."""
    found = named(world, name)
    return found if found is not None and is_called(found, name) else None


def _made(world: World, identity: int, name: str, facts: Json) -> Json:
    if _bearer(world, name) is None:
        world.store.put("name", name, {"id": identity})
    made = {
        "id": identity,
        "full_name": name,
        "installed": False,
        "object": _described(world.stack, identity, name, facts, now=world.now),
    }
    world.store.put("repository", identity, made)
    return made


def _moved(world: World, known: Json, name: str, facts: Json) -> Json:
    identity, old = known["id"], known["full_name"]
    names = _names(world.stack, name)
    after = {**known["object"], **names, **facts, "id": identity, "full_name": name}
    moved = {**known, "full_name": name, "object": after}
    world.store.put("name", name, {"id": identity})
    world.store.put("repository", identity, moved)
    places = {
        f"{world.stack.github}/repos/{old}": f"{world.stack.github}/repos/{name}",
        f"https://github.com/{old}": f"https://github.com/{name}",
    }
    for kind in _KEPT_UNDER_IT:
        _rewrite(world, kind, identity, after, places)
    for one in world.store.shelf("deployment", identity):
        _rewrite(world, "deployment_status", one["id"], after, places)
    return moved


def _rewrite(world: World, kind: str, shelf: int, now: Json, places: dict[str, str]) -> None:
    for key, body in world.store.keyed(kind, shelf):
        world.store.put(kind, key, _rewritten(body, now, places), shelf=shelf)


def _rewritten(value: Any, now: Json, places: dict[str, str]) -> Any:
    """Return a document with the repository inside as it is now, and every address of it."""
    if isinstance(value, list):
        return [_rewritten(item, now, places) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("id") == now["id"] and "full_name" in value:
        return {**value, **now}
    return {
        name: _relocated(item, places) if name.endswith("url") else _rewritten(item, now, places)
        for name, item in value.items()
    }


def _relocated(value: Any, places: dict[str, str]) -> Any:
    for old, new in places.items():
        if isinstance(value, str) and (value == old or value.startswith(f"{old}/")):
            return new + value[len(old) :]
    return value


def _names(stack: Stack, name: str) -> Json:
    owner, _, short = name.partition("/")
    return {
        "name": short,
        "full_name": name,
        "owner": {**account(stack, owner), "type": "Organization"},
        "html_url": f"https://github.com/{name}",
        "url": f"{stack.github}/repos/{name}",
    }


def _described(stack: Stack, identity: int, name: str, facts: Json, *, now: str) -> Json:
    usual = {
        "id": identity,
        **_names(stack, name),
        "private": True,
        "visibility": "private",
        "description": None,
        "fork": False,
        "default_branch": "main",
        "archived": False,
        "disabled": False,
        "created_at": now,
        "updated_at": now,
        "pushed_at": now,
    }
    return {**usual, **facts, "id": identity, "full_name": name}


def _id_of(name: str) -> int:
    digest = hashlib.sha256(name.lower().encode()).digest()
    return 300_000_000 + int.from_bytes(digest[:4], "big") % 600_000_000
