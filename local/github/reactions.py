"""Reactions to comments: each person gives each at most once.

https://docs.github.com/rest/reactions/reactions#create-reaction-for-an-issue-comment
"""

from local.github.answers import Answer, Json, invalid, paged
from local.github.call import Call
from local.github.comments import known
from local.github.fields import Field, check
from local.github.world import BOT, account

_CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
_FIELDS = {"content": Field(required=True, choices=_CONTENTS)}


def find(call: Call) -> Answer:
    """List the reactions to a comment, oldest first; `content` asks for one kind."""
    wanted = call.request.query.get("content")
    if wanted is not None and wanted not in _CONTENTS:
        raise invalid("Reaction", "content", f"{wanted} is no reaction")
    found = [one for one in _of(call) if wanted in (None, one["content"])]
    return paged(call.request, call.base, found)


def give(call: Call) -> Answer:
    """React as the App: 201, or 200 where it already has."""
    already = _of(call)
    given = call.request.fields()
    check("Reaction", _FIELDS, given)
    for one in already:
        if (one["user"]["login"], one["content"]) == (BOT, given["content"]):
            return Answer(body=one)
    made = {
        "id": call.world.store.number("reaction"),
        "user": account(call.world.stack, BOT),
        "content": given["content"],
        "created_at": call.world.now,
    }
    call.world.store.put("reaction", made["id"], made, shelf=call.number("id"))
    return Answer(status=201, body=made)


def _of(call: Call) -> list[Json]:
    return call.world.store.shelf("reaction", known(call)["object"]["id"])
