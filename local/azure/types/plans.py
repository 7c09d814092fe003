"""App Service plans: what a plan costs, how large it is, when it has settled.

Recorded: every write answers 200 at once, a deletion 200; a plan shows its sku twice, with the
size and family that follow from its name.
"""

import re

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, guid, seconds
from local.azure.era import ERA
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.Web/serverfarms"
SITES = ("Microsoft.Web/sites", "Microsoft.Web/sites/slots")
VERSIONS = ("2016-09-01", "2025-05-01")  # the whole list is in data/web.toml
# Tier and the most instances by the name of a size.
_TIERS: dict[str, tuple[str, int]] = {
    "F1": ("Free", 1),
    "D1": ("Shared", 1),
    "Y1": ("Dynamic", 0),
    "FC1": ("FlexConsumption", 0),
    **{f"B{n}": ("Basic", 3) for n in (1, 2, 3)},
    **{f"S{n}": ("Standard", 10) for n in (1, 2, 3)},
    **{f"P{n}": ("Premium", 20) for n in (1, 2, 3)},
    **{f"P{n}v2": ("PremiumV2", 30) for n in (1, 2, 3)},
    "P0v3": ("Premium0V3", 30),
    **{f"P{n}v3": ("PremiumV3", 30) for n in (1, 2, 3)},
    **{f"EP{n}": ("ElasticPremium", 100) for n in (1, 2, 3)},
    **{f"WS{n}": ("WorkflowStandard", 100) for n in (1, 2, 3)},
}
_NAMES = {name.lower(): name for name in _TIERS}
ALWAYS_OFF = {"Free", "Shared", "Dynamic", "FlexConsumption"}  # tiers without AlwaysOn


_LAST_SLOW = "2017-12"  # the last month in which a write of a plan took time
_ELASTIC = "2021-01"  # the first month in which a plan told whether it grows by itself
_SLOW = Lro(
    takes=15,
    status=202,
    header="location",
    segment="operationresults",
    retry_after=15,
    silent=True,
)


class Plans(Behaviour):
    """App Service plans."""

    def check(self, write: Write) -> None:
        """Refuse a size that is not offered, and more instances than its tier has."""
        sku = _sku(write)
        tier, most = _TIERS[sku["name"]]
        count = sku["capacity"]
        if most and not 1 <= count <= most:
            raise bad(f"The parameter SKU.Capacity must be from 1 to {most} for tier {tier}.")
        if tier in ALWAYS_OFF and any(wants_always_on(s) for s in _sites(write.world, write.id)):
            raise Refusal(
                409,
                "Conflict",
                f"Cannot change to tier {tier}: a site on the plan has AlwaysOn enabled, which is"
                " not allowed in the target compute mode.",
            )
        if tier == "Free" and not write.seeding:
            _check_free(write)

    def shape(self, write: Write) -> Json:
        """Return the body with the whole sku."""
        given: Json = plain(write.body.get("properties") or {})
        linux = _is_linux(write.body)
        kept = {
            name: given[name]
            for name in ("perSiteScaling", "zoneRedundant", "isXenon", "hyperV")
            if given.get(name)
        }
        kept["reserved"] = linux
        kind = write.body.get("kind") or ("linux" if linux else "app")
        return {**write.body, "kind": kind, "sku": _sku(write), "properties": kept}

    def work(self, write: Write) -> Lro | None:
        """Return the work of a plan's writing, which was long before it was done at once."""
        return _SLOW if ERA.get() <= _LAST_SLOW else None

    def state(self, write: Write) -> Json:
        """Return since when the plan has its size, and a number that it is known by."""
        since = write.call.now.isoformat()
        if write.current is not None and write.current.body["sku"] == _sku(write):
            since = str(write.current.state["since"])
        return {"since": since}

    def seeded(self, write: Write) -> Json:
        """Return the memory of a plan that has had its size for long."""
        return {"since": (write.call.now - seconds(86_400)).isoformat()}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the plan as recorded."""
        body = super().shown(resource, view)
        sku, count = body["sku"], body["sku"]["capacity"]
        place, number = places.shown(str(body["location"])), int(guid("plan", resource.id)[:4], 16)
        group = resource.id.split("/")[4]
        size = "Default" if sku["tier"] not in {"Free", "Shared"} else "Small"
        told = {
            "serverFarmId": number,
            "name": resource.name,
            **({"sku": dict(sku)} if view.kind == "put" else {}),
            "status": "Ready",
            "workerSize": size,
            "currentWorkerSize": size,
            "webSpace": f"{group}-{place.replace(' ', '')}webspace",
            "resourceGroup": group,
            "kind": body["kind"],
            "mdmId": f"waws_{number}",
            "computeMode": "Shared" if sku["tier"] in {"Free", "Shared"} else "Dedicated",
            "numberOfWorkers": count,
            "currentNumberOfWorkers": count,
            "maximumNumberOfWorkers": _TIERS[sku["name"]][1],
            "geoRegion": place,
        }
        if ERA.get() >= _ELASTIC:
            told["elasticScaleEnabled"] = sku["tier"] == "ElasticPremium"
        body["properties"] = {**told, **body["properties"]}
        body["location"] = place
        return body

    def deleting(self, use: Use) -> Answer | None:
        """Refuse to delete a plan that sites run on."""
        if _sites(use.world, use.resource.id):
            raise Refusal(
                409,
                "Conflict",
                "Server farm cannot be deleted because it has web app(s) assigned to it.",
            )
        return None


def bad(message: str) -> Refusal:
    """Return how App Service refuses a value."""
    return Refusal(400, "BadRequest", message)


def of(world: World, body: Json) -> Resource | None:
    """Return the plan that a site's body names."""
    found = world.find(str((body.get("properties") or {}).get("serverFarmId") or ""))
    return found if found is not None and found.type == TYPE else None


def wants_always_on(body: Json) -> bool:
    """Tell whether a site asks never to be unloaded."""
    config = (body.get("properties") or {}).get("siteConfig") or {}
    return bool(config.get("alwaysOn"))


def _check_free(write: Write) -> None:
    """Refuse a second free plan for Linux in a region."""
    place = places.normal(str(write.body.get("location")))
    for other in write.world.all_of(TYPE) if _is_linux(write.body) else ():
        alike = other.body["sku"]["tier"] == "Free" and _is_linux(other.body)
        here = places.normal(str(other.body.get("location"))) == place
        if alike and here and other.id.lower() != write.id.key:
            raise Refusal(
                401,
                "Unauthorized",
                "This subscription has reached the limit of 1 Free Linux app service plan(s) it"
                " can create in this region. Please choose a different sku or region.",
            )


def _is_linux(body: Json) -> bool:
    given = body.get("properties") or {}
    return "linux" in str(body.get("kind") or "") or bool(given.get("reserved"))


def _sku(write: Write) -> Json:
    given = write.body.get("sku") or {}
    if not given.get("name") and write.current is not None:
        given = write.current.body["sku"]
    name = _NAMES.get(str(given.get("name") or "").lower())
    if name is None:
        raise bad(f"The parameter SKU.Name has an invalid value: '{given.get('name')}'.")
    tier, _ = _TIERS[name]
    said = given.get("tier")
    if said and str(said).lower() != tier.lower():
        raise bad(f"The parameter SKU.Tier is '{said}', and {name} is of tier {tier}.")
    count = given.get("capacity")
    if count is None:
        count = 0 if tier in {"Dynamic", "FlexConsumption"} else 1
    if not isinstance(count, int) or isinstance(count, bool):
        raise bad("The parameter SKU.Capacity must be a number.")
    family = re.sub(r"^([A-Z]+)\d+", r"\1", name)
    return {"name": name, "tier": tier, "size": name, "family": family, "capacity": count}


def _sites(world: World, plan: object) -> list[Json]:
    wanted = str(plan).lower()
    return [
        site.body
        for kind in SITES
        for site in world.all_of(kind)
        if str(site.body["properties"].get("serverFarmId", "")).lower() == wanted
    ]


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(pattern=r"[A-Za-z0-9-]{1,60}"),
    top_level=frozenset({"sku", "kind", "extendedLocation"}),
    created_status=200,
    group_delete=30.0,
    behaviour=Plans(),
)
