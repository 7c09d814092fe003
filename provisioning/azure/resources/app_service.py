"""App Service plans, which cost whether their sites run or not: scaled down, and back.

https://learn.microsoft.com/azure/app-service/overview-hosting-plans
"""

import json
from collections.abc import Mapping

from provisioning.azure.resources.sleeper import Body, Layer, Move, Patch, Seen, Sleeper

PLANS, SITES = "Microsoft.Web/serverfarms", "Microsoft.Web/sites"
API = "2023-12-01"
ASLEEP = {"name": "B1", "tier": "Basic", "size": "B1", "family": "B", "capacity": 1}
_SCALED = ("Basic", "Standard", "PremiumV2", "Premium0V3", "PremiumV3", "PremiumV4")


def observe(body: Body) -> Seen:
    """Return how the plan stands.

    One that costs by use, or next to nothing, does not sleep; nor does one that spans zones, which
    the Basic tier cannot.
    """
    sku = body.get("sku") or {}
    name, count = str(sku.get("name")), int(sku.get("capacity") or 0)
    words = f"{name} x {count}"
    properties = body.get("properties") or {}
    if sku.get("tier") not in _SCALED or properties.get("zoneRedundant"):
        return Seen(awake=None, words=words)
    if properties.get("provisioningState") == "InProgress":
        return Seen(awake=None, words=words, moving=True)
    return Seen(awake=(name, count) != (ASLEEP["name"], ASLEEP["capacity"]), words=words)


def capture(body: Body) -> Mapping[str, str]:
    """Return the plan's sku, whole."""
    sku = body["sku"]
    return {"size": str(sku["name"]), "count": str(sku["capacity"]), "sku": json.dumps(dict(sku))}


def start(was: Mapping[str, str]) -> Move:
    """Return the request that gives the plan its sku back."""
    return Patch({"sku": json.loads(was["sku"])})


SLEEPER = Sleeper(
    type=PLANS,
    api=API,
    layer=Layer.APPS,
    observe=observe,
    capture=capture,
    stop=Patch({"sku": ASLEEP}),
    start=start,
)


def is_stopped(body: Body) -> bool:
    """Say whether somebody stopped the site; we never do."""
    return (body.get("properties") or {}).get("state") == "Stopped"


def host(body: Body) -> str | None:
    """Return the host name that a site answers under."""
    found = (body.get("properties") or {}).get("defaultHostName")
    return None if found is None else str(found)
