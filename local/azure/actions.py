"""Actions that take time: begun on a resource that is not busy, remembered until their end."""

from dataclasses import replace

from local.azure import groups, operations
from local.azure.arm import Answer, Json
from local.azure.ids import resource
from local.azure.table import Lro, Use


def begun(use: Use, lro: Lro, state: Json, *, provisioning: str | None = None) -> Answer:
    """Begin work on the resource, keep what it is doing in `state`, and say where to look.

    `provisioning` is what the resource shows meanwhile; None leaves it as it is.
    """
    item = use.resource
    if item.busy:
        raise use.type.behaviour.busy(item)
    operation = use.world.begin(
        kind="action",
        resource=item.id,
        lro=lro,
        call=use.call,
        place=str(item.body.get("location") or groups.place(use.world, resource(item.id))),
        namespace=use.type.namespace,
    )
    use.world.save(
        replace(
            item,
            busy=operation.id,
            provisioning=provisioning or item.provisioning,
            state=state,
            changed=use.call.now,
        )
    )
    headers = operations.headers(operation, lro, use.call)
    return Answer(status=lro.status, body=operations.announced(operation, lro), headers=headers)
