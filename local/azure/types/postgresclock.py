"""What time makes of a PostgreSQL flexible server: its state, its window, its backups.

Pure readings of what a server remembers: when it was born, since when its backups reach back
(`floor`), and when it was stopped. Nothing is stored as it happens: a full backup a day follows
from the day of birth, and a server stopped for seven days has started by itself. What fell due
while it was stopped is done soon after it runs again. A seed may say that no backup has been
taken since some day (`halted`).

Source: learn.microsoft.com, "Backup and restore in Azure Database for PostgreSQL flexible server"
and "Start/Stop"; the names of backups carry .NET ticks, as recorded.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from local.azure.arm import Json, seconds, stamp
from local.azure.world import Resource

CREATED, UPDATED, STARTED, STOPPED, RESTARTED, DROPPED = 240.0, 60.0, 120.0, 90.0, 30.0, 40.0
LONGEST_STOP = timedelta(days=7)
SOON = timedelta(minutes=10)  # until the first full backup, or one that fell into a stop
SNAPSHOT = 300.0  # seconds that a backup takes which somebody asks for
DAY = timedelta(days=1)
_LONGEST_KEPT = timedelta(days=40)
_TICKS = datetime(1, 1, 1, tzinfo=UTC)


def condition(item: Resource, now: datetime) -> str:
    """Return `state` of a server."""
    if item.busy:
        return str(item.state.get("doing") or "Updating")
    pauses = item.state["pauses"]
    if not pauses or pauses[-1][1] is not None:
        return "Ready"
    since = datetime.fromisoformat(pauses[-1][0])
    if now < since + LONGEST_STOP:
        return "Stopped"
    return "Starting" if now < awake(since) else "Ready"


def awake(since: datetime) -> datetime:
    """Return when a server that was stopped at `since` runs again, if nobody starts it."""
    return since + LONGEST_STOP + seconds(STARTED)


def paused(pauses: list[list[str | None]], at: datetime) -> list[list[str | None]]:
    """Return the stops with one more that begins at `at`; those of long ago are forgotten."""
    kept = [pause for pause in pauses if _span(pause)[1] > at - _LONGEST_KEPT]
    return [*kept, [at.isoformat(), None]]


def resumed(pauses: list[list[str | None]], at: datetime) -> list[list[str | None]]:
    """Return the stops with the last one ended at `at`."""
    return [*pauses[:-1], [pauses[-1][0], at.isoformat()]] if pauses else []


def earliest(state: Json, retention: int, now: datetime) -> datetime:
    """Return the earliest instant to which the server can be restored."""
    return max(datetime.fromisoformat(state["floor"]), now - retention * DAY)


def backups(state: Json, retention: int, now: datetime) -> list[datetime]:
    """Return when the full backups that are still kept were completed, the latest first."""
    oldest = earliest(state, retention, now)
    halted = state.get("halted")
    last = now if halted is None else min(now, datetime.fromisoformat(halted))
    taken = sorted({at for at in _taken(state, oldest, now) if at <= last}, reverse=True)
    return [at for at in taken if at >= oldest] or taken[:1]


def backup(server: str, at: datetime) -> Json:
    """Return a full backup as recorded."""
    ticks = (at - _TICKS) // timedelta(microseconds=1) * 10
    name = f"backup_{ticks}"
    properties = {"backupType": "Full", "completedTime": zoned(at), "source": "Automatic"}
    kind = "Microsoft.DBforPostgreSQL/flexibleServers/backups"
    return {"id": f"{server}/backups/{name}", "name": name, "type": kind, "properties": properties}


def asked_for(server: str, name: str, at: datetime) -> Json:
    """Return a backup that somebody asked for, as recorded."""
    properties = {
        "backupType": "Customer On-Demand",
        "completedTime": zoned(at),
        "source": "Customer Initiated",
    }
    kind = "Microsoft.DBforPostgreSQL/flexibleServers/backups"
    return {"id": f"{server}/backups/{name}", "name": name, "type": kind, "properties": properties}


def zoned(at: datetime) -> str:
    """Return a time as this provider prints it, with an offset for Z."""
    return stamp(at, 7).replace("Z", "+00:00")


def _taken(state: Json, oldest: datetime, now: datetime) -> Iterator[datetime]:
    first = datetime.fromisoformat(state["born"]) + SOON
    spans = [_span(pause) for pause in state["pauses"]]
    start = max(0, (oldest - first) // DAY - LONGEST_STOP // DAY - 1)
    for number in range(start, max(start, (now - first) // DAY + 1)):
        due = first + number * DAY
        for begins, ends in spans:
            if begins <= due < ends:
                due = ends + SOON
        yield due


def _span(pause: list[str | None]) -> tuple[datetime, datetime]:
    since = datetime.fromisoformat(str(pause[0]))
    return since, datetime.fromisoformat(pause[1]) if pause[1] else awake(since)
