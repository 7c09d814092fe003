"""Azure's public specifications, and whether a request keeps to them.

A specification names the calls of one provider at one api-version: their paths, what may be asked
in the query, and the form of the body. It is closed here: a member that it does not name is a
fault, and so is one that only the provider writes. What it leaves open (`modelAsString`) is open.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from local.azure.bodies import without_nulls

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "arm-lint" / "specs" / "specification"
_KEPT = {
    *("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
    *("uniqueItems", "multipleOf"),
}
_ECHOED = {"id", "name", "type", "etag", "systemData"}  # Azure reads over them
_OF_PAGES = {"$skiptoken", "$skip", "skiptoken"}  # in the links that Azure gives
_MOST = 20  # how many faults are told of one request


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call: its path as a pattern, and its parameters."""

    method: str
    template: str
    pattern: re.Pattern[str]
    parameters: tuple[Json, ...]
    file: Path

    @property
    def body(self) -> Json | None:
        """The parameter that is the body."""
        return next((one for one in self.parameters if one.get("in") == "body"), None)

    @cached_property
    def validator(self) -> Any:
        """What holds a body against its form."""
        said = self.body or {}
        return Draft202012Validator(_Forms().of(said.get("schema", {}), self.file))

    @property
    def words(self) -> int:
        """How much of its path is fixed; the more, the better it fits."""
        return len(re.sub(r"\{[^}]+\}", "", self.template))


class Specifications:
    """All the specifications of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[tuple[str, str], list[Path]] = {}
        for path in sorted(folder.glob("*/resource-manager/**/*.json")):
            parts = path.relative_to(folder).parts
            stage = next((i for i, p in enumerate(parts) if p in {"stable", "preview"}), None)
            if stage is not None and "examples" not in parts:
                namespace = next(p for p in parts if p.startswith(("Microsoft.", "microsoft.")))
                key = (namespace.lower(), parts[stage + 1])
                self._files.setdefault(key, []).append(path)
        self._operations: dict[tuple[str, str], list[Operation]] = {}

    def faults(
        self, method: str, path: str, query: Mapping[str, str], body: Any
    ) -> list[str] | None:
        """Return what a request does that it may not; None where no specification is at hand."""
        namespace = _namespace(path)
        key = (namespace, query.get("api-version", ""))
        if key not in self._files:
            return None
        if key not in self._operations:
            self._operations[key] = list(_read(self._files[key]))
        fitting = [one for one in self._operations[key] if one.pattern.fullmatch(path.rstrip("/"))]
        if not fitting:
            return None  # it is in another file of the version
        best = max(one.words for one in fitting)
        operation = next((o for o in fitting if o.words == best and o.method == method), None)
        if operation is None:
            return [f"{key[1]} has no {method} there"]
        found = [*_asked(operation, query), *_sent(operation, without_nulls(body))]
        return found[:_MOST]


def _namespace(path: str) -> str:
    found = re.findall(r"/providers/([^/]+)", path, re.IGNORECASE)
    return str(found[-1]).lower() if found else "microsoft.resources"


def _read(files: list[Path]) -> Iterator[Operation]:
    for file in files:
        for template, calls in _load(file).get("paths", {}).items():
            for method, said in calls.items():
                if method in {"parameters"}:
                    continue
                given = [*calls.get("parameters", []), *said.get("parameters", [])]
                parameters = tuple(_resolved(one, file)[0] for one in given)
                yield Operation(
                    method=method.upper(),
                    template=template,
                    pattern=_pattern(template, parameters),
                    parameters=parameters,
                    file=file,
                )


def _pattern(template: str, parameters: tuple[Json, ...]) -> re.Pattern[str]:
    long = {one["name"] for one in parameters if one.get("x-ms-skip-url-encoding")}
    pieces = re.split(r"(\{[^}]+\})", template.rstrip("/"))
    words = [
        (".+" if piece[1:-1] in long else "[^/]+") if piece.startswith("{") else re.escape(piece)
        for piece in pieces
    ]
    return re.compile("/?" + "".join(words).lstrip("/"), re.IGNORECASE)


def _asked(operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
    known = {one["name"].lower(): one for one in operation.parameters if one.get("in") == "query"}
    given = {name.lower() for name in query}
    for name in sorted(given - known.keys() - _OF_PAGES - {"api-version"}):
        yield f"the query asks for '{name}', which {operation.template} does not know"
    for name, one in known.items():
        if one.get("required") and name not in given:
            yield f"the query lacks '{one['name']}'"


def _sent(operation: Operation, body: Any) -> Iterator[str]:
    said = operation.body
    if said is None:
        if body not in (None, {}):
            yield f"{operation.template} takes no body"
        return
    if body is None:
        if said.get("required"):
            yield "the body is missing"
        return
    for error in operation.validator.iter_errors(body):
        if operation.method == "PATCH" and error.validator == "required":
            continue  # it is merged with what is there, whatever the form of the whole needs
        for one in _innermost(error):
            yield f"{one.json_path}: {one.message[:200]}"


def _innermost(error: Any) -> Iterator[Any]:
    if error.context:
        for one in error.context:
            yield from _innermost(one)
    else:
        yield error


class _Forms:
    """JSON Schemas made from the forms that a specification gives."""

    def __init__(self) -> None:
        self._names: dict[tuple[Path, str], str] = {}
        self._made: Json = {}

    def of(self, node: Json, file: Path) -> Json:
        """Return a schema that stands alone."""
        made = self._schema(node, file)
        return {**made, "$defs": self._made}

    def _schema(self, node: Json, file: Path) -> Json:
        if "$ref" in node:
            return {"$ref": f"#/$defs/{self._named(node['$ref'], file)}"}
        if node.get("readOnly"):
            return {"not": {}}
        kind = node.get("type")
        if kind == "array":
            made: Json = {"type": "array", "items": self._schema(node.get("items", {}), file)}
        elif "properties" in node or "allOf" in node or kind == "object":
            made = self._object(node, file)
        else:
            made = {"type": kind} if kind in {"string", "integer", "number", "boolean"} else {}
            if "enum" in node and not (node.get("x-ms-enum") or {}).get("modelAsString"):
                made["enum"] = node["enum"]
        made |= {name: node[name] for name in _KEPT if name in node}
        return {"anyOf": [{"type": "null"}, made]} if node.get("x-nullable") else made

    def _named(self, reference: str, file: Path) -> str:
        node, where, pointer = _looked_up(reference, file)
        key = (where, pointer)
        if key not in self._names:
            self._names[key] = f"f{len(self._names)}"
            name = pointer.rpartition("/")[2]
            made = self._one_of(node, name, where) if "discriminator" in node else None
            self._made[self._names[key]] = made or self._schema(node, where)
        return self._names[key]

    def _one_of(self, node: Json, name: str, file: Path) -> Json:
        """Return the schema of a form whose member says which of its kinds it is."""
        member = node["discriminator"]
        kinds = dict(_kinds(name, file))
        rules: list[Json] = [
            {
                "if": {"properties": {member: {"const": value}}, "required": [member]},
                "then": self._object(kind, file),
            }
            for value, kind in kinds.items()
        ]
        known = {"properties": {member: {"enum": list(kinds)}}, "required": [member]}
        return {"allOf": [*rules, {"if": known, "else": self._object(node, file)}]}

    def _object(self, node: Json, file: Path) -> Json:
        members, needed, more = self._members(node, file)
        made: Json = {"type": "object"}
        if members:
            made["properties"] = members
        if needed:
            made["required"] = sorted(needed)
        if isinstance(more, dict):
            made["additionalProperties"] = self._schema(more, file)
        elif members and more is not True:
            made["additionalProperties"] = False
        return made

    def _members(self, node: Json, file: Path) -> tuple[Json, set[str], Any]:
        """Return the members of a form and of all that it is made of."""
        members: Json = {}
        needed: set[str] = set()
        more = node.get("additionalProperties")
        for part in node.get("allOf", []):
            whole, where = _resolved(part, file)
            inner, also, open_ = self._members(whole, where)
            members |= inner
            needed |= also
            more = open_ if more is None else more
        for name, one in node.get("properties", {}).items():
            whole, _ = _resolved(one, file)
            echoed = name in _ECHOED or whole.get("readOnly") is None
            members[name] = self._schema(one, file) if echoed else {"not": {}}
            if name in _ECHOED and (whole.get("readOnly") or one.get("readOnly")):
                members[name] = {}
        needed |= {
            name
            for name in node.get("required", [])
            if not _resolved(node.get("properties", {}).get(name, {}), file)[0].get("readOnly")
        }
        return members, needed, more


@cache
def _load(file: Path) -> Json:
    loaded: Json = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def _looked_up(reference: str, file: Path) -> tuple[Json, Path, str]:
    place, _, pointer = reference.partition("#")
    where = (file.parent / place).resolve() if place else file
    node: Any = _load(where)
    for word in pointer.strip("/").split("/"):
        node = node[word.replace("~1", "/").replace("~0", "~")]
    return node, where, pointer


def _resolved(node: Json, file: Path) -> tuple[Json, Path]:
    while "$ref" in node:
        node, file, _ = _looked_up(node["$ref"], file)
    return node, file


def _kinds(name: str, file: Path) -> Iterator[tuple[str, Json]]:
    """Yield the forms that are a kind of another, and theirs, by the value that says so."""
    for other, node in _load(file).get("definitions", {}).items():
        above = [part.get("$ref", "").rpartition("/")[2] for part in node.get("allOf", [])]
        if name in above:
            yield node.get("x-ms-discriminator-value", other), node
            yield from _kinds(other, file)


class Held:
    """Requests as they are sent, and the faults of those that break a specification."""

    def __init__(self, specifications: Specifications | None) -> None:
        self._specifications = specifications
        self.broken: list[str] = []

    def hear(self, call: Any) -> None:
        """Look at one call (`local.azure.arm.Call`)."""
        if self._specifications is None:
            return
        body = json.loads(call.body) if call.body else None
        found = self._specifications.faults(call.method, call.path, call.query, body)
        self.broken += [f"{call.method} {call.path}: {fault}" for fault in found or []]


@cache
def at_hand() -> Specifications | None:
    """Return the specifications of this checkout's neighbour, where there are any."""
    return Specifications() if FOLDER.is_dir() else None
