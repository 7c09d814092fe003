"""Azure Resource Graph: queries over a copy of the world that lags behind it.

Source: learn.microsoft.com "Guidance for throttled requests in Azure Resource Graph" (15 queries
in 5 seconds for each user, told in headers) and the recorded queries. The language is in `kql`.
"""

import base64
import json
from datetime import datetime
from typing import Any

from local.azure import kql
from local.azure.arm import Answer, Call, Json, Refusal, gateway, seconds
from local.azure.world import World

VERSIONS = (
    "2018-09-01-preview",
    "2019-04-01",
    "2020-04-01-preview",
    "2021-03-01",
    "2021-06-01-preview",
    "2022-10-01",
    "2024-04-01",
)
QUOTA, WINDOW, MOST_ROWS, USUAL_ROWS = 15, 5, 1000, 100
_COLUMNS = ("kind", "location", "managedBy", "sku", "plan", "properties", "tags", "identity")


def answer(world: World, call: Call) -> Answer:
    """Answer a query."""
    if call.method != "POST":
        raise Refusal(405, "MethodNotAllowed", "Resource Graph is asked by POST.")
    if call.version not in VERSIONS:
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version"
            f" '{call.version}' for type 'resources'. The supported api-versions are"
            f" '{', '.join(VERSIONS)}'. The supported locations are ''.",
        )
    headers = _spend(world, call)
    request = _request(call)
    options = request.get("options") or {}
    asked = {str(name).lower() for name in request.get("subscriptions") or [world.subscription]}
    mine = world.subscription.lower() in asked
    try:
        rows = kql.run(str(request["query"]), _tables(world) if mine else _empty())
    except kql.QueryError as error:
        raise _bad_query(str(error)) from error
    return Answer(status=200, body=_page(rows, options), headers=headers)


def _request(call: Call) -> Json:
    try:
        request: Any = json.loads(call.body or b"null")
    except (ValueError, RecursionError) as error:
        raise _bad_query("the body is not JSON") from error
    if not isinstance(request, dict) or not str(request.get("query") or "").strip():
        raise _bad_query("the query is missing")
    return request


def _page(rows: list[Json], options: Json) -> Json:
    size = options.get("$top", USUAL_ROWS)
    if not isinstance(size, int) or not 0 < size <= MOST_ROWS:
        raise _bad_query(f"$top must be 1 to {MOST_ROWS}")
    start = int(options.get("$skip") or 0)
    token = options.get("$skipToken")
    if token:
        try:
            start = int(json.loads(base64.b64decode(token))["next"])
        except (ValueError, KeyError, TypeError) as error:
            raise _bad_query("the $skipToken is invalid") from error
    shown = rows[start : start + size]
    data: Any = shown
    if options.get("resultFormat") == "table":
        names = list(shown[0]) if shown else []
        columns = [{"name": name, "type": "string"} for name in names]
        data = {"columns": columns, "rows": [[row.get(n) for n in names] for row in shown]}
    body: Json = {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": data,
        "facets": [],
        "resultTruncated": "false",
    }
    if start + size < len(rows):
        body["$skipToken"] = base64.b64encode(json.dumps({"next": start + size}).encode()).decode()
    return body


def _tables(world: World) -> dict[str, list[Json]]:
    rows = [_row(world, document) for document in world.graph.documents()]
    containers = "microsoft.resources/subscriptions"
    subscription: Json = {
        "id": f"/subscriptions/{world.subscription}",
        "name": "Tesoro XP (local)",
        "type": containers,
    }
    return {
        "resources": [row for row in rows if not row["type"].startswith(containers)],
        "resourcecontainers": [
            *(row for row in rows if row["type"].startswith(containers)),
            _row(world, subscription),
        ],
    }


def _empty() -> dict[str, list[Json]]:
    return {"resources": [], "resourcecontainers": []}


def _row(world: World, document: Json) -> Json:
    parts = document["id"].split("/")
    return {
        "id": document["id"],
        "name": document["name"],
        "type": document["type"].lower(),
        "tenantId": world.tenant,
        "subscriptionId": world.subscription,
        "resourceGroup": parts[4].lower() if len(parts) > 4 else "",
        **{name: document.get(name) for name in _COLUMNS},
        "zones": document.get("zones"),
        "extendedLocation": None,
    }


def _spend(world: World, call: Call) -> dict[str, str]:
    key = f"graph/{call.principal}"
    found = [datetime.fromisoformat(at) for at in world.notes.get(key, [])]
    recent = [at for at in found if at > call.now - seconds(WINDOW)]
    first = recent[0] if recent else call.now
    left = first + seconds(WINDOW) - call.now
    after = f"00:00:{int(left.total_seconds()):02d}"
    if len(recent) >= QUOTA:
        raise Refusal(
            429,
            "RateLimiting",
            "Please provide below info when asking for support. The number of queries exceeds the"
            f" limit of {QUOTA} in {WINDOW} seconds.",
            headers={
                "retry-after": str(max(1, int(left.total_seconds()))),
                "x-ms-user-quota-remaining": "0",
                "x-ms-user-quota-resets-after": after,
            },
        )
    world.note(key, [at.isoformat() for at in (*recent, call.now)])
    remaining = str(QUOTA - len(recent) - 1)
    return {
        "x-ms-user-quota-remaining": remaining,
        "x-ms-user-quota-resets-after": after,
        "x-ms-ratelimit-remaining-tenant-resource-requests": remaining,
    }


def _bad_query(why: str) -> Refusal:
    details: list[Json] = [{"code": "InvalidQuery", "message": "Query is invalid."}]
    if why:
        details.append({"code": "ParserFailure", "message": f"ParserFailure: {why}"})
    message = "Please provide below info when asking for support."
    return Refusal(400, "BadRequest", message, details=details)
