"""What the app reads: the App itself, repositories, pull requests, runs, people.

https://docs.github.com/rest/pulls/pulls, https://docs.github.com/rest/actions/workflow-runs
"""

from local.github import authority
from local.github.answers import Answer, GitHubError, Json, invalid, not_found, paged
from local.github.call import Call
from local.github.world import account, integration

# https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
_BASES = {"maintain": "write", "triage": "read"}
_RANKS = ("read", "triage", "write", "maintain", "admin")
_FLAGS = ("pull", "triage", "push", "maintain", "admin")


def app(call: Call) -> Answer:
    """Show the App."""
    return Answer(
        body={
            **integration(call.world.stack),
            "permissions": dict(authority.GRANTED),
            "events": ["issue_comment", "pull_request", "push", "workflow_run"],
        }
    )


def repository(call: Call) -> Answer:
    """Show the repository."""
    return Answer(body=call.repository["object"])


def pull(call: Call) -> Answer:
    """Show one pull request."""
    found = call.world.store.get("pull", call.number("number"), shelf=call.home)
    if found is None:
        raise not_found()
    return Answer(body=found["object"])


def pulls(call: Call) -> Answer:
    """List pull requests: `state`, `head`, `base`, `sort` and `direction` as GitHub reads them."""
    query = call.request.query
    state, order = query.get("state", "open"), query.get("sort", "created")
    if state not in ("open", "closed", "all"):
        raise invalid("PullRequest", "state", f"{state} is not open, closed or all")
    found = [
        one["object"]
        for one in call.world.store.shelf("pull", call.home)
        if state in ("all", one["object"]["state"])
    ]
    if "base" in query:
        found = [one for one in found if one["base"]["ref"] == query["base"]]
    if ":" in query.get("head", ""):  # a branch without its owner is passed over, as at GitHub
        found = [one for one in found if _label(one) == query["head"].lower()]
    by = "updated_at" if order == "updated" else "created_at"
    falling = query.get("direction", "desc" if order == "created" else "asc") == "desc"
    found.sort(key=lambda one: (str(one[by]), one["number"]), reverse=falling)
    return paged(call.request, call.base, found)


def _label(one: Json) -> str:
    """Return `owner:branch`; the owner stays known where the fork is gone."""
    head = one["head"]
    home = head.get("repo") or {}
    owner = (head.get("user") or home.get("owner") or {}).get("login")
    if owner is None and isinstance(home.get("full_name"), str):
        owner = home["full_name"].partition("/")[0]
    if owner is None:
        return str(head.get("label") or "").lower()
    return f"{owner}:{head['ref']}".lower()


def run(call: Call) -> Answer:
    """Show one workflow run."""
    found = call.world.store.get("run", call.number("id"), shelf=call.home)
    if found is None:
        raise not_found()
    return Answer(body=found["object"])


def runs(call: Call) -> Answer:
    """List workflow runs, newest first; `status` matches the conclusion too."""
    query = call.request.query
    found = [one["object"] for one in call.world.store.shelf("run", call.home)]
    if "status" in query:
        wanted = query["status"]
        found = [one for one in found if wanted in (one["status"], one["conclusion"])]
    for asked, name in (("head_sha", "head_sha"), ("event", "event"), ("branch", "head_branch")):
        if asked in query:
            found = [one for one in found if one.get(name) == query[asked]]
    if "actor" in query:
        found = [one for one in found if (one["actor"] or {}).get("login") == query["actor"]]
    found.sort(key=lambda one: (str(one["created_at"]), one["id"]), reverse=True)
    return paged(call.request, call.base, found, key="workflow_runs")


def permission(call: Call) -> Answer:
    """Say what a person may do: as told, else owners everything, and others what all may.

    `permission` is one of four words, `role_name` the finer one; a person without any role has an
    empty one, as github.com answers. Who is not at GitHub at all is 404.
    """
    login, home = call.names["login"], call.repository["object"]
    told = call.world.store.get("collaborator", login, shelf=call.home)
    owner = str(call.repository["full_name"]).partition("/")[0]
    level = "none" if home["private"] else "read"
    if told is not None:
        level = told["permission"]
    elif login.lower() == owner.lower():
        level = "admin"
    if level == "missing":
        raise GitHubError(404, f"{login} is not a user")
    base = _BASES.get(level, level)
    role = "" if level == "none" else (told or {}).get("role_name") or level
    rank = _RANKS.index(level) if level in _RANKS else -1
    may = {word: place <= rank for place, word in enumerate(_FLAGS)}
    person = {**account(call.world.stack, login), "permissions": may, "role_name": role}
    return Answer(body={"permission": base, "role_name": role, "user": person})
