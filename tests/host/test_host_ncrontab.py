"""NCRONTAB, against recorded answers of the original and against its own definition."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from local.host.ncrontab import NEVER, Schedule, is_sub_minute, next_fire, parse

_CORPUS = Path(__file__).parents[3] / "shared/corpus/schedules/ncrontab_vectors.json"
_FIELDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def _vectors() -> list[Any]:
    if not _CORPUS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"there is no {_CORPUS}"))]
    vectors = json.loads(_CORPUS.read_text())
    return [pytest.param(v, id=f"{' '.join(v['expr'].split())} {v['start']}") for v in vectors]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def matches(schedule: Schedule, instant: datetime) -> bool:
    """Say by the definition whether a schedule fires at an instant."""
    return (
        instant.second in schedule.seconds
        and instant.minute in schedule.minutes
        and instant.hour in schedule.hours
        and instant.day in schedule.days
        and instant.month in schedule.months
        and instant.isoweekday() % 7 in schedule.weekdays
    )


@st.composite
def a_field(draw: st.DrawFn, low: int, high: int) -> str:
    value = st.integers(low, high)
    parts = st.one_of(
        st.just("*"),
        st.builds("{}".format, value),
        st.builds("*/{}".format, st.integers(1, high)),
        st.builds("{}/{}".format, value, st.integers(1, high)),
        st.builds("{}-{}".format, value, value),
        st.builds("{}-{}/{}".format, value, value, st.integers(1, high)),
    )
    return ",".join(draw(st.lists(parts, min_size=1, max_size=2)))


SCHEDULES = st.tuples(*(a_field(low, high) for low, high in _FIELDS)).map(" ".join).map(parse)
INSTANTS = st.datetimes(
    datetime.fromisoformat("2000-01-01"),
    datetime.fromisoformat("2090-01-01"),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize("vector", _vectors())
def test_the_original_gives_the_same_next_occurrence(vector: dict[str, Any]) -> None:
    schedule = parse(vector["expr"])

    assert next_fire(schedule, at(vector["start"])) == at(vector["next"])


@settings(deadline=None)
@given(schedule=SCHEDULES, after=INSTANTS, data=st.data())
def test_the_next_occurrence_is_later_and_there_is_none_between(
    schedule: Schedule, after: datetime, data: st.DataObject
) -> None:
    found = next_fire(schedule, after)

    assert found > after
    assume(found != NEVER)
    assert matches(schedule, found)
    earlier = data.draw(st.datetimes(*(i.replace(tzinfo=None) for i in (after, found))))
    probe = earlier.replace(tzinfo=UTC, microsecond=0)
    assert not after < probe < found or not matches(schedule, probe)


@settings(deadline=None)
@given(schedule=SCHEDULES, after=INSTANTS)
def test_the_seconds_just_before_an_occurrence_are_none(
    schedule: Schedule, after: datetime
) -> None:
    found = next_fire(schedule, after)
    assume(found != NEVER)

    for step in (timedelta(seconds=s) for s in (1, 2, 59, 60, 61, 3600, 86400)):
        assert found - step <= after or not matches(schedule, found - step)


def test_day_and_weekday_must_both_match() -> None:
    friday_the_13th = parse("0 0 0 13 * Fri")

    assert next_fire(friday_the_13th, at("2026-03-14")) == at("2026-11-13")


def test_five_fields_mean_second_0() -> None:
    assert next_fire(parse("*/5 * * * *"), at("2026-03-02T12:00:01")) == at("2026-03-02T12:05:00")


def test_a_leap_day_on_a_given_weekday_is_found_across_a_century() -> None:
    # 2100 is no leap year: forty years, the longest gap there is.
    assert next_fire(parse("0 0 0 29 2 Mon"), at("2072-03-01")) == at("2112-02-29")


@settings(deadline=None)
@given(after=INSTANTS)
def test_a_date_that_does_not_exist_never_comes(after: datetime) -> None:
    assert next_fire(parse("0 0 0 30 2 *"), after) == NEVER


def test_the_end_of_the_calendar_is_the_end() -> None:
    assert next_fire(parse("0 0 0 1 1 *"), at("9999-06-01")) == NEVER


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0 0 0 ? * *", id="question mark"),
        pytest.param("0 0 0 L * *", id="L"),
        pytest.param("0 0 0 15W * *", id="W"),
        pytest.param("0 0 0 * * 5#2", id="hash"),
        pytest.param("@daily", id="at"),
        pytest.param("0 0 0 * * 7", id="7 is not Sunday"),
        pytest.param("0 0 24 * * *", id="24 o'clock"),
        pytest.param("60 * * * * *", id="60 seconds"),
        pytest.param("0 0 0 0 * *", id="day 0"),
        pytest.param("0 0 0 * Foo *", id="no such month"),
        pytest.param("* * * *", id="four fields"),
        pytest.param("* * * * * * *", id="seven fields"),
        pytest.param("", id="nothing"),
        pytest.param("1, * * * * *", id="empty element"),
        pytest.param("*/ * * * * *", id="empty step"),
    ],
)
def test_what_the_original_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("*/10 * * * * *", True, id="each ten seconds"),
        pytest.param("0 * * * * *", False, id="each minute"),
        pytest.param("*/10 0 * * * *", False, id="within one minute of each hour"),
    ],
)
def test_only_seconds_make_a_schedule_sub_minute(text: str, expected: bool) -> None:
    assert is_sub_minute(parse(text)) is expected
