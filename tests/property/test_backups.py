"""What holds of every verdict on backups, whatever the facts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.azure.resources.recovery import Copying, Replica, Store
from provisioning.backups.policy import Facts, assess
from provisioning.catalog import Promise
from provisioning.model import Finding, Standing
from tests.builders import START

NOW = START
GRAVITY = [Standing.GOOD, Standing.UNKNOWN, Standing.BAD]
FACTS = ("born", "asleep", "newest", "retention_days", "oldest", "geo", "copied", "replicas")

_ages = st.integers(min_value=0, max_value=60 * 24 * 60).map(lambda m: NOW - timedelta(minutes=m))
_replicas = st.lists(
    st.builds(
        Replica,
        name=st.sampled_from(["a/x", "b/x"]),
        copying=st.sampled_from(Copying),
        word=st.just("so"),
    ),
    max_size=2,
).map(tuple)


def _maybe(found: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | found


STORES = st.builds(
    Store,
    id=st.sampled_from(["/p/one", "/p/two", "/p/three"]),
    type=st.just("T"),
    name=st.sampled_from(["a/x", "b/x", "c/x"]),
    born=_maybe(_ages),
    asleep=_maybe(st.booleans()),
    points=st.booleans(),
    newest=_maybe(_ages),
    retention_days=_maybe(st.integers(min_value=0, max_value=35)),
    oldest=_maybe(_ages),
    tells_oldest=st.booleans(),
    geo=_maybe(st.booleans()),
    copied=_maybe(_ages),
    tells_copied=st.booleans(),
    replicas=_maybe(_replicas),
    replica_of=st.sampled_from(["", "", "a/x"]),
)
PROMISES = st.builds(
    Promise,
    rpo=st.sampled_from([timedelta(hours=1), timedelta(days=1)]),
    rto=st.just(timedelta(hours=4)),
    retention_days=st.integers(min_value=1, max_value=35),
    geo=st.booleans(),
)


def every(finding: Finding) -> list[Finding]:
    return [finding, *(below for part in finding.parts for below in every(part))]


@given(stores=st.lists(STORES, max_size=4), promise=PROMISES)
def test_everything_is_as_bad_as_its_worst_part(stores: list[Store], promise: Promise) -> None:
    found = assess(Facts(environment="e", stores=tuple(stores)), promise, now=NOW)

    for one in every(found):
        assert one.because
        if one.parts:
            worst = max(GRAVITY.index(part.standing) for part in one.parts)
            assert GRAVITY.index(one.standing) == worst


@given(store=STORES, promise=PROMISES, fact=st.sampled_from(FACTS))
def test_a_fact_that_is_taken_away_makes_nothing_good(
    store: Store, promise: Promise, fact: str
) -> None:
    before = assess(Facts(environment="e", stores=(store,)), promise, now=NOW)
    taken: dict[str, Any] = {fact: None}
    without = replace(store, **taken)

    after = assess(Facts(environment="e", stores=(without,)), promise, now=NOW)

    assert before.standing is Standing.GOOD or after.standing is not Standing.GOOD


@given(stores=st.lists(STORES, min_size=1, max_size=3), more=STORES, promise=PROMISES)
def test_one_more_store_makes_nothing_better(
    stores: list[Store], more: Store, promise: Promise
) -> None:
    own = [replace(store, replica_of="") for store in stores]
    other = replace(more, replica_of="")
    before = assess(Facts(environment="e", stores=tuple(own)), promise, now=NOW)

    after = assess(Facts(environment="e", stores=(*own, other)), promise, now=NOW)

    assert GRAVITY.index(after.standing) >= GRAVITY.index(before.standing)
