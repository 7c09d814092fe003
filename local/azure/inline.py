"""The simulator inside a test's own process: in a thread, with a clock moved by hand."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.azure import app, estate, serving, site
from local.azure.arm import Clock
from local.azure.journal import Journal, Memory
from local.azure.monitor.courier import Courier
from local.azure.tokens import Tokens
from local.azure.world import World

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
TENANT = "99999999-8888-4777-8666-555555555555"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class HandClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime = START) -> None:
        """Stand at `start`."""
        self._now = start

    def now(self) -> datetime:
        """Return the instant."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A simulator that answers: its addresses, its world, its clock."""

    base_url: str
    containers_url: str
    world: World
    clock: Any


@contextlib.contextmanager
def running(
    *,
    keys: Mapping[str, Any],
    clock: Clock | None = None,
    journal: Journal | None = None,
    tls: tuple[Path, Path] | None = None,
    alerts_to: str | None = None,
    subscription: str = SUBSCRIPTION,
    tenant: str = TENANT,
    furnished: bool = False,
    heard: app.Heard | None = None,
) -> Iterator[Running]:
    """Serve a world on free ports while the block runs; `keys` verify its tokens by `kid`.

    One that is `furnished` has the three environments of a stack's first start. `heard` is told
    of each call. Alerts are posted to the address `alerts_to`, and only listed without one.
    """
    ticking = clock or HandClock()
    world = app.make_world(ticking, journal or Memory(), subscription=subscription, tenant=tenant)
    if furnished:
        estate.found(world)
    tokens = Tokens(tenant=tenant, keys=keys)
    sockets = [_socket(), _socket()]
    courier = Courier(world, alerts_to)
    servers = [
        serving.server(app.build(world, tokens, courier=courier, heard=heard), 0, tls),
        serving.server(site.build(world), 0),
    ]
    thread = threading.Thread(target=_serve, args=(servers, sockets, courier), daemon=True)
    thread.start()
    try:
        _wait(servers, thread)
        scheme = "https" if tls else "http"
        yield Running(
            base_url=f"{scheme}://127.0.0.1:{sockets[0].getsockname()[1]}",
            containers_url=f"http://127.0.0.1:{sockets[1].getsockname()[1]}",
            world=world,
            clock=ticking,
        )
    finally:
        for one in servers:
            one.end()
        thread.join(5)


def _serve(servers: list[serving.Server], sockets: list[socket.socket], courier: Courier) -> None:
    async def both() -> None:
        pairs = zip(servers, sockets, strict=True)
        async with serving.running(courier.watch()):
            await asyncio.gather(*(one.serve(sockets=[at]) for one, at in pairs))

    asyncio.run(both())


def _socket() -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY on such sockets alone.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening


def _wait(servers: list[serving.Server], thread: threading.Thread) -> None:
    while not all(one.started for one in servers):
        if not thread.is_alive():
            raise RuntimeError("the simulator did not start")
        threading.Event().wait(0.01)
