"""The rules of others, on the same counts, and the least that any test needs.

Each rule is scored: the higher, the more it would alarm, so that a peer can be given the limit at
which its false alarms are as many as ours. `alarms` are the limits that they come with.

fixed: the share of failures over 5 minutes (an Azure Monitor alert). Flagger: the share of a
minute, five checks failed. Argo: the same, more than three failed. Kayenta: the Mann-Whitney test
of five minutes' shares against the baseline's, at 98 %.
"""

from collections.abc import Callable, Iterator
from math import erfc, log, sqrt

from bench.canary.worlds import Ticks

Scores = Iterator[tuple[int, float]]


def fixed(ticks: Ticks) -> Scores:
    """Yield the canary's share of failures over the last five minutes."""
    window: list[tuple[int, int]] = []
    for t, _, _, can, bad in ticks:
        if t > 0:
            window = [*window[-4:], (can, bad)]
            requests = sum(c for c, _ in window)
            yield t, sum(b for _, b in window) / requests if requests else 0.0


def _worst(ticks: Ticks, place: int) -> Scores:
    """Yield the share of a minute that `place` minutes reached so far."""
    worst: list[float] = []
    for t, _, _, can, bad in ticks:
        if t > 0:
            worst = sorted([*worst, bad / can if can else 0.0], reverse=True)[:place]
            yield t, worst[place - 1] if len(worst) == place else 0.0


def flagger(ticks: Ticks) -> Scores:
    """Yield the share that five minutes reached."""
    return _worst(ticks, 5)


def argo(ticks: Ticks) -> Scores:
    """Yield the share that four minutes reached: three failures are allowed."""
    return _worst(ticks, 4)


def kayenta(ticks: Ticks) -> Scores:
    """Yield, every five minutes, how unlikely the last five are: -log10 of the p-value."""
    can_shares: list[float] = []
    base_shares: list[float] = []
    for t, base, base_bad, can, can_bad in ticks:
        if t > 0:
            can_shares.append(can_bad / can if can else 0.0)
            base_shares.append(base_bad / base if base else 0.0)
            if t % 5 == 0:
                p = mann_whitney(can_shares[-5:], base_shares[-5:])
                worse = sum(can_shares[-5:]) > sum(base_shares[-5:])
                yield t, -log(max(p, 1e-300), 10) if worse else 0.0


PEERS: dict[str, tuple[Callable[[Ticks], Scores], float]] = {
    "fixed: over 1 % in 5 min": (fixed, 0.01),
    "Flagger: below 99 %, 5 checks": (flagger, 0.01),
    "Argo: below 95 %, limit 3": (argo, 0.05),
    "Kayenta: Mann-Whitney 98 %": (kayenta, -log(0.02, 10)),
}


def first_over(scores: Scores, limit: float) -> int | None:
    """Return the minute at which a score first exceeds the limit."""
    return next((t for t, score in scores if score > limit), None)


def wald(ticks: Ticks, ratio: float, alarm: float = 0.01) -> int | None:
    """Return when a test ends that knows the ratio, and that it is there from the start.

    Wald's sequential probability ratio test: none with as few false alarms is faster.
    """
    gain, needed = 0.0, log(1 / alarm)
    for t, base, base_bad, can, can_bad in ticks:
        if t > 0 and base and can:
            on_canary = can / (base + can)
            gain += can_bad * log(ratio)
            gain -= (base_bad + can_bad) * log(1 + on_canary * (ratio - 1))
            if gain >= needed:
                return t
    return None


def mann_whitney(one: list[float], other: list[float]) -> float:
    """Return the two-sided p-value by the normal approximation, with ties and continuity."""
    both = sorted((value, place) for place, values in ((0, one), (1, other)) for value in values)
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(both):
        end = at
        while end < len(both) and both[end][0] == both[at][0]:
            end += 1
        rank, tied = (at + end + 1) / 2, end - at
        ranks += rank * sum(place == 0 for _, place in both[at:end])
        ties += tied**3 - tied
        at = end
    n, m, count = len(one), len(other), len(one) + len(other)
    u = ranks - n * (n + 1) / 2
    spread = n * m / 12 * (count + 1 - ties / (count * (count - 1)))
    if spread <= 0:
        return 1.0
    return min(1.0, erfc(max(abs(u - n * m / 2) - 0.5, 0.0) / sqrt(spread) / sqrt(2)))
