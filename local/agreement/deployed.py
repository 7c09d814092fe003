"""What a recording of deployments and stacks takes for granted: those that were there, and texts.

A deployment that is read, cancelled, deleted or told of was there, in the state in which it is
shown or can be asked so. A template that was linked, or whose request was lost, asked for what the
deployment's own answer tells: its parameters, its resources and what waits for what.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from local.agreement import causes, retold, stacked
from local.azure import documents
from local.azure.arm import Json
from local.azure.deployments.records import Deployment, Node
from local.azure.deployments.stackdoors import MANAGEMENT_GROUPS
from local.azure.ids import parse
from local.azure.inline import START
from local.azure.templates import lenient
from local.azure.templates.identifiers import kind_of
from local.azure.world import World

TYPE = "microsoft.resources/deployments"
STACKS = "microsoft.resources/deploymentstacks"
_GENERALIZED = re.compile(r"Generalized from resource: '([^']+)'")


def bodies(exchanges: list[Json]) -> list[Json]:
    """Return the exchanges with the bodies of deployments that the recorder lost."""
    found = []
    for place, exchange in enumerate(exchanges):
        request = exchange["request"]
        name, rest = _deployment(request["path"])
        asks = request["method"] == "PUT" and not rest
        looks = request["method"] == "POST" and rest in {("validate",), ("whatif",)}
        if name and (asks or looks) and _is_lost(request.get("body")):
            told = _told(exchanges[place:], name)
            request = {**request, "body": _request(name, told)}
        found.append({**exchange, "request": request})
    return found


def found(world: World, exchanges: list[Json]) -> None:
    """Put there the deployments, stacks and texts that the exchanges take for granted."""
    made: set[str] = set()
    for place, exchange in enumerate(exchanges):
        request, response = exchange["request"], exchange["response"]
        target = parse(request["path"])[0]
        name, rest = _deployment(request["path"])
        _generalized(world, response.get("body"))
        if name:
            _links(world, request, exchanges[place:], name)
            _changed(world, exchanges[place:])
        fine = response["status"] < 300
        is_stack = bool(target.providers) and target.type.lower().startswith(STACKS)
        if is_stack and len(target.providers) > 1:
            world.note(MANAGEMENT_GROUPS, [target.scope().name])
        if is_stack and target.last.names and fine:
            stacked.found(world, exchanges, place, made)
        if not name or not fine:
            continue
        key = name.lower()
        is_new = request["method"] == "PUT" and response["status"] == 201
        if key not in made and not is_new and rest not in {("validate",), ("whatif",)}:
            _put(world, name, request, rest, _told(exchanges[place:], name), exchanges[place:])
        made.add(key)
    _listed(world, exchanges, made)


def _deployment(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the deployment that a path is about and what follows it, for either form of path."""
    target, rest = parse(path)
    if target.providers and target.type.lower().startswith(TYPE) and target.last.names:
        if target.last.types[0].lower() != "deployments":
            return "", ()
        words = tuple(word.lower() for word in target.last.types[1:])
        last = replace(target.last, types=("deployments",), names=target.last.names[:1])
        return str(replace(target, providers=(*target.providers[:-1], last))), words
    if target.group and rest[:1] == ("deployments",) and len(rest) > 2:
        return f"{target}/providers/Microsoft.Resources/deployments/{rest[1]}", ("operations",)
    return "", ()


def _told(exchanges: Iterable[Json], name: str) -> Json:
    """Return what is told last of a deployment; nothing where it never is."""
    found: Json = {}
    for exchange in exchanges:
        body = exchange["response"].get("body")
        if not isinstance(body, dict) or exchange["response"]["status"] >= 300:
            continue
        at, properties = _deployment(exchange["request"]["path"])[0], body.get("properties")
        told = isinstance(properties, dict) and "provisioningState" in properties
        if told and at.lower() == name.lower():
            found = {**found, **body}
    return found


def _is_lost(body: Any) -> bool:
    return not isinstance(body, dict) and not (isinstance(body, str) and "template" in body)


def _request(name: str, told: Json) -> Json:
    properties = told.get("properties") or {}
    asked: Json = {
        "properties": {
            "mode": properties.get("mode", "Incremental"),
            "template": retold.template(properties, name),
            "parameters": retold.values(properties),
        }
    }
    if parse(name)[0].group is None:
        asked["location"] = told.get("location") or "westus"
    if told.get("tags") is not None:
        asked["tags"] = told["tags"]
    return asked


def _links(world: World, request: Json, exchanges: list[Json], name: str) -> None:
    """Put the texts there that a request's links lead to."""
    asked = _properties(request)
    texts = dict(world.notes.get(documents.NOTE, {}))
    told = _told(exchanges, name).get("properties") or {}
    link = (asked.get("templateLink") or {}).get("uri")
    if link:
        exported = next((_exported(one, name) for one in exchanges if _exported(one, name)), None)
        texts[str(link)] = json.dumps(exported or retold.template(told, name))
    spec = (asked.get("templateLink") or {}).get("id")
    if spec:
        _spec(world, str(spec), exchanges)
    link = (asked.get("parametersLink") or {}).get("uri")
    if link:
        given = retold.values(told)
        texts[str(link)] = json.dumps({"contentVersion": "1.0.0.0", "parameters": given})
    if texts:
        world.note(documents.NOTE, texts)


def _spec(world: World, name: str, exchanges: list[Json]) -> None:
    """Put a template spec there that asks for what the answers say would be."""
    version = parse(name)[0]
    for one in (version.scope(), version.parent(), version):
        row: Json = {"id": str(one), "location": "westus"}
        if one == version:
            row["properties"] = {
                "mainTemplate": retold.wanted(
                    exchanges, _properties(exchanges[0]["request"]).get("parameters") or {}
                )
            }
        causes.seed(world, row)


def _exported(exchange: Json, name: str) -> Json | None:
    at, rest = _deployment(exchange["request"]["path"])
    body = exchange["response"].get("body")
    if at.lower() != name.lower() or rest != ("exporttemplate",) or not isinstance(body, dict):
        return None
    found = body.get("template")
    return found if isinstance(found, dict) else None


def _properties(request: Json) -> Json:
    body = request.get("body")
    if isinstance(body, str):
        try:
            body = lenient.read(body)
        except ValueError:
            return {}
    properties = body.get("properties") if isinstance(body, dict) else None
    return properties if isinstance(properties, dict) else {}


def _changed(world: World, exchanges: list[Json]) -> None:
    """Let what a look ahead found before a change be there."""
    for exchange in exchanges:
        body = exchange["response"].get("body")
        properties = body.get("properties") if isinstance(body, dict) else None
        changes = properties.get("changes") if isinstance(properties, dict) else None
        for change in changes or []:
            before = change.get("before")
            if isinstance(before, dict) and world.find(str(before.get("id"))) is None:
                kept = {k: v for k, v in before.items() if k not in {"apiVersion", "type"}}
                causes.seed(world, kept)


def _generalized(world: World, body: Any) -> None:
    """Put there what a group's exported template says it was made of."""
    template = body.get("template") if isinstance(body, dict) else None
    rows = template.get("resources") if isinstance(template, dict) else None
    for row in rows if isinstance(rows, list) else []:
        named = _GENERALIZED.search(str(row.get("comments") or ""))
        if named and world.find(named[1]) is None:
            kept = ("location", "tags", "sku", "kind", "properties")
            causes.seed(world, {"id": named[1], **{k: row[k] for k in kept if k in row}})


def _put(
    world: World,
    name: str,
    request: Json,
    rest: tuple[str, ...],
    told: Json,
    exchanges: list[Json],
) -> None:
    """Put a deployment there, in the state that is told or that what is done to it needs."""
    running = rest == ("cancel",)
    operations = _operations(exchanges, name)
    exported = next((_exported(one, name) for one in exchanges if _exported(one, name)), None)
    if not told and rest == ("operations",) and operations is not None and not operations:
        return
    properties = dict(told.get("properties") or {})
    state = "Running" if running else str(properties.get("provisioningState") or "Succeeded")
    one = _record(world, name, request, told, state)
    nodes = operations if operations is not None else _nodes(world, properties, one)
    target = parse(one.id)[0]
    world.deployments.save(
        replace(
            one,
            nodes=tuple(nodes),
            template=exported or one.template,
            location=one.location or ("" if target.group else "westus"),
        )
    )


def _record(world: World, name: str, request: Json, told: Json, state: str) -> Deployment:
    properties = told.get("properties") or {}
    now = world.clock.now()
    values = {key: one["value"] for key, one in retold.values(properties).items()}
    return Deployment(
        id=name,
        name=name.rpartition("/")[2],
        scope=name.rpartition("/providers/")[0],
        version=str((request.get("query") or {}).get("api-version") or "2021-04-01"),
        template=retold.template(properties, name),
        values=values,
        given={},
        mode=properties.get("mode", "Incremental"),
        principal=causes.CALLER,
        base="",
        correlation="there before",
        poll="0",
        started=now - timedelta(minutes=1),
        changed=now,
        ended=None if state == "Running" else now,
        state=state,
        location=str(told.get("location") or ""),
        tags=told.get("tags"),
        template_link=properties.get("templateLink"),
        parameters_link=properties.get("parametersLink"),
        providers=properties.get("providers") or [],
        dependencies=properties.get("dependencies") or [],
        told_parameters="parameters" in properties,
        outputs=retold.outputs(properties),
        error=properties.get("error"),
    )


def _nodes(world: World, properties: Json, one: Deployment) -> list[Node]:
    found = []
    for row in properties.get("outputResources") or []:
        name = retold.whole(row["id"], one.id)
        kind, short = kind_of(name)
        found.append(
            Node(
                key=name.lower(),
                id=name,
                type=kind,
                name=short,
                version="",
                state="Succeeded",
                status="OK",
                started=one.started,
                ended=one.changed,
            )
        )
    return found


def _operations(exchanges: list[Json], name: str) -> list[Node] | None:
    """Return the nodes of a deployment whose operations are listed; None where they are not."""
    for exchange in exchanges:
        at, rest = _deployment(exchange["request"]["path"])
        body = exchange["response"].get("body")
        if at.lower() != name.lower() or rest != ("operations",) or not isinstance(body, dict):
            continue
        if isinstance(body.get("value"), list):
            return [_node(row["properties"]) for row in body["value"] if _is_made(row)]
    return None


def _is_made(row: Json) -> bool:
    return "targetResource" in (row.get("properties") or {})


def _node(said: Json) -> Node:
    target = said["targetResource"]
    return Node(
        key=str(target["id"]).lower(),
        id=target["id"],
        type=target["resourceType"],
        name=target["resourceName"],
        version="",
        state=said["provisioningState"],
        status=said.get("statusCode", "OK"),
        error=(said.get("statusMessage") or {}).get("error"),
        started=START,
        ended=START,
    )


def _listed(world: World, exchanges: list[Json], made: set[str]) -> None:
    """Put there what a list of deployments or stacks shows."""
    for place, exchange in enumerate(exchanges):
        body = exchange["response"].get("body")
        rows = body.get("value") if isinstance(body, dict) else None
        for row in rows if isinstance(rows, list) else []:
            kind = str(row.get("type", "")).lower() if isinstance(row, dict) else ""
            if str(row.get("id", "")).lower() in made:
                continue
            if kind == TYPE and world.deployments.find(row["id"]) is None:
                _put(world, row["id"], exchange["request"], (), row, exchanges[place:])
            if kind == STACKS and world.stacks.find(row["id"]) is None and "id" in row:
                stacked.keep(world, parse(row["id"])[0], row, {})
