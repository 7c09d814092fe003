"""What is promised of the judge, in one short run; `python -m bench.canary` is the long one."""

import statistics
import time

from bench.canary import runs
from bench.canary.worlds import Cell, grid, stream
from bench.measure import Claim, alternate
from provisioning.releases.canary import Judge

EFFECTS = (1.5, 2.0, 5.0, 10.0)
LATE = 721
_RUNS, _FEW = 8, 6


def measure() -> list[Claim]:
    """Return the claims."""
    return [*_speed(_RUNS), _alarms(_FEW), _cost()]


def ratios(runs_each: int) -> tuple[list[float], list[float], int]:
    """Return times over Wald's floor, and late over early, where a day is long enough."""
    cells = [cell.at(ratio=effect) for cell in grid() for effect in EFFECTS]
    early = runs.days(cells, runs_each)
    late = runs.days([cell.at(begins=LATE) for cell in cells], runs_each)
    over_floor, over_early = [], []
    for one, other in zip(early, late, strict=True):
        floor = runs.mean_minutes([d.floor for d in one])
        ours = runs.mean_minutes([d.bad_at for d in one])
        if floor < LATE - 1:
            over_floor.append(ours / floor)
        half = runs.mean_minutes([d.bad_at for d in one], most=LATE - 1)
        if floor < LATE - 1 and half < 0.8 * LATE:
            then = runs.mean_minutes([d.bad_at for d in other], begins=LATE, most=LATE - 1)
            over_early.append(then / half)
    return over_floor, over_early, len(cells)


def _speed(runs_each: int) -> list[Claim]:
    floor, late, count = ratios(runs_each)
    told = f"mean of {len(floor)} of {count} cells (in the others a day is too short for Wald)"
    return [
        Claim(
            name="canary judge: minutes to find a regression / Wald's floor",
            ratio=statistics.fmean(floor),
            at_most=1.3,
            detail=(told, f"worst cell {max(floor):.2f}, median {statistics.median(floor):.2f}"),
        ),
        Claim(
            name="canary judge: regression after 12 h / the same from the start",
            ratio=statistics.fmean(late),
            at_most=1.5,
            detail=(f"worst cell {max(late):.2f}, median {statistics.median(late):.2f}",),
        ),
    ]


def _alarms(runs_each: int) -> Claim:
    """Return the share of false alarms over all cells: one cell needs the long run."""
    cells = [c for world in ("independent", "incidents", "clustered") for c in grid(world=world)]
    found = [d.bad_at is not None for some in runs.days(cells, runs_each) for d in some]
    return Claim(
        name="canary judge: false rollbacks in 24 h / the 1 % that is promised",
        ratio=sum(found) / len(found) / 0.01,
        at_most=1.0,
        detail=(f"{sum(found)} of {len(found)} days, three worlds",),
    )


def _cost() -> Claim:
    ticks = stream(Cell(requests=1_000, share=0.2, rate=0.005), 1)

    def ours() -> float:
        judging, began = Judge(), time.perf_counter()
        for tick in ticks:
            judging.take(tick)
        return (time.perf_counter() - began) / len(ticks) * 1e6

    us, _ = alternate(ours, ours, rounds=3)
    return Claim(
        name="canary judge: time of a minute's update / 0.1 ms",
        ratio=us / 100,
        at_most=1.0,
        detail=(f"{us:.1f} us a minute",),
    )
