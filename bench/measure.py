"""How things are measured: side by side, many times, told by the median.

A machine's speed wanders from minute to minute, so two things are never measured one after the
other: their rounds alternate, and what is claimed is the ratio. Absolute times are printed only to
show the scale.
"""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A ratio, what it compares, and the most (or least) it may be; None promises nothing."""

    name: str
    ratio: float
    detail: tuple[str, ...]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Say whether the ratio is within what is promised."""
        low = self.at_least is None or self.ratio >= self.at_least
        high = self.at_most is None or self.ratio <= self.at_most
        return low and high


@dataclass(frozen=True, kw_only=True)
class Load:
    """How a load went: calls a second, and the seconds that single calls took."""

    rate: float
    p50: float
    p99: float

    def __str__(self) -> str:
        return (
            f"{self.rate:5.0f} a second, p50 {self.p50 * 1e3:5.1f} ms,"
            f" p99 {self.p99 * 1e3:5.1f} ms"
        )


def alternate(
    one: Callable[[], float], other: Callable[[], float], *, rounds: int
) -> tuple[float, float]:
    """Return the medians of two measurements taken in turn; the first of each only warms up."""
    one(), other()
    pairs = [(one(), other()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def under_load(work: Callable[[int], object], *, calls: int, threads: int) -> Load:
    """Call `work` with 0, 1, 2 ... from several threads at once and return how that went.

    Whatever one call raises is raised here.
    """
    numbers = iter(range(calls))
    took: list[float] = []
    failed: list[BaseException] = []
    lock = threading.Lock()

    def run() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None or failed:
                return
            try:
                spent = seconds(lambda n=number: work(n))  # type: ignore[misc]
            except Exception as error:
                failed.append(error)
                return
            with lock:
                took.append(spent)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    whole = seconds(lambda: _run_all(workers))
    if failed:
        raise failed[0]
    took.sort()
    return Load(rate=calls / whole, p50=at(took, 0.50), p99=at(took, 0.99))


def middle(loads: Sequence[Load]) -> Load:
    """Return the medians of several loads."""
    return Load(
        rate=statistics.median(load.rate for load in loads),
        p50=statistics.median(load.p50 for load in loads),
        p99=statistics.median(load.p99 for load in loads),
    )


def _run_all(workers: Sequence[threading.Thread]) -> None:
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def at(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the sorted values lies."""
    return values[min(len(values) - 1, int(len(values) * share))]
