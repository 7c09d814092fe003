"""Web apps, function apps and their slots: what runs, since when, with which settings.

Recorded: a write answers 200 at once, but one that clones another site 202 and a `Location`; a
slot is a site below its site, and swaps what it runs with another.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, seconds, stamp
from local.azure.era import ERA
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts, plans, siteactions
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.Web/sites"
SLOTS = f"{TYPE}/slots"
_CONFIG_SHOWN = "2020-07"  # when a site began to show its configuration and its way in by FTP
SERVING_AFTER = 20.0  # seconds from a start, or from a plan's change, to the first answer
_CLONE = Lro(
    takes=40,
    status=202,
    header="location",
    segment="operationresults",
    retry_after=15,
    silent=True,
)
_UNKEPT = (
    *("state", "defaultHostName", "hostNames", "enabledHostNames", "lastModifiedTimeUtc"),
    *("repositorySiteName", "name", "cloningInfo", "hostNameSslStates"),
)


class Sites(Behaviour):
    """Web apps, function apps, and slots of either."""

    def check(self, write: Write) -> None:
        """Refuse a site whose name is taken, or whose plan is not there."""
        if not write.id.nested:
            taken = f"Website with given name {write.id.name} already exists."
            facts.check_free(write, Refusal(409, "Conflict", taken))
        plan = plans.of(write.world, _planned(write))
        given = (write.body.get("properties") or {}).get("serverFarmId")
        if plan is None and (given or not _is_serverless(write.body)):
            raise Refusal(404, "NotFound", f"Cannot find ServerFarm with name {given}.")
        if plan is not None and plan.busy:
            raise Refusal(
                409,
                "Conflict",
                "Cannot modify this site because another operation is in progress.",
            )
        tier = plan.body["sku"]["tier"] if plan is not None else "Dynamic"
        if plans.wants_always_on(write.body) and tier in plans.ALWAYS_OFF:
            raise Refusal(
                409, "Conflict", f"There was a conflict. AlwaysOn cannot be set for tier {tier}."
            )

    def shape(self, write: Write) -> Json:
        """Return the body without settings, which are read by a call of their own."""
        body = _planned(write)
        given = body.setdefault("properties", {})
        for name in _UNKEPT:
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
        found = {r["name"]: r.get("value") for r in rows if isinstance(r, dict) and "name" in r}
        return {**state, "settings": {**state["settings"], **found}}

    def seeded(self, write: Write) -> Json:
        """Return the memory of a site that has run for long, or is stopped if the seed says so."""
        running = (write.body.get("properties") or {}).get("state") != "Stopped"
        since = (write.call.now - seconds(86_400)).isoformat()
        return {**self.state(write), "running": running, "since": since}

    def work(self, write: Write) -> Lro | None:
        """Return the work of cloning another site; every other write is done at once."""
        clones = (write.body.get("properties") or {}).get("cloningInfo")
        return _CLONE if clones and write.current is None else None

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the site as recorded."""
        body: Json = plain(super().shown(resource, view))
        host, place = hostname(resource), places.shown(str(body["location"]))
        parts = resource.id.split("/")
        group, site = parts[4], parts[8]
        nested = resource.type == SLOTS
        label = f"{site}__{resource.name}" if nested else site
        space = f"{group}-{place.replace(' ', '')}webspace"
        told = {
            "name": f"{site}({resource.name})" if nested else site,
            "state": "Running" if resource.state["running"] else "Stopped",
            "hostNames": [host],
            "webSpace": space,
            "selfLink": f"https://waws.api.azurewebsites.windows.net:454/webspaces/{space}/sites/"
            f"{site}",
            "repositorySiteName": site,
            "defaultHostName": host,
            "enabledHostNames": [host, host.replace(".", ".scm.", 1)],
            "enabled": True,
            "usageState": "Normal",
            "availabilityState": "Normal",
            "hostNameSslStates": [
                {"name": host, "sslState": "Disabled", "hostType": "Standard"},
                {
                    "name": host.replace(".", ".scm.", 1),
                    "sslState": "Disabled",
                    "hostType": "Repository",
                },
            ],
            "lastModifiedTimeUtc": stamp(resource.changed, 6),
            "deploymentId": label,
            "homeStamp": "waws",
            "resourceGroup": group,
            "kind": body["kind"],
        }
        if ERA.get() >= _CONFIG_SHOWN:
            told |= {
                "ftpUsername": f"{label}\\${label}",
                "ftpsHostName": "ftps://waws.ftp.azurewebsites.windows.net/site/wwwroot",
            }
        body["properties"] = {**told, **body["properties"]}
        if ERA.get() < _CONFIG_SHOWN:
            body["properties"]["siteConfig"] = None
        body["location"] = place
        if nested:
            body["name"] = f"{site}/{resource.name}"
        return body


def hostname(site: Resource) -> str:
    """Return the host name that a site or a slot always has."""
    if site.type == SLOTS:
        return f"{site.id.split('/')[8]}-{site.name}.azurewebsites.net".lower()
    return f"{site.name.lower()}.azurewebsites.net"


def is_up(world: World, site: Resource, now: datetime) -> bool:
    """Tell whether the site answers: it was started, and its plan has settled."""
    plan = plans.of(world, site.body)
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


def _planned(write: Write) -> Json:
    """Return a body that names its plan whole; Azure takes the name alone, in the same group."""
    body: Json = plain(write.body)
    given = body.setdefault("properties", {})
    plan = given.get("serverFarmId")
    if plan is None and write.id.nested:
        above = write.world.find(write.id.parent())
        given["serverFarmId"] = above.body["properties"].get("serverFarmId") if above else None
    elif plan and "/" not in str(plan):
        group = f"/subscriptions/{write.id.subscription}/resourceGroups/{write.id.group}"
        given["serverFarmId"] = f"{group}/providers/{plans.TYPE}/{plan}"
    return body


def _is_serverless(body: Json) -> bool:
    """Tell whether a function app without a plan gets one of its own."""
    return "functionapp" in str(body.get("kind") or "")


def _turn(use: Use, *, running: bool) -> Answer:
    item = use.resource
    if item.state["running"] != running:
        state = {**item.state, "running": running, "since": use.call.now.isoformat()}
        use.world.save(replace(item, state=state, changed=use.call.now))
    return Answer(status=200)


_ACTIONS = {
    ("POST", "start"): start,
    ("POST", "stop"): stop,
    ("POST", "restart"): restart,
    **siteactions.ACTIONS,
}
ROWS = (
    ResourceType(
        name=TYPE,
        versions=plans.VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?"),
        top_level=frozenset({"kind", "identity", "extendedLocation", "systemData"}),
        provisioning=False,
        created_status=200,
        actions=_ACTIONS,
        behaviour=Sites(),
    ),
    ResourceType(
        name=SLOTS,
        versions=plans.VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?"),
        top_level=frozenset({"kind", "identity", "extendedLocation"}),
        provisioning=False,
        created_status=200,
        actions=_ACTIONS,
        behaviour=Sites(),
    ),
    siteactions.CONFIG,
    siteactions.SLOT_CONFIG,
)
