"""Data exports of a workspace: each goes to a destination of its own."""

from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.declared.behaviour import Declared
from local.azure.table import Write


class DataExport(Declared):
    """What its table says, and that no two go to one place."""

    def check(self, write: Write) -> None:
        """Refuse a destination that another rule of the workspace has."""
        super().check(write)
        wanted = _destination(write.body)
        start = f"{write.id.parent()}/dataExports/".lower()
        for other in write.world.below(start, write.type.name):
            if other.id.lower() != write.id.key and wanted and _destination(other.body) == wanted:
                raise Refusal(
                    400,
                    "InvalidOperationArgument",
                    "The destination is already defined in rule:"
                    f" {other.name}. A destination must be unique across the export rules of a"
                    " workspace.",
                )


def _destination(body: Json) -> str:
    found: Any = ((body.get("properties") or {}).get("destination") or {}).get("resourceId")
    return str(found or "").lower()
