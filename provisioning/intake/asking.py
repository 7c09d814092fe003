"""What is asked of GitHub when something has happened there, and what follows from its answer.

Whatever a delivery claims, only what GitHub says now counts: each function here asks, and has the
previews converge on the answer. So it does not matter how often, or in which order, one is called.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from provisioning import audit, ledger
from provisioning.catalog import Service, preview_name
from provisioning.environments import heard
from provisioning.errors import StaleRowError, TerminalError
from provisioning.github.interpret import (
    Asked,
    Ignored,
    LookAtBranch,
    LookAtBuild,
    LookAtComment,
    LookAtPullRequest,
    LookAtRepositories,
    NoteName,
)
from provisioning.intake import commands
from provisioning.intake.request import Cause, Converged, converge, nudge
from provisioning.model import Environment, PullRequest
from provisioning.services import Services
from provisioning.store.codec import to_row

_TRIES = 4


def act(services: Services, asked: Asked, cause: Cause) -> str:
    """Do what a delivery asks for, and say what followed.

    Raises TransientError where GitHub does not answer, TerminalError where it never will.
    """
    if isinstance(asked, Ignored):
        return asked.why
    if isinstance(asked, LookAtRepositories):
        return "; ".join(_repository(services, number, cause) for number in asked.repository_ids)
    service = services.catalog.service_of(asked.repository_id)
    if service is None:
        return "the repository is no longer in the catalog"
    match asked:
        case LookAtPullRequest():
            return look_at_pull_request(services, service, asked.number, cause)
        case LookAtBuild():
            return look_at_build(services, service, asked.sha, cause)
        case LookAtComment():
            return commands.obey(services, service, asked.number, asked.comment, cause)
        case LookAtBranch():
            return look_at_branch(services, service, asked.branch, cause)
        case NoteName():
            return _note_name(services, service, asked.name, cause)
    assert_never(asked)


def look_at_pull_request(services: Services, service: Service, number: int, cause: Cause) -> str:
    """Ask GitHub for the pull request, converge its preview on that, and say what followed."""
    facts = services.forge.pull_request(service.repository, number)
    if facts is None:
        return f"GitHub knows no pull request {number} of {service.repository}"
    if facts.repository_id != service.repository_id:
        raise TerminalError(
            "repository_mismatch",
            f"{service.repository} is now repository {facts.repository_id}; "
            f"the catalog says {service.repository_id}",
        )
    found = believe(services, service, facts, cause)
    if found.plan.workflow is None:
        return found.plan.because
    return f"{found.plan.workflow} as {found.operation}"


def look_at_build(services: Services, service: Service, sha: str, cause: Cause) -> str:
    """Hurry the operations that wait for this commit's image, and revive what gave up on it."""
    hurried = []
    for environment in previews_of(services, service):
        if heard.commit(environment) != sha:
            continue
        if environment.operation is not None:
            hurry(services, environment.name, environment.operation)
        elif not any(c.kind == "Cancelled" for c in environment.conditions):
            converge(services, environment.name, cause, retry=True)
        hurried.append(environment.name)
    return f"looked at {', '.join(hurried)}" if hurried else "no preview waits for this commit"


def look_at_branch(services: Services, service: Service, branch: str, cause: Cause) -> str:
    """Look at every pull request of a branch: those that GitHub lists, and those we knew of."""
    found = services.forge.pull_requests_of(service.repository, branch)
    ours = [facts for facts in found if facts.repository_id == service.repository_id]
    for facts in ours:
        believe(services, service, facts, cause)
    numbers = {facts.number for facts in ours}
    for environment in previews_of(services, service):
        known = environment.pull_request
        if known is None or not known.open or known.branch != branch or known.fork:
            continue
        if known.number not in numbers:
            look_at_pull_request(services, service, known.number, cause)
            numbers.add(known.number)
    if not numbers:
        return f"no pull request comes from {branch[:100]}"
    return f"looked at {', '.join(f'#{number}' for number in sorted(numbers))}"


def close_gap(services: Services, service: Service, cause: Cause) -> str:
    """Bring every preview of the service in step with the pull requests that GitHub has open."""
    found = services.forge.open_pull_requests(service.repository)
    ours = [facts for facts in found if facts.repository_id == service.repository_id]
    begun = sum(
        believe(services, service, facts, cause).plan.workflow is not None for facts in ours
    )
    numbers = {facts.number for facts in ours}
    for environment in previews_of(services, service):
        known = environment.pull_request
        if known is None or not known.open or known.number in numbers:
            continue
        try:
            look_at_pull_request(services, service, known.number, cause)
        except TerminalError:
            continue
        begun += 1
    return f"{service.name}: {len(ours)} open pull requests, {begun} previews asked for"


def believe(services: Services, service: Service, facts: PullRequest, cause: Cause) -> Converged:
    """Converge the preview of a pull request on what GitHub said of it."""
    name = preview_name(facts.number, service.name)
    found = converge(
        services,
        name,
        cause,
        newcomer=lambda now: heard.newcomer(name, service.name, facts.author, facts, now=now),
        facts=facts,
    )
    assert found is not None  # there is a newcomer
    return found


def previews_of(services: Services, service: Service) -> Iterable[Environment]:
    """Return the service's previews that are not long gone."""
    for name in ledger.index(services.table):
        environment = ledger.environment(services.table, name)
        if environment is None or environment.pull_request is None:
            continue
        if environment.pull_request.repository_id == service.repository_id:
            yield environment


def hurry(services: Services, target: str, identity: str) -> None:
    """Make an unfinished operation due now."""
    for _ in range(_TRIES):
        found = ledger.operation(services.table, target, identity)
        if found is None or found[0].status.is_final:
            return
        operation = replace(found[0], due_at=services.clock.now())
        try:
            services.table.replace(to_row(operation, target, identity, found[1].etag))
        except StaleRowError:
            continue  # its worker has just stored what it found: that may be too old
        nudge(services, operation)
        return


def _repository(services: Services, number: int, cause: Cause) -> str:
    service = services.catalog.service_of(number)
    if service is None:
        return "the repository is no longer in the catalog"
    return close_gap(services, service, cause)


def _note_name(services: Services, service: Service, name: str, cause: Cause) -> str:
    """Put in the trail that a repository is called otherwise: its id decides, so all goes on."""
    services.forge.forget(service.repository)
    if name.lower() == service.repository.lower():
        return f"{service.name} is of {service.repository} again, as the catalog says"
    text = (
        f"the repository of {service.name} is now called {name[:140]}; GitHub leads from the old "
        f"name to it. Set services.{service.name}.repository to it in the catalog"
    )
    note = audit.Note(event="repository-renamed", text=text, cause=cause.text, by=cause.by)
    audit.commit(services.table, ledger.CONTROL_PLANE, (), [note], now=services.clock.now())
    return text
