"""Comments on pull requests, which GitHub keeps as comments on issues.

https://docs.github.com/rest/issues/comments
"""

from local.github.answers import Answer, GitHubError, Json, not_found, paged
from local.github.call import Call
from local.github.fields import Field, check
from local.github.world import BOT, account, integration

_LONGEST = 65_536  # characters
_FIELDS = {"body": Field(required=True)}


def find(call: Call) -> Answer:
    """List the comments of one pull request, oldest first."""
    number = _pull(call)
    found = [one for one in call.world.store.shelf("comment", call.home) if one["issue"] == number]
    since = call.request.query.get("since", "")
    shown = [one["object"] for one in found if one["object"]["updated_at"] >= since]
    return paged(call.request, call.base, shown)


def make(call: Call) -> Answer:
    """Write a comment as the App."""
    number = _pull(call)
    given = _written(call)
    identity, now = call.world.store.number("comment"), call.world.now
    page = f"{call.repository['object']['html_url']}/pull/{number}"
    made: Json = {
        "id": identity,
        "url": f"{call.place}/issues/comments/{identity}",
        "html_url": f"{page}#issuecomment-{identity}",
        "issue_url": f"{call.place}/issues/{number}",
        "user": account(call.world.stack, BOT),
        "body": given["body"],
        "author_association": "NONE",
        "created_at": now,
        "updated_at": now,
        "performed_via_github_app": integration(call.world.stack),
    }
    _keep(call, number, made)
    return Answer(status=201, body=made)


def show(call: Call) -> Answer:
    """Show one comment."""
    return Answer(body=known(call)["object"])


def change(call: Call) -> Answer:
    """Write a comment anew, whoever wrote it."""
    kept = known(call)
    given = _written(call)
    changed = {**kept["object"], "body": given["body"], "updated_at": call.world.now}
    _keep(call, kept["issue"], changed)
    return Answer(body=changed)


def remove(call: Call) -> Answer:
    """Delete a comment."""
    identity = known(call)["object"]["id"]
    call.world.store.drop("comment", identity, shelf=call.home)
    call.world.store.put("deleted_comment", identity, {}, shelf=call.home)
    return Answer(status=204)


def known(call: Call) -> Json:
    """Return the comment that the path names, and of which pull request it is; else 404."""
    found = call.world.store.get("comment", call.number("id"), shelf=call.home)
    if found is None:
        raise not_found()
    return found


def _written(call: Call) -> Json:
    """Return the body of a request with a text that GitHub takes."""
    given = call.request.fields()
    check("IssueComment", _FIELDS, given)
    if not given["body"].strip():
        raise _unprocessable("Body cannot be blank")
    if len(given["body"]) > _LONGEST:
        raise _unprocessable(f"Body is too long (maximum is {_LONGEST} characters)")
    return given


def _unprocessable(message: str) -> GitHubError:
    fault = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
    return GitHubError(422, "Validation Failed", {**fault, "message": message})


def _keep(call: Call, number: int, comment: Json) -> None:
    kept = {"issue": number, "object": comment}
    call.world.store.put("comment", comment["id"], kept, shelf=call.home)


def _pull(call: Call) -> int:
    number = call.number("number")
    if call.world.store.get("pull", number, shelf=call.home) is None:
        raise not_found()
    return number
