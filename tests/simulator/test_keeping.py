"""What was answered survives: of a world in a file, and of a process that is killed."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.monitor.query import LogsQueryClient, LogsQueryResult

from local.azure import inline
from local.azure.certificates import ensure_certificates
from local.azure.journal import Sqlite
from local.stack import Stack

from .kit import ACI, KEYS, SCOPE, Credential, group_body, token

PATH = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/pr-7"


def _call(base: str, method: str, path: str, body: Any = None, version: str = ACI) -> Any:
    headers = {"authorization": f"Bearer {token()}"}
    address = path if path.startswith("http") else f"{base}{path}?api-version={version}"
    return requests.request(method, address, json=body, headers=headers, timeout=5)


def test_a_world_reopened_is_the_world_that_was_left(tmp_path: Path) -> None:
    clock = inline.HandClock()
    first = Sqlite(tmp_path / "azure.sqlite")
    with inline.running(keys=KEYS, clock=clock, journal=first) as running:
        group = f"{SCOPE}/resourceGroups/rg"
        _call(running.base_url, "PUT", group, {"location": "westeurope"}, "2025-04-01")
        made = _call(running.base_url, "PUT", PATH, group_body())
        poll = made.headers["azure-asyncoperation"].removeprefix(running.base_url)
    first.close()
    clock.advance(60)

    second = Sqlite(tmp_path / "azure.sqlite")
    with inline.running(keys=KEYS, clock=clock, journal=second) as running:
        found = _call(running.base_url, "GET", PATH).json()
        operation = _call(running.base_url, "GET", running.base_url + poll).json()
        calls = requests.get(f"{running.base_url}/_local/calls", timeout=5).json()
    second.close()

    assert found["properties"]["provisioningState"] == operation["status"] == "Succeeded"
    assert [call["method"] for call in calls] == ["PUT", "PUT", "GET", "GET"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    ports = {
        f"{name}_port": _free_port()
        for name in ("app", "azure", "containers", "github", "issuer", "blob", "queue", "table")
    }
    secrets = (
        "webhook_secret",
        "alerts_key",
        "master_key",
        "identity_header",
        "storage_key",
        "preview_key",
        "github_app_id",
    )
    stack = Stack(
        held=True,
        subscription=inline.SUBSCRIPTION,
        tenant=inline.TENANT,
        **ports,  # type: ignore[arg-type]
        **dict.fromkeys(secrets, "secret"),  # type: ignore[arg-type]
    )
    stack.write(tmp_path)
    microseconds = int(inline.START.timestamp()) * 1_000_000
    (tmp_path / "clock").write_bytes(struct.pack("<q", microseconds))
    ensure_certificates(tmp_path)
    return tmp_path


def _start(state: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "local.azure", "--state", str(state)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    stack = Stack.read(state)
    for _ in range(400):
        for port in (stack.azure_port, stack.containers_port):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    break
        else:
            return process
        time.sleep(0.02)
    raise AssertionError("the simulator did not start")


def test_a_killed_simulator_forgets_nothing_and_a_told_one_ends_soon(state: Path) -> None:
    stack = Stack.read(state)
    rows = [{"id": f"{SCOPE}/resourceGroups/rg", "location": "westeurope"}]
    session = requests.Session()
    session.verify = str(state / "ca.pem")
    session.trust_env = False

    process = _start(state)
    with session:
        session.put(f"{stack.azure}/_local/resources", json=rows).raise_for_status()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)
        process = _start(state)
        left = session.get(f"{stack.azure}/_local/resources").json()
        clock = session.get(f"{stack.azure}/_local/clock").json()
        host = session.post(f"{stack.azure}/_local/clock", json={"advance": "PT1H"})
    began = time.monotonic()
    process.terminate()

    assert process.wait(5) == 0
    assert time.monotonic() - began < 3
    estate = [row for row in left if "/rg-tesoro-" in row["id"].lower()]
    assert [row["name"] for row in left if row not in estate] == ["rg"]
    assert len(estate) > 60
    assert clock == {"now": "2026-11-23T09:00:00.000000Z"}
    assert host.status_code == 502


def test_telemetry_and_alerts_acknowledged_before_a_kill_are_there(
    state: Path, files: tuple[Path, Path, Path]
) -> None:
    stack = Stack.read(state)
    authority, chain, key = files
    app = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.App/containerApps/api"
    session = requests.Session()
    session.verify, session.trust_env = str(state / "ca.pem"), False

    process = _start(state)
    with session:
        for number in range(20):
            rows = [{"Name": f"GET /{number}"}, {"Name": f"PUT /{number}"}]
            body: Any = {"table": "AppRequests", "rows": rows}
            session.post(f"{stack.azure}/_local/telemetry", json=body).raise_for_status()
        alert = {"rule": "r", "resources": [app], "severity": "Sev1", "condition": "Fired"}
        said = session.post(f"{stack.azure}/_local/alerts", json=alert).json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)

    journal = Sqlite(state / "azure.sqlite")
    with (
        inline.running(keys=KEYS, journal=journal, tls=(chain, key)) as running,
        LogsQueryClient(
            Credential(),
            endpoint=f"{running.base_url}/v1",
            audience="https://api.loganalytics.io",
            connection_verify=str(authority),
        ) as client,
    ):
        found = client.query_resource(SCOPE, "AppRequests | count", timespan=None)
        alerts = running.world.alerts.all(now=running.clock.now())
    journal.close()

    assert said["tries"] == 1
    assert said["status"] is None
    assert isinstance(found, LogsQueryResult)
    assert list(found.tables[0].rows[0]) == [40]
    assert [alert.rule for alert in alerts] == ["r"]
