"""The App's installations: where it is installed, whether it may act there, and its tokens.

A test changes them by the events that GitHub would send, `installation` and
`installation_repositories`. Taking the App away makes its tokens worthless at once; suspending it
refuses them until it is lifted, while the installation itself is still shown.
https://docs.github.com/rest/apps/apps
https://docs.github.com/webhooks/webhook-events-and-payloads#installation
"""

from typing import Any

from local.github import authority, repositories
from local.github.answers import Answer, Json, paged
from local.github.call import Call
from local.github.world import World, account, installation_of, installation_on


def find(call: Call) -> Answer:
    """List the accounts on which the App is installed."""
    found = {
        installation_of(one): _described(call, one) for one in repositories.installed(call.world)
    }
    return paged(call.request, call.base, list(found.values()))


def show(call: Call) -> Answer:
    """Show the installation that reaches the repository."""
    return Answer(body=_described(call, call.repository))


def give_token(call: Call) -> Answer:
    """Give a token of the installation, for an hour."""
    made = authority.issue(call.world, call.number("id"), call.request.fields())
    return Answer(status=201, body=made)


def follow(world: World, event: str, payload: Json) -> None:
    """Bring the store in step with an `installation` or `installation_repositories` event."""
    if event == "installation_repositories":
        _install(world, payload.get("repositories_added"), installed=True)
        _install(world, payload.get("repositories_removed"), installed=False)
        return
    said = payload["installation"]
    owner = said.get("account")
    login = owner.get("login") if isinstance(owner, dict) else None
    identity = installation_on(login) if isinstance(login, str) else said.get("id")
    if not isinstance(identity, int):
        return
    mine = _repositories_of(world, identity)
    match payload.get("action"):
        case "created":
            _install(world, payload.get("repositories", mine), installed=True)
            suspend(world, identity, since=None)
        case "deleted":
            _install(world, mine, installed=False)
            removals = world.installation(identity)["removals"] + 1
            stands = {"suspended_at": None, "removals": removals}
            world.store.put("installation", identity, stands)
        case "suspend":
            suspend(world, identity, since=said.get("suspended_at") or world.now)
        case "unsuspend":
            suspend(world, identity, since=None)


def suspend(world: World, identity: int, *, since: str | None) -> None:
    """Suspend an installation from a moment on; None lifts it."""
    stands = {**world.installation(identity), "suspended_at": since}
    world.store.put("installation", identity, stands)


def _install(world: World, given: Any, *, installed: bool) -> None:
    for said in given if isinstance(given, list) else []:
        repository = repositories.told(world, said)
        if repository is not None:
            repositories.install(world, repository, installed=installed)


def _repositories_of(world: World, identity: int) -> list[Json]:
    found = [one for one in world.store.all("repository") if not one.get("deleted")]
    return [{"id": one["id"]} for one in found if installation_of(one) == identity]


def _described(call: Call, repository: Json) -> Json:
    owner, identity = str(repository["full_name"]).partition("/")[0], installation_of(repository)
    place = f"{call.base}/app/installations/{identity}"
    return {
        "id": identity,
        "account": {**account(call.world.stack, owner), "type": "Organization"},
        "app_id": call.world.stack.github_app_id,
        "target_type": "Organization",
        "repository_selection": "selected",
        "permissions": dict(authority.GRANTED),
        "access_tokens_url": f"{place}/access_tokens",
        "suspended_at": call.world.installation(identity)["suspended_at"],
    }
