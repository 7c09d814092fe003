"""Long-running work as a caller sees it: the addresses given out, and what they answer.

Addresses are absolute and on the host that was asked, because the SDK follows them as they are. A
status document says how far the work is and never answers an error status itself; a `Location`
answers 202 until the end and then the result, or the failure with its own status.
"""

import base64
import json
from datetime import datetime

from local.azure.arm import Answer, Call, Json, Refusal, gateway, stamp
from local.azure.ids import resource
from local.azure.table import Lro, View
from local.azure.world import Group, Operation, World

_PAUSE_TO_THE_END = {
    "microsoft.dbforpostgresql",
    "microsoft.sql",
}  # as recorded, of ended work too


def headers(operation: Operation, lro: Lro, call: Call) -> dict[str, str]:
    """Return the headers that announce the work."""
    found = {} if lro.retry_after is None else {"retry-after": str(lro.retry_after)}
    if lro.header in {"azure-asyncoperation", "both"}:
        found["azure-asyncoperation"] = call.base + operation.path
    if lro.header in {"location", "both"}:
        found["location"] = call.base + operation.path.replace(lro.segment, "operationResults")
    return found


def announced(operation: Operation, lro: Lro) -> Json | None:
    """Return the body with which a provider names the work, if it is one that does."""
    if lro.announces is None:
        return None
    return {"operation": lro.announces, "startTime": stamp(operation.started, 3)}


def bare(operation: Operation) -> Json:
    """Return the status document of a provider that tells a name, a state and an error."""
    body: Json = {
        "name": operation.id,
        "status": operation.outcome or operation.running,
        "startTime": stamp(operation.started, 3),
    }
    if operation.late and operation.ended:
        body["error"] = dict(operation.late)
    return body


def barest(operation: Operation) -> Json:
    """Return the status document of a provider that tells a state, and an error."""
    body: Json = {"status": operation.outcome or operation.running}
    if operation.late and operation.ended:
        body["error"] = dict(operation.late)
    return body


def group_address(operation: Operation, group: Group, call: Call) -> str:
    """Return the address that follows a group's deletion."""
    job = {"jobId": operation.path, "jobLocation": group.location}
    name = base64.urlsafe_b64encode(json.dumps(job, separators=(",", ":")).encode())
    path = f"/subscriptions/{resource(operation.resource).subscription}/operationresults/"
    token = f"?api-version={call.version}&t={operation.id}"
    return call.base + path + name.decode().rstrip("=") + token


def group_result(world: World, call: Call) -> Answer:
    """Answer a poll of a group's deletion: 202, then 200 with nothing, or what went wrong."""
    operation = world.operations.get(call.query.get("t", ""))
    if operation is None or operation.kind != "group":
        raise gateway(404, "OperationNotFound", "The requested operation could not be found.")
    if not operation.ended:
        query = "&".join(f"{k}={v}" for k, v in call.query.items())
        again = f"{call.base}{call.path}?{query}"
        return Answer(status=202, headers={"location": again, "retry-after": "15"})
    if operation.outcome == "Succeeded":
        return Answer(status=200)
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
    row = world.table.find(resource(operation.resource).type)
    special = row.behaviour.progress(world, operation, call.now) if row else None
    body = special if special is not None else _document(operation, call.now)
    again, space = operation.retry_after, resource(operation.resource).last.namespace.lower()
    is_silent = again is None or (operation.ended and space not in _PAUSE_TO_THE_END)
    pause = {} if is_silent else {"retry-after": str(again)}
    return Answer(status=200, body=body, headers=pause)


def result(world: World, call: Call, operation_id: str) -> Answer:
    """Answer a poll of an operation's `Location`."""
    operation = _find(world, operation_id)
    if not operation.ended:
        pause = (
            {} if operation.retry_after is None else {"retry-after": str(operation.retry_after)}
        )
        query = "&".join(f"{k}={v}" for k, v in call.query.items())
        return Answer(status=202, headers={"location": f"{call.base}{call.path}?{query}", **pause})
    if operation.late:
        raise Refusal(409, operation.late["code"], operation.late["message"])
    found = world.find(operation.resource)
    if found is None or operation.kind == "delete":
        return Answer(status=200 if operation.kind != "delete" else 204)
    return Answer(status=200, body=world.shown(found, View(now=call.now, version=call.version)))


def _find(world: World, operation_id: str) -> Operation:
    found = world.operations.get(operation_id.lower())
    if found is None:
        raise Refusal(
            404, "OperationNotFound", f"The operation '{operation_id}' could not be found."
        )
    return found


def _document(operation: Operation, now: datetime) -> Json:
    path, _, _ = operation.path.partition("?")
    body: Json = {"id": path, "name": operation.id, "startTime": stamp(operation.started)}
    body["status"] = operation.outcome or operation.running
    if operation.ended:
        body["endTime"] = stamp(operation.due)
    if operation.late and operation.ended:
        body["error"] = dict(operation.late)
    return body
