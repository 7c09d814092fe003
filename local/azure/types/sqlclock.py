"""What time makes of an Azure SQL database: its window, its geo-backups, its replication.

Pure readings of what is remembered. A Hyperscale database can be restored from its birth on,
others once their first full backup is done; the window ends `retention` days ago. A change of
the backups' redundancy takes its time. Geo-backups are an hour old at most. A replica is seeded
first and catches up from then on.

Source: learn.microsoft.com, "Automated backups in Azure SQL Database", "Active geo-replication".
"""

from datetime import UTC, datetime, timedelta

from local.azure.arm import Json

OLDER = timedelta(days=60)  # the age of what a seed puts there
FIRST_BACKUP = timedelta(minutes=10)
REDUNDANCY_CHANGE = timedelta(hours=24)
PENDING, SEEDING = timedelta(seconds=30), timedelta(minutes=3)
HOUR = timedelta(hours=1)
NEVER = datetime.max.replace(tzinfo=UTC)  # the floor of a window that has not begun
GEO = ("Geo", "GeoZone")


def born(now: datetime, edition: str, *, retention: int = 7, redundancy: str = "Geo") -> Json:
    """Return the memory of a database that is born at `now`."""
    first = now if edition == "Hyperscale" else now + FIRST_BACKUP
    return {
        "born": now.isoformat(),
        "floor": first.isoformat(),
        "retention": retention,
        "redundancy": [redundancy, redundancy, now.isoformat()],
    }


def earliest(state: Json, now: datetime) -> datetime | None:
    """Return the earliest instant to restore to; None where there is no backup yet."""
    floor = datetime.fromisoformat(state["floor"])
    if state.get("secondary") or now < floor:
        return None
    return max(floor, now - timedelta(days=state["retention"]))


def retained(state: Json, days: int, now: datetime) -> Json:
    """Return the memory with another retention: what is gone does not come back."""
    reach = earliest(state, now)
    floor = state["floor"] if reach is None else reach.isoformat()
    return {**state, "retention": days, "floor": floor}


def redundant(state: Json, wanted: str, now: datetime) -> Json:
    """Return the memory with another redundancy asked for."""
    if wanted == state["redundancy"][1]:
        return state
    due = now + REDUNDANCY_CHANGE
    return {**state, "redundancy": [redundancy(state, now), wanted, due.isoformat()]}


def redundancy(state: Json, now: datetime) -> str:
    """Return how the backups are stored at present."""
    old, new, due = state["redundancy"]
    return str(new if now >= datetime.fromisoformat(due) else old)


def geo_backup(state: Json, now: datetime) -> datetime:
    """Return when the latest geo-backup was taken."""
    first = datetime.fromisoformat(state["born"])
    return first + (now - first) // HOUR * HOUR


def replication(since: datetime, now: datetime) -> tuple[str, int]:
    """Return a link's `replicationState` and `percentComplete`."""
    age = now - since
    if age < PENDING:
        return "PENDING", 0
    if age < SEEDING:
        return "SEEDING", int(100 * (age / SEEDING))
    return "CATCH_UP", 100
