"""`python -m local.host` as its parent sees it: how it starts, and every way it ends."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Stack

from .builders import Account, an_app, get, held, message, queues, until

_ROOT = Path(__file__).parents[2]
ECHO = """
    @app.route(auth_level="FUNCTION")
    def receive_alert(req: func.HttpRequest) -> func.HttpResponse:
        logging.info("hello")
        return func.HttpResponse("received")
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A host in a process of its own."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def is_up(self) -> bool:
        try:
            return get(f"{self.url}/admin/host/ping").status_code == 200
        except httpx.TransportError:
            return False


def a_stack(*, held: bool = False) -> Stack:
    """Return a stack in which only the host's port and keys mean anything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    blank: dict[Any, Any] = {str: "", int: 0, bool: False}
    fields = {field.name: blank[field.type] for field in dataclasses.fields(Stack)}
    known = {"held": held, "app_port": port, "master_key": "master", "alerts_key": "alerts"}
    return Stack(**(fields | known))


@contextmanager
def started(
    tmp_path: Path,
    app: Path,
    *,
    stack: Stack | None = None,
    through: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Started]:
    """Start the host as the stack does; `through` is a command that starts it in turn."""
    given = stack or a_stack()
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    given.write(state)
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [
                *(*through, sys.executable, "-m", "local.host"),
                *("--state", str(state), "--app", str(app)),
            ],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{_ROOT}"} | dict(settings or {}),
            stderr=stream,
        )
        try:
            yield Started(process=process, url=given.app, log=log)
        finally:
            process.kill()
            process.wait()


def test_it_serves_with_the_keys_of_its_stack_and_ends_when_told_to(tmp_path: Path) -> None:
    with started(tmp_path, an_app(tmp_path / "app", ECHO)) as host:
        until(host.is_up)
        url = f"{host.url}/api/receive_alert?code="
        answers = [get(url + key).status_code for key in ("alerts", "master", "wrong")]
        host.process.send_signal(signal.SIGTERM)

        assert host.process.wait(10) == 0

    assert answers == [200, 200, 401]
    lines = host.log.read_text().splitlines()
    assert sum("receive_alert succeeded in" in line and "GET" in line for line in lines) == 2
    assert not any("code=" in line or "alerts" in line for line in lines)


def test_keys_may_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/host-keys.json").write_text(
        '{"master": "m", "functions": {"Receive_Alert": "f"}, "host": {"default": "h"}}'
    )
    with started(tmp_path, an_app(tmp_path / "app", ECHO)) as host:
        until(host.is_up)
        url = f"{host.url}/api/receive_alert?code="
        answers = [get(url + key).status_code for key in ("m", "f", "h", "alerts")]

    assert answers == [200, 200, 200, 401]


def test_a_run_beyond_function_timeout_fails_everything_and_asks_for_a_restart(
    tmp_path: Path, account: Account
) -> None:
    body = """
        import time

        @app.route()
        def hang(req: func.HttpRequest) -> func.HttpResponse:
            time.sleep(20)
            return func.HttpResponse("")

        @app.queue_trigger(arg_name="message", queue_name="work", connection="Storage")
        def work(message: func.QueueMessage) -> None:
            time.sleep(20)
        """
    work = account.a_queue("work")
    work.send_message(message("caught up in it"))
    app = an_app(tmp_path / "app", body, extensions=queues(), functionTimeout="00:00:00.700")

    with started(tmp_path, app, settings=account.settings) as host:
        until(host.is_up)
        answer = get(f"{host.url}/api/hang", timeout=10)

        assert host.process.wait(10) == 75

    assert (answer.status_code, answer.content) == (500, b"")
    assert "TIMEOUT" in host.log.read_text()
    (released,) = work.peek_messages()
    assert released.dequeue_count == 1


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    app = an_app(tmp_path / "app", ECHO)

    with started(tmp_path, app, through=(sys.executable, "-c", parent)) as host:
        until(host.is_up)
        host.process.kill()

        until(lambda: not host.is_up())


def test_a_start_that_azure_refuses_is_status_1(tmp_path: Path) -> None:
    app = an_app(tmp_path / "app", ECHO, version="1.0")

    with started(tmp_path, app) as host:
        assert host.process.wait(10) == 1

    assert "version is '1.0'" in host.log.read_text()


@pytest.mark.parametrize("is_held", [True, False])
def test_the_control_plane_is_given_the_clock_where_it_is_held(
    tmp_path: Path, is_held: bool
) -> None:
    package = tmp_path / "provisioning"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "app.py").write_text(
        "clock = None\ndef use_clock(given):\n    globals()['clock'] = given"
    )
    body = """
        from provisioning import app as control

        @app.route()
        def now(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(control.clock and control.clock.now().isoformat() or "real")
        """
    clock = held(tmp_path / "state")

    app = an_app(tmp_path / "app", body)
    with started(tmp_path, app, stack=a_stack(held=is_held)) as host:
        until(host.is_up)
        said = get(f"{host.url}/api/now").text

    assert said == (clock.now().isoformat() if is_held else "real")
