"""What must have been there before a recording began, worked out from what it tells.

A recording starts in the middle of somebody's life. Whatever it reads, changes, removes or names
without having made it first was there; so was what stands above that. What it was like is what the
recording shows of it first, or as little as there can be.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from local.agreement import (
    bare,
    causes,
    failures,
    gateways,
    granted,
    held,
    looks,
    measured,
    naming,
    restorables,
    seeds,
    writes,
)
from local.azure import seeding
from local.azure.arm import Json, Refusal
from local.azure.ids import Id, parse
from local.azure.world import World

_ABSENT = {"", "NotFound", "ResourceNotFound", "ParentResourceNotFound", "InvalidResourceType"}
_DELETED = "microsoft.keyvault/locations/deletedvaults"
_HEALTH = "microsoft.network/applicationgateways/backendhealth"
_PROFILES = "microsoft.network/trafficmanagerprofiles"


def found(world: World, exchanges: list[Json]) -> None:
    """Put there what the exchanges take for granted; what cannot be there is left out."""
    exchanges = [naming.decoded(exchange) for exchange in exchanges]
    before = _Before(world, exchanges)
    for place, exchange in enumerate(exchanges):
        before.read(exchange, _known(exchanges[place:], exchange["request"]["path"]))
    rows = [*before.groups.values(), *before.rows.values()]
    new = _new_groups(exchanges)
    _put(world, [row for row in rows if (parse(row["id"])[0].group or "").lower() not in new])
    for key in before.otherwise:
        item = world.find(key)
        if item is not None:  # the simplest way not to be what was asked for
            world.save(replace(item, provisioning="Failed"))
    for key in before.starting:
        seeds.make_starting(world, key)
    granted.put(world, exchanges)
    held.put(world, exchanges)
    measured.put(world, exchanges)
    for principal in naming.principals(exchanges):
        causes.know(world, principal)
    for target, known in before.gone:
        _delete_softly(world, target, known)
    for name in new & set(world.groups):
        world.drop_group(world.groups[name], world.clock.now())


def _new_groups(exchanges: list[Json]) -> set[str]:
    """Return the groups that the recording itself makes before anything else is done to them."""
    found, met = set(), set()
    for exchange in exchanges:
        request, status = exchange["request"], exchange["response"]["status"]
        target, rest = parse(request["path"])
        if not target.group or target.providers or rest:
            continue
        name = target.group.lower()
        if request["method"] == "PUT" and status == 201 and name not in met:
            found.add(name)
        if status < 300:
            met.add(name)
    return found


class _Before:
    """What is found, exchange by exchange: groups, resources, and what was deleted softly."""

    def __init__(self, world: World, exchanges: list[Json]) -> None:
        self.rows: dict[str, Json] = {}
        self.groups: dict[str, Json] = {}
        self.gone: list[tuple[Id, Json | None]] = []
        self.otherwise: set[str] = set()
        self.starting: set[str] = set()
        self._made: set[str] = set()
        self._missing = failures.missing(exchanges)
        self._world, self._exchanges = world, exchanges

    def read(self, exchange: Json, known: Json | None) -> None:
        """Add what one exchange takes for granted; `known` is what is shown of its target."""
        request, response = exchange["request"], exchange["response"]
        target, rest = parse(request["path"])
        if target.subscription not in {None, self._world.subscription}:
            return
        self._beside(exchange)
        if not target.providers:
            _group(self.groups, self._made, target, rest, exchange, known)
            _listed(self.rows, self._made, known, self._world)
            if request["method"] == "POST":
                self._add_named(request, known)
            return
        if target.type.lower().startswith(_DELETED):
            here = any(key.endswith(f"/vaults/{target.name.lower()}") for key in self._made)
            if response["status"] != 404 and not here:
                self.gone.append((target, known))
            return
        code = failures.code_of(response) if response["status"] >= 400 else ""
        whole = _whole(target, self._world)
        if code == "ResourceGroupNotFound":
            return
        _enclosing(self.groups, self._made, whole or target, request, known)
        if whole is None:
            _listed(self.rows, self._made, known, self._world)
            return
        if code != "ParentResourceNotFound":
            part = bare.NEW if _lists(known) is False else ""
            self._above(whole, naming.place(request, known), part)
            self._part(whole, response.get("body"))
        listed = _listed(self.rows, self._made, known, self._world)
        acted = whole != target and request["method"] == "POST" and code not in _ABSENT
        if (response["status"] in {404, 405} and not acted) or (listed and whole == target):
            return
        self._target(whole, target, exchange, known)
        if request["method"] in {"PUT", "PATCH"}:
            self._add_named(request, known)

    def _beside(self, exchange: Json) -> None:
        """Add what an exchange takes for granted elsewhere than in its path and its body."""
        for name in measured.named(exchange["request"], exchange["response"]):
            one = parse(name)[0]
            self._above(one, None)
            self.rows.setdefault(one.key, bare.row(one, None))
        source = restorables.source(exchange)
        if source is not None:
            self.rows.setdefault(parse(source["id"])[0].key, source)

    def _above(self, target: Id, place: str | None, part: str = "") -> None:
        """Add what stands above, as the recording shows it where nothing changes it first."""
        known = set(self.rows)
        _above_it(self.rows, self._made, target, place, part)
        for key in self.rows.keys() - known:
            self.rows[key] = looks.unchanged(self._exchanges, parse(key)[0]) or self.rows[key]

    def _target(self, whole: Id, target: Id, exchange: Json, known: Json | None) -> None:
        request, response = exchange["request"], exchange["response"]
        new = whole == target and writes.makes(self._world, whole, exchange)
        exists = response["status"] != 204 or request["method"] != "DELETE"
        if (
            whole.last.names
            and exists
            and not new
            and not self._has(whole)
            and naming.is_one(whole)
        ):
            extra = target.last.names[len(whole.last.names) :]
            inner = extra[0] if extra else target.last.types[-1]
            full = known if known and _is_of(known, whole) and "properties" in known else None
            part = "" if whole == target or (_lists(known) and not extra) else inner
            least = bare.row(whole, naming.place(request, known), part)
            self.rows[whole.key] = full or bare.told(least, known)
            tags = None if full else self._tags(whole, response.get("body"))
            if tags is not None:
                self.rows[whole.key]["tags"] = tags
            if full and request["method"] == "PUT" and writes.is_quiet(response):
                self.rows[whole.key] = _over(full, request.get("body") or {})
            elif full and writes.changes(self._world, whole, exchange):
                self.otherwise.add(whole.key)
        if target.type.lower() == _HEALTH and whole.key in self.rows:
            for row in gateways.behind(self.rows[whole.key], self._exchanges):
                self.rows.setdefault(parse(row["id"])[0].key, row)
        if seeds.is_starting(known):
            self.starting.add(whole.key)
        for other in naming.parts(whole, target, request):
            self.rows.setdefault(other.key, bare.row(other, naming.place(request, known)))
        if whole.type.lower() == _PROFILES and whole != target and whole.key in self.rows:
            self._endpoint(self.rows[whole.key], target, exchange, known)
        if request["method"] == "PUT" and whole == target:
            self._made.add(whole.key)

    def _endpoint(self, profile: Json, target: Id, exchange: Json, known: Json | None) -> None:
        """Let a profile have the endpoint that a call finds in it."""
        if exchange["request"]["method"] == "PUT" and exchange["response"]["status"] == 201:
            self._made.add(target.key)
        if target.key in self._made:
            return
        where = {"target": "contoso.example", "targetResourceId": f"{target}"}
        one = {"name": target.name, "type": target.type, "properties": where}
        full = known if known and _is_of(known, target) else None
        profile["properties"].setdefault("endpoints", []).append(full or one)

    def _part(self, whole: Id, told: Any) -> None:
        """Note the tags of a thing that a part without tags of its own tells."""
        kind = self._world.table.find(whole.type)
        if whole.nested and kind is not None and not kind.tracked:
            above = self.rows.get(whole.parent().key)
            if above is not None and isinstance(told, dict) and told.get("tags"):
                above.setdefault("tags", told["tags"])

    def _tags(self, whole: Id, told: Any) -> Any:
        """Return a thing's tags, as an answer tells them: its part's, or a later look at it."""
        bodies = [exchange["response"].get("body") for exchange in self._exchanges]
        looks = [body for body in bodies if isinstance(body, dict) and _is_of(body, whole)]
        rows = [told if isinstance(told, dict) else {}, *looks]
        return next((row["tags"] for row in rows if row.get("tags") is not None), None)

    def _add_named(self, request: Json, known: Json | None) -> None:
        target = parse(request["path"])[0]
        own = f"{target.key}/"
        for named in naming.named(request, known, self._world):
            if target.providers and named.key.startswith(own):
                continue  # a part that the body itself lists
            if not self._has(named) and named.key not in self._missing:
                place = naming.told_place(self._exchanges, named) or naming.place_of(
                    named, request, known
                )
                self._above(named, place)
                _enclosing(self.groups, self._made, named, request, known)
                alike = naming.likeness(request, known, self._world, named)
                seen = None if alike else looks.unchanged(self._exchanges, named)
                self.rows[named.key] = seen or bare.row(named, place) | alike

    def _has(self, target: Id) -> bool:
        return target.key in self._made or target.key in self.rows


def _delete_softly(world: World, target: Id, known: Json | None) -> None:
    """Let a vault have been there and be deleted; nothing where the recording finds none."""
    place, name = target.last.names[:2]
    was = ((known or {}).get("properties") or {}).get("vaultId")
    group = (parse(was)[0].group if was else None) or "deleted"
    start = f"/subscriptions/{world.subscription}/resourceGroups/{group}"
    vault = f"{start}/providers/Microsoft.KeyVault/vaults/{name}"
    if world.find(vault) is None:
        _put(world, [{"id": start, "location": place}, {"id": vault, "location": place}])
    item = world.find(vault)
    if item is not None:
        world.drop(item, world.clock.now())


def _lists(known: Json | None) -> bool | None:
    """Tell whether a list has anything in it; None for what is no list."""
    value = (known or {}).get("value")
    return bool(value) if isinstance(value, list) else None


def _put(world: World, rows: Iterable[Json]) -> None:
    kept = [seeds.full(row) for row in rows]
    there = {parse(row["id"])[0].key for row in kept}
    homes = {home["id"].lower(): home for row in kept for home in bare.homes(row)}
    kept = [*(home for key, home in homes.items() if key not in there), *kept]
    for row in list(kept):
        group = replace(parse(row["id"])[0], providers=())
        if group.group and group.key not in there:
            there.add(group.key)
            kept.append({"id": str(group), "location": "westus2"})
    world.note("images", [rule for row in kept for rule in seeds.ended_images(row)] or None)
    now = world.clock.now()
    for row in sorted(kept, key=_order):
        if world.find(row["id"]) is not None and "properties" not in row:
            continue
        try:
            seeding.seed(world, [seeds.placed(row, world)], now=now, believed=True)
        except (ValueError, Refusal):
            continue
        if seeds.is_fresh(row):
            seeds.make_fresh(world, row["id"])


def _order(row: Json) -> tuple[bool, int, bool]:
    """Return the place of a row: groups, what stands in them, what stands in that; apps last."""
    name = row["id"].lower()
    return "/providers/" in name, name.count("/"), "/microsoft.app/managedenv" not in name


def _over(shown: Any, asked: Any) -> Any:
    """Return what was shown with what was asked for in its place."""
    if isinstance(shown, dict) and isinstance(asked, dict):
        names = {name.lower(): name for name in shown}
        kept = {
            names.get(k.lower(), k): v for k, v in asked.items() if k not in {"name", "location"}
        }
        return {**shown, **{k: _over(shown.get(k), v) for k, v in kept.items()}}
    return asked


def _group(
    groups: dict[str, Json],
    made: set[str],
    target: Id,
    rest: tuple[str, ...],
    exchange: Json,
    known: Json | None,
) -> None:
    """Note the group that a call of Resource Manager's own is about, if it was there."""
    request, response = exchange["request"], exchange["response"]
    moved = (request.get("body") or {}).get("targetResourceGroup")
    if isinstance(moved, str) and parse(moved)[0].group:
        there = parse(moved)[0]
        groups.setdefault(str(there.group).lower(), _group_row(there, None, request))
    key = (target.group or "").lower()
    if not key or response["status"] in {404} or key in made:
        return
    if request["method"] == "PUT" and not rest:
        made.add(key)
        if response["status"] in {201, 400}:
            return
    groups.setdefault(key, _group_row(target, known if not rest else None, request))


def _enclosing(
    groups: dict[str, Json], made: set[str], target: Id, request: Json, known: Json | None
) -> None:
    key = (target.group or "").lower()
    if key and key not in made:
        groups.setdefault(key, _group_row(target, None, request, naming.place(request, known)))


def _group_row(target: Id, known: Json | None, request: Json, place: str | None = None) -> Json:
    row: Json = {
        "id": f"/subscriptions/{target.subscription}/resourceGroups/{target.group}",
        "location": place or naming.place(request, known) or "westus2",
    }
    if known and known.get("tags") is not None and "/providers/" not in str(known.get("id")):
        row["tags"] = known["tags"]
    if known and known.get("managedBy"):
        row["managedBy"] = known["managedBy"]
    return row


def _above_it(
    rows: dict[str, Json], made: set[str], target: Id, place: str | None, part: str = ""
) -> None:
    for above in bare.chain(target.parent() if naming.is_one(target) else target):
        if above.key not in made and above.key not in rows and above.key != target.key:
            inside = part or ("" if naming.is_one(target) else target.name)
            rows[above.key] = bare.row(above, place, inside)


def _listed(rows: dict[str, Json], made: set[str], known: Json | None, world: World) -> bool:
    value = (known or {}).get("value")
    if not isinstance(value, list):
        return False
    for row in value:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            continue
        if not row["id"].lower().startswith("/subscriptions/"):
            continue
        target, rest = parse(naming.ours(row["id"], world))
        row = {**row, "id": str(target)}
        known_type = not target.providers or world.table.find(target.type) is not None
        if rest or not known_type or target.key in made or target.key in rows:
            continue
        if target.providers:
            _above_it(rows, made, target, row.get("location"))
        if target.providers or target.group:
            rows[target.key] = row
    return True


def _known(exchanges: list[Json], path: str) -> Json | None:
    """Return what the first exchange tells of a thing, or the next look at it."""
    response = exchanges[0]["response"]
    body = response.get("body") if response["status"] < 300 else None
    if isinstance(body, dict) and ("id" in body or "value" in body):
        return body
    acted = exchanges[0]["request"]["method"] == "POST"
    things = {path.lower(), path.rpartition("/")[0].lower() if acted else path.lower()}
    for exchange in exchanges[1:]:
        later = exchange["response"].get("body")
        if isinstance(later, dict) and str(later.get("id")).lower() in things:
            return later
    return body if isinstance(body, dict) else None


def _is_of(known: Json, target: Id) -> bool:
    return "id" in known and str(known["id"]).strip("/").lower() == target.key.strip("/")


def _whole(target: Id, world: World) -> Id | None:
    """Return the longest part of a path that is a thing, or a list of them, of a known type."""
    last = target.last
    depth = len(last.types)
    while depth:
        name = "/".join((last.namespace, *last.types[:depth]))
        if world.table.find(name) is not None:
            kept = replace(last, types=last.types[:depth], names=last.names[:depth])
            return replace(target, providers=(*target.providers[:-1], kept))
        depth -= 1
    if len(target.providers) > 1:
        scope = target.scope()
        return _whole(scope, world)
    return None
