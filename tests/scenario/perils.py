"""Clients that die at a chosen moment: before or after something they do to the world.

`Killed` is no Exception, as the end of a process is none: nothing may catch it and tidy up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from provisioning.azure.client import Azure
from provisioning.forge import AppConnection, Forge
from provisioning.intake import timers
from provisioning.queue import MemoryQueue
from provisioning.services import Services
from provisioning.store.memory import MemoryTable
from tests.fakes import MemoryAnchors
from tests.town import Town


class Killed(BaseException):
    """The process is gone."""


class Peril:
    """Counts the moments at which a process may die, and kills at one of them.

    A kill forgets whatever the process knew, so two moments are the same death where nothing was
    written between them and no other piece of work was begun (a kill loses the message under way).
    One of each is kept: just before the first deed of a piece of work, and just after each write.
    When `every` is asked for, both sides of each deed are moments, the reads as well.
    """

    def __init__(self, *, every: bool = False) -> None:
        self._every = every
        self.arm(None)

    def arm(self, at: int | None) -> None:
        """Begin to count anew, and kill at that moment; None lets live."""
        self.at = at
        self.moments = 0
        self.killed_at = ""
        self._is_fresh = True

    def begin(self) -> None:
        """Note that another piece of work begins."""
        self._is_fresh = True

    def before(self, deed: str) -> None:
        """Pass the moment before a deed, or die."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if is_fresh or self._every:
            self._pass(f"before {deed}")

    def after(self, deed: str, *, is_write: bool) -> None:
        """Pass the moment after a deed, or die."""
        if is_write or self._every:
            self._pass(f"after {deed}")

    def _pass(self, where: str) -> None:
        moment, self.moments = self.moments, self.moments + 1
        if moment == self.at:
            self.killed_at = where
            raise Killed(where)


class Perilous:
    """Another object, each of whose named methods is a deed."""

    def __init__(self, inner: Any, peril: Peril, names: tuple[str, ...]) -> None:
        self._inner, self._peril, self._names = inner, peril, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def deed(*args: Any, **given: Any) -> Any:
            what = f"{type(self._inner).__name__}.{name}"
            self._peril.before(what)
            done = found(*args, **given)
            self._peril.after(what, is_write=True)
            return done

        return deed


class PerilousCalls(SansIOHTTPPolicy[Any, Any]):
    """Every call on Azure is a deed, the reads as well."""

    def __init__(self, peril: Peril) -> None:
        self._peril = peril

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Pass the moment before the call."""
        self._peril.before(_told(request))

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Pass the moment after the answer came."""
        self._peril.after(_told(request), is_write=request.http_request.method != "GET")


def _told(request: PipelineRequest[Any]) -> str:
    return f"{request.http_request.method} {request.http_request.url}"


class PerilousConnection(AppConnection):
    """Every call on GitHub is a deed."""

    peril: Peril

    def forget_all(self) -> None:
        """Know nothing, as after a start."""
        self._tokens.clear()
        self._silent.clear()

    def _exchange(self, method: str, url: str, body: Any, token: str) -> Any:
        what = f"{method} {url}"
        self.peril.before(what)
        done = super()._exchange(method, url, body, token)
        self.peril.after(what, is_write=method != "GET")
        return done


def connect(town: Town, peril: Peril) -> PerilousConnection:
    """Return a connection to the town's GitHub whose calls are deeds."""
    calm = town.services.forge._connection
    made = PerilousConnection(calm._url, calm.app_id, calm._key, calm._now)
    made.peril = peril
    return made


def imperil(
    services: Services, peril: Peril, azure: Azure, connection: PerilousConnection
) -> Services:
    """Return the services, on fresh rows and queues, with all they do outside in peril."""
    writes = ("insert", "replace", "delete", "transact")
    return replace(
        services,
        table=Perilous(MemoryTable(), peril, writes),
        deliveries=Perilous(MemoryTable(), peril, writes),
        alerts=Perilous(MemoryTable(), peril, writes),
        anchors=MemoryAnchors(),  # type: ignore[arg-type]
        queue=Perilous(MemoryQueue(), peril, ("send",)),
        azure=azure,
        urgent=azure,
        forge=Forge(connection),
    )


class Hands:
    """What brings a life on: work, messages and minutes, with kills survived as the host does."""

    def __init__(self, town: Town, peril: Peril) -> None:
        self._town, self._peril = town, peril

    def survive(self, work: Callable[[], object], *, again: bool = False) -> None:
        """Do a piece of work; a kill ends it, and loses whatever message it was about."""
        self._peril.begin()
        try:
            work()
        except Killed:
            if again:
                self.survive(work)

    def settle(self) -> None:
        """Hand out messages until none is left."""
        self._town.ripen()
        while self._town.queue.messages:
            self.survive(self._town.hand_out)

    def timer(self, name: str) -> None:
        """Run a timer, and what follows."""
        self.survive(lambda: timers.run(self._town.services, name))
        self.settle()

    def minutes(self, count: int) -> None:
        """Let minutes pass."""
        for _ in range(count):
            self._town.clock.advance(60)
            self.timer("tick")


@contextmanager
def in_peril(town: Town, peril: Peril) -> Iterator[None]:
    """Have the town's services die as the peril says, on fresh rows and queues."""
    calm = town.services
    settings = calm.settings
    azure = Azure(
        settings.subscription,
        settings.resource_manager,
        calm.azure._make_credential,
        verify=calm.azure._connection["connection_verify"],
        policies=[PerilousCalls(peril)],
    )
    connection = connect(town, peril)
    services = imperil(calm, peril, azure, connection)
    town.begin_anew(services, services.queue._inner)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        azure.close()
        connection.close()
        town.services = calm
