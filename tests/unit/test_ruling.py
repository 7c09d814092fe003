"""When a canary does well, and what is done with it next: tables of windows and of bakes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning.model import Arm, Bake, Finding, Move, Standing, Window
from provisioning.releases.policy import judge
from provisioning.releases.ruling import PATIENCE, is_as, rule, shares, weight_after
from tests.builders import START

A_MINUTE = timedelta(minutes=1)
TEN_MINUTES = timedelta(minutes=10)


def an_arm(**given: Any) -> Arm:
    usual: dict[str, Any] = {
        "requests": 1000,
        "failures": 1,
        "rows": 1000,
        "newest": START - A_MINUTE,
    }
    return Arm(revision=given.pop("revision", "rewards-api--v2"), **(usual | given))


def a_window(**given: Any) -> Window:
    usual: dict[str, Any] = {
        "since": START - TEN_MINUTES,
        "until": START,
        "baseline": an_arm(revision="rewards-api--v1"),
        "canary": an_arm(),
        "most_errors": 0.02,
        "least_requests": 200,
        "fresh": timedelta(minutes=5),
    }
    return Window(**(usual | given))


def a_bake(**given: Any) -> Bake:
    usual: dict[str, Any] = {
        "at": START,
        "weights": (5, 25, 50),
        "stage": 0,
        "staged_at": START - TEN_MINUTES,
        "bake": TEN_MINUTES,
        "window": a_window(),
    }
    return Bake(**(usual | given))


NOTHING = an_arm(requests=0, failures=0, rows=0, newest=None)
SICK = an_arm(failures=100)


def part(finding: Finding, name: str) -> Finding:
    return next(p for p in finding.parts if p.name == name)


@pytest.mark.parametrize(
    ("window", "standing"),
    [
        pytest.param(a_window(), Standing.GOOD, id="well"),
        pytest.param(a_window(canary=NOTHING), Standing.UNKNOWN, id="no telemetry"),
        pytest.param(a_window(canary=an_arm(rows=199)), Standing.UNKNOWN, id="too few"),
        pytest.param(
            a_window(canary=an_arm(rows=100, requests=2000)),
            Standing.UNKNOWN,
            id="many requests that few records stand for",
        ),
        pytest.param(
            a_window(canary=an_arm(newest=START - timedelta(minutes=6))),
            Standing.UNKNOWN,
            id="stale",
        ),
        pytest.param(a_window(canary=SICK), Standing.BAD, id="over the limit"),
        pytest.param(a_window(canary=an_arm(failures=20)), Standing.BAD, id="worse by the margin"),
        pytest.param(
            a_window(canary=an_arm(failures=20), baseline=an_arm(failures=15)),
            Standing.GOOD,
            id="at the limit, as the baseline is",
        ),
        pytest.param(
            a_window(canary=SICK, baseline=SICK), Standing.BAD, id="both sick: the limit counts"
        ),
        pytest.param(a_window(baseline=NOTHING), Standing.UNKNOWN, id="nothing to compare with"),
        pytest.param(
            a_window(canary=an_arm(requests=20, rows=20, failures=20)),
            Standing.BAD,
            id="few, but no success could mend it",
        ),
        pytest.param(
            a_window(canary=an_arm(requests=3, rows=3, failures=3)),
            Standing.UNKNOWN,
            id="three failures say nothing yet",
        ),
        pytest.param(
            a_window(canary=replace(SICK, newest=START - timedelta(hours=1))),
            Standing.BAD,
            id="bad outweighs stale",
        ),
    ],
)
def test_a_canary_is_good_bad_or_unknown(window: Window, standing: Standing):
    assert judge(window).standing is standing


def test_a_verdict_names_its_figures_in_words():
    finding = judge(a_window(canary=SICK))

    assert finding.because == "10.0 % of its requests failed, over 2.0 %"
    assert part(finding, "errors").figures == {
        "requests": "1000",
        "failures": "100",
        "share": "10.0 %",
        "limit": "2.0 %",
    }
    assert part(finding, "freshness").because == "seen 60 s ago"


@pytest.mark.parametrize(
    ("bake", "move", "weight"),
    [
        pytest.param(a_bake(), Move.SHIFT, 25, id="baked and good"),
        pytest.param(a_bake(stage=2), Move.PROMOTE, 100, id="the last has baked"),
        pytest.param(a_bake(staged_at=START - A_MINUTE), Move.HOLD, 5, id="still baking"),
        pytest.param(
            a_bake(window=a_window(canary=SICK), staged_at=START - A_MINUTE),
            Move.ROLL_BACK,
            0,
            id="bad, at once",
        ),
        pytest.param(a_bake(window=a_window(canary=NOTHING)), Move.PAUSE, 5, id="nobody knows"),
        pytest.param(a_bake(window=None, hindrance="no answer"), Move.PAUSE, 5, id="no answer"),
        pytest.param(
            a_bake(window=None, staged_at=START - TEN_MINUTES - PATIENCE - A_MINUTE),
            Move.ROLL_BACK,
            0,
            id="nobody knew for too long",
        ),
        pytest.param(a_bake(unverified="an alert"), Move.PAUSE, 5, id="an unverified alert"),
        pytest.param(
            a_bake(unverified="an alert", staged_at=START - 10 * PATIENCE),
            Move.PAUSE,
            5,
            id="an unverified alert alone never moves traffic",
        ),
        pytest.param(
            a_bake(unverified="an alert", window=a_window(canary=SICK)),
            Move.ROLL_BACK,
            0,
            id="an unverified alert does not keep a bad one in",
        ),
        pytest.param(
            a_bake(skipped_by="ines", staged_at=START), Move.PROMOTE, 100, id="somebody skips"
        ),
        pytest.param(
            a_bake(skipped_by="ines", window=a_window(canary=SICK)),
            Move.ROLL_BACK,
            0,
            id="nobody skips a bad verdict",
        ),
    ],
)
def test_what_is_done_follows_from_the_verdict_and_the_time(bake: Bake, move: Move, weight: int):
    ruling = rule(bake)

    assert (ruling.move, ruling.weight) == (move, weight)
    assert ruling.because


def test_a_ruling_made_again_is_the_same():
    ruling = rule(a_bake())

    assert ruling.grounds is not None
    assert rule(ruling.grounds) == ruling


def test_what_was_known_too_late_says_how_long_it_took():
    ruling = rule(a_bake(window=None, staged_at=START - TEN_MINUTES - PATIENCE - A_MINUTE))

    assert ruling.because.startswith("nobody could say for 4 h whether it does well")


def test_the_weights_of_every_move_are_those_of_the_strategy():
    bake = a_bake(stage=1)

    assert [weight_after(bake, move) for move in Move] == [25, 50, 100, 0, 25]


@pytest.mark.parametrize("weight", [-5, 0, 5, 100, 120])
def test_shares_add_up_to_a_hundred(weight: int):
    found = shares("v1", "v2", weight)

    assert sum(found.values()) == 100
    assert 0 <= found["v2"] <= 100


def test_a_revision_without_a_share_is_no_part_of_the_traffic():
    assert is_as({"v1": 100}, shares("v1", "v2", 0))
    assert not is_as({"v1": 95, "v2": 5}, shares("v1", "v2", 0))
    assert not is_as({"v1": 50, "v2": 25, "v3": 25}, shares("v1", "v2", 25))
