"""App Service plans and the sites on them: what a plan costs, what a site runs on.

Recorded: every write and action answers 200 at once, a deletion 200; a plan shows its sku twice,
with the size and family that follow from its name, and the region's printed name.
"""

import re
from dataclasses import replace
from datetime import datetime

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, guid, seconds, stamp
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts
from local.azure.world import Resource, World, plain

PLANS, SITES = "Microsoft.Web/serverfarms", "Microsoft.Web/sites"
VERSIONS = (
    "2016-09-01",
    "2018-02-01",
    "2019-08-01",
    "2020-06-01",
    "2020-09-01",
    "2020-12-01",
    "2021-03-01",
    "2022-03-01",
    "2022-09-01",
    "2023-01-01",
    "2023-12-01",
    "2024-04-01",
    "2024-11-01",
    "2025-05-01",
)
SERVING_AFTER = 20.0  # seconds from a start, or from a plan's change, to the first answer
# Tier and the most instances by the name of a size.
_TIERS: dict[str, tuple[str, int]] = {
    "F1": ("Free", 1),
    "D1": ("Shared", 1),
    "Y1": ("Dynamic", 0),
    "FC1": ("FlexConsumption", 0),
    **{f"B{n}": ("Basic", 3) for n in (1, 2, 3)},
    **{f"S{n}": ("Standard", 10) for n in (1, 2, 3)},
    **{f"P{n}v2": ("PremiumV2", 30) for n in (1, 2, 3)},
    "P0v3": ("Premium0V3", 30),
    **{f"P{n}v3": ("PremiumV3", 30) for n in (1, 2, 3)},
    **{f"EP{n}": ("ElasticPremium", 100) for n in (1, 2, 3)},
}
_NAMES = {name.lower(): name for name in _TIERS}
_ALWAYS_ON = {"Free", "Shared", "Dynamic", "FlexConsumption"}  # tiers that cannot have it


class Plans(Behaviour):
    """App Service plans."""

    def check(self, write: Write) -> None:
        """Refuse a size that is not offered, and more instances than its tier has."""
        sku = _sku(write)
        tier, most = _TIERS[sku["name"]]
        count = sku["capacity"]
        if most and not 1 <= count <= most:
            raise _bad(f"The parameter SKU.Capacity must be from 1 to {most} for tier {tier}.")
        if tier in _ALWAYS_ON and any(_wants_always_on(s) for s in _sites(write.world, write.id)):
            raise Refusal(
                409,
                "Conflict",
                f"Cannot change to tier {tier}: a site on the plan has AlwaysOn enabled.",
            )

    def shape(self, write: Write) -> Json:
        """Return the body with the whole sku."""
        given: Json = plain(write.body.get("properties") or {})
        linux = "linux" in str(write.body.get("kind") or "") or bool(given.get("reserved"))
        kept = {
            "perSiteScaling": bool(given.get("perSiteScaling")),
            "zoneRedundant": bool(given.get("zoneRedundant")),
            "reserved": linux,
        }
        kind = write.body.get("kind") or ("linux" if linux else "app")
        return {**write.body, "kind": kind, "sku": _sku(write), "properties": kept}

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
        told = {
            "serverFarmId": int(guid("plan", resource.id)[:4], 16),
            "name": resource.name,
            "status": "Ready",
            "computeMode": "Shared" if sku["tier"] in {"Free", "Shared"} else "Dedicated",
            "numberOfWorkers": count,
            "currentNumberOfWorkers": count,
            "maximumNumberOfWorkers": _TIERS[sku["name"]][1],
            "geoRegion": places.shown(str(body["location"])),
            "elasticScaleEnabled": sku["tier"] == "ElasticPremium",
            "isSpot": False,
        }
        body["properties"] = {**told, **body["properties"]}
        body["location"] = places.shown(str(body["location"]))
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


class Sites(Behaviour):
    """Web apps and function apps."""

    def check(self, write: Write) -> None:
        """Refuse a site whose name is taken, or whose plan is not there."""
        taken = Refusal(
            409, "Conflict", f"Website with given name {write.id.name} already exists."
        )
        facts.check_free(write, taken)
        plan = plan_of(write.world, write.body)
        if plan is None:
            given = (write.body.get("properties") or {}).get("serverFarmId")
            raise Refusal(404, "NotFound", f"Cannot find ServerFarm with name {given}.")
        tier = plan.body["sku"]["tier"]
        if _wants_always_on(write.body) and tier in _ALWAYS_ON:
            raise Refusal(
                409, "Conflict", f"There was a conflict. AlwaysOn cannot be set for tier {tier}."
            )

    def shape(self, write: Write) -> Json:
        """Return the body without settings, which are read by a call of their own."""
        body: Json = plain(write.body)
        given = body.setdefault("properties", {})
        for name in ("state", "defaultHostName", "hostNames", "enabledHostNames"):
            given.pop(name, None)
        config = given.get("siteConfig") or {}
        given["siteConfig"] = {k: v for k, v in config.items() if k != "appSettings"}
        body["kind"] = body.get("kind") or "app"
        return body

    def state(self, write: Write) -> Json:
        """Return whether the site runs, since when, and its settings."""
        now = write.call.now.isoformat()
        state: Json = {"running": True, "since": now, "settings": {}}
        if write.current is not None:
            state = dict(write.current.state)
        config = (write.body.get("properties") or {}).get("siteConfig") or {}
        rows = config.get("appSettings") or []
        return {
            **state,
            "settings": {**state["settings"], **{r["name"]: r["value"] for r in rows}},
        }

    def seeded(self, write: Write) -> Json:
        """Return the memory of a site that has run for long, or is stopped if the seed says so."""
        running = (write.body.get("properties") or {}).get("state") != "Stopped"
        since = (write.call.now - seconds(86_400)).isoformat()
        return {**self.state(write), "running": running, "since": since}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the site as recorded."""
        body = super().shown(resource, view)
        host = hostname(resource)
        told = {
            "name": resource.name,
            "state": "Running" if resource.state["running"] else "Stopped",
            "hostNames": [host],
            "defaultHostName": host,
            "enabledHostNames": [host, f"{resource.name}.scm.azurewebsites.net"],
            "enabled": True,
            "usageState": "Normal",
            "availabilityState": "Normal",
            "lastModifiedTimeUtc": stamp(resource.changed, 6),
        }
        body["properties"] = {**told, **body["properties"]}
        body["location"] = places.shown(str(body["location"]))
        return body


def hostname(site: Resource) -> str:
    """Return the host name that a site always has."""
    return f"{site.name.lower()}.azurewebsites.net"


def plan_of(world: World, body: Json) -> Resource | None:
    """Return the plan that a site's body names."""
    found = world.find(str((body.get("properties") or {}).get("serverFarmId") or ""))
    return found if found is not None and found.type == PLANS else None


def is_up(world: World, site: Resource, now: datetime) -> bool:
    """Tell whether the site answers: it was started, and its plan has settled."""
    plan = plan_of(world, site.body)
    if plan is None or not site.state["running"]:
        return False
    since = max(datetime.fromisoformat(r.state["since"]) for r in (plan, site))
    return now >= since + seconds(SERVING_AFTER)


def start(use: Use) -> Answer:
    """Start the site."""
    return _turn(use, running=True)


def stop(use: Use) -> Answer:
    """Stop the site; its plan goes on costing."""
    return _turn(use, running=False)


def restart(use: Use) -> Answer:
    """Start the site anew."""
    state = {**use.resource.state, "since": use.call.now.isoformat()}
    use.world.save(replace(use.resource, state=state, changed=use.call.now))
    return Answer(status=200)


def settings(use: Use) -> Answer:
    """List the site's settings with what they hold."""
    found = use.resource
    body = {
        "id": f"{found.id}/config/appsettings",
        "name": "appsettings",
        "type": f"{SITES}/config",
        "location": places.shown(str(found.body["location"])),
        "properties": dict(found.state["settings"]),
    }
    return Answer(status=200, body=body)


def _turn(use: Use, *, running: bool) -> Answer:
    item = use.resource
    if item.state["running"] != running:
        state = {**item.state, "running": running, "since": use.call.now.isoformat()}
        use.world.save(replace(item, state=state, changed=use.call.now))
    return Answer(status=200)


def _sku(write: Write) -> Json:
    given = write.body.get("sku") or {}
    if not given.get("name") and write.current is not None:
        given = write.current.body["sku"]
    name = _NAMES.get(str(given.get("name") or "").lower())
    if name is None:
        raise _bad(f"The parameter SKU.Name has an invalid value: '{given.get('name')}'.")
    tier, _ = _TIERS[name]
    said = given.get("tier")
    if said and str(said).lower() != tier.lower():
        raise _bad(f"The parameter SKU.Tier is '{said}', and {name} is of tier {tier}.")
    count = given.get("capacity")
    if count is None:
        count = 0 if tier in {"Dynamic", "FlexConsumption"} else 1
    if not isinstance(count, int) or isinstance(count, bool):
        raise _bad("The parameter SKU.Capacity must be a number.")
    family = re.sub(r"^([A-Z]+)\d+", r"\1", name)
    return {"name": name, "tier": tier, "size": name, "family": family, "capacity": count}


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def _sites(world: World, plan: object) -> list[Json]:
    wanted = str(plan).lower()
    return [
        site.body
        for site in world.all_of(SITES)
        if str(site.body["properties"].get("serverFarmId", "")).lower() == wanted
    ]


def _wants_always_on(body: Json) -> bool:
    config = (body.get("properties") or {}).get("siteConfig") or {}
    return bool(config.get("alwaysOn"))


ROWS = (
    ResourceType(
        name=PLANS,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9-]{1,60}"),
        top_level=frozenset({"sku", "kind", "extendedLocation"}),
        created_status=200,
        group_delete=30.0,
        behaviour=Plans(),
    ),
    ResourceType(
        name=SITES,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?"),
        top_level=frozenset({"kind", "identity", "extendedLocation"}),
        provisioning=False,
        created_status=200,
        actions={
            ("POST", "start"): start,
            ("POST", "stop"): stop,
            ("POST", "restart"): restart,
            ("POST", "config/list"): settings,
        },
        behaviour=Sites(),
    ),
)
