"""A stack's parts for tests: one state folder, the issuers and GitHub served in this process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from starlette.types import ASGIApp, Receive, Scope, Send

from local.azure.serving import Server
from local.clock import HeldClock, open_clock
from local.founding import found
from local.github import server as github
from local.issuer import door as issuer
from local.keys import private_key
from local.loopback import PLAIN
from local.stack import Stack, github_app_key
from tests.effort import unmeasured_threads

from .hub import Hub


@contextmanager
def serving(app, port: int) -> Iterator[None]:
    """Serve an ASGI application in a thread while the block runs."""
    settings = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", lifespan="off", ws="none"
    )
    server = Server(settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    with unmeasured_threads():
        thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield
    finally:
        server.end()
        thread.join()


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def stack(state) -> Stack:
    return found(state, port=None, held=False)


@pytest.fixture(scope="session")
def issuers(stack, state) -> Iterator[str]:
    with serving(issuer.build(stack, state), stack.issuer_port):
        yield stack.issuer


@pytest.fixture
def github_state(state: Path, tmp_path: Path) -> Path:
    """A folder with the session's keys and a GitHub that nobody has used yet."""
    for kept in state.iterdir():
        (tmp_path / kept.name).write_bytes(kept.read_bytes())
    return tmp_path


class Exchange:
    """A server's application that can be changed: starting a server for each test takes longer."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def exchange(stack: Stack) -> Iterator[Exchange]:
    exchange = Exchange()
    with serving(exchange, stack.github_port):
        yield exchange


@pytest.fixture
def github_client(stack: Stack, github_state: Path, exchange: Exchange) -> Iterator[httpx.Client]:
    exchange.app = github.build(stack, github_state, open_clock(github_state, held=False))
    headers = {"user-agent": "tests"}
    with httpx.Client(
        base_url=stack.github, headers=headers, trust_env=False, verify=PLAIN
    ) as client:
        yield client


@pytest.fixture
def held(stack: Stack, github_state: Path, exchange: Exchange, github_client: httpx.Client):
    """Have GitHub stand at an instant that the test moves; used beside `hub`."""
    clock = HeldClock(github_state / "github-clock", start=datetime(2026, 3, 1, 10, 5, tzinfo=UTC))
    exchange.app = github.build(stack, github_state, clock)
    return clock


@pytest.fixture(scope="session")
def app_key(stack: Stack, state: Path) -> RSAPrivateKey:
    return private_key(github_app_key(state))


@pytest.fixture
def hub(github_client: httpx.Client, stack: Stack, app_key: RSAPrivateKey) -> Hub:
    return Hub(github_client, stack, app_key)
