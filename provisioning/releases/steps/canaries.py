"""How a release goes as a canary: a runbook of four steps, each looking once at a time.

The share of the canary is written in one place, after reading what it is: where somebody moved the
traffic by hand the release stands still, and leaves it. What is decided is decided by `canary.py`;
a bad verdict asks for `release.rollback`, which then takes this operation's place.
"""

from datetime import datetime, timedelta
from typing import Any

from provisioning import ledger
from provisioning.azure.resources import revisions
from provisioning.azure.resources.revisions import App, Readiness, Revision
from provisioning.errors import TerminalError
from provisioning.model import Move, Phase, Release, ReleaseStatus, Ruling
from provisioning.operations import Done, Failed, Outcome, Step, Waiting, Workflow
from provisioning.releases.asked import CANARY, taken_back
from provisioning.releases.ruling import PATIENCE, is_as, rule, shares
from provisioning.releases.steps import evidence, traffic
from provisioning.services import Context

MINUTE = timedelta(minutes=1)
LOOK_FOR_WAKING = timedelta(minutes=5)
_MADE = "made"
_BY_HAND = "by hand since "
_ASLEEP_SO_FAR = "asleep so far"
_TAKEN_BACK = "taken back"
_ASLEEP = (Phase.STOPPING, Phase.ASLEEP, Phase.WAKING)


def find_revision(context: Context) -> Outcome:
    """Have a revision of the version, without traffic, and know which one it is to replace."""
    release, azure = _release(context), context.services.azure
    asleep = _asleep(context)
    if asleep is not None:
        sets = {"status": ReleaseStatus.WAITING, "because": asleep}
        return Waiting(look_after=LOOK_FOR_WAKING, reason=asleep, sets=sets)
    app = traffic.app(release, azure)
    if app.is_moving:
        return Waiting(
            look_after=traffic.LOOK,
            reason=f"{app.name} is {app.state}",
            token=context.operation.token,
        )
    known = traffic.all_revisions(release, azure)
    canary = revisions.of_version(app.name, release.version, known)
    if canary is None:
        return _make_revision(context, app)
    if canary.readiness is Readiness.INACTIVE:
        return traffic.activate(context, canary.name, azure)
    baseline = _baseline(app, canary)
    version = next(
        (revisions.version_of(app.name, r) for r in known if r.name == baseline), baseline
    )
    return Done(
        reason=f"{canary.name} is to replace {baseline}",
        sets={
            "canary": canary.name,
            "baseline": baseline,
            "baseline_version": version,
            "weight": app.weights.get(canary.name, 0),
            "because": f"{canary.name} is to replace {baseline}",
        },
    )


def await_revision(context: Context) -> Outcome:
    """Wait until the revision is provisioned and healthy."""
    release, azure = _release(context), context.services.azure
    name = _named(release.canary)
    found = traffic.revision(release, name, azure)
    match found.readiness:
        case Readiness.READY:
            sets = {"status": ReleaseStatus.PROGRESSING, "exposed": True}
            return Done(reason=f"{name}: {found.because}", sets=sets)
        case Readiness.INACTIVE:
            return traffic.activate(context, name, azure)
        case Readiness.FAILED:
            raise TerminalError("revision_failed", f"{name} cannot serve: {found.because}")
        case Readiness.STARTING:
            return Waiting(look_after=2 * traffic.LOOK, reason=f"{name}: {found.because}")


def shift_and_bake(context: Context) -> Outcome:
    """Give the canary its share, step by step, and judge it each minute until the last bakes."""
    release, azure = _release(context), context.services.azure
    moving = traffic.still_moving(context, azure)
    if moving is not None:
        return moving
    asleep = _asleep(context)
    if asleep is not None:
        return _sleep(context, asleep)
    app = traffic.app(release, azure)
    if app.is_moving:
        return Waiting(look_after=traffic.LOOK, reason=f"{app.name} is {app.state}")
    weight = _weight(context)
    wanted = shares(_named(release.baseline), _named(release.canary), weight)
    if is_as(app.weights, wanted):
        if release.staged_at is None or _stood_still(context):
            return _begin_to_bake(context, weight)
        return _act(context, rule(evidence.grounds(context, _stage(context), release.staged_at)))
    if release.staged_at is not None or not _is_as_left(release, app):
        return _by_hand(context, app, weight)
    if release.skipped_by is not None:
        return Done(reason=f"{release.skipped_by} skips the remaining steps")
    if release.unverified and weight > release.weight:
        return _held(release)
    return traffic.shift(context, app, wanted, azure)


def promote(context: Context) -> Outcome:
    """Give the canary all of the traffic; what it replaces stays active, without any."""
    release, azure = _release(context), context.services.azure
    if _TAKEN_BACK in context.operation.values:
        return Waiting(look_after=MINUTE, reason="it is being taken back")
    if release.unverified and release.skipped_by is None:
        return _held(release)
    moving = traffic.still_moving(context, azure)
    if moving is not None:
        return moving
    app = traffic.app(release, azure)
    if app.is_moving:
        return Waiting(look_after=traffic.LOOK, reason=f"{app.name} is {app.state}")
    wanted = shares(_named(release.baseline), _named(release.canary), 100)
    if is_as(app.weights, wanted):
        return Done(
            reason=f"{release.canary} has all of the traffic",
            sets={
                "status": ReleaseStatus.PROMOTED,
                "weight": 100,
                "because": f"{release.canary} has all of the traffic",
                "finished_at": context.now,
                "exposed": False,
            },
        )
    if not _is_as_left(release, app):
        return _by_hand(context, app, 100)
    return traffic.shift(context, app, wanted, azure)


def _make_revision(context: Context, app: App) -> Outcome:
    release, azure = _release(context), context.services.azure
    if context.operation.token == _MADE:
        if app.state == "Failed":
            raise TerminalError(
                "revision_failed", f"Azure could not make a revision of {release.version}"
            )
        return Waiting(look_after=traffic.LOOK, reason="its revision is being made", token=_MADE)
    container = revisions.released_container(app)
    if container is None:
        raise TerminalError(
            "container_unclear", f"of several containers name the one to release {app.name}"
        )
    if sum(app.weights.values()) != 100:
        raise TerminalError("traffic_split", f"the traffic of {app.name} does not add up to 100")
    body = revisions.new_revision_body(app, container, release.version)
    context.fence()
    azure.patch_resource(release.resource, revisions.API, body)
    return Waiting(
        look_after=traffic.LOOK, reason=f"a revision of {release.version} is made", token=_MADE
    )


def _baseline(app: App, canary: Revision) -> str:
    others = [name for name in app.weights if name != canary.name]
    if not others:
        raise TerminalError(
            "version_live", f"{canary.name} has all of the traffic: there is nothing to release"
        )
    if len(others) > 1:
        raise TerminalError(
            "traffic_split",
            f"{' and '.join(others)} share the traffic; give it to the one to be replaced",
        )
    return others[0]


def _begin_to_bake(context: Context, weight: int) -> Outcome:
    release = _release(context)
    because = f"{release.canary} has {weight} % of the traffic"
    return Waiting(
        look_after=MINUTE,
        reason=because,
        sets={
            "weight": weight,
            "staged_at": context.now,
            "status": ReleaseStatus.PROGRESSING,
            "because": because,
        },
    )


def _act(context: Context, ruling: Ruling) -> Outcome:
    """Do what was ruled; the ruling is stored with what follows from it."""
    release, because = _release(context), ruling.because
    said = {"ruling": ruling, "because": because}
    match ruling.move:
        case Move.HOLD:
            sets = {**said, "status": ReleaseStatus.PROGRESSING}
            reason = f"{release.canary} bakes at {ruling.weight} %"
            return Waiting(look_after=MINUTE, reason=reason, sets=sets)
        case Move.PAUSE:
            sets = {**said, "status": ReleaseStatus.PAUSED}
            if _is_same(release.ruling, ruling):
                sets.pop("ruling")
            return Waiting(look_after=MINUTE, reason="it is paused", sets=sets)
        case Move.SHIFT:
            sets = {
                **said,
                "status": ReleaseStatus.PROGRESSING,
                "stage": _stage(context) + 1,
                "staged_at": None,
            }
            return Waiting(look_after=timedelta(0), reason=because, sets=sets)
        case Move.PROMOTE:
            return Done(reason=because, sets={**said, "status": ReleaseStatus.PROGRESSING})
        case Move.ROLL_BACK:
            wish = taken_back(release, cause=f"{release.id}: {because}", by="control plane")
            return Done(reason=because, sets=said, values={_TAKEN_BACK: because}, then=(wish,))


def _held(release: Release) -> Outcome:
    """Stand still for an alert that came in since the last ruling."""
    sets = {"status": ReleaseStatus.PAUSED, "because": release.unverified}
    return Waiting(look_after=MINUTE, reason=release.unverified, sets=sets)


def _sleep(context: Context, asleep: str) -> Outcome:
    """Stand still while the environment sleeps; what was baking bakes anew after it."""
    release = _release(context)
    sets: dict[str, Any] = {"status": ReleaseStatus.PAUSED, "because": asleep}
    if not (release.status is ReleaseStatus.PAUSED and release.because == asleep):
        sets["ruling"] = _pause(context, asleep)
    return Waiting(look_after=LOOK_FOR_WAKING, reason=asleep, token=_ASLEEP_SO_FAR, sets=sets)


def _by_hand(context: Context, app: App, weight: int) -> Outcome:
    """Stand still where somebody else moved the traffic, and give up in the end, leaving it."""
    release, token = _release(context), context.operation.token or ""
    who = ", ".join(f"{name} {share} %" for name, share in app.weights.items())
    because = f"somebody moved the traffic: {who}; the release stands at {release.weight} %"
    since = context.now
    if _was_by_hand(context):
        since = datetime.fromisoformat(token.removeprefix(_BY_HAND))
    if context.now - since >= PATIENCE:
        share = app.weights.get(_named(release.canary), 0)
        sets = {"exposed": False, "weight": share, "because": because, "finished_at": context.now}
        return Failed(code="traffic_changed", reason=f"{because}; it is left so", sets=sets)
    sets = {"status": ReleaseStatus.PAUSED, "because": because}
    if release.because != because:
        sets["ruling"] = _pause(context, because)
    return Waiting(
        look_after=MINUTE, reason=because, token=f"{_BY_HAND}{since.isoformat()}", sets=sets
    )


def _pause(context: Context, because: str) -> Ruling:
    weight = _release(context).weight
    return Ruling(at=context.now, move=Move.PAUSE, because=because, weight=weight)


def _is_same(before: Ruling | None, after: Ruling) -> bool:
    return before is not None and (before.move, before.because) == (after.move, after.because)


def _is_as_left(release: Release, app: App) -> bool:
    """Say whether the traffic is as the release last saw it."""
    baseline, canary = _named(release.baseline), _named(release.canary)
    return is_as(app.weights, shares(baseline, canary, release.weight))


def _stood_still(context: Context) -> bool:
    return _was_by_hand(context) or context.operation.token == _ASLEEP_SO_FAR


def _was_by_hand(context: Context) -> bool:
    return (context.operation.token or "").startswith(_BY_HAND)


def _stage(context: Context) -> int:
    """Return the step that the release is at; the catalog may have fewer by now."""
    return min(_release(context).stage, len(context.services.catalog.canary.weights) - 1)


def _weight(context: Context) -> int:
    return context.services.catalog.canary.weights[_stage(context)]


def _asleep(context: Context) -> str | None:
    """Return why nothing can be released now; None where the environment is awake."""
    name = _release(context).environment
    environment = ledger.environment(context.services.table, name)
    if environment is None or environment.phase not in _ASLEEP:
        return None
    return f"{name} is {environment.phase}; it waits until that is awake"


def _named(revision: str | None) -> str:
    if revision is None:
        raise TerminalError("revision_missing", "the release has come to no revision")
    return revision


def _release(context: Context) -> Release:
    release: Release = context.target
    return release


AS_CANARY: Workflow[Context] = Workflow(
    CANARY,
    (
        Step(find_revision, within=timedelta(days=5)),
        Step(await_revision, within=timedelta(minutes=20)),
        Step(shift_and_bake, within=timedelta(days=7)),
        Step(promote, within=timedelta(days=1)),
    ),
    fails={"status": ReleaseStatus.FAILED},
)
