"""The judge of canaries on streams that a person can follow."""

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from bench.canary.peers import mann_whitney
from bench.canary.worlds import Cell, stream
from provisioning.model import Standing
from provisioning.releases.canary import Judge, Settings, both, judge, slow_limit

HISTORY = [(t, 1_000, 5 + t % 3, 0, 0) for t in range(-239, 1)]


def a_day(minutes: int, can_bad: int, *, can: int = 200, base: int = 800) -> list[Any]:
    return [*HISTORY, *((t, base, 4 + t % 3, can, can_bad) for t in range(1, minutes + 1))]


def test_a_canary_that_fails_more_is_bad_in_words() -> None:
    decided = judge(a_day(60, 6))

    assert decided.standing is Standing.BAD
    assert decided.t is not None
    assert decided.t < 10
    assert decided.finding.because.startswith("canary 3.0 % of ")
    assert "odds of this if alike: 1 in " in decided.finding.because
    assert decided.odds >= 100


def test_one_that_does_as_well_is_good_in_the_end_and_unknown_before() -> None:
    assert judge(a_day(3, 1)).standing is Standing.UNKNOWN
    decided = judge(a_day(240, 1))

    assert decided.standing is Standing.GOOD
    assert "2 times the errors would look so well 1 time in" in decided.finding.because


def test_an_incident_on_both_arms_is_nobodys_fault() -> None:
    hit = [(t, 800, 160, 200, 40) for t in range(121, 181)]

    decided = judge([*a_day(120, 1), *hit])

    assert decided.standing is not Standing.BAD


def test_a_regression_that_begins_late_is_found_soon() -> None:
    late = [(t, 800, 4, 200, 6) for t in range(721, 800)]

    decided = judge([*a_day(720, 1), *late])

    assert decided.standing is Standing.BAD
    assert decided.t is not None
    assert decided.t <= 735


def test_one_burst_in_a_baseline_that_has_bursts_is_no_alarm() -> None:
    bursts = [(t, 1_000, 60 if t % 12 == 0 else 0, 0, 0) for t in range(-239, 1)]
    calm = [(t, 800, 60 if t % 12 == 0 else 0, 200, 0) for t in range(1, 60)]

    decided = judge([*bursts, *calm, (60, 800, 0, 200, 60)])

    assert decided.standing is not Standing.BAD
    assert judge([*a_day(59, 1), (60, 800, 4, 200, 60)]).standing is Standing.BAD


@pytest.mark.parametrize("arm", ["canary", "baseline"])
def test_an_arm_without_data_is_unknown(arm: str) -> None:
    silent = [
        (t, 0 if arm == "baseline" else 800, 0, 0 if arm == "canary" else 200, 0)
        for t in range(241, 300)
    ]

    decided = judge([*a_day(240, 1), *silent])

    assert decided.standing is Standing.UNKNOWN
    assert arm in decided.finding.because


def test_nothing_at_all_is_unknown() -> None:
    assert judge([]).standing is Standing.UNKNOWN
    assert judge(HISTORY).standing is Standing.UNKNOWN


def test_a_record_that_stands_for_ten_requests_is_one_record() -> None:
    ticks = a_day(20, 6)
    sampled = [(*tick, tick[1] / 10, tick[3] / 10) for tick in ticks]

    assert judge(ticks).standing is Standing.BAD
    assert judge(sampled).odds < judge(ticks[: 240 + 5]).odds


def test_a_limit_and_a_critical_signal_are_bad_by_themselves() -> None:
    strict = Settings(most=0.02)
    assert judge(a_day(30, 3), Settings()).finding.parts[-1].name == "freshness"

    limited = judge([*((t, 800, 32, 200, 8) for t in range(1, 30))], strict)
    assert limited.standing is Standing.BAD
    assert "over 2.0 %" in limited.finding.because

    judging = Judge()
    for tick in a_day(240, 1):
        judging.take(tick)
    critical = judging.decision(critical=["the health probe fails"])
    assert critical.standing is Standing.BAD
    assert critical.finding.because == "the health probe fails"


def test_a_minute_that_arrives_late_counts_and_one_that_is_too_late_does_not() -> None:
    judging, whole = Judge(), Judge()
    ticks = a_day(400, 1)
    for tick in ticks:
        whole.take(tick)
        if tick[0] not in {50, 390}:
            judging.take(tick)
    judging.take(ticks[239 + 390])
    requests = judging.decision().finding.parts[1].figures["requests"]
    judging.take(ticks[239 + 50])

    assert requests == "79,800"
    assert judging.decision().finding.parts[1].figures["requests"] == "79,800"
    assert whole.decision().finding.parts[1].figures["requests"] == "80,000"


def test_it_goes_on_from_what_was_kept() -> None:
    ticks = a_day(300, 1)
    whole, first = Judge(), Judge()
    for tick in ticks:
        whole.take(tick)
    for tick in ticks[:400]:
        first.take(tick)

    second = Judge(kept=json.loads(json.dumps(first.kept())))
    for tick in ticks[400:]:
        second.take(tick)

    assert second.decision() == whole.decision()
    assert len(json.dumps(second.kept())) < 2_000


@pytest.mark.parametrize(
    "tick",
    [
        pytest.param(None, id="nothing"),
        pytest.param((1, 800, 4, 200), id="too short"),
        pytest.param((1, 800, 4, 200, "many"), id="a word"),
        pytest.param((1, 800, 4, 200, float("nan")), id="no number"),
        pytest.param((1, 800, -4, 200, 1), id="below nothing"),
        pytest.param((1, 10**400, 4, 200, 1), id="beyond all bounds"),
    ],
)
def test_what_cannot_be_read_is_passed_over(tick: Any) -> None:
    judging = Judge()
    judging.take(tick)

    assert judging.kept()["unreadable"] == 1
    assert judging.decision().standing is Standing.UNKNOWN


def test_after_its_horizon_it_still_finds_what_begins() -> None:
    quick = Settings(horizon=60)
    late = [(t, 800, 4, 200, 12) for t in range(301, 340)]

    assert judge([*a_day(300, 1), *late], quick).standing is Standing.BAD


def test_odds_that_are_suspicious_are_not_good() -> None:
    judging = Judge()
    for tick in a_day(240, 1):
        judging.take(tick)
    t = 241
    while judging.odds < 25:
        judging.take((t, 800, 4, 200, 3))
        t += 1

    assert not judging.is_bad
    assert judging.decision().standing is Standing.UNKNOWN
    assert "suspicious" in judging.decision().finding.because


def test_a_limit_waits_for_enough_requests() -> None:
    limited = Settings(most=0.02)

    assert judge([(1, 80, 0, 20, 0)], limited).standing is Standing.UNKNOWN
    assert judge(a_day(240, 1), limited).standing is Standing.GOOD


def test_latency_is_judged_by_the_same_wager() -> None:
    errors, slow = judge(a_day(240, 1)), judge(a_day(60, 6), Settings(alarm=0.005))

    found = both(errors, slow)

    assert found.standing is Standing.BAD
    assert [part.name for part in found.parts] == ["errors", "latency"]


def test_what_is_slow_is_learned_from_the_baseline() -> None:
    assert slow_limit([50, 100, 200, 400], [600, 300, 60, 40]) == 200
    assert slow_limit([50, 100], [0, 0]) == float("inf")


@pytest.mark.parametrize(
    ("share", "tail"),
    [(0.05, 1.4), (0.2, 1.4), (0.5, 1.4), (0.000001, 1.55), (0.01, 1.55), (0.05, 1.55)],
)
@pytest.mark.parametrize("ratio", [1.5, 2.1, 4.0, 10.0])
def test_a_wager_on_clusters_of_exponential_size_is_fair(
    share: float, tail: float, ratio: float
) -> None:
    """The mean of g(J/size) for J of mean 1, whose index of dispersion is 2, and size tail x 2."""
    size, worse = tail * 2, 1 + share * (ratio - 1)

    on_canary = share / (1 - math.log(ratio / worse) / size)
    on_baseline = (1 - share) / (1 + math.log(worse) / size)

    assert on_canary + on_baseline <= 1


def test_the_same_minutes_give_the_same_verdict() -> None:
    ticks = stream(Cell(requests=1_000, share=0.2, rate=0.005, ratio=2.0), 7)

    assert judge(ticks) == judge(list(ticks))


def test_the_peers_test_is_scipys() -> None:
    rng = np.random.default_rng(3)
    for size in (5, 8, 30):
        for _ in range(40):
            one, other = (rng.integers(0, 6, size).tolist() for _ in range(2))
            if len({*one, *other}) == 1:
                continue
            theirs = mannwhitneyu(one, other, method="asymptotic", use_continuity=True).pvalue
            assert mann_whitney(one, other) == pytest.approx(theirs, rel=1e-9)


def test_a_minute_twice_counts_once_and_a_long_day_keeps_few_marks() -> None:
    once, twice = Judge(), Judge()
    for tick in a_day(400, 1):
        once.take(tick)
        twice.take(tick)
        twice.take(tick)

    assert twice.kept() == once.kept()
    assert len(once.kept()["marks"]) <= 32


def test_without_history_clusters_are_supposed_until_an_hour_was_seen() -> None:
    cell = Cell(requests=100_000, share=0.5, rate=0.005, world="clustered", history=0, lasts=60)
    found = [judge(stream(cell, seed)).standing for seed in range(20)]

    assert Standing.BAD not in found
    worse = cell.at(world="independent", ratio=10.0)
    assert judge(stream(worse, 1)).standing is Standing.BAD
