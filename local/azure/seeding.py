"""Things that were there before anybody asked, and a look at everything there is."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.azure import bodies, groups, resources
from local.azure.arm import Call, Json, Refusal
from local.azure.ids import Id, parse
from local.azure.journal import Memory
from local.azure.table import SEED, View, Write
from local.azure.world import Group, World

_GROUP = "microsoft.resources/resourcegroups"


def seed(world: World, body: Any, *, now: datetime, believed: bool = False) -> int:
    """Put a list of full bodies into the world; raise ValueError naming what is wrong.

    What was there under the same identifier is replaced, read-only facts too. Groups first, then
    parents before children, whatever the order given. Nothing is put where anything is wrong.
    Rows that are `believed` are as Azure showed them: no provider looks at them again.
    """
    if not isinstance(body, list):
        raise ValueError("body: expected a list of resources")  # noqa: TRY004
    rows = [(_identified(row, f"[{place}]"), row, f"[{place}]") for place, row in enumerate(body)]
    rows.sort(key=lambda found: (found[0].type.lower() != _GROUP, str(found[0]).count("/")))
    coming = {target.key for target, _, _ in rows}
    for target, _, where in rows:
        above = (
            target.parent()
            if target.nested
            else Id(subscription=target.subscription, group=target.group)
        )
        known = above.key in coming or world.find(above) is not None
        grouped = (target.group or "").lower() in world.groups and not target.nested
        if target.type.lower() != _GROUP and target.group and not (known or grouped):
            raise ValueError(f"{where}.id: '{above}' does not exist")
    for trial in (twin(world), world):
        for target, row, where in rows:
            try:
                _put(trial, target, row, now, believed=believed)
            except Refusal as error:
                raise ValueError(f"{where}: {error.code}: {error.message}") from error
    world.catch_up(now)
    return len(rows)


def twin(world: World) -> World:
    """Return a world with the same groups and resources, to try something in and forget."""
    copy = World(
        table=world.table,
        clock=world.clock,
        journal=Memory(),
        subscription=world.subscription,
        tenant=world.tenant,
        door=world.door,
    )
    copy.groups = dict(world.groups)
    for _, item in world.resources.items():
        copy.resources[item.id.lower()] = item
        copy.shelve(item)
    copy.notes = dict(world.notes)
    return copy


def everything(world: World, now: datetime) -> list[Json]:
    """Return all groups and resources with their full bodies."""
    call = _call(now, b"")
    shown = [groups.shown(world, group, call) for _, group in sorted(world.groups.items())]
    for _, item in sorted(world.resources.items()):
        row = world.table.find(item.type)
        assert row is not None
        shown.append(row.shown(item, View(now=now, version=row.versions[-1])))
    return shown


def _identified(row: Any, where: str) -> Id:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise ValueError(f"{where}.id: expected a resource identifier")  # noqa: TRY004
    target, rest = parse(row["id"])
    if (
        rest
        or target.subscription is None
        or target.type.lower() == "microsoft.resources/subscriptions"
    ):
        raise ValueError(f"{where}.id: '{row['id']}' is not a resource identifier")
    if str(row.get("type", target.type)).lower() != target.type.lower():
        raise ValueError(f"{where}.type: '{row['type']}' is not the type in the id")
    return target


def _put(world: World, target: Id, row: Json, now: datetime, *, believed: bool) -> None:
    if target.subscription != world.subscription:
        raise Refusal(404, "SubscriptionNotFound", f"'{target.subscription}' is not ours.")
    if target.type.lower() == _GROUP:
        _put_group(world, target, row, now)
        return
    kind = world.table.find(target.type)
    if kind is None:
        raise Refusal(404, "InvalidResourceType", f"'{target.type}' is not in the table.")
    target = resources.canonical(world, target, kind)
    named = {"id", "type", "name"}
    body = {key: value for key, value in row.items() if key not in named}
    if believed:
        body = {key: value for key, value in body.items() if key in kind.allowed()}
    else:
        body = bodies.without_nulls(body)
    bodies.check_identity(body, target, kind)
    kind.names.check(target.name)
    bodies.check_place(body, target, kind, None)
    if body.get("tags") is not None:
        body["tags"] = bodies.check_tags(body["tags"])
    call = _call(now, json.dumps(body).encode())
    write = Write(world=world, call=call, type=kind, id=target, body=body, current=None)
    if not believed:
        kind.behaviour.check(write)
    item = resources.store(
        world, write, busy=None, provisioning="Succeeded" if kind.provisioning else None
    )
    world.save(replace(item, state=kind.behaviour.seeded(write)))


def _put_group(world: World, target: Id, row: Json, now: datetime) -> None:
    assert target.group is not None
    groups.check_name(target.group)
    place = groups.read_place(row.get("location"))
    tags = None if row.get("tags") is None else bodies.check_tags(row["tags"])
    group = Group(
        name=target.group,
        location=place,
        tags=tags,
        managed_by=row.get("managedBy"),
        created=now,
        changed=now,
    )
    world.save_group(group)


def _call(now: datetime, body: bytes) -> Call:
    return Call(
        method="PUT",
        path="/",
        query={"api-version": "2025-04-01"},
        body=body,
        base="",
        principal=SEED,
        now=now,
        request_id="seed",
    )
