"""The App's webhook: what is sent to the app, how it is signed, and the list of what was sent.

GitHub signs the raw bytes of a compact UTF-8 JSON, gives ten seconds, never tries again by itself,
and keeps a list for three days that the App may read and order again from: what is older by the
app clock is neither shown nor sent. A redelivery has the same GUID and says nowhere in its headers
that it is one. A page's cursor is to be taken from `Link`, not to be made up.
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/rest/apps/webhooks
"""

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from local.github.answers import Answer, Json, Request, invalid, not_found, per_page
from local.github.call import Call
from local.github.pulls import is_before
from local.github.world import World, stamp

HOOK = "525000001"
PATH = "/api/github/webhooks"
WITHIN = 10.0  # seconds; then GitHub counts the delivery as failed

_DETAILS = ("request", "response", "url")
_KEPT_FOR = timedelta(days=3)
_CURSOR = re.compile(r"v1_([0-9]{1,18})")
_CODES = {"success": range(200, 400), "failure": range(400, 600)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery ready to be sent."""

    guid: str
    event: str
    headers: Mapping[str, str]
    body: bytes
    redelivery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a parcel. Status 0: nobody was there; 504: too late."""

    status: int
    body: Any = None
    seconds: float = 0.0


def wrap(
    world: World,
    event: str,
    payload: Any,
    *,
    guid: str | None = None,
    secret: str | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> Parcel:
    """Return the payload as GitHub would send it; raise ValueError where it has no UTF-8 form.

    A header given as null is left out, so that a test can make every wrong delivery.
    """
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    guid = guid or str(uuid.uuid4())
    key = (world.stack.webhook_secret if secret is None else secret).encode()
    usual: dict[str, str | None] = {
        "accept": "*/*",
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/7e1a0c4",
        "x-github-delivery": guid,
        "x-github-event": event,
        "x-github-hook-id": HOOK,
        "x-github-hook-installation-target-id": world.stack.github_app_id,
        "x-github-hook-installation-target-type": "integration",
        "x-hub-signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
    chosen = {**usual, **{name.lower(): value for name, value in (headers or {}).items()}}
    return Parcel(
        guid=guid,
        event=event,
        headers={name: value for name, value in chosen.items() if value is not None},
        body=body,
    )


def record(world: World, parcel: Parcel, receipt: Receipt) -> Json:
    """Write a delivery and its end into the hook's list."""
    payload = json.loads(parcel.body)
    said = payload if isinstance(payload, dict) else {}
    made = complete(
        world,
        {
            "guid": parcel.guid,
            "redelivery": parcel.redelivery,
            "duration": round(receipt.seconds, 3),
            "status": _word(receipt.status),
            "status_code": receipt.status or 502,
            "event": parcel.event,
            "action": said.get("action"),
            "installation_id": _id_in(said.get("installation")),
            "repository_id": _id_in(said.get("repository")),
            "request": {"headers": dict(parcel.headers), "payload": payload},
            "response": {"headers": {}, "payload": receipt.body},
        },
    )
    world.store.put("delivery", made["id"], made)
    _keep_content(world, made)
    return made


def complete(world: World, given: Json) -> Json:
    """Return an entry of the list with every field it always has; what is given stays."""
    status = given.get("status_code", 200 if given.get("status") in (None, "OK") else 502)
    usual: Json = {
        "id": given.get("id") or _free_id(world),
        "guid": str(uuid.uuid4()),
        "delivered_at": world.now,
        "redelivery": False,
        "duration": 0.1,
        "status": _word(status),
        "status_code": status,
        "event": "pull_request",
        "action": None,
        "installation_id": None,
        "repository_id": None,
        "throttled_at": None,
        "url": f"{world.stack.app}{PATH}",
    }
    return {**usual, **given}


def put_deliveries(world: World, given: list[Json]) -> None:
    """Make the hook's list what a test states, newest first."""
    world.store.clear("delivery")
    for item in reversed(given):
        made = complete(world, item)
        if "payload" in made:
            made["request"] = {"headers": {}, "payload": made.pop("payload")}
        world.store.put("delivery", made["id"], made)
        _keep_content(world, made)


def again(world: World, identity: int) -> Parcel | None:
    """Return a delivery to be sent again; None where nobody ever told what was in it."""
    entry = world.store.get("delivery", identity)
    content = entry and world.store.get("content", entry["guid"])
    if not entry or not content:
        return None
    parcel = wrap(world, content["event"], content["payload"], guid=entry["guid"])
    return Parcel(
        guid=parcel.guid,
        event=parcel.event,
        headers=parcel.headers,
        body=parcel.body,
        redelivery=True,
    )


def find(call: Call) -> Answer:
    """List the deliveries of three days, newest first, from the one that `cursor` names on."""
    query = call.request.query
    found = [_short(one) for one in reversed(call.world.store.all("delivery"))]
    found = [one for one in found if _is_kept(call.world, one)]
    if "status" in query:
        if query["status"] not in _CODES:
            raise invalid("HookDelivery", "status", "status is not success or failure")
        found = [one for one in found if one["status_code"] in _CODES[query["status"]]]
    size, begin = per_page(call.request), _place(found, query.get("cursor"))
    turns = {"next": begin + size, "prev": max(begin - size, 0)}
    if begin + size >= len(found):
        del turns["next"]
    if begin == 0:
        del turns["prev"]
    links = [
        f'<{_page(call, call.request, found[place]["id"])}>; rel="{name}"'
        for name, place in turns.items()
    ]
    headers = {"link": ", ".join(links)} if links else {}
    return Answer(body=found[begin : begin + size], headers=headers)


def _place(found: list[Json], cursor: str | None) -> int:
    """Return where the page begins: at the delivery named, or after it where it is gone."""
    if cursor is None:
        return 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise invalid("HookDelivery", "cursor", f"{cursor} is not a cursor", code="invalid")
    identity = int(match[1])
    places = [place for place, one in enumerate(found) if one["id"] == identity]
    older = [place for place, one in enumerate(found) if one["id"] < identity]
    return [*places, *older, len(found)][0]


def _page(call: Call, request: Request, identity: int) -> str:
    query = {name: request.query[name] for name in ("per_page", "status") if name in request.query}
    return f"{call.base}{request.path}?{urlencode({**query, 'cursor': f'v1_{identity}'})}"


def show(call: Call) -> Answer:
    """Show one delivery with what was sent and answered."""
    return Answer(body=_known(call))


def attempt(call: Call) -> Answer:
    """Order a delivery again; GitHub answers before it sends."""
    return Answer(status=202, body={}, resend=_known(call)["id"])


def _known(call: Call) -> Json:
    found = call.world.store.get("delivery", call.number("id"))
    if found is None or not _is_kept(call.world, found):
        raise not_found()
    return found


def _is_kept(world: World, entry: Json) -> bool:
    return not is_before(entry["delivered_at"], stamp(world.clock.now() - _KEPT_FOR))


def _keep_content(world: World, entry: Json) -> None:
    """Remember what a GUID held: the list may be replaced, a redelivery still needs its body."""
    sent = entry.get("request")
    payload = sent.get("payload") if isinstance(sent, dict) else None
    if payload is not None:
        world.store.put("content", entry["guid"], {"event": entry["event"], "payload": payload})


def _short(entry: Json) -> Json:
    return {name: value for name, value in entry.items() if name not in _DETAILS}


def _free_id(world: World) -> int:
    number = world.store.number("delivery")
    while world.store.get("delivery", number) is not None:
        number = world.store.number("delivery")
    return number


def _word(status: int) -> str:
    if 200 <= status < 300:
        return "OK"
    match status:
        case 0:
            return "failed to connect to host"
        case 504:
            return "timed out"
    return f"Invalid HTTP Response: {status}"


def _id_in(said: Any) -> int | None:
    identity = said.get("id") if isinstance(said, dict) else None
    return identity if isinstance(identity, int) else None
