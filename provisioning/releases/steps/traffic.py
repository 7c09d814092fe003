"""What both runbooks of a release do to a container app: look at it, and change its traffic.

Each call is one. A change that was begun is looked at where Azure said, and then the app itself is
read: what it says of its weights is what counts.
"""

from datetime import timedelta

from provisioning.azure.client import Azure
from provisioning.azure.protocol import InProgress, Ready
from provisioning.azure.resources import revisions
from provisioning.azure.resources.revisions import App, Revision
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Release
from provisioning.operations import Waiting
from provisioning.services import Context

LOOK = timedelta(seconds=5)


def app(release: Release, azure: Azure) -> App:
    """Return the container app as it is; raises TerminalError where it cannot have a canary."""
    match azure.resource(release.resource, revisions.API):
        case Ready(body):
            found = revisions.read(body)
        case _:
            raise TerminalError(
                "app_missing",
                f"there is no container app {_name(release)}; the catalog says where it is",
            )
    if not found.is_multiple:
        raise TerminalError(
            "revisions_single",
            f"{found.name} keeps one revision at a time; set activeRevisionsMode to Multiple, "
            "so that two can share its traffic",
        )
    if not found.has_ingress:
        raise TerminalError("ingress_missing", f"{found.name} has no ingress, so no traffic")
    return found


def revision(release: Release, name: str, azure: Azure) -> Revision:
    """Return a revision as it is; raises TerminalError where it is gone."""
    match azure.resource(f"{release.resource}/revisions/{name}", revisions.API):
        case Ready(body):
            return revisions.read_revision(body)
        case _:
            raise TerminalError("revision_missing", f"the revision {name} is gone")


def all_revisions(release: Release, azure: Azure) -> list[Revision]:
    """Return every revision of the app that Azure lists."""
    found = azure.listing(f"{release.resource}/revisions", revisions.API)
    return [revisions.read_revision(body) for body in found]


def activate(context: Context, name: str, azure: Azure) -> Waiting:
    """Have a revision run again."""
    release: Release = context.target
    context.fence()
    azure.act(f"{release.resource}/revisions/{name}", "activate", revisions.API)
    return Waiting(look_after=3 * LOOK, reason=f"{name} is being activated")


def shift(context: Context, found: App, shares: dict[str, int], azure: Azure) -> Waiting:
    """Give each revision its share, and say where Azure shows how that goes."""
    release: Release = context.target
    body = revisions.traffic_body(found, shares)
    context.fence()
    answer = azure.patch_resource(release.resource, revisions.API, body)
    said = ", ".join(f"{name} {share} %" for name, share in shares.items())
    match answer:
        case InProgress(look_at, look_after):
            after = min(look_after, LOOK)
            return Waiting(look_after=after, reason=f"traffic is moving: {said}", token=look_at)
        case _:
            return Waiting(look_after=timedelta(0), reason=f"traffic is moved: {said}")


def still_moving(context: Context, azure: Azure) -> Waiting | None:
    """Return what to wait for where a change of ours is under way; None where it is over.

    Raises what the change failed with. One that Azure dropped for another is over too: the app
    then says what is true.
    """
    token = context.operation.token
    if token is None or "://" not in token:
        return None
    try:
        answer = azure.look(token)
    except TransientError as error:
        if error.code != "busy":
            raise
        return Waiting(look_after=LOOK, reason=f"the change gave way: {error}")
    if isinstance(answer, InProgress):
        return Waiting(look_after=LOOK, reason="traffic is still moving", token=token)
    return None


def _name(release: Release) -> str:
    return release.resource.rsplit("/", 1)[-1]
