"""What a deployment would change: it is played in a copy of the world, and the two compared.

Each resource is written to the copy as it would be to the world, so that what the provider keeps,
fills in or drops is known and not guessed. A difference in what neither the template says nor the
caller ever said (a state, a stamp, a generated name) is none.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local.azure import writable
from local.azure.arm import Call, Json, Refusal
from local.azure.deployments import complete, preflight
from local.azure.deployments.asked import Asked
from local.azure.ids import parse
from local.azure.seeding import twin
from local.azure.templates import expressions
from local.azure.templates.items import Item
from local.azure.templates.plan import Plan
from local.azure.world import World

_LONG = timedelta(days=1)  # after which all work in the copy is done


def changes(world: World, asked: Asked, plan: Plan, call: Call) -> list[Json]:
    """Return what a plan changes, ordered by identifier; `asked.format` may be ids alone."""
    copy = twin(world)
    found = _changes(world, copy, plan, call, inside=0)
    scope = _scope_of(plan)
    if scope:
        named = {str(one["resourceId"]).lower() for one in found}
        for item in complete.extra(world, scope, named):
            row = world.table.find(item.type)
            assert row is not None
            shown = _read(world, call, item.id, row.versions[-1])
            is_gone = asked.mode == "Complete"
            one: Json = {"resourceId": item.id, "changeType": "Delete" if is_gone else "Ignore"}
            one["before"] = shown
            if not is_gone:
                one["after"] = shown
            found.append(one)
    found.sort(key=lambda one: str(one["resourceId"]).lower())
    if asked.format.lower() == "resourceidonly":
        found = [{k: v for k, v in one.items() if k in _BRIEF} for one in found]
        for one in found:
            if one["changeType"] in {"Modify", "NoChange", "Create"}:
                one["changeType"] = "Deploy"
    return found


_BRIEF = frozenset(("resourceId", "changeType", "unsupportedReason"))


def _changes(world: World, copy: World, plan: Plan, call: Call, *, inside: int) -> list[Json]:
    found: list[Json] = []
    for key in _ordered(plan):
        item = plan.items[key]
        if not item.enabled or item.existing:
            continue
        if item.nested:
            inner = preflight.nested(world, plan, key, call, preview=True)
            if inner is None or inside >= 5:
                reason = "The nested deployment's parameters are known only when it runs."
                found.append(_unsupported(item, reason))
            else:
                found += _changes(world, copy, inner[1], call, inside=inside + 1)
            continue
        found.append(_change(world, copy, plan, key, call))
    return found


def _change(world: World, copy: World, plan: Plan, key: str, call: Call) -> Json:
    item = plan.items[key]
    body = plan.body(key, lasting=True)
    before = _read(world, call, item.id, item.version)
    written = {**body, "apiVersion": item.version, "id": item.id}
    written |= {"name": item.name.rpartition("/")[2], "type": item.type}
    after = _played(copy, call, item, body)
    if before is None:
        return {"resourceId": item.id, "changeType": "Create", "after": _sorted(written)}
    if after is None:
        return {
            "resourceId": item.id,
            "changeType": "Deploy",
            "before": before,
            "after": _sorted({**before, **written}),
        }
    after = _without_noise(before, after, written)
    delta = _delta(before, after, "")
    kind = "Modify" if delta else "NoChange"
    change: Json = {"resourceId": item.id, "changeType": kind, "before": before, "after": after}
    if delta:
        change["delta"] = delta
    return change


def _played(copy: World, call: Call, item: Item, body: Json) -> Json | None:
    """Write a resource to the copy and return what is there then; None where it is refused."""
    asked = call.asking("PUT", item.id, item.version, body)
    try:
        copy.door(copy, asked)
    except Refusal:
        return None
    copy.settle(call.now + _LONG)
    return _read(copy, call, item.id, item.version)


def _read(world: World, call: Call, name: str, version: str) -> Json | None:
    """Return a resource as a reader sees it, without what is Azure's alone."""
    try:
        shown = world.door(world, call.asking("GET", name, version)).body
    except Refusal:
        return None
    if not isinstance(shown, dict):
        return None
    kept = writable.body(world.table.find(parse(name)[0].type), shown)
    found: Json = _sorted({**_filled(kept), "apiVersion": version})
    return found


def _filled(value: Any) -> Any:
    """Return a body without its empty lists and objects, which a look ahead leaves out."""
    if not isinstance(value, dict):
        return value
    kept = {name: _filled(one) for name, one in value.items()}
    return {name: one for name, one in kept.items() if one not in ([], {})}


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _sorted(value[name]) for name in sorted(value, key=str.lower)}
        case list():
            return [_sorted(one) for one in value]
    return value


def _without_noise(before: Any, after: Any, written: Any) -> Any:
    """Return `after` with what nobody wrote as it was before."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    said = written if isinstance(written, Mapping) else {}
    folded = {name.lower(): one for name, one in said.items()}
    found: Json = {}
    for name in sorted({*before, *after}, key=str.lower):
        mine = folded.get(name.lower())
        if name in before and _is_open(mine):
            found[name] = before[name]  # what is known only later is taken for what it was
        elif name in before and name in after:
            known = name.lower() in folded
            inner = _without_noise(before[name], after[name], mine)
            is_object = isinstance(before[name], dict) and isinstance(after[name], dict)
            found[name] = inner if known or is_object else before[name]
        elif name in after and name.lower() in folded:
            found[name] = after[name]
    return found


def _is_open(value: Any) -> bool:
    return isinstance(value, str) and expressions.is_expression(value)


def _delta(before: Any, after: Any, path: str) -> list[Json]:
    """Return the differences of two bodies: objects by path, lists as one with children."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[Json] = []
        for name in sorted({*before, *after}, key=str.lower):
            found += _delta(before.get(name), after.get(name), f"{path}.{name}" if path else name)
        return found
    if before == after or _is_same_text(before, after):
        return []
    if before is None:
        return [{"path": path, "propertyChangeType": "Create", "after": after}]
    if after is None:
        return [{"path": path, "propertyChangeType": "Delete", "before": before}]
    if isinstance(before, list) and isinstance(after, list):
        children: list[Json] = []
        for at in range(max(len(before), len(after))):
            old = before[at] if at < len(before) else None
            new = after[at] if at < len(after) else None
            children += _element(old, new, str(at))
        return [{"path": path, "propertyChangeType": "Array", "children": children}]
    return [{"path": path, "propertyChangeType": "Modify", "before": before, "after": after}]


def _element(old: Any, new: Any, path: str) -> list[Json]:
    """Return the difference of two elements of a list, its own parts as children."""
    inner = _delta(old, new, path)
    if isinstance(old, dict) and isinstance(new, dict) and inner:
        parts = _delta(old, new, "")
        return [{"path": path, "propertyChangeType": "Modify", "children": parts}]
    return inner


def _is_same_text(before: Any, after: Any) -> bool:
    both = isinstance(before, str) and isinstance(after, str)
    return both and before.lower() == after.lower() and "/" in before


def _unsupported(item: Item, reason: str) -> Json:
    return {"resourceId": item.id, "changeType": "Unsupported", "unsupportedReason": reason}


def _ordered(plan: Plan) -> list[str]:
    """Return the keys of a plan, what is waited for first."""
    done: list[str] = []
    left = dict(plan.needs)
    while left:
        ready = [k for k, needs in left.items() if all(n.key not in left for n in needs)]
        done += ready
        for key in ready:
            del left[key]
    return done


def _scope_of(plan: Plan) -> str:
    scope = str(getattr(plan.scope.runtime, "scope", ""))
    return scope if parse(scope)[0].group is not None else ""
