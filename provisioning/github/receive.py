"""Is this delivery GitHub's, and can it be read? Bytes and headers in, a value or a refusal out.

The signature covers the raw body alone: it is checked before anything is parsed, over bytes, in
constant time, against each secret in use. SHA-1 is never accepted.
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.errors import Refusal

MOST_BYTES = 26_000_000  # GitHub sends at most 25 MB
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_EVENT = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Delivery:
    """A signed delivery that parses. The id and the event's name are not signed, only the body."""

    id: str
    event: str
    body: bytes
    payload: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Return what two deliveries of the same event with the same body share."""
        return hashlib.sha256(self.event.encode("ascii") + b"\0" + self.body).hexdigest()


def read(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> Delivery:
    """Return the delivery; header names in lower case.

    Raises Refusal, in this order: 413 too large, 401 not signed by one of `secrets`, 415 not JSON
    by its content type, 400 not to be parsed.
    """
    if len(body) > MOST_BYTES:
        raise Refusal.one(413, "body_too_large", f"a delivery has at most {MOST_BYTES} bytes")
    if not is_signed(body, headers.get("x-hub-signature-256", ""), secrets):
        raise Refusal.one(
            401,
            "signature_invalid",
            "the body is not signed with the webhook's secret; set the same secret on both sides",
            "X-Hub-Signature-256",
        )
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal.one(
            415,
            "content_type_unsupported",
            "set the webhook's content type to application/json",
            "Content-Type",
        )
    event = headers.get("x-github-event", "")
    if not _EVENT.fullmatch(event):
        raise Refusal.one(400, "event_missing", "the event's name is missing", "X-GitHub-Event")
    return Delivery(_identity(headers, event, body), event, body, _parse(body))


def is_signed(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """Say whether `signature` is `sha256=` and the body's HMAC under one of the secrets."""
    given = signature.strip().encode("utf-8", "surrogatepass")
    matches = False
    for secret in secrets:
        right = b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode("ascii")
        matches |= bool(secret) and hmac.compare_digest(given, right)
    return matches


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body.decode("utf-8"))
        if b"\\u" in body:  # so written half a surrogate pair can come in, and it parses
            json.dumps(payload, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal.one(400, "body_malformed", "the body is not JSON in UTF-8") from error
    if not isinstance(payload, dict):
        raise Refusal.one(400, "body_malformed", "the body is not a JSON object")
    return payload


def _identity(headers: Mapping[str, str], event: str, body: bytes) -> str:
    given = headers.get("x-github-delivery", "")
    if _ID.fullmatch(given):
        return given
    return "body-" + hashlib.sha256(event.encode("ascii") + b"\0" + body).hexdigest()[:32]
