"""What the API shows: rows as JSON, and nothing that a row should not show."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from provisioning import audit, durations, ledger
from provisioning.azure.resources import recovery
from provisioning.backups import policy
from provisioning.intake import alerts as arrivals
from provisioning.intake import deliveries, estate, rules, timers
from provisioning.intake.people import DryRun
from provisioning.model import (
    Backups,
    Condition,
    Environment,
    Finding,
    Phase,
    Release,
    Ruling,
    Standing,
)
from provisioning.operations import Operation
from provisioning.power import calendar
from provisioning.power import plan as power
from provisioning.power import savings as power_savings
from provisioning.releases.ruling import rule
from provisioning.services import Services
from provisioning.store.codec import to_plain


def environments(services: Services) -> list[dict[str, Any]]:
    """Return every environment that is there, or was within the last day."""
    now = services.clock.now()
    built = {name: estate.known(services, name) for name in services.catalog.environments}
    names = [name for name in ledger.index(services.table) if name not in built]
    found = [*built.values(), *(ledger.environment(services.table, name) for name in names)]
    return [_shown(services, e) for e in found if e is not None and is_shown(e, now=now)]


def one_environment(services: Services, name: str) -> dict[str, Any] | None:
    """Return one environment; None where there is none, or it is gone for more than a day."""
    found = estate.known(services, name) or ledger.environment(services.table, name)
    if found is None or not is_shown(found, now=services.clock.now()):
        return None
    return _shown(services, found)


def is_shown(environment: Environment, *, now: datetime) -> bool:
    """Say whether the environment is still in the list."""
    if environment.phase is not Phase.GONE:
        return True
    return environment.gone_at is None or now - environment.gone_at <= timers.SHOWN_FOR


def environment(found: Environment, more: Iterable[Condition] = ()) -> dict[str, Any]:
    """Return an environment as the API shows it, with `more` conditions than its row has."""
    pull_request = found.pull_request
    return {
        "name": found.name,
        "kind": str(found.kind),
        "phase": str(found.phase),
        "generation": found.generation,
        "url": found.url if found.phase is Phase.READY else None,
        "expires_at": _iso(found.expires_at),
        "lease": None if found.lease is None else to_plain(found.lease),
        "pull_request": None
        if pull_request is None
        else {
            "repository": pull_request.repository,
            "number": pull_request.number,
            "open": pull_request.open,
            "sha": pull_request.sha,
        },
        "resources": [{"id": r.id, "type": r.type, "state": r.state} for r in found.resources],
        "conditions": [condition(c) for c in (*found.conditions, *more)],
        "operation": found.operation,
        "service": found.service or None,
        "sha": found.sha,
        "image": found.image,
        "approved": None if found.approval is None else to_plain(found.approval),
        "log_tail": found.log_tail,
        "created_at": _iso(found.created_at),
        "changed_at": _iso(found.changed_at),
    }


def condition(found: Condition) -> dict[str, Any]:
    """Return a condition as the API shows it."""
    return {"kind": found.kind, "message": found.message, "since": found.since.isoformat()}


def backups(services: Services, name: str) -> dict[str, Any]:
    """Return the verdict on the backups of an environment that the catalog names."""
    row, promise = _backups(services, name), services.catalog.environments[name].promise
    standing, because, since = policy.believed(row, now=services.clock.now())
    finding = None if row is None else row.finding
    return {
        "environment": name,
        "verdict": str(standing),
        "because": because,
        "checked_at": None if row is None else _iso(row.checked_at),
        "since": _iso(since),
        "promise": {
            "rpo": durations.written(promise.rpo),
            "rto": durations.written(promise.rto),
            "retention_days": promise.retention_days,
            "geo": promise.geo,
        },
        "figures": {} if finding is None else dict(finding.figures),
        "stores": [] if finding is None else [_store(part) for part in finding.parts],
    }


def operation(found: Operation) -> dict[str, Any]:
    """Return an operation as the API shows it."""
    return {
        "id": found.id,
        "workflow": found.workflow,
        "environment": ledger.environment_of(found.target),
        "generation": found.generation,
        "status": str(found.status),
        "cause": found.cause,
        "requested_by": found.by,
        "created_at": _iso(found.created_at),
        "finished_at": _iso(found.finished_at),
        "due_at": None if found.status.is_final else _iso(found.due_at),
        "steps": [
            {
                "name": step.name,
                "state": str(step.state),
                "started_at": _iso(step.started_at),
                "finished_at": _iso(step.finished_at),
                "attempts": step.attempts,
                "reason": step.reason,
            }
            for step in found.steps
        ],
        "error": None if found.error is None else to_plain(found.error),
    }


def find_operation(services: Services, identity: str) -> Operation | None:
    """Return the operation with that id, wherever it is."""
    entry = ledger.agenda_row(services.table, identity)
    if entry is not None:
        found = ledger.operation(services.table, str(entry.values["target"]), identity)
        if found is not None:
            return found[0]
    names = [*ledger.index(services.table), *services.catalog.environments]
    for name in dict.fromkeys(names):
        for target in ledger.targets_about(name, services.catalog.services):
            found = ledger.operation(services.table, target, identity)
            if found is not None:
                return found[0]
    return None


def why(services: Services, name: str, at: datetime) -> dict[str, Any] | None:
    """Return the decision about an environment that was in force at an instant."""
    found = ledger.decision_at(services.table, name, at)
    if found is None:
        return None
    decision, since = found
    again = rules.decide(decision.grounds)[1]
    return {
        "environment": name,
        "at": _iso(at),
        "decided_at": _iso(since),
        "action": decision.action,
        "because": decision.because,
        "inputs": dict(decision.inputs),
        "would_change": decision.would_change,
        "replays": again == decision,
    }


def schedule(services: Services, *, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return every planned stop and start from one instant to another, in order."""
    found = []
    for built in services.catalog.environments.values():
        environment = estate.known(services, built.name)
        if environment is None or built.hours is None:
            continue
        for turn in power.turns(environment, built.hours, start=start, end=end):
            found.append(
                {
                    "environment": built.name,
                    "action": "start" if turn.is_start else "stop",
                    "at": _iso(turn.at),
                    "local": calendar.local(built.hours, turn.at),
                    "reason": turn.because,
                    "mode": str(built.mode),
                }
            )
    return sorted(found, key=lambda row: (str(row["at"]), str(row["environment"])))


def savings(services: Services, *, since: datetime, now: datetime) -> dict[str, Any]:
    """Return what sleep has saved, by environment, and what goes on costing meanwhile."""
    prices = services.catalog.prices
    rows = []
    for name in services.catalog.environments:
        environment = estate.known(services, name)
        if environment is None:
            continue
        found = power_savings.saved(environment, prices, since=since, now=now)
        rows.append(
            {
                "environment": name,
                "since": _iso(since),
                "hours_asleep": found.hours,
                "estimate": {"amount": found.eur, "currency": "EUR"},
                "without_a_price": list(found.unknown),
                "keeps_costing": [
                    {"id": r.id, "type": r.type, "state": r.state}
                    for r in environment.resources
                    if r.awake is None or environment.phase is not Phase.ASLEEP
                ],
            }
        )
    return {
        **listing(rows),
        "prices": {"as_of": prices.as_of, "region": prices.region, "kind": "list prices"},
    }


def record(found: audit.Record) -> dict[str, Any]:
    """Return an audit record as the API shows it."""
    return {**to_plain(found), "environment": found.target}


def trail(
    services: Services, environment: str | None, after: str | None, *, most: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the trail, oldest first, and what to give as `after` for the next.

    `after` is `instant|target|number`. The trail of one environment is its own and those of its
    releases and backups; what GitHub was told is in the whole trail alone.
    """
    wanted = ledger.trails(services.table)
    if environment is not None:
        about = ledger.targets_about(environment, services.catalog.services)
        wanted = [target for target in about if target != ledger.reports_of(environment)]
    every = sorted(
        (r for target in wanted for r in audit.records(services.table, target)),
        key=_place,
    )
    later = [r for r in every if after is None or "|".join(_place(r)) > after]
    page = later[:most]
    more = "|".join(_place(page[-1])) if len(later) > most else None
    return [record(r) for r in page], more


def verify(services: Services) -> dict[str, Any]:
    """Return whether every chain holds, how many records it has, and where one breaks.

    A chain holds if it is whole, and goes on from the head that was last kept out of reach.
    """
    table = services.table
    kept = services.anchors.newest(now=services.clock.now())
    chains, breaks, total = 0, [], 0
    for target in dict.fromkeys([*ledger.trails(table), *kept]):
        number, broken = audit.verify(table, target)
        chains, total = chains + 1, total + number
        broken = broken or audit.anchored(table, target, kept.get(target, (0, audit.START)))
        if broken is not None:
            breaks.append(to_plain(broken))
    return {"valid": not breaks, "chains": chains, "records": total, "breaks": breaks}


def delivery(found: deliveries.Stored) -> dict[str, Any]:
    """Return a delivery as the API shows it, without its body."""
    return {
        "id": found.id,
        "event": found.event,
        "received_at": _iso(found.received_at),
        "finished_at": _iso(found.finished_at),
        "state": str(found.state),
        "reason": found.reason,
        "replays": found.replays,
    }


def release(found: Release, rulings: Iterable[Ruling] | None = None) -> dict[str, Any]:
    """Return a release as the API shows it; without `rulings` with its newest decision alone."""
    if rulings is None:
        rulings = [] if found.ruling is None else [found.ruling]
    return {
        "id": found.id,
        "environment": found.environment,
        "service": found.service,
        "version": found.version,
        "strategy": found.strategy,
        "status": str(found.status),
        "weight": found.weight,
        "because": found.because,
        "baseline": found.baseline,
        "canary": found.canary,
        "unverified": found.unverified or None,
        "operation": found.operation,
        "requested_by": found.requested_by,
        "created_at": _iso(found.created_at),
        "changed_at": _iso(found.changed_at),
        "finished_at": _iso(found.finished_at),
        "decisions": [ruling(r) for r in rulings],
    }


def one_release(services: Services, found: Release) -> dict[str, Any]:
    """Return a release with every decision about it, the oldest first."""
    return release(found, ledger.rulings(services.table, found))


def ruling(found: Ruling) -> dict[str, Any]:
    """Return a decision about a release; `replays` where it can be made again from its grounds."""
    finding = found.finding
    return {
        "at": _iso(found.at),
        "action": str(found.move),
        "verdict": None if finding is None else str(finding.standing),
        "because": found.because,
        "weight": found.weight,
        "by": found.by,
        "figures": {} if finding is None else figures(finding),
        "replays": None if found.grounds is None else rule(found.grounds) == found,
    }


def figures(found: Finding) -> dict[str, Any]:
    """Return each part of a finding with its standing, its reason and its figures."""
    return {
        part.name: {
            "verdict": str(part.standing),
            "because": part.because,
            **part.figures,
        }
        for part in found.parts
    }


def alerts(services: Services, *, most: int) -> list[dict[str, Any]]:
    """Return the alerts that came in and those that were raised here, the newest first."""
    came = [alert(found) for found in arrivals.recent(services, most=most)]
    own = [raised(found) for found in arrivals.raised(services)]
    return sorted([*came, *own], key=lambda shown: str(shown["received_at"]), reverse=True)[:most]


def alert(found: arrivals.Stored) -> dict[str, Any]:
    """Return an alert as the API shows it, without its body."""
    return {
        "id": found.id,
        "received_at": _iso(found.received_at),
        "rule": found.rule or None,
        "severity": found.severity or None,
        "condition": found.condition or None,
        "resources": list(found.resources),
        "state": str(found.state),
        "reason": found.reason,
        "finished_at": _iso(found.finished_at),
    }


def raised(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert that the control plane raised itself, in the form of those that came in."""
    when, over = found.get("fired_at"), found.get("resolved_at")
    named = found.get("resources") or "[]"
    return {
        "id": found["id"],
        "received_at": _iso(when) if isinstance(when, datetime) else None,
        "rule": found.get("rule"),
        "severity": found.get("severity"),
        "condition": found.get("condition"),
        "resources": json.loads(str(named)),
        "state": "raised",
        "reason": found.get("message") or "",
        "finished_at": _iso(over) if isinstance(over, datetime) else None,
    }


def dry_run(found: DryRun) -> dict[str, Any]:
    """Return a plan as the API shows it."""
    return {**to_plain(found), "workflow": found.workflow, "dryRun": True}


def poison(services: Services) -> list[Mapping[str, Any]]:
    """Return the messages that no function could handle."""
    return [
        {
            "at": to_plain(row.values["at"]),
            **{k: row.values[k] for k in ("queue", "text", "outcome")},
        }
        for row in services.table.query(ledger.POISON)
    ]


def listing(items: Iterable[Any], more: str | None = None) -> dict[str, Any]:
    """Return a list as the API shows it."""
    return {"value": list(items), "nextLink": more}


def _shown(services: Services, found: Environment) -> dict[str, Any]:
    """Return the environment with what is known of its backups, if the catalog promises any."""
    if found.name not in services.catalog.environments:
        return environment(found)
    row = _backups(services, found.name)
    standing, because, since = policy.believed(row, now=services.clock.now())
    if standing is Standing.GOOD or since is None:
        return environment(found)
    kind = "BackupBad" if standing is Standing.BAD else "BackupUnknown"
    return environment(found, [Condition(kind=kind, message=because, since=since)])


def _backups(services: Services, name: str) -> Backups | None:
    held = ledger.read(services.table, ledger.backups_of(name))
    return held.value if held is not None and isinstance(held.value, Backups) else None


def _store(found: Finding) -> dict[str, Any]:
    return {
        "id": found.name,
        "type": recovery.type_of(found.name),
        **_finding(found),
        "name": recovery.short_name(found.name),
        "parts": [_finding(part) for part in found.parts],
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "name": found.name,
        "verdict": str(found.standing),
        "because": found.because,
        "figures": dict(found.figures),
    }


def _place(found: audit.Record) -> tuple[str, str, str]:
    return f"{found.at:%Y-%m-%dT%H:%M:%S.%f}", found.target, f"{found.number:012d}"


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat().replace("+00:00", "Z")
