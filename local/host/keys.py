"""Which key opens which door. Locally they are always enforced, as on Azure.

`func start` lets every caller in, so that a wrong level or a forgotten key shows only after a
deployment. Here a key is a function's own, a host key, or the master key, and each opens what it
opens on Azure.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.host.functions import Level
from local.stack import Stack

FILE = "host-keys.json"
_ALERTS = "receive_alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one host; function names in lower case."""

    master: str = field(repr=False)
    host: tuple[str, ...] = field(default=(), repr=False)
    functions: Mapping[str, str] = field(default_factory=dict, repr=False)

    def is_master(self, presented: str) -> bool:
        """Say whether it is the key that opens everything."""
        return _same(presented, self.master)

    def admit(self, level: Level, function: str, presented: str) -> bool:
        """Say whether `presented` ("" for none) opens `function`, guarded at `level`."""
        match level:
            case Level.ANONYMOUS:
                return True
            case Level.ADMIN:
                return self.is_master(presented)
            case Level.FUNCTION:
                own = self.functions.get(function.lower(), "")
                return any(_same(presented, key) for key in (own, self.master, *self.host))


def read(state: Path, stack: Stack) -> Keys:
    """Return the keys of `state/host-keys.json`, or those that follow from the stack.

    The file is `{"master": key, "functions": {name: key}, "host": {label: key}}`.
    """
    path = state / FILE
    if not path.exists():
        return Keys(master=stack.master_key, functions={_ALERTS: stack.alerts_key})
    given = json.loads(path.read_text())
    return Keys(
        master=given.get("master", stack.master_key),
        host=tuple(given.get("host", {}).values()),
        functions={name.lower(): key for name, key in given.get("functions", {}).items()},
    )


def _same(presented: str, key: str) -> bool:
    return bool(key) and hmac.compare_digest(presented.encode(), key.encode())
