"""Azurite for the session, an account for each test, and the module in which apps take notes."""

import base64
import os
import socket
import subprocess
import sys
import types
from collections.abc import Iterator

import pytest

from local.node import MAIN, azurite

from .builders import Account, Notes, until


@pytest.fixture(scope="session")
def azurite_ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Run one Azurite; yield its blob and queue ports."""
    if not MAIN.exists():
        pytest.skip("Azurite is not installed: run `make setup`")
    blob, queue, table = _free_ports(3)
    process = subprocess.Popen(
        [*azurite(blob=blob, queue=queue, table=table), "--inMemoryPersistence"],
        cwd=tmp_path_factory.mktemp("azurite"),
        env=os.environ | {"AZURITE_ACCOUNTS": ";".join(f"{a}:{_KEY}" for a in _ACCOUNTS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: all(_answers(port) for port in (blob, queue)))
        yield blob, queue
    finally:
        process.terminate()
        process.wait()


_KEY = base64.b64encode(b"an account key of tests").decode()
_ACCOUNTS = [f"account{number}" for number in range(200)]
_unused = iter(_ACCOUNTS)


@pytest.fixture
def account(azurite_ports: tuple[int, int]) -> Account:
    """An account that no other test uses."""
    blob, queue = azurite_ports
    name = next(_unused)
    return Account(
        connection_string=(
            f"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{blob}/{name};"
            f"QueueEndpoint=http://127.0.0.1:{queue}/{name};"
        )
    )


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """What the functions of this test's apps see, by `from notes import seen, release`."""
    given = Notes()
    module = types.ModuleType("notes")
    module.__dict__.update(seen=given.seen, release=given.release)
    monkeypatch.setitem(sys.modules, "notes", module)
    return given


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return False
    return True
