"""`$filter` of metrics: which dimensions are wanted, and by which the answer is split.

The form is `A eq 'x' and B eq '*'`; `or` joins values of one dimension, and `*` takes every value
and makes a series of each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CLAUSE = re.compile(r"\(?\s*([\w/ ]+?)\s+(eq|ne)\s+'([^']*)'\s*\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What one dimension, in lower case, is to be, or not to be."""

    dimension: str
    is_negated: bool
    values: Sequence[str]

    @property
    def splits(self) -> bool:
        """Tell whether each value gets a series of its own."""
        return "*" in self.values and not self.is_negated

    def holds(self, dimensions: Mapping[str, str]) -> bool:
        """Tell whether a series with these dimensions is wanted."""
        has = {name.lower(): value.lower() for name, value in dimensions.items()}
        value = has.get(self.dimension)
        if self.is_negated:
            return value not in self.values
        return value is not None and ("*" in self.values or value in self.values)


def read(text: str) -> list[Clause]:
    """Return the clauses, all of which must hold; raise ValueError for another form."""
    parts = re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)
    return [_clause(part.strip(), text) for part in parts if part.strip()]


def _clause(part: str, text: str) -> Clause:
    either = [
        _CLAUSE.fullmatch(one.strip())
        for one in re.split(r"\s+or\s+", part.strip(" ()"), flags=re.IGNORECASE)
    ]
    found = [match.groups() for match in either if match]
    same = {(name.lower(), sign.lower()) for name, sign, _ in found}
    if len(found) != len(either) or len(same) != 1:
        raise ValueError(f"Invalid $filter '{text}'.")
    name, sign = same.pop()
    return Clause(
        dimension=name,
        is_negated=sign == "ne",
        values=[value.lower() for _, _, value in found],
    )
