"""Azure Container Instances: container groups, their states, logs and limits.

The shapes follow the recordings: a new group answers 201 with `provisioningState` Pending and an
operation under api-version 2018-06-01; a deletion answers 200 with the body and the group is gone;
lists show no instance view. Creations are limited to 100 in 5 minutes and 300 an hour, deletions
likewise, as published.

Beside it: `containershape` and `containerchecks` refuse bodies, `containerrun` works out what the
containers do, `containergroup` reads and shows a group, `containerlimits` counts, and
`containeractions` starts, stops and tells.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.azure import images, throttle
from local.azure.arm import Answer, Call, Json, Late, Refusal, seconds, stamp
from local.azure.table import (
    Behaviour,
    Lro,
    NameRule,
    ProviderCall,
    ResourceType,
    Use,
    View,
    Write,
)
from local.azure.types import (
    containeractions,
    containerchecks,
    containergroup,
    containerlimits,
    containerrun,
)
from local.azure.types.containeractions import OPERATION
from local.azure.types.containergroup import TYPE
from local.azure.world import Operation, Resource, World, plain

VERSIONS = (
    "2017-08-01-preview",
    "2017-10-01-preview",
    "2017-12-01-preview",
    "2018-02-01-preview",
    "2018-04-01",
    "2018-06-01",
    "2018-09-01",
    "2018-10-01",
    "2019-12-01",
    "2020-11-01",
    "2021-03-01",
    "2021-07-01",
    "2021-09-01",
    "2021-10-01",
    "2022-09-01",
    "2022-10-01-preview",
    "2023-05-01",
)
RATES = {"pt1h": (300, 3600), "pt5m": (100, 300)}
_FIXED = ("osType", "restartPolicy", "networkProfile", "subnetIds", "sku", "zones", "priority")
_INACCESSIBLE = (
    "The image '{image}' in container group '{name}' is not accessible. Please check the image and"
    " registry credential."
)


class Containers(Behaviour):
    """Container groups."""

    def check(self, write: Write) -> None:
        """Refuse what the service refuses, then what it cannot change, then what is too much."""
        name = write.id.name
        if write.call.method == "PATCH":
            _check_patch(write)
            return
        containerchecks.check(write.world, name, write.body)
        _check_profile(write)
        known = containergroup.rules(write.world)
        for image in _images(write.body):
            if images.look(known, image)["behaviour"] == "inaccessible":
                why = _INACCESSIBLE.format(image=image, name=name)
                raise Refusal(400, "InaccessibleImage", why)
        body = self.shape(write)
        if write.current is not None:
            _check_update(write.current, body, write.call.now)
        containerlimits.check_label(write, body)
        containerlimits.check_quota(write, body)

    def shape(self, write: Write) -> Json:
        """Return the body with the service's defaults filled in."""
        body: Json = plain(write.body)
        properties = body["properties"]
        for field in ("provisioningState", "instanceView"):
            properties.pop(field, None)
        properties.setdefault("sku", "Standard")
        for container in properties["containers"]:
            _normalize(container["properties"])
        for container in properties.setdefault("initContainers", []) or []:
            container.setdefault("properties", {}).setdefault("environmentVariables", [])
        address = properties.get("ipAddress")
        if address:
            address["ports"] = [_port(port) for port in address["ports"]]
            for field in ("fqdn", "ip"):
                address.pop(field, None)
        return body

    def state(self, write: Write) -> Json:
        """Return the memory of the group: a new run, unless nothing but tags changed."""
        if write.current is not None and self.work(write) is None:
            return dict(write.current.state)
        return _new_run(write, containerrun.STARTED)

    def seeded(self, write: Write) -> Json:
        """Return the memory of a group that has been running for a while."""
        state = _new_run(write, containerrun.STARTED)
        accepted = write.call.now - seconds(containerrun.DONE + 60)
        return {**state, "accepted": accepted.isoformat()}

    def work(self, write: Write) -> Lro | None:
        """Return the work of creating or replacing the containers."""
        if write.call.method == "PATCH":
            return None
        takes = containerrun.duration(containergroup.placed(write.world, write.body))
        if write.current is None:
            return replace(OPERATION, takes=takes)
        old, new = (_without_tags(body) for body in (write.current.body, self.shape(write)))
        return None if old == new else replace(OPERATION, takes=takes, status=200)

    def foreseen(self, write: Write) -> Late | None:
        """Return how the work will fail when an image cannot be pulled."""
        missing = [
            row["image"]
            for row in containergroup.placed(write.world, write.body)
            if row["rule"]["behaviour"] == "missing"
        ]
        if not missing:
            return None
        why = _INACCESSIBLE.format(image=missing[0], name=write.id.name)
        return Late(code="InaccessibleImage", message=why)

    def meter(self, world: World, call: Call, place: str) -> Mapping[str, str]:
        """Count a creation or a deletion against the region's rates."""
        verb = "delete" if call.method == "DELETE" else "create"
        if call.method == "PATCH":
            return {}
        return throttle.count(world, f"aci/{place}/{verb}", RATES, call)

    def busy(self, resource: Resource) -> Refusal:
        """Return how a write meets a group in transition."""
        return Refusal(
            409,
            "ContainerGroupTransitioning",
            f"The container group '{resource.name}' is still transitioning, please retry later.",
        )

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the group as a reader of this api-version sees it at this instant."""
        body: Json = plain(resource.body)
        found = containerrun.runs(resource.state, containergroup.policy(resource))
        with_view = view.kind in {"get", "put"}
        properties = body["properties"]
        shown: Json = {}
        if view.version >= "2019-12-01":
            shown["sku"] = properties["sku"]
        shown["provisioningState"] = containergroup.provisioning(resource, view.now)
        if view.version >= "2021-10-01":
            shown["provisioningTimeoutInSeconds"] = 1800
            shown["isCustomProvisioningTimeout"] = False
        shown["containers"] = [
            containergroup.container_view(container, run, view, with_view=with_view)
            for container, run in zip(properties["containers"], found, strict=True)
        ]
        if view.version >= "2019-12-01":
            shown["initContainers"] = [
                containergroup.hidden(c) for c in properties["initContainers"] or []
            ]
        for field, value in properties.items():
            if field not in {"sku", "containers", "initContainers"}:
                shown[field] = value
        containergroup.hide_secrets(shown)
        if shown.get("ipAddress"):
            shown["ipAddress"] = containergroup.address(resource, shown["ipAddress"], view)
        if with_view:
            shown["instanceView"] = {
                "events": [],
                "state": containergroup.group_state(resource, view.now),
            }
        body["properties"] = shown
        if body.get("identity"):
            body["identity"] = containergroup.identity(body["identity"], resource)
        return {"id": resource.id, "name": resource.name, "type": resource.type, **body}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the group after its work: a failed one has no containers running."""
        state = dict(resource.state)
        missing = any(row["rule"]["behaviour"] == "missing" for row in state["containers"])
        if operation.outcome == "Failed" and not missing:
            state["stopped"] = operation.due.isoformat()
        return replace(resource, provisioning=operation.outcome, busy=None, state=state)

    def progress(self, world: World, operation: Operation, now: datetime) -> Json | None:
        """Return the service's own status document, which carries the containers' events."""
        found = world.find(operation.resource)
        happened: list[Json] = []
        lag = (
            seconds(0)
            if found is None
            else containergroup.event_lag(str(found.state.get("version")))
        )
        if found is not None and operation.ended:
            for run in containerrun.runs(found.state, containergroup.policy(found)):
                happened += containerrun.events(run, now - lag)
        body: Json = {
            "id": operation.resource,
            "status": operation.outcome or "Pending",
            "startTime": stamp(operation.started),
            "properties": {"events": happened},
        }
        if operation.late and operation.ended:
            body["error"] = dict(operation.late)
        return body

    def deleting(self, use: Use) -> Answer | None:
        """Answer a deletion with the group as it was."""
        view = View(now=use.call.now, version=use.call.version)
        return Answer(status=200, body=self.shown(use.resource, view))


def _check_profile(write: Write) -> None:
    profile = ((write.body.get("properties") or {}).get("networkProfile") or {}).get("id")
    if profile and not write.seeding and write.world.find(str(profile)) is None:
        raise Refusal(
            400,
            "NetworkProfileNotFound",
            f"Network profile '{profile}' is not found for container group '{write.id.name}'.",
        )


def _check_update(current: Resource, body: Json, now: datetime) -> None:
    state = containergroup.group_state(current, now)
    if state in {"Stopped", "Failed", "Succeeded"}:
        raise Refusal(
            400,
            "InvalidContainerGroupUpdate",
            f"The updates on container group '{current.name}' are invalid. A container group in"
            f" state '{state}' cannot be updated: delete it first and then create a new one.",
        )
    if _fixed(current.body) != _fixed(body):
        raise Refusal(
            400,
            "InvalidContainerGroupUpdate",
            f"The updates on container group '{current.name}' are invalid. If you are going to"
            " update the os type, restart policy, network profile, CPU, memory or GPU resources"
            " for a container group, you must delete it first and then create a new one.",
        )


def _check_patch(write: Write) -> None:
    assert write.current is not None
    if write.body["properties"] != write.current.body["properties"]:
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"A PATCH of container group '{write.id.name}' may change its tags alone.",
        )


def _fixed(body: Json) -> list[Any]:
    """Return what an update may not change."""
    properties = body["properties"]
    asked = {
        container["name"]: container["properties"]["resources"]
        for container in properties["containers"]
    }
    policy = properties.get("restartPolicy") or "Always"
    kept = [properties.get(field) for field in _FIXED if field != "restartPolicy"]
    return [asked, policy, kept]


def _new_run(write: Write, starts: float) -> Json:
    current = write.current
    return {
        "accepted": write.call.now.isoformat(),
        "starts": starts,
        "stopped": None,
        "stopped_by_call": False,
        "containers": containergroup.placed(write.world, write.body),
        "salt": current.state["salt"]
        if current
        else containergroup.salt(write.world, write.call.now),
        "resourceGroup": write.id.group,
        "tenant": write.world.tenant,
        "version": write.call.version,
    }


def _images(body: Json) -> list[str]:
    return [container["properties"]["image"] for container in body["properties"]["containers"]]


def _without_tags(body: Json) -> Json:
    return {name: value for name, value in body.items() if name in {"properties", "identity"}}


def _normalize(inside: Json) -> None:
    inside.pop("instanceView", None)
    inside["ports"] = [_port(port) for port in inside.get("ports") or []]
    inside["environmentVariables"] = inside.get("environmentVariables") or []
    for kind in ("requests", "limits"):
        asked = inside["resources"].get(kind)
        if asked:
            for field in ("memoryInGB", "cpu"):
                if asked.get(field) is not None:
                    asked[field] = float(asked[field])


def _port(port: Json) -> Json:
    return {"protocol": port.get("protocol") or "TCP", "port": port["port"]}


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(
        pattern=r"(?!.*--)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        code="InvalidContainerGroupName",
        message=(
            "The container group name '{name}' is invalid. It can contain only lowercase letters,"
            " numbers and hyphens, no two hyphens in a row, and 1 to 63 characters. The first and"
            " the last character must be a letter or number."
        ),
    ),
    top_level=frozenset({"identity", "zones", "extendedLocation"}),
    create=OPERATION,
    update=OPERATION,
    group_delete=20.0,
    actions={
        ("POST", "restart"): containeractions.restart,
        ("POST", "start"): containeractions.start,
        ("POST", "stop"): containeractions.stop,
        ("GET", "containers/logs"): containeractions.logs,
        ("POST", "containers/exec"): containeractions.execute,
        ("POST", "containers/attach"): containeractions.execute,
        ("GET", "outboundnetworkdependenciesendpoints"): containeractions.outbound,
    },
    behaviour=Containers(),
)
CALLS = tuple(
    ProviderCall(
        namespace="Microsoft.ContainerInstance",
        words=f"locations {tail}",
        versions=VERSIONS,
        answer=answer,
    )
    for tail, answer in (
        ("usages", containerlimits.usages),
        ("capabilities", containerlimits.capabilities),
        ("cachedImages", containerlimits.cached_images),
    )
)
