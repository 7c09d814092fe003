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

from provisioning import ledger
from provisioning.catalog import Service, preview_parts
from provisioning.durations import parse_duration
from provisioning.environments import desired
from provisioning.errors import Fault, Refusal
from provisioning.identity import Principal, permit_repository
from provisioning.intake.request import Cause, Converged, converge
from provisioning.model import Environment, Lease, PullRequest
from provisioning.services import Services

LONGEST_LEASE = timedelta(days=14)
_LONGEST_REASON = 300


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
    another repository, 412 where `if_match` is not the hash of the plan as it is now.
    """
    service, facts = _facts(services, wish)
    now = services.clock.now()
    if if_match is not None and if_match.strip('"') != plan(services, wish, known=facts).hash:
        raise Refusal.one(
            412,
            "plan_changed",
            "the world has changed since that plan; ask for a new one",
            "If-Match",
        )
    verb = "wants it" if wish.is_up else "wants it gone"
    found = converge(
        services,
        wish.name,
        Cause(text=f"{wish.by.name} {verb}", by=wish.by.name),
        newcomer=_newcomer(wish.name, service, facts),
        facts=facts,
        reshape=lambda e: _wished(services, e, wish, now),
        retry=True,
    )
    assert found is not None  # there is a newcomer
    return found


def plan(services: Services, wish: Wish, *, known: PullRequest | None = None) -> DryRun:
    """Return what granting the wish would ask for, changing nothing."""
    now, expiry = services.clock.now(), services.catalog.expiry
    service, facts = (None, known) if known is not None else _facts(services, wish)
    environment = ledger.environment(services.table, wish.name)
    if environment is None:
        if service is None:
            service = _service(services, wish)[1]
        assert facts is not None
        environment = _newcomer(wish.name, service, facts)(now)
    elif facts is not None:
        environment = desired.observe(environment, facts, now=now)
    environment = _wished(services, environment, wish, now)
    wanted = desired.desired(environment, expiry=expiry, now=now)
    found = desired.plan(environment, wanted, expiry=expiry, retry=True)
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


def lease(services: Services, name: str, by: Principal, content: Mapping[str, Any]) -> Converged:
    """Keep the environment until the instant that `content` names.

    `content` is `{"until": ISO time or "for": ISO duration, "reason": text}`; raises Refusal with
    every fault in it.
    """
    now = services.clock.now()
    wanted = read_lease(content, by.name, now=now)
    return _reshape(services, name, by, "leases it", lambda e: replace(e, lease=wanted))


def end_lease(services: Services, name: str, by: Principal) -> Converged:
    """End the environment's lease; it then lives as long as it would have without."""
    return _reshape(services, name, by, "ends its lease", lambda e: replace(e, lease=None))


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
    reshape: Callable[[Environment], Environment],
) -> Converged:
    environment = ledger.environment(services.table, name)
    if environment is None or environment.incarnation == 0:
        raise _unknown(name)
    cause = Cause(text=f"{by.name} {verb}", by=by.name)
    found = converge(services, name, cause, reshape=reshape)
    if found is None:
        raise _unknown(name)
    return found


def _wished(
    services: Services, environment: Environment, wish: Wish, now: datetime
) -> Environment:
    if not wish.is_up:
        return replace(environment, withdrawn_at=now)
    end = desired.expires_at(environment, expiry=services.catalog.expiry)
    has_expired = end is not None and end <= now
    withdrawn = environment.withdrawn_at is not None
    pushed_at = now if has_expired or withdrawn else environment.pushed_at
    return replace(environment, withdrawn_at=None, pushed_at=pushed_at)


def _facts(services: Services, wish: Wish) -> tuple[Service, PullRequest]:
    number, service = _service(services, wish)
    facts = services.forge.pull_request(service.repository, number)
    if facts is None or facts.repository_id != service.repository_id:
        raise Refusal.one(
            404,
            "pull_request_unknown",
            f"GitHub knows no pull request {number} of {service.repository}",
            "name",
        )
    return service, facts


def _service(services: Services, wish: Wish) -> tuple[int, Service]:
    parts = preview_parts(wish.name, services.catalog)
    if parts is None:
        raise _unknown(wish.name)
    permit_repository(wish.by, parts[1].repository_id)
    return parts


def _newcomer(
    name: str, service: Service, facts: PullRequest
) -> Callable[[datetime], Environment]:
    return lambda now: desired.newcomer(name, service.name, facts.author, facts, now=now)


def _unknown(name: str) -> Refusal:
    return Refusal.one(
        404, "environment_unknown", f"there is no environment {name[:80]} in the catalog", "name"
    )
