"""A host inside the current process, for tests: its own loop in its own thread, on a free port.

The app's module gets a name of its own each time, so that many apps, or one many times, can be run
by one process. Everything else is the host that `python -m local.host` runs.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.clock import Clock, RealClock
from local.host.config import HostJson
from local.host.keys import Keys
from local.host.server import listen_on
from local.host.service import Host, Plan
from local.host.settings import Settings

MASTER = "master-key-of-tests"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Inline:
    """A running host. `status` is its exit status once it has ended by itself."""

    url: str
    thread: threading.Thread
    end: Callable[[], None]
    status: int | None = None


@contextmanager
def running(
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    keys: Keys | None = None,
    clock: Clock | None = None,
    prepare: Callable[[], None] = lambda: None,
    patience: float = 30.0,
    wait: bool = True,
    tune: Callable[[HostJson], HostJson] = lambda given: given,
) -> Iterator[Inline]:
    """Run the app of `folder` until the block ends; it is ready before the block, if to `wait`.

    The host knows only the settings given, not this process's environment.
    """
    plan = Plan(
        folder=folder,
        settings=Settings(settings or {}),
        keys=keys or Keys(master=MASTER),
        clock=clock or RealClock(),
        module=f"function_app_{next(_numbers)}",
        prepare=prepare,
        patience=patience,
        tune=tune,
    )
    listening = listen_on(0)
    started = threading.Event()
    host = Inline(
        url=f"http://127.0.0.1:{listening.getsockname()[1]}",
        thread=threading.Thread(target=lambda: asyncio.run(serve()), name="host"),
        end=lambda: None,
    )

    async def serve() -> None:
        service = Host(plan)
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_soon_threadsafe(service.stop)

        host.end = end
        serving = asyncio.ensure_future(service.serve(listening))
        ready = asyncio.ensure_future(service.ready.wait())
        if not wait:
            started.set()
        await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
        started.set()
        host.status = await serving
        ready.cancel()

    host.thread.start()
    started.wait()
    try:
        yield host
    finally:
        if host.thread.is_alive():
            host.end()
        host.thread.join()
        listening.close()
