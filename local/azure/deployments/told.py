"""What a caller sees of a deployment: its body, its operations, its template."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from local.azure.arm import Json, guid, stamp
from local.azure.deployments.records import (
    FAILED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    WAITING,
    Deployment,
    Node,
)
from local.azure.era import ERA
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.hashing import template_hash
from local.azure.templates.identifiers import kind_of
from local.azure.templates.parameters import declared, is_secure, shown_type
from local.azure.templates.plan import Plan
from local.azure.world import World, plain

_TYPED = "2018-05-01"  # the api-version since which a deployment tells its type
_HASHED = "2017-05-10"  # and the hash of its template
_WHOLE = "2018-02-01"  # and whole identifiers in its output resources
_SERVICED = "2022-05"  # the month until which operations told the provider's request id
_NO_TIME = timedelta(0)


def body(world: World, one: Deployment, version: str) -> Json:
    """Return a deployment as a reader of this api-version sees it."""
    shown = _head(one, version)
    shown["properties"] = {
        **_asked(one, version),
        "provisioningState": one.state,
        "timestamp": stamp(one.changed),
        "duration": duration(one.changed - one.started),
        "correlationId": one.correlation,
        "providers": plain(one.providers),
        "dependencies": plain(one.dependencies),
    }
    properties = shown["properties"]
    if one.outputs is not None and one.state == SUCCEEDED:
        properties["outputs"] = outputs(one.outputs)
    if one.state == SUCCEEDED:
        made = resources(world, one)
        properties["outputResources"] = [{"id": _relative(name, version)} for name in made]
    if one.error is not None:
        properties["error"] = one.error
    return shown


def accepted(one: Deployment, version: str) -> Json:
    """Return the answer to the request itself."""
    shown = _head(one, version)
    shown["properties"] = {
        **_asked(one, version),
        "provisioningState": "Accepted",
        "timestamp": stamp(one.started),
        "duration": duration(_NO_TIME),
        "correlationId": one.correlation,
        "providers": plain(one.providers),
        "dependencies": plain(one.dependencies),
    }
    return shown


def outputs(given: Json) -> Json:
    """Return outputs as they are shown: names in camel case, secret values left out."""
    found: Json = {}
    for name, said in given.items():
        row: Json = {"type": said["type"]}
        if not str(said["type"]).startswith("Secure"):
            row["value"] = said["value"]
        found[camel(name)] = row
    return found


def camel(name: str) -> str:
    """Return a name as Resource Manager's serializer writes it: its first capitals lowered.

    Source: Newtonsoft.Json's camel case, where the last of several capitals stays before a small
    letter.
    """
    if not name[:1].isupper():
        return name
    letters = list(name)
    for at, letter in enumerate(letters):
        if at == 1 and not letter.isupper():
            break
        following = letters[at + 1] if at + 1 < len(letters) else ""
        if at > 0 and following and not following.isupper():
            break
        letters[at] = letter.lower()
    return "".join(letters)


def resources(world: World, one: Deployment) -> list[str]:
    """Return the identifiers of what a deployment made, nested deployments' things too."""
    found: list[str] = []
    for node in one.nodes:
        if node.verb != "Create" or node.state != SUCCEEDED:
            continue
        inner = world.deployments.find(node.id) if _is_nested(node) else None
        more = resources(world, inner) if inner is not None else [node.id]
        found += [name for name in more if name not in found]
    return found


def operations(one: Deployment) -> list[Json]:
    """Return the operations of a deployment, the newest first, that of its outputs last."""
    begun = [n for n in one.nodes if n.started is not None and n.state not in {SKIPPED, WAITING}]
    begun.sort(key=lambda node: (node.started, node.ended or one.changed), reverse=True)
    found = [_operation(one, node) for node in begun]
    if one.state != SUCCEEDED:
        return found
    cleanup = [_closing(one, "DeploymentCleanup")] if one.mode == "Complete" else []
    return [*cleanup, *found, _closing(one, "EvaluateDeploymentOutput")]


def export(one: Deployment) -> Json:
    """Return the template of a deployment, types spelled as Resource Manager does."""
    template: Json = plain(one.template)
    for section in ("parameters", "outputs"):
        for name, shape in declared(one.template, section).items():
            if isinstance(template[section][name].get("type"), str):
                template[section][name]["type"] = shown_type(shape)
    return template


def providers(plan: Plan, keys: Iterable[str]) -> list[Json]:
    """Return the types that a plan needs, by provider, with the regions of each."""
    found: dict[str, dict[str, list[str | None]]] = {}
    for key in keys:
        item = plan.items[key]
        if not item.enabled or item.existing:
            continue
        namespace, _, local = item.type.partition("/")
        place = _place(plan, key)
        places = found.setdefault(namespace, {}).setdefault(local, [])
        if place not in places:
            places.append(place)
    return [
        {
            "namespace": namespace,
            "resourceTypes": [{"resourceType": t, "locations": p} for t, p in types.items()],
        }
        for namespace, types in found.items()
    ]


def dependencies(plan: Plan) -> list[Json]:
    """Return what waits for what in a plan."""
    found = []
    for key, needs in plan.needs.items():
        item = plan.items[key]
        if not needs or not item.enabled or item.existing:
            continue
        rows = []
        for need in needs:
            other = plan.items[need.key]
            row = _named(other.id, other.type, other.name)
            if need.version:
                row["apiVersion"] = need.version
            if need.action:
                row["actionName"] = need.action
            rows.append(row)
        found.append({"dependsOn": rows, **_named(item.id, item.type, item.name)})
    return found


def duration(span: timedelta) -> str:
    """Return a span as ISO 8601, with seconds to the seventh digit where there are any."""
    micro = span // timedelta(microseconds=1)
    seconds, rest = divmod(micro, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{rest:06d}".rstrip("0").rstrip(".") if rest else ""
    parts = [(hours, "H"), (minutes, "M")]
    time = "".join(f"{count}{unit}" for count, unit in parts if count)
    if seconds or fraction or not (time or days):
        time += f"{seconds}{fraction}S"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def _head(one: Deployment, version: str) -> Json:
    shown: Json = {"id": one.id, "name": one.name}
    if version >= _TYPED:
        shown["type"] = "Microsoft.Resources/deployments"
    if one.location:
        shown["location"] = one.location
    if one.tags is not None:
        shown["tags"] = one.tags
    return shown


def _asked(one: Deployment, version: str) -> Json:
    shown: Json = {}
    if one.template_link is not None:
        shown["templateLink"] = one.template_link
    if version >= _HASHED:
        shown["templateHash"] = template_hash(one.template)
    if one.parameters_link is not None:
        shown["parametersLink"] = one.parameters_link
    if one.told_parameters:
        shown["parameters"] = parameters(one.template, one.values)
    shown["mode"] = one.mode
    if one.debug:
        shown["debugSetting"] = {"detailLevel": one.debug}
    return shown


def parameters(template: Mapping[str, Any], values: Json) -> Json:
    """Return parameters as they are shown: types spelled out, secret values left out."""
    found: Json = {}
    for name, shape in declared(template).items():
        row: Json = {"type": shown_type(shape)}
        if not is_secure(shape):
            row["value"] = values.get(name)
        found[name] = row
    return found


def _operation(one: Deployment, node: Node) -> Json:
    number = guid("operation", one.id, one.poll, node.key).replace("-", "")[:16].upper()
    assert node.started is not None
    at = node.ended or one.changed
    properties: Json = {
        "provisioningOperation": node.verb,
        "provisioningState": "Failed" if node.state == FAILED else node.state,
        "timestamp": stamp(at),
        "duration": duration(max(at - node.started, _NO_TIME)),
        "trackingId": guid("tracking", one.id, one.poll, node.key),
    }
    if ERA.get() < _SERVICED:
        properties["serviceRequestId"] = guid("service", one.id, one.poll, node.key)
    if node.state != RUNNING or node.status:
        properties["statusCode"] = node.status or "OK"
    if node.error is not None:
        properties["statusMessage"] = {"error": node.error}
    properties["targetResource"] = _named(node.id, node.type, node.name)
    return _numbered(one, number, properties)


def _closing(one: Deployment, verb: str) -> Json:
    """Return one of the operations that end a deployment."""
    number = one.poll
    if verb == "DeploymentCleanup":
        number = guid(verb, one.id, one.poll).replace("-", "")[:16].upper()
    properties: Json = {
        "provisioningOperation": verb,
        "provisioningState": one.state,
        "timestamp": stamp(one.changed),
        "duration": duration(one.changed - one.started),
        "trackingId": guid("tracking", one.id, one.poll, verb),
        "statusCode": "OK",
    }
    return _numbered(one, number, properties)


def _numbered(one: Deployment, number: str, properties: Json) -> Json:
    return {
        "id": f"{one.id}/operations/{number}",
        "operationId": number,
        "properties": properties,
    }


def _named(resource_id: str, kind: str, name: str) -> Json:
    return {"id": resource_id, "resourceType": kind, "resourceName": name}


def _place(plan: Plan, key: str) -> str | None:
    try:
        found = plan.body(key, lasting=True).get("location")
    except (TemplateError, NotYet):
        return None
    return str(found).lower().replace(" ", "") if found else None


def _is_nested(node: Node) -> bool:
    return node.type.lower() == "microsoft.resources/deployments"


def _relative(name: str, version: str) -> str:
    if version >= _WHOLE:
        return name
    kind, names = kind_of(name)
    namespace, *types = kind.split("/")
    pairs = "".join(f"/{a}/{b}" for a, b in zip(types, names.split("/"), strict=False))
    return f"{namespace}{pairs}"
