"""What holds for all working hours, in every zone, over every change of clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import Environment, Grounds, Hours, Kind, Mode, Resource
from provisioning.power import calendar
from provisioning.power.plan import SLEEP, decide, newcomer, observed

ZONES = st.sampled_from(
    ["Europe/Madrid", "UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
     "Asia/Kathmandu", "America/Sao_Paulo"]
)  # fmt: skip
NOW = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def hours(draw: Any) -> Hours:
    """Return any working hours."""
    first = draw(st.integers(0, 1438))
    last = draw(st.integers(first + 1, 1439))
    return Hours(
        zone=draw(ZONES),
        days=tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1)))),
        opens=f"{first // 60:02d}:{first % 60:02d}",
        closes=f"{last // 60:02d}:{last % 60:02d}",
    )


@given(hours(), NOW)
def test_the_next_change_is_later_and_nothing_changes_before_it(given_hours: Hours, now: datetime):
    found = calendar.next_change(given_hours, now)

    assert found is not None
    assert found > now
    is_open = calendar.is_open(given_hours, now)
    middle = now + (found - now) / 2
    just_before = found - timedelta(microseconds=1)
    assert calendar.is_open(given_hours, middle) == is_open
    assert calendar.is_open(given_hours, max(just_before, now)) == is_open


@given(hours(), NOW)
def test_windows_are_in_order_and_apart(given_hours: Hours, now: datetime):
    found = list(calendar.windows(given_hours, now, now + timedelta(days=20)))

    edges = [edge for window in found for edge in window]
    assert edges == sorted(edges)


@given(hours(), NOW, st.sampled_from(list(Kind)), st.booleans())
def test_nothing_but_development_and_staging_is_ever_put_to_sleep(
    given_hours: Hours, now: datetime, kind: Kind, retry: bool
):
    machine = Resource(id="/x/vm", type="vm", state="running", awake=True)
    fresh: Environment = newcomer("one", kind, "platform", now=now)
    environment = observed(fresh, (machine,), given_hours, kind=kind, now=now)
    grounds = Grounds(
        environment=environment,
        at=now,
        expiry=timedelta(0),
        retry=retry,
        hours=given_hours,
        mode=Mode.ADOPT,
    )

    found, decision = decide(grounds)

    asleep = kind in (Kind.DEVELOPMENT, Kind.STAGING) and not calendar.is_open(given_hours, now)
    assert (found.workflow == SLEEP) == asleep
    assert decide(decision.grounds)[1] == decision
