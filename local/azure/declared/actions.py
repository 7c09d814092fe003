"""What can be done to a resource beside reading and writing it, said as data.

["redis".actions."POST forceReboot"]
lro = {takes = 60, status = 202, header = "location"}   # long-running; without it, done at once
status = 200                 # of one done at once
body = {message = "…"}       # what it answers, with the words of `lines`
was = {until = "2018-12", body = {}}   # what it answered until that month
set = {"properties.x" = 1}   # members that it changes, at the end of its work
show = true                  # what it answers is the resource
flat = "2017-10-12"          # and up to that api-version, its properties without an envelope
while = "Rebooting"          # the provisioningState meanwhile
only = {at = "properties.x", like = "…", code = "…", message = "…", status = 409}
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local.azure import actions, lines, paging
from local.azure.arm import Answer, Json, Refusal
from local.azure.era import ERA
from local.azure.table import Action, Lro, Use, View
from local.azure.world import Resource, World, plain

_KNOWN = {"lro", "status", "body", "set", "while", "only", "list", "show", "flat", "was"}


def action(said: Mapping[str, Any]) -> Action:
    """Return the action that a table says."""
    unknown = set(said) - _KNOWN
    if unknown:
        raise ValueError(f"actions: {sorted(unknown)[0]}: unknown")
    if "list" in said:
        return _listing(said["list"].split())
    lro = Lro(**said["lro"]) if "lro" in said else None

    def act(use: Use) -> Answer:
        """Do what the table says."""
        _check(use, said.get("only"))
        was = said.get("was")
        told = was["body"] if was and ERA.get() <= was["until"] else said.get("body")
        answer = Answer(status=said.get("status", 200), body=_body(use, told))
        if lro is None:
            if said.get("set"):
                changed = apply(use.resource, said["set"])
                use.world.save(replace(changed, changed=use.call.now))
            return answer
        state = {**use.resource.state, "then": dict(said.get("set", {}))}
        begun = actions.begun(use, lro, state, provisioning=said.get("while"))
        if said.get("show"):
            item = use.world.find(use.resource.id) or use.resource
            view = View(now=use.call.now, version=use.call.version)
            shown = use.type.shown(item, view)
            is_flat = use.call.version <= said.get("flat", "")
            return replace(begun, body=shown["properties"] if is_flat else shown)
        return replace(begun, body=begun.body if answer.body is None else answer.body)

    return act


def _listing(kinds: list[str]) -> Action:
    def act(use: Use) -> Answer:
        """List the resource's parts of several types together."""
        view = View(now=use.call.now, version=use.call.version, kind="list")
        start = f"{use.resource.id}/".lower()
        found = [
            use.world.shown(item, view)
            for kind in kinds
            for item in use.world.all_of(f"{use.type.name}/{kind}")
            if item.id.lower().startswith(start)
        ]
        return paging.page(use.call, found)

    return act


def apply(item: Resource, changes: Mapping[str, Any]) -> Resource:
    """Return a resource with members of its body changed."""
    body: Json = plain(item.body)
    for path, value in changes.items():
        *above, name = path.split(".")
        inside = body
        for step in above:
            inside = inside.setdefault(step, {})
        inside[name] = value
    return replace(item, body=body)


def finished(world: World, item: Resource, *, well: bool) -> Resource:
    """Return a resource after an action's work."""
    state = dict(item.state)
    changes = state.pop("then", None)
    item = replace(item, state=state)
    return apply(item, changes) if well and changes else item


def _check(use: Use, only: Mapping[str, Any] | None) -> None:
    if only is None:
        return
    found = lines.at(use.resource.body, tuple(str(only["at"]).split("."))) or [""]
    if not re.fullmatch(only["like"], str(found[0])):
        message = str(only["message"]).format(name=use.resource.name, id=use.resource.id)
        raise Refusal(only.get("status", 409), only["code"], message)


def _body(use: Use, said: Any) -> Any:
    if said is None:
        return None
    view = View(now=use.call.now, version=use.call.version)
    whole = use.type.shown(use.resource, view)
    return lines.rendered(said, whole, use.resource, view)
