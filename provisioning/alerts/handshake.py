"""How Event Grid is answered when it asks whether an address wants its events.

The address it offers for confirming by hand is never fetched.
https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema
"""

import re
from collections.abc import Mapping
from typing import Any

from provisioning.alerts.words import at

_CODE = re.compile(r"[A-Za-z0-9-]{1,100}")
_ORIGIN = re.compile(r"([a-z0-9-]+\.)*eventgrid\.azure\.net")


def handshake(headers: Mapping[str, str], payload: Any) -> str | None:
    """Return the code to send back where this is Event Grid's question; header names lower case.

    Header and body must both say so.
    """
    asked = headers.get("aeg-event-type", "").lower() == "subscriptionvalidation"
    if not asked or not isinstance(payload, list) or len(payload) != 1:
        return None
    if at(payload[0], "eventType") != "Microsoft.EventGrid.SubscriptionValidationEvent":
        return None
    code = at(payload[0], "data", "validationCode")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def allowed(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Return the headers that let Event Grid send CloudEvents; None for any other origin."""
    origin = headers.get("webhook-request-origin", "").lower()
    if not _ORIGIN.fullmatch(origin):
        return None
    return {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "120", "Allow": "POST"}
