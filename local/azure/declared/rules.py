"""What a provider refuses in a body, said as data.

    {at = "properties.port", among = [80, 443], code = "InvalidPort", message = "…{value}…"}

`at` is the path of the members that the rule looks at; an absent one is not looked at. Each must
be `among` values, be `like` a pattern, lie `from` and `upto` numbers, be the identifier of a thing
that is `there`, or of one whose work has ended well (`settled`). `status` is 400 unless said. A
message may hold `{value}`, `{name}`, `{id}`, and of what is named `{other}` and its `{state}`; so
may `detail`, the error's own reason ("Code: sentence").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.azure import lines
from local.azure.arm import Json, Refusal
from local.azure.ids import parse
from local.azure.table import Write

_KNOWN = {
    "at",
    "among",
    "like",
    "from",
    "upto",
    "there",
    "settled",
    "status",
    "code",
    "message",
    "detail",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on the members at a path, and the refusal of the rest."""

    at: tuple[str, ...]
    among: tuple[Any, ...] = ()
    like: str = ""
    least: float | None = None
    most: float | None = None
    there: bool = False
    settled: bool = False
    status: int = 400
    code: str
    message: str
    detail: str = ""

    def check(self, write: Write) -> None:
        """Refuse the first value that does not keep the rule."""
        for value in lines.at(write.body, self.at):
            if value is not None and not self._keeps(value, write):
                found = write.world.find(str(value))
                words = {
                    "value": value,
                    "name": write.id.name,
                    "id": write.id,
                    "other": str(value).rpartition("/")[2],
                    "state": found.provisioning if found else "",
                }
                code, _, text = self.detail.partition(": ")
                more: list[Json] = [{"code": code, "message": text.format(**words)}]
                details = more if code else None
                message = self.message.format(**words)
                raise Refusal(self.status, self.code, message, details=details)

    def _keeps(self, value: Any, write: Write) -> bool:
        if self.among and not _is_among(value, self.among):
            return False
        if self.like and not re.fullmatch(self.like, str(value)):
            return False
        if self.least is not None or self.most is not None:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            if value < (self.least or value) or value > (
                value if self.most is None else self.most
            ):
                return False
        if self.settled:
            found = write.world.find(str(value))
            return found is None or found.provisioning in {None, "Succeeded"}
        return not self.there or _exists(str(value), write)


def rule(said: Mapping[str, Any]) -> Rule:
    """Return the rule that a table says."""
    unknown = set(said) - _KNOWN
    if unknown:
        raise ValueError(f"rules: {sorted(unknown)[0]}: unknown")
    named = {
        k: said[k]
        for k in ("like", "there", "settled", "status", "code", "message", "detail")
        if k in said
    }
    return Rule(
        at=tuple(str(said["at"]).split(".")),
        among=tuple(said.get("among", ())),
        least=said.get("from"),
        most=said.get("upto"),
        **named,
    )


def _is_among(value: Any, offered: tuple[Any, ...]) -> bool:
    if isinstance(value, str):
        return value.lower() in {str(one).lower() for one in offered}
    return value in offered


def _exists(name: str, write: Write) -> bool:
    target, rest = parse(name)
    if rest or write.world.table.find(target.type) is None:
        return True  # of another type than those that are known here
    return write.world.find(target) is not None
