"""Who may come in when there is no room for all: a line, first come, first served. Pure.

A preview whose image is there takes a place in the line; it keeps it through later pushes, and
gives it back when nothing is left of it. One whose author has enough already lets others pass; one
that waits for room does not, so that a large preview is not passed for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning.catalog import Limits

FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A preview's place in the line: since when it waits, and since when it is in."""

    name: str
    author: str
    cores: float
    asked_at: datetime
    admitted_at: datetime | None = None


def next_in(places: Sequence[Place], limits: Limits) -> Place | None:
    """Return the one whose turn it is, or None where nobody waits or there is no room."""
    inside = [place for place in places if place.admitted_at is not None]
    for place in _waiting(places):
        if _of(place.author, inside) >= limits.of_an_author:
            continue
        return place if _has_room(inside, place, limits) else None
    return None


def why_not(place: Place, places: Sequence[Place], limits: Limits) -> str:
    """Say what a waiting preview waits for, and how many are before it."""
    inside = [other for other in places if other.admitted_at is not None]
    own = _of(place.author, inside)
    if own >= limits.of_an_author:
        return (
            f"waits for room: {place.author} has {own} of {limits.of_an_author} previews already"
        )
    before = [other.name for other in _waiting(places)].index(place.name)
    cores = sum(other.cores for other in inside)
    used = (
        f"{len(inside)} of {limits.previews} previews and "
        f"{cores:g} of {limits.cores:g} cores are in use"
    )
    return f"waits for room: {used}; {_before(before)}"


def until_next(begun: Sequence[datetime], limits: Limits, *, now: datetime) -> timedelta:
    """Return how long the next container group must wait, given when others were begun.

    https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits
    """
    windows = ((FIVE_MINUTES, limits.creates), (HOUR, limits.creates_an_hour))
    return max(_until(begun, window, most, now) for window, most in windows)


def _until(begun: Sequence[datetime], window: timedelta, most: int, now: datetime) -> timedelta:
    recent = sorted(at for at in begun if now - at < window)
    return timedelta(0) if len(recent) < most else recent[len(recent) - most] + window - now


def _waiting(places: Sequence[Place]) -> list[Place]:
    waiting = [place for place in places if place.admitted_at is None]
    return sorted(waiting, key=lambda place: (place.asked_at, place.name))


def _has_room(inside: Sequence[Place], place: Place, limits: Limits) -> bool:
    cores = sum(other.cores for other in inside)
    return len(inside) < limits.previews and cores + place.cores <= limits.cores


def _of(author: str, places: Sequence[Place]) -> int:
    return sum(place.author == author for place in places)


def _before(count: int) -> str:
    match count:
        case 0:
            return "it is the next"
        case 1:
            return "one is before it"
    return f"{count} are before it"
