"""`python -m local up`: the whole stack as separate processes, and one line when it answers.

The order matters at both ends. At the start the host comes last, since it reads queues at once.
At the end it goes first, while all that it talks to still answers; Azurite goes last, and saves.
In between this process only watches: a host that dies is started again, as Azure would (75 says
that a function ran too long); a simulator or Azurite that dies ends the stack, since what it had
promised may be gone.
"""

import fcntl
import json
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from local import arguments
from local.arguments import Unreadable, Wanted
from local.clock import HeldClock
from local.founding import Unusable, found, ports_of
from local.keeper import LOG, wait_for_release
from local.node import MAIN, NodeMissing, find_node
from local.parts import AZURE, GITHUB, HOST, ISSUER, KEEPER, Part, is_ready, say
from local.ports import is_free
from local.stack import Stack, certificates

_LOCK = "stack.lock"
_LOOK_EVERY = 0.05  # seconds
_START_WITHIN = 60.0
_PREDECESSOR_WITHIN = 15.0  # seconds that a stack before may take to save and let go
_PORTS_WITHIN = 5.0
# Together under the ten seconds that the contract gives an end.
_HOST_ENDS_WITHIN, _SIMULATORS_END_WITHIN, _KEEPER_ENDS_WITHIN = 4.0, 1.5, 4.0
# Seconds before a host that dies again, soon after it was started, gets another try.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_TOO_LONG = 75


class StartFailed(Exception):
    """The stack did not come up; the text says which part, and what it said last."""


class Stopped(Exception):
    """Somebody asked for the end."""


def main(words: Sequence[str]) -> int:
    """Run the stack to its end and return the exit status: 2 for bad settings, 1 for a fault."""
    try:
        wanted = _checked(words)
    except Unreadable as refusal:
        for fault in refusal.faults:
            say(f"error: {fault}")
        say(f"usage: {arguments.USAGE}")
        return 2
    asked_to_end = _asked_to_end()
    with ExitStack() as held:
        state = wanted.state or held.enter_context(_scratch())
        try:
            held.enter_context(_alone(state))
            stack = _founded(wanted, state)
        except Unusable as fault:
            say(f"error: {fault}")
            return 2
        return _run(stack, state, asked_to_end)


def _checked(words: Sequence[str]) -> Wanted:
    """Return what is asked; raise Unreadable with what is wrong with it, and with this machine."""
    faults: list[str] = []
    wanted = Wanted()
    try:
        wanted = arguments.read(words)
    except Unreadable as refusal:
        faults.extend(refusal.faults)
    try:
        find_node()
    except NodeMissing as fault:
        faults.append(str(fault))
    if not MAIN.exists():
        faults.append("Azurite is not installed; run `make setup`")
    if faults:
        raise Unreadable(faults)
    return wanted


def _asked_to_end() -> threading.Event:
    """Return an event that SIGTERM, Ctrl-C, or the end of the terminal sets."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    return asked


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tesoro-stack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process, once the stack before has let go of it."""
    with (state / _LOCK).open("ab") as file:
        end = time.monotonic() + _PREDECESSOR_WITHIN
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > end:
                raise Unusable(f"another stack runs on {state}; end it, or give another --state")
            time.sleep(_LOOK_EVERY)
        if not wait_for_release(state, within=_PREDECESSOR_WITHIN):
            raise Unusable(f"Azurite of the stack before still saves into {state}; try again")
        yield


def _founded(wanted: Wanted, state: Path) -> Stack:
    """Return the stack of the folder, with its ports free and its clock set."""
    stack = found(state, port=wanted.port, held=wanted.held)
    end = time.monotonic() + _PORTS_WITHIN
    while taken := {name: port for name, port in ports_of(stack).items() if not is_free(port)}:
        if time.monotonic() > end:
            what = ", ".join(f"{port} ({name})" for name, port in taken.items())
            raise Unusable(
                f"somebody else listens on port {what} of 127.0.0.1; end that program, or give"
                " another --port or --state"
            )
        time.sleep(_LOOK_EVERY)
    if stack.held:
        HeldClock(state / "clock", start=wanted.start)
    return stack


def _run(stack: Stack, state: Path, asked_to_end: threading.Event) -> int:
    running = Running(stack, state, asked_to_end)
    status = 0
    try:
        running.start()
        _announce(stack, state)
        running.watch()
    except Stopped:
        pass
    except StartFailed as fault:
        say(f"error: {fault}")
        status = 1
    finally:
        running.end()
    return status


def _announce(stack: Stack, state: Path) -> None:
    """Print the one line that programs wait for."""
    authority, _, _ = certificates(state)
    line = {
        "ready": True,
        "app": stack.app,
        "azure": stack.azure,
        "github": stack.github,
        "issuer": stack.issuer,
        "ca": str(authority),
        "storage": stack.storage,
        "webhook_secret": stack.webhook_secret,
        "alerts_key": stack.alerts_key,
        "master_key": stack.master_key,
    }
    with suppress(BrokenPipeError):
        print(json.dumps(line), flush=True)


class Running:
    """The parts that run."""

    def __init__(self, stack: Stack, state: Path, asked_to_end: threading.Event) -> None:
        """Start nothing yet."""
        self._stack, self._state, self._asked_to_end = stack, state, asked_to_end
        self._parts: dict[str, Part] = {}
        self._deaths, self._started = 0, 0.0

    def start(self) -> None:
        """Start every part and return when all answer; raises StartFailed or Stopped."""
        for name in (KEEPER, AZURE, ISSUER, GITHUB):
            self._start(name)
        self._until_ready(KEEPER, AZURE, ISSUER, GITHUB)
        self._start(HOST)
        self._until_ready(HOST)

    def watch(self) -> None:
        """Keep the host running until the end is asked for (Stopped), or another part dies."""
        while True:
            self._pause(_LOOK_EVERY)
            self._demand_alive(but=HOST)
            if self._parts[HOST].status is not None:
                self._revive_host(self._parts[HOST].status)

    def end(self) -> None:
        """End every part: the host, then what it talks to, then Azurite, which saves."""
        self._end_all((HOST,), _HOST_ENDS_WITHIN)
        self._end_all((AZURE, GITHUB, ISSUER), _SIMULATORS_END_WITHIN)
        keeper = self._parts.get(KEEPER)
        if keeper is None:
            return
        keeper.ask_to_end()
        if not keeper.wait(_KEEPER_ENDS_WITHIN):
            # What is promised comes before the ten seconds; the next start waits for it.
            say(f"Azurite still saves into {self._state}; it ends by itself")

    def _start(self, name: str) -> None:
        self._parts[name] = Part(name, self._stack, self._state)

    def _until_ready(self, *names: str) -> None:
        end = time.monotonic() + _START_WITHIN
        waiting = list(names)
        while waiting:
            self._demand_alive()
            waiting = [name for name in waiting if not is_ready(name, self._stack, self._state)]
            if waiting and time.monotonic() > end:
                raise StartFailed(
                    f"no answer from {', '.join(waiting)} after {_START_WITHIN:.0f} s"
                )
            if waiting:
                self._pause(_LOOK_EVERY)

    def _demand_alive(self, *, but: str | None = None) -> None:
        for name, part in self._parts.items():
            if name != but and part.status is not None:
                # Ctrl-C reaches the parts as soon as us: what it ended did not die.
                self._pause(0)
                said = part.last_lines() or self._azurites_log(name) or "(it said nothing)"
                raise StartFailed(f"{name} ended with status {part.status}; it said last:\n{said}")

    def _azurites_log(self, name: str) -> str:
        if name != KEEPER:
            return ""
        with suppress(OSError):
            return (self._state / LOG).read_text(errors="replace")[-2000:]
        return ""

    def _revive_host(self, status: int | None) -> None:
        lived = time.monotonic() - self._started
        self._deaths = 0 if lived > _LONGEST_PAUSE else self._deaths + 1
        pause = min(_FIRST_PAUSE * 2**self._deaths, _LONGEST_PAUSE) if self._deaths else 0.0
        why = "a function ran too long" if status == _TOO_LONG else f"status {status}"
        say(f"the host ended ({why}); starting it again")
        self._pause(pause)
        self._started = time.monotonic()
        self._start(HOST)

    def _pause(self, seconds: float) -> None:
        if self._asked_to_end.wait(seconds):
            raise Stopped

    def _end_all(self, names: Sequence[str], within: float) -> None:
        end = time.monotonic() + within
        parts = [self._parts[name] for name in names if name in self._parts]
        for part in parts:
            part.ask_to_end()
        for part in parts:
            if not part.wait(end - time.monotonic()):
                say(f"{part.name} did not end within {within} s; killing it")
                part.kill()
