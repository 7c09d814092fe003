"""What the lists that lag behind the world keep of a thing: ARM's own, and Resource Graph's."""

from typing import TYPE_CHECKING

from local.azure.arm import Json, stamp
from local.azure.table import ResourceType, View

if TYPE_CHECKING:
    from local.azure.world import Group, Resource


def resource(row: ResourceType, item: "Resource") -> Json | None:
    """Return a resource as lists show it; None for one that they do not show."""
    if row.extension or not row.tracked:
        return None
    view = View(now=item.changed, version=row.versions[-1], kind="list")
    shown = row.shown(item, view)
    if item.body.get("location"):
        shown["location"] = item.body["location"]
    return {
        **shown,
        "createdTime": stamp(item.created),
        "changedTime": stamp(item.changed),
        "provisioningState": (shown.get("properties") or {}).get("provisioningState"),
    }


def group(subscription: str, found: "Group") -> Json:
    """Return a resource group as lists show it."""
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{found.name}",
        "name": found.name,
        "type": "microsoft.resources/subscriptions/resourcegroups",
        "location": found.location,
        "tags": found.tags,
        "managedBy": found.managed_by,
        "properties": {"provisioningState": "Deleting" if found.deleting else "Succeeded"},
    }
