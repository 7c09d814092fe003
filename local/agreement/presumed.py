"""What a recorded failure takes for granted: somebody's lock, work under way, a bad day at Azure.

A refusal says by its code what the world was like, and by its message with whom. What neither
the request nor the world can cause (a provider that broke down, work that failed at its end) is
ordered as a fault, through the simulator's own means; an outcome says when that was so.
"""

import json
import re
from dataclasses import replace

from local.agreement import bare, causes, failures, naming
from local.agreement.failures import NAMED, Failure
from local.azure.arm import Call, Json
from local.azure.faults import Fault
from local.azure.ids import Id, parse
from local.azure.table import Lro
from local.azure.world import World

_BUSY = re.compile(
    r"AnotherOperation|InProgress|IsNotProvisioned|NotProvisioned|IsBusy|RetryableError|"
    r"NotInReadyState|ConflictingDatabaseOperation|OperationIsInProgress"
)
_AT_WORK = re.compile(r"another operation is in progress")
_IN_USE = re.compile(r"InUse|CannotBeDeleted")
_TAKEN = re.compile(r"AlreadyExists|AlreadyTaken|NameUnavailable|AlreadyInUse|NotUnique")
_THROTTLED = 429
_BREAKDOWNS = {_THROTTLED, 500, 502, 503, 504}


def arrange(world: World, exchanges: list[Json]) -> tuple[Json, Fault] | None:
    """Make the world as the failure needs it; return what to order, and before which request."""
    found = failures.failure(exchanges)
    if found is None:
        return None
    request = found.request
    target, _ = parse(request["path"])
    namespace = target.last.namespace.lower() if target.providers else ""
    act = causes.of(found)
    if act is not None:
        act(world, target, request, found)
        return None
    busy = _BUSY.search(f"{found.code} {found.cause}") or _AT_WORK.search(found.message)
    if found.status == _THROTTLED and "NotProvisioned" not in found.cause:
        busy = None
    if found.late:
        busy = None  # it was accepted: what it met came afterwards
    if (found.status not in _BREAKDOWNS and not found.late) or busy:
        if busy:
            _busy(world, target, request, found)
        elif _IN_USE.search(found.code):
            _used(world, target, found)
        elif _TAKEN.search(found.code):
            _taken(world, target, request)
        return None
    if namespace not in world.table.namespaces or not (found.code or found.status >= 500):
        return None
    if found.late and target.providers and not _is_known(world, target):
        return None
    return request, _breakdown(request, found)


def _is_known(world: World, target: Id) -> bool:
    kinds = target.last.types
    names = ("/".join((target.last.namespace, *kinds[:depth])) for depth in (len(kinds), 1))
    return any(world.table.find(name) is not None for name in names)


def _breakdown(request: Json, found: Failure) -> Fault:
    path = re.escape(request["path"].rstrip("/")) + "/?$"
    told = {name.lower() for name in found.headers}
    headers = {"retry-after": "30"} if "retry-after" in told and not found.late else {}
    return Fault(
        method=request["method"],
        path=path,
        status=None if found.late else found.status,
        code=found.code,
        message=found.message,
        headers=headers,
        details=found.details,
        late=found.late,
    )


def _busy(world: World, target: Id, request: Json, found: Failure) -> None:
    """Let work be under way on what the message names, or on the thing or what is above it."""
    at = [one for one in found.named if one.key != target.key and world.find(one)]
    used = [] if _BUSY.search(found.code) else NAMED.findall(json.dumps(request.get("body")))
    for one in [*at, *(parse(name)[0] for name in used)] or [target, _holder(target)]:
        if one == target and _BUSY.search(found.code) and naming.is_one(target):
            _make(world, target)
        item = world.find(one)
        if item is None or item.busy:
            continue
        call = Call(
            method="PUT",
            path=item.id,
            query={"api-version": "2024-01-01"},
            body=b"",
            base="",
            principal=causes.CALLER,
            now=world.clock.now(),
            request_id="presumed",
        )
        operation = world.begin(
            kind="update",
            resource=item.id,
            lro=Lro(takes=3600),
            call=call,
            place=str(item.body.get("location") or "westus2"),
            namespace=item.type.partition("/")[0],
        )
        world.save(replace(item, busy=operation.id, provisioning="Updating"))
        return


def _make(world: World, target: Id) -> None:
    if world.find(target) is None and target.nested:
        causes.seed(world, bare.row(target, None))


def _holder(target: Id) -> Id:
    """Return what a call is on: an action's resource, or else what the target is a part of."""
    depth = len(target.last.names)
    if depth < len(target.last.types):
        last = replace(target.last, types=target.last.types[:depth])
        return replace(target, providers=(*target.providers[:-1], last))
    return target.parent()


def _used(world: World, target: Id, found: Failure) -> None:
    """Let something that the message names name the target, or what it holds."""
    for name in re.findall(r"Subnet (\S+) is in use", found.message):
        causes.seed(world, bare.row(parse(f"{target}/subnets/{name}")[0], None))
    users = [one for one in found.named if one.key != target.key]
    for user in users or [_somebody(target)]:
        whole = user
        while whole.nested and world.table.find(whole.type) is None:
            whole = whole.parent()
        if whole.key.startswith(target.key + "/"):
            continue
        causes.seed(world, bare.row(whole, None))
        item = world.find(whole)
        if item is None:
            continue
        held = [
            other.id
            for key, other in world.resources.items()
            if key == target.key or key.startswith(target.key + "/")
        ]
        properties = dict(item.body.get("properties") or {})
        properties["references"] = [{"id": name} for name in held]
        world.save(replace(item, body={**item.body, "properties": properties}))


def _somebody(target: Id) -> Id:
    last = replace(
        target.last, namespace="Microsoft.Network", types=("networkInterfaces",), names=("user",)
    )
    return replace(target, providers=(last,))


def _taken(world: World, target: Id, request: Json) -> None:
    row = bare.row(replace(target, group="elsewhere"), "westus2")
    group = replace(target, group="elsewhere", providers=())
    causes.seed(world, {"id": str(group), "location": "westus2"})
    causes.seed(world, row)
