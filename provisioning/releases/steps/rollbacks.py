"""How a release is taken back: one write, and a second look.

Everything here goes through the identity that is kept for what is urgent, so that it never waits
behind a night's stops for Azure's budget. Nothing is asked of the catalog: the row says where.
"""

from datetime import timedelta

from provisioning.azure.resources.revisions import Readiness
from provisioning.model import Release, ReleaseStatus
from provisioning.operations import Done, Failed, Outcome, Retry, Step, Waiting, Workflow
from provisioning.releases.asked import ROLLBACK
from provisioning.releases.ruling import shares
from provisioning.releases.steps import traffic
from provisioning.services import Context


def restore_traffic(context: Context) -> Outcome:
    """Give the baseline all of the traffic, if the canary has any."""
    release: Release = context.target
    if context.operation.inputs.get("release") != release.id:
        return Failed(code="superseded", reason=f"{release.id} has taken that release's place")
    if release.baseline is None or release.canary is None:
        return Done(reason="it had come to no revision, so no traffic was moved")
    azure = context.services.urgent
    moving = traffic.still_moving(context, azure)
    if moving is not None:
        return moving
    app = traffic.app(release, azure)
    if app.is_moving:
        return Waiting(look_after=traffic.LOOK, reason=f"{app.name} is {app.state}")
    if not app.weights.get(release.canary):
        return Done(reason=f"{release.canary} has no traffic")
    if traffic.revision(release, release.baseline, azure).readiness is Readiness.INACTIVE:
        return traffic.activate(context, release.baseline, azure)
    return traffic.shift(context, app, shares(release.baseline, release.canary, 0), azure)


def verify_traffic(context: Context) -> Outcome:
    """See that the canary has no traffic any more, by reading the app once more."""
    release: Release = context.target
    over = {
        "status": ReleaseStatus.ROLLED_BACK,
        "weight": 0,
        "finished_at": context.now,
        "exposed": False,
    }
    if release.canary is None:
        return Done(reason="there is nothing to see", sets=over)
    app = traffic.app(release, context.services.urgent)
    if app.is_moving:
        return Waiting(look_after=traffic.LOOK, reason=f"{app.name} is {app.state}")
    left = app.weights.get(release.canary, 0)
    if left:
        return Retry(after=traffic.LOOK, reason=f"{release.canary} has {left} % again")
    who = ", ".join(f"{name} {share} %" for name, share in app.weights.items())
    return Done(reason=f"Azure says: {who}", sets=over)


BACK: Workflow[Context] = Workflow(
    ROLLBACK,
    (
        Step(restore_traffic, within=timedelta(minutes=30)),
        Step(verify_traffic, within=timedelta(minutes=10)),
    ),
    fails={"status": ReleaseStatus.FAILED},
    urgent=True,
)
