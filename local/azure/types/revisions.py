"""The revisions of a container app: what a template was at some time, and how it fares.

A revision is made by every write that changes the template, never by one that does not. It lives
in the memory of its app: which template, since when, whether active. How it fares follows from how
its image behaves, and from whether the app runs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.azure import images, places
from local.azure.arm import Answer, Json, Refusal, guid, seconds, stamp
from local.azure.table import Use, Write
from local.azure.world import Resource, plain

READY_AFTER = 20.0  # seconds from a revision's making, or its app's start, to its readiness
_ADDED = {"revisionSuffix", "ephemeralStorage", "imageType"}  # a reader is told, no author says
_USUAL = {
    "maxReplicas": 10,
    "cooldownPeriod": 300,
    "pollingInterval": 30,
    "cpu": 0.5,
    "memory": "1Gi",
}
_BROKEN = {"missing", "inaccessible"}


def name_of(app: str, suffix: str) -> str:
    """Return the name of an app's revision."""
    return f"{app}--{suffix}"


def due(write: Write) -> Json | None:
    """Return the revision that a write makes; None where it changes no template."""
    template = _template(write.body)
    suffix = template.get("revisionSuffix") or ""
    known = revisions(write.current)
    if known and _same(known[-1]["template"], template):
        return None
    app = write.id.name
    if not suffix:
        salt = f"{len(known)}{write.call.now.isoformat()}"
        suffix = guid("revision", str(write.id), salt).replace("-", "")[:7]
    name = name_of(app, suffix)
    if any(row["name"] == name for row in known):
        raise invalid("template.revisionsuffix", f"Revision with suffix {suffix} already exists.")
    return {
        "name": name,
        "created": write.call.now.isoformat(),
        "active": True,
        "template": plain(template),
        "behaviour": behaviour(write, template),
    }


def revisions(app: Resource | None) -> list[Json]:
    """Return the revisions of an app, the oldest first."""
    return list(app.state["revisions"]) if app is not None else []


def invalid(field: str, details: str) -> Refusal:
    """Return how the provider refuses a field of a template or of a configuration."""
    return Refusal(
        400,
        "ContainerAppInvalidFieldValue",
        f"The following field(s) are either invalid or missing. Field '{field}' is invalid with"
        f" details: '{details}'.",
    )


def behaviour(write: Write, template: Json) -> str:
    """Return how the worst of a template's images behaves."""
    rules: list[Json] = write.world.notes.get("images", [])
    kinds = [
        images.look(rules, str(container["image"]))["behaviour"]
        for container in template["containers"]
    ]
    return next((kind for kind in kinds if kind != "ok"), "ok")


def is_ready(revision: Json, now: datetime) -> bool:
    """Tell whether a revision was ever provisioned."""
    made = datetime.fromisoformat(revision["created"])
    return revision["behaviour"] not in _BROKEN and now >= made + seconds(READY_AFTER)


def latest_ready(app: Resource, now: datetime) -> Json | None:
    """Return the newest revision that is ready; None where none is."""
    found = [row for row in revisions(app) if is_ready(row, now)]
    return found[-1] if found else None


def weights(app: Resource, now: datetime) -> dict[str, int]:
    """Return each revision's share of the traffic in percent, by name."""
    ingress = app.body["properties"]["configuration"].get("ingress") or {}
    found = {row["name"]: 0 for row in revisions(app)}
    newest = latest_ready(app, now)
    for rule in ingress.get("traffic") or []:
        name = rule.get("revisionName")
        if rule.get("latestRevision"):
            name = newest["name"] if newest else None
        if name in found:
            found[name] += int(rule.get("weight") or 0)
    return found


def serving(app: Resource, now: datetime) -> Json | None:
    """Return the revision that most of the traffic goes to, if it is well; None otherwise."""
    shares = weights(app, now)
    known = {row["name"]: row for row in revisions(app)}
    well = [
        (share, name)
        for name, share in shares.items()
        if share > 0 and known[name]["active"] and _is_well(known[name], now)
    ]
    return known[max(well)[1]] if well else None


def listed(use: Use) -> Answer:
    """List the app's revisions, or answer with the one that is named."""
    item, now = use.resource, use.call.now
    rows = [_shown(item, row, now, use.call.version) for row in revisions(item)]
    if not use.parts:
        return Answer(status=200, body={"value": rows})
    return Answer(status=200, body=_shown(item, _require(use), now, use.call.version))


def replicas(use: Use) -> Answer:
    """List what runs of a revision."""
    item, now = use.resource, use.call.now
    revision = _require(use)
    count = _shown(item, revision, now, use.call.version)["properties"]["replicas"]
    ready = is_ready(revision, now)
    rows = [_replica(item, revision, place, ready=ready) for place in range(int(count))]
    if not _tells_more(use.call.version):
        for row in rows:
            for one in row["properties"]["containers"]:
                one.pop("debugEndpoint")
    return Answer(status=200, body={"value": rows})


def _tells_more(version: str) -> bool:
    """Tell whether an api-version has the previews' debugging and kinds of image."""
    return version >= "2025-02" or (version >= "2024-02-02" and version.endswith("preview"))


def _replica(app: Resource, revision: Json, place: int, *, ready: bool) -> Json:
    """Return one replica; recorded: its containers have no id before they have been started."""
    salt = guid("replica", app.id, revision["name"], str(place)).replace("-", "")
    name = f"{revision['name']}-{salt[:10]}-{salt[10:15]}"
    target = f"{app.id}/revisions/{revision['name']}/replicas/{name}"
    stream = f".azurecontainerapps.dev{target.replace('/providers/Microsoft.App', '')}"
    host = f"{places.normal(str(app.body['location']))}{stream}"
    return {
        "id": target,
        "name": name,
        "type": "Microsoft.App/containerapps/revisions/replicas",
        "properties": {
            "createdTime": stamp(datetime.fromisoformat(revision["created"])),
            "runningState": "Running" if ready else "NotRunning",
            "runningStateDetails": "",
            "containers": [
                {
                    "name": one["name"],
                    **({"containerId": f"containerd://{salt}"} if ready else {}),
                    "ready": ready,
                    "started": ready,
                    "restartCount": 0,
                    "runningState": "Running" if ready else "Waiting",
                    "runningStateDetails": "",
                    "logStreamEndpoint": f"https://{host}/containers/{one['name']}/logstream",
                    "execEndpoint": f"wss://{host}/containers/{one['name']}/exec",
                    "debugEndpoint": f"wss://{host}/debug?targetContainer={one['name']}",
                }
                for one in revision["template"].get("containers") or []
            ],
            "initContainers": [],
        },
    }


def activate(use: Use) -> Answer:
    """Have a revision run."""
    return _change(use, active=True)


def deactivate(use: Use) -> Answer:
    """Have a revision run no longer; one that has traffic is refused."""
    name = _require(use)["name"]
    if weights(use.resource, use.call.now)[name] > 0:
        raise Refusal(
            400,
            "ContainerAppRevisionHasTraffic",
            f"Revision '{name}' cannot be deactivated: traffic is routed to it.",
        )
    return _change(use, active=False)


def restart(use: Use) -> Answer:
    """Restart a revision: it is what it was."""
    _require(use)
    return Answer(status=200)


def _change(use: Use, *, active: bool) -> Answer:
    wanted, item = _require(use)["name"], use.resource
    rows = [{**row, "active": active} if row["name"] == wanted else row for row in revisions(item)]
    state = {**item.state, "revisions": rows}
    use.world.save(replace(item, state=state, changed=use.call.now))
    return Answer(status=200)


def _require(use: Use) -> Json:
    name = use.parts[0]
    for row in revisions(use.resource):
        if row["name"].lower() == name.lower():
            return row
    raise Refusal(404, "RevisionNotFound", f"Revision with name '{name}' could not be found.")


def _shown(app: Resource, revision: Json, now: datetime, version: str) -> Json:
    kind = revision["behaviour"]
    ready, stopped = is_ready(revision, now), bool(app.state["stopped"])
    runs, begun = revision["active"] and not stopped, kind not in _BROKEN
    scale = revision["template"].get("scale") or {}
    host = f"{revision['name']}.{app.state['domain']}"
    state, health = "Running", "Healthy"
    if kind in _BROKEN:
        state, health = "Failed", "Unhealthy"
    elif kind in {"crash", "unhealthy"}:
        state, health = "Degraded", "Unhealthy"
    elif not ready:
        state, health = "Processing", "None"
    if not runs:
        state, health = "Stopped", "None"
    provisioning = "Failed" if kind in _BROKEN else "Provisioned" if ready else "Provisioning"
    return {
        "id": f"{app.id}/revisions/{revision['name']}",
        "name": revision["name"],
        "type": "Microsoft.App/containerapps/revisions",
        "properties": {
            "createdTime": datetime.fromisoformat(revision["created"]).isoformat(
                timespec="seconds"
            ),
            "fqdn": host,
            "template": _full(revision["template"], version),
            "active": revision["active"],
            "replicas": max(int(scale.get("minReplicas") or 0), 1) if runs and begun else 0,
            "trafficWeight": weights(app, now)[revision["name"]],
            "healthState": health,
            "provisioningState": provisioning if revision["active"] else "Deprovisioned",
            "runningState": state,
        },
    }


def _full(template: Json, version: str) -> Json:
    """Return a template as its revision tells it."""
    kind = {"imageType": "ContainerImage"} if _tells_more(version) else {}
    scale = {"maxReplicas": 10, **(template.get("scale") or {})}
    whole = dict.fromkeys(
        ("revisionSuffix", "terminationGracePeriodSeconds", "initContainers", "volumes")
    )
    rest = dict.fromkeys(("minReplicas", "cooldownPeriod", "pollingInterval", "rules"))
    containers = [
        {
            "probes": [],
            **kind,
            **{name: value for name, value in one.items() if kind or name != "imageType"},
            "resources": one.get("resources") or {"cpu": 0.5, "memory": "1Gi"},
        }
        for one in template.get("containers") or []
    ]
    return {
        **whole,
        "serviceBinds": None,
        **template,
        "containers": containers,
        "scale": {**rest, **scale},
    }


def _is_well(revision: Json, now: datetime) -> bool:
    return revision["behaviour"] == "ok" and is_ready(revision, now)


def _template(body: Json) -> Json:
    found: Json = (body.get("properties") or {}).get("template") or {}
    return found


def _same(old: Json, new: Json) -> bool:
    """Tell whether two templates make the same revision: a suffix left out is no other one."""
    if new.get("revisionSuffix") and new["revisionSuffix"] != old.get("revisionSuffix"):
        return False
    return bool(_bare(old) == _bare(new))


def _bare(value: Any) -> Any:
    """Return what of a template its author decided: no suffix, nothing that a read adds."""
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _bare(inner) for name, inner in value.items() if name not in _ADDED}
    return {n: v for n, v in kept.items() if v not in (None, "", [], {}) and v != _USUAL.get(n)}


def names(rows: Iterable[Json]) -> set[str]:
    """Return the names of the active revisions."""
    return {row["name"] for row in rows if row["active"]}
