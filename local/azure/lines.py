"""What a provider adds to the bodies it shows: one line for each member, read from data.

A line names a member by its path (`properties.subnets[].etag`; `[]` goes through a list, `.*`
through the values of an object) and the value it has where nothing else gives one. It adds to what
is there and never makes the objects on its way, so a line for `a.b` is for those that have an `a`.

A value may hold `{words}`: what is known of the resource, of the element of a list that the line
is in (`{item}` its name, `{index}` its place), or of the moment. `{null}` alone is a null.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.azure import places
from local.azure.arm import Json, guid, stamp
from local.azure.era import ERA

if TYPE_CHECKING:
    from local.azure.table import View
    from local.azure.world import Resource

_WORD = re.compile(r"\{(\w+)\}")
_DATES = {"since", "until", "added", "dropped"}
_CONDITIONS = {"value", "to", "when", "preview", *_DATES}
_UNREAD = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One member that a provider adds.

    `added` and `dropped` are the first and the last month (2024-01) in which Azure showed it.
    `called` is the name of the only thing that has it. `own`: the caller's value is not believed.
    `since` and `until` are the first and the last api-version that has it, of the previews alone
    where it is `preview`; `to` the kinds of call that see it (`get put list`, and `replace` for a
    PUT that is no PATCH); `when` a condition, a path and a pattern of its value (an absent member
    counts as empty text).
    """

    path: tuple[str, ...]
    value: Any
    own: bool = False
    since: str = ""
    until: str = ""
    added: str = ""
    dropped: str = ""
    called: str = ""
    preview: bool = False
    to: frozenset[str] = frozenset()
    when: tuple[tuple[tuple[str, ...], str], ...] = ()


def read(given: Mapping[str, Any], *, own: bool) -> tuple[Line, ...]:
    """Return the lines of a table of data: path -> value, or path -> {value, conditions}."""
    lines = []
    for path, value in given.items():
        more: Json = {}
        if isinstance(value, dict) and "value" in value and set(value) <= _CONDITIONS:
            more = {k: v for k, v in value.items() if k in _DATES}
            more["preview"] = bool(value.get("preview"))
            more["to"] = frozenset(str(value.get("to", "")).split())
            conditions = value.get("when") or {}
            more["when"] = tuple((_steps(k), str(v)) for k, v in conditions.items())
            value = value["value"]
        lines.append(Line(path=_steps(path), value=value, own=own, **more))
    return tuple(lines)


def group(given: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the lines of members with one value: {at, names, value, conditions, usual}."""
    unknown = set(given) - _CONDITIONS - {"at", "names", "usual"}
    if unknown:
        raise ValueError(f"lines: {sorted(unknown)[0]}: unknown")
    start = f"{given['at']}." if given.get("at") else ""
    said = {k: v for k, v in given.items() if k in _CONDITIONS}
    return read(
        {f"{start}{name}": said for name in str(given["names"]).split()},
        own=not given.get("usual", False),
    )


def lay(lines: Iterable[Line], body: Json, resource: "Resource", view: "View") -> Json:
    """Return a copy of a body with the lines that its reader sees laid under it."""
    body = json.loads(json.dumps(body))
    words = _Words(body, resource, view)
    for line in lines:
        if line.called and line.called != resource.name.lower():
            continue
        if _is_seen(line, view) and _holds(line, body):
            _put(body, line.path, line.value, words, "")
    return body


def rendered(value: Any, body: Json, resource: "Resource", view: "View") -> Any:
    """Return a value of data with its words replaced by what they stand for."""
    return _Words(body, resource, view).render(value, "")


def strip(lines: Iterable[Line], body: Json) -> None:
    """Take out of a caller's body what the provider alone says."""
    for line in lines:
        if line.own:
            for inside, name in places_of(body, line.path):
                inside.pop(name, None)


def carry(lines: Collection[Line], old: Json, new: Json) -> None:
    """Keep what the provider said of a resource before (a seed's facts) in its new body.

    What it says to one kind of call only is no such fact.
    """
    apart = {line.path for line in lines if line.to}
    for line in lines:
        if (
            line.own
            and line.path not in apart
            and not any(step.endswith("[]") or step == "*" for step in line.path)
        ):
            for inside, name in places_of(old, line.path):
                if name in inside:
                    for there, same in places_of(new, line.path):
                        there.setdefault(same, inside[name])


def at(body: Json, path: tuple[str, ...]) -> list[Any]:
    """Return the values at a path, none where it leads nowhere."""
    found = (inside.get(name, _UNREAD) for inside, name in places_of(body, path))
    return [value for value in found if value is not _UNREAD]


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _is_seen(line: Line, view: "View") -> bool:
    if line.since and view.version < line.since:
        return False
    if line.until and view.version > line.until:
        return False
    if line.preview and not view.version.endswith("-preview"):
        return False
    era = ERA.get()
    if era < line.added or (line.dropped and era > line.dropped):
        return False
    kinds = {"list" if view.kind == "subscription" else view.kind}
    if view.kind == "put" and not view.patches:
        kinds.add("replace")
    return not line.to or bool(kinds & line.to)


def _holds(line: Line, body: Json) -> bool:
    for path, pattern in line.when:
        values = at(body, path) or [""]
        texts = ["" if value is None else _text(value) for value in values]
        if not any(re.fullmatch(pattern, text) for text in texts):
            return False
    return True


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def places_of(body: Any, path: tuple[str, ...]) -> Iterator[tuple[Json, str]]:
    """Yield the objects that a path's last step is in, with that step's name."""
    if not isinstance(body, dict):
        return
    name = path[0]
    if len(path) == 1:
        yield body, name.removesuffix("[]")
    elif name == "*":
        for value in body.values():
            yield from places_of(value, path[1:])
    elif name.endswith("[]"):
        for value in body.get(name[:-2]) or ():
            yield from places_of(value, path[1:])
    else:
        yield from places_of(body.get(name), path[1:])


def _put(inside: Any, path: tuple[str, ...], value: Any, words: "_Words", where: str) -> None:
    if not isinstance(inside, dict):
        return
    name, rest = path[0], path[1:]
    where = f"{where}.{name}"
    if not rest:
        if name not in inside:
            inside[name] = words.render(value, where)
    elif name == "*":
        for key, below in inside.items():
            _put(below, rest, value, words.inside(key, 0), f"{where}.{key}")
    elif name.endswith("[]"):
        rows = inside.get(name[:-2])
        for place, below in enumerate(rows if isinstance(rows, list) else ()):
            known = str(below.get("name", place)) if isinstance(below, dict) else ""
            _put(below, rest, value, words.inside(known, place), f"{where}.{known}")
    else:
        _put(inside.get(name), rest, value, words, where)


class _Words:
    """What the words in a value stand for."""

    def __init__(
        self, body: Json, resource: "Resource", view: "View", *, item: str = "", index: int = 0
    ) -> None:
        self._body, self._resource, self._view = body, resource, view
        self._item, self._index = item, index

    def inside(self, item: str, index: int) -> "_Words":
        """Return the words for one element of a list."""
        return _Words(self._body, self._resource, self._view, item=item, index=index)

    def render(self, value: Any, where: str) -> Any:
        """Return a value with its words replaced."""
        match value:
            case "{null}":
                return None
            case "{index}":
                return self._index
            case str():
                return _WORD.sub(lambda found: self._word(found[1], where), value)
            case dict():
                return {name: self.render(one, f"{where}.{name}") for name, one in value.items()}
            case list():
                return [self.render(one, f"{where}.{n}") for n, one in enumerate(value)]
        return value

    def _word(self, name: str, where: str) -> str:
        found = _WORDS.get(name)
        if found is None:
            raise ValueError(f"'{{{name}}}' at {where} of {self._resource.type} is no word")
        return found(self, where)

    @property
    def resource(self) -> "Resource":
        return self._resource

    @property
    def view(self) -> "View":
        return self._view

    @property
    def item(self) -> str:
        return self._item

    @property
    def index(self) -> int:
        return self._index

    @property
    def parts(self) -> list[str]:
        return self._resource.id.split("/")

    @property
    def location(self) -> str:
        return places.normal(str(self._body.get("location", "")))


def _etag(words: _Words, where: str) -> str:
    item = words.resource
    return guid("etag", item.id, item.changed.isoformat(), str(item.provisioning))


_WORDS: dict[str, Callable[[_Words, str], str]] = {
    "id": lambda words, _: words.resource.id,
    "name": lambda words, _: words.resource.name,
    "lower": lambda words, _: words.resource.name.lower(),
    "parent": lambda words, _: words.parts[-3],
    "above": lambda words, _: "/".join(words.parts[:-2]),
    "subscription": lambda words, _: words.parts[2],
    "group": lambda words, _: words.parts[4],
    "tenant": lambda words, _: guid("tenant", words.parts[2]),
    "item": lambda words, _: words.item,
    "index": lambda words, _: str(words.index),
    "location": lambda words, _: words.location,
    "region": lambda words, _: places.shown(words.location),
    "provisioning": lambda words, _: words.resource.provisioning or "Succeeded",
    "guid": lambda words, where: guid(where, words.resource.id),
    "hex": lambda words, where: guid(where, words.resource.id).replace("-", ""),
    "etag": _etag,
    "created": lambda words, _: stamp(words.resource.created),
    "changed": lambda words, _: stamp(words.resource.changed),
    "now": lambda words, _: stamp(words.view.now),
}
