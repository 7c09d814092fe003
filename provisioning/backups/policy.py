"""Whether an environment's backups keep its promise: a tree of findings, with figures in words.

The environment is made of its stores, a store of aspects: its newest point against the RPO, its
retention as set and as found, the second region's copy, and its replicas; the last two only where
the promise wants them. The whole is as bad as its worst part, and what is not known is not good.
Nothing here measures a restore: the RTO is a figure, not a verdict.

What the facts are, and from which evidence a newest point follows, is said where a store is read,
in `azure/resources`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning.azure.resources.recovery import Copying, Store
from provisioning.backups import words
from provisioning.catalog import Promise
from provisioning.model import Backups, Finding, Standing

SLACK = timedelta(hours=36)  # the oldest point moves in steps of a backup, taken once a day
BELIEVED = timedelta(hours=2, minutes=30)  # two checks that did not come are one too many

_COPYING = {
    Copying.WELL: Standing.GOOD,
    Copying.BEGINNING: Standing.UNKNOWN,
    Copying.BROKEN: Standing.BAD,
    Copying.UNTOLD: Standing.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was read of an environment: its stores, or why they could not be listed."""

    environment: str
    stores: tuple[Store, ...] = ()
    silence: str = ""


def assess(facts: Facts, promise: Promise, *, now: datetime) -> Finding:
    """Return the verdict on an environment's backups at `now`, explained by its worst part."""
    stores = [store for store in facts.stores if _is_judged(store, facts.stores, promise)]
    figures = {"stores": str(len(stores)), "rto": words.rto(promise.rto)}
    if facts.silence or not stores:
        because = words.unlisted(facts.silence) if facts.silence else words.NO_STORE
        return Finding(
            name=facts.environment, standing=Standing.UNKNOWN, because=because, figures=figures
        )
    parts = tuple(_of_store(store, promise, now) for store in stores)
    standing = worst(parts)
    because = "every store keeps what is promised"
    if standing is not Standing.GOOD:
        because = "; ".join(p.because for p in parts if p.standing is standing)
    return Finding(
        name=facts.environment, standing=standing, because=because, figures=figures, parts=parts
    )


def worst(parts: Sequence[Finding]) -> Standing:
    """Return the gravest standing of the parts: bad over unknown over good."""
    return max((part.standing for part in parts), key=lambda standing: standing.gravity)


def believed(row: Backups | None, *, now: datetime) -> tuple[Standing, str, datetime | None]:
    """Return what the stored verdict is still worth at `now`, why, and since when.

    One that was not renewed is not known any more, whatever it was; a bad one stays bad.
    """
    if row is None or row.finding is None or row.checked_at is None:
        return Standing.UNKNOWN, words.NOT_CHECKED, None
    found, until = row.finding, row.checked_at + BELIEVED
    if now <= until or found.standing is Standing.BAD:
        return found.standing, found.because, row.since
    since = until if found.standing is Standing.GOOD else row.since
    return Standing.UNKNOWN, words.stale(row.checked_at, str(found.standing)), since


def _is_judged(store: Store, stores: Sequence[Store], promise: Promise) -> bool:
    """Say whether the store stands for itself: a replica that its primary names does not."""
    if not store.replica_of:
        return True
    named = {
        replica.name.lower()
        for other in stores
        if not other.replica_of
        for replica in other.replicas or ()
    }
    return promise.geo and store.name.lower() not in named


def _of_store(store: Store, promise: Promise, now: datetime) -> Finding:
    parts: list[Finding] = []
    if not store.replica_of:
        parts += [_newest(store, promise, now), _retention(store, promise, now)]
        if promise.geo:
            parts.append(_geo(store, promise, now))
    if promise.geo and (store.replica_of or store.replicas != ()):
        parts.append(_replication(store))
    standing = worst(parts)
    said = [part.because for part in parts if part.standing is standing]
    figures = {name: text for part in parts for name, text in part.figures.items()}
    return Finding(
        name=store.id,
        standing=standing,
        because=words.of_store(store.name, said),
        figures=figures,
        parts=tuple(parts),
    )


def _newest(store: Store, promise: Promise, now: datetime) -> Finding:
    """Judge how much would be lost; of a store that sleeps nothing is written that could be."""
    rpo = words.span(promise.rpo)
    if not store.points:
        return _part(words.NEWEST, Standing.BAD, f"there is no point: {store.evidence}")
    if store.newest is None:
        why = store.silence or store.evidence
        return _part(words.NEWEST, Standing.UNKNOWN, words.untold("its newest point", why))
    age = now - store.newest
    figures = {"newest": words.moment(store.newest), "age": words.span(age), "rpo": rpo}
    if store.asleep:
        because = f"it sleeps, and nothing is written ({store.evidence})"
        return _part(words.NEWEST, Standing.GOOD, because, figures)
    because = f"its newest point is {words.span(age)} old, {rpo} promised ({store.evidence})"
    if age > promise.rpo:
        return _part(words.NEWEST, Standing.BAD, because, figures)
    if store.asleep is None:
        because = words.untold("whether it runs", store.silence)
        return _part(words.NEWEST, Standing.UNKNOWN, because, figures)
    return _part(words.NEWEST, Standing.GOOD, because, figures)


def _retention(store: Store, promise: Promise, now: datetime) -> Finding:
    """Judge how far back a restore reaches: as it is set, then as it is found."""
    wanted = words.days(promise.retention_days)
    figures = {"promised": wanted}
    if store.oldest is not None:
        figures["oldest"] = words.moment(store.oldest)
    if store.retention_days is not None:
        figures["kept"] = words.days(store.retention_days)
        if store.retention_days < promise.retention_days:
            kept = words.days(store.retention_days) if store.retention_days else "nothing"
            because = f"it is set to keep {kept}, {wanted} promised"
            return _part(words.RETENTION, Standing.BAD, because, figures)
    found, because = _reach(store, promise, now)
    if store.retention_days is None and found is not Standing.BAD:
        found, because = Standing.UNKNOWN, words.untold("its retention", store.silence)
    return _part(words.RETENTION, found, because, figures)


def _reach(store: Store, promise: Promise, now: datetime) -> tuple[Standing, str]:
    """Judge the oldest point found; a store younger than its retention reaches to its birth."""
    if store.oldest is None:
        if not store.tells_oldest:
            return Standing.GOOD, "it is set to keep what is promised; no oldest point is told"
        return Standing.UNKNOWN, words.untold("its oldest point", store.silence)
    reach = words.span(now - store.oldest)
    wanted = words.days(promise.retention_days)
    due = now - timedelta(days=promise.retention_days)
    if store.oldest <= due + SLACK:
        return Standing.GOOD, f"it reaches {reach} back, {wanted} promised"
    short = f"it reaches only {reach} back, {wanted} promised"
    if store.born is None:
        return Standing.UNKNOWN, f"{short}, and its age is not known"
    if store.oldest <= max(store.born, due) + SLACK:
        return Standing.GOOD, f"it is younger than its retention, and reaches {reach} back"
    return Standing.BAD, short


def _geo(store: Store, promise: Promise, now: datetime) -> Finding:
    """Judge the second region's copy: that it is there, and no older than promise and way take."""
    if store.geo is None:
        because = words.untold("whether a second region has its backups", store.silence)
        return _part(words.GEO, Standing.UNKNOWN, because)
    figures = {"redundancy": store.redundancy}
    if not store.geo:
        because = f"no second region has its backups: {store.redundancy}"
        return _part(words.GEO, Standing.BAD, because, figures)
    if not store.tells_copied:
        because = f"a second region has its backups: {store.redundancy}"
        return _part(words.GEO, Standing.GOOD, because, figures)
    if store.copied is None:
        because = words.untold("how new the second region's copy is", store.silence)
        return _part(words.GEO, Standing.UNKNOWN, because, figures)
    age, most = now - store.copied, promise.rpo + store.copy_delay
    figures["copied"] = words.moment(store.copied)
    because = f"the second region's copy is {words.span(age)} old, {words.span(most)} at most"
    standing = Standing.GOOD if age <= most or store.asleep else Standing.BAD
    return _part(words.GEO, standing, because, figures)


def _replication(store: Store) -> Finding:
    if not store.replicas:
        because = words.untold("how its replication stands", store.silence)
        return _part(words.REPLICATION, Standing.UNKNOWN, because)
    parts = tuple(
        _part(replica.name, _COPYING[replica.copying], f"{replica.name} is {replica.word}")
        for replica in store.replicas
    )
    standing = worst(parts)
    because = ", ".join(part.because for part in parts if part.standing is standing)
    figures = {"replication": ", ".join(part.because for part in parts)}
    return _part(words.REPLICATION, standing, because, figures)


def _part(
    name: str, standing: Standing, because: str, figures: Mapping[str, str] | None = None
) -> Finding:
    return Finding(name=name, standing=standing, because=because, figures=dict(figures or {}))
