"""Rules that raise alerts, where a table cannot say how they are shown."""

from local.azure.arm import Json
from local.azure.declared.behaviour import Declared
from local.azure.table import View, Write
from local.azure.world import Resource

_TYPED = "2017-04-01"  # the api-version that tells the type of each condition, which is none


class ActivityLogAlert(Declared):
    """What its table says, and members with a dot in their names."""

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the alert; recorded: each condition of the first api-version has a null type."""
        body = super().shown(resource, view)
        condition = body["properties"].get("condition")
        if view.version == _TYPED and isinstance(condition, dict):
            for one in (condition, *(condition.get("allOf") or ())):
                one.setdefault("odata.type", None)
        return body


class ScheduledQueryRule(Declared):
    """What its table says, which api-version made it, and no actions that are none."""

    def state(self, write: Write) -> Json:
        """Remember the api-version that made the rule."""
        state = super().state(write)
        return state if write.seeding else {"made": write.call.version, **state}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the rule; recorded: empty actions are left out."""
        body = super().shown(resource, view)
        if resource.state.get("made"):
            body["properties"]["createdWithApiVersion"] = resource.state["made"]
        if body["properties"].get("actions") == {}:
            del body["properties"]["actions"]
        return body
