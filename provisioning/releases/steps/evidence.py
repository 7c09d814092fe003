"""What a release is judged on: both revisions' requests since its step began, by one query."""

from datetime import datetime

from provisioning.errors import TerminalError, TransientError
from provisioning.model import Bake, Release, Window
from provisioning.releases import telemetry
from provisioning.releases.asked import workspace_id
from provisioning.services import Context


def grounds(context: Context, stage: int, staged_at: datetime) -> Bake:
    """Gather what a ruling follows from; evidence that cannot be had is a hindrance."""
    release: Release = context.target
    canary = context.services.catalog.canary
    window, hindrance = None, ""
    try:
        window = _measure(context, staged_at)
    except (TransientError, TerminalError) as error:
        hindrance = f"its telemetry cannot be had: {error}"
    return Bake(
        at=context.now,
        weights=canary.weights,
        stage=stage,
        staged_at=staged_at,
        bake=canary.bake,
        window=window,
        hindrance=hindrance,
        unverified=release.unverified,
        skipped_by=release.skipped_by,
    )


def _measure(context: Context, since: datetime) -> Window:
    release: Release = context.target
    services = context.services
    built = services.catalog.environments.get(release.environment)
    if built is None or not built.workspace:
        raise TerminalError("workspace_missing", "the catalog names no workspace for it")
    baseline, canary = release.baseline or "", release.canary or ""
    text = telemetry.query(
        release.service,
        baseline=baseline,
        canary=canary,
        baseline_version=release.baseline_version,
        canary_version=release.version,
    )
    rows = services.logs.query(
        workspace_id(services.settings.subscription, built), text, since=since, until=context.now
    )
    asked = services.catalog.canary
    return Window(
        since=since,
        until=context.now,
        baseline=telemetry.arm(telemetry.BASELINE, baseline, rows),
        canary=telemetry.arm(telemetry.CANARY, canary, rows),
        most_errors=asked.most_errors,
        least_requests=asked.least_requests,
        fresh=asked.fresh,
    )
