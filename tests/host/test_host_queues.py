"""What becomes of queue messages, on a real Azurite."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from local.host import messages
from local.host.config import HostJson, QueueOptions
from local.host.inline import Inline, running

from .builders import (
    Account,
    Notes,
    admin,
    an_app,
    get,
    held,
    message,
    queues,
    settle,
    texts,
    until,
)

NOTING = """
    @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
    def work(message: func.QueueMessage) -> None:
        seen.append(message.get_body().decode())
    """
FAILING = """
    @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
    def work(message: func.QueueMessage) -> None:
        seen.append(message.dequeue_count)
        raise ValueError("no")
    """


@contextmanager
def listening(
    folder: Path, account: Account, body: str, *, invisible_for: float = 600, **options: Any
) -> Iterator[Inline]:
    """Run an app in held time, where `settle` says that every message has been dealt with."""

    def tune(given: HostJson) -> HostJson:
        lease = replace(given.queues, invisible_for=timedelta(seconds=invisible_for))
        return replace(given, queues=lease)

    app = an_app(folder, body, extensions=queues(**options))
    with running(app, settings=account.settings, clock=held(folder / "state"), tune=tune) as host:
        yield host


@pytest.fixture
def work(account: Account) -> QueueClient:
    return account.a_queue("work")


@pytest.fixture
def poison(account: Account) -> QueueClient:
    """The poison queue, which only the host creates."""
    return account.the_queue("work-poison")


def test_a_message_runs_once_and_is_gone(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    work.send_message(message("one"))

    with listening(tmp_path, account, NOTING) as host:
        settle(host)

    assert notes.seen.all() == ["one"]
    assert work.get_queue_properties().approximate_message_count == 0


def test_a_message_says_what_it_is(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append(message)
        """
    sent = work.send_message(message('{"a": 1}'))

    with listening(tmp_path, account, body) as host:
        settle(host)

    got = notes.seen.next()
    assert (got.id, got.dequeue_count, got.get_json()) == (sent.id, 1, {"a": 1})
    assert got.insertion_time.utcoffset() == timedelta(0)
    assert got.pop_receipt


def test_plain_text_goes_to_poison_unseen(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient, poison: QueueClient
) -> None:
    work.send_message("sent by an SDK that encodes nothing")

    with listening(tmp_path, account, NOTING) as host:
        settle(host)

    assert notes.seen.all() == []
    assert texts(poison) == ["sent by an SDK that encodes nothing"]
    assert texts(work) == []


def test_plain_text_is_read_where_host_json_says_so(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    work.send_message("plain")

    with listening(tmp_path, account, NOTING, messageEncoding="none") as host:
        settle(host)

    assert notes.seen.all() == ["plain"]


def test_a_failing_message_runs_exactly_five_times_and_then_is_poison(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient, poison: QueueClient
) -> None:
    work.send_message(message("bad"))

    with listening(tmp_path, account, FAILING) as host:
        settle(host)

    assert notes.seen.all() == [1, 2, 3, 4, 5]
    assert texts(poison) == [message("bad")]
    assert poison.peek_messages()[0].dequeue_count == 0


def test_a_message_taken_too_often_never_runs(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient, poison: QueueClient
) -> None:
    sent = work.send_message(message("killed its host before"))
    for _ in range(5):
        taken = next(work.receive_messages(visibility_timeout=60))
        work.update_message(sent.id, pop_receipt=taken.pop_receipt, visibility_timeout=0)

    with listening(tmp_path, account, NOTING) as host:
        settle(host)

    assert notes.seen.all() == []
    assert texts(poison) == [message("killed its host before")]


def test_a_failed_message_waits_for_the_visibility_timeout(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    work.send_message(message("bad"))

    with listening(tmp_path, account, FAILING, visibilityTimeout="00:10:00") as host:
        settle(host)

    assert notes.seen.all() == [1]
    assert texts(work) == []
    assert work.get_queue_properties().approximate_message_count == 1


def test_a_long_run_keeps_its_message_and_deletes_it_with_the_newest_receipt(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append(message.pop_receipt)
            release.wait(1.7)  # longer than the message would stay invisible by itself
        """
    work.send_message(message("long"))

    with listening(tmp_path, account, body, invisible_for=1) as host:
        settle(host)

    assert len(notes.seen.all()) == 1
    assert work.get_queue_properties().approximate_message_count == 0


def test_a_lost_message_does_not_stop_its_run(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append("begun")
            release.wait(10)
            seen.append("ended")
        """
    work.send_message(message("cleared while it runs"))

    with listening(tmp_path, account, body) as host:
        assert notes.seen.next() == "begun"
        work.clear_messages()
        notes.release.set()
        settle(host)

    assert notes.seen.all() == ["ended"]


def test_a_queue_that_is_not_there_yet_is_found_later_and_never_created(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    with listening(tmp_path, account, NOTING) as host:
        settle(host)
        later = account.a_queue("work")  # it would fail if the host had created it
        later.send_message(message("late"))
        settle(host)

    assert notes.seen.all() == ["late"]


def test_no_more_run_at_once_than_batch_size_and_threshold(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append(message.get_body().decode())
            release.wait(10)
        """
    for number in range(8):
        work.send_message(message(str(number)))

    with listening(tmp_path, account, body, batchSize=3, newBatchThreshold=1) as host:
        # Three at once: more than the threshold, so the next batch waits.
        first = [notes.seen.next() for _ in range(3)]
        assert notes.seen.all() == []
        assert work.get_queue_properties().approximate_message_count == 8
        assert len(texts(work)) == 5
        notes.release.set()
        settle(host)

    assert sorted(first + notes.seen.all()) == [str(number) for number in range(8)]


def test_a_message_is_found_without_anyone_waking_the_listener(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    app = an_app(tmp_path, NOTING, extensions=queues())

    with running(app, settings=account.settings):
        work.send_message(message("by polling"))

        assert notes.seen.next() == "by polling"


@pytest.mark.parametrize(
    ("kind", "body", "seen"),
    [
        pytest.param("str", b"caf\xc3\xa9", ["caf\u00e9"], id="text"),
        pytest.param("bytes", b"\xff", [b"\xff"], id="bytes"),
        pytest.param("func.QueueMessage", b"\xff", [], id="not UTF-8"),
    ],
)
def test_the_annotation_says_what_a_function_gets(
    tmp_path: Path,
    account: Account,
    notes: Notes,
    work: QueueClient,
    kind: str,
    body: bytes,
    seen: list[object],
) -> None:
    app = f"""
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: {kind}) -> None:
            seen.append(message)
        """
    work.send_message(base64.b64encode(body).decode())

    with listening(tmp_path, account, app, maxDequeueCount=1) as host:
        settle(host)

    assert notes.seen.all() == seen
    assert texts(work) == []


def test_a_returned_value_without_an_output_is_a_failure(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient, poison: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage):
            return "something"
        """
    work.send_message(message("x"))

    with listening(tmp_path, account, body, maxDequeueCount=1) as host:
        settle(host)

    assert texts(poison) == [message("x")]


def test_a_poison_queue_has_no_poison_queue_of_its_own(
    tmp_path: Path, account: Account, notes: Notes
) -> None:
    poisoned = account.a_queue("work-poison")
    poisoned.send_message(message("bad"))

    body = FAILING.replace('queue_name="work"', 'queue_name="work-poison"')
    with listening(tmp_path, account, body, maxDequeueCount=1) as host:
        settle(host)

    assert notes.seen.all() == [1]
    assert texts(poisoned) == []
    assert poisoned.get_queue_properties().approximate_message_count == 1


def test_a_poisoned_message_reaches_the_function_of_its_poison_queue(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            raise ValueError("no")

        @app.queue_trigger(arg_name="message", queue_name="work-poison", connection="Storage")
        def bury(message: func.QueueMessage) -> None:
            seen.append(message.get_body().decode())
        """

    with listening(tmp_path, account, body) as host:
        settle(host)
        work.send_message(message("bad"))
        settle(host)

    assert notes.seen.all() == ["bad"]


def test_a_storage_that_is_down_does_not_stop_the_host(tmp_path: Path, notes: Notes) -> None:
    body = (
        NOTING
        + """
    @app.route()
    def one(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("up")

    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    def hourly(timer: func.TimerRequest) -> None:
        pass
    """
    )
    nowhere = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
        "QueueEndpoint=http://127.0.0.1:9/a;BlobEndpoint=http://127.0.0.1:9/a;"
    )
    settings = {"AzureWebJobsStorage": nowhere, "Storage": nowhere}

    with running(an_app(tmp_path, body), settings=settings) as host:
        assert get(f"{host.url}/api/one").text == "up"


def test_a_disabled_function_does_not_listen(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    work.send_message(message("unread"))
    settings = account.settings | {"AzureWebJobs_work_Disabled": "1"}

    with running(
        an_app(tmp_path, NOTING), settings=settings, clock=held(tmp_path / "state")
    ) as host:
        settle(host)

    assert texts(work) == [message("unread")]


def test_a_message_by_hand_belongs_to_no_queue(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append((message.get_body(), message.id, message.dequeue_count))
            raise ValueError("no")
        """

    with listening(tmp_path, account, body) as host:
        answer = admin(host, "POST", "functions/work", json={"input": "by hand"})
        settle(host)

    assert answer.status_code == 202
    assert notes.seen.all() == [(b"by hand", "", 0)]


def test_a_drained_host_listens_no_more_until_it_is_resumed(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    app = an_app(tmp_path, NOTING)

    with running(app, settings=account.settings) as host:
        assert admin(host, "GET", "host/drain/status").json()["state"] == "Disabled"
        assert admin(host, "POST", "host/drain").status_code == 202
        until(lambda: admin(host, "GET", "host/drain/status").json()["state"] == "Completed")
        work.send_message(message("waits"))
        assert texts(work) == [message("waits")]
        admin(host, "POST", "host/resume")

        assert notes.seen.next() == "waits"


def test_a_host_that_ends_lets_a_running_message_finish(
    tmp_path: Path, account: Account, notes: Notes, work: QueueClient
) -> None:
    body = """
        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            seen.append("begun")
            release.wait(10)
        """
    work.send_message(message("one"))

    with listening(tmp_path, account, body) as host:
        notes.seen.next()
        host.end()
        until(lambda: not is_listening(host))
        notes.release.set()
        host.thread.join()

    assert host.status == 0
    assert work.get_queue_properties().approximate_message_count == 0


def is_listening(host: Inline) -> bool:
    try:
        return bool(get(f"{host.url}/admin/host/ping"))
    except httpx.TransportError:
        return False


def test_empty_polls_wait_ever_longer_up_to_the_longest() -> None:
    longest = timedelta(seconds=2)

    waits = [messages.idle_wait(misses, longest) for misses in range(1, 12)]

    assert waits[0] == timedelta(milliseconds=100)
    assert timedelta(milliseconds=180) <= waits[1] <= timedelta(milliseconds=220)
    assert waits[-1] == longest
    assert all(wait <= longest for wait in waits)


@pytest.mark.parametrize(
    ("queue", "poison"),
    [
        pytest.param("work", "work-poison", id="ordinary"),
        pytest.param("work-poison", None, id="already poison"),
        pytest.param("q" * 57, None, id="too long"),
    ],
)
def test_a_poison_queue_is_named_after_its_queue(queue: str, poison: str | None) -> None:
    assert messages.poison_queue(queue) == poison


def test_what_is_encoded_is_decoded_again() -> None:
    for options in (QueueOptions(base64=True), QueueOptions(base64=False)):
        assert messages.decoded(messages.encoded("caf\u00e9", options), options) == b"caf\xc3\xa9"
