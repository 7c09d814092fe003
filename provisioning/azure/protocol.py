"""What an answer of Azure Resource Manager means, as a pure function.

The error's code is read first, the status after: ARM answers 409 both for "wait, something is
under way" and for "never". What is transient gets a delay; the rest gets a sentence to act on.
Codes:
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from provisioning.errors import TerminalError, TransientError

_BUSY = {  # something else is under way on the same thing: it ends by itself
    "anotheroperationinprogress",
    "conflictingdatabaseoperation",
    "containerapplockconflict",
    "containerappoperationinprogress",
    "containergrouptransitioning",
    "deploymentactive",
    "managedenvironmentoperationinprogress",
    "operationnotallowedonresourcebeingprovisioned",
    "parentresourceisnotprovisioned",
    "principalnotfound",  # a new identity takes a while to be known everywhere
    "referencedresourcenotprovisioned",
    "resourcegroupbeingdeleted",
    "retryableerror",
    "serverisbusy",
}
_THROTTLED = {
    "containergroupcreationratelimitexceeded",
    "resourcerequestsratelimited",
    "subscriptionrequeststhrottled",
    "toomanyrequests",
}
_REMEDY = {
    "authorizationfailed": "give the control plane's identity the role that allows it",
    "linkedauthorizationfailed": "give the control plane's identity the role that allows it",
    "missingsubscriptionregistration": "register the resource provider in the subscription",
    "quotaexceeded": "ask for more quota, or remove what is not needed",
    "containergroupquotareached": "ask for more quota, or remove previews that are not needed",
    "scopelocked": "remove the lock, or keep the resource",
    "requestdisallowedbypolicy": "change the policy or what it forbids",
    "missingregistrationforlocation": "register the resource provider for the region",
    "failedidentityoperation": "make the identity first, or take it off the resource",
    "invalidresourcereference": "make what is referred to first",
    "cannotdeleteresource": "delete what is nested in it first",
    "skunotavailable": "choose another size or region",
    "preconditionfailed": "read it again and repeat the change",
}
_BUSY_DELAY = timedelta(seconds=15)
_THROTTLED_DELAY = timedelta(seconds=30)
_BROKEN_DELAY = timedelta(seconds=10)


@dataclass(frozen=True)
class InProgress:
    """ARM has taken the work on: look at `look_at` (None: at the resource) after `look_after`."""

    look_at: str | None
    look_after: timedelta


@dataclass(frozen=True)
class Ready:
    """The work is done; `body` is the resource as it is."""

    body: Mapping[str, Any]


@dataclass(frozen=True)
class Absent:
    """There is no such resource."""


Answer = InProgress | Ready | Absent


def classify(
    status: int, code: str, message: str, *, retry_after: timedelta | None = None
) -> TransientError | TerminalError:
    """Return the error that an answer with this status and ARM code amounts to."""
    name = code.lower()
    if status == 429 or name in _THROTTLED:
        after = retry_after or _THROTTLED_DELAY
        return TransientError(
            "throttled", f"Azure asks for fewer calls ({code}); it goes on by itself", after=after
        )
    if name in _BUSY:
        after = retry_after or _BUSY_DELAY
        return TransientError("busy", f"{code}: {message}", after=after)
    if status in (408, 500, 502, 503, 504):
        after = retry_after or _BROKEN_DELAY
        return TransientError(
            "azure_unavailable", f"Azure answered {status} {code}: {message}".strip(), after=after
        )
    if status == 401:
        return TransientError("unauthenticated", f"Azure did not accept our token: {code}")
    remedy = _REMEDY.get(name)
    sentence = (
        f"{code}: {message}" if remedy is None else f"{code}: {message} To mend it: {remedy}."
    )
    return TerminalError(code or f"http_{status}", sentence)


def error_of(body: Any) -> tuple[str, str]:
    """Return code and message of ARM's error envelope, or what can be made of another body."""
    if not isinstance(body, Mapping):
        return "", str(body or "")[:300]
    found = _lowered(body)
    error = found.get("error", found)
    if not isinstance(error, Mapping):
        return "", str(error)[:300]
    error = _lowered(error)
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    details = error.get("details")
    if isinstance(details, list) and details and isinstance(details[0], Mapping):
        inner = str(_lowered(details[0]).get("message") or "")
        if inner and inner not in message:
            message = f"{message} {inner}".strip()
    return code, message[:600]


def _lowered(body: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return an object with its names in lower case: App Service writes `Code` and `Message`."""
    return {str(name).lower(): value for name, value in body.items()}


def seconds(text: str | None) -> timedelta | None:
    """Return a Retry-After header's delay; None where it is missing or not a number."""
    if text is None or not text.strip().isdigit():
        return None
    return timedelta(seconds=min(int(text), 3600))


def matches_tags(resource: Mapping[str, Any], tag: str, value: str) -> bool:
    """Say whether the resource carries the tag with that value (names of tags ignore case)."""
    tags = resource.get("tags") or {}
    return any(str(k).lower() == tag.lower() and str(v) == value for k, v in tags.items())
