"""Action groups: a receiver that was switched off by its owner can be subscribed again."""

from collections.abc import Mapping
from typing import ClassVar

from local.azure.arm import Answer
from local.azure.bodies import read
from local.azure.declared.behaviour import Declared
from local.azure.era import ERA
from local.azure.table import Action, Use
from local.azure.world import plain

_LOWER = "2020-01"  # the month since which its errors are spelled in lower case
_KINDS = ("emailReceivers", "smsReceivers")


def subscribe(use: Use) -> Answer:
    """Switch a receiver on again; recorded: the errors stand alone and have no message."""
    wanted = str(read(use.call).get("receiverName"))
    body = plain(use.resource.body)
    for kind in _KINDS:
        for one in (body.get("properties") or {}).get(kind) or []:
            if one.get("name") == wanted:
                return _refusal(409, "ReceiverAlreadyEnabled")
    return _refusal(404, "ReceiverNotFound")


def _refusal(status: int, code: str) -> Answer:
    names = ("Code", "Message") if ERA.get() < _LOWER else ("code", "message")
    return Answer(status=status, body=dict(zip(names, (code, None), strict=True)))


class ActionGroup(Declared):
    """What its table says, and the subscription of a receiver."""

    ACTIONS: ClassVar[Mapping[tuple[str, str], Action]] = {("POST", "subscribe"): subscribe}
