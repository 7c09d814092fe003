"""The keepers: memory, and Azurite where it is installed."""

import itertools
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from local.node import MAIN, azurite
from local.ports import answers, free_ports
from provisioning.queue import AzureQueue, MemoryQueue, Queue
from provisioning.store.azure import AzureTable
from provisioning.store.blobs import Blobs
from provisioning.store.connection import Connection
from provisioning.store.memory import MemoryTable
from provisioning.store.table import Table

# The account that every Azurite knows, and its published key.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_numbers = itertools.count(1)


def connection_to(blob: int, queue: int, table: int) -> Connection:
    """Return a connection to storage on these ports."""
    ports = {"Blob": blob, "Queue": queue, "Table": table}
    parts = [f"{s}Endpoint=http://127.0.0.1:{p}/{ACCOUNT}" for s, p in ports.items()]
    return Connection(
        ";".join(
            (
                "DefaultEndpointsProtocol=http",
                f"AccountName={ACCOUNT}",
                f"AccountKey={KEY}",
                *parts,
            )
        )
    )


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Run one Azurite that forgets everything, and yield how to reach it."""
    if not MAIN.exists():
        pytest.skip("Azurite is not installed: run `make setup`")
    blob, queue, table = free_ports(3)
    process = subprocess.Popen(
        [*azurite(blob=blob, queue=queue, table=table), "--inMemoryPersistence"],
        cwd=tmp_path_factory.mktemp("azurite"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    waiting = threading.Event()
    try:
        for _ in range(600):
            if all(answers(port) for port in (blob, queue, table)):
                break
            assert process.poll() is None, "Azurite ended before it answered"
            waiting.wait(0.05)
        yield connection_to(blob, queue, table)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["memory", "azure"])
def table(request: pytest.FixtureRequest) -> Table:
    """A table that nobody has used yet, of each keeper."""
    if request.param == "memory":
        return MemoryTable()
    storage = request.getfixturevalue("storage")
    return AzureTable(storage, f"table{next(_numbers)}", Blobs(storage))


@pytest.fixture(params=["memory", "azure"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """A queue service, of each keeper."""
    if request.param == "memory":
        return MemoryQueue()
    return AzureQueue(request.getfixturevalue("storage"))


@pytest.fixture
def name() -> str:
    """A name of a queue that nobody has used yet."""
    return f"queue-{next(_numbers)}"


@pytest.fixture
def nowhere() -> Connection:
    """Storage that does not answer."""
    return connection_to(*free_ports(3))


class Cutter:
    """Something that takes connections and cuts them, and counts how often it was asked."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.asked = 0
        port = listening.getsockname()[1]
        self.connection = connection_to(port, port, port)

    def run(self) -> None:
        """Cut until the socket is closed."""
        with suppress(OSError):
            while True:
                taken, _ = self._listening.accept()
                self.asked += 1
                taken.close()


@pytest.fixture
def cutter() -> Iterator[Cutter]:
    """Storage that takes connections and cuts them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cutter = Cutter(listening)
        thread = threading.Thread(target=cutter.run, daemon=True)
        thread.start()
        yield cutter
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
