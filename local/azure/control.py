"""The simulator's own calls, under `/_local`: what tests and the local stack order and look at.

They need no token, draw from no bucket and are never faulted. A bad body is a 400 that names the
field, so that a typing error in a test is not a silent one.
"""

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.azure import access, documents, faults, images, seeding
from local.azure.arm import stamp
from local.azure.calls import Calls
from local.azure.inputs import bad, json_of
from local.azure.monitor import clockmove
from local.azure.monitor import control as monitor
from local.azure.monitor.courier import Courier
from local.azure.world import World
from local.loopback import PLAIN
from local.stack import Stack


def routes(world: World, calls: Calls, courier: Courier, stack: Stack | None) -> list[BaseRoute]:
    """Return the routes; without a stack there is no host that could move the clock."""
    control = _Control(world, calls, courier, stack)
    return [
        *monitor.routes(world, courier),
        Route("/_local/calls", control.calls, methods=["GET", "DELETE"]),
        Route("/_local/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_local/images", control.images, methods=["GET", "PUT", "DELETE"]),
        Route("/_local/resources", control.resources, methods=["GET", "PUT"]),
        Route(
            "/_local/registrations/{namespace}", control.registration, methods=["PUT", "DELETE"]
        ),
        Route("/_local/documents", control.documents, methods=["GET", "PUT", "DELETE"]),
        Route("/_local/access", control.access, methods=["GET", "POST"]),
        Route("/_local/clock", control.clock, methods=["GET", "POST"]),
        Route("/_local/{rest:path}", control.unknown, methods=["GET", "PUT", "POST", "DELETE"]),
    ]


class _Control:
    def __init__(self, world: World, calls: Calls, courier: Courier, stack: Stack | None) -> None:
        self._world, self._calls, self._courier, self._stack = world, calls, courier, stack

    async def calls(self, request: Request) -> Response:
        """List or forget the calls."""
        if request.method == "GET":
            return JSONResponse(self._calls.rows())
        self._calls.clear()
        return self._done()

    async def faults(self, request: Request) -> Response:
        """Order a fault, list the open ones, or clear them."""
        match request.method:
            case "POST":
                try:
                    self._world.faults.add(faults.read(await json_of(request)))
                except ValueError as error:
                    return bad(str(error))
            case "DELETE":
                self._world.faults.clear()
            case _:
                shown = [
                    {name: getattr(row, name) for name in faults.Fault.__dataclass_fields__}
                    for row in self._world.faults.open()
                ]
                return JSONResponse(shown)
        return self._done()

    async def images(self, request: Request) -> Response:
        """Say how images behave."""
        match request.method:
            case "GET":
                return JSONResponse(self._world.notes.get("images", []))
            case "DELETE":
                self._world.note("images", None)
            case _:
                try:
                    self._world.note("images", images.read(await json_of(request)))
                except ValueError as error:
                    return bad(str(error))
        return self._done()

    async def documents(self, request: Request) -> Response:
        """Say what texts are at which addresses."""
        match request.method:
            case "GET":
                return JSONResponse(self._world.notes.get(documents.NOTE, {}))
            case "DELETE":
                self._world.note(documents.NOTE, None)
            case _:
                try:
                    self._world.note(documents.NOTE, documents.read(await json_of(request)))
                except ValueError as error:
                    return bad(str(error))
        return self._done()

    async def resources(self, request: Request) -> Response:
        """List everything there is, or put things there as if they had always been."""
        now = self._world.clock.now()
        self._world.settle(now)
        if request.method == "GET":
            self._world.commit()
            return JSONResponse(seeding.everything(self._world, now))
        try:
            count = seeding.seed(self._world, await json_of(request), now=now)
        except ValueError as error:
            return bad(str(error))
        self._world.commit()
        return JSONResponse({"seeded": count})

    async def registration(self, request: Request) -> Response:
        """Register a provider, or take its registration away."""
        namespace = request.path_params["namespace"]
        if namespace.lower() not in self._world.table.namespaces:
            return bad(f"namespace: '{namespace}' is not in the table")
        state = "Registered" if request.method == "PUT" else "NotRegistered"
        self._world.register(namespace, state, self._world.clock.now())
        return self._done()

    async def access(self, request: Request) -> Response:
        """Give a caller roles, or tell which were given."""
        if request.method == "GET":
            return JSONResponse(self._world.notes.get(access.NOTE, {}))
        try:
            access.give(self._world, access.read(await json_of(request)))
        except ValueError as error:
            return bad(str(error))
        return self._done()

    async def clock(self, request: Request) -> Response:
        """Tell the time; moving it is the host's work, who knows when nothing runs."""
        if request.method == "GET":
            return JSONResponse({"now": stamp(self._world.clock.now(), 6)})
        if self._stack is None or not self._stack.held:
            message = "The clock is real: it cannot be moved."
            return JSONResponse({"error": {"code": "ClockIsReal", "message": message}}, 409)
        headers = {"x-functions-key": self._stack.master_key, "content-type": "application/json"}
        url = f"{self._stack.app}/_local/clock"
        async with httpx.AsyncClient(timeout=None, trust_env=False, verify=PLAIN) as client:

            async def ask(body: bytes) -> httpx.Response:
                return await client.post(url, content=body, headers=headers)

            try:
                answer = await clockmove.move(
                    await request.body(), ask=ask, clock=self._world.clock, courier=self._courier
                )
            except httpx.HTTPError as error:
                message = f"The host at {url} does not answer: {error!r}."
                return JSONResponse(
                    {"error": {"code": "HostUnreachable", "message": message}}, 502
                )
        kind = answer.headers.get("content-type", "application/json")
        return Response(answer.content, answer.status_code, media_type=kind)

    async def unknown(self, request: Request) -> Response:
        """Refuse what is not one of these."""
        message = f"'{request.url.path}' is not one of the simulator's own calls."
        return JSONResponse({"error": {"code": "NotFound", "message": message}}, 404)

    def _done(self) -> Response:
        self._world.commit()
        return Response(status_code=204)
