"""Resource Manager's own list: every tracked resource, of a group or of the subscription."""

import re
from dataclasses import replace
from typing import Any

from local.azure import filters, paging
from local.azure.arm import Answer, Call, Json, gateway
from local.azure.ids import resource
from local.azure.world import World

_FILTERED_LATE = re.compile(r"\b(resourceType|name) eq", re.IGNORECASE)


def index(world: World, call: Call, group: str | None) -> Answer:
    """Answer Resource Manager's list of all tracked resources."""
    test = filters.compile_filter(call.query.get("$filter"))
    expand = {word.strip().lower() for word in call.query.get("$expand", "").split(",") if word}
    unknown = expand - {"createdtime", "changedtime", "provisioningstate"}
    if unknown:
        raise gateway(
            400,
            "InvalidExpandInQueryString",
            f"Invalid $expand '{', '.join(sorted(unknown))}' specified in the query string.",
        )
    if group is None and _FILTERED_LATE.search(call.query.get("$filter", "")):
        return _by_partition(world, call, test, expand)
    start = f"/subscriptions/{world.subscription}/".lower()
    keys = world.list.keys(f"{start}resourcegroups/{group}/".lower() if group else start)
    if call.query.get("$filter"):
        keys = [key for key in keys if test(world.list.document(key))]
    page = paging.page(call, keys)
    briefly = [_brief(world.list.document(key), expand) for key in page.body["value"]]
    return replace(page, body={**page.body, "value": briefly})


def _by_partition(world: World, call: Call, test: Any, expand: set[str]) -> Answer:
    """Answer a filtered list as Azure pages it: each page is filtered after it was cut."""
    rows = [_brief(row, expand) for row in world.list.documents() if test(row)]
    if call.query.get("$skiptoken"):
        return Answer(status=200, body={"value": []})
    found = paging.page(call, [*rows, {}], size=max(1, len(rows)))
    body = {**found.body, "value": rows}
    return replace(found, body=body) if rows else paging.empty_first(call)


def _brief(row: Json, expand: set[str]) -> Json:
    kept = ("id", "name", "type", "sku", "kind", "managedBy", "plan", "identity", "zones")
    brief = {name: row[name] for name in (*kept, "location", "tags") if row.get(name) is not None}
    brief["name"] = "/".join(resource(row["id"]).last.names)
    for name in ("createdTime", "changedTime", "provisioningState"):
        if name.lower() in expand and row.get(name) is not None:
            brief[name] = row[name]
    return brief
