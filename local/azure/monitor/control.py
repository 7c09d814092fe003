"""`/_local/telemetry` and `/_local/alerts`: what was measured, and what fired."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.azure.arm import stamp
from local.azure.inputs import bad, json_of
from local.azure.monitor import actiongroup, alertlist, telemetry
from local.azure.monitor.courier import Courier
from local.azure.monitor.rows import Batch
from local.azure.world import World


def routes(world: World, courier: Courier) -> list[BaseRoute]:
    """Return the routes."""
    control = _Control(world, courier)
    return [
        Route("/_local/telemetry", control.telemetry, methods=["POST"]),
        Route("/_local/alerts", control.alerts, methods=["GET", "POST"]),
    ]


class _Control:
    def __init__(self, world: World, courier: Courier) -> None:
        self._world, self._courier = world, courier

    async def telemetry(self, request: Request) -> Response:
        """Keep rows of a table or points of a metric."""
        now = self._world.clock.now()
        try:
            found = telemetry.read(self._world, await json_of(request), now=now)
        except ValueError as error:
            return bad(str(error))
        if isinstance(found, Batch):
            self._world.logs.add(found, now=now, subscription=self._world.subscription)
            count = len(found.rows)
        else:
            self._world.samples.add(found)
            count = len(found.points)
        self._world.commit()
        return JSONResponse({"accepted": count})

    async def alerts(self, request: Request) -> Response:
        """Fire or resolve an alert, or tell what fired and what became of its delivery."""
        if request.method == "GET":
            return JSONResponse(self._told())
        now = self._world.clock.now()
        try:
            order = actiongroup.read(self._world, await json_of(request), now=now)
        except ValueError as error:
            return bad(str(error))
        alert = order.alert
        path = actiongroup.alert_path(self._world, alert) if alert else None
        delivery = await self._courier.post(order.body, alert=path)
        said: dict[str, Any] = {
            "alertId": path,
            "status": delivery.status,
            "tries": delivery.tries,
            "end": delivery.end,
            "due": stamp(delivery.due) if delivery.due else None,
        }
        return JSONResponse(said)

    def _told(self) -> dict[str, Any]:
        now = self._world.clock.now()
        return {
            "alerts": [
                alertlist.shown(self._world, alert) for alert in self._world.alerts.all(now=now)
            ],
            "deliveries": [one.shown() for one in self._courier.deliveries()],
        }
