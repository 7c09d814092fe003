"""What a virtual machine and its network interface are refused for."""

import re
from dataclasses import replace

from local.azure.arm import Answer, Json, Refusal, gateway
from local.azure.table import Use, Write
from local.azure.world import Resource

_M_SERIES = re.compile(r"Standard_M\d", re.IGNORECASE)


def check_accelerated(given: Json) -> None:
    """Refuse a write accelerator on a size that has none: only the M series does."""
    size = str((given.get("hardwareProfile") or {}).get("vmSize"))
    disk = (given.get("storageProfile") or {}).get("osDisk") or {}
    if disk.get("writeAcceleratorEnabled") and not _M_SERIES.match(size):
        why = f"VM size {size} is not supported on disks with Write Accelerator enabled."
        raise Refusal(400, "InvalidParameter", why, target="writeAcceleratorEnabled")


def check_priority(before: Json, given: Json) -> None:
    """Refuse to make a machine of another priority out of one."""
    old = before.get("priority") or "Regular"
    if (given.get("priority") or old) != old:
        raise Refusal(
            409,
            "PropertyChangeNotAllowed",
            "Changing property 'priority' is not allowed.",
            target="priority",
        )


def check_billing(before: Json, given: Json, machine: Resource) -> None:
    """Refuse to change what a machine may cost while it holds its place."""
    changed = (given.get("billingProfile") or {}) != (before.get("billingProfile") or {})
    if changed and machine.state.get("power") != "deallocated":
        why = "Billing Profile change is not allowed"
        detail = f"{why} when the VM '{machine.name}' is allocated. Deallocate it and try again."
        details: list[Json] = [
            {"code": "OperationNotAllowed", "message": detail, "target": machine.name}
        ]
        raise Refusal(409, "OperationNotAllowed", f"{why}.", details=details)


def check_plan(plan: Json) -> None:
    """Refuse an offer: nobody sells any here."""
    if plan:
        raise gateway(
            400,
            "ResourcePurchaseValidationFailed",
            "User failed validation to purchase resources. Error message: 'Offer with PublisherId:"
            f" {plan.get('publisher')} and OfferId: {plan.get('product')} not found.'",
        )


def evict(use: Use) -> Answer:
    """Let Azure want the machine's place back: only a spot machine's may be."""
    given = use.resource.body.get("properties") or {}
    if given.get("priority") not in {"Spot", "Low"}:
        why = "Operation 'simulateEviction' is allowed only for Spot Virtual Machines"
        raise Refusal(409, "OperationNotAllowed", why)
    state = {**use.resource.state, "power": "deallocated"}
    use.world.save(replace(use.resource, state=state, changed=use.call.now))
    return Answer(status=204)


def check_pools(write: Write, rows: list[Json], row: Json) -> None:
    """Refuse a second address in a gateway's pool: only the first can be."""
    given = row.get("properties") or {}
    first = given.get("primary", row is rows[0])
    if given.get("applicationGatewayBackendAddressPools") and not first:
        raise Refusal(
            400,
            "ApplicationGatewayLoadBalancingNotSupportedOnSecondaryIpConfigurations",
            f"Network Interface with Id: {write.id} has a secondary IpConfigurations"
            f" {row.get('name')} is using ApplicationGatewayAddressPools. ApplicationGateway"
            " loadbalancing is not supported for secondary IpConfigurations.",
            details=[],
        )
