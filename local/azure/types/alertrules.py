"""Rules that raise alerts, where a table cannot say how they are shown."""

from local.azure.arm import Json, Refusal
from local.azure.declared.behaviour import Declared
from local.azure.ids import parse
from local.azure.table import View, Write
from local.azure.types import authorization
from local.azure.world import Resource, World

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

    def check(self, write: Write) -> None:
        """Refuse an identity that has no role on what the rule is to query.

        An identity of the rule's own comes to be with it, and is given its roles afterwards.
        """
        super().check(write)
        held = (write.body.get("identity") or {}).get("userAssignedIdentities") or {}
        scopes = (write.body.get("properties") or {}).get("scopes") or []
        if write.seeding:
            return
        for name in held:
            found = write.world.find(name)
            principal = found.body["properties"]["principalId"] if found else ""
            if not all(_has_role(write.world, principal, str(scope)) for scope in scopes):
                raise Refusal(
                    400,
                    "BadRequest",
                    "The provided credentials have insufficient access to perform the requested"
                    " operation.",
                )

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


def _has_role(world: World, principal: str, scope: str) -> bool:
    """Tell whether somebody has a role on a thing, or on what it is in."""
    for item in world.all_of(authorization.ASSIGNMENTS):
        given = str(item.body["properties"]["principalId"]).lower()
        above = parse(item.id)[0].scope().key
        if given == principal.lower() and f"{scope.lower()}/".startswith(f"{above}/"):
            return True
    return False
