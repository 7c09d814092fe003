"""The rows of all workspaces: kept by the journal, queried in DuckDB.

A batch is in the journal before it is acknowledged. DuckDB holds a copy in memory, made when
somebody first asks and brought up to date before each query, so that a simulator which nobody
queries pays nothing for it, and a start reads no telemetry at all.

Which workspace a row is in was decided when it came (`home`): that of its component, or the one
it was sent to. A row that names neither is in every workspace of the subscription.
"""

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local.azure.arm import Json, guid
from local.azure.journal import Journal
from local.azure.monitor.tables import DUCKDB, HIDDEN, TABLES, LogTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_KIND = "telemetry"
_HOME = "_home"
_STORED = {**HIDDEN, _HOME: "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which rows a query sees.

    `workspaces` are customer ids by lower-case resource id, the first being the one asked;
    `under` is a lower-case resource id instead, whose own rows and those below it are seen.
    """

    workspaces: Mapping[str, str]
    under: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows for one table, checked; each has a `_home` beside its columns."""

    table: str
    rows: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A connection whose tables hold the rows of one scope, and the columns of each."""

    connection: "DuckDBPyConnection"
    columns: Mapping[str, Sequence[str]]


class LogRows:
    """Takes batches, and opens a view of them for one query."""

    def __init__(self, journal: Journal) -> None:
        """Read nothing yet."""
        self._journal = journal
        self._coming: list[Batch] = []
        self._is_read = False
        self._loading = threading.Lock()
        self._database: DuckDBPyConnection | None = None

    def add(self, batch: Batch, *, now: datetime, subscription: str) -> None:
        """Keep a batch; the caller commits."""
        self._recall()
        received = _naive(now)
        rows = [
            {
                **row,
                "_ItemId": str(uuid4()),
                "_TimeReceived": received,
                "_BilledSize": len(json.dumps(row)),
                "_IsBillable": "True",
                "_SubscriptionId": subscription,
            }
            for row in batch.rows
        ]
        self._journal.put(_KIND, str(uuid4()), {"table": batch.table, "rows": rows})
        self._coming.append(Batch(table=batch.table, rows=rows))

    def recall(self) -> None:
        """Read what the journal has, once; to be called where the journal may be used."""
        self._recall()

    def view(
        self,
        scope: Scope,
        *,
        since: datetime | None,
        until: datetime | None,
        naming: Collection[str],
    ) -> Opened:
        """Return the rows of a scope, opened for one query; callable from any thread.

        `naming` are the identifiers of the query: the tables among them are there, and so are the
        hidden columns. The caller closes the connection.
        """
        connection = self._loaded().cursor()
        connection.execute("SET TimeZone='UTC'")
        hidden = [name for name in HIDDEN if name in naming]
        test = " AND ".join(_tests(scope, since, until))
        wanted = [table for table in TABLES.values() if table.name in naming]
        columns = {table.name: [*table.columns, *hidden] for table in wanted}
        for table in wanted:
            shown = ", ".join(_shown(table, name, scope) for name in columns[table.name])
            connection.execute(
                f'CREATE TEMP VIEW "{table.name}" AS'
                f' SELECT {shown} FROM stored."{table.name}" WHERE {test}'
            )
        return Opened(connection=connection, columns=columns)

    def _recall(self) -> None:
        if not self._is_read:
            self._is_read = True
            kept = [Batch(**value) for _, value in self._journal.rows(_KIND)]
            self._coming = kept + self._coming

    def _loaded(self) -> "DuckDBPyConnection":
        with self._loading:
            if self._database is None:
                self._database = _made()
            while self._coming:
                _load(self._database, self._coming[0])
                del self._coming[0]
            return self._database


def _made() -> "DuckDBPyConnection":
    """Return an empty database in memory; importing DuckDB is what makes this slow."""
    import duckdb

    database = duckdb.connect(config={"threads": 2})
    database.execute("CREATE SCHEMA stored")
    for table in TABLES.values():
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _stored(table).items())
        database.execute(f'CREATE TABLE stored."{table.name}" ({columns})')
    return database


def _load(database: "DuckDBPyConnection", batch: Batch) -> None:
    form = json.dumps([_stored(TABLES[batch.table])])
    database.execute(
        f'INSERT INTO stored."{batch.table}" SELECT row.* FROM'
        f" (SELECT unnest(from_json($1::JSON, {_text(form)})) AS row)",
        [json.dumps(batch.rows)],
    )


def _stored(table: LogTable) -> dict[str, str]:
    """Return the columns in DuckDB: those of the service come from the view."""
    written = {**table.columns, **_STORED}
    return {
        name: DUCKDB[kind]
        for name, kind in written.items()
        if name not in ("TenantId", "Type", "SourceSystem")
    }


def _shown(table: LogTable, name: str, scope: Scope) -> str:
    """Return the SQL of one column. No string of Log Analytics is null."""
    match name:
        case "TenantId":
            value = _tenant(scope)
        case "Type":
            value = _text(table.name)
        case "SourceSystem":
            value = "'Azure'"
        case _ if {**table.columns, **HIDDEN}[name] == "string":
            value = f"coalesce(\"{name}\", '')"
        case _:
            return f'"{name}"'
    return f'{value} AS "{name}"'


def _tenant(scope: Scope) -> str:
    """Return the SQL of `TenantId`, which in these tables is the workspace's customer id."""
    known = list(scope.workspaces.items())
    usual = known[0][1] if known else guid("workspace", "none")
    cases = " ".join(f"WHEN {_text(home)} THEN {_text(customer)}" for home, customer in known)
    return f'CASE "{_HOME}" {cases} ELSE {_text(usual)} END' if cases else _text(usual)


def _tests(scope: Scope, since: datetime | None, until: datetime | None) -> list[str]:
    if scope.under is None:
        homes = ", ".join(_text(home) for home in ("", *scope.workspaces))
        tests = [f'"{_HOME}" IN ({homes})']
    else:
        own, below = _text(scope.under), _text(scope.under.rstrip("/") + "/")
        tests = [f'("_ResourceId" = {own} OR starts_with("_ResourceId", {below}))']
    if since is not None:
        tests.append(f'"TimeGenerated" >= TIMESTAMP {_text(_naive(since))}')
    if until is not None:
        tests.append(f'"TimeGenerated" <= TIMESTAMP {_text(_naive(until))}')
    return tests


def _naive(at: datetime) -> str:
    """Return the instant as DuckDB and the KQL over it have it: UTC without saying so."""
    return at.replace(tzinfo=None).isoformat(sep=" ")


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
