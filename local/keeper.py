"""Azurite, kept so that nothing acknowledged is lost.

Azurite answers before it saves: every five seconds it writes its tables and queues to disk, and a
`kill -9` of the stack's group would take it along with up to five seconds of what it has promised.
It does save when it is asked to end. So it runs under this keeper, in a session of its own that no
signal to the group reaches; the keeper learns of its parent's end by its own standard input being
closed, asks Azurite to end, and waits for it. Until then it holds a lock in the state folder, and
the next start waits for that lock (`wait_for_release`).

The parent of a keeper keeps the other end of its standard input open and gives it a new session.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.lifeline import end_with_parent
from local.node import MAIN, NodeMissing, azurite, find_node
from local.serving import state_argument
from local.stack import Stack

LOG = "azurite.log"
_LOCK = "azurite.lock"
_LOOK_EVERY = 0.05  # seconds
_SAVING = 30.0  # seconds; 120 MB take one


def wait_for_release(state: Path, *, within: float) -> bool:
    """Wait until no keeper holds the state folder; False where one still does after so many s."""
    end = time.monotonic() + within
    with (state / _LOCK).open("ab") as file:
        while not _try_lock(file.fileno()):
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_EVERY)
    return True


def main() -> int:
    """Keep Azurite until standard input is closed or SIGTERM comes; return its exit status."""
    state = state_argument("local.keeper")
    stack = Stack.read(state)
    try:
        node = find_node()
    except NodeMissing as fault:
        return _refuse(str(fault))
    if not MAIN.exists():
        return _refuse(f"Azurite is not installed ({MAIN} is missing); run `make setup`")
    ended = _end_of_parent()
    with _held(state) as lock:
        if ended.is_set():
            return 0
        return _keep(_start(node, stack, state, lock), ended)


def _end_of_parent() -> threading.Event:
    """Return an event that is set once this process is to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # Its own session keeps Ctrl-C away; this is for a keeper that was started by hand.
    signal.signal(signal.SIGINT, lambda *_: ended.set())

    def listen() -> None:
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        ended.set()

    threading.Thread(target=listen, name="parent", daemon=True).start()
    return ended


@contextmanager
def _held(state: Path) -> Iterator[int]:
    """Hold the state folder's lock, waiting for the keeper before to let go."""
    with (state / _LOCK).open("ab") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield file.fileno()


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(node: str, stack: Stack, state: Path, lock: int) -> "subprocess.Popen[bytes]":
    ports = {"blob": stack.blob_port, "queue": stack.queue_port, "table": stack.table_port}
    # Not inherited pipes: after a kill -9 they are broken, and Azurite would die writing its
    # farewell instead of saving.
    with (state / LOG).open("ab") as log:
        return subprocess.Popen(
            [*azurite(**ports, node=node), "--location", str(state / "azurite")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(stack),
            # Azurite holds the lock too: if this keeper is killed, it is not free before the end.
            pass_fds=[lock],
            preexec_fn=end_with_parent,
        )


def _environment(stack: Stack) -> dict[str, str]:
    needed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **needed,
        "AZURITE_ACCOUNTS": f"devstoreaccount1:{stack.storage_key}",
        # Node 20 runs Azurite, but every start would say that some package asks for 22.
        "NODE_NO_WARNINGS": "1",
    }


def _keep(running: "subprocess.Popen[bytes]", ended: threading.Event) -> int:
    """Wait for the end of either; return 0 where it was ours to end."""
    while running.poll() is None:
        if ended.wait(_LOOK_EVERY):
            return _end(running)
    return _refuse(f"Azurite ended by itself with status {running.returncode}")


def _end(running: "subprocess.Popen[bytes]") -> int:
    """Let Azurite save and end."""
    running.terminate()
    try:
        running.wait(_SAVING)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
        return _refuse(f"Azurite did not end within {_SAVING:.0f} s; its last seconds are lost")
    return 0


def _refuse(why: str) -> int:
    # Whoever would read it may be gone.
    with suppress(OSError):
        print(why, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
