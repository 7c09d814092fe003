"""What is known of how a data store can be restored, in one form for every kind of store.

Each kind is read by a module of its own (`postgres_backups`, `sql_database`, `storage_account`),
which also says from what a newest point follows: Azure tells the oldest point of most stores, the
newest of hardly any. A fact that is None is not known; whoever judges must not take it for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any


class Copying(StrEnum):
    """How the copying to another region goes."""

    WELL = "well"
    BEGINNING = "beginning"
    BROKEN = "broken"
    UNTOLD = "untold"


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A copy in another region: which, how it goes, and the word that Azure has for that."""

    name: str
    copying: Copying
    word: str


@dataclass(frozen=True, kw_only=True)
class Store:
    """A data store, as read at an instant.

    `newest` is the newest point it can be restored to and `evidence` what that follows from;
    without `points` there is known to be none. One that is `asleep` is not written, so it has no
    newer point to lose. `oldest` is the oldest point, None also where Azure has none to tell
    (`tells_oldest`). `geo` says whether a second region has the backups, `copied` how new they are
    there and `copy_delay` what Azure takes for that. One that is `replica_of` another has nothing
    but `replicas`: its link. `silence` is why something could not be read.
    """

    id: str
    type: str
    name: str
    born: datetime | None = None
    asleep: bool | None = None
    points: bool = True
    newest: datetime | None = None
    evidence: str = ""
    retention_days: int | None = None
    oldest: datetime | None = None
    tells_oldest: bool = True
    geo: bool | None = None
    redundancy: str = ""
    copied: datetime | None = None
    tells_copied: bool = False
    copy_delay: timedelta = timedelta(0)
    replicas: tuple[Replica, ...] | None = ()
    replica_of: str = ""
    silence: str = ""


def properties(body: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the properties of an ARM body; none where there is no body."""
    return inside(body or {}, "properties")


def inside(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object of that name, empty where there is none."""
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def instant(text: Any) -> datetime | None:
    """Return the instant that ARM wrote, UTC; None where it wrote none."""
    if not isinstance(text, str):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def number(value: Any) -> int | None:
    """Return a whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def short_name(identity: str) -> str:
    """Return the names in a resource's id behind its provider: `server/database`."""
    return "/".join(identity.rpartition("/providers/")[2].split("/")[2::2])


def type_of(identity: str) -> str:
    """Return the type in a resource's id."""
    provider, *rest = identity.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])
