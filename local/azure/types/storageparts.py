"""Parts of a storage account that refuse by their state: policies, file services, shares."""

from datetime import datetime
from typing import Any

from local.azure import lines
from local.azure.arm import Answer, Json, Refusal, stamp
from local.azure.declared.behaviour import Declared
from local.azure.table import Use, Write
from local.azure.types import facts
from local.azure.world import Resource, World


def abort_migration(use: Use) -> Answer:
    """Refuse to end a move to hierarchical names: none is ever under way."""
    why = f"Hns migration for the account: {use.resource.name} is not found."
    raise Refusal(400, "HnsMigrationNotFound", why)


class ImmutabilityPolicy(Declared):
    """How long the blobs of a container cannot be changed; for good once it is locked."""

    def deleting(self, use: Use) -> Answer | None:
        """Refuse to remove a locked policy, whatever etag is known."""
        if (use.resource.body.get("properties") or {}).get("state") == "Locked":
            raise Refusal(
                409,
                "ContainerImmutabilityPolicyFailure",
                "Operation not allowed on immutability policy with current state.",
            )
        return super().deleting(use)


class Service(Declared):
    """A service of an account: there with it, as `default`."""

    kind = ""

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the service that nobody has set."""
        return [facts.standing(above, self.kind, "default", {"properties": {}})]


class QueueService(Service):
    """The queue service."""

    kind = "queueServices"


class TableService(Service):
    """The table service."""

    kind = "tableServices"


class FileService(Service):
    """The file service."""

    kind = "fileServices"

    def check(self, write: Write) -> None:
        """Refuse what only accounts for files on premium disks can do."""
        super().check(write)
        wanted = lines.at(write.body, ("properties", "protocolSettings", "smb", "multichannel"))
        account = write.world.find(write.id.parent())
        kind = str((account.body if account else {}).get("kind"))
        if wanted and kind.lower() != "filestorage" and not write.seeding:
            raise Refusal(
                409,
                "FeatureNotSupportedForAccount",
                "SMB Multichannel is not supported for the account.",
            )


class Share(Declared):
    """A file share, and the snapshots of it."""

    def state(self, write: Write) -> Json:
        """Remember a snapshot: a PUT that asks for one takes it."""
        state: Json = super().state(write)
        if write.call.query.get("$expand", "").lower() == "snapshots":
            taken: list[Any] = [*state.get("snapshots", []), stamp(write.call.now)]
            state = {**state, "snapshots": taken}
        return state

    def deleting(self, use: Use) -> Answer | None:
        """Refuse to delete a share with snapshots when they are not to go with it."""
        kept = use.call.query.get("$include", "").lower() in {"", "none"}
        if kept and use.resource.state.get("snapshots"):
            raise Refusal(
                409,
                "ShareHasSnapshots",
                "The share has snapshots and the operation requires no snapshots.",
            )
        return super().deleting(use)
