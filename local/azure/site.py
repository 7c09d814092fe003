"""The public side of containers that "run": plain HTTP on a port of its own.

`GET /{fqdn}/` is a page, `GET /{fqdn}/health` says how the service is. A service migrates and
seeds its database after its container started; until then its health is 503. Where nothing runs
nobody answers: the connection is reset, as it is towards an address without a listener.
"""

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.azure import hosts
from local.azure.arm import Json
from local.azure.cutting import cut
from local.azure.types import containergroup, containerrun
from local.azure.world import World

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:44rem;padding:0 1rem}}
h1,code{{overflow-wrap:anywhere}}
dt{{color:#666}}dd{{margin:0 0 .8rem}}code{{background:#f3f3f3;padding:.1rem .3rem}}</style>
<h1>{title}</h1><p>Served by the simulated Azure.</p>
<dl>{rows}</dl></html>
"""


def build(world: World) -> Starlette:
    """Return the application behind the containers' port."""
    site = _Site(world)
    return Starlette(
        routes=[
            Route("/{host}", site.page),
            Route("/{host}/", site.page),
            Route("/{host}/health", site.health),
            Route("/{rest:path}", site.nothing),
        ]
    )


class _Site:
    def __init__(self, world: World) -> None:
        self._world = world

    async def page(self, request: Request) -> Response:
        """Show what the service is."""
        found = self._serving(request)
        if found is None:
            return await self._elsewhere(request, page=True)
        name, container, _ = found
        image = container["properties"]["image"]
        rows: list[tuple[str, Any]] = [
            ("Host", name),
            ("Image", image),
            ("Commit", image.rpartition(":")[2].rpartition("@")[0] or image.rpartition(":")[2]),
        ]
        for variable in container["properties"].get("environmentVariables") or []:
            secret = variable.get("secureValue") is not None
            rows.append((variable["name"], "(secret)" if secret else variable.get("value")))
        title = html.escape(container["name"])
        return HTMLResponse(_PAGE.format(title=title, rows=_listed(rows)))

    async def health(self, request: Request) -> Response:
        """Say how the service is."""
        found = self._serving(request)
        if found is None:
            return await self._elsewhere(request, page=False)
        _, container, run = found
        now = self._world.clock.now()
        since = containerrun.running(run, now)
        assert since is not None
        if now < since + run.lasting:
            return JSONResponse({"status": "seeding"}, 503)
        if run.behaviour == "unhealthy":
            return JSONResponse({"status": "unhealthy"}, 503)
        body = {
            "status": "ok",
            "seed": containergroup.variable(container, "SEED_ID"),
            "image": container["properties"]["image"],
        }
        return JSONResponse(body)

    async def nothing(self, request: Request) -> Response:
        """Answer other paths as a service without them does."""
        if self._serving(request) is None and self._answering(request) is None:
            return await cut(request)
        return JSONResponse({"status": "not found"}, 404)

    async def _elsewhere(self, request: Request, *, page: bool) -> Response:
        """Answer for a container app or a site; where there is none either, nobody answers."""
        found = self._answering(request)
        if found is None:
            return await cut(request)
        if not page or found.status != 200:
            return JSONResponse({"status": found.word, "version": found.version}, found.status)
        rows = [("Host", _host(request))] + ([("Version", found.version)] if found.version else [])
        return HTMLResponse(_PAGE.format(title=html.escape(found.name), rows=_listed(rows)))

    def _answering(self, request: Request) -> hosts.Answering | None:
        return hosts.answering(self._world, _host(request), self._world.clock.now())

    def _serving(self, request: Request) -> tuple[str, Json, containerrun.Run] | None:
        """Return the name, body and run of the container that answers, if one runs."""
        now = self._world.clock.now()
        self._world.settle(now)
        self._world.commit()
        name, _, port = request.url.path.lstrip("/").partition("/")[0].partition(":")
        for item in self._world.all_of(containergroup.TYPE):
            if containergroup.fqdn(item) == name.lower():
                found = _container(item, port, now)
                return (name, *found) if found else None
        return None


def _listed(rows: Sequence[tuple[str, Any]]) -> str:
    return "".join(
        f"<dt>{html.escape(str(key))}</dt><dd><code>{html.escape(str(value))}</code></dd>"
        for key, value in rows
    )


def _host(request: Request) -> str:
    return request.url.path.lstrip("/").partition("/")[0].partition(":")[0].lower()


def _container(item: Any, port: str, now: datetime) -> tuple[Json, containerrun.Run] | None:
    public = item.body["properties"]["ipAddress"]
    open_ports = [row["port"] for row in public["ports"]]
    wanted = int(port) if port.isdigit() else open_ports[0]
    if public["type"] != "Public" or wanted not in open_ports:
        return None
    for container, run in containergroup.containers(item):
        listed = [row["port"] for row in container["properties"]["ports"]]
        if wanted in listed and containerrun.running(run, now) is not None:
            return container, run
    return None
