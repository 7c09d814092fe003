"""The course of a container group's containers, worked out from when they were started.

Nothing ticks here: from the instant the work was accepted, the images' behaviours and the restart
policy, any later instant can be described. A run is one placement of the group (its creation, an
update, a restart, a start); a new run has new containers, so whatever was in the old ones' memory
or disk is gone.

Course of a run, in seconds of app time: accepted 0, placed 4, pulling 6, pulled 18, started 30 and
one more for each further container, work reported as done 40. An image that cannot be pulled keeps
its container waiting until its own time is over, and the work fails. A container that ends is
started again as the policy says, after a pause that doubles from 10 to 300 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.azure.arm import Json, guid, seconds, stamp

PLACED, PULLING, PULLED, STARTED, DONE = 4.0, 6.0, 18.0, 30.0, 40.0
RESTART_PULL = 2.0  # a restart finds its images on the host
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
_MOST_EVENTS = 20
EVENT_LAG = seconds(45)  # recordings of 2021 and later show no event sooner, and some none at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One stretch of a container's life: `state` from `since` on."""

    state: str  # Waiting, Running, Terminated
    since: datetime
    started: datetime | None = None
    finished: datetime | None = None
    code: int | None = None
    detail: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One container of a run: when the run was accepted, what its image does."""

    name: str
    image: str
    accepted: datetime
    started: datetime
    stopped: datetime | None
    policy: str
    rule: Json

    @property
    def behaviour(self) -> str:
        """What the image does."""
        return str(self.rule["behaviour"])

    @property
    def lasting(self) -> timedelta:
        """The time its behaviour has."""
        return timedelta(seconds=float(self.rule["seconds"]))


def runs(state: Json, policy: str) -> list[Run]:
    """Return the containers of the run that a group's memory describes."""
    accepted = datetime.fromisoformat(state["accepted"])
    stopped = state.get("stopped")
    return [
        Run(
            name=row["name"],
            image=row["image"],
            accepted=accepted,
            started=accepted + seconds(float(state["starts"]) + place),
            stopped=datetime.fromisoformat(stopped) if stopped else None,
            policy=policy,
            rule=row["rule"],
        )
        for place, row in enumerate(state["containers"])
    ]


def duration(rows: list[Json]) -> float:
    """Return how long the work on these containers takes, in seconds."""
    missing = [float(r["rule"]["seconds"]) for r in rows if r["rule"]["behaviour"] == "missing"]
    return max(missing) if missing else max(DONE, STARTED + len(rows) + 5)


def phase(run: Run, now: datetime) -> Phase | None:
    """Return what the container is doing at `now`; None before the group has a place."""
    at = now if run.stopped is None else min(now, run.stopped)
    if at < run.accepted + seconds(PLACED) and run.stopped is None:
        return None
    current = None
    for step in _phases(run, at):
        current = step
    if run.stopped is not None and now >= run.stopped:
        return _halted(run, current)
    return current


def previous(run: Run, now: datetime) -> Phase | None:
    """Return how the container ended last, if it was started again since."""
    at = now if run.stopped is None else min(now, run.stopped)
    found, last = None, None
    for step in _phases(run, at):
        if step.state == "Terminated":
            last = step
        elif last is not None:
            found = last
    return found


def last_end(run: Run, now: datetime) -> Phase | None:
    """Return how the container ended last, whether or not it was started again."""
    ended = [step for step in _phases(run, now) if step.state == "Terminated"]
    return ended[-1] if ended else None


def events(run: Run, now: datetime) -> list[Json]:
    """Return the container's events up to `now`, oldest first."""
    at = now if run.stopped is None else min(now, run.stopped)
    found = [_event(*row) for row in _happenings(run, at)]
    if run.stopped is not None and now >= run.stopped:
        found.append(_event("Killing", f"Killing container with id {_hash(run)}.", run.stopped))
    return found[-_MOST_EVENTS:]


def running(run: Run, now: datetime) -> datetime | None:
    """Return since when the container runs, or None."""
    current = phase(run, now)
    return current.started if current is not None and current.state == "Running" else None


def pull_failed(run: Run) -> bool:
    """Tell whether this container's image can never be pulled."""
    return run.behaviour == "missing"


def view(run: Run, now: datetime, *, told: datetime) -> Json | None:
    """Return the container's instance view with the events up to `told`, if it has one yet."""
    current = phase(run, now)
    if current is None:
        return None
    shown: Json = {"restartCount": current.restarts, "currentState": _state(current)}
    before = previous(run, now)
    if before is not None:
        shown["previousState"] = _state(before)
    happened = events(run, told)
    if happened:
        shown["events"] = happened
    return shown


def _phases(run: Run, until: datetime) -> Iterator[Phase]:
    yield Phase(state="Waiting", since=run.accepted, detail="")
    if pull_failed(run):
        backing = run.accepted + seconds(PULLING + 10)
        if until >= backing:
            yield Phase(
                state="Waiting",
                since=backing,
                detail=f'ImagePullBackOff: Back-off pulling image "{run.image}"',
            )
        return
    start, pause, count = run.started, FIRST_PAUSE, 0
    while until >= start:
        yield Phase(state="Running", since=start, started=start, restarts=count)
        if run.behaviour != "crash":
            return
        end = start + run.lasting
        if until < end:
            return
        ended = Phase(
            state="Terminated",
            since=end,
            started=start,
            finished=end,
            code=1,
            detail="Error",
            restarts=count,
        )
        yield ended
        if run.policy == "Never":
            return
        if until >= end + seconds(1):
            yield Phase(
                state="Waiting",
                since=end + seconds(1),
                detail=f"CrashLoopBackOff: Back-off {pause:g}s restarting failed",
                restarts=count,
            )
        start, pause, count = end + seconds(pause), min(2 * pause, LONGEST_PAUSE), count + 1


def _happenings(run: Run, until: datetime) -> Iterator[tuple[str, str, datetime]]:
    pulling = min(run.accepted + seconds(PULLING), run.started - seconds(RESTART_PULL))
    pulled = min(run.accepted + seconds(PULLED), run.started - seconds(RESTART_PULL / 2))
    rows: list[tuple[str, str, datetime]] = [("Pulling", f'pulling image "{run.image}"', pulling)]
    if pull_failed(run):
        failed = run.accepted + seconds(PULLING + 4)
        why = f'Failed to pull image "{run.image}": Error: image {run.image} not found'
        rows.append(("Failed", why, failed))
        backing = run.accepted + seconds(PULLING + 10)
        rows.append(("BackOff", f'Back-off pulling image "{run.image}"', backing))
    else:
        rows.append(("Pulled", f'Successfully pulled image "{run.image}"', pulled))
        for step in _phases(run, until):
            if step.state == "Running":
                rows.append(("Started", "Started container", step.since))
            elif step.state == "Terminated":
                killed = f"Killing container with id {_hash(run)}."
                rows.append(("Killing", killed, step.since))
    return (row for row in rows if row[2] <= until)


def _halted(run: Run, current: Phase | None) -> Phase:
    assert run.stopped is not None
    if current is not None and current.state == "Terminated":
        return current
    return Phase(
        state="Terminated",
        since=run.stopped,
        started=current.started if current else None,
        finished=run.stopped,
        code=None,
        detail="",
        restarts=current.restarts if current else 0,
    )


def _state(current: Phase) -> Json:
    shown: Json = {"state": current.state}
    if current.started is not None:
        shown["startTime"] = stamp(current.started, 3)
    if current.code is not None:
        shown["exitCode"] = current.code
    if current.finished is not None:
        shown["finishTime"] = stamp(current.finished, 3)
    shown["detailStatus"] = current.detail
    return shown


def _event(name: str, message: str, at: datetime) -> Json:
    return {
        "count": 1,
        "firstTimestamp": stamp(at, 0),
        "lastTimestamp": stamp(at, 0),
        "name": name,
        "message": message,
        "type": "Warning" if name == "Failed" else "Normal",
    }


def _hash(run: Run) -> str:
    once = guid("container", run.name, run.accepted.isoformat()).replace("-", "")
    return once + guid("container", once).replace("-", "")
