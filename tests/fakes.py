"""Fakes with behaviour, for what the memory keepers do not cover."""

from collections.abc import Mapping
from datetime import datetime


class MemoryAnchors:
    """Heads kept out of reach, in this process."""

    def __init__(self) -> None:
        self.kept: dict[datetime, Mapping[str, tuple[int, str]]] = {}

    def write(self, heads: Mapping[str, tuple[int, str]], *, now: datetime) -> bool:
        """Keep the heads; False where that instant has some already."""
        if now in self.kept:
            return False
        self.kept[now] = dict(heads)
        return True

    def newest(self, *, now: datetime) -> Mapping[str, tuple[int, str]]:
        """Return the heads that were kept last."""
        return self.kept[max(self.kept)] if self.kept else {}
