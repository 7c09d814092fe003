"""Ports for the parts of a stack: free now, and likely free again at the next start.

Not what the kernel offers for port 0: those it also lends to outgoing connections, and a stack
that is started again with its old ports would find one of them held by some client for a while.
"""

import random
import socket
from collections.abc import Collection
from pathlib import Path

_LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FROM, _BELOW = 20_000, 32_768
_TRIES = 500


def free_ports(count: int, *, avoid: Collection[int] = ()) -> list[int]:
    """Return `count` different ports of 127.0.0.1 on which nobody listens."""
    found: list[int] = []
    low, high = _range()
    for _ in range(_TRIES):
        if len(found) == count:
            return found
        port = random.randrange(low, high)
        if port not in found and port not in avoid and is_free(port):
            found.append(port)
    raise OSError(
        f"no {count} free ports from {low} to {high - 1} on 127.0.0.1; end what holds them"
    )


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port now."""
    with socket.socket() as attempt:
        # As servers do: what is left of ended connections (TIME_WAIT) is no obstacle.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Say whether somebody accepts connections on the port."""
    with socket.socket() as attempt:
        attempt.settimeout(0.5)
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def _range() -> tuple[int, int]:
    """Return a span of ports, its end excluded, that the kernel does not lend."""
    try:
        lent_from = int(_LENT.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _FROM, _BELOW
    return (_FROM, min(_BELOW, lent_from)) if lent_from > _FROM + 1000 else (_FROM, _BELOW)
