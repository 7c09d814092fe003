"""Making a state folder into a stack: its ports, secrets, keys and certificates.

Decided at the first start and kept: a second start finds the same addresses, so that what was
written into rows and tokens stays true. Only two things may be asked anew: the app's port and
whether the clock is held.
"""

import base64
import secrets
import uuid
from dataclasses import fields, replace
from pathlib import Path

from local.azure.certificates import ensure_certificates
from local.keys import ensure_keys
from local.ports import free_ports
from local.stack import FILE, Stack


class Unusable(Exception):
    """The state folder cannot be used; the text says why, and what to do."""


def found(state: Path, *, port: int | None, held: bool | None) -> Stack:
    """Return the stack kept in `state`, made now if there is none; everything it needs is there.

    `port` None keeps the app's port, or picks a free one; `held` None keeps the clock, or takes
    the machine's. Raises Unusable where `stack.json` is not of this version.
    """
    kept = _read(state) if (state / FILE).exists() else None
    stack = kept or _new(port, is_held=held is True)
    wanted = replace(
        stack,
        app_port=stack.app_port if port is None else port,
        held=stack.held if held is None else held,
    )
    if wanted != kept:
        wanted.write(state)
    ensure_keys(state)
    ensure_certificates(state)
    return wanted


def ports_of(stack: Stack) -> dict[str, int]:
    """Return the port of every part by the part's name."""
    names = [field.name for field in fields(stack) if field.name.endswith("_port")]
    return {name.removesuffix("_port"): getattr(stack, name) for name in names}


def _read(state: Path) -> Stack:
    try:
        return Stack.read(state)
    except (OSError, ValueError, TypeError) as error:
        raise Unusable(
            f"{state / FILE} is not of this version ({error}); give another --state, or remove"
            " the folder and lose what is in it"
        ) from error


def _new(port: int | None, *, is_held: bool) -> Stack:
    names = [field.name for field in fields(Stack) if field.name.endswith("_port")]
    avoid = () if port is None else (port,)
    picked = dict(zip(names, free_ports(len(names), avoid=avoid), strict=True))
    given: dict[str, object] = {
        **picked,
        "held": is_held,
        "webhook_secret": secrets.token_hex(32),
        "alerts_key": secrets.token_urlsafe(40),
        "master_key": secrets.token_urlsafe(40),
        "identity_header": secrets.token_hex(16).upper(),
        # Azurite takes an account's key as Azure gives it out: 64 bytes, in base64.
        "storage_key": base64.b64encode(secrets.token_bytes(64)).decode(),
        "preview_key": secrets.token_hex(32),
        "subscription": str(uuid.uuid4()),
        "tenant": str(uuid.uuid4()),
        "github_app_id": str(1_000_000 + secrets.randbelow(1_000_000)),
    }
    return Stack(**given)  # type: ignore[arg-type]  # names and types are the fields' own
