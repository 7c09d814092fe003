"""Texts at addresses: what links in requests lead to.

`PUT /_local/documents` with `{address: text}` says what is where, for a machine that cannot ask
the internet; any other address is asked for, and one that does not answer has nothing.
"""

import httpx

from local.azure.world import World

NOTE = "documents"
_LONGEST = 4 * 1024 * 1024
_PATIENCE = 5.0  # seconds: whoever asks waits for it


def read(body: object) -> dict[str, str]:
    """Return what `PUT /_local/documents` says; raise ValueError naming a bad field."""
    if not isinstance(body, dict):
        raise ValueError("body: expected {address: text}")  # noqa: TRY004
    for address, found in body.items():
        if not isinstance(found, str):
            raise ValueError(f"{address}: expected text")  # noqa: TRY004
    return body


def text(world: World, address: str) -> str | None:
    """Return the text at an address; None where there is none."""
    known = world.notes.get(NOTE, {})
    plain = address.partition("?")[0]
    if address in known or plain in known:
        return str(known.get(address, known.get(plain)))
    if not address.startswith(("http://", "https://")):
        return None
    try:
        answer = httpx.get(address, timeout=_PATIENCE, follow_redirects=True, trust_env=False)
    except httpx.HTTPError:
        return None
    found = answer.text
    return found if answer.status_code == 200 and len(found) <= _LONGEST else None
