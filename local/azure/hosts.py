"""What answers under the host name of a container app or a site: its page, its health, or Azure.

A stopped container app is a 404 of the front end, a stopped site a 403; both take a while from a
start to their first answer. A service is not well while the PostgreSQL server of its group does
not run: it needs its data.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from local.azure.ids import resource
from local.azure.types import containerapps, postgres, postgresclock, revisions, sites
from local.azure.world import Resource, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How a host answers: whose it is, with which status and words, and which version serves."""

    name: str
    status: int
    word: str
    version: str = ""


def answering(world: World, host: str, now: datetime) -> Answering | None:
    """Return how the host answers at `now`; None where no app or site has that name."""
    for app in world.all_of(containerapps.TYPE):
        if f"{app.name}.{app.state['domain']}".lower() == host:
            return _with_data(world, app, now, _app(app, now))
    for site in world.all_of(sites.TYPE):
        if sites.hostname(site) == host:
            return _with_data(world, site, now, _site(world, site, now))
    return None


def _app(app: Resource, now: datetime) -> Answering:
    if app.state["stopped"]:
        return Answering(name=app.name, status=404, word="Container App Unavailable")
    if not containerapps.is_up(app, now):
        return Answering(name=app.name, status=503, word="starting")
    serving = revisions.serving(app, now)
    if serving is None:
        return Answering(name=app.name, status=503, word="unhealthy")
    image = str(serving["template"]["containers"][0]["image"])
    return Answering(name=app.name, status=200, word="ok", version=image.rpartition(":")[2])


def _site(world: World, site: Resource, now: datetime) -> Answering:
    if not site.state["running"]:
        return Answering(name=site.name, status=403, word="Site Disabled")
    if not sites.is_up(world, site, now):
        return Answering(name=site.name, status=503, word="starting")
    return Answering(name=site.name, status=200, word="ok")


def _with_data(world: World, item: Resource, now: datetime, found: Answering) -> Answering:
    if found.status != 200:
        return found
    group = resource(item.id).group
    for server in world.inside(str(group).lower()):
        if server.type == postgres.TYPE and postgresclock.condition(server, now) != "Ready":
            return replace(found, status=503, word="its database does not answer")
    return found
