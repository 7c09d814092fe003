"""Is the canary worse than the baseline, and how sure are we?

Each minute's errors fall on the canary in proportion to its requests if the arms are alike,
whatever the error rate does over time. A wager against that, made anew each minute, is an
e-process: it exceeds 1/a with a chance of at most a, whenever one looks, if the arms are alike.
The wager is spread over ratios of the error rates and over the minute that a regression began in.
Where errors come in clusters the wager is divided by how large clusters are, learned from the
baseline alone. `docs/judge.md` has the mathematics, its sources, and where it fails.

Pure: the same minutes give the same verdict, bit for bit, however they are split into batches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, floor, isfinite, log
from typing import Any

from provisioning.model import Finding, Standing
from provisioning.releases.clusters import Clusters
from provisioning.releases.policy import all_of, finding

_RATIOS = (1.5, 2.1, 4.0, 10.0)
_WEIGHTS = (0.35, 0.30, 0.20, 0.15)
_LOGS = tuple(log(ratio) for ratio in _RATIOS)
_LEAST, _MOST = -700.0, 600.0  # exponents that neither vanish nor overflow
_CEILING = 1e200
_LARGEST = 1e12  # requests a minute beyond which a count is no count

_REMEMBERED = 240  # minutes back for which a late minute is still taken
_MARKS = 32  # points of the past that the evidence for good is held against


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is promised and asked.

    `alarm` is the chance that a healthy canary is ever called bad within `horizon` minutes; the
    part `at_once` is for a regression that is there from the start, the rest is spread over the
    minutes. A canary is good when a regression to `matters` times the error rate is excluded with
    an error of `missed`, and at least `least` of its requests were seen. Data older than `fresh`
    minutes are none. `most` is the share of failures that is too much by itself; None is no limit.
    """

    alarm: float = 0.01
    horizon: int = 1440
    at_once: float = 0.35
    matters: float = 2.0
    missed: float = 0.05
    least: int = 200
    fresh: int = 10
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided at minute `t`; `odds` is the highest e-value up to then."""

    t: int | None
    finding: Finding
    odds: float

    @property
    def standing(self) -> Standing:
        """Good, bad or unknown."""
        return self.finding.standing


class Judge:
    """One signal of one release, minute by minute; all it remembers fits in a row (`kept`)."""

    def __init__(
        self, settings: Settings | None = None, kept: Mapping[str, Any] | None = None
    ) -> None:
        """Begin, or go on from what was kept."""
        self._settings = settings or Settings()
        self._clusters = Clusters()
        self._wagers = [0.0] * len(_RATIOS)
        self._reserve = self._peak = 1.0
        self._alarmed: int | None = None
        self._newest: int | None = None
        self._seen = 0  # one bit for each minute up to the newest
        self._totals = [0.0, 0.0, 0.0, 0.0]
        self._fresh: list[int | None] = [None, None]
        self._unreadable = self._too_late = 0
        self._first: int | None = None
        self._good, self._marks, self._span = 0.0, [(0, 0.0)], 1
        if kept is not None:
            self._restore(kept)

    def take(self, tick: Sequence[Any]) -> None:
        """Take one minute `(t, base_n, base_err, can_n, can_err)`; history has t <= 0.

        Two more numbers say of how many records the requests of each arm were reckoned, where
        telemetry is sampled. A minute twice counts once; one that cannot be read is passed over.
        """
        read = _read(tick)
        if read is None:
            self._unreadable += 1
            return
        minute, base, base_bad, can, can_bad, each = read
        if not self._is_new(minute):
            return
        if minute > 0:
            self._wager(minute, base, base_bad, can, can_bad, each)
        self._clusters.learn(base, base_bad)

    def decision(self, critical: Sequence[str] = ()) -> Decision:
        """Return the verdict now; `critical` names signals that are bad by themselves."""
        parts = [self._compared(), self._sample(), self._freshness()]
        if self._settings.most is not None:
            parts.append(self._limit(self._settings.most))
        if critical:
            because = ", ".join(critical)
            parts.append(finding("critical", Standing.BAD, because, {}))
        return Decision(t=self._newest, finding=all_of("canary", parts), odds=self._peak)

    @property
    def odds(self) -> float:
        """The e-value now: what the wager has become of a stake of 1."""
        return sum(self._wagers) + self._reserve

    @property
    def is_bad(self) -> bool:
        """Tell whether it was ever found worse: that is final."""
        return self._alarmed is not None

    def kept(self) -> dict[str, Any]:
        """Return all that must be remembered, as JSON."""
        own = {name: getattr(self, f"_{name}") for name in _KEPT}
        learned = {name: getattr(self._clusters, name) for name in Clusters.__slots__}
        copies = {k: list(v) if isinstance(v, list) else v for k, v in (own | learned).items()}
        return {**copies, "seen": hex(self._seen)}

    def _restore(self, kept: Mapping[str, Any]) -> None:
        for name in _KEPT:
            value = kept[name]
            setattr(self, f"_{name}", list(value) if isinstance(value, list) else value)
        self._marks = [(int(end), float(most)) for end, most in self._marks]
        for name in Clusters.__slots__:
            value = kept[name]
            setattr(self._clusters, name, list(value) if isinstance(value, list) else value)
        self._seen = int(kept["seen"], 16)

    def _is_new(self, minute: int) -> bool:
        newest = self._newest
        if newest is None or minute > newest:
            passed = 0 if newest is None else minute - newest
            self._seen = ((self._seen << passed) if passed < _REMEMBERED else 0) | 1
            self._seen &= (1 << _REMEMBERED) - 1
            self._newest = minute
            return True
        bit = newest - minute
        if bit >= _REMEMBERED:
            self._too_late += 1
            return False
        if self._seen >> bit & 1:
            return False
        self._seen |= 1 << bit
        return True

    def _wager(
        self, minute: int, base: float, base_bad: float, can: float, can_bad: float, each: float
    ) -> None:
        """Wager on one minute, and note what it says of a canary that is well."""
        totals = self._totals
        totals[0] += base
        totals[1] += base_bad
        totals[2] += can
        totals[3] += can_bad
        if base > 0:
            self._fresh[0] = max(minute, self._fresh[0] or minute)
        if can > 0:
            self._fresh[1] = max(minute, self._fresh[1] or minute)
        share = self._begun(minute) if can > 0 else 0.0
        self._reserve -= share
        errors = base_bad + can_bad
        wagers = self._wagers
        if errors > 0 and base > 0 and can > 0:
            size = self._clusters.size() * each
            on_canary = can / (base + can)
            for place, ratio in enumerate(_RATIOS):
                gain = (can_bad * _LOGS[place] - errors * log(1 + on_canary * (ratio - 1))) / size
                stake = wagers[place] + share * _WEIGHTS[place]
                wagers[place] = min(stake * exp(min(max(gain, _LEAST), _MOST)), _CEILING)
            matters = self._settings.matters
            worse = can_bad * log(matters) - errors * log(1 + on_canary * (matters - 1))
            self._good -= worse / size
        else:
            for place in range(len(wagers)):
                wagers[place] += share * _WEIGHTS[place]
        odds = self.odds
        self._peak = max(self._peak, odds)
        if odds * self._settings.alarm >= 1 and self._alarmed is None:
            self._alarmed = minute
        self._mark(minute)

    def _begun(self, minute: int) -> float:
        """Return the part of the stake for a regression that begins now."""
        if self._first is None:
            self._first = minute
            return self._settings.at_once
        rest = 1 - self._settings.at_once
        if minute - self._first <= self._settings.horizon:
            return min(0.9 * rest / self._settings.horizon, self._reserve)
        return self._reserve / (10 * self._settings.horizon)

    def _mark(self, minute: int) -> None:
        """Keep the highest point of the evidence for good, by stretches of time."""
        end, most = self._marks[-1]
        if minute < end:
            self._marks[-1] = (end, max(most, self._good))
        else:
            self._marks.append((minute + self._span, self._good))
        if len(self._marks) > _MARKS:
            pairs = zip(self._marks[::2], self._marks[1::2], strict=False)
            odd = self._marks[len(self._marks) // 2 * 2 :]
            self._marks = [(b[0], max(a[1], b[1])) for a, b in pairs] + odd
            self._span *= 2

    def _excluded(self) -> float:
        """Return the evidence against a regression that began in the first half, or before."""
        if self._first is None or self._newest is None:
            return 0.0
        half = (self._first + self._newest) / 2
        before = [most for end, most in self._marks if end - self._span <= half]
        return self._good - max(before, default=0.0)

    def _compared(self) -> Finding:
        said, settings = self._said(), self._settings
        figures = {
            "odds": f"1 in {_count(self._peak)}",
            "alarm": f"1 in {_count(1 / settings.alarm)}",
            "cluster": f"{self._clusters.size():.1f}",
        }
        if self._alarmed is not None:
            because = f"{said}; odds of this if alike: 1 in {_count(self._peak)}"
            return finding("errors", Standing.BAD, because, figures)
        if self._totals[0] <= 0 or self._totals[2] <= 0:
            arm = "canary" if self._totals[2] <= 0 else "baseline"
            return finding("errors", Standing.UNKNOWN, f"nothing of the {arm} was seen", figures)
        odds = self.odds
        if odds * settings.missed >= 1:
            because = f"{said}; odds of this if alike: 1 in {_count(odds)}, which is suspicious"
            return finding("errors", Standing.UNKNOWN, because, figures)
        excluded = exp(min(self._excluded(), _MOST))
        figures["excluded"] = f"1 in {_count(excluded)}"
        times = f"{settings.matters:g} times the errors"
        if excluded * settings.missed >= 1:
            because = f"{said}; {times} would look so well 1 time in {_count(excluded)}"
            return finding("errors", Standing.GOOD, because, figures)
        because = f"{said}; too little to exclude {times}"
        return finding("errors", Standing.UNKNOWN, because, figures)

    def _said(self) -> str:
        base, base_bad, can, can_bad = self._totals
        told = f"canary {_share(can_bad, can)} of {_count(can)}"
        return f"{told}, baseline {_share(base_bad, base)} of {_count(base)}"

    def _sample(self) -> Finding:
        seen, least = self._totals[2], self._settings.least
        figures = {"requests": _count(seen), "at least": _count(least)}
        standing = Standing.GOOD if seen >= least else Standing.UNKNOWN
        return finding("sample", standing, f"{_count(seen)} requests of the canary seen", figures)

    def _freshness(self) -> Finding:
        limit = self._settings.fresh
        for arm, newest in zip(("baseline", "canary"), self._fresh, strict=True):
            age = None if newest is None or self._newest is None else self._newest - newest
            if age is None or age > limit:
                told = "never seen" if age is None else f"last seen {age} min ago"
                return finding("freshness", Standing.UNKNOWN, f"the {arm} was {told}", {})
        return finding("freshness", Standing.GOOD, "both arms were seen lately", {})

    def _limit(self, most: float) -> Finding:
        """Judge the share of failures by itself; bad only where enough was seen to say so."""
        can, can_bad = self._totals[2], self._totals[3]
        figures = {"limit": f"{most * 100:.1f} %"}
        told = f"{_share(can_bad, can)} of its requests failed"
        if can_bad > most * max(can, self._settings.least):
            return finding("limit", Standing.BAD, f"{told}, over {most * 100:.1f} %", figures)
        standing = Standing.GOOD if can >= self._settings.least else Standing.UNKNOWN
        return finding("limit", standing, told, figures)


_KEPT = (
    *("wagers", "reserve", "peak", "alarmed", "newest", "totals", "fresh", "unreadable"),
    *("too_late", "first", "good", "marks", "span"),
)


def judge(stream: Iterable[Sequence[Any]], settings: Settings | None = None) -> Decision:
    """Take minutes until the canary is bad or there are none left, and return the decision.

    The decision is the one at the minute that was last taken. The same minutes give the same.
    """
    judging = Judge(settings)
    for tick in stream:
        judging.take(tick)
        if judging.is_bad:
            break
    return judging.decision()


def both(errors: Decision, latency: Decision) -> Finding:
    """Return the verdict on a release by two signals; each was given half of the alarm."""
    named = (("errors", errors), ("latency", latency))
    parts = [replace(decided.finding, name=name) for name, decided in named]
    return all_of("canary", parts)


def slow_limit(upper: Sequence[float], counts: Sequence[int], share: float = 0.05) -> float:
    """Return the duration over which at most `share` of the baseline's requests were.

    `upper` are the upper ends of a histogram's classes, rising, and `counts` what is in each;
    with nothing in them the limit is infinite: nothing is known to be slow.
    """
    left = sum(counts)
    allowed = left * share
    for end, count in zip(upper, counts, strict=True):
        left -= count
        if left <= allowed and left + count > 0:
            return end
    return float("inf")


def _read(tick: Any) -> tuple[int, float, float, float, float, float] | None:
    """Return a minute and its counts, and how many requests a record stands for; None for none."""
    try:
        found = [float(value) for value in tuple(tick)[:7]]
    except (TypeError, ValueError, OverflowError):
        return None
    if len(found) < 5 or not all(isfinite(value) and abs(value) < _LARGEST for value in found):
        return None
    if min(found[1:]) < 0:
        return None
    base, can = found[1], found[3]
    each = 1.0
    for requests, records in zip((base, can), found[5:], strict=False):
        each = max(each, requests / records) if records > 0 else each
    return floor(found[0]), base, min(found[2], base), can, min(found[4], can), each


def _share(errors: float, requests: float) -> str:
    return f"{errors / requests * 100:.1f} %" if requests > 0 else "0.0 %"


def _count(value: float) -> str:
    return f"{ceil(value - 0.5):,}" if value < _LARGEST else "a million millions"
