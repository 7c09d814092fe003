"""Commits, as far as they are known: there is no git here.

Known is what a delivery or a test told: the heads that a pull request had, in the order of the
times at which they were its head, what a push listed, and what a run was of. So the commits of a
pull request are its heads up to the present one, not what was pushed between two of them. A force
push is told apart by nothing in GitHub's payload: the commits that it threw away stay listed,
unless the branch was taken back to an earlier head, which drops what followed it.
https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request
https://docs.github.com/rest/commits/commits
"""

from local.github.answers import Answer, GitHubError, Json, not_found, paged
from local.github.call import Call
from local.github.pulls import Kept, commits_of
from local.github.refs import author_of
from local.github.world import account

_MOST = 250


def of_pull(call: Call) -> Answer:
    """List the commits of a pull request, oldest first, at most 250."""
    kept = Kept.read(call.world.store.get("pull", call.number("number"), shelf=call.home))
    if kept is None:
        raise not_found()
    shas = commits_of(kept)
    parents = [str(kept.object["base"]["sha"]), *shas]
    login = str((kept.object.get("user") or {}).get("login") or "ghost")
    found = [
        _described(call, sha, author_of(call.world, call.repository, sha) or login, [parent])
        for sha, parent in zip(shas, parents, strict=False)
    ]
    return paged(call.request, call.base, found[:_MOST])


def show(call: Call) -> Answer:
    """Show a commit: its name and who wrote it."""
    sha = call.names["sha"]
    author = author_of(call.world, call.repository, sha)
    if author is None:
        raise GitHubError(422, f"No commit found for SHA: {sha}")
    return Answer(body=_described(call, sha, author, []))


def pulls(call: Call) -> Answer:
    """List the pull requests that have the commit."""
    found = [
        kept["object"]
        for kept in call.world.store.shelf("pull", call.home)
        if call.names["sha"] in commits_of(Kept(**kept))
    ]
    return paged(call.request, call.base, found)


def _described(call: Call, sha: str, author: str, parents: list[str]) -> Json:
    person = account(call.world.stack, author)
    signed = {"name": author, "email": f"{author}@users.noreply.github.com"}
    place = f"{call.place}/commits"
    page = f"{call.repository['object']['html_url']}/commit"
    return {
        "sha": sha,
        "url": f"{place}/{sha}",
        "html_url": f"{page}/{sha}",
        "author": person,
        "committer": person,
        "commit": {
            "message": sha[:7],
            "author": signed,
            "committer": signed,
            "comment_count": 0,
            "url": f"{call.place}/git/commits/{sha}",
        },
        "parents": [
            {"sha": one, "url": f"{place}/{one}", "html_url": f"{page}/{one}"} for one in parents
        ],
    }
