"""What may be stopped, as a type: production has no value of it.

Every function that stops, deallocates or scales down takes a `Stoppable`; mypy refuses production
where one is written down, and the making of one refuses it where a row or a catalog is wrong.
"""

from dataclasses import dataclass
from typing import Literal

from provisioning.errors import TerminalError
from provisioning.model import Environment, Kind

StoppableKind = Literal[Kind.DEVELOPMENT, Kind.STAGING]


@dataclass(frozen=True)
class Stoppable:
    """An environment that may be put to sleep."""

    name: str
    kind: StoppableKind

    def __post_init__(self) -> None:
        if self.kind not in (Kind.DEVELOPMENT, Kind.STAGING):
            raise TerminalError("never_stopped", f"{self.name} is {self.kind}, and never stopped")


def stoppable(environment: Environment) -> Stoppable | None:
    """Return the environment as one that may be stopped; None where it may not."""
    kind = environment.kind
    if kind is Kind.DEVELOPMENT or kind is Kind.STAGING:
        return Stoppable(environment.name, kind)
    return None
