"""Values to rows and back; the round trip of everything lies in tests/property."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest

from provisioning.store.codec import from_plain, from_row, to_plain, to_row
from provisioning.store.table import Row

WHEN = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


class Colour(StrEnum):
    """A choice."""

    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Something nested."""

    at: datetime
    note: str | None
    count: int = 3


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One field of every kind that rows have."""

    text: str
    number: int
    share: float
    truth: bool
    content: bytes
    when: datetime
    colour: Colour
    maybe: str | None
    maybe_when: datetime | None = None
    choices: tuple[Colour, ...] = ()
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    length: timedelta = timedelta(0)


def a_whole(**given: Any) -> Whole:
    """Return a value with every field."""
    usual: dict[str, Any] = {
        "text": "ñandú",
        "number": 7,
        "share": 0.5,
        "truth": True,
        "content": b"\x00\xff",
        "when": WHEN,
        "colour": Colour.RED,
        "maybe": None,
    }
    return Whole(**(usual | given))


def test_what_is_flat_stands_readable_in_the_row():
    row = to_row(a_whole(), "p", "k", "e")

    assert (row.partition, row.key, row.etag) == ("p", "k", "e")
    assert row.values["text"] == "ñandú"
    assert row.values["truth"] is True
    assert row.values["when"] == WHEN
    assert type(row.values["colour"]) is str


def test_none_is_left_out():
    assert "maybe" not in to_row(a_whole(), "p", "k").values


def test_what_is_nested_is_json_in_one_property():
    row = to_row(a_whole(inner=Inner(at=WHEN, note=None)), "p", "k")

    assert row.values["inner"] == '{"at": "2026-11-23T09:00:00.123456+00:00", "count": 3}'
    assert row.values["choices"] == "[]"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"maybe": ""}, id="empty text is not None"),
        pytest.param({"inner": Inner(at=WHEN, note=None, count=0)}, id="nested"),
        pytest.param({"many": (Inner(at=WHEN, note="a"), Inner(at=WHEN, note=None))}, id="many"),
        pytest.param({"words": {"a": "", "ñ": "\n"}}, id="mapping"),
        pytest.param({"length": timedelta(hours=1, microseconds=1)}, id="duration"),
        pytest.param({"choices": (Colour.RED,), "maybe_when": WHEN}, id="choices"),
    ],
)
def test_a_value_comes_back_as_it_was(given: dict[str, Any]):
    value = a_whole(**given)

    assert from_row(Whole, to_row(value, "p", "k")) == value


def test_properties_that_nobody_knows_are_passed_over():
    row = to_row(a_whole(), "p", "k")
    newer = Row("p", "k", {**row.values, "added_next_year": 1})

    assert from_row(Whole, newer) == a_whole()


def test_fields_added_since_take_their_default():
    row = to_row(a_whole(), "p", "k")
    older = Row("p", "k", {n: v for n, v in row.values.items() if n != "words"})

    assert from_row(Whole, older) == a_whole()


def test_nested_fields_added_since_take_their_default():
    assert from_plain(Inner, {"at": WHEN.isoformat()}) == Inner(at=WHEN, note=None, count=3)


def test_instants_come_back_in_utc():
    madrid = WHEN.astimezone(timezone(timedelta(hours=1)))

    found = from_row(
        Whole, to_row(a_whole(when=madrid, inner=Inner(at=madrid, note="")), "p", "k")
    )

    assert found.when.tzinfo is UTC
    assert found.when == WHEN
    assert found.inner is not None
    assert found.inner.at == WHEN


def test_plain_is_what_json_can_hold():
    plain = to_plain({"a": [WHEN, timedelta(minutes=1), Colour.RED, None], 3: (True, 1.5)})

    assert plain == {"a": [WHEN.isoformat(), 60.0, "red", None], "3": [True, 1.5]}
    assert type(plain["a"][2]) is str


def test_none_of_what_may_be_missing_stays_none():
    assert from_plain(Inner | None, None) is None
