"""What a change of a stack would do: kept as a result of its own, which has a name and an age.

A result is asked for by PUT, like a stack, and worked out by POST whatIf. Source: the
specification of Microsoft.Resources/deploymentStacksWhatIfResults, 2025-07-01; no recording was
found.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.azure import groups, paging, subscriptions
from local.azure.arm import Answer, Call, Json, Refusal, gateway, stamp
from local.azure.deployments import asked as asking
from local.azure.deployments import doors, whatif
from local.azure.deployments.planning import made
from local.azure.deployments.stackrecords import Stack
from local.azure.deployments.stackshown import checked_settings
from local.azure.ids import Id, parse, resource
from local.azure.templates.functions import moments
from local.azure.templates.identifiers import kind_of
from local.azure.world import World, plain

VERSIONS = ("2025-07-01",)
_LOOKING = 3.0  # seconds
_KINDS = {"Create": "create", "Modify": "modify", "NoChange": "noChange", "Deploy": "modify"}
_DEPLOYED = ("template", "templateLink", "parameters", "parametersLink")


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on the what-if results of a group or of the subscription."""
    subscriptions.check_version(call, VERSIONS)
    if target.group is not None:
        target = replace(target, group=groups.require(world, target).name)
    last = target.last
    match tuple(word.lower() for word in last.types[1:]), len(last.names):
        case (), 0 if call.method == "GET":
            start = f"{target}/".lower()
            found = [one for key, one in world.stacks.guesses.items() if key.startswith(start)]
            return paging.page(call, [_shown(one) for one in found if _lives(one, call.now)])
        case (), 1:
            return _one(world, call, target)
        case ("whatif",), 1 if call.method == "POST":
            last = replace(last, types=last.types[:1])
            return _look(world, call, replace(target, providers=(last,)))
    raise gateway(404, "NotFound", f"Nothing answers '{call.method}' on '{call.path}'.")


def _one(world: World, call: Call, target: Id) -> Answer:
    match call.method:
        case "GET":
            return Answer(status=200, body=_shown(_require(world, call, target)))
        case "PUT":
            return _put(world, call, target)
        case "DELETE":
            there = str(target).lower() in world.stacks.guesses
            world.stacks.guess(str(target), None)
            return Answer(status=200 if there else 204)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed here.")


def _put(world: World, call: Call, target: Id) -> Answer:
    body = asking.object_of(call.body.decode(errors="replace"))
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise gateway(400, "InvalidRequestContent", "'properties' must be an object.")
    checked_settings(properties, call.version)
    for name in ("deploymentStackResourceId", "retentionInterval"):
        if not isinstance(properties.get(name), str):
            raise gateway(400, "InvalidRequestContent", f"'properties.{name}' is required.")
    resource(properties["deploymentStackResourceId"])
    asking.properties(world, {**_deployed(properties), "mode": "Incremental"})
    new = str(target).lower() not in world.stacks.guesses
    kept = {
        "id": str(target),
        "name": target.name,
        "type": "Microsoft.Resources/deploymentStacksWhatIfResults",
        **{name: body[name] for name in ("location", "tags") if body.get(name) is not None},
        "properties": plain(properties),
        "until": (call.now + _retention(properties["retentionInterval"])).isoformat(),
    }
    world.stacks.guess(str(target), kept)
    return Answer(status=201 if new else 200, body=_shown(kept))


def _look(world: World, call: Call, target: Id) -> Answer:
    kept = _require(world, call, target)
    properties = kept["properties"]
    stack = world.stacks.find(str(properties["deploymentStackResourceId"]))
    found = {**kept, "properties": {**properties, "changes": _changes(world, call, kept, stack)}}
    if stack is not None:
        found["properties"]["deploymentStackLastModified"] = stamp(stack.changed)
    found["properties"]["correlationId"] = call.request_id
    world.stacks.guess(str(target), found)
    where = doors.begun_job(
        world, call, "DeploymentStackWhatIfJob", target.name, _LOOKING, _shown(found)
    )
    return Answer(status=202, headers={"location": where})


def _changes(world: World, call: Call, kept: Json, stack: Stack | None) -> Json:
    """Return what the stack would change: things, and who is denied what."""
    properties = kept["properties"]
    own = str(parse(kept["id"])[0].scope())
    scope = str(properties.get("deploymentScope") or own)
    asked = asking.properties(world, {**_deployed(properties), "mode": "Incremental"})
    location = "" if parse(scope)[0].group else str(kept.get("location") or "")
    asked = replace(asked, location=location)
    plan = made(
        world,
        asked,
        call,
        scope=scope,
        name=kept["name"],
        preview=True,
    )
    unmanage, deny = checked_settings(properties, call.version)
    known = {name.lower(): name for name in (stack.managed if stack else [])}
    before = str(stack.deny.get("mode", "none")) if stack else "none"
    rows, seen = [], set()
    for change in whatif.changes(world, asked, plan, call):
        name = str(change["resourceId"])
        if change["changeType"] in {"Ignore", "Delete"}:
            continue
        seen.add(name.lower())
        managed = ("managed" if name.lower() in known else "unmanaged", "managed")
        rows.append(_row(change, managed, (before, deny["mode"])))
    for key, name in known.items():
        if key not in seen:
            rows.append(_left(name, unmanage, before))
    return {
        "resourceChanges": rows,
        "denySettingsChange": {"before": stack.deny if stack else None, "after": deny},
        "deploymentScopeChange": {"before": stack.deployed_to if stack else None, "after": scope},
    }


def _row(change: Json, managed: tuple[str, str], deny: tuple[str, str]) -> Json:
    kind = _KINDS.get(str(change["changeType"]), "unsupported")
    after, before = change.get("after"), change.get("before")
    row: Json = {
        "id": change["resourceId"],
        "type": kind_of(str(change["resourceId"]))[0],
        "changeType": kind,
        "changeCertainty": "definite",
        "managementStatusChange": {"before": managed[0], "after": managed[1]},
        "denyStatusChange": {"before": deny[0], "after": deny[1]},
    }
    if isinstance(after, dict):
        row["apiVersion"] = after.get("apiVersion")
        deltas = [_delta(one) for one in change.get("delta", [])]
        row["resourceConfigurationChanges"] = {"before": before, "after": after, "delta": deltas}
    if "unsupportedReason" in change:
        row["unsupportedReason"] = change["unsupportedReason"]
    return row


def _left(name: str, unmanage: Json, deny: str) -> Json:
    kind = kind_of(name)[0]
    group = kind.lower() == "microsoft.resources/resourcegroups"
    action = unmanage["resourceGroups" if group else "resources"]
    after = "unknown" if action == "delete" else "unmanaged"
    return {
        "id": name,
        "type": kind,
        "changeType": action,
        "changeCertainty": "definite",
        "managementStatusChange": {"before": "managed", "after": after},
        "denyStatusChange": {"before": deny, "after": "none"},
    }


def _delta(one: Mapping[str, Any]) -> Json:
    found = {name: inner for name, inner in one.items() if name != "propertyChangeType"}
    kind = str(one["propertyChangeType"])
    found["changeType"] = kind[:1].lower() + kind[1:]
    if "children" in one:
        found["children"] = [_delta(inner) for inner in one["children"]]
    return found


def _shown(kept: Json) -> Json:
    found = {name: one for name, one in kept.items() if name != "until"}
    hidden = {"template", "parameters"}
    properties = {name: one for name, one in kept["properties"].items() if name not in hidden}
    return {**found, "properties": {**properties, "provisioningState": "succeeded"}}


def _require(world: World, call: Call, target: Id) -> Json:
    found = world.stacks.guesses.get(str(target).lower())
    if found is None or not _lives(found, call.now):
        raise gateway(
            404,
            "ResourceNotFound",
            f"The resource '{target.name}' was not found. For more details please go to"
            " https://aka.ms/ARMResourceNotFoundFix",
        )
    return found


def _lives(kept: Json, now: datetime) -> bool:
    return datetime.fromisoformat(kept["until"]) > now


def _deployed(properties: Json) -> Json:
    return {name: properties[name] for name in _DEPLOYED if properties.get(name) is not None}


def _retention(text: str) -> timedelta:
    found = moments.duration(text)
    if found is None or found <= timedelta(0):
        raise gateway(
            400,
            "InvalidRequestContent",
            f"'properties.retentionInterval' must be an ISO 8601 duration such as P1D, not"
            f" '{text}'.",
        )
    return found
