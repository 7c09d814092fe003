"""When an environment is awake, and what is asked for where it is not as it should be."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import mypy.api
import pytest

from provisioning.errors import TerminalError
from provisioning.model import (
    Condition,
    Environment,
    Grounds,
    Hours,
    Kept,
    Kind,
    Lease,
    Mode,
    Phase,
    Resource,
)
from provisioning.power import calendar
from provisioning.power.plan import IGNORED, SLEEP, WAKE, asked, decide, newcomer, observed, turns
from provisioning.power.stoppable import Stoppable, stoppable
from provisioning.settings import ROOT
from tests.builders import START

MADRID = ZoneInfo("Europe/Madrid")
HOURS = Hours(zone="Europe/Madrid", days=(0, 1, 2, 3, 4), opens="07:00", closes="19:00")
VM = "Microsoft.Compute/virtualMachines"
NOON, NIGHT = datetime(2026, 11, 23, 11, tzinfo=MADRID), datetime(2026, 11, 23, 22, tzinfo=MADRID)


def an_environment(kind: Kind = Kind.STAGING, *, awake: bool = True, **given: Any) -> Environment:
    """Return an environment with one machine."""
    machine = Resource(id="/x/vm", type=VM, state="running", awake=awake)
    fresh = newcomer(str(kind), kind, "platform", now=START)
    seen = observed(fresh, (machine,), HOURS, kind=kind, now=START)
    return replace(seen, **given)


def planned(environment: Environment, now: datetime, **given: Any) -> str | None:
    """Return the workflow that is asked for."""
    usual: dict[str, Any] = {"hours": HOURS, "mode": Mode.ADOPT, "retry": False}
    grounds = Grounds(environment=environment, at=now, expiry=timedelta(0), **(usual | given))
    return decide(grounds)[0].workflow


def because(environment: Environment, now: datetime, **given: Any) -> str:
    """Return the reason of the decision."""
    usual: dict[str, Any] = {"hours": HOURS, "mode": Mode.ADOPT, "retry": False}
    grounds = Grounds(environment=environment, at=now, expiry=timedelta(0), **(usual | given))
    return decide(grounds)[1].because


KEPT = (Kept(id="/x/vm", type=VM, was={"size": "Standard_D2s_v5"}),)
LEASE = Lease(until=NIGHT + timedelta(hours=2), reason="a demo", by="ines")


def test_by_day_what_is_awake_is_left_alone():
    assert planned(an_environment(), NOON) is None


def test_by_night_what_is_awake_is_put_to_sleep():
    assert planned(an_environment(), NIGHT) == SLEEP
    assert because(an_environment(), NIGHT).startswith("outside working hours: Mon, Tue")


def test_by_day_what_was_put_to_sleep_is_woken_and_nothing_else():
    assert planned(an_environment(awake=False, kept=KEPT), NOON) == WAKE
    assert planned(an_environment(awake=False), NOON) is None


def test_a_lease_keeps_it_awake_until_its_end():
    leased = an_environment(lease=LEASE)

    assert planned(leased, NIGHT) is None
    assert "ines keeps it awake" in because(leased, NIGHT)
    assert planned(leased, LEASE.until) == SLEEP


@pytest.mark.parametrize("kind", [Kind.PRODUCTION, Kind.PREVIEW])
def test_only_development_and_staging_sleep(kind: Kind):
    assert planned(an_environment(kind), NIGHT) is None


def test_without_hours_it_never_sleeps():
    assert planned(an_environment(), NIGHT, hours=None) is None


def test_what_is_only_observed_is_told_and_not_touched():
    assert planned(an_environment(), NIGHT, mode=Mode.OBSERVE) is None
    assert "only observed" in because(an_environment(), NIGHT, mode=Mode.OBSERVE)


def test_what_is_under_way_is_not_asked_for_again():
    environment = an_environment()
    grounds = Grounds(
        environment=environment, at=NIGHT, expiry=timedelta(0), retry=False, hours=HOURS,
        mode=Mode.ADOPT,
    )  # fmt: skip
    begun = replace(asked(environment, decide(grounds)[0], now=NIGHT), operation="op-1")

    assert planned(begun, NIGHT) is None


def test_a_lease_in_mid_sleep_turns_it_round():
    half = an_environment(aim="asleep", operation="op-1", kept=KEPT, lease=LEASE)

    assert planned(half, NIGHT) == WAKE


def test_a_failure_is_tried_again_after_half_an_hour_or_when_asked():
    failed = an_environment(
        aim="asleep",
        phase=Phase.FAILED,
        conditions=(Condition(kind="Failed", message="locked", since=NIGHT),),
    )

    assert planned(failed, NIGHT + timedelta(minutes=29)) is None
    assert planned(failed, NIGHT + timedelta(minutes=29), retry=True) == SLEEP
    assert planned(failed, NIGHT + timedelta(minutes=30)) == SLEEP


def test_hours_of_production_are_ignored_and_that_is_said():
    (condition,) = an_environment(Kind.PRODUCTION).conditions

    assert (condition.kind, condition.lasting) == (IGNORED, True)


def test_a_look_that_finds_nothing_new_changes_nothing():
    environment = an_environment()

    assert (
        observed(environment, environment.resources, HOURS, kind=Kind.STAGING, now=NIGHT)
        is environment
    )


def test_an_environment_without_its_group_is_absent_and_left_alone():
    gone = observed(an_environment(), None, HOURS, kind=Kind.STAGING, now=NIGHT)

    assert (gone.phase, planned(gone, NIGHT)) == (Phase.ABSENT, None)


def test_the_turns_of_a_week_are_those_of_its_days_and_of_the_lease():
    environment = an_environment(lease=LEASE)

    found = list(turns(environment, HOURS, start=NOON, end=NOON + timedelta(days=7)))

    assert [t.is_start for t in found] == [False, True, False, True, False, True, False, True,
                                           False, True]  # fmt: skip
    assert found[0].at == LEASE.until
    assert found[1].at == datetime(2026, 11, 24, 7, tzinfo=MADRID)
    assert list(turns(an_environment(Kind.PRODUCTION), HOURS, start=NOON, end=NIGHT)) == []


# Production


def test_production_has_no_value_that_can_be_stopped():
    assert stoppable(an_environment(Kind.PRODUCTION)) is None
    with pytest.raises(TerminalError, match="never stopped"):
        Stoppable("production", Kind.PRODUCTION)  # type: ignore[arg-type]


def test_mypy_refuses_production_and_takes_staging(tmp_path: Path):
    file = tmp_path / "snippet.py"
    file.write_text(
        "from provisioning.model import Kind\n"
        "from provisioning.power.stoppable import Stoppable\n"
        'Stoppable("staging", Kind.STAGING)\n'
        'Stoppable("production", Kind.PRODUCTION)\n'
    )
    config = str(ROOT / "pyproject.toml")

    said, _, status = mypy.api.run(
        ["--config-file", config, "--cache-dir", str(ROOT / ".mypy_cache"), str(file)]
    )

    lines = [line for line in said.splitlines() if "error:" in line]
    assert status == 1
    assert len(lines) == 1, said
    assert ":4: error" in lines[0]
    assert "PRODUCTION" in lines[0]


# The calendar


def test_holidays_are_slept_through():
    hours = replace(HOURS, holidays=("2026-11-23",))

    assert not calendar.is_open(hours, NOON)
    assert calendar.next_change(hours, NOON) == datetime(2026, 11, 24, 7, tzinfo=MADRID)


def test_hours_that_never_open_never_change():
    days = [datetime(2026, 11, 23, tzinfo=MADRID) + timedelta(days=d) for d in range(900)]
    hours = replace(HOURS, holidays=tuple(f"{d:%Y-%m-%d}" for d in days))

    assert calendar.next_change(hours, NOON) is None


@pytest.mark.parametrize(
    ("day", "opens", "expected"),
    [
        pytest.param("2026-03-29", "02:30", "2026-03-29T01:00:00+00:00", id="skipped in spring"),
        pytest.param("2026-10-25", "02:30", "2026-10-25T00:30:00+00:00", id="twice in autumn"),
        pytest.param("2026-07-01", "07:00", "2026-07-01T05:00:00+00:00", id="summer"),
    ],
)
def test_a_wall_time_is_one_instant_of_its_day(day: str, opens: str, expected: str):
    hours = replace(HOURS, days=(0, 1, 2, 3, 4, 5, 6), opens=opens, closes="23:00")
    midnight = datetime.fromisoformat(day).replace(tzinfo=MADRID)

    found = calendar.next_change(hours, midnight)

    assert found is not None
    assert found.isoformat() == expected
