"""How a group of container instances is read: whether it runs, moves, or came to nothing.

ARM's `provisioningState` says how the last write went; `instanceView` says what the containers do.
A group that ended cannot be updated, only replaced.
https://learn.microsoft.com/azure/container-instances/container-instances-update
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TYPE = "Microsoft.ContainerInstance/containerGroups"


class Standing(StrEnum):
    """What a container group does."""

    MOVING = "moving"
    RUNNING = "running"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was read of a group: how it stands, why, where it answers, and what it was made as."""

    standing: Standing
    because: str
    fqdn: str | None
    revision: str | None
    states: Mapping[str, str]


def read(body: Mapping[str, Any]) -> Observed:
    """Return what the ARM body of a container group says."""
    properties = body.get("properties", {})
    view = properties.get("instanceView") or {}
    containers = properties.get("containers", [])
    states = {c["name"]: _state(c) for c in containers}
    standing, because = _standing(
        str(properties.get("provisioningState", "")), str(view.get("state", "")), containers
    )
    address = properties.get("ipAddress") or {}
    return Observed(
        standing=standing,
        because=because,
        fqdn=address.get("fqdn"),
        revision=(body.get("tags") or {}).get("tesoro-revision"),
        states=states,
    )


def unhappy_container(body: Mapping[str, Any]) -> str | None:
    """Return the name of the container that most likely keeps the group from running."""
    containers = body.get("properties", {}).get("containers", [])
    for container in containers:
        current = _current(container)
        if current.get("state") == "Terminated" or _restarts(container) > 0:
            return str(container["name"])
    for container in containers:
        if _current(container).get("state") == "Waiting":
            return str(container["name"])
    return None


def _standing(
    provisioning: str, group: str, containers: list[Mapping[str, Any]]
) -> tuple[Standing, str]:
    if provisioning == "Failed" or group == "Failed":
        return Standing.FAILED, _complaint(containers) or f"provisioning is {provisioning}"
    if provisioning in ("Succeeded",):
        if group in ("Stopped", "Terminated", "Succeeded"):
            return Standing.ENDED, f"the group is {group}"
        crashed = _crash(containers)
        if crashed is not None:
            return Standing.FAILED, crashed
        return Standing.RUNNING, f"the group is {group or 'running'}"
    return Standing.MOVING, _complaint(
        containers
    ) or f"provisioning is {provisioning or 'unknown'}"


def _crash(containers: list[Mapping[str, Any]]) -> str | None:
    """Return a sentence where a container starts and ends again and again."""
    for container in containers:
        restarts = _restarts(container)
        if restarts >= 3:
            current = _current(container)
            detail = current.get("detailStatus") or current.get("state") or "unknown"
            return f"container {container['name']} restarted {restarts} times ({detail})"
    return None


def _complaint(containers: list[Mapping[str, Any]]) -> str | None:
    for container in containers:
        events = (container.get("properties", {}).get("instanceView") or {}).get("events") or []
        for event in events:
            if event.get("type") == "Warning":
                return f"container {container['name']}: {event.get('message', '')}"[:400]
    return None


def _current(container: Mapping[str, Any]) -> Mapping[str, Any]:
    view = container.get("properties", {}).get("instanceView") or {}
    return view.get("currentState") or {}


def _restarts(container: Mapping[str, Any]) -> int:
    view = container.get("properties", {}).get("instanceView") or {}
    return int(view.get("restartCount") or 0)


def _state(container: Mapping[str, Any]) -> str:
    return str(_current(container).get("state") or "unknown")
