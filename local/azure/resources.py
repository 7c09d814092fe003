"""Resources of any type in the table: the common course of every call on one.

The order of refusals is Azure's: the type and its version, the subscription's registration, the
group, locks, the body, the parent, the place, and last what the provider itself says.
"""

from dataclasses import replace
from typing import Any

from local.azure import bodies, groups, locks, operations, paging, places
from local.azure.arm import Answer, Call, Json, Late, Refusal, gateway
from local.azure.era import ERA
from local.azure.ids import Id, Provider, resource
from local.azure.table import Lro, ResourceType, Use, View, Write
from local.azure.world import Resource, World, plain

_GROUP_FIRST = "2024-09"  # the month since which a deletion misses its group before its parent
_SLOW_DELETE = Lro(takes=20.0, status=202)  # of a type whose deletions are quick, ordered to fail


def canonical(world: World, target: Id, row: ResourceType) -> Id:
    """Return the identifier with the type spelled as the table does, the scope as it exists."""
    types = tuple(row.name.split("/")[1:])
    last = Provider(namespace=row.namespace, types=types, names=target.last.names[: len(types)])
    parent = replace(target, providers=(*target.providers[:-1], last)).parent()
    found = world.find(parent) if parent.providers else None
    group = world.groups.get((target.group or "").lower())
    above = target.providers[:-1]
    if found is not None and row.extension:
        above = resource(found.id).providers
    return Id(
        subscription=target.subscription,
        group=group.name if group else target.group,
        providers=(*above, last),
    )


def answer(world: World, call: Call, target: Id, row: ResourceType) -> Answer:
    """Answer a call on one resource."""
    target = canonical(world, target, row)
    match call.method:
        case "GET" | "HEAD":
            return _get(world, call, target, row)
        case "PUT" | "PATCH":
            return _write(world, call, target, row)
        case "DELETE":
            return _delete(world, call, target, row)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on '{row.name}'.")


def act(world: World, call: Call, target: Id, row: ResourceType, rest: tuple[str, ...]) -> Answer:
    """Answer a call on something inside a resource: an action, or a part of it."""
    words = tuple(rest[::2])
    name = "/".join(words).lower()
    action = row.actions.get((call.method, name))
    if action is None:
        raise gateway(
            404,
            "InvalidResourceType",
            f"The resource type '{row.local}/{'/'.join(words)}' could not be found in the"
            f" namespace '{row.namespace}' for api version '{call.version}'.",
        )
    target = canonical(world, target, row)
    if call.method != "GET":
        groups.require_open(world, target)
        locks.refuse_write(world, target)
    found = _require(world, target, row)
    return action(Use(world=world, call=call, type=row, resource=found, parts=rest[1::2]))


def listed(world: World, call: Call, scope: Id, row: ResourceType) -> Answer:
    """Answer a provider's own list of a type: of a group, of a parent, or of a subscription."""
    if scope.group is not None:
        groups.require(world, scope)
    if scope.providers and _above(world, scope) is None:
        raise _no_parent("read", scope, row)
    kind = "list" if scope.group else "subscription"
    view = View(now=call.now, version=call.version, kind=kind)
    start = scope.key + "/"
    found = world.below(start, row.name)
    above = _above(world, scope) if scope.providers else None
    if above is not None:
        known = {item.id.lower() for item in found}
        more = row.behaviour.always(world, above, call.now)
        found += [item for item in more if item.id.lower() not in known]
    page = paging.page(call, found)
    rows = [row.shown(item, view) for item in page.body["value"]]
    return replace(page, body={**row.listed(), **page.body, "value": rows})


def store(world: World, write: Write, *, busy: str | None, provisioning: str | None) -> Resource:
    """Keep what a write asks for and return it."""
    body = plain(write.type.behaviour.shape(write))
    for name in ("id", "name", "type", "apiVersion"):
        body.pop(name, None)
    if not write.seeding:
        body.pop("systemData", None)
    state = plain(write.type.behaviour.state(write))
    now, current = write.call.now, write.current
    item = Resource(
        id=current.id if current else str(write.id),
        type=write.type.name,
        name=current.name if current else write.id.name,
        body=body,
        state=state,
        created=current.created if current else now,
        changed=now,
        provisioning=provisioning,
        busy=busy,
    )
    return world.save(item)


def _get(world: World, call: Call, target: Id, row: ResourceType) -> Answer:
    if target.group is not None:
        groups.require(world, target)
    if call.method == "HEAD":
        return Answer(status=204 if world.find(target) else 404)
    found = _require(world, target, row)
    view = View(now=call.now, version=call.version, expand=call.query.get("$expand", ""))
    return Answer(status=200, body=row.shown(found, view))


def _write(world: World, call: Call, target: Id, row: ResourceType) -> Answer:
    write = prepared(world, call, target, row)
    return _start(world, write.call, write)


def prepared(world: World, call: Call, target: Id, row: ResourceType) -> Write:
    """Return what a write would do; refuse all that is refused before anything is done."""
    bodies.check_registered(world, call.now, row.namespace)
    if target.group is not None:
        groups.require_open(world, target)
    locks.refuse_write(world, target)
    body = bodies.read(call)
    bodies.check_identity(body, target, row)
    bodies.check_links(body)
    bodies.check_principals(world, body, target)
    current = _there(world, target, row)
    if call.method == "PATCH":
        current = current or _require(world, target, row)
        body = _patched(body, current, row, call)
    else:
        body = bodies.without_nulls(body)
    row.names.check(target.name)
    _check_parent(world, target, row)
    bodies.check_place(body, target, row, current)
    if row.tracked and not world.is_open(row.namespace, str(body["location"])):
        raise places.refuse_registration(str(body["location"]), row.local)
    if body.get("tags") is not None:
        body["tags"] = bodies.check_tags(body["tags"])
    write = Write(world=world, call=call, type=row, id=target, body=body, current=current)
    if current is not None and current.busy:
        raise row.behaviour.busy(current)
    call = _conditioned(call, current, row)
    write = replace(write, call=call)
    row.behaviour.check(write)
    return write


def _conditioned(call: Call, current: Resource | None, row: ResourceType) -> Call:
    """Refuse a write whose etag is not the thing's, or let it fail late where its type does."""
    if not call.if_match and not call.if_none_match:
        return call
    tag = (
        row.shown(current, View(now=call.now, version=call.version)).get("etag") if current else ""
    )
    wanted = call.if_match.strip('"')
    stale = bool(wanted) and (current is None or wanted not in {"*", str(tag).strip('"')})
    taken = call.if_none_match == "*" and current is not None
    if not stale and not taken:
        return call
    name = current.name if current else call.path.rpartition("/")[2]
    message = (
        f"The condition '{wanted or call.if_none_match}' in the If-Match header was not satisfied."
    )
    if taken:
        message = f"The resource '{name}' exists already."
    if row.conditions == "late":
        why = f"'{name}' has been modified (etag mismatch)."
        return replace(call, late=call.late or Late(code="PreconditionFailed", message=why))
    raise Refusal(412, "PreconditionFailed", message)


def _start(world: World, call: Call, write: Write) -> Answer:
    row, new = write.type, write.current is None
    place = str(write.body.get("location") or groups.place(world, write.id))
    metered = row.behaviour.meter(world, call, place)
    lro = row.behaviour.work(write)
    if call.method == "PATCH" and lro is not None and lro.status == 200 and _tags_alone(call):
        lro = None
    idle = lro is not None and call.late is None and _is_idle(write, lro)
    if lro is None or not lro.is_used(call.version) or (idle and "done" in lro.unchanged):
        kept = write.current.provisioning if write.current else None
        state = (kept if call.method == "PATCH" else "Succeeded") if row.provisioning else None
        item = store(world, write, busy=None, provisioning=state)
        status = row.created_status if new else 200
        here = {"location": call.base + item.id} if row.located and new else {}
        headers = {**metered, **here, **row.behaviour.headers(item, new=new)}
        return Answer(status=status, body=_put_view(row, item, call), headers=headers)
    operation = world.begin(
        kind="create" if new else "update",
        resource=write.current.id if write.current else str(write.id),
        lro=replace(lro, takes=0.0) if idle and lro.unchanged == "links" else lro,
        call=replace(call, late=call.late or row.behaviour.foreseen(write)),
        place=place,
        namespace=row.namespace,
    )
    state = lro.state or ("Creating" if new else "Updating")
    if idle and lro.unchanged == "links":
        state = "Succeeded"
    item = store(world, write, busy=operation.id, provisioning=state)
    headers = {**metered, **operations.headers(operation, lro, call)}
    if idle and lro.unchanged == "links":
        headers.pop("retry-after", None)
    body = operations.announced(operation, lro) or _put_view(row, item, call)
    return Answer(status=lro.status, body=None if lro.silent else body, headers=headers)


def _tags_alone(call: Call) -> bool:
    """Tell whether a PATCH changes nothing but tags, which a provider does at once."""
    return not set(bodies.read(call)) - {"tags"}


def _is_idle(write: Write, lro: Lro) -> bool:
    """Tell whether a write asks for no work: for nothing that a reader is not shown already.

    A PATCH may still change the tags.
    """
    current, patches = write.current, write.call.method == "PATCH"
    if current is None or current.provisioning not in {None, "Succeeded"}:
        return False
    if lro.unchanged == "work" or (patches and lro.unchanged != "always done"):
        return False
    shaped = plain(write.type.behaviour.shape(write))
    for name in ("id", "name", "type", "etag", *(["tags"] if patches else [])):
        shaped.pop(name, None)
    view = View(now=write.call.now, version=write.call.version)
    old = plain(current.body) if lro.unchanged == "done" else write.type.shown(current, view)
    return _is_part(shaped, old, write)


def _is_part(new: Any, old: Any, write: Write) -> bool:
    match new, old:
        case dict(), dict():
            return all(k in old and _is_part(v, old[k], write) for k, v in new.items())
        case list(), list():
            same = len(new) == len(old)
            return same and all(_is_part(a, b, write) for a, b in zip(new, old, strict=True))
        case str(), str():
            return new.lower() == old.lower()
    return bool(new == old)


def _delete(world: World, call: Call, target: Id, row: ResourceType) -> Answer:
    found = world.find(target)
    orphan = target.nested and _above(world, target.parent()) is None
    if orphan and ERA.get() < _GROUP_FIRST:
        raise _no_parent("delete", target.parent(), row)
    group = groups.require(world, target) if target.group is not None else None
    if orphan:
        raise _no_parent("delete", target.parent(), row)
    if group is not None and group.deleting and found is None:
        return Answer(status=204)
    locks.refuse_delete(world, target)
    if found is None:
        return Answer(status=204)
    running = world.operations.get(found.busy or "")
    lro = row.delete or _SLOW_DELETE
    at_once = row.delete is None or not row.delete.is_used(call.version)
    if running is not None and running.kind == "delete":
        return Answer(status=lro.status, headers=operations.headers(running, lro, call))
    place = str(found.body.get("location") or groups.place(world, target))
    metered = row.behaviour.meter(world, call, place)
    use = Use(world=world, call=call, type=row, resource=found)
    answered = row.behaviour.deleting(use) or Answer(status=row.deleted_status)
    call = _conditioned(call, found, row)
    if at_once and call.late is None:
        world.drop(found, call.now)
        return replace(answered, headers={**answered.headers, **metered})
    operation = world.begin(
        kind="delete",
        resource=found.id,
        lro=lro,
        call=call,
        place=place,
        namespace=row.namespace,
    )
    world.save(replace(found, busy=operation.id, provisioning="Deleting", changed=call.now))
    headers = {**metered, **operations.headers(operation, lro, call)}
    body = operations.announced(operation, lro)
    return Answer(status=lro.status, body=body, headers=headers)


def _patched(body: Json, current: Resource, row: ResourceType, call: Call) -> Json:
    if not row.patchable:
        raise Refusal(405, "MethodNotAllowed", f"'{row.name}' cannot be patched.")
    merged: Json = plain(current.body)
    for name, value in body.items():
        if name == "properties" and isinstance(value, dict):
            merged[name] = _merged(merged.get(name) or {}, value)
        else:
            merged[name] = value
    return merged


def _merged(old: Json, new: Json) -> Json:
    """Merge as RFC 7396 says: objects deeply, null takes away, the rest replaces."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _merged(result[name], value)
        else:
            result[name] = value
    return result


def _check_parent(world: World, target: Id, row: ResourceType) -> None:
    parent = target.parent()
    if not parent.providers or _above(world, parent) is not None:
        return
    if row.extension and [kind.lower() for kind in parent.last.types] == ["locations"]:
        return  # what a region of a provider has is nobody's to make
    raise _not_found(parent) if row.extension else _no_parent("write", parent, row)


def _no_parent(verb: str, parent: Id, row: ResourceType) -> Refusal:
    return gateway(
        404,
        "ParentResourceNotFound",
        f"Failed to perform '{verb}' on resource(s) of type '{row.local}', because the parent"
        f" resource '{parent}' could not be found.",
    )


def _there(world: World, target: Id, row: ResourceType) -> Resource | None:
    """Return what is there, also without having been made."""
    found = world.find(target)
    above = world.find(target.parent()) if found is None and target.nested else None
    if above is None:
        return found
    more = row.behaviour.always(world, above, world.clock.now())
    return next((item for item in more if item.id.lower() == target.key), None)


def _above(world: World, target: Id) -> Resource | None:
    """Return what something stands under, which may be there without having been made."""
    found = world.find(target)
    row = world.table.find(target.type) if found is None else None
    return found if row is None else _there(world, target, row)


def _require(world: World, target: Id, row: ResourceType) -> Resource:
    found = _there(world, target, row)
    if found is not None:
        return found
    if target.group is not None:
        groups.require(world, target)
    parent = target.parent()
    if target.nested and _above(world, parent) is None:
        raise _no_parent("read", parent, row)
    absent = row.behaviour.absent(target)
    if absent is not None:
        raise absent
    raise _not_found(target)


def _not_found(target: Id) -> Refusal:
    name = target.last.text().removeprefix("/providers/")
    return gateway(
        404,
        "ResourceNotFound",
        f"The Resource '{name}' under resource group '{target.group or '<null>'}' was not found."
        " For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def _put_view(row: ResourceType, item: Resource, call: Call) -> Json:
    return row.shown(
        item, View(now=call.now, version=call.version, kind="put", patches=call.method == "PATCH")
    )
