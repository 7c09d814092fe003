"""What people and workflows ask for through the API: a preview, its end, a lease, or a dry run.

Every wish is folded into the row and left to the same `converge` as any webhook: there is one way
in which an operation begins.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning import audit, ledger
from provisioning.catalog import preview_parts
from provisioning.durations import parse_duration
from provisioning.environments import heard
from provisioning.errors import Fault, Refusal, StaleRowError
from provisioning.identity import Principal, permit_pull_request, permit_repository
from provisioning.intake import estate, rules
from provisioning.intake.request import Cause, Converged, converge
from provisioning.model import Environment, Kind, Lease, Phase, PullRequest
from provisioning.services import Services
from provisioning.store.table import Row

LONGEST_LEASE = timedelta(days=14)
_LONGEST_REASON = 300
_NOT_ALIVE = (Phase.ABSENT, Phase.DELETING, Phase.GONE, Phase.LEAKED)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Somebody wants the environment up, or down."""

    name: str
    by: Principal
    is_up: bool


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What would be asked for, and the hash that names exactly this plan."""

    environment: str
    workflow: str | None
    because: str
    steps: tuple[str, ...]
    hash: str


def grant(services: Services, wish: Wish, *, if_match: str | None = None) -> Converged:
    """Begin what the wish asks for, or find it under way.

    Raises Refusal: 404 for a name that the catalog or GitHub does not know, 403 for a workflow of
    another repository, 401 for a workflow's token that was used before, 412 where `if_match` is
    not the hash of the plan as it is now.
    """
    if wish.name in services.catalog.environments:
        _refuse_removal(wish)
    subject = subject_of(services, wish)
    if if_match is not None and if_match.strip('"') != _plan(services, wish, subject).hash:
        raise Refusal.one(
            412,
            "plan_changed",
            "the world has changed since that plan; ask for a new one",
            "If-Match",
        )
    spend(services, wish.by)
    verb = "wants it" if wish.is_up else "wants it gone"
    cause = Cause(text=f"{wish.by.name} {verb}", by=wish.by.name)
    if wish.name in services.catalog.environments:
        return estate.look(services, wish.name, cause, retry=True)
    found = converge(
        services,
        wish.name,
        cause,
        newcomer=subject.newcomer,
        facts=subject.facts,
        reshape=lambda e, now: _wished(services, e, wish, now),
        retry=True,
    )
    if found is None:
        raise _unknown(wish.name)
    return found


def plan(services: Services, wish: Wish) -> DryRun:
    """Return what granting the wish would ask for, changing nothing; refuses as `grant` does."""
    if wish.name in services.catalog.environments:
        _refuse_removal(wish)
    return _plan(services, wish, subject_of(services, wish))


def lease(services: Services, name: str, by: Principal, content: Mapping[str, Any]) -> Converged:
    """Keep the environment until the instant that `content` names.

    `content` is `{"until": ISO time or "for": ISO duration, "reason": text}`; raises Refusal with
    every fault in it.
    """
    now = services.clock.now()
    wanted = read_lease(content, by.name, now=now)
    return _reshape(services, name, by, "leases it", lambda e, _: replace(e, lease=wanted))


def end_lease(services: Services, name: str, by: Principal) -> Converged:
    """End the environment's lease; it then lives as long as it would have without."""
    return _reshape(services, name, by, "ends its lease", lambda e, _: replace(e, lease=None))


def read_lease(content: Mapping[str, Any], by: str, *, now: datetime) -> Lease:
    """Return the lease asked for; raises Refusal with every fault."""
    faults: list[Fault] = []
    until = _until(content, now, faults)
    reason = content.get("reason")
    if not isinstance(reason, str) or not 1 <= len(reason.strip()) <= _LONGEST_REASON:
        faults.append(
            Fault("reason_missing", f"say why, in 1 to {_LONGEST_REASON} characters", "reason")
        )
    for name in content.keys() - {"until", "for", "reason"}:
        faults.append(Fault("field_unknown", "use until or for, and reason", str(name)))
    if faults or until is None:
        raise Refusal(400, *faults)
    return Lease(until=until, reason=str(reason).strip(), by=by)


def _until(content: Mapping[str, Any], now: datetime, faults: list[Fault]) -> datetime | None:
    given, length = content.get("until"), content.get("for")
    if (given is None) == (length is None):
        faults.append(Fault("lease_end_missing", "give either until or for", "until"))
        return None
    field = "until" if length is None else "for"
    try:
        until = _instant(str(given)) if length is None else now + parse_duration(str(length))
    except (ValueError, OverflowError):
        example = "write 2026-01-31T18:00:00Z, or PT3H for three hours"
        faults.append(Fault("lease_end_malformed", example, field))
        return None
    if not now < until <= now + LONGEST_LEASE:
        faults.append(
            Fault("lease_end_refused", f"end within {LONGEST_LEASE.days} days from now", field)
        )
        return None
    return until


def _instant(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return when.astimezone(UTC)


def _reshape(
    services: Services,
    name: str,
    by: Principal,
    verb: str,
    reshape: Callable[[Environment, datetime], Environment],
) -> Converged:
    environment = estate.known(services, name) or ledger.environment(services.table, name)
    if environment is None:
        raise _unknown(name)
    if environment.phase in _NOT_ALIVE:
        raise Refusal.one(
            409,
            "environment_not_alive",
            f"{name} is {environment.phase}; ask for it again with PUT before leasing it",
            "name",
        )
    cause = Cause(text=f"{by.name} {verb}", by=by.name)
    found = converge(services, name, cause, reshape=reshape)
    if found is None:
        raise _unknown(name)
    return found


def _refuse_removal(wish: Wish) -> None:
    permit_repository(wish.by, 0)  # a workflow speaks for previews alone
    if not wish.is_up:
        raise Refusal.one(
            409,
            "environment_not_a_preview",
            f"{wish.name} was built by others; only previews are taken down here",
            "name",
        )


def _wished(
    services: Services, environment: Environment, wish: Wish, now: datetime
) -> Environment:
    if environment.kind is not Kind.PREVIEW:
        return environment
    expiry = services.catalog.expiry
    return heard.wanted(environment, is_up=wish.is_up, expiry=expiry, now=now)


@dataclass(frozen=True)
class Subject:
    """Whom a wish is about: its service, what GitHub says of it now, and the row of a newcomer."""

    facts: PullRequest | None = None
    newcomer: Callable[[datetime], Environment] | None = None
    service: str = ""


def subject_of(services: Services, wish: Wish) -> Subject:
    """Return whom the wish is about. To take down what has a row, GitHub need not be asked."""
    if wish.name in services.catalog.environments:
        return Subject()
    environment = ledger.environment(services.table, wish.name)
    if environment is not None and not wish.is_up:
        if environment.pull_request is not None:
            permit_pull_request(wish.by, environment.pull_request)
        return Subject()
    parts = preview_parts(wish.name, services.catalog)
    if parts is None:
        raise _unknown(wish.name)
    number, service = parts
    permit_repository(wish.by, service.repository_id)
    facts = services.forge.pull_request(service.repository, number)
    if facts is None or facts.repository_id != service.repository_id:
        raise Refusal.one(
            404,
            "pull_request_unknown",
            f"GitHub knows no pull request {number} of {service.repository}",
            "name",
        )
    permit_pull_request(wish.by, facts)
    return Subject(
        facts,
        lambda now: heard.newcomer(wish.name, service.name, facts.author, facts, now=now),
        service.name,
    )


def _plan(services: Services, wish: Wish, subject: Subject) -> DryRun:
    now = services.clock.now()
    environment = estate.known(services, wish.name)
    environment = environment or ledger.environment(services.table, wish.name)
    if environment is None:
        if subject.newcomer is None:
            raise _unknown(wish.name)
        environment = subject.newcomer(now)
    elif subject.facts is not None:
        environment = heard.observe(environment, subject.facts, now=now)
    environment = _wished(services, environment, wish, now)
    found, _ = rules.decide(rules.grounds(services.catalog, environment, retry=True, now=now))
    workflow = services.workflows.get(found.workflow or "")
    steps = tuple(step.name for step in workflow.steps) if workflow else ()
    content = [wish.name, found.workflow, found.aim, environment.generation, steps]
    digest = hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()[:32]
    return DryRun(
        environment=wish.name,
        workflow=found.workflow,
        because=found.because,
        steps=steps,
        hash=digest,
    )


def spend(services: Services, who: Principal) -> None:
    """Use up a workflow's token: whoever reads one in a log must not wish with it again."""
    if who.token_id is None:
        return
    digest = hashlib.sha256(who.token_id.encode("utf-8")).hexdigest()
    spent = Row(f"token-{digest[:2]}", digest, {"at": services.clock.now()})
    try:
        services.deliveries.insert(spent)
    except StaleRowError as error:
        raise Refusal.one(
            401, "token_spent", "a workflow's token serves once; ask for another", "Authorization"
        ) from error


def note_reading(services: Services, who: Principal, what: str) -> None:
    """Put in the trail that somebody looked at what came in; once an hour for each of them."""
    now = services.clock.now()
    digest = hashlib.sha256(f"{who.name}\n{what}".encode()).hexdigest()[:40]
    try:
        services.deliveries.insert(Row(f"read-{now:%Y-%m-%dT%H}", digest, {"at": now}))
    except StaleRowError:
        return
    note = audit.Note(event="looked", text=f"{what} were listed", cause="asked for", by=who.name)
    audit.commit(services.table, ledger.CONTROL_PLANE, (), [note], now=now)


def _unknown(name: str) -> Refusal:
    return Refusal.one(
        404, "environment_unknown", f"there is no environment {name[:80]} in the catalog", "name"
    )
