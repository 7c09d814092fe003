"""What is expected of where the audit heads are kept, held against blobs and the tests' fake."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.errors import TransientError
from provisioning.store.anchors import Anchors
from provisioning.store.connection import Connection
from tests.fakes import MemoryAnchors

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MONTH = timedelta(days=31)
ONE, TWO = {"a": (1, "1" * 64)}, {"a": (2, "2" * 64), "b": (1, "3" * 64)}


@pytest.fixture(params=["memory", "blobs"])
def anchors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, name: str) -> Anchors:
    """Return a fresh place for heads."""
    if request.param == "memory":
        return MemoryAnchors()  # type: ignore[return-value]
    monkeypatch.setattr("provisioning.store.anchors.CONTAINER", name)
    return Anchors(request.getfixturevalue("storage"))


def test_where_nothing_was_kept_there_are_no_heads(anchors: Anchors):
    assert anchors.newest(now=NOW) == {}


def test_the_newest_heads_are_found_within_a_year(anchors: Anchors):
    anchors.write(ONE, now=NOW - 2 * MONTH)
    anchors.write(TWO, now=NOW)

    assert anchors.newest(now=NOW) == TWO
    assert anchors.newest(now=NOW + 11 * MONTH) == TWO


def test_what_was_kept_is_never_replaced(anchors: Anchors):
    assert anchors.write(ONE, now=NOW)

    assert not anchors.write(TWO, now=NOW)
    assert anchors.newest(now=NOW) == ONE


def test_silence_is_worth_another_try(nowhere: Connection):
    with pytest.raises(TransientError):
        Anchors(nowhere).newest(now=NOW)
