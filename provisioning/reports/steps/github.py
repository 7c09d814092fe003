"""Tells GitHub what became of a preview: every report, in order, once.

Reports lie in the environment's partition, written with the change they tell of. This target's row
counts how many were sent. Each is looked up on GitHub before it is said, so that a worker that
dies between saying and counting does not say it twice. A refusal for good is counted as told: it
must not dam up what comes after.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from provisioning import ledger
from provisioning.errors import TerminalError
from provisioning.github import sentences
from provisioning.github.sentences import MARKER, Report, State
from provisioning.model import Environment, PullRequest, Reports
from provisioning.operations import Done, Outcome, Step, Waiting, Workflow
from provisioning.services import Context

DEPLOYED_TO = "preview/{name}"


def send_reports(context: Context) -> Outcome:
    """Send the oldest report that GitHub has not had, then come back for the next."""
    reports = context.target
    assert isinstance(reports, Reports)
    table = context.services.table
    number = reports.told + 1
    report = ledger.report(table, reports.environment, number)
    environment = ledger.environment(table, reports.environment)
    if report is None or environment is None or environment.pull_request is None:
        return Done(reason="GitHub has been told everything")
    try:
        sets = _tell(context, reports, report, environment, environment.pull_request)
        reason = f"told GitHub: {_what(report)}"
    except TerminalError as error:
        sets = {}
        reason = f"GitHub will not hear of {_what(report)}: {error}"
    return Waiting(look_after=timedelta(0), reason=reason, sets={"told": number, **sets})


def _tell(
    context: Context,
    reports: Reports,
    report: Report,
    environment: Environment,
    pull_request: PullRequest,
) -> Mapping[str, object]:
    """Say it; return the deployments that are still active on GitHub, and the comment."""
    known = dict(reports.deployments)
    if report.state is not None:
        _tell_state(context, known, report, report.state, environment, pull_request)
    told = {"deployments": known, **_comment(context, reports, environment, pull_request)}
    if report.answered is not None and report.reaction is not None:
        context.fence()
        context.services.forge.react(
            pull_request.repository, report.answered, str(report.reaction)
        )
    return told


def _tell_state(
    context: Context,
    known: dict[str, str],
    report: Report,
    state: State,
    environment: Environment,
    pull_request: PullRequest,
) -> None:
    """Give the commit's deployment its state, and retire the others; `known` follows."""
    over = [sha for sha in known if sha != report.sha or state is State.INACTIVE]
    for sha in over:
        text = report.description if sha == report.sha else "A newer commit took its place."
        _say(context, pull_request, int(known.pop(sha)), State.INACTIVE, text, None)
    if state is not State.INACTIVE:
        deployment = known.get(report.sha) or _deployment(
            context, report, environment, pull_request
        )
        known[report.sha] = str(deployment)
        _say(context, pull_request, int(deployment), state, report.description, report.url)


def _deployment(
    context: Context, report: Report, environment: Environment, pull_request: PullRequest
) -> int:
    """Return the deployment of the commit, made now if GitHub has none of ours that is active."""
    forge, name = context.services.forge, environment.name
    to = DEPLOYED_TO.format(name=name)
    for found in forge.deployments(pull_request.repository, report.sha, to):
        statuses = forge.statuses(pull_request.repository, int(found["id"]))
        if not statuses or statuses[0]["state"] != State.INACTIVE:
            return int(found["id"])
    context.fence()
    return forge.deploy(
        pull_request.repository, report.sha, to, name=name, description=f"Preview {name}"
    )


def _say(
    context: Context,
    pull_request: PullRequest,
    deployment: int,
    state: State,
    description: str,
    url: str | None,
) -> None:
    forge = context.services.forge
    statuses = forge.statuses(pull_request.repository, deployment)
    if statuses and _is_said(statuses[0], state, description, url):
        return
    context.fence()
    forge.say(pull_request.repository, deployment, str(state), description, url)


def _is_said(
    newest: Mapping[str, object], state: State, description: str, url: str | None
) -> bool:
    said = (newest.get("state"), newest.get("description"), newest.get("environment_url") or None)
    return said == (str(state), description, url)


def _comment(
    context: Context, reports: Reports, environment: Environment, pull_request: PullRequest
) -> Mapping[str, object]:
    """Have the one comment say how things are now, if it does not; return which it is.

    A text that GitHub has is not sent again: when much is told after an outage, once is enough.
    """
    catalog = context.services.catalog
    preview = catalog.preview_of(environment.service)
    hourly = 0.0 if preview is None else catalog.prices.of_preview(preview)
    text = sentences.comment(environment, hourly=hourly)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    if reports.comment is not None and reports.said == digest:
        return {}
    context.fence()
    comment = context.services.forge.comment(
        pull_request.repository,
        pull_request.number,
        MARKER.format(name=environment.name),
        text,
        known=reports.comment,
    )
    return {"comment": comment, "said": digest}


def _what(report: Report) -> str:
    state = "the comment" if report.state is None else str(report.state)
    return f"{state} for {report.sha[:12] or 'no commit'}"


REPORT = Workflow(ledger.REPORT_WORKFLOW, (Step(send_reports, within=timedelta(days=3)),))
