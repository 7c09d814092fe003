"""Long-running work as a caller sees it: the addresses given out, and what they answer.

Addresses are absolute and on the host that was asked, because the SDK follows them as they are. A
status document says how far the work is and never answers an error status itself; a `Location`
answers 202 until the end and then the result, or the failure with its own status. A provider that
names the work names it again in each 202.
"""

import base64
import json
from typing import Any

from local.azure.arm import Answer, Call, Json, Refusal, gateway, stamp
from local.azure.era import ERA
from local.azure.ids import resource
from local.azure.table import Lro, View
from local.azure.world import Group, Operation, World


def headers(operation: Operation, lro: Lro, call: Call) -> dict[str, str]:
    """Return the headers that announce the work."""
    found = {} if lro.wait is None else {"retry-after": str(lro.wait)}
    was = lro.header_was if ERA.get() < lro.header_since else lro.header
    return found | _links(was, operation, call)


def _links(header: str, operation: Operation, call: Call) -> dict[str, str]:
    found = {}
    if header in {"azure-asyncoperation", "both"}:
        found["azure-asyncoperation"] = call.base + operation.path
    if header in {"location", "both"}:
        where = operation.path.replace(f"/{operation.how.segment}/", "/operationResults/")
        found["location"] = call.base + where
    return found


def announced(operation: Operation, lro: Lro) -> Json | None:
    """Return the body with which a provider names the work, if it is one that does."""
    if lro.tells:
        return {"status": "Enqueued"}
    if lro.announces is None:
        return None
    return {"operation": lro.announces, "startTime": stamp(operation.started, 3)}


def group_address(operation: Operation, group: Group, call: Call) -> str:
    """Return the address that follows a group's deletion."""
    scope = resource(operation.resource).subscription or ""
    return job_address(scope, call, operation.path, group.location, operation.id)


def job_address(subscription: str, call: Call, job: str, place: str, token: str) -> str:
    """Return the address that follows a job of Resource Manager itself."""
    told = json.dumps({"jobId": job, "jobLocation": place}, separators=(",", ":"))
    name = base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
    path = f"/subscriptions/{subscription}/operationresults/{name}"
    return f"{call.base}{path}?api-version={call.version}&t={token}"


def group_result(world: World, call: Call) -> Answer:
    """Answer a poll of a group's deletion: 202, then 200 with nothing, or what went wrong."""
    operation = world.operations.get(call.query.get("t", ""))
    if operation is None or operation.kind not in {"group", "move"}:
        raise gateway(404, "OperationNotFound", "The requested operation could not be found.")
    if not operation.ended:
        query = "&".join(f"{k}={v}" for k, v in call.query.items())
        again = f"{call.base}{call.path}?{query}"
        return Answer(status=202, headers={"location": again, "retry-after": "15"})
    if operation.outcome == "Succeeded":
        return Answer(status=204 if operation.kind == "move" else 200)
    if operation.kind == "move":
        raise gateway(409, "ResourceMoveFailed", "Resource move validation failed.")
    name = resource(operation.resource).group
    failed = [step for step in operation.steps if step[2]]
    details: list[Json] = [
        {"code": step[2]["code"], "target": step[0], "message": step[2]["message"]}
        for step in failed
    ] or [{**(operation.late or {}), "target": operation.resource}]
    left = ", ".join(step[0] for step in failed)
    raise gateway(
        409,
        "ResourceGroupDeletionBlocked",
        f"Deletion of resource group '{name}' failed as resources with identifiers '{left}' could"
        " not be deleted. The provisioning state of the resource group will be rolled back. The"
        f" tracking Id is '{operation.id}'. Please check audit logs for more details.",
        details=details,
    )


def status(world: World, call: Call, operation_id: str) -> Answer:
    """Answer a poll of an operation's status document."""
    operation = _find(world, operation_id)
    how, row = operation.how, world.table.find(resource(operation.resource).type)
    special = row.behaviour.progress(world, operation, call.now) if row else None
    body = special if special is not None else _document(world, operation, call)
    links = _links(how.last if operation.ended else how.repeats, operation, call)
    is_silent = operation.ended and not how.to_the_end
    code = 200 if operation.ended else how.pending
    return Answer(status=code, body=body, headers={**links, **({} if is_silent else _pause(how))})


def result(world: World, call: Call, operation_id: str) -> Answer:
    """Answer a poll of an operation's `Location`."""
    operation = _find(world, operation_id)
    how = operation.how
    if not operation.ended:
        named = announced(operation, how)
        is_told = how.gives == "document" or how.repeats == "nothing"
        told_links = how.repeats if is_told else "location"
        both = how.repeats == "both" or named
        again = _links(
            how.header if both and named else "both" if both else told_links, operation, call
        )
        if how.gives == "document":
            named = _document(world, operation, call)
        return Answer(status=202, body=named, headers={**again, **_pause(how)})
    if operation.late:
        raise Refusal(409, operation.late["code"], operation.late["message"])
    if how.gives == "document":
        links = _links(how.last, operation, call)
        return Answer(status=200, body=_document(world, operation, call), headers=links)
    found = world.find(operation.resource)
    links = _links(how.result_links, operation, call)
    if found is None or operation.kind == "delete" or how.gives != "resource":
        gone = how.gives == "gone" or (operation.kind == "delete" and how.gives == "resource")
        return Answer(status=204 if gone else 200, headers=links)
    view = View(now=call.now, version=call.version)
    row = world.table.find(found.type)
    special = row.behaviour.result(world, found, operation) if row else None
    return Answer(status=200, body=special or world.shown(found, view), headers=links)


def _pause(how: Lro) -> dict[str, str]:
    return {} if how.pause is None else {"retry-after": str(how.pause)}


def _find(world: World, operation_id: str) -> Operation:
    found = world.operations.get(operation_id.lower())
    if found is None:
        raise Refusal(
            404, "OperationNotFound", f"The operation '{operation_id}' could not be found."
        )
    return found


def _document(world: World, operation: Operation, call: Call) -> Json:
    """Return the status document with the members that the work's provider gives it."""
    if operation.how.document == "resource":
        found = world.find(operation.resource)
        return world.shown(found, View(now=call.now, version=call.version)) if found else {}
    body: Json = {}
    for word in operation.how.document.split():
        name = word.rstrip("?~!")
        if word.endswith("!"):
            body["error"] = {"code": "None", "message": None}
        elif word.endswith("~"):
            body[name] = None
        elif operation.ended or not word.endswith("?"):
            body[name] = _member(operation, name)
    if operation.late and operation.ended:
        form = world.table.form(operation.resource)
        error = dict(operation.late)
        body["error"] = {"details": [], **error} if form == "details" else error
    return body


def _member(operation: Operation, name: str) -> Any:
    match name:
        case "id":
            return operation.path.partition("?")[0]
        case "name" | "operationId":
            return operation.id
        case "status":
            return operation.outcome or operation.how.running
        case "startTime" | "createdDateTime":
            return stamp(operation.started)
        case "endTime" | "lastActionDateTime":
            return stamp(operation.due)
        case "percentComplete":
            return 100.0 if operation.ended else 50.0
        case "type":
            namespace = operation.path.partition("/providers/")[2].partition("/")[0]
            return f"{namespace}/{operation.how.segment[:1].upper()}{operation.how.segment[1:]}"
        case "properties":
            return {}
    raise ValueError(f"'{name}' is no member of a status document")
