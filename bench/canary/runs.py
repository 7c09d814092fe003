"""Many days of many cells, on every core."""

import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.canary import peers
from bench.canary.worlds import DAY, Cell, stream
from provisioning.model import Standing
from provisioning.releases.canary import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How a day went: when the judge called it bad, how it stood in the end, Wald's floor."""

    bad_at: int | None
    standing: Standing
    floor: int | None = None


def day(cell: Cell, seed: int) -> Day:
    """Judge one day."""
    ticks = stream(cell, seed)
    decided = judge(ticks)
    bad = decided.standing is Standing.BAD
    return Day(
        bad_at=decided.t if bad else None,
        standing=decided.standing,
        floor=peers.wald(ticks, cell.ratio) if cell.ratio > 1 and cell.begins == 1 else None,
    )


def days(cells: Sequence[Cell], runs: int, *, first: int = 0) -> list[list[Day]]:
    """Judge `runs` days of each cell, with seeds from `first` on."""
    seeds = range(first, first + runs)
    flat = spread(_day, [(cell, seed) for cell in cells for seed in seeds])
    return [flat[i * runs : (i + 1) * runs] for i in range(len(cells))]


def _day(asked: tuple[Cell, int]) -> Day:
    return day(*asked)


def highest(asked: tuple[Cell, int]) -> dict[str, float]:
    """Return the highest score of each peer over one day."""
    ticks = stream(*asked)
    return {
        name: max((score for _, score in rule(ticks)), default=0.0)
        for name, (rule, _) in peers.PEERS.items()
    }


def found(asked: tuple[Cell, int, dict[str, float]]) -> dict[str, int | None]:
    """Return when each peer finds the regression of a day, given its limit."""
    cell, seed, limits = asked
    ticks = stream(cell, seed)
    return {
        name: peers.first_over(rule(ticks), limits[name])
        for name, (rule, _) in peers.PEERS.items()
    }


def spread(work: Callable[[Any], Any], over: Iterable[Any]) -> list[Any]:
    """Do work on every core; the results are in the order of what was asked."""
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(work, over, chunksize=8))


def mean_minutes(times: Iterable[int | None], *, begins: int = 1, most: int = DAY) -> float:
    """Return the mean time to find a regression; one not found counts as `most`.

    An alarm before it began is none of it, and left out.
    """
    after = [most if t is None else t - begins + 1 for t in times if t is None or t >= begins]
    return statistics.fmean(min(t, most) for t in after) if after else float("nan")
