"""How an environment's backups are verified: read every store, judge, raise an alert.

Reading is all that is asked of Azure, so both steps may run any number of times. A store that does
not answer is unknown, and does not hold the others; only a listing that is throttled or broken is
asked for again. The alert follows from the stored verdict, not from its change: a check that died
between the two raises it the next time.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from provisioning import ledger
from provisioning.azure.client import Azure
from provisioning.azure.protocol import Answer, Ready
from provisioning.azure.resources import postgres_backups, sql_database, storage_account
from provisioning.azure.resources.recovery import Store
from provisioning.backups import policy
from provisioning.backups.policy import Facts
from provisioning.catalog import Built
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.model import Backups, Nap, RaisedAlert, Standing
from provisioning.operations import Done, Outcome, Step, Workflow
from provisioning.services import Context, Services
from provisioning.store.codec import from_row, to_row

log = logging.getLogger(__name__)

T = TypeVar("T")

RAISED = "raised"  # the partition of alerts that the control plane raises itself
SOURCE = "backups"
BAD, UNKNOWN = "BackupBad", "BackupUnknown"
READS_FOR = timedelta(seconds=45)  # half the step's lock is 90 s, and one call may take 25
_SEVERITY = {BAD: "Sev1", UNKNOWN: "Sev3"}


def judge_stores(context: Context) -> Outcome:
    """Read every store of the environment, and write what its backups are worth."""
    services, target = context.services, _target(context)
    built = _built(services, target.environment)
    facts = _facts(context, built)
    finding = policy.assess(facts, built.promise, now=context.now)
    before = target.finding
    turned = before is None or before.standing is not finding.standing
    return Done(
        reason=f"{finding.standing}: {finding.because}"[:1000],
        sets={
            "finding": finding,
            "checked_at": context.now,
            "since": context.now if turned else target.since,
        },
    )


def raise_alert(context: Context) -> Outcome:
    """Have an open alert where backups are bad or unknown, and none where they are good.

    Unknown does not end a bad one: only what is known to be good does.
    """
    target = _target(context)
    finding = target.finding
    assert finding is not None  # the step before wrote it
    said = []
    match finding.standing:
        case Standing.BAD:
            said = [_open(context, target, BAD), _resolve(context, target, UNKNOWN)]
        case Standing.UNKNOWN:
            said = [_open(context, target, UNKNOWN)]
        case Standing.GOOD:
            said = [_resolve(context, target, rule) for rule in (BAD, UNKNOWN)]
    return Done(reason=", ".join(filter(None, said)) or "no alert begins or ends")


def _facts(context: Context, built: Built) -> Facts:
    services = context.services
    try:
        listed = services.azure.in_group(built.group)
    except TerminalError as error:
        return Facts(environment=built.name, silence=str(error))
    environment = ledger.environment(services.table, built.name)
    naps = () if environment is None else environment.naps
    stores = []
    for resource in sorted(listed, key=lambda found: str(found["id"]).lower()):
        identity, kind = str(resource["id"]), str(resource.get("type", "")).lower()
        read = _READERS.get(kind)
        if read is None or (read is _database and sql_database.is_system(identity)):
            continue
        asking = _Asking(services.azure)
        if services.clock.now() - context.now > READS_FOR:
            asking.silence.append("this check had no time left for it")
        stores.append(read(asking, identity, built, naps, context.now))
    return Facts(environment=built.name, stores=tuple(stores))


# Each kind of store, by its calls


@dataclass(frozen=True)
class _Asking:
    """Calls about one store, which take no answer for one: what was silent is kept."""

    azure: Azure
    silence: list[str] = field(default_factory=list)

    def read(self, path: str, version: str, **query: str) -> Mapping[str, Any] | None:
        """Return what a GET answers."""
        answer: Answer | None = self._try(lambda: self.azure.read(path, version, **query))
        return answer.body if isinstance(answer, Ready) and _is_object(answer.body) else None

    def listing(self, path: str, version: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the items of a collection."""
        found = self._try(lambda: self.azure.listing(path, version))
        return None if found is None else [one for one in found if _is_object(one)]

    @property
    def why(self) -> str:
        """Why something was not answered."""
        return "; ".join(dict.fromkeys(self.silence))

    def _try(self, call: Callable[[], T]) -> T | None:
        if self.silence:
            return None  # who was silent once would only be waited for again
        try:
            return call()
        except (TransientError, TerminalError) as error:
            self.silence.append(str(error))
            return None


def _is_object(found: object) -> bool:
    return isinstance(found, Mapping)


def _server(
    ask: _Asking, identity: str, built: Built, naps: Sequence[Nap], now: datetime
) -> Store:
    api = postgres_backups.API
    body, full = ask.read(identity, api), ask.listing(f"{identity}/backups", api)
    return postgres_backups.read(identity, body, full, naps=naps, silence=ask.why, now=now)


def _database(
    ask: _Asking, identity: str, built: Built, naps: Sequence[Nap], now: datetime
) -> Store:
    api = sql_database.API
    server, _, name = identity.rpartition("/databases/")
    body = ask.read(identity, api)
    links = ask.listing(f"{identity}/replicationLinks", api)
    policy_ = ask.read(f"{identity}/backupShortTermRetentionPolicies/default", api)
    copy = None
    if built.promise.geo:
        copy = ask.read(f"{server}/recoverableDatabases/{name}", api)
    return sql_database.read(identity, body, policy_, links, copy, silence=ask.why, now=now)


def _account(
    ask: _Asking, identity: str, built: Built, naps: Sequence[Nap], now: datetime
) -> Store:
    api = storage_account.API
    body = ask.read(identity, api, **{"$expand": "geoReplicationStats"})
    blobs = ask.read(f"{identity}/blobServices/default", api)
    return storage_account.read(identity, body, blobs, silence=ask.why, now=now)


_READERS: Mapping[str, Callable[[_Asking, str, Built, Sequence[Nap], datetime], Store]] = {
    postgres_backups.TYPE.lower(): _server,
    sql_database.TYPE.lower(): _database,
    storage_account.TYPE.lower(): _account,
}


# Alerts


def _open(context: Context, target: Backups, rule: str) -> str:
    """Have an open alert of the rule; the operation's id makes a second one the same row."""
    table, finding = context.services.alerts, target.finding
    assert finding is not None
    if _open_rows(context, target, rule):
        return ""
    concerned = [p.name for p in finding.parts if p.standing is finding.standing]
    key = f"{_prefix(target, rule)}{context.operation.id}"
    alert = RaisedAlert(
        id=key,
        source=SOURCE,
        rule=rule,
        severity=_SEVERITY[rule],
        condition="Fired",
        resources=tuple(concerned),
        message=f"{target.environment}: {finding.because}",
        fired_at=target.since or context.now,
    )
    context.fence()
    try:
        table.insert(to_row(alert, RAISED, key))
    except StaleRowError:
        return ""  # this very check raised it before it died
    if rule == BAD:
        log.error("backups of %s are bad: %s", target.environment, finding.because)
    return f"alert {rule} raised"


def _resolve(context: Context, target: Backups, rule: str) -> str:
    ended = 0
    for alert, etag in _open_rows(context, target, rule):
        over = replace(alert, condition="Resolved", resolved_at=context.now)
        context.fence()
        context.services.alerts.replace(to_row(over, RAISED, alert.id, etag))
        ended += 1
    return f"alert {rule} resolved" if ended else ""


def _open_rows(
    context: Context, target: Backups, rule: str
) -> list[tuple[RaisedAlert, str | None]]:
    first = _prefix(target, rule)
    rows = context.services.alerts.query(RAISED, first=first, last=first + "~")
    found = [(from_row(RaisedAlert, row), row.etag) for row in rows]
    return [(alert, etag) for alert, etag in found if alert.resolved_at is None]


def _prefix(target: Backups, rule: str) -> str:
    return f"{SOURCE}~{target.environment}~{rule}~"


def _target(context: Context) -> Backups:
    target = context.target
    assert isinstance(target, Backups)
    return target


def _built(services: Services, environment: str) -> Built:
    built = services.catalog.environments.get(environment)
    if built is None:
        raise TerminalError("environment_unknown", f"the catalog does not name {environment}")
    return built


VERIFY: Workflow[Context] = Workflow(
    "backups.verify",
    (
        Step(judge_stores, timedelta(minutes=20)),
        Step(raise_alert, timedelta(minutes=10)),
    ),
)
