"""A storage account for the bench: Azurite on free ports, in a scratch folder."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.founding import found
from local.node import MAIN
from local.ports import answers

_START_WITHIN = 60.0  # seconds
_END_WITHIN = 15.0


def is_installed() -> bool:
    """Say whether `make setup` has installed Azurite."""
    return MAIN.exists()


@contextmanager
def azurite() -> Iterator[str]:
    """Run Azurite under its keeper and yield its connection string; raises RuntimeError."""
    with tempfile.TemporaryDirectory(prefix="tesoro-bench-") as folder:
        state = Path(folder)
        stack = found(state, port=None, held=False)
        keeper = subprocess.Popen(
            [sys.executable, "-m", "local.keeper", "--state", str(state)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,  # closing it asks the keeper to end
            start_new_session=True,
        )
        try:
            _wait(keeper, (stack.blob_port, stack.queue_port, stack.table_port))
            yield stack.storage
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(_END_WITHIN)


def _wait(keeper: "subprocess.Popen[bytes]", ports: tuple[int, ...]) -> None:
    end = time.monotonic() + _START_WITHIN
    while not all(answers(port) for port in ports):
        if keeper.poll() is not None or time.monotonic() > end:
            raise RuntimeError("Azurite did not start; what it said is above")
        time.sleep(0.05)
