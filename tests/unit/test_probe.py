"""Does an environment answer? On a real socket."""

import threading
from contextlib import suppress
from typing import Any

import pytest

from provisioning.probe import Health, Probe

from .server import Answer, Server


@pytest.fixture
def probe() -> Probe:
    """Ask as the control plane does, but wait for a quarter of a second at most."""
    return Probe(longest=0.25)


@pytest.mark.parametrize(
    ("body", "seed"),
    [
        pytest.param({"seed": "abc"}, "abc", id="a seed"),
        pytest.param({"status": "ok"}, None, id="no seed"),
        pytest.param({"seed": 7}, None, id="a number"),
        pytest.param(["seed"], None, id="a list"),
        pytest.param(b"ok", None, id="text"),
        pytest.param(b"\xff", None, id="not UTF-8"),
        pytest.param(b"[" * 50_000, None, id="open brackets"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_an_answer_is_well_and_may_name_its_seed(
    body: Any, seed: str | None, probe: Probe, server: Server
):
    server.on("GET /health", Answer(body=body))

    assert probe.health(f"{server.url}/health") == Health(True, "it answers 200", seed)


@pytest.mark.parametrize("status", [201, 204, 404, 500, 503])
def test_any_other_status_is_not_well(status: int, probe: Probe, server: Server):
    server.on("GET /health", Answer(status=status, body=b""))

    assert probe.health(f"{server.url}/health") == Health(False, f"it answers {status}")


def test_a_redirect_is_not_followed(probe: Probe, server: Server):
    server.on("GET /health", Answer(status=302, headers={"Location": f"{server.url}/secret"}))
    server.on("GET /secret", Answer(body={"seed": "abc"}))

    found = probe.health(f"{server.url}/health")

    assert found == Health(False, "it answers 302")
    assert server.calls("GET /secret") == []


def test_a_huge_answer_is_not_read_to_its_end(probe: Probe, server: Server):
    sent = []

    def pour(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(1000):
                handler.wfile.write(b"x" * 65_536)
                sent.append(1)

    server.on("GET /health", pour)

    found = probe.health(f"{server.url}/health")

    assert found == Health(False, "it answered more than 65536 bytes")
    assert len(sent) < 1000


def test_silence_is_an_answer_too(probe: Probe, server: Server):
    enough = threading.Event()
    server.on("GET /health", lambda _: enough.wait(5))

    found = probe.health(f"{server.url}/health")

    enough.set()
    assert found == Health(False, "it does not answer in 0.25 s")


def test_an_answer_that_drips_is_not_waited_for(probe: Probe, server: Server):
    enough = threading.Event()

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not enough.wait(0.05):
                handler.wfile.write(b"x")

    server.on("GET /health", drip)

    found = probe.health(f"{server.url}/health")

    enough.set()
    assert found == Health(False, "it does not answer in 0.25 s")


def test_headers_that_drip_are_not_waited_for(probe: Probe, server: Server):
    enough = threading.Event()

    def drip(handler: Any) -> None:
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not enough.wait(0.05):
                handler.wfile.write(b"X-A: b\r\n")

    server.on("GET /health", drip)

    found = probe.health(f"{server.url}/health")

    enough.set()
    assert found == Health(False, "it does not answer in 0.25 s")


def test_nobody_there_is_not_well(probe: Probe):
    found = probe.health("http://127.0.0.1:9/health")

    assert found == Health(False, "it does not answer (ConnectionRefusedError)")


def test_a_cut_answer_is_not_well(probe: Probe, server: Server):
    server.on("GET /health", lambda handler: handler.connection.close())

    found = probe.health(f"{server.url}/health")

    assert not found.is_well
    assert found.because.startswith("it does not answer")


@pytest.mark.parametrize("url", ["http://", "ftp://host/", "http://[::1", "http://x:99999/", "no"])
def test_an_address_that_is_none_is_not_well(url: str, probe: Probe):
    assert not probe.health(url).is_well
