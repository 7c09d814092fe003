"""KQL over the rows of a workspace: what a query names, what it answers, why it is refused.

duckdb-kql parses and translates, DuckDB runs. What is here makes the outcome Log Analytics' own:
its types and spellings of values, its codes for what is wrong with a query. Two things the library
cannot do are put right in the text first: `ingestion_time()` is a column here, and names are told
apart by case, as Kusto does and DuckDB does not.

A query that is good KQL and beyond the library is no fault of the caller's: that is `Beyond`.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from local.azure.arm import Json
from local.azure.monitor.rows import Opened
from local.azure.monitor.tables import HIDDEN, TABLES

_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_NO_COLUMN = re.compile(
    r'Referenced column "([^"]+)" not found|does not have a column named "(.+?)"'
)
_GETSCHEMA = ["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"]
_RECEIVED = "_TimeReceived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as it will be run, and the identifiers in it."""

    text: str
    names: frozenset[str]


class Wrong(Exception):
    """The query cannot be answered: the inner error says why."""

    def __init__(self, inner: Json) -> None:
        """Keep the inner error."""
        super().__init__(str(inner))
        self.inner = inner


class Beyond(Exception):
    """The query needs KQL that this simulator does not know."""


def read(text: str) -> Query:
    """Return the query made ready; raise Wrong for what no workspace would take."""
    from antlr4 import InputStream  # type: ignore[import-untyped]  # it has no stubs
    from duckdb_kql._antlr.KqlLexer import KqlLexer

    if text.lstrip().startswith("."):
        raise Wrong(_syntax("control commands are not allowed", 1, 1))
    lexer = KqlLexer(InputStream(text))
    lexer.removeErrorListeners()
    tokens = [token for token in lexer.getAllTokens() if token.channel == 0]
    words = [token.text for token in tokens]
    names = {str(token.text) for token in tokens if token.type == KqlLexer.IDENTIFIER}
    names |= {name for name in TABLES if name in text}  # a name may also stand in brackets
    _check_case(words, names)
    parts, at = [], 0
    for place in range(len(words) - 2):
        if words[place : place + 3] == ["ingestion_time", "(", ")"]:
            parts += [text[at : tokens[place].start], _RECEIVED]
            at = tokens[place + 2].stop + 1
            names.add(_RECEIVED)
    return Query(text="".join((*parts, text[at:])), names=frozenset(names))


def run(opened: Opened, query: Query, *, now: datetime) -> list[Json]:
    """Return the tables of the answer; raise Wrong or Beyond where there is none."""
    import duckdb
    import duckdb_kql
    from duckdb_kql.types import kusto_type

    try:
        translated = duckdb_kql.to_sql(
            query.text,
            schema={name: list(columns) for name, columns in opened.columns.items()},
            query_now=now.replace(tzinfo=None),
            allow_write=False,
        )
        found = opened.connection.sql(str(translated), params=translated.parameters or None)
        kinds = [kusto_type(str(kind)) for kind in found.types]
        rows = found.fetchall()
    except duckdb_kql.KqlSyntaxError as error:
        raise Wrong(_unparsed(error)) from error
    except duckdb_kql.KqlUnsupportedError as error:
        if "Kusto" in str(error.hint):  # what the language itself refuses
            raise Wrong(_semantic("SEM0001", str(error))) from error
        raise Beyond(str(error)) from error
    except duckdb_kql.KqlError as error:
        raise Wrong(_semantic("SEM0001", str(error))) from error
    except duckdb.CatalogException as error:
        raise _unknown(str(error), _NO_TABLE, "table or column") from error
    except duckdb.BinderException as error:
        raise _unknown(str(error), _NO_COLUMN, "scalar") from error
    except duckdb.Error as error:
        raise Wrong(_semantic("SEM0001", str(error))) from error
    columns = list(found.columns)
    return [
        {
            "name": "getschema" if columns == _GETSCHEMA else "PrimaryResult",
            "columns": [
                {"name": name, "type": kind} for name, kind in zip(columns, kinds, strict=True)
            ],
            "rows": [
                [_value(value, kind) for value, kind in zip(row, kinds, strict=True)]
                for row in rows
            ],
        }
    ]


def _check_case(words: Sequence[str], names: Iterable[str]) -> None:
    """Refuse a table or column spelled in the wrong case, unless the query makes such a name."""
    made = {word for word, after in pairwise(words) if after in ("=", ":")}
    reached = {word for before, word in pairwise(words) if before == "."}
    tables = [table for table in TABLES.values() if table.name in words]
    known = {*TABLES, *HIDDEN, *(name for table in tables for name in table.columns)}
    folded = {name.lower() for name in known}
    for name in sorted(names):
        if name.lower() in folded and name not in known | made | reached:
            kind = "table or column" if name.lower() in _TABLES_FOLDED else "scalar"
            raise Wrong(_unresolved(kind, name))


_TABLES_FOLDED = {name.lower() for name in TABLES}


def _unknown(said: str, pattern: re.Pattern[str], kind: str) -> Wrong:
    match = pattern.search(said)
    if match is None:
        return Wrong(_semantic("SEM0001", said.partition("\n")[0]))
    return Wrong(_unresolved(kind, next(group for group in match.groups() if group)))


def _unresolved(kind: str, name: str) -> Json:
    return _semantic("SEM0100", f"Failed to resolve {kind} expression named '{name}'")


def _semantic(code: str, message: str) -> Json:
    return {
        "code": "SemanticError",
        "message": "A semantic error occurred.",
        "innererror": {"code": code, "message": message},
    }


def _unparsed(error: Any) -> Json:
    first = error.diagnostics[0] if error.diagnostics else None
    if first is None:
        return _syntax(str(error), 1, 1)
    return _syntax(first.message, first.span.line, first.span.column + 1)


def _syntax(why: str, line: int, place: int) -> Json:
    return {
        "code": "SyntaxError",
        "message": "A recognition error occurred in the query.",
        "innererror": {
            "code": "SYN0002",
            "message": f"Query could not be parsed on line [{line},{place}]: {why}",
            "line": line,
            "pos": place,
        },
    }


def _value(value: Any, kind: str) -> Any:
    """Return a value as Log Analytics writes it: dynamics as text, no null strings."""
    match kind, value:
        case "string", None:
            return ""
        case _, None:
            return None
        case "datetime", datetime():
            return _instant(value)
        case "timespan", timedelta():
            return _span(value)
        case "real", float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case "dynamic", str():
            return value
        case "dynamic", _:
            return json.dumps(value, default=str, separators=(",", ":"))
        case (("bool" | "int" | "long" | "real"), _):
            return value
    return str(value)


def _instant(at: datetime) -> str:
    text = at.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def _span(length: timedelta) -> str:
    """Return a timespan as .NET prints it: [-][d.]hh:mm:ss[.fffffff]."""
    sign = "-" if length < timedelta(0) else ""
    whole = abs(length)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{whole.days}." if whole.days else ""
    fraction = f".{whole.microseconds:06d}0" if whole.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
