"""What is made of figures: a standing, why, and the row of what is known of backups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """What is made of figures, the gravest last: unknown is not good."""

    GOOD = "good"
    UNKNOWN = "unknown"
    BAD = "bad"

    @property
    def gravity(self) -> int:
        """How grave it is: of several, the gravest counts."""
        return list(Standing).index(self)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A verdict as a tree: on what, how it stands, why, the figures, and what it is made of."""

    name: str
    standing: Standing
    because: str
    figures: Mapping[str, str] = field(default_factory=dict)
    parts: "tuple[Finding, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class Backups:
    """The row of what is known of one environment's backups: the newest verdict, and since when.

    A target of its own, so that reading backups never waits for what else is under way.
    """

    name: str
    environment: str
    changed_at: datetime
    generation: int = 0
    operation: str | None = None
    checked_at: datetime | None = None
    since: datetime | None = None
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class RaisedAlert:
    """An alert that the control plane raised itself; open until `resolved_at`.

    `source` is the part that raised it, `severity` and `condition` are in Azure Monitor's words.
    """

    id: str
    source: str
    rule: str
    severity: str
    condition: str
    resources: tuple[str, ...]
    message: str
    fired_at: datetime
    resolved_at: datetime | None = None
