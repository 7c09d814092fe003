"""The part of the Kusto query language that Resource Graph is asked in here.

`where` with comparisons, `in`, `has`, `contains`, prefixes and the empty-tests, joined by `and`,
`or`, `not`; `project`, `project-away`, `extend`, `order by`, `take`, `distinct`, `count` and
`summarize count() by`. Anything else is refused, never guessed.
"""

import re
from collections.abc import Callable
from typing import Any

from local.azure.arm import Json

Value = Callable[[Json], Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_$][\w$]*(?:-away)?)|(?P<sign>=~|!~|==|!=|<=|>=|[|()\[\],.=<>~])"
    r"|(?P<comment>//[^\n]*))"
)


class QueryError(Exception):
    """The query is not in the part of the language that is understood."""


def run(query: str, tables: dict[str, list[Json]]) -> list[Json]:
    """Return the rows that `query` yields over `tables` (by lower-case name)."""
    reader = _Reader(_tokens(query))
    name = reader.word()
    if name.lower() not in tables:
        raise QueryError(f"the table '{name}' is not known")
    rows = [dict(row) for row in tables[name.lower()]]
    while not reader.done():
        reader.sign("|")
        rows = _stage(reader, rows)
    return rows


def _tokens(query: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    query = query.strip()
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None or match.end() == at:
            raise QueryError(f"unexpected '{query[at : at + 10]}'")
        at = match.end()
        if match.lastgroup != "comment":
            found.append((str(match.lastgroup), str(match.group(str(match.lastgroup)))))
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at = tokens, 0

    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.done() else self._tokens[self._at][1]

    def kind(self) -> str:
        return "" if self.done() else self._tokens[self._at][0]

    def next(self) -> tuple[str, str]:
        if self.done():
            raise QueryError("the query ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def word(self) -> str:
        kind, text = self.next()
        if kind != "word":
            raise QueryError(f"a name was expected, not '{text}'")
        return text

    def sign(self, wanted: str) -> None:
        _, text = self.next()
        if text != wanted:
            raise QueryError(f"'{wanted}' was expected, not '{text}'")

    def take(self, wanted: str) -> bool:
        if self.kind() != "text" and self.peek().lower() == wanted:
            self._at += 1
            return True
        return False


def _stage(reader: _Reader, rows: list[Json]) -> list[Json]:
    name = reader.word().lower()
    match name:
        case "where":
            test = _either(reader)
            return [row for row in rows if test(row)]
        case "project":
            columns = _columns(reader)
            return [{key: value(row) for key, value in columns} for row in rows]
        case "extend":
            columns = _columns(reader)
            return [{**row, **{key: value(row) for key, value in columns}} for row in rows]
        case "project-away":
            gone = {key for key, _ in _columns(reader)}
            return [{k: v for k, v in row.items() if k not in gone} for row in rows]
        case "order" | "sort":
            return _ordered(reader, rows)
        case "take" | "limit":
            return rows[: _count(reader)]
        case "distinct":
            return _distinct(rows, _columns(reader))
        case "count":
            return [{"Count": len(rows)}]
        case "summarize":
            return _summary(reader, rows)
    raise QueryError(f"the operator '{name}' is not supported")


def _either(reader: _Reader) -> Value:
    tests = [_both(reader)]
    while reader.take("or"):
        tests.append(_both(reader))
    return lambda row: any(test(row) for test in tests)


def _both(reader: _Reader) -> Value:
    tests = [_one(reader)]
    while reader.take("and"):
        tests.append(_one(reader))
    return lambda row: all(test(row) for test in tests)


def _one(reader: _Reader) -> Value:
    if reader.take("not"):
        reader.sign("(")
        inner = _either(reader)
        reader.sign(")")
        return lambda row: not inner(row)
    if reader.take("("):
        inner = _either(reader)
        reader.sign(")")
        return inner
    left = _value(reader)
    return _comparison(reader, left)


def _comparison(reader: _Reader, left: Value) -> Value:
    sign = reader.peek().lower() if reader.kind() in {"sign", "word"} else ""
    if sign in {"", "|", ")", "and", "or"}:
        return lambda row: bool(left(row))
    reader.next()
    if sign == "in":
        folded = reader.take("~")
        return _member(reader, left, folded=folded)
    if sign in _TESTS:
        test, right = _TESTS[sign], _value(reader)
        return lambda row: test(left(row), right(row))
    raise QueryError(f"the operator '{sign}' is not supported")


def _member(reader: _Reader, left: Value, *, folded: bool) -> Value:
    reader.sign("(")
    listed = [_value(reader)]
    while reader.take(","):
        listed.append(_value(reader))
    reader.sign(")")
    fold = _fold if folded else _same
    return lambda row: fold(left(row)) in [fold(value(row)) for value in listed]


def _columns(reader: _Reader) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    while True:
        start = reader.peek()
        value = _value(reader)
        if reader.take("="):
            value = _value(reader)
        found.append((start, value))
        if not reader.take(","):
            return found


def _value(reader: _Reader) -> Value:
    kind, text = reader.next()
    match kind:
        case "text":
            content = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda row: content
        case "number":
            number = float(text) if "." in text else int(text)
            return lambda row: number
        case "word":
            pass
        case _:
            raise QueryError(f"a value was expected, not '{text}'")
    if text.lower() in {"true", "false"}:
        return lambda row: text.lower() == "true"
    if reader.peek() == "(" and text.lower() in _FUNCTIONS:
        reader.sign("(")
        inner = _value(reader)
        reader.sign(")")
        function = _FUNCTIONS[text.lower()]
        return _path(reader, lambda row: function(inner(row)))
    return _path(reader, lambda row: _column(row, text))


def _path(reader: _Reader, value: Value) -> Value:
    while reader.peek() in {".", "["} and reader.kind() == "sign":
        if reader.take("."):
            value = _inside(value, reader.word())
        else:
            reader.sign("[")
            kind, text = reader.next()
            value = _inside(value, text[1:-1] if kind == "text" else int(text))
            reader.sign("]")
    return value


def _inside(value: Value, key: str | int) -> Value:
    def found(row: Json) -> Any:
        whole = value(row)
        if isinstance(whole, dict):
            return whole.get(key)
        if isinstance(whole, list) and isinstance(key, int) and key < len(whole):
            return whole[key]
        return None

    return found


def _column(row: Json, name: str) -> Any:
    if name not in row:
        raise QueryError(f"'{name}' could not be resolved to a column")
    return row[name]


def _ordered(reader: _Reader, rows: list[Json]) -> list[Json]:
    if not reader.take("by"):
        raise QueryError("'by' was expected")
    keys: list[tuple[Value, bool]] = []
    while True:
        value = _value(reader)
        rising = reader.take("asc")
        falling = not rising and (reader.take("desc") or True)
        keys.append((value, falling))
        if not reader.take(","):
            break
    for value, falling in reversed(keys):
        rows = sorted(rows, key=lambda row: _sortable(value(row)), reverse=falling)
    return rows


def _sortable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 1, float(value), ""
    return (0, 0.0, "") if value is None else (2, 0.0, str(value))


def _count(reader: _Reader) -> int:
    kind, text = reader.next()
    if kind != "number" or not text.isdigit():
        raise QueryError("a whole number was expected")
    return int(text)


def _distinct(rows: list[Json], columns: list[tuple[str, Value]]) -> list[Json]:
    seen: dict[str, Json] = {}
    for row in rows:
        found = {key: value(row) for key, value in columns}
        seen.setdefault(repr(found), found)
    return list(seen.values())


def _summary(reader: _Reader, rows: list[Json]) -> list[Json]:
    name = "count_"
    first = reader.word()
    if reader.take("="):
        name, first = first, reader.word()
    if first.lower() != "count":
        raise QueryError(f"'{first}' is not supported in summarize")
    reader.sign("(")
    reader.sign(")")
    if not reader.take("by"):
        return [{name: len(rows)}]
    columns = _columns(reader)
    counted: dict[str, Json] = {}
    for row in rows:
        found = {key: value(row) for key, value in columns}
        kept = counted.setdefault(repr(found), {**found, name: 0})
        kept[name] += 1
    return list(counted.values())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _fold(value: Any) -> Any:
    return _text(value).lower()


def _same(value: Any) -> Any:
    return _text(value)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tolower": _fold,
    "tostring": _text,
    "isempty": lambda value: value in (None, "", [], {}),
    "isnotempty": lambda value: value not in (None, "", [], {}),
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
}
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: _text(a) == _text(b),
    "!=": lambda a, b: _text(a) != _text(b),
    "=~": lambda a, b: _fold(a) == _fold(b),
    "!~": lambda a, b: _fold(a) != _fold(b),
    "contains": lambda a, b: _fold(b) in _fold(a),
    "has": lambda a, b: _fold(b) in re.split(r"[^0-9a-z]+", _fold(a)) or _fold(b) == _fold(a),
    "startswith": lambda a, b: _fold(a).startswith(_fold(b)),
    "endswith": lambda a, b: _fold(a).endswith(_fold(b)),
    "<": lambda a, b: _sortable(a) < _sortable(b),
    ">": lambda a, b: _sortable(a) > _sortable(b),
    "<=": lambda a, b: _sortable(a) <= _sortable(b),
    ">=": lambda a, b: _sortable(a) >= _sortable(b),
}
