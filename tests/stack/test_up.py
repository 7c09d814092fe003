"""The whole stack, started as a program starts it: one line, and an end that loses nothing."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from azure.data.tables import TableServiceClient

from local.loopback import PLAIN
from local.parts import ROOT

from .waiting import until

START = "2026-03-01T08:00:00+00:00"
PROMISED = {
    "ready",
    "app",
    "azure",
    "github",
    "issuer",
    "ca",
    "storage",
    "webhook_secret",
    "alerts_key",
    "master_key",
}


class Up:
    """One `python -m local up` in a group of its own; what it says on standard error is kept."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.said = folder / f"stderr-{time.monotonic_ns()}"
        environment = {**os.environ, "TMPDIR": str(folder)}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local", "up", *words],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first, self.said.read_text()
        self.line = json.loads(first)

    def end(self, number: int) -> int:
        """Signal it, wait, and return its status; nothing more may stand on its output."""
        os.kill(self.process.pid, number)
        return self.ended()

    def ended(self) -> int:
        status = self.process.wait(15)
        assert self.process.stdout is not None
        with self.process.stdout as rest:
            assert rest.read() == b""
        return status

    def kill_9(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def processes(of: Path) -> dict[int, str]:
    """Return the command lines, by id, that speak of a folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(of) in words:
                found[int(entry.parent.name)] = words
    return found


def part_of(folder: Path, name: str) -> int:
    return next(pid for pid, words in processes(folder).items() if f"local.{name} " in words)


@pytest.fixture
def started(tmp_path):
    """Start stacks whose scratch folders lie in `tmp_path`; none outlives the test."""
    running = []

    def start(*words):
        running.append(Up(tmp_path, *words))
        return running[-1]

    yield start
    for up in running:
        up.kill_9()
    until(lambda: not processes(tmp_path), "every process is gone")


def is_up(up) -> bool:
    with suppress(httpx.HTTPError):
        ping = httpx.get(f"{up.line['app']}/admin/host/ping", trust_env=False, verify=PLAIN)
        return ping.status_code == 200
    return False


def test_a_stack_says_one_line_and_a_second_start_finds_everything(started, tmp_path):
    state = tmp_path / "state"
    first = started("--state", str(state), "--port", "0", "--clock", f"held={START}")

    assert set(first.line) == PROMISED
    assert first.line["ready"] is True
    trust = ssl.create_default_context(cafile=first.line["ca"])
    with httpx.Client(verify=trust, trust_env=False) as client:
        clock = client.get(f"{first.line['azure']}/_local/clock").json()
        assert datetime.fromisoformat(clock["now"]) == datetime.fromisoformat(START)
        order = {"oid": "user-1", "roles": ["reader"]}
        token = client.post(f"{first.line['issuer']}/_local/token", json=order).json()
        bearer = {"authorization": f"Bearer {token['access_token']}"}
        listed = client.get(f"{first.line['app']}/api/environments", headers=bearer)
        assert listed.status_code == 200, listed.text
        client.put(f"{first.line['github']}/_local/pulls", json=[{"number": 7}])
    with TableServiceClient.from_connection_string(first.line["storage"]) as tables:
        table = tables.create_table("promised")
        for number in range(20):
            table.create_entity({"PartitionKey": "p", "RowKey": str(number)})

    first.kill_9()
    second = started("--state", str(state))

    assert second.line == first.line
    with TableServiceClient.from_connection_string(second.line["storage"]) as tables:
        assert len(list(tables.get_table_client("promised").list_entities())) == 20
    pulls = httpx.get(
        f"{second.line['github']}/_local/pulls", trust_env=False, verify=PLAIN
    ).json()
    assert [one["number"] for one in pulls] == [7]

    begun = time.monotonic()
    assert second.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10
    assert processes(state) == {}
    assert state.exists()


def test_a_dead_host_is_started_again_and_a_dead_simulator_ends_the_stack(started, tmp_path):
    up = started()
    scratch = Path(up.line["ca"]).parent

    os.kill(part_of(scratch, "host"), signal.SIGKILL)
    until(lambda: "starting it again" in up.said.read_text(), "the death is noted")
    until(lambda: is_up(up), "the host answers again", within=20)

    os.kill(part_of(scratch, "github"), signal.SIGKILL)
    assert up.ended() == 1
    assert "github ended" in up.said.read_text()
    assert processes(scratch) == {}
    assert not scratch.exists()


def test_parts_end_when_only_their_parent_is_killed(started, tmp_path):
    up = started()
    scratch = Path(up.line["ca"]).parent

    up.process.kill()

    until(lambda: not processes(scratch), "every part ends by itself", within=15)
