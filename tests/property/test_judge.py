"""What always holds of the judge of canaries, whatever it is given."""

import json
from math import comb
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.model import Standing
from provisioning.releases.canary import Judge, judge

HISTORY = [(t, 1_000, 5, 0, 0) for t in range(-239, 1)]
counts = st.integers(0, 400)
minutes = st.lists(st.tuples(counts, st.integers(0, 40), counts, st.integers(0, 40)), max_size=40)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=12,
)


def _stream(rows: list[tuple[int, int, int, int]], start: int = 1) -> list[tuple[int, ...]]:
    return [(start + i, *row) for i, row in enumerate(rows)]


def _after(rows: list[tuple[int, int, int, int]], *, known: bool) -> Judge:
    judging = Judge()
    for tick in [*(HISTORY if known else []), *_stream(rows)]:
        judging.take(tick)
    return judging


def _chances(base: int, can: int, errors: int) -> dict[int, float]:
    """Return how many of the errors fall on the canary when the arms are alike."""
    whole = comb(base + can, errors)
    fewest, most = max(0, errors - base), min(errors, can)
    return {k: comb(can, k) * comb(base, errors - k) / whole for k in range(fewest, most + 1)}


@given(
    rows=minutes,
    known=st.booleans(),
    base=st.integers(1, 400),
    can=st.integers(1, 400),
    errors=st.integers(0, 25),
)
def test_the_wager_is_fair_at_best_when_the_arms_are_alike(
    rows: list[tuple[int, int, int, int]], known: bool, base: int, can: int, errors: int
) -> None:
    errors = min(errors, base + can)
    before = _after(rows, known=known)
    kept, t = before.kept(), len(rows) + 1

    expected = 0.0
    for on_canary, chance in _chances(base, can, errors).items():
        judging = Judge(kept=kept)
        judging.take((t, base, errors - on_canary, can, on_canary))
        expected += chance * judging.odds

    assert expected <= before.odds * (1 + 1e-9)


@given(rows=minutes, known=st.booleans(), cuts=st.sets(st.integers(0, 40)))
def test_how_minutes_are_split_into_batches_changes_nothing(
    rows: list[tuple[int, int, int, int]], known: bool, cuts: set[int]
) -> None:
    whole = _after(rows, known=known)
    parts = Judge()
    for place, tick in enumerate([*(HISTORY if known else []), *_stream(rows)]):
        parts.take(tick)
        if place in cuts:
            parts = Judge(kept=json.loads(json.dumps(parts.kept())))

    assert parts.kept() == whole.kept()
    assert parts.decision() == whole.decision()


@given(base=st.integers(1, 10_000), can=st.integers(1, 10_000), data=st.data())
def test_no_minute_speaks_against_both_arms(base: int, can: int, data: Any) -> None:
    base_bad, can_bad = (data.draw(st.integers(0, n)) for n in (base, can))

    one = _after([(base, base_bad, can, can_bad)], known=True)
    other = _after([(can, can_bad, base, base_bad)], known=True)

    assert min(one.odds, other.odds) <= 1 + 1e-9


@given(rows=minutes, again=st.lists(st.integers(0, 39), max_size=20))
def test_a_minute_that_comes_twice_counts_once(
    rows: list[tuple[int, int, int, int]], again: list[int]
) -> None:
    ticks = _stream(rows)
    once = _after(rows, known=True)
    twice = _after(rows, known=True)
    for place in again:
        if place < len(ticks):
            twice.take(ticks[place])

    assert twice.kept() == once.kept()


@settings(max_examples=300)
@given(ticks=st.lists(anything | st.lists(st.floats() | st.integers(), min_size=5), max_size=30))
def test_nothing_makes_it_raise(ticks: list[Any]) -> None:
    decided = judge(ticks)

    assert decided.standing in Standing
    json.dumps(Judge().kept())


@given(rows=minutes)
def test_an_alarm_is_final_and_the_first_is_where_it_stops(
    rows: list[tuple[int, int, int, int]],
) -> None:
    decided = judge([*HISTORY, *_stream(rows)])
    whole = _after(rows, known=True)

    assert whole.is_bad == (decided.standing is Standing.BAD)
    if whole.is_bad:
        assert decided.t is not None
        assert judge([*HISTORY, *_stream(rows)[: decided.t]]) == decided
