"""From a provider's file to rows of the table of types.

namespace = "Microsoft.Network"
errors = "details"                       # the envelope of its errors (`arm.envelope`)
versions = "2022-01-01 2024-05-01"       # of every type that does not say its own
[defaults]                               # what every type says that does not say otherwise

["networkSecurityGroups/securityRules"]
since = "2023-01-01"                     # the first of those versions that has the type
names = "[A-Za-z0-9_.-]{1,80}"           # the whole name; `name_error` its code and sentence
unique = "NameTaken: '{name}' is taken"  # no two in the world; the refusal of the second
top = "sku zones"                        # members a body may have beside the common ones
tracked = false                          # has no place and no tags; so all types with a /
regions = "global"                       # the only place, or `all` for it and the regions
place = "region"                         # shows West Europe for westeurope
provisioning = false                     # tells no provisioningState
settled = "Online"                       # what it tells instead of Succeeded
create = {takes = 4, retry_after = 3}    # long-running work (`table.Lro`); `update`, `delete`
create = false                           # done at once, whatever the provider's defaults
created = 201                            # what a write done at once answers; `deleted` alike
located = true                           # the making of one answers with its Location
conditions = "late"                      # an etag that does not match fails the work
system = "2021-01-01"                    # tells systemData from that api-version on
needs = "properties.x"                   # members without which a write is refused
hidden = "properties.password"           # members that are never shown
same = "sites"                           # has that type's lines too
lines_for = "web"                        # only the thing of this name has the lines
list = {names = "nextLink id", dropped = "2020-12"}   # members that a list has, and are null
bare = true                              # has no properties where none were given
parts = "properties.rules"               # listed parts, each with id, type, etag and state
inside = "properties.securityRules"      # the member of its parent that lists it
lists = "securityRules=properties.securityRules"   # and so on the parent's side
in_use = {code = "InUse", message = "{id} is used by {user}."}   # no deletion while named
waits = true                             # refuses to use what is being changed
typed = "2017-05-01"                     # tells its type from that api-version on
nameless = true                          # shows no identity rather than one of type None
held_by_parts = "rules Code: sentence"   # no deletion while it has such parts
absent = "RuleNotFound: sentence"        # the provider's own words for one that is not there

["networkSecurityGroups/securityRules".own]        # lines (`lines`): what the provider says
["networkSecurityGroups/securityRules".usual]      # and what a caller may say otherwise
[["networkSecurityGroups/securityRules".lines]]    # the same, of several members with one value
["networkSecurityGroups/securityRules".actions."POST reset"]   # see `actions`
[["networkSecurityGroups/securityRules".rules]]                # see `rules`
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from local.azure import lines, places
from local.azure.declared.actions import action
from local.azure.declared.behaviour import Declared
from local.azure.declared.rules import rule
from local.azure.lines import Line
from local.azure.table import Lro, NameRule, ResourceType

FOLDER = Path(__file__).resolve().parents[1] / "data"
_REGIONS = {"global": ("global",), "all": ("global", *places.ALL)}
_FORMS = {"", "details", "bare", "web"}
_TYPE = {
    *("versions", "names", "name_error", "top", "tracked", "extension", "provisioning"),
    *("created", "deleted", "create", "update", "delete", "patchable", "needs", "hidden"),
    *("inside", "lists", "place", "lower", "unique", "in_use", "settled", "group_delete"),
    *("usual", "own", "actions", "rules", "needs_error", "regions", "located", "absent"),
    *("waits", "held_by_parts", "conditions", "system", "since", "parts", "bare", "lines", "same"),
    *("lines_for", "list", "nameless", "typed"),
}


@cache
def files() -> Mapping[str, Mapping[str, Any]]:
    """Return what the files say, by the full name of the type in lower case."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        namespace, versions = given.pop("namespace"), given.pop("versions", "")
        given.pop("errors", None)
        usual = given.pop("defaults", {})
        for local, said in given.items():
            unknown = set(said) - _TYPE
            if unknown:
                raise ValueError(f"{path.name}: {local}: {sorted(unknown)[0]}: unknown")
            first = said.get("since", "")
            kept = " ".join(word for word in versions.split() if word >= first)
            found[f"{namespace}/{local}".lower()] = {
                "versions": kept,
                **usual,
                **said,
                "name": f"{namespace}/{local}",
            }
    return found


@cache
def forms() -> Mapping[str, str]:
    """Return the envelope of each provider that has its own, by its first types in lower case."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        namespace, form = given.pop("namespace"), given.get("errors", "")
        if form not in _FORMS:
            raise ValueError(f"{path.name}: errors: '{form}' is none of {sorted(_FORMS)}")
        for local, said in given.items():
            if form and isinstance(said, dict):
                found[f"{namespace}/{local.partition('/')[0]}".lower()] = form
    return found


def rows(
    coded: Iterable[ResourceType], beside: Mapping[str, type[Declared]] | None = None
) -> list[ResourceType]:
    """Return every type: the coded ones with what their tables add, then those that are data.

    `beside` has the classes of those whose table says most of it, by name in lower case.
    """
    kinds = dict(beside or {})
    known = list(coded)
    names = {row.name.lower() for row in known}
    declared = [
        _row(said, kinds.pop(name, Declared))
        for name, said in files().items()
        if name not in names
    ]
    if kinds:
        raise ValueError(f"{sorted(kinds)[0]}: no table says it")
    return [_completed(row, files().get(row.name.lower())) for row in known] + declared


def _completed(row: ResourceType, said: Mapping[str, Any] | None) -> ResourceType:
    if said is None:
        return row
    more = _common(said)
    more["top_level"] = row.top_level | more["top_level"]
    more["actions"] = {**row.actions, **more["actions"]}
    return replace(row, **more)


def _row(said: Mapping[str, Any], kind: type[Declared]) -> ResourceType:
    name, nested = str(said["name"]), str(said["name"]).count("/") > 1
    found = {name: said[name] for name in ("extension", "patchable") if name in said}
    common = _common(said)
    common["actions"] = {**common["actions"], **kind.ACTIONS}
    return ResourceType(
        name=name,
        tracked=bool(said.get("tracked", not nested and not said.get("extension"))),
        provisioning=bool(said.get("provisioning", True)),
        behaviour=kind(said, [rule(one) for one in said.get("rules", [])]),
        **found,
        **{"versions": (), **common},
    )


def _common(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a table can give to a coded type too."""
    found: dict[str, Any] = {
        "top_level": frozenset(str(said.get("top", "")).split()),
        "actions": {_key(name): action(one) for name, one in said.get("actions", {}).items()},
        "lines": _sorted(said),
    }
    if said.get("versions"):
        found["versions"] = tuple(str(said["versions"]).split())
    if "names" in said:
        code, _, message = str(said.get("name_error", "")).partition(": ")
        more = {"code": code, "message": message} if code else {}
        found["names"] = NameRule(pattern=said["names"], **more)
    for verb in ("create", "update", "delete"):
        if verb in said:
            found[verb] = Lro(**said[verb]) if said[verb] else None
    if said.get("regions"):
        found["regions"] = _REGIONS[said["regions"]]
    if "list" in said:
        found["listing"] = dict(said["list"])
    if "conditions" in said:
        found["conditions"] = said["conditions"]
    if "located" in said:
        found["located"] = bool(said["located"])
    statuses = {"created", "deleted"} & set(said)
    found |= {f"{one}_status": said[one] for one in statuses}
    if "group_delete" in said:
        found["group_delete"] = float(said["group_delete"])
    return found


def _sorted(said: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return all lines of a type, those that make objects before those that are in them."""
    found = sorted(_lines(said), key=lambda line: len(line.path))
    called = str(said.get("lines_for", ""))
    return tuple(replace(line, called=called) for line in found)


def _lines(said: Mapping[str, Any]) -> Iterable[Line]:
    """Return all lines of a type."""
    if "same" in said:
        namespace = str(said["name"]).partition("/")[0]
        yield from _lines(files()[f"{namespace}/{said['same']}".lower()])
    yield from _system(said)
    yield from lines.read(said.get("own", {}), own=True)
    yield from lines.read(said.get("usual", {}), own=False)
    for one in said.get("lines", []):
        yield from lines.group(one)
    yield from _parts(said)


def _parts(said: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the lines that every listed part of a thing has: its id, type, etag and state."""
    found: list[Line] = []
    for path in str(said.get("parts", "")).split():
        kind, at = path.rpartition(".")[2], f"{path}[]"
        own = {
            f"{at}.id": f"{{id}}/{kind}/{{item}}",
            f"{at}.etag": "{etag}",
            f"{at}.type": f"{said['name']}/{kind}",
            f"{at}.properties.provisioningState": "{provisioning}",
        }
        found += lines.read({f"{at}.properties": {}}, own=False)
        found += lines.read(own, own=True)
    return tuple(found)


def _system(said: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the line of who made a thing and who changed it, where a type tells that."""
    if "system" not in said:
        return ()
    who = {"By": "{guid}", "ByType": "Application"}
    value = {f"created{k}": v for k, v in {**who, "At": "{created}"}.items()}
    value |= {f"lastModified{k}": v for k, v in {**who, "At": "{changed}"}.items()}
    return lines.read({"systemData": {"value": value, "since": said["system"]}}, own=True)


def _key(name: str) -> tuple[str, str]:
    method, _, rest = name.partition(" ")
    return method, rest.lower()
