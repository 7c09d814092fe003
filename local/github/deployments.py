"""Deployments and their statuses, with the defaults that bite.

`auto_merge` is on unless it is refused, and then GitHub merges the base branch and makes no
deployment; `required_contexts` means "all of them" unless it is `[]`; a transient deployment is
never made inactive by a later one.
https://docs.github.com/rest/deployments/deployments
"""

from local.github.answers import Answer, GitHubError, Json, invalid, not_found, paged
from local.github.call import Call
from local.github.fields import Field, check
from local.github.refs import resolve
from local.github.world import BOT, account, integration

_FIELDS = {
    "ref": Field(required=True),
    "task": Field(),
    "auto_merge": Field(types=(bool,)),
    "required_contexts": Field(types=(list,), may_be_null=True),
    "payload": Field(types=(dict, str), may_be_null=True),
    "environment": Field(),
    "description": Field(may_be_null=True),
    "transient_environment": Field(types=(bool,)),
    "production_environment": Field(types=(bool,)),
}
_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_STATUS_FIELDS = {
    "state": Field(required=True, choices=_STATES),
    "target_url": Field(is_url=True),
    "log_url": Field(is_url=True),
    "description": Field(longest=140),
    "environment": Field(),
    "environment_url": Field(is_url=True),
    "auto_inactive": Field(types=(bool,)),
}


def find(call: Call) -> Answer:
    """List deployments, newest first, by sha, ref, task and environment."""
    query = call.request.query
    wanted = {name: query[name] for name in ("sha", "ref", "task", "environment") if name in query}
    found = [
        one
        for one in reversed(call.world.store.shelf("deployment", call.home))
        if all(one[name] == value for name, value in wanted.items() if value != "none")
    ]
    return paged(call.request, call.base, found)


def make(call: Call) -> Answer:
    """Make a deployment, or do what GitHub does where the caller did not say otherwise."""
    given = call.request.fields()
    check("Deployment", _FIELDS, given)
    sha = resolve(call.world, call.repository, given["ref"])
    if given.get("auto_merge", True):
        branch = call.repository["object"]["default_branch"]
        return Answer(
            status=202,
            body={"message": f"Auto-merged {branch} into {given['ref']} on deployment."},
        )
    _demand_no_contexts(given)
    made = _deployment(call, given, sha)
    call.world.store.put("deployment", made["id"], made, shelf=call.home)
    return Answer(status=201, body=made)


def _demand_no_contexts(given: Json) -> None:
    """Refuse unless no status is required: here no commit ever has a green one."""
    contexts = given.get("required_contexts")
    if contexts == []:
        return
    fault: Json = {"resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    fault["contexts"] = [{"context": name, "state": "pending"} for name in contexts or []]
    raise GitHubError(409, f"Conflict: Commit status checks failed for {given['ref']}.", fault)


def _deployment(call: Call, given: Json, sha: str) -> Json:
    number, now = call.world.store.number("deployment"), call.world.now
    environment = given.get("environment") or "production"
    url = f"{call.place}/deployments/{number}"
    return {
        "id": number,
        "url": url,
        "sha": sha,
        "ref": given["ref"],
        "task": given.get("task", "deploy"),
        "payload": given.get("payload") or {},
        "original_environment": environment,
        "environment": environment,
        "description": given.get("description"),
        "creator": account(call.world.stack, BOT),
        "created_at": now,
        "updated_at": now,
        "statuses_url": f"{url}/statuses",
        "repository_url": call.place,
        "transient_environment": given.get("transient_environment", False),
        "production_environment": given.get("production_environment", environment == "production"),
        "performed_via_github_app": integration(call.world.stack),
    }


def show(call: Call) -> Answer:
    """Show one deployment."""
    return Answer(body=_known(call))


def remove(call: Call) -> Answer:
    """Delete a deployment that is not active, or is the only one of its environment."""
    one = _known(call)
    others = [
        other
        for other in call.world.store.shelf("deployment", call.home)
        if other["environment"] == one["environment"] and other["id"] != one["id"]
    ]
    if others and _state(call, one) == "success":
        raise GitHubError(
            422,
            "We cannot delete an active deployment unless it is the only deployment in a given"
            " environment.",
        )
    call.world.store.drop("deployment", one["id"], shelf=call.home)
    return Answer(status=204)


def statuses(call: Call) -> Answer:
    """List the deployment's statuses, newest first."""
    one = _known(call)
    found = call.world.store.shelf("deployment_status", one["id"])
    return paged(call.request, call.base, found[::-1])


def say(call: Call) -> Answer:
    """Add a status; a success retires the earlier ones of a lasting environment."""
    one = _known(call)
    given = call.request.fields()
    check("DeploymentStatus", _STATUS_FIELDS, given)
    if given.get("environment") == "":
        raise invalid("DeploymentStatus", "environment", "environment can't be blank")
    if given.get("environment"):
        one = {**one, "environment": given["environment"]}
    made = _add_status(call, one, given)
    call.world.store.put(
        "deployment", one["id"], {**one, "updated_at": call.world.now}, shelf=call.home
    )
    if given["state"] == "success" and given.get("auto_inactive", True):
        _retire_earlier(call, one)
    return Answer(status=201, body=made)


def _retire_earlier(call: Call, one: Json) -> None:
    for other in call.world.store.shelf("deployment", call.home):
        lasting = not (other["transient_environment"] or other["production_environment"])
        same = other["environment"] == one["environment"] and other["id"] < one["id"]
        if lasting and same and _state(call, other) == "success":
            _add_status(call, other, {"state": "inactive"})


def _add_status(call: Call, one: Json, given: Json) -> Json:
    number, now = call.world.store.number("deployment_status"), call.world.now
    url = f"{call.place}/deployments/{one['id']}"
    target = given.get("log_url") or given.get("target_url") or ""
    made = {
        "id": number,
        "url": f"{url}/statuses/{number}",
        "state": given["state"],
        "creator": account(call.world.stack, BOT),
        "description": given.get("description", ""),
        "environment": one["environment"],
        "target_url": target,
        "log_url": target,
        "environment_url": given.get("environment_url", ""),
        "created_at": now,
        "updated_at": now,
        "deployment_url": url,
        "repository_url": call.place,
    }
    call.world.store.put("deployment_status", number, made, shelf=one["id"])
    return made


def _state(call: Call, one: Json) -> str | None:
    found = call.world.store.shelf("deployment_status", one["id"])
    return found[-1]["state"] if found else None


def _known(call: Call) -> Json:
    found = call.world.store.get("deployment", call.number("id"), shelf=call.home)
    if found is None:
        raise not_found()
    return found
