"""What a type that is data does: keeps its properties, and what its table says."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from local.azure import lines, places, references
from local.azure.arm import Answer, Json, Refusal, gateway
from local.azure.declared import actions
from local.azure.declared.rules import Rule
from local.azure.ids import Id
from local.azure.table import Action, Behaviour, Use, View, Write
from local.azure.world import Operation, Resource, World, plain


class Declared(Behaviour):
    """A type by its table (see `reading`); a class beside it says what the table cannot."""

    ACTIONS: ClassVar[Mapping[tuple[str, str], Action]] = {}

    def __init__(self, said: Mapping[str, Any], rules: Iterable[Rule]) -> None:
        """Read the table's words."""
        self._said, self._rules = said, tuple(rules)
        self._needs = [tuple(path.split(".")) for path in str(said.get("needs", "")).split()]
        self._hidden = [tuple(path.split(".")) for path in str(said.get("hidden", "")).split()]
        self._inside = tuple(str(said.get("inside", "")).split(".")) if "inside" in said else ()
        pairs = (word.partition("=") for word in str(said.get("lists", "")).split())
        self._lists = [(kind, tuple(path.split("."))) for kind, _, path in pairs]

    def check(self, write: Write) -> None:
        """Refuse what the table refuses; a seed is as it was found."""
        if write.seeding:
            return
        for path in self._needs:
            if not any(value is not None for value in lines.at(write.body, path)):
                raise self._lacking(path)
        for rule in self._rules:
            rule.check(write)
        if "unique" in self._said:
            self._check_free(write)
        if self._said.get("waits"):
            references.check_settled(write.world, write.body, str(write.id))

    def shape(self, write: Write) -> Json:
        """Return the body without what the provider alone says, and with what it said before."""
        body: Json = plain(write.body)
        if not self._said.get("bare"):
            body.setdefault("properties", {})
        if not write.seeding:
            lines.strip(write.type.lines, body)
            if write.current is not None:
                lines.carry(write.type.lines, write.current.body, body)
        for _, path in self._lists:
            for inside, name in lines.places_of(body, path):
                if name in inside:
                    inside[name] = [_kept(row) for row in inside[name]]
                elif write.current is not None:
                    for old in lines.at(write.current.body, path):
                        inside[name] = plain(old)
        return body

    def state(self, write: Write) -> Json:
        """Keep the lists on both sides true."""
        body = self.shape(write)
        for kind, path in self._lists:
            for rows in lines.at(body, path):
                _spread(write, kind, rows)
        if self._inside:
            _tell(write.world, str(write.id), self._inside, _kept(body))
        return dict(write.current.state) if write.current else {}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the body as the provider spells and hides it."""
        body: Json = plain(super().shown(resource, view))
        if view.version < self._said.get("typed", ""):
            del body["type"]
        if self._said.get("nameless") and (body.get("identity") or {}).get("type") == "None":
            del body["identity"]
        for path in self._hidden:
            for inside, name in lines.places_of(body, path):
                inside.pop(name, None)
        if self._said.get("place") == "region" and body.get("location"):
            body["location"] = places.shown(str(body["location"]))
        if self._said.get("lower"):
            body["id"] = body["id"].replace("/resourceGroups/", "/resourcegroups/")
        if self._said.get("settled") and resource.provisioning == "Succeeded":
            body["properties"]["provisioningState"] = self._said["settled"]
        return body

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the resource after its work, changed where that was an action's."""
        well = operation.outcome == "Succeeded"
        done = actions.finished(world, resource, well=well)
        kept = operation.kind == "action" and not well
        return replace(done, provisioning="Succeeded" if kept else operation.outcome, busy=None)

    def deleting(self, use: Use) -> Answer | None:
        """Refuse the deletion of what others use."""
        kind, _, said = str(self._said.get("held_by_parts", "")).partition(" ")
        part = next(_below(use.world, f"{use.resource.id}/{kind}/"), None) if kind else None
        if part is not None:
            code, _, message = said.partition(": ")
            raise gateway(409, code, message.format(name=use.resource.name, part=part.id))
        held = self._said.get("in_use")
        user = references.user(use.world, use.resource) if held else None
        if held and user is not None:
            words = {"name": use.resource.name, "id": use.resource.id, "user": user}
            raise Refusal(held.get("status", 400), held["code"], held["message"].format(**words))
        return None

    def absent(self, target: Id) -> Refusal | None:
        """Return the provider's own words for one that is not there."""
        if "absent" not in self._said:
            return None
        code, _, message = str(self._said["absent"]).partition(": ")
        words = {"name": target.name, "id": target, "parent": target.parent().name}
        return Refusal(404, code, message.format(**words))

    def removed(self, world: World, resource: Resource) -> None:
        """Take a part off its parent's list."""
        if self._inside:
            _tell(world, resource.id, self._inside, None)

    def _lacking(self, path: tuple[str, ...]) -> Refusal:
        said = str(self._said.get("needs_error", "InvalidRequestFormat: '{path}' is required."))
        code, _, message = said.partition(": ")
        return Refusal(400, code, message.format(path=".".join(path), name=path[-1]))

    def _check_free(self, write: Write) -> None:
        wanted, said = write.id.name.lower(), self._said["unique"]
        for other in write.world.all_of(write.type.name):
            if other.name.lower() == wanted and other.id.lower() != write.id.key:
                code, _, message = str(said).partition(": ")
                raise Refusal(409, code, message.format(name=write.id.name))


def _kept(row: Json) -> Json:
    """Return a listed part as it is kept: what it is called, and its properties."""
    unkept = {"id", "etag", "type"}
    return {name: value for name, value in row.items() if name not in unkept}


def _spread(write: Write, kind: str, rows: list[Json]) -> None:
    """Put the parts that a body lists there as resources, and take the others away."""
    world, now, above = write.world, write.call.now, write.current.id if write.current else ""
    above = above or str(write.id)
    start, named = f"{above}/{kind}/", {str(row.get("name")).lower() for row in rows}
    for below in list(_below(world, start)):
        if below.name.lower() not in named:
            world.drop(below, now)
    for row in rows:
        if "name" not in row:
            continue
        name = f"{start}{row['name']}"
        found = world.find(name)
        world.save(
            Resource(
                id=found.id if found else name,
                type=f"{write.type.name}/{kind}",
                name=str(row["name"]),
                body={"properties": plain(row.get("properties") or {})},
                created=found.created if found else now,
                changed=now,
                provisioning="Succeeded",
            )
        )


def _below(world: World, start: str) -> Iterator[Resource]:
    start = start.lower()
    return (item for key, item in world.resources.items() if key.startswith(start))


def _tell(world: World, part: str, path: tuple[str, ...], row: Json | None) -> None:
    """Write a part into its parent's list, or take it off."""
    above, _, name = part.rpartition("/")
    parent = world.find(above.rpartition("/")[0])
    if parent is None:
        return
    body: Json = plain(parent.body)
    for inside, member in lines.places_of(body, path):
        rows = [one for one in inside.get(member) or [] if _named(one) != name.lower()]
        if row is not None:
            rows.append({**row, "name": name})
        inside[member] = rows
    world.save(replace(parent, body=body))


def _named(row: Json) -> str:
    return str(row.get("name")).lower()
