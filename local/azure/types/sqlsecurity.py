"""Advanced threat protection of a logical server, and what needs it."""

from dataclasses import replace
from datetime import datetime

from local.azure.arm import Answer, Json, Refusal, is_guid, stamp
from local.azure.declared.behaviour import Declared
from local.azure.table import Use, Write
from local.azure.types import facts
from local.azure.world import Resource, World


class AlertPolicy(Declared):
    """The one policy of a server, there from the server's beginning and switched off."""

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the policy that nobody has set."""
        off = {"state": "Disabled", "creationTime": stamp(above.created)}
        return [facts.standing(above, "securityAlertPolicies", "Default", {"properties": off})]

    def busy(self, resource: Resource) -> Refusal:
        """Return how a second change is refused while the first is at work."""
        return Refusal(
            409,
            "ServerSecurityAlertPolicyInProgress",
            "Set server security alert policy is already in progress. Use the"
            " Azure-AsyncOperation request to track your operation.",
        )


class Assessment(Declared):
    """The assessment of a server's vulnerabilities."""

    def check(self, write: Write) -> None:
        """Refuse an assessment where threat protection is off."""
        super().check(write)
        policy = write.world.find(f"{write.id.parent()}/securityAlertPolicies/Default")
        state = (policy.body.get("properties") or {}).get("state") if policy else None
        if state != "Enabled" and not write.seeding:
            raise Refusal(
                400,
                "VulnerabilityAssessmentADSIsDisabled",
                "Advanced Data Security should be enabled in order to use Vulnerability"
                " Assessment.",
            )


def cancel(use: Use) -> Answer:
    """Cancel work on a database or a pool; work that is over cannot be."""
    name = use.parts[0] if use.parts else ""
    work = use.world.operations.get(use.resource.busy or "")
    if not is_guid(name) or work is None or work.id.lower() != name.lower():
        raise Refusal(
            409,
            "CannotCancelOperation",
            f"Cannot cancel management operation '{name}' in the current state.",
        )
    ended: Json = {"code": "OperationCancelled", "message": "The operation was cancelled."}
    use.world.save_operation(replace(work, due=use.call.now, late=ended))
    return Answer(status=200)
