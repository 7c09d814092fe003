"""Log Analytics' data plane: `POST /v1/workspaces/{id}/query` and `POST /v1/{resource}/query`.

It is another service than Resource Manager: tokens are for its own audience, errors are in its own
envelope, and it counts by itself, 200 queries in 30 seconds for each user.
https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
https://learn.microsoft.com/azure/azure-monitor/service-limits#log-queries-and-language
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.azure import throttle
from local.azure.arm import Answer, Call, Json, Refusal
from local.azure.ids import Id, parse
from local.azure.monitor import kusto, timespans
from local.azure.monitor.rows import Scope
from local.azure.tokens import Tokens
from local.azure.types import workspaces
from local.azure.world import World

AUDIENCES = (
    "https://api.loganalytics.io",
    "https://api.loganalytics.io/",
    "https://api.loganalytics.azure.com",
    "https://api.loganalytics.azure.com/",
)
MOST_QUERIES, WINDOW = 200, 30  # seconds
LONGEST_WAIT = 600
_PREFIX = "/v1/"
_FIELDS = {"query", "timespan", "workspaces"}
_WAIT = re.compile(r"wait=(\d+)")


class Fault(Refusal):
    """A refusal in the envelope of Log Analytics."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the envelope will say."""
        super().__init__(status, code, message, headers=headers)
        self.inner = inner

    def answer(self, form: str = "") -> Answer:
        """Return the envelope: one error, the reason of the reason inside it."""
        error: Json = {"message": self.message, "code": self.code}
        if self.inner is not None:
            error["innererror"] = self.inner
        return Answer(status=self.status, body={"error": error}, headers=self.headers)


def is_query(path: str) -> bool:
    """Tell whether a path is Log Analytics' and not Resource Manager's."""
    return path.lower().startswith(_PREFIX)


async def principal(tokens: Tokens, header: str | None) -> str:
    """Return who asks; a token that is there and no good is a 403 here."""
    try:
        return await tokens.principal(header, AUDIENCES)
    except Refusal as refusal:
        status = 403 if refusal.status == 401 and header else refusal.status
        raise Fault(status, refusal.code, refusal.message, headers=refusal.headers) from refusal


async def answer(world: World, call: Call, *, prefer: str) -> Answer:
    """Answer one query. The work is done in a thread: a first one imports DuckDB."""
    scope = _scope(world, call)
    asked = _asked(world, call, scope)
    wanted = {part.strip().lower() for part in prefer.split(",") if part.strip()}
    _check_wait(wanted)
    _count(world, call)
    world.logs.recall()
    started = time.perf_counter()
    try:
        tables = await asyncio.to_thread(_run, world, asked, call.now)
    except kusto.Wrong as wrong:
        raise _bad(inner=wrong.inner) from wrong
    except kusto.Beyond as beyond:
        message = f"The simulator does not know this KQL: {beyond}."
        raise Fault(501, "NotImplemented", message) from beyond
    body: Json = {"tables": tables}
    if "include-statistics=true" in wanted:
        body["statistics"] = {"query": _statistics(tables, time.perf_counter() - started)}
    if "include-render=true" in wanted:
        body["render"] = {}
    return Answer(status=200, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    text: str
    scope: Scope
    span: timespans.Span


def _run(world: World, asked: _Asked, now: datetime) -> list[Json]:
    query = kusto.read(asked.text)
    since, until = asked.span.since, asked.span.until
    opened = world.logs.view(asked.scope, since=since, until=until, naming=query.names)
    try:
        return kusto.run(opened, query, now=now)
    finally:
        opened.connection.close()


def _scope(world: World, call: Call) -> Scope:
    """Return what the path names; it is a 404 where that is nothing."""
    parts = [part for part in call.path.split("/") if part][1:]
    if call.method != "POST" or len(parts) < 2 or parts[-1].lower() != "query":
        raise _no_path()
    if parts[0].lower() == "workspaces":
        found = workspaces.by_customer(world, parts[1]) if len(parts) == 3 else None
        if found is None:
            raise _no_path()
        return Scope(workspaces={found.id.lower(): workspaces.customer(found.id)})
    target, rest = parse("/".join(parts[:-1]))
    if rest or target.subscription != world.subscription:
        raise _no_path()
    return _resource_scope(world, target)


def _resource_scope(world: World, target: Id) -> Scope:
    if not target.providers and target.group is None:
        everywhere = world.all_of(workspaces.TYPE)
        return Scope(
            workspaces={item.id.lower(): workspaces.customer(item.id) for item in everywhere}
        )
    if not target.providers:
        known = str(target.group).lower() in world.groups
    else:
        known = world.find(target) is not None
    if not known:
        raise _no_path()
    if target.type.lower() == workspaces.TYPE.lower():
        return Scope(workspaces={target.key: workspaces.customer(target.key)})
    return Scope(workspaces={}, under=target.key)


def _asked(world: World, call: Call, scope: Scope) -> _Asked:
    try:
        body: Any = json.loads(call.body or b"null")
    except (ValueError, RecursionError) as error:
        raise _bad("The request body is not JSON.") from error
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise _bad("The query is missing.")
    if not body["query"].strip():
        raise _bad("The query is empty.")
    unknown = sorted(set(body) - _FIELDS)
    if unknown:
        raise _bad(f"'{unknown[0]}' is not a property of a query.")
    try:
        span = timespans.read(body.get("timespan"), now=call.now)
    except ValueError as error:
        raise _bad(str(error)) from error
    return _Asked(text=body["query"], scope=_widened(world, scope, body), span=span)


def _widened(world: World, scope: Scope, body: Json) -> Scope:
    """Add the workspaces named beside the query: by name, customer id or resource id."""
    more = body.get("workspaces") or []
    if not isinstance(more, list):
        raise _bad("'workspaces' is not a list.")
    found = dict(scope.workspaces)
    for name in more:
        item = workspaces.named(world, str(name))
        if item is None:
            raise _bad(f"The workspace '{name}' could not be found.")
        found[item.id.lower()] = workspaces.customer(item.id)
    return Scope(workspaces=found, under=scope.under)


def _check_wait(wanted: set[str]) -> None:
    for part in wanted:
        match = _WAIT.fullmatch(part)
        if match and not 0 < int(match.group(1)) <= LONGEST_WAIT:
            raise _bad(f"'{part}' is not a wait of 1 to {LONGEST_WAIT} seconds.")


def _count(world: World, call: Call) -> None:
    limits = {"queries": (MOST_QUERIES, WINDOW)}
    try:
        throttle.count(world, f"queries/{call.principal}", limits, call)
    except Refusal as refusal:
        after = {"retry-after": refusal.headers["retry-after"]}
        raise Fault(429, "ThrottledError", "Rate limit is exceeded", headers=after) from refusal


def _statistics(tables: list[Json], seconds: float) -> Json:
    sizes = [
        {"table_row_count": len(table["rows"]), "table_size": len(json.dumps(table["rows"]))}
        for table in tables
    ]
    return {"executionTime": round(seconds, 7), "datasetStatistics": sizes}


def _no_path() -> Fault:
    return Fault(404, "PathNotFoundError", "The requested path does not exist")


def _bad(why: str = "", *, inner: Json | None = None) -> Fault:
    inner = inner or {"code": "BadArgumentError", "message": why}
    return Fault(400, "BadArgumentError", "The request had some invalid properties", inner=inner)
