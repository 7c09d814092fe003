"""What holds of every canary, every verdict, and every alert."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.alerts import Alert, Ignored, interpret
from provisioning.azure.resources import revisions
from provisioning.model import Arm, Bake, Move, Standing, Window
from provisioning.releases.policy import judge
from provisioning.releases.ruling import rule, shares

from .test_values import JSON
from .values import INSTANTS, TEXTS

COUNTS = st.integers(min_value=0, max_value=10**6)
DURATIONS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2))
WEIGHTS = st.lists(
    st.integers(min_value=1, max_value=99), min_size=1, max_size=5, unique=True
).map(lambda found: tuple(sorted(found)))
ARMS = st.builds(
    Arm,
    revision=st.sampled_from(["rewards-api--v1", "rewards-api--v2"]),
    requests=COUNTS,
    failures=COUNTS,
    rows=COUNTS,
    newest=st.none() | INSTANTS,
)
WINDOWS = st.builds(
    Window,
    since=INSTANTS,
    until=INSTANTS,
    baseline=ARMS,
    canary=ARMS,
    most_errors=st.floats(min_value=0, max_value=1),
    least_requests=st.integers(min_value=1, max_value=10**6),
    fresh=DURATIONS,
)


@st.composite
def bakes(draw: st.DrawFn) -> Bake:
    """Return a release at any step, with any evidence or none."""
    weights = draw(WEIGHTS)
    staged_at = draw(INSTANTS)
    return Bake(
        at=staged_at + draw(DURATIONS),
        weights=weights,
        stage=draw(st.integers(min_value=0, max_value=len(weights) - 1)),
        staged_at=staged_at,
        bake=draw(DURATIONS),
        window=draw(st.none() | WINDOWS),
        hindrance=draw(TEXTS),
        unverified=draw(TEXTS),
        skipped_by=draw(st.none() | st.just("ines")),
    )


@given(WINDOWS)
def test_every_window_has_one_verdict_as_bad_as_its_worst_part(window: Window):
    finding = judge(window)

    gravity = [Standing.GOOD, Standing.UNKNOWN, Standing.BAD]
    assert finding == judge(window)
    assert finding.standing is max((p.standing for p in finding.parts), key=gravity.index)
    assert all(p.because for p in finding.parts)


@given(bakes())
def test_every_ruling_can_be_made_again(bake: Bake):
    ruling = rule(bake)

    assert ruling.grounds == bake
    assert rule(bake) == ruling
    assert 0 <= ruling.weight <= 100


@given(bakes())
def test_the_share_never_rises_on_a_bad_or_an_unknown_verdict(bake: Bake):
    ruling = rule(bake)
    assert ruling.finding is not None
    standing, before = ruling.finding.standing, bake.weights[bake.stage]

    if standing is Standing.BAD:
        assert (ruling.move, ruling.weight) == (Move.ROLL_BACK, 0)
    elif bake.skipped_by is None and (standing is Standing.UNKNOWN or bake.unverified):
        assert ruling.weight <= before
    if ruling.move is Move.SHIFT:
        assert ruling.weight > before
        assert standing is Standing.GOOD


@given(bakes())
def test_an_alert_that_nobody_confirms_never_takes_a_good_canary_back(bake: Bake):
    ruling = rule(bake)
    assert ruling.finding is not None

    if bake.unverified and ruling.finding.standing is Standing.GOOD:
        assert ruling.move in (Move.PAUSE, Move.PROMOTE)
        assert (ruling.move is Move.PROMOTE) == (bake.skipped_by is not None)


@given(st.integers(), st.lists(st.sampled_from(["v0", "v3"]), unique=True))
def test_whatever_is_written_adds_up_to_a_hundred(weight: int, labelled: list[str]):
    traffic: list[dict[str, Any]] = [{"revisionName": "v1", "weight": 100}]
    traffic += [{"revisionName": name, "weight": 0, "label": f"l-{name}"} for name in labelled]
    configuration = {"activeRevisionsMode": "Multiple", "ingress": {"traffic": traffic}}
    app = revisions.read({"name": "a", "properties": {"configuration": configuration}})

    entries = revisions.traffic(app, shares("v1", "v2", weight))

    assert sum(entry["weight"] for entry in entries) == 100
    assert all(0 <= entry["weight"] <= 100 for entry in entries)
    assert {entry.get("label") for entry in entries} - {None} == {f"l-{n}" for n in labelled}


@given(JSON)
def test_no_json_is_too_strange_to_be_read_as_an_alert(payload: Any):
    assert isinstance(interpret(payload), Alert | Ignored)


@given(JSON, st.sampled_from(["essentials", "context", "SearchQuery", "alertContext"]))
def test_nor_where_it_looks_like_one(inner: Any, name: str):
    for payload in (
        {"data": {name: inner}},
        {"data": {"essentials": {name: inner, "monitorCondition": inner}}},
        {"data": {"essentials": {}, "alertContext": inner}},
        {"properties": {"essentials": {"targetResource": inner}}},
        {"data": {"context": {"activityLog": {"resourceId": inner}}}},
        {"status": inner, "context": {"name": inner, "resourceId": inner}},
    ):
        assert isinstance(interpret(payload), Alert | Ignored)


@given(TEXTS)
def test_a_revisions_suffix_is_one_that_azure_takes(version: str):
    suffix = revisions.suffix_of(version)

    assert suffix[0].isascii()
    assert suffix[0].isalpha()
    assert suffix[-1].isalnum()
    assert "--" not in suffix
    assert len(suffix) <= 30
