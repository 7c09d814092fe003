"""A whole control plane in one process, for scenarios: real services over real sockets.

The simulated Azure stands under the real SDKs, the simulated GitHub under the real client; only
the table and the queue are the memory keepers. Time is a clock moved by hand. `settle` is what the
Functions host would do: it hands out messages until none is left.
"""

import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa

from local.azure import inline
from local.azure.serving import Server
from local.founding import found
from local.github import server as github
from local.keys import new_key, private_key
from local.stack import certificates, github_app_key
from provisioning import poison, runner
from provisioning.app import WORKFLOWS
from provisioning.azure.client import Azure
from provisioning.azure.logs import Logs
from provisioning.forge import AppConnection, Forge
from provisioning.github.receive import read
from provisioning.identity import Principal, Role, Tokens
from provisioning.intake import alerts, deliveries, people, timers
from provisioning.ledger import environment
from provisioning.model import Environment
from provisioning.probe import Probe
from provisioning.queue import DELIVERIES, MemoryQueue
from provisioning.services import Services
from provisioning.settings import Issuer, Settings
from provisioning.store.connection import Connection
from provisioning.store.memory import MemoryTable
from tests.builders import START, the_catalog
from tests.effort import unmeasured, unmeasured_threads
from tests.fakes import MemoryAnchors
from tests.specifications import Held, at_hand

_LONG = timedelta(minutes=20)
SECRET = b"a secret that only tests share"
SUBSCRIPTION = inline.SUBSCRIPTION
ANYBODY = Principal(name="ines", roles=frozenset({Role.OPERATOR}))


class Credential:
    """Signs tokens as the managed identity would get them."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    def get_token(self, *scopes: str, **_: Any) -> Any:
        """Return a token for the service that the scope names."""
        from azure.core.credentials import AccessToken

        now = int(datetime.now().timestamp())  # noqa: DTZ005 - tokens end by the machine's clock
        claims = {
            "aud": scopes[0].removesuffix("/.default"),
            "iss": f"https://sts.windows.net/{inline.TENANT}/",
            "tid": inline.TENANT,
            "oid": "00000000-0000-0000-0000-00000000c0de",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + 3600,
        }
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "town"})
        return AccessToken(token, now + 3600)


class Town:
    """Services, clock, and the hands that move them."""

    def __init__(
        self,
        services: Services,
        clock: inline.HandClock,
        azure_url: str,
        ca: str,
    ) -> None:
        self.services = services
        self.clock = clock
        trust = ssl.create_default_context(cafile=ca)
        self._azure = httpx.Client(base_url=azure_url, verify=trust, timeout=20)
        self._github = httpx.Client(
            base_url=services.settings.github_url, verify=trust, timeout=20
        )
        self.queue: MemoryQueue = services.queue  # type: ignore[assignment]
        self._late: list[tuple[datetime, str, str]] = []
        self.comments = 500_000  # people have given so many ids at GitHub already

    def close(self) -> None:
        """Give back every connection."""
        for part in (self.services.azure, self.services.logs, self.services.forge):
            part.close()
        self._azure.close()
        self._github.close()

    # The world outside

    def pulls(self, *objects: dict[str, Any]) -> None:
        """Make these the pull requests that GitHub has."""
        self._github.put("/_local/pulls", json=list(objects)).raise_for_status()

    def runs(self, *objects: dict[str, Any]) -> None:
        """Make these the workflow runs that GitHub has."""
        self._github.put("/_local/runs", json=list(objects)).raise_for_status()

    def tell(self, event: str, payload: dict[str, Any]) -> None:
        """Have something happen at GitHub whose delivery is lost on its way."""
        order = {"event": event, "payload": payload, "drop": True}
        self._github.post("/_local/deliver", json=order).raise_for_status()

    def collaborators(self, **permissions: str) -> None:
        """Make these the people with permissions at GitHub, by login."""
        told = [{"login": who, "permission": may} for who, may in permissions.items()]
        self._github.put("/_local/collaborators", json=told).raise_for_status()

    def github_fault(self, **fault: Any) -> None:
        """Have GitHub go wrong."""
        self._github.post("/_local/faults", json=fault).raise_for_status()

    def github_mended(self) -> None:
        """Have GitHub be well again."""
        self._github.delete("/_local/faults").raise_for_status()

    def said(self, method: str = "POST", part: str = "") -> list[dict[str, Any]]:
        """Return what GitHub was sent."""
        found = self._github.get("/_local/requests").json()
        return [r for r in found if r["method"] == method and part in r["path"]]

    def fault(self, **fault: Any) -> None:
        """Have Azure go wrong."""
        self._azure.post("/_local/faults", json=fault).raise_for_status()

    def mended(self) -> None:
        """Have Azure be well again."""
        self._azure.delete("/_local/faults").raise_for_status()

    def images(self, *behaviours: dict[str, Any]) -> None:
        """Have images behave."""
        self._azure.put("/_local/images", json=list(behaviours)).raise_for_status()

    def resources(self) -> list[dict[str, Any]]:
        """Return everything in the simulated Azure."""
        return list(self._azure.get("/_local/resources").json())

    def seed(self, *resources: dict[str, Any]) -> None:
        """Put resources into the simulated Azure, as if built by others."""
        self._azure.put("/_local/resources", json=list(resources)).raise_for_status()

    def telemetry(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Have Log Analytics receive rows."""
        body = {"table": table, "rows": rows}
        self._azure.post("/_local/telemetry", json=body).raise_for_status()

    def list_alert(self, payload: dict[str, Any]) -> None:
        """Have Azure list an alert as its payload says."""
        self._azure.post("/_local/alerts", json={"payload": payload}).raise_for_status()

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """Return the calls on Azure."""
        found = self._azure.get("/_local/calls").json()
        return [c for c in found if method in (None, c["method"])]

    def forget_calls(self) -> None:
        """Begin the list of calls anew."""
        self._azure.delete("/_local/calls").raise_for_status()

    def begin_anew(self, services: Services, queue: MemoryQueue) -> None:
        """Forget what was said and called and is still to come, and go on with these services."""
        self.forget_calls()
        self._github.delete("/_local/requests").raise_for_status()
        self.services, self.queue, self._late = services, queue, []

    # What the host does

    def deliver(
        self, event: str, payload: dict[str, Any], identity: str | None = None
    ) -> str | None:
        """Receive a signed delivery; return why nothing follows, or None."""
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        digest = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        headers = {
            "x-hub-signature-256": f"sha256={digest}",
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": identity or hashlib.sha256(body).hexdigest()[:32],
        }
        return deliveries.receive(self.services, read(headers, body, [SECRET]))

    def settle(self) -> None:
        """Hand out every message that is visible, and what they lead to."""
        self.ripen()
        while self.queue.messages:
            self.hand_out()

    def ripen(self) -> None:
        """Make visible what was sent for later, where later has come."""
        self._late = [m for m in self._late if not self._ripe(m)]

    def hand_out(self) -> None:
        """Hand out the first message, or put it by where it is for later."""
        message = self.queue.messages.popleft()
        if message.after:
            self._late.append((self.clock.now() + message.after, message.queue, message.text))
        else:
            self.handle(message.queue, message.text)

    def handle(self, queue: str, text: str) -> None:
        """Run the function of one queue on one message."""
        if queue == DELIVERIES:
            deliveries.take(self.services, text)
        elif queue.endswith("-poison"):
            poison.keep(self.services, queue.removesuffix("-poison"), text)
        elif alerts.is_nudge(text):
            alerts.take(self.services, text)
        else:
            runner.run_one_step(text, self.services)

    def pass_time(self, duration: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
        """Let time pass minute by minute, with every timer; long times pass unmeasured."""
        if duration > _LONG:
            unmeasured(lambda: self._pass(duration, step))
        else:
            self._pass(duration, step)

    def _pass(self, duration: timedelta, step: timedelta) -> None:
        end = self.clock.now() + duration
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()).total_seconds())
            self.timers()

    def pass_minutes(self, count: int) -> None:
        """Let minutes pass in which nothing but `tick` is due."""
        for _ in range(count):
            self.clock.advance(60)
            timers.run(self.services, "tick")
            self.settle()

    def timers(self) -> None:
        """Run the timers that are due at this instant."""
        now = self.clock.now()
        timers.run(self.services, "tick")
        if now.minute % 5 == 0:
            timers.run(self.services, "power")
        if now.minute % 10 == 0:
            timers.run(self.services, "repair")
        if now.minute == 0:
            timers.run(self.services, "sweep")
            timers.run(self.services, "verify_backups")
        self.settle()

    def _ripe(self, message: tuple[datetime, str, str]) -> bool:
        due, queue, text = message
        if due > self.clock.now():
            return False
        self.queue.send(queue, text)
        return True

    # What people see

    def environment(self, name: str) -> Environment:
        """Return an environment's row."""
        found = environment(self.services.table, name)
        assert found is not None, f"{name} is not there"
        return found

    def wish(self, name: str, *, up: bool, by: Principal = ANYBODY) -> None:
        """Ask for an environment, or for its end."""
        people.grant(self.services, people.Wish(name=name, by=by, is_up=up))
        self.settle()


@contextlib.contextmanager
def a_town(folder: Path, *, furnished: bool = False, **settings: Any) -> Iterator[Town]:
    """Start the simulators, and yield a control plane that stands on them.

    One that is `furnished` has the three environments that others built. Where Azure's public
    specifications are at hand, everything that was sent is held against them in the end.
    """
    held = Held(at_hand())
    for name, content in _ground().items():
        (folder / name).write_bytes(content)
    stack = found(folder, port=None, held=True)
    ca, chain, key_file = certificates(folder)
    key = _identitys_key()
    clock = inline.HandClock(START)
    arm = inline.running(
        keys={"town": key.public_key()},
        clock=clock,
        tls=(chain, key_file),
        furnished=furnished,
        heard=held.hear,
    )
    place = _a_place()
    stack = replace(stack, github_port=place.getsockname()[1])  # what it links to must be itself
    hub = _served(github.build(stack, folder, clock), place)  # type: ignore[arg-type]
    with contextlib.ExitStack() as simulators:
        with unmeasured_threads():
            simulated = simulators.enter_context(arm)
            github_url = simulators.enter_context(hub)
        built = Settings(
            storage=Connection("unused"),
            public_url="https://control.example",
            catalog=Path("environments.toml"),
            subscription=SUBSCRIPTION,
            resource_manager=simulated.base_url,
            client_id=None,
            github_url=github_url,
            github_app_id=stack.github_app_id,
            github_key=github_app_key(folder).read_text(),
            webhook_secrets=(SECRET,),
            entra=Issuer(
                "https://entra.example", "https://entra.example/keys", "us", inline.TENANT
            ),
            actions=Issuer("https://actions.example", "https://actions.example/keys", "us"),
            logs_url=f"{simulated.base_url}/v1",
            service_url=simulated.containers_url + "/{fqdn}",
            preview_url=simulated.containers_url + "/{fqdn}",
            preview_key=b"k" * 32,
            registry_login=None,
        )
        built = replace(built, **settings)
        azure = Azure(SUBSCRIPTION, simulated.base_url, lambda: Credential(key), verify=str(ca))
        services = Services(
            settings=built,
            catalog=the_catalog(),
            clock=clock,
            table=MemoryTable(),
            deliveries=MemoryTable(),
            alerts=MemoryTable(),
            anchors=MemoryAnchors(),  # type: ignore[arg-type]
            queue=MemoryQueue(),
            azure=azure,
            urgent=azure,
            logs=Logs(built.logs_url, lambda: Credential(key), verify=str(ca)),
            forge=Forge(AppConnection(github_url, stack.github_app_id, _apps_key(), clock.now)),
            probe=Probe(),
            tokens=Tokens(built.entra, built.actions),
            workflows=WORKFLOWS,
        )
        assert urlsplit(simulated.base_url).scheme == "https"
        town = Town(services, clock, simulated.base_url, str(ca))
        yield town
        town.close()
    assert not held.broken, "\n".join(dict.fromkeys(held.broken))


# What follows is made once for all towns: keys take long to make, and to read.


@cache
def _ground() -> Mapping[str, bytes]:
    """Return the files of a founded stack."""
    with tempfile.TemporaryDirectory() as name:
        found(Path(name), port=None, held=True)
        return {file.name: file.read_bytes() for file in Path(name).iterdir()}


@cache
def _identitys_key() -> rsa.RSAPrivateKey:
    return new_key()


@cache
def _apps_key() -> Any:
    """Return the GitHub App's key as it is once read, which is as good as its text."""
    with tempfile.TemporaryDirectory() as name:
        file = github_app_key(Path(name))
        file.write_bytes(_ground()[file.name])
        return private_key(file)


def _a_place() -> socket.socket:
    """Return a bound socket; asyncio sends at once, without delay, only on one that says TCP."""
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    place.bind(("127.0.0.1", 0))
    return place


@contextlib.contextmanager
def _served(app: Any, place: socket.socket) -> Iterator[str]:
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([place],), daemon=True)
    thread.start()
    waiting = threading.Event()
    while not server.started and thread.is_alive():
        waiting.wait(0.01)
    yield f"http://127.0.0.1:{place.getsockname()[1]}"
    server.end()
    thread.join(5)
