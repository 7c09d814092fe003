"""How releases begin, and how they are taken back, hurried or held: by people, alerts, or timers.

A service's newest release in an environment is a target of its own; the one before it is moved
aside in the transaction that begins the next. To take one back is one operation, however many ask
for it: its id follows from the release.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from provisioning import ledger
from provisioning.audit import Note
from provisioning.catalog import Built, Host, Placed
from provisioning.errors import Refusal, StaleRowError, TransientError
from provisioning.identity import Principal, permit_repository
from provisioning.intake.people import spend
from provisioning.intake.request import Cause, begin_on, nudge
from provisioning.ledger import Held
from provisioning.model import Move, Release, ReleaseStatus, Request, Ruling
from provisioning.operations import Operation, operation_id
from provisioning.releases import asked
from provisioning.services import Services
from provisioning.store.codec import to_row
from provisioning.store.table import Insert

TRY_AGAIN = timedelta(minutes=10)  # between attempts to take one release back
_TRIES = 20


@dataclass(frozen=True)
class Begun:
    """A release, and the operation that works on it; None where there is nothing to do."""

    release: Release
    operation: str | None


def begin(services: Services, by: Principal, content: Mapping[str, Any]) -> Begun:
    """Begin the release that `content` asks for, or find it under way.

    Raises Refusal: 400 with every fault, 403 for a workflow of another repository, 409 where
    another release of the service is under way.
    """
    wish = asked.read_wish(content, services.catalog)
    permit_repository(by, services.catalog.services[wish.placed.service].repository_id)
    spend(services, by)
    target = ledger.release_of(wish.environment.name, wish.placed.service)
    ledger.enter_known(services.table, target)
    for _ in range(_TRIES):
        now = services.clock.now()
        held = ledger.read(services.table, target)
        before = None if held is None else _release(held)
        if before is not None and asked.is_under_way(before):
            return _under_way(before, wish)
        subscription = services.settings.subscription
        release = asked.begun(
            wish, subscription, target=target, by=by.name, now=now, before=before
        )
        cause = f"{by.name} releases {release.version} to {release.environment}"
        request = Request(
            workflow=asked.CANARY, target=target, cause=cause, key=release.id, by=by.name
        )
        aside = [] if before is None else [Insert(ledger.past_row(before))]
        try:
            operation = begin_on(
                services, held or Held(release, None), release, request, changes=aside, now=now
            )
        except StaleRowError:
            continue
        return Begun(replace(release, operation=operation.id), operation.id)
    raise _contended(target)


def roll_back(services: Services, identity: str, by: Principal) -> Begun:
    """Have a person's word take a release back; the same while that is under way.

    Raises Refusal: 404 for one that is not known, 409 where a newer one has taken its place.
    """
    release = _newest(services, identity)
    if asked.can_be_taken_back(release):
        cause = Cause(text=f"{by.name} takes {identity} back", by=by.name)
        take_back(services, release, cause.text, cause)
    release = _newest(services, identity)
    return Begun(release, release.operation)


def take_back(services: Services, release: Release, because: str, cause: Cause) -> str | None:
    """Begin to take the release back, in place of whatever is done with it; return the operation.

    None where another release has taken its place, or it has been taken back already.
    """
    for _ in range(_TRIES):
        now = services.clock.now()
        held = ledger.read(services.table, release.name)
        now_there = None if held is None else _release(held)
        if held is None or now_there is None or now_there.id != release.id:
            return None
        if not asked.can_be_taken_back(now_there):
            return None
        request, running = _attempt(services, now_there, cause)
        if running is not None:
            return running.id
        ruling = Ruling(at=now, move=Move.ROLL_BACK, because=because, weight=0, by=cause.by)
        after = replace(
            now_there, generation=now_there.generation + 1, because=because, ruling=ruling
        )
        try:
            return begin_on(services, held, after, request, now=now).id
        except StaleRowError:
            continue
    raise _contended(release.name)


def promote(services: Services, identity: str, by: Principal) -> Begun:
    """Skip the remaining steps of a release that progresses; raises Refusal for any other."""
    release = _newest(services, identity)
    is_going_back = _attempt(services, release, Cause(text="", by=""))[1] is not None
    if release.status is not ReleaseStatus.PROGRESSING or is_going_back:
        stands = "being taken back" if is_going_back else release.status
        message = f"{identity} is {stands}: {release.because}"
        raise Refusal.one(409, "release_not_progressing", message, "id")
    because = f"{by.name} skips the remaining steps"
    return _tell(services, release, by.name, Move.PROMOTE, because, 100, skipped_by=by.name)


def resume(services: Services, identity: str, by: Principal) -> Begun:
    """Let a release go on that an unverified alert holds; raises Refusal for any other."""
    release = _newest(services, identity)
    if not release.unverified:
        message = f"no unverified alert holds {identity}"
        raise Refusal.one(409, "release_not_held", message, "id")
    because = f"{by.name} lets it go on: {release.unverified}"
    return _tell(services, release, by.name, Move.HOLD, because, release.weight, unverified="")


def distrust(services: Services, release: Release, why: str, by: str) -> None:
    """Hold a release that is under way, for an alert that nobody can confirm."""
    for _ in range(_TRIES):
        held = ledger.read(services.table, release.name)
        there = None if held is None else _release(held)
        if held is None or there is None or there.id != release.id:
            return
        if not asked.is_under_way(there) or there.unverified:
            return  # over, or held already: more forged ones must not fill the trail
        now = services.clock.now()
        ruling = Ruling(at=now, move=Move.PAUSE, because=why, weight=there.weight, by=by)
        after = replace(
            there,
            generation=there.generation + 1,
            status=ReleaseStatus.PAUSED if there.exposed else there.status,
            because=why,
            unverified=why,
            ruling=ruling,
        )
        note = Note(event="alert-unverified", text=why, cause=release.id, by=by)
        try:
            ledger.save(services, held, after, notes=[note], now=now)
        except StaleRowError:
            continue
        return
    raise _contended(release.name)


def tend(services: Services) -> int:
    """Take back every release that ended with its canary in the traffic; return how many.

    So ends one whose operation ran out of time, was cancelled, or whose rollback failed.
    """
    begun = 0
    for release in newest(services):
        if release.status is not ReleaseStatus.FAILED or not release.exposed:
            continue
        cause = Cause(text=f"tick: {release.id} failed half-way", by="timer")
        is_first = _attempt(services, release, cause)[0] == asked.taken_back(
            release, cause=cause.text, by=cause.by
        )
        since = services.clock.now() - release.changed_at
        if release.operation is not None or (since < TRY_AGAIN and not is_first):
            continue
        because = "it failed, and its canary may have traffic"
        begun += int(take_back(services, release, because, cause) is not None)
    return begun


def newest(services: Services) -> Iterator[Release]:
    """Return the newest release of each service to each environment of the catalog."""
    for environment, placed in placements(services):
        target = ledger.release_of(environment.name, placed.service)
        held = ledger.read(services.table, target)
        if held is not None and isinstance(held.value, Release):
            yield held.value


def recent(services: Services, environment: str | None) -> list[Release]:
    """Return the releases to one environment or to all, the newest first."""
    targets = [
        ledger.release_of(built.name, placed.service)
        for built, placed in placements(services)
        if environment in (None, built.name)
    ]
    found = [release for target in targets for release in ledger.releases(services.table, target)]
    return sorted(found, key=lambda release: release.created_at, reverse=True)


def find(services: Services, identity: str) -> Release | None:
    """Return the release with that id, the newest of its service or an older one."""
    environment, _, rest = identity.partition(".")
    service = rest.rpartition(".")[0]
    known = [(built.name, placed.service) for built, placed in placements(services)]
    if (environment, service) not in known:
        return None
    target = ledger.release_of(environment, service)
    found = (r for r in ledger.releases(services.table, target) if r.id == identity)
    return next(found, None)


def placements(services: Services) -> Iterator[tuple[Built, Placed]]:
    """Return every service that can be released, with the environment that it is in."""
    for built in services.catalog.environments.values():
        for placed in built.services.values():
            if placed.host is Host.CONTAINER_APP:
                yield built, placed


def _under_way(before: Release, wish: asked.Wish) -> Begun:
    if before.version == wish.version:
        return Begun(before, before.operation)
    raise Refusal.one(
        409,
        "release_under_way",
        f"{before.id} is still under way with {before.version}; wait for its end, or take it back",
        "service",
    )


def _attempt(
    services: Services, release: Release, cause: Cause
) -> tuple[Request, Operation | None]:
    """Return the next wish to take the release back, or the operation that is at it."""
    attempt = 1
    while True:
        request = asked.taken_back(release, cause=cause.text, by=cause.by, attempt=attempt)
        found = ledger.operation(services.table, release.name, operation_id(request))
        if found is None:
            return request, None
        if not found[0].status.is_final:
            return request, found[0]
        attempt += 1


def _tell(
    services: Services,
    release: Release,
    by: str,
    move: Move,
    because: str,
    weight: int,
    **changes: Any,
) -> Begun:
    """Write a person's word into the row, and have the operation look at it now."""
    for _ in range(_TRIES):
        held = ledger.read(services.table, release.name)
        there = None if held is None else _release(held)
        if held is None or there is None or there.id != release.id:
            raise _unknown(release.id)
        if not asked.is_under_way(there):
            raise Refusal.one(
                409, "release_not_progressing", f"{there.id} is {there.status}", "id"
            )
        now = services.clock.now()
        ruling = Ruling(at=now, move=move, because=because, weight=weight, by=by)
        after = replace(
            there, generation=there.generation + 1, because=because, ruling=ruling, **changes
        )
        note = Note(event=str(move), text=because, cause=there.id, by=by)
        try:
            ledger.save(services, held, after, notes=[note], now=now)
        except StaleRowError:
            continue
        _hurry(services, after)
        return Begun(after, after.operation)
    raise _contended(release.name)


def _hurry(services: Services, release: Release) -> None:
    """Make the release's operation due now; where its worker was faster, that looks again."""
    if release.operation is None:
        return
    found = ledger.operation(services.table, release.name, release.operation)
    if found is None or found[0].status.is_final:
        return
    operation = replace(found[0], due_at=services.clock.now())
    try:
        services.table.replace(to_row(operation, release.name, operation.id, found[1].etag))
    except StaleRowError:
        return
    nudge(services, operation)


def _newest(services: Services, identity: str) -> Release:
    release = find(services, identity)
    if release is None:
        raise _unknown(identity)
    held = ledger.read(services.table, release.name)
    if held is None or _release(held).id != identity:
        message = f"a newer release has taken the place of {identity}"
        raise Refusal.one(409, "release_replaced", message, "id")
    return release


def _release(held: Held) -> Release:
    assert isinstance(held.value, Release)
    return held.value


def _unknown(identity: str) -> Refusal:
    return Refusal.one(404, "release_unknown", f"there is no release {identity[:80]}", "id")


def _contended(target: str) -> TransientError:
    return TransientError("contended", f"{target} is being changed by many at once; try again")
