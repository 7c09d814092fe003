"""Virtual machines: deallocated, because one that is merely stopped still costs.

https://learn.microsoft.com/azure/virtual-machines/states-billing
"""

from collections.abc import Mapping

from provisioning.azure.resources.sleeper import Act, Body, Layer, Seen, Sleeper

TYPE = "Microsoft.Compute/virtualMachines"
API = "2024-07-01"


def observe(body: Body) -> Seen:
    """Return how the machine stands; one that is stopped but not deallocated was left so."""
    view = (body.get("properties") or {}).get("instanceView") or {}
    codes = [str(s.get("code") or "") for s in view.get("statuses") or []]
    power = next((c.partition("/")[2] for c in codes if c.startswith("PowerState/")), "unknown")
    match power:
        case "running":
            return Seen(awake=True, words=power)
        case "deallocated":
            return Seen(awake=False, words=power)
        case "starting" | "stopping" | "deallocating":
            return Seen(awake=None, words=power, moving=True)
        case _:
            return Seen(awake=None, words=power)


def capture(body: Body) -> Mapping[str, str]:
    """Return the machine's size."""
    profile = (body.get("properties") or {}).get("hardwareProfile") or {}
    return {"size": str(profile.get("vmSize") or "unknown")}


SLEEPER = Sleeper(
    type=TYPE,
    api=API,
    layer=Layer.APPS,
    observe=observe,
    capture=capture,
    stop=Act("deallocate"),
    query={"$expand": "instanceView"},
)
