"""How much one evaluation may do: how deep it may go, how long it may work, how much it may make.

A template is a program that others wrote. Without bounds a few lines of it double a value sixty
times, or call themselves until the process ends; with them everything ends, in a refusal if need
be. Depth is counted in calls and containers inside each other, work in calls and in elements that
came of them, size in the characters that a value would have as JSON.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.azure.templates.errors import TemplateError

MOST_TEXT = 4 * 1024 * 1024  # characters of one value: a template's own limit
_MOST_MADE = 16 * MOST_TEXT  # characters of all texts that one evaluation makes
_MOST_WORK = 3_000_000
_CALL = 10  # what a call costs, where an element costs one
_DEEPEST = 110  # calls and containers that are being evaluated
_DEEPEST_VALUE = 100  # containers inside each other in a value
_MOST_KNOWN = 20_000


@dataclass(slots=True)
class Effort:
    """What an evaluation has done so far; values that were measured are remembered."""

    depth: int = 0
    work: int = 0
    made: int = 0
    _known: dict[int, tuple[Any, int, int]] = field(default_factory=dict)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go one level deeper for as long as the block runs; refuse a level too many."""
        if self.depth == 0:
            self.work = self.made = 0
        if self.depth >= _DEEPEST:
            raise too_deep()
        self.depth += 1
        try:
            self.spend(_CALL)
            yield
        finally:
            self.depth -= 1

    def spend(self, work: int) -> None:
        """Count work; refuse to do too much of it."""
        self.work += work
        if self.work > _MOST_WORK:
            raise TemplateError("The template language expression takes too long to evaluate.")

    def accept(self, value: Any) -> Any:
        """Return a value that was made, if it is neither too large nor too deep."""
        if isinstance(value, str):
            self.made += len(value)
            if len(value) > MOST_TEXT or self.made > _MOST_MADE:
                raise too_large()
        elif isinstance(value, list | dict):
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._measured(value, 0)
            self.spend(len(value))
        return value

    def _measured(self, value: Any, level: int) -> tuple[int, int]:
        """Return how many characters a value has as JSON, and how many levels."""
        if isinstance(value, str):
            return len(value) + 2, 0
        if not isinstance(value, list | dict):
            return 4, 0
        known = self._known.get(id(value))
        if known is not None and known[0] is value:
            return known[1], known[2]
        if level > _DEEPEST_VALUE:
            raise too_deep()
        size, depth = 2, 0
        for one in value.values() if isinstance(value, dict) else value:
            inner, levels = self._measured(one, level + 1)
            size, depth = size + inner + 1, max(depth, levels)
            if size > MOST_TEXT or depth > _DEEPEST_VALUE:
                raise too_large() if size > MOST_TEXT else too_deep()
        if isinstance(value, dict):
            size += sum(len(name) + 3 for name in value)
        self._known[id(value)] = (value, size, depth + 1)
        return size, depth + 1


def too_large() -> TemplateError:
    """Return the refusal of a value that is too large."""
    return TemplateError(
        f"The template language expression's result exceeds the limit of '{MOST_TEXT}' characters."
    )


def too_deep() -> TemplateError:
    """Return the refusal of what is nested too deep."""
    return TemplateError("The template language expression is nested too deep to be evaluated.")
