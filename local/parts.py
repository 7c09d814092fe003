"""The processes of a stack: how each is started, seen to answer, and ended.

A part is `python -m local.NAME --state DIR`. Whatever it prints goes to this process's standard
error, line by line with its name before; the last lines are kept, to be shown when it dies. The
keeper alone has a session of its own and a pipe to its standard input: by these it outlives a
`kill -9` of the group just long enough to save.
"""

import os
import signal
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from local.environment import app_environment
from local.lifeline import PARENT
from local.ports import answers
from local.stack import Stack, certificates

ROOT = Path(__file__).resolve().parents[1]
KEEPER, ISSUER, GITHUB, AZURE, HOST = "keeper", "issuer", "github", "azure", "host"
ALL = (KEEPER, ISSUER, GITHUB, AZURE, HOST)

_LINES = 30
_PATIENCE = 2.0  # seconds for one answer


class Part:
    """One process of the stack."""

    def __init__(self, name: str, stack: Stack, state: Path) -> None:
        """Start it."""
        self.name = name
        is_keeper = name == KEEPER
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"local.{name}", "--state", str(state)],
            cwd=ROOT,
            env=_environment(name, stack, state),
            stdin=subprocess.PIPE if is_keeper else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=is_keeper,
        )
        self._last: deque[str] = deque(maxlen=_LINES)
        self._listener = threading.Thread(target=self._listen, name=name, daemon=True)
        self._listener.start()

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def last_lines(self) -> str:
        """Return what it said last."""
        self._listener.join(1)
        return "\n".join(self._last)

    def ask_to_end(self) -> None:
        """Send SIGTERM; a keeper's standard input is closed as well."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        if self.status is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, within: float) -> bool:
        """Say whether it ended within so many seconds."""
        try:
            self._process.wait(max(within, 0.01))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it for certain; a keeper's whole session, and so Azurite, with it."""
        with suppress(ProcessLookupError):
            if self.name == KEEPER:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        output: IO[bytes] | None = self._process.stdout
        assert output is not None
        with output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                self._last.append(text)
                say(f"[{self.name}] {text}")


def say(text: str) -> None:
    """Write one line to standard error, which may be gone."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def is_ready(name: str, stack: Stack, state: Path) -> bool:
    """Say whether the part answers as it should."""
    return _PROBES[name](stack, state)


def _environment(name: str, stack: Stack, state: Path) -> Mapping[str, str]:
    mine = {**os.environ, PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    return app_environment(stack, state, caller=mine) if name == HOST else mine


def _keeper(stack: Stack, _: Path) -> bool:
    return all(answers(port) for port in (stack.blob_port, stack.queue_port, stack.table_port))


def _issuer(stack: Stack, _: Path) -> bool:
    return _is_ok(f"{stack.issuer}/discovery/v2.0/keys")


def _github(stack: Stack, _: Path) -> bool:
    return _is_ok(f"{stack.github}/_local/pulls")


def _azure(stack: Stack, state: Path) -> bool:
    authority, _, _ = certificates(state)
    return _is_ok(f"{stack.azure}/_local/clock", authority=authority)


def _host(stack: Stack, _: Path) -> bool:
    return _is_ok(f"{stack.app}/admin/host/ping")


_PROBES: Mapping[str, Callable[[Stack, Path], bool]] = {
    KEEPER: _keeper,
    ISSUER: _issuer,
    GITHUB: _github,
    AZURE: _azure,
    HOST: _host,
}


def _is_ok(url: str, *, authority: Path | None = None) -> bool:
    trust = None if authority is None else ssl.create_default_context(cafile=str(authority))
    opener = urllib.request.build_opener(
        # Whatever proxy the caller uses, 127.0.0.1 is not behind it.
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=trust),
    )
    try:
        with opener.open(url, timeout=_PATIENCE) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
