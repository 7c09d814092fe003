"""Simulated traffic: what a minute's counts are in a world whose truth is known.

Three worlds: errors that are independent; incidents that raise the rate of both arms; errors that
come in clusters, each wholly on one arm, of geometric size.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

DAY = 1440
WORLDS = ("independent", "incidents", "clustered")
Ticks = list[tuple[int, int, int, int, int]]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the grid: requests a minute, the canary's share, the base rate, the effect.

    `begins` is the minute from which the canary's rate is `ratio` times the baseline's, reached
    within `ramp` minutes. `history` are the minutes of the baseline alone that are known before.
    """

    requests: int
    share: float
    rate: float
    ratio: float = 1.0
    begins: int = 1
    ramp: int = 0
    world: str = "independent"
    cluster: int = 10
    history: int = 240
    lasts: int = DAY

    def at(self, **changes: Any) -> "Cell":
        """Return the same cell but for some things."""
        return replace(self, **changes)


def grid(**given: Any) -> list[Cell]:
    """Return the whole grid of traffic, shares and rates."""
    return [
        Cell(requests=requests, share=share, rate=rate, **given)
        for requests in (100, 1_000, 10_000, 100_000)
        for share in (0.05, 0.20, 0.50)
        for rate in (0.001, 0.005, 0.01)
    ]


def stream(cell: Cell, seed: int) -> Ticks:
    """Return one day of a canary in this cell: the same seed, the same day."""
    label = [seed, cell.requests, round(cell.share * 100), round(cell.rate * 10_000)]
    rng = np.random.default_rng([*label, WORLDS.index(cell.world), cell.cluster])
    length = cell.history + cell.lasts
    minute = np.arange(length) - cell.history + 1
    can = rng.poisson(cell.requests * cell.share, length)
    base = rng.poisson(cell.requests * (1 - cell.share), length)
    base[: cell.history] += can[: cell.history]
    can[: cell.history] = 0
    rate = np.full(length, cell.rate)
    if cell.world == "incidents":
        for start in rng.integers(0, length, rng.poisson(length / 360)):
            rate[start : start + rng.integers(5, 40)] *= rng.uniform(3, 10)
    risen = np.clip((minute - cell.begins + 1) / max(cell.ramp, 1), 0, 1)
    worse = 1 + (cell.ratio - 1) * risen
    base_bad = _errors(rng, cell, base, np.minimum(rate, 0.9))
    can_bad = _errors(rng, cell, can, np.minimum(rate * worse, 0.9))
    columns = (minute, base, base_bad, can, can_bad)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _errors(rng: Any, cell: Cell, requests: Any, rate: Any) -> Any:
    if cell.world != "clustered":
        return rng.binomial(requests, rate)
    clusters = rng.poisson(requests * rate / cell.cluster)
    errors = np.zeros(len(requests), int)
    for place in np.nonzero(clusters)[0]:
        errors[place] = rng.geometric(1 / cell.cluster, clusters[place]).sum()
    return np.minimum(errors, requests)
