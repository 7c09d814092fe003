"""Application gateways: minutes to make, minutes to stop and to start.

Recorded: a PUT answers 201 with the gateway Updating and Stopped, a stop or a start 202 with no
body and both addresses; a status document holds the status alone. The parts of a gateway are in
`gatewayshape`.
"""

from collections.abc import Callable
from dataclasses import replace

from local.azure import operations
from local.azure.arm import Answer, Json, guid
from local.azure.era import ERA
from local.azure.table import Action, Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, gatewayhealth, gatewayshape
from local.azure.types.gatewayshape import TYPE
from local.azure.world import Operation, Resource, World, plain

VERSIONS = (
    "2018-04-01",
    "2019-04-01",
    "2019-09-01",
    "2019-11-01",
    "2020-05-01",
    "2020-08-01",
    "2020-11-01",
    "2021-02-01",
    "2021-05-01",
    "2022-01-01",
    "2022-05-01",
    "2022-07-01",
    "2023-09-01",
    "2023-11-01",
    "2024-01-01",
    "2024-03-01",
    "2024-05-01",
)
SKUS = {"Standard_v2": "Standard_v2", "WAF_v2": "WAF_v2", "Basic": "Basic"}
FIRST = {
    **{f"Standard_{size}": "Standard" for size in ("Small", "Medium", "Large")},
    **{f"WAF_{size}": "WAF" for size in ("Medium", "Large")},
}  # of the first generation, which nobody could make after
LAST_OF_FIRST = "2024-08"
STARTED, STOPPED, DROPPED = 300.0, 110.0, 120.0
MOST_CAPACITY = 125
SIZED = "2022-07-01"  # since when a sku tells its family
READ_ONLY = ("operationalState", "provisioningState", "resourceGuid")
_LATER = Lro(
    takes=STARTED,
    status=202,
    header="both",
    segment="operations",
    retry_after=10,
    document="status",
)


class Gateways(Behaviour):
    """Application gateways of the second generation, and of the first while there were any."""

    def check(self, write: Write) -> None:
        """Refuse a gateway without size or parts, and names that lead nowhere."""
        given = write.body.get("properties") or {}
        sku = given.get("sku") or {}
        wrong = gatewayshape.invalid("The gateway's sku is missing or not offered.")
        offered = SKUS if ERA.get() > LAST_OF_FIRST else {**SKUS, **FIRST}
        facts.check_choice(sku.get("name", ""), offered, wrong)
        facts.check_choice(sku.get("tier"), (offered[sku["name"]],), wrong)
        scale = given.get("autoscaleConfiguration") or {}
        if sku.get("capacity") is None and scale.get("minCapacity") is None:
            raise gatewayshape.invalid("The gateway needs a capacity or an autoscale range.")
        size = gatewayshape.invalid(f"The capacity must be from 1 to {MOST_CAPACITY}.")
        facts.check_range(sku.get("capacity"), 1, MOST_CAPACITY, size)
        facts.check_range(scale.get("minCapacity"), 0, MOST_CAPACITY, size)
        facts.check_range(scale.get("maxCapacity"), 2, MOST_CAPACITY, size)
        gatewayshape.check(write, str(write.id))
        for rule in given["requestRoutingRules"]:
            why = f"The rule '{rule['name']}' needs a priority from 1 to 20000."
            needed = None if write.seeding or write.call.version < "2021-08-01" else 0
            priority = (rule.get("properties") or {}).get("priority", needed)
            facts.check_range(priority, 1, 20000, gatewayshape.invalid(why))

    def shape(self, write: Write) -> Json:
        """Return the body with its parts in their common form."""
        body = facts.without(write.body, READ_ONLY)
        body.pop("etag", None)
        body["properties"] = gatewayshape.shape(body["properties"])
        sku = body["properties"]["sku"]
        tier = {**SKUS, **FIRST}.get(sku["name"], sku["name"])
        body["properties"]["sku"] = {"tier": tier, "family": "Generation_1", **sku}
        return body

    def state(self, write: Write) -> Json:
        """Return whether the gateway runs; a new one does once it is made."""
        return dict(write.current.state) if write.current else {"power": "Stopped", "doing": "new"}

    def seeded(self, write: Write) -> Json:
        """Return the memory of a gateway that runs, unless the seed says otherwise."""
        said = facts.named(write.body, READ_ONLY).get("operationalState")
        return {"power": "Stopped" if said == "Stopped" else "Running"}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the gateway as recorded."""
        tag = gatewayshape.tag(resource)
        state = "Updating" if resource.busy else str(resource.provisioning)
        state = "Deleting" if resource.provisioning == "Deleting" else state
        given = plain(resource.body["properties"])
        told = {
            "provisioningState": state,
            "resourceGuid": guid("gateway", resource.id),
            "operationalState": _power(resource),
            "privateEndpointConnections": [],
            **given,
            **gatewayshape.shown(resource, tag, state, view.version),
        }
        for name in gatewayshape.unknown_to(resource, view.version):
            told.pop(name, None)
        if view.version < SIZED:
            told["sku"].pop("family", None)
        body = {**plain(resource.body), "properties": told}
        head = {"name": resource.name, "id": resource.id, "etag": tag, "type": resource.type}
        return {**head, **body}

    def result(self, world: World, resource: Resource, operation: Operation) -> Json | None:
        """Return how the backends are, where that was asked."""
        return gatewayhealth.told(world, resource) if operation.kind == "reading" else None

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the gateway after its work; what failed leaves it as it was."""
        state = dict(resource.state)
        doing, well = state.pop("doing", None), operation.outcome == "Succeeded"
        if well and doing is not None:
            state["power"] = "Stopped" if doing == "Stopping" else "Running"
        return replace(resource, provisioning=operation.outcome, busy=None, state=state)


def _power(item: Resource) -> str:
    doing = item.state.get("doing")
    return str(doing if item.busy and doing in {"Starting", "Stopping"} else item.state["power"])


def _turn(doing: str, takes: float) -> Action:
    def act(use: Use) -> Answer:
        """Start or stop the gateway; doing it again is harmless."""
        item = use.resource
        if item.busy:
            raise use.type.behaviour.busy(item)
        already = {"Starting": "Running", "Stopping": "Stopped"}[doing] == item.state["power"]
        document = "status properties?" if use.call.version >= "2019-11-01" else "status"
        lro = replace(_LATER, takes=1.0 if already else takes, document=document)
        operation = use.world.begin(
            kind="action",
            resource=item.id,
            lro=lro,
            call=use.call,
            place=item.body["location"],
            namespace=use.type.namespace,
        )
        state = {**item.state, "doing": doing}
        use.world.save(replace(item, busy=operation.id, state=state, changed=use.call.now))
        return Answer(status=202, headers=operations.headers(operation, lro, use.call))

    return act


start: Callable[[Use], Answer] = _turn("Starting", STARTED)
stop: Callable[[Use], Answer] = _turn("Stopping", STOPPED)

ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    top_level=frozenset({"zones", "identity", "etag"}),
    group_delete=DROPPED,
    actions={
        ("POST", "start"): start,
        ("POST", "stop"): stop,
        ("POST", "backendhealth"): gatewayhealth.ask,
    },
    behaviour=Gateways(),
)
