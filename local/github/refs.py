"""What a name of a commit leads to: branches, heads of pull requests, and commits themselves.

There is no git here. A full commit name is always believed: versions of a release name commits
that no delivery ever spoke of. A branch leads somewhere only if it is the default one or some pull
request's head.
"""

import hashlib
import re

from local.github.answers import GitHubError, Json
from local.github.pulls import Kept, commits_of
from local.github.world import World

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_sha(text: str) -> bool:
    """Say whether it is a commit's full name."""
    return _SHA.fullmatch(text) is not None


def resolve(world: World, repository: Json, ref: str) -> str:
    """Return the commit that `ref` leads to; 422 where it leads nowhere."""
    if is_sha(ref):
        return ref
    short = ref.removeprefix("refs/heads/")
    for kept in world.store.shelf("pull", repository["id"]):
        head, number = kept["object"]["head"], kept["object"]["number"]
        if short == head["ref"] or ref in (f"refs/pull/{number}/head", f"pull/{number}/head"):
            return str(head["sha"])
    if short == repository["object"]["default_branch"]:
        name = f"{repository['full_name']}@{short}"
        return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    raise GitHubError(422, f"No ref found for: {ref}")


def author_of(world: World, repository: Json, sha: str) -> str | None:
    """Return who wrote the commit, as far as anything told so."""
    told = world.store.get("commit", sha, shelf=repository["id"])
    if told is not None:
        return str((told.get("author") or {}).get("login") or "octocat")
    for kept in world.store.shelf("pull", repository["id"]):
        if sha in commits_of(Kept(**kept)):
            return str((kept["object"].get("user") or {}).get("login") or "ghost")
    for kept in world.store.shelf("run", repository["id"]):
        if kept["object"].get("head_sha") == sha:
            return str((kept["object"].get("actor") or {}).get("login") or "ghost")
    return None
