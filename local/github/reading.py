"""What the app reads: the App itself, repositories, pull requests, runs, people.

https://docs.github.com/rest/pulls/pulls, https://docs.github.com/rest/actions/workflow-runs
"""

from local.github import authority
from local.github.answers import Answer, Json, invalid, not_found, paged
from local.github.call import Call
from local.github.world import account, integration


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
    """Say what a person may do: as told, else owners everything and others nothing."""
    login = call.names["login"]
    told = call.world.store.get("collaborator", login, shelf=call.home)
    owner = str(call.repository["full_name"]).partition("/")[0]
    level = told["permission"] if told else "admin" if login.lower() == owner.lower() else "none"
    person = account(call.world.stack, login)
    return Answer(body={"permission": level, "role_name": level, "user": person})
