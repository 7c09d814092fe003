"""Container apps and the environments they run in: revisions, traffic, stopped and started.

Recorded: a PUT answers 201 with the app and an `Azure-AsyncOperation`, a PATCH 202 without a body
and both addresses, a deletion 202 with `Location`; the provider writes `containerapps` in lower
case in its identifiers and the region's printed name; secrets are listed without their values. A
stop and a start answer 202 (the specification; no recording was found). What a revision is, is in
`revisions`.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import actions, bodies, places
from local.azure.arm import Answer, Json, Late, Refusal, guid, seconds
from local.azure.era import ERA
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import appchecks, revisions
from local.azure.types.revisions import invalid
from local.azure.world import Operation, Resource, World, plain

ENVIRONMENTS, TYPE = "Microsoft.App/managedEnvironments", "Microsoft.App/containerApps"
_MODES = {"Single", "Multiple", "Labels"}
_ALL_TO_LATEST: list[Json] = [{"weight": 100, "latestRevision": True}]
STOPPED, STARTED, UPDATED = 20.0, 30.0, 25.0
_PUT = Lro(
    takes=UPDATED,
    segment="containerappOperationStatuses",
    retry_after=15,
    again=0,
    document="id name status startTime",
)
_LATER = replace(
    _PUT,
    status=202,
    header="both",
    header_was="location",
    header_since="2024-07",
    retry_after=None,
    silent=True,
)
_DELETE = replace(_LATER, takes=15.0, header="location", retry_after=15, again=None)
_TURN = replace(_LATER, header="location", retry_after=10, again=None)
_NEVER_SHOWN = (
    *("runningStatus", "latestRevisionName", "latestReadyRevisionName"),
    *("latestRevisionFqdn", "eventStreamEndpoint"),
)
_WHOLE_UNTIL = "2024"  # before, the answer to a PUT was as whole as a read's


class Environments(Behaviour):
    """Managed environments: a domain, and a home for apps."""

    def shape(self, write: Write) -> Json:
        """Return the body with the workload profile every environment has."""
        body = write.body
        given = {"zoneRedundant": False, **(body.get("properties") or {})}
        return {**body, "properties": given}

    def work(self, write: Write) -> Lro | None:
        """Return the work of a write; a PATCH that changes nothing is none.

        Recorded: one that names workload profiles is worked on, whether it changes them or not.
        """
        current = write.current
        if write.call.method != "PATCH" or current is None or current.busy:
            return super().work(write)
        profiled = "workloadProfiles" in (bodies.read(write.call).get("properties") or {})
        idle = not profiled and _bare(write.body) == _bare(current.body)
        return None if idle else super().work(write)

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the environment with its domain."""
        body = super().shown(resource, view)
        body["location"] = places.shown(str(body["location"]))
        given = {
            "defaultDomain": domain(resource),
            "staticIp": "203.0.113.1",
            **body["properties"],
        }
        return {**body, "properties": given}


class Apps(Behaviour):
    """Container apps."""

    def check(self, write: Write) -> None:
        """Refuse an app without a home, a template or sound traffic."""
        given = write.body.get("properties") or {}
        check_home(write)
        appchecks.check_template(given.get("template") or {}, write.id.name)
        configuration = given.get("configuration") or {}
        mode = configuration.get("activeRevisionsMode") or "Single"
        if mode.title() not in _MODES:
            raise invalid("configuration.activeRevisionsMode", f"'{mode}' is not a mode")
        appchecks.check_secrets(configuration)
        fresh = revisions.due(write)
        known = [*revisions.revisions(write.current), *([fresh] if fresh else [])]
        if write.seeding and not write.current:
            known = _given(write)
        appchecks.check_traffic(configuration.get("ingress") or {}, known)

    def shape(self, write: Write) -> Json:
        """Return the body in the provider's form; what a secret holds is not in it."""
        body: Json = plain(write.body)
        given = body.setdefault("properties", {})
        home = _home(given)
        given["environmentId"] = given["managedEnvironmentId"] = home
        for name in (*_NEVER_SHOWN, "provisioningState", "revisions"):
            given.pop(name, None)
        configuration = given["configuration"] = given.get("configuration") or {}
        mode = configuration.get("activeRevisionsMode") or "Single"
        configuration["activeRevisionsMode"] = mode.title()
        ingress = configuration.get("ingress")
        if ingress is not None:
            ingress.pop("fqdn", None)
            for rule in ingress.get("traffic") or []:
                rule["weight"] = int(rule.get("weight") or 0)
                if rule.get("label") is None:
                    rule.pop("label", None)
            if not ingress.get("traffic"):
                ingress["traffic"] = plain(_ALL_TO_LATEST)
        if configuration.get("secrets"):
            configuration["secrets"] = [{"name": s["name"]} for s in configuration["secrets"]]
        return body

    def state(self, write: Write) -> Json:
        """Return the app's memory: its revisions, whether it is stopped, since when it runs."""
        now = write.call.now.isoformat()
        fresh = revisions.due(write)
        if write.current is None:
            home = check_home(write)
            state: Json = {
                "revisions": _given(write) if write.seeding else [fresh],
                "stopped": False,
                "since": now,
                "domain": domain(home),
                "secrets": {},
            }
        else:
            state = dict(write.current.state)
            if fresh is not None:
                state["revisions"] = [*state["revisions"], fresh]
        state["secrets"] = {**state["secrets"], **_secrets(write.body)}
        configuration = write.body["properties"].get("configuration") or {}
        state["routed"] = bool((configuration.get("ingress") or {}).get("traffic"))
        state["tenant"] = write.world.tenant
        return state

    def seeded(self, write: Write) -> Json:
        """Return the memory of an app that has run for long, with the revisions it names."""
        state = self.state(write)
        long_ago = write.call.now - seconds(86_400 * 3)
        rows = _given(write)
        return {
            **state,
            "revisions": [{**row, "created": long_ago.isoformat()} for row in rows],
            "since": long_ago.isoformat(),
            "stopped": write.body["properties"].get("runningStatus") == "Stopped",
        }

    def work(self, write: Write) -> Lro | None:
        """Return the work of a write: a PATCH answers nothing but where to look."""
        return _LATER if write.call.method == "PATCH" else _PUT

    def foreseen(self, write: Write) -> Late | None:
        """Return the failure of a new revision whose image cannot be had."""
        fresh = revisions.due(write)
        if fresh is None or fresh["behaviour"] not in {"missing", "inaccessible"}:
            return None
        return Late(
            code="ContainerAppOperationError",
            message=f"Failed to provision revision '{fresh['name']}' for container app"
            f" '{write.id.name}': its image cannot be pulled.",
        )

    def busy(self, resource: Resource) -> Refusal:
        """Return how an app refuses a second operation."""
        return Refusal(
            409,
            "ContainerAppOperationInProgress",
            f"Cannot modify a container app '{resource.name}' because there is an operation in"
            " progress.",
        )

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the app as recorded."""
        body: Json = plain(resource.body)
        given, state = body["properties"], resource.state
        known = revisions.revisions(resource)
        ready = revisions.latest_ready(resource, view.now)
        moving = bool(resource.busy) and resource.provisioning != "Deleting"
        given["provisioningState"] = "InProgress" if moving else resource.provisioning
        if view.kind != "put" or ERA.get() < _WHOLE_UNTIL:
            given["runningStatus"] = _running(resource)
            given["latestRevisionName"] = known[-1]["name"]
            given["latestReadyRevisionName"] = ready["name"] if ready else None
            open_to = given["configuration"].get("ingress")
            host = f"{known[-1]['name']}.{state['domain']}"
            given["latestRevisionFqdn"] = host if open_to else ""
        ingress = given["configuration"].get("ingress")
        if ingress is not None:
            ingress["fqdn"] = f"{resource.name}.{state['domain']}"
            unsaid = not state.get("routed") and ingress["traffic"] == _ALL_TO_LATEST
            if view.kind == "put" and unsaid:
                ingress.pop("traffic")
        shown_id = resource.id.replace("/containerApps/", "/containerapps/")
        body["location"] = places.shown(str(body["location"]))
        head = {"id": shown_id, "name": resource.name, "type": resource.type}
        if "SystemAssigned" in str((body.get("identity") or {}).get("type")):
            who = {"principalId": guid("system", resource.id), "tenantId": state.get("tenant")}
            body["identity"] = {**body["identity"], **who}
        return {"identity": {"type": "None"}, **head, **body}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the app after its work; a single-revision app lets its older ones go."""
        state = dict(resource.state)
        doing, well = state.pop("doing", None), operation.outcome == "Succeeded"
        if doing is not None and well:
            state["stopped"] = doing == "Stopping"
            state["since"] = operation.due.isoformat()
        mode = resource.body["properties"]["configuration"]["activeRevisionsMode"]
        if mode == "Single" and well and doing is None:
            *older, newest = state["revisions"]
            state["revisions"] = [*({**row, "active": False} for row in older), newest]
        outcome = operation.outcome if doing is None else "Succeeded"
        return replace(resource, provisioning=outcome, busy=None, state=state)


def _bare(value: object) -> object:
    """Return a body without nulls and without objects that hold none but such."""
    if not isinstance(value, dict):
        return value
    kept = {name: _bare(one) for name, one in value.items()}
    return {name: one for name, one in kept.items() if one not in (None, {})}


def domain(environment: Resource) -> str:
    """Return the domain under which an environment's apps answer."""
    name = guid("domain", environment.id).replace("-", "")[:8]
    return f"calmfield-{name}.{environment.body['location']}.azurecontainerapps.io"


def stop(use: Use) -> Answer:
    """Stop every replica of the app; its revisions and weights stay."""
    return _turn(use, "Stopping", STOPPED)


def start(use: Use) -> Answer:
    """Start a stopped app, as it was."""
    return _turn(use, "Starting", STARTED)


def secrets(use: Use) -> Answer:
    """List the app's secrets with what they hold."""
    rows = [{"name": k, "value": v} for k, v in use.resource.state["secrets"].items()]
    return Answer(status=200, body={"value": rows})


def is_up(app: Resource, now: datetime) -> bool:
    """Tell whether the app's replicas have started."""
    since = datetime.fromisoformat(app.state["since"])
    return not app.state["stopped"] and now >= since + seconds(revisions.READY_AFTER)


def _turn(use: Use, doing: str, takes: float) -> Answer:
    item = use.resource
    already = item.state["stopped"] == (doing == "Stopping")
    if already and not item.busy:
        return Answer(status=200, body=use.type.shown(item, _view(use)))
    lro = replace(_TURN, takes=takes)
    return actions.begun(use, lro, {**item.state, "doing": doing})


def _home(given: Json) -> object:
    """Return the environment that an app names, under its newer or its older name."""
    return given.get("environmentId") or given.get("managedEnvironmentId")


def _view(use: Use) -> View:
    return View(now=use.call.now, version=use.call.version)


def _running(app: Resource) -> str:
    if app.state.get("doing"):
        return "Progressing"
    return "Stopped" if app.state["stopped"] else "Running"


def check_home(write: Write) -> Resource:
    """Return the environment; refuse a write without one, or with one that is not ready."""
    home = _home(write.body.get("properties") or {})
    found = write.world.find(str(home)) if home else None
    if found is None or found.type.lower() != ENVIRONMENTS.lower():
        raise Refusal(
            404,
            "ManagedEnvironmentNotFound",
            f"The environment '{home}' of '{write.id.name}' does not exist.",
        )
    if found.provisioning not in {None, "Succeeded"} and write.current is None:
        raise Refusal(
            400,
            "ManagedEnvironmentNotProvisioned",
            f"The environment '{found.name}' is in the state '{found.provisioning}'; wait until it"
            " is Succeeded.",
        )
    return found


def _given(write: Write) -> list[Json]:
    """Return the revisions that a seed names, or the one that its template makes."""
    rows = write.body["properties"].get("revisions")
    there = write.world.find(write.id)
    if not rows and there is not None:
        return revisions.revisions(there)
    if not rows:
        fresh = revisions.due(write)
        return [fresh] if fresh else []
    made = write.call.now.isoformat()
    return [
        {
            "created": made,
            "active": True,
            "behaviour": revisions.behaviour(write, row["template"]),
            **row,
        }
        for row in rows
    ]


def _secrets(body: Json) -> Json:
    rows = (body["properties"].get("configuration") or {}).get("secrets") or []
    return {row["name"]: row["value"] for row in rows if row.get("value") is not None}


ROWS = (
    ResourceType(
        name=ENVIRONMENTS,
        versions=(),
        regions=places.FOR_APPS,
        names=NameRule(pattern=r"[a-z]([-a-z0-9]{0,58}[a-z0-9])?"),
        top_level=frozenset({"kind", "identity"}),
        create=replace(_PUT, takes=90.0, segment="managedEnvironmentOperationStatuses"),
        update=replace(
            _LATER,
            segment="managedEnvironmentOperationStatuses",
            header="location",
            unchanged="done",
        ),
        delete=replace(
            _DELETE, takes=90.0, segment="managedEnvironmentOperationStatuses", repeats="nothing"
        ),
        group_delete=90.0,
        behaviour=Environments(),
    ),
    ResourceType(
        name=TYPE,
        versions=(),
        regions=places.FOR_APPS,
        names=NameRule(
            pattern=r"(?!.*--)[a-z]([-a-z0-9]{0,30}[a-z0-9])?",
            code="ContainerAppInvalidName",
            message=(
                "Invalid ContainerApp name '{name}'. A name must consist of lower case"
                " alphanumeric characters or '-', start with an alphabetic character, end with an"
                " alphanumeric character, cannot have '--', and has at most 32 characters."
            ),
        ),
        top_level=frozenset({"identity", "extendedLocation", "managedBy", "kind"}),
        delete=_DELETE,
        group_delete=20.0,
        actions={
            ("POST", "stop"): stop,
            ("POST", "start"): start,
            ("POST", "listsecrets"): secrets,
            ("GET", "revisions"): revisions.listed,
            ("GET", "revisions/replicas"): revisions.replicas,
            ("POST", "revisions/activate"): revisions.activate,
            ("POST", "revisions/deactivate"): revisions.deactivate,
            ("POST", "revisions/restart"): revisions.restart,
        },
        behaviour=Apps(),
    ),
)
