"""What is expected of every queue, held against each keeper."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from provisioning.errors import TransientError
from provisioning.queue import AzureQueue, MemoryQueue, Queue
from provisioning.store.connection import Connection
from tests.unit.server import Answer, serving

from .conftest import ACCOUNT, Cutter, connection_to

A_MINUTE = timedelta(minutes=1)
LEFT = b"""<?xml version="1.0"?><QueueMessagesList><QueueMessage><MessageId>m</MessageId>
<PopReceipt>r</PopReceipt></QueueMessage></QueueMessagesList>"""


def test_what_was_left_is_seen_and_stays(queue: Queue, name: str):
    queue.send(name, "first")
    queue.send(name, "second")

    assert queue.peek(name, 32) == ["first", "second"]
    assert queue.peek(name, 32) == ["first", "second"]


@pytest.mark.parametrize(
    "text", ["{}", '{"target": "pr-7"}', "ñ 漢字 🦙", "<&>", "  ", "x" * 30_000]
)
def test_text_comes_back_as_it_was(text: str, queue: Queue, name: str):
    queue.send(name, text)

    assert queue.peek(name, 1) == [text]


def test_a_queue_that_was_never_used_is_empty(queue: Queue, name: str):
    assert queue.peek(name, 32) == []


def test_one_queue_does_not_show_anothers_messages(queue: Queue, name: str):
    queue.send(name, "mine")
    queue.send(f"{name}-poison", "other")

    assert queue.peek(name, 32) == ["mine"]


def test_no_more_is_shown_than_was_asked_for(queue: Queue, name: str):
    for number in range(5):
        queue.send(name, str(number))

    assert len(queue.peek(name, 3)) == 3


def test_what_is_for_later_is_not_seen_yet(queue: Queue, name: str):
    queue.send(name, "later", after=A_MINUTE)
    queue.send(name, "now")

    assert queue.peek(name, 32) == ["now"]


# What only Azure's keeper has


def raw(storage: Connection, name: str) -> Any:
    """Return the SDK's own client of a queue, which decodes nothing."""
    from azure.storage.queue import QueueServiceClient

    return storage.client(QueueServiceClient, "queue").get_queue_client(name)


def test_messages_travel_as_the_host_expects_them(storage: Connection, name: str):
    AzureQueue(storage).send(name, '{"id": "ñ"}')

    (message,) = raw(storage, name).receive_messages()

    assert base64.b64decode(message.content, validate=True).decode("utf-8") == '{"id": "ñ"}'


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        pytest.param(timedelta(seconds=30), 30, id="whole"),
        pytest.param(timedelta(seconds=29.2), 30, id="rounded up"),
        pytest.param(timedelta(minutes=1), 60, id="a minute"),
        pytest.param(timedelta(days=6), 518_400, id="days"),
    ],
)
def test_a_delay_is_kept_to_the_second(delay: timedelta, seconds: int):
    with serving() as server:
        xml = {"Content-Type": "application/xml"}
        server.on(
            f"POST /{ACCOUNT}/operations/messages", Answer(status=201, body=LEFT, headers=xml)
        )
        port = int(server.url.rsplit(":", 1)[1])

        AzureQueue(connection_to(port, port, port)).send("operations", "later", after=delay)

    (asked,) = server.asked
    assert f"visibilitytimeout={seconds}" in asked.path.split("?")[1].split("&")


def test_a_message_for_later_becomes_visible_later(storage: Connection, name: str):
    client = raw(storage, name)
    AzureQueue(storage).send(name, "later", after=timedelta(minutes=10))

    properties = client.get_queue_properties()

    assert properties.approximate_message_count == 1
    assert client.peek_messages() == []


def test_what_others_left_is_shown_as_it_is(storage: Connection, name: str):
    AzureQueue(storage).send(name, "ours")
    raw(storage, name).send_message("not base64!")

    assert AzureQueue(storage).peek(name, 32) == ["ours", "not base64!"]


WORK = pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda q: q.send("operations", "x"), id="send"),
        pytest.param(lambda q: q.peek("operations", 1), id="peek"),
    ],
)


@WORK
def test_silence_is_worth_another_try(work: Callable[[Queue], object], nowhere: Connection):
    with pytest.raises(TransientError) as caught:
        work(AzureQueue(nowhere))

    assert caught.value.code == "storage_unavailable"


@WORK
def test_a_failure_is_known_at_once_because_nothing_is_tried_again(
    work: Callable[[Queue], object], cutter: Cutter
):
    with pytest.raises(TransientError):
        work(AzureQueue(cutter.connection))

    assert cutter.asked == 1


# What only the memory keeper has


def test_the_memory_queue_keeps_the_delay_for_whoever_drives_it():
    queue = MemoryQueue()

    queue.send("operations", "later", after=A_MINUTE)

    assert [(m.queue, m.text, m.after) for m in queue.messages] == [
        ("operations", "later", A_MINUTE)
    ]
