"""What a recorded row lacks to be seeded, and what the simulator cannot read from it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from local.azure import places
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.types import containerrun

_APPS = "microsoft.app/containerapps"
_MACHINES = "microsoft.compute/virtualmachines"


def full(row: Json) -> Json:
    """Return a copy of a row that can be seeded."""
    body: Json = json.loads(json.dumps(row))
    if "/providers/" not in body["id"]:
        kept = ("id", "location", "tags", "managedBy")
        return {name: body[name] for name in kept if body.get(name) is not None}
    for container in (body.get("properties") or {}).get("containers") or []:
        for variable in (container.get("properties") or {}).get("environmentVariables") or []:
            if variable.get("value") is None:
                variable["secureValue"] = "hidden"
    if parse(body["id"])[0].type.lower() == _MACHINES:
        _tell_power(body.get("properties") or {})
    if parse(body["id"])[0].type.lower() == _APPS and "revisions" not in body["properties"]:
        body["properties"]["revisions"] = _revisions(body["properties"])
    return body


def _tell_power(machine: Json) -> None:
    """Note that a machine was deallocated: it tells its disk, and not what that is stored on."""
    disk = (machine.get("storageProfile") or {}).get("osDisk") or {}
    held = "storageAccountType" in (disk.get("managedDisk") or {"storageAccountType": None})
    if disk and not held:
        status = {"code": "PowerState/deallocated"}
        machine.setdefault("instanceView", {"statuses": [status]})


def _revisions(app: Json) -> list[Json]:
    """Return the revisions that a recorded container app names, the latest last."""
    ingress = (app.get("configuration") or {}).get("ingress") or {}
    named = [rule.get("revisionName") for rule in ingress.get("traffic") or []]
    names = [name for name in (*named, app.get("latestRevisionName")) if name]
    template = app.get("template") or {}
    return [{"name": name, "template": template} for name in dict.fromkeys(names)]


def ended_images(row: Json) -> list[Json]:
    """Return rules by which the containers that had ended end again."""
    found = []
    for container in _containers(row):
        view = container["properties"].get("instanceView") or {}
        if (view.get("currentState") or {}).get("state") == "Terminated":
            image = re.escape(container["properties"]["image"])
            found.append({"match": image, "behaviour": "crash"})
    return found


def is_fresh(row: Json) -> bool:
    """Tell whether a recorded container group ran for too short a time to show events."""
    views = [container["properties"].get("instanceView") for container in _containers(row)]
    return any(view is not None and "events" not in view for view in views)


def _containers(row: Json) -> list[Json]:
    if "containergroups" not in row["id"].lower():
        return []
    return (row.get("properties") or {}).get("containers") or []


def placed(row: Json, world: Any) -> Json:
    """Return a row in a region that its type is offered in."""
    kind = world.table.find(parse(row["id"])[0].type)
    if kind is None:
        unfit = places.normal(str(row.get("location"))) not in places.FOR_GROUPS
        return {**row, "location": "westus2"} if unfit else row
    if kind.tracked and places.normal(str(row.get("location", ""))) not in kind.regions:
        return {**row, "location": kind.regions[0]}
    return row


def is_starting(known: Json | None) -> bool:
    """Tell whether a list of an app's replicas has one that has not been started."""
    rows = [row for row in (known or {}).get("value") or [] if isinstance(row, dict)]
    states = [(row.get("properties") or {}).get("runningState") for row in rows]
    return "NotRunning" in states


def make_starting(world: Any, name: str) -> None:
    """Let the revisions of an app have been made just now."""
    item, now = world.find(name), world.clock.now().isoformat()
    if item is not None:
        made = [{**row, "created": now} for row in item.state["revisions"]]
        world.save(replace(item, state={**item.state, "revisions": made}))


def make_fresh(world: Any, name: str) -> None:
    """Let a container group have begun just now."""
    item = world.find(name)
    accepted = world.clock.now() - timedelta(seconds=containerrun.DONE)
    world.save(replace(item, state={**item.state, "accepted": accepted.isoformat()}))
