"""Load balancers: a frontend stays in the zones that it was made in."""

from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.declared.behaviour import Declared
from local.azure.table import Write


class LoadBalancer(Declared):
    """What its table says, and the zones of its frontends."""

    def check(self, write: Write) -> None:
        """Refuse to move a frontend to other zones."""
        super().check(write)
        if write.current is None or write.seeding:
            return
        before = {str(one.get("name")).lower(): one for one in _frontends(write.current.body)}
        for one in _frontends(write.body):
            old = before.get(str(one.get("name")).lower())
            if old is not None and _zones(old) != _zones(one):
                raise _moved(f"{write.id}/frontendIPConfigurations/{one['name']}", old, one)


def _frontends(body: Json) -> list[Json]:
    return list((body.get("properties") or {}).get("frontendIPConfigurations") or [])


def _zones(frontend: Json) -> list[Any]:
    return sorted(frontend.get("zones") or [])


def _moved(name: str, old: Json, new: Json) -> Refusal:
    had, asked = (", ".join(_zones(one)) for one in (old, new))
    return Refusal(
        400,
        "ResourceAvailabilityZonesCannotBeModified",
        f"Resource {name} has an existing availability zone constraint {had} and the request has"
        f" availability zone constraint {asked}, which do not match. Zones cannot be changed once"
        " the resource is created.",
        details=[],
    )
