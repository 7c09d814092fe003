"""Held time: nothing that is due is lost, and nothing moves under a call that runs."""

import sys
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local.clock import HeldClock
from local.host.durations import iso_duration, time_span
from local.host.inline import MASTER, running

from .builders import NOON, Account, Notes, admin, an_app, ask, get, held, message, move, queues

KEY = {"x-functions-key": MASTER}


@pytest.fixture
def clock(tmp_path: Path, notes: Notes) -> HeldClock:
    """The held clock, which the apps of these tests read as `notes.clock`."""
    given = held(tmp_path / "state")
    sys.modules["notes"].__dict__["clock"] = given
    return given


TIMERS = """
    from notes import clock

    @app.timer_trigger(arg_name="timer", schedule="0 */20 * * * *")
    def often(timer: func.TimerRequest) -> None:
        seen.append(("often", clock.now(), timer.past_due))

    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    def hourly(timer: func.TimerRequest) -> None:
        seen.append(("hourly", clock.now(), timer.past_due))

    @app.timer_trigger(arg_name="timer", schedule="*/30 * * * * *")
    def blind(timer: func.TimerRequest) -> None:
        pass
    """


def minutes(*after: int) -> list[datetime]:
    return [NOON + timedelta(minutes=m) for m in after]


def test_every_occurrence_fires_once_at_its_own_instant(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    app = an_app(tmp_path, TIMERS)

    with running(app, settings=account.settings, clock=clock) as host:
        answer = move(host, advance="PT1H30M")

    ran = notes.seen.all()
    assert answer.json() == {
        "now": "2026-03-02T13:30:00+00:00",
        "fired": {"often": 4, "hourly": 1, "blind": 180},
    }
    assert [at for name, at, _ in ran if name == "often"] == minutes(20, 40, 60, 80)
    assert [at for name, at, _ in ran if name == "hourly"] == minutes(60)
    assert not any(past_due for _, _, past_due in ran)


def test_moving_in_parts_fires_what_moving_at_once_fires(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    app = an_app(tmp_path, TIMERS)
    fired: Counter[str] = Counter()

    with running(app, settings=account.settings, clock=clock) as host:
        for part in ("PT20M", "PT19M59S", "PT1S", "PT50M"):
            fired.update(move(host, advance=part).json()["fired"])

    assert fired == {"often": 4, "hourly": 1, "blind": 180}


def test_a_jump_makes_good_once_what_each_timer_missed(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    app = an_app(tmp_path, TIMERS)

    with running(app, settings=account.settings, clock=clock) as host:
        answer = move(host, jump="PT8H10M")
        again = move(host, jump="PT5M")

    landing = NOON + timedelta(hours=8, minutes=10)
    assert sorted(notes.seen.all()) == [("hourly", landing, True), ("often", landing, True)]
    assert answer.json()["fired"] == {"hourly": 1, "often": 1}
    assert again.json()["fired"] == {}


def test_a_jump_that_lands_on_an_occurrence_is_in_time_for_it(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    app = an_app(tmp_path, TIMERS)

    with running(app, settings=account.settings, clock=clock) as host:
        move(host, jump="PT20M")

    assert notes.seen.all() == [("often", minutes(20)[0], False)]


def test_messages_are_dealt_with_at_the_instant_they_were_sent(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    body = """
        from notes import clock, to_first

        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def hourly(timer: func.TimerRequest) -> None:
            to_first.send_message("first")

        @app.queue_trigger(arg_name="message", queue_name="first", connection="Storage")
        def first(message: str) -> None:
            seen.append(clock.now())
        """
    sys.modules["notes"].__dict__["to_first"] = account.a_queue("first")
    app = an_app(tmp_path, body, extensions=queues(messageEncoding="none"))

    with running(app, settings=account.settings, clock=clock) as host:
        move(host, advance="PT3H30M")

    assert notes.seen.all() == minutes(60, 120, 180)


def test_a_message_that_keeps_failing_does_not_hold_time_up(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append(message.dequeue_count)
            raise ValueError("no")
        """
    work = account.a_queue("work")
    work.send_message(message("bad"))
    app = an_app(tmp_path, body, extensions=queues(visibilityTimeout="00:10:00"))

    with running(app, settings=account.settings, clock=clock) as host:
        answer = move(host, advance="P1D")

    assert answer.status_code == 200
    assert notes.seen.all() == [1]


def test_the_clock_stands_still_while_a_request_runs(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    body = """
        from notes import clock

        @app.route()
        def slow(req: func.HttpRequest) -> func.HttpResponse:
            before = clock.now()
            seen.append("begun")
            release.wait(10)
            return func.HttpResponse(str(clock.now() == before))
        """
    answers: list[str] = []

    with running(an_app(tmp_path, body), settings=account.settings, clock=clock) as host:
        asking = threading.Thread(
            target=lambda: answers.append(get(f"{host.url}/api/slow", timeout=20).text)
        )
        asking.start()
        notes.seen.next()
        moving = threading.Thread(target=lambda: move(host, advance="PT1H"))
        moving.start()
        while_it_runs = get(f"{host.url}/_local/clock", headers=KEY).json()["now"]
        notes.release.set()
        asking.join()
        moving.join()

    assert while_it_runs == NOON.isoformat()
    assert answers == ["True"]
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_timer_may_call_the_app_itself(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    body = """
        import httpx

        address = []

        @app.route()
        def told(req: func.HttpRequest) -> func.HttpResponse:
            address.append(req.url)
            return func.HttpResponse("thanks")

        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def hourly(timer: func.TimerRequest) -> None:
            seen.append(httpx.get(address[0]).text)
        """
    with running(an_app(tmp_path, body), settings=account.settings, clock=clock) as host:
        get(f"{host.url}/api/told")
        move(host, advance="PT2H")

    assert notes.seen.all() == ["thanks", "thanks"]


def test_moves_asked_for_at_once_happen_one_after_the_other(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    with running(an_app(tmp_path, TIMERS), settings=account.settings, clock=clock) as host:
        threads = [threading.Thread(target=lambda: move(host, advance="PT1H")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert clock.now() == NOON + timedelta(hours=3)
    assert Counter(name for name, _, _ in notes.seen.all()) == {"often": 9, "hourly": 3}


def test_statuses_are_saved_by_the_end_of_a_move(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    with running(an_app(tmp_path, TIMERS), settings=account.settings, clock=clock) as host:
        move(host, advance="PT2H10M")
        status = account.status_of("hourly")

    assert status is not None
    assert (status["Last"], status["Next"]) == (
        "2026-03-02T14:00:00+00:00",
        "2026-03-02T15:00:00+00:00",
    )


def test_what_was_due_before_a_restart_is_due_after_it(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    app = an_app(tmp_path, TIMERS)

    with running(app, settings=account.settings, clock=clock) as host:
        move(host, advance="PT50M")
    with running(app, settings=account.settings, clock=held(tmp_path / "state")) as host:
        move(host, advance="PT10M")

    hourly = [(at, past_due) for name, at, past_due in notes.seen.all() if name == "hourly"]
    assert hourly == [(minutes(60)[0], False)]


def test_idle_hours_pass_without_a_pause_for_each_occurrence(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    body = """
        @app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
        def tick(timer: func.TimerRequest) -> None:
            pass
        """
    with running(an_app(tmp_path, body), settings=account.settings, clock=clock) as host:
        answer = move(host, advance="PT8H")

    assert answer.json()["fired"] == {"tick": 480}
    # A tenth of a second for each would be 48: the bound is loose, the mistake is not small.
    assert answer.elapsed < timedelta(seconds=20)


def test_time_does_not_move_while_the_host_is_drained(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    with running(an_app(tmp_path, TIMERS), settings=account.settings, clock=clock) as host:
        admin(host, "POST", "host/drain")
        drained = move(host, advance="PT1H")
        admin(host, "POST", "host/resume")
        resumed = move(host, advance="PT20M")

    assert (drained.status_code, resumed.status_code) == (503, 200)
    assert notes.seen.all() == [("often", minutes(20)[0], False)]


def test_a_host_that_stops_in_the_middle_of_a_move_moves_no_further(
    tmp_path: Path, account: Account, notes: Notes, clock: HeldClock
) -> None:
    """What was due after that instant is still to come, and nothing of it is lost."""
    body = """
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def hourly(timer: func.TimerRequest) -> None:
            seen.append(timer.past_due)
            release.wait(10)
        """
    app = an_app(tmp_path, body)
    answers: list[int] = []

    with running(app, settings=account.settings, clock=clock) as host:
        moving = threading.Thread(
            target=lambda: answers.append(move(host, advance="PT3H").status_code)
        )
        moving.start()
        first = notes.seen.next()
        admin(host, "POST", "host/drain")
        notes.release.set()
        moving.join()
    with running(app, settings=account.settings, clock=clock) as host:
        move(host, advance="PT2H")

    assert answers == [503]
    assert [first, *notes.seen.all()] == [False, False, False]
    assert clock.now() == NOON + timedelta(hours=3)


class TestDoor:
    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            pytest.param({"advance": "PT0S"}, 200, id="nothing"),
            pytest.param({"advance": "-PT1H"}, 409, id="backwards"),
            pytest.param({"jump": "-P1D"}, 409, id="jump backwards"),
            pytest.param({"advance": "8h"}, 400, id="not a duration"),
            pytest.param({"advance": "P1M"}, 400, id="months have no length"),
            pytest.param({"advance": 5}, 400, id="a number"),
            pytest.param({"advance": "P9999999D"}, 400, id="beyond the calendar"),
            pytest.param({"advance": "P99999999999999999999D"}, 400, id="beyond everything"),
            pytest.param({"advance": "PT1H", "jump": "PT1H"}, 400, id="both"),
            pytest.param({}, 400, id="neither"),
            pytest.param(["advance"], 400, id="no object"),
        ],
    )
    def test_it_takes_one_duration_forwards(
        self, tmp_path: Path, asked: object, status: int
    ) -> None:
        with running(an_app(tmp_path, ""), clock=held(tmp_path / "state")) as host:
            answer = ask("POST", f"{host.url}/_local/clock", json=asked, headers=KEY)

        assert answer.status_code == status
        assert status == 200 or answer.json()["error"]["message"]

    def test_it_wants_the_master_key(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, ""), clock=held(tmp_path / "state")) as host:
            read = get(f"{host.url}/_local/clock")
            moved = ask("POST", f"{host.url}/_local/clock", json={"advance": "PT1H"})

        assert (read.status_code, moved.status_code) == (401, 401)

    def test_real_time_cannot_be_moved(self, tmp_path: Path) -> None:
        with running(an_app(tmp_path, "")) as host:
            assert move(host, advance="PT1H").status_code == 409


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("PT8H", timedelta(hours=8), id="hours"),
        pytest.param("P1W", timedelta(weeks=1), id="weeks"),
        pytest.param("P1DT2H3M4.5S", timedelta(1, 4.5, hours=2, minutes=3), id="all"),
        pytest.param("-PT1M", timedelta(minutes=-1), id="backwards"),
    ],
)
def test_an_iso_duration_is_read(text: str, length: timedelta) -> None:
    assert iso_duration(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1H", "PT1H ", "P1Y", "PT1.5H"])
def test_what_is_no_iso_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        iso_duration(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("00:00:10", timedelta(seconds=10), id="seconds"),
        pytest.param("00:00:00.500", timedelta(milliseconds=500), id="fraction"),
        pytest.param("1.02:00:00", timedelta(days=1, hours=2), id="days"),
    ],
)
def test_a_time_span_is_read(text: str, length: timedelta) -> None:
    assert time_span(text) == length
