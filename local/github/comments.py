"""Comments on pull requests, which GitHub keeps as comments on issues.

https://docs.github.com/rest/issues/comments
"""

from local.github.answers import Answer, Json, not_found, paged
from local.github.call import Call
from local.github.fields import Field, check
from local.github.world import BOT, account

_FIELDS = {"body": Field(required=True, longest=65_536)}


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
    given = call.request.fields()
    check("IssueComment", _FIELDS, given)
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
        "performed_via_github_app": {"id": call.world.stack.github_app_id},
    }
    _keep(call, number, made)
    return Answer(status=201, body=made)


def show(call: Call) -> Answer:
    """Show one comment."""
    return Answer(body=_known(call)["object"])


def change(call: Call) -> Answer:
    """Write a comment anew."""
    known = _known(call)
    given = call.request.fields()
    check("IssueComment", _FIELDS, given)
    changed = {**known["object"], "body": given["body"], "updated_at": call.world.now}
    _keep(call, known["issue"], changed)
    return Answer(body=changed)


def remove(call: Call) -> Answer:
    """Delete a comment."""
    known = _known(call)
    call.world.store.drop("comment", known["object"]["id"], shelf=call.home)
    return Answer(status=204)


def _keep(call: Call, number: int, comment: Json) -> None:
    kept = {"issue": number, "object": comment}
    call.world.store.put("comment", comment["id"], kept, shelf=call.home)


def _pull(call: Call) -> int:
    number = call.number("number")
    if call.world.store.get("pull", number, shelf=call.home) is None:
        raise not_found()
    return number


def _known(call: Call) -> Json:
    found = call.world.store.get("comment", call.number("id"), shelf=call.home)
    if found is None:
        raise not_found()
    return found
