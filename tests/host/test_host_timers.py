"""When timers run: by the machine's clock, after downtime, by hand, again after failures."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.host import monitor
from local.host.inline import running
from local.host.monitor import Status
from local.host.ncrontab import next_fire, parse

from .builders import NOON, Account, Notes, admin, an_app, held, move, settle

HOURLY = """
    @app.timer_trigger(arg_name="timer", schedule="{schedule}", {options})
    def tick(timer: func.TimerRequest) -> None:
        seen.append((timer.past_due, timer.schedule_status))
    """
EACH_HOUR = parse("0 0 * * * *")


def hourly(schedule: str = "0 0 * * * *", options: str = "") -> str:
    return HOURLY.format(schedule=schedule, options=options)


def ran(notes: Notes) -> list[bool]:
    """Return, for each run there was, whether it was past due."""
    return [past_due for past_due, _ in notes.seen.all()]


class TestAfterDowntime:
    def start(
        self, tmp_path: Path, account: Account, *, hours: float, body: str | None = None
    ) -> None:
        """Run the app at noon plus `hours` until it is quiet."""
        app = an_app(tmp_path / "app", body or hourly())
        clock = held(tmp_path / "state", start=NOON + timedelta(hours=hours))
        with running(app, settings=account.settings, clock=clock) as host:
            settle(host)

    def test_the_first_start_ever_runs_nothing_and_leaves_a_status(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        self.start(tmp_path, account, hours=0.5)

        assert ran(notes) == []
        assert account.status_of("tick") == {
            "Last": "0001-01-01T00:00:00+00:00",
            "Next": "2026-03-02T13:00:00+00:00",
            "LastUpdated": "2026-03-02T12:30:00+00:00",
        }

    def test_however_many_were_missed_one_run_makes_it_good(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        self.start(tmp_path, account, hours=0.5)
        self.start(tmp_path, account, hours=5.25)
        self.start(tmp_path, account, hours=5.5)

        assert ran(notes) == [True]
        assert account.status_of("tick") == {
            "Last": "2026-03-02T17:15:00+00:00",
            "Next": "2026-03-02T18:00:00+00:00",
            "LastUpdated": "2026-03-02T17:15:00+00:00",
        }

    def test_nothing_missed_runs_nothing(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        self.start(tmp_path, account, hours=0.25)
        self.start(tmp_path, account, hours=0.5)

        assert ran(notes) == []

    def test_a_changed_schedule_has_missed_nothing(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        self.start(tmp_path, account, hours=0.5)
        self.start(tmp_path, account, hours=5.25, body=hourly("0 30 * * * *"))

        assert ran(notes) == []
        status = account.status_of("tick")
        assert status is not None
        assert status["Next"] == "2026-03-02T17:30:00+00:00"

    def test_run_on_startup_runs_at_each_start_and_once_where_it_is_past_due(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        body = hourly(options="run_on_startup=True")
        for hours in (0.25, 0.5, 5.0, 9.5):
            self.start(tmp_path, account, hours=hours, body=body)

        assert ran(notes) == [False, False, True, True]

    def test_a_timer_without_monitor_has_missed_nothing(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        for hours in (0.25, 9.5):
            self.start(tmp_path, account, hours=hours, body=hourly(options="use_monitor=False"))

        assert ran(notes) == []
        assert account.status_of("tick") is None

    def test_a_sub_minute_schedule_has_no_status(
        self, tmp_path: Path, account: Account, notes: Notes
    ) -> None:
        app = an_app(tmp_path, hourly("*/20 * * * * *"))

        with running(app, settings=account.settings, clock=held(tmp_path / "state")) as host:
            move(host, advance="PT1M")

        assert notes.seen.all() == [(False, {}), (False, {}), (False, {})]
        assert account.status_of("tick") is None


def test_a_timer_fires_by_the_machines_clock(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    body = hourly("* * * * * *")

    with running(an_app(tmp_path, body), settings=account.settings):
        assert notes.seen.next() == (False, {})


def test_a_timer_never_overlaps_itself(tmp_path: Path, account: Account, notes: Notes) -> None:
    body = """
        @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
        def tick(timer: func.TimerRequest) -> None:
            seen.append("begun")
            release.wait(1.2)
            seen.append("ended")
        """

    with running(an_app(tmp_path, body), settings=account.settings):
        noted = [notes.seen.next() for _ in range(3)]
        notes.release.set()

    assert noted == ["begun", "ended", "begun"]


def test_a_run_sees_what_it_is_told_about_its_schedule(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    with running(
        an_app(tmp_path, hourly()), settings=account.settings, clock=held(tmp_path / "state")
    ) as host:
        move(host, advance="PT2H")

    _, (_, second) = notes.seen.all()
    assert second == {
        "Last": "2026-03-02T13:00:00+00:00",
        "Next": "2026-03-02T14:00:00+00:00",
        "LastUpdated": "2026-03-02T13:00:00+00:00",
    }


def test_an_error_never_stops_the_schedule(tmp_path: Path, account: Account, notes: Notes) -> None:
    body = """
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def tick(timer: func.TimerRequest) -> None:
            seen.append("ran")
            raise ValueError("no")
        """
    with running(
        an_app(tmp_path, body), settings=account.settings, clock=held(tmp_path / "state")
    ) as host:
        move(host, advance="PT3H")

    assert notes.seen.all() == ["ran"] * 3


def test_a_retry_is_the_same_invocation_again(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    body = """
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        @app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
        def tick(timer: func.TimerRequest, context: func.Context) -> None:
            retry = context.retry_context
            seen.append((context.invocation_id, retry.retry_count, retry.max_retry_count))
            raise ValueError("no")
        """
    with running(
        an_app(tmp_path, body), settings=account.settings, clock=held(tmp_path / "state")
    ) as host:
        move(host, advance="PT1H")

    first, *others = notes.seen.all()
    assert [first, *others] == [(first[0], number, 2) for number in range(3)]


def test_a_run_by_hand_is_202_at_once_and_leaves_the_status_alone(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    body = """
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def tick(timer: func.TimerRequest) -> None:
            seen.append(timer.past_due)
            release.wait(10)
        """
    clock = held(tmp_path / "state")
    with running(an_app(tmp_path, body), settings=account.settings, clock=clock) as host:
        settle(host)
        before = account.status_of("tick")
        answer = admin(host, "POST", "functions/tick", json={"input": ""})
        notes.seen.next()
        notes.release.set()
        settle(host)

    assert answer.status_code == 202
    assert before is not None
    assert account.status_of("tick") == before


def test_a_disabled_timer_runs_by_hand_only(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    settings = account.settings | {"AzureWebJobs.TICK.Disabled": "True"}

    with running(
        an_app(tmp_path, hourly()), settings=settings, clock=held(tmp_path / "state")
    ) as host:
        move(host, advance="PT3H")
        by_itself = notes.seen.all()
        admin(host, "POST", "functions/tick", json={})
        settle(host)

    assert by_itself == []
    assert notes.seen.all() == [(False, {})]


@pytest.mark.parametrize("ran_at", [None, datetime(2026, 3, 2, 12, 0, 0, 7, tzinfo=UTC)])
def test_a_crash_in_the_middle_of_a_run_is_a_missed_run(ran_at: datetime | None) -> None:
    """The status is written after a run, so it still names the run that was cut off."""
    recorded = Status(last=ran_at, next=next_fire(EACH_HOUR, NOON), last_updated=NOON)

    standing = monitor.assess(recorded, EACH_HOUR, now=NOON + timedelta(hours=1, seconds=3))

    assert standing.is_past_due
