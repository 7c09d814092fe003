"""Clients that die at a chosen moment: before or after the nth thing they do to the world.

`Killed` is no Exception, as the end of a process is none: nothing may catch it and tidy up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from provisioning.azure.client import Azure
from provisioning.forge import Forge
from provisioning.queue import MemoryQueue
from provisioning.services import Services
from provisioning.store.memory import MemoryTable
from tests.town import Town


class Killed(BaseException):
    """The process is gone."""


class Peril:
    """Counts what is done to the world, and kills at one of those moments.

    Moments come in pairs: 2n is just before the nth deed, 2n + 1 just after it.
    """

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.moments = 0
        self.deeds: list[str] = []

    def before(self, deed: str) -> None:
        """Pass the moment before a deed, or die."""
        self.deeds.append(deed)
        self._pass()

    def after(self) -> None:
        """Pass the moment after a deed, or die."""
        self._pass()

    def _pass(self) -> None:
        moment, self.moments = self.moments, self.moments + 1
        if moment == self.at:
            raise Killed(self.deeds[-1])


class Perilous:
    """Another object, each of whose named methods is a deed."""

    def __init__(self, inner: Any, peril: Peril, names: tuple[str, ...]) -> None:
        self._inner, self._peril, self._names = inner, peril, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def deed(*args: Any, **given: Any) -> Any:
            self._peril.before(f"{type(self._inner).__name__}.{name}")
            done = found(*args, **given)
            self._peril.after()
            return done

        return deed


class PerilousCalls(SansIOHTTPPolicy[Any, Any]):
    """Every call on Azure is a deed, the reads as well."""

    def __init__(self, peril: Peril) -> None:
        self._peril = peril

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Pass the moment before the call."""
        self._peril.before(f"{request.http_request.method} {request.http_request.url}")

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Pass the moment after the answer came."""
        self._peril.after()


class PerilousForge(Forge):
    """Every call on GitHub is a deed."""

    peril: Peril

    def _call(self, method: str, path: str, body: Any, token: str) -> Any:
        self.peril.before(f"{method} {path}")
        done = super()._call(method, path, body, token)
        self.peril.after()
        return done


def imperil(services: Services, peril: Peril, azure: Azure, forge: PerilousForge) -> Services:
    """Return the services with every write and every call outside in peril."""
    forge.peril = peril
    writes = ("insert", "replace", "delete", "transact")
    return replace(
        services,
        table=Perilous(services.table, peril, writes),
        deliveries=Perilous(services.deliveries, peril, writes),
        alerts=Perilous(services.alerts, peril, writes),
        queue=Perilous(services.queue, peril, ("send",)),
        azure=azure,
        urgent=azure,
        forge=forge,
    )


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
    forge = PerilousForge(settings.github_url, settings.github_app_id, settings.github_key)
    fresh = replace(
        calm,
        table=MemoryTable(),
        deliveries=MemoryTable(),
        alerts=MemoryTable(),
        queue=MemoryQueue(),
    )
    town.queue = fresh.queue  # type: ignore[assignment]
    town.services = imperil(fresh, peril, azure, forge)
    try:
        yield
    finally:
        azure.close()
        forge.close()
        town.services = calm
