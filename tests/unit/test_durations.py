"""Durations as ISO 8601 writes them."""

from datetime import timedelta

import pytest

from provisioning.durations import parse_duration, written


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT3H", timedelta(hours=3)),
        ("P1DT30M", timedelta(days=1, minutes=30)),
        ("P2W", timedelta(weeks=2)),
        ("PT90S", timedelta(seconds=90)),
        ("P1W2DT3H4M5S", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("PT0S", timedelta(0)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "3H",
        "P1Y",
        "P1M",
        "PT1.5H",
        "-PT1H",
        "pt3h",
        "PT3H ",
        "PT٣H",
        "P1D\n",
    ],
)
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="PT3H"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["PT0S", "PT1H", "PT24H", "PT5M", "PT1H30M", "PT2H3M4S"])
def test_a_duration_is_written_as_it_was_read(text: str):
    assert written(parse_duration(text)) == text
