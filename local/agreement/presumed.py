"""What a recorded failure takes for granted: somebody's lock, work under way, a bad day at Azure.

A refusal says by its code what the world was like, and by its message with whom. What neither
the request nor the world can cause (a provider that broke down, work that failed at its end) is
ordered as a fault, through the simulator's own means; an outcome says when that was so.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from local.agreement import bare
from local.azure import access, seeding
from local.azure.arm import Call, Json, Refusal
from local.azure.faults import Fault
from local.azure.ids import Id, parse
from local.azure.table import Lro
from local.azure.world import World

CALLER = "aaaaaaaa-0000-4000-8000-000000000001"
_NAMED = re.compile(r"/subscriptions/[^/\s'\",]+/resourcegroups/[^\s'\",]+", re.IGNORECASE)
_BUSY = re.compile(
    r"AnotherOperation|InProgress|IsNotProvisioned|NotProvisioned|IsBusy|RetryableError|"
    r"NotInReadyState|ConflictingDatabaseOperation|OperationIsInProgress"
)
_AT_WORK = re.compile(r"another operation is in progress")
_IN_USE = re.compile(r"InUse|CannotBeDeleted")
_TAKEN = re.compile(r"AlreadyExists|AlreadyTaken|NameUnavailable|AlreadyInUse|NotUnique")
_MISSING = re.compile(r"NotFound|InvalidResourceReference|DoesNotExist|FailedIdentityOperation")
_THROTTLED = 429
_BREAKDOWNS = {_THROTTLED, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A recorded failure: what it says, which request met it, and whether only its work did."""

    status: int
    code: str
    message: str
    late: bool
    request: Json
    headers: Json
    details: tuple[Any, ...] = ()

    @property
    def cause(self) -> str:
        """The first of its details, by code; what it says itself where it has none."""
        codes = [str(one.get("code")) for one in self.details if isinstance(one, dict)]
        return codes[0] if codes else ""

    @property
    def named(self) -> list[Id]:
        """The things that its message names."""
        found = [name.rstrip(".") for name in _NAMED.findall(self.message)]
        return [parse(name)[0] for name in dict.fromkeys(found)]


def failure(exchanges: list[Json]) -> Failure | None:
    """Return the failure that a recording ends in, if it does."""
    began = exchanges[0]["request"]
    for exchange in exchanges:
        request, response = exchange["request"], exchange["response"]
        began = request if request["method"] != "GET" else began
        error = error_of(response.get("body"))
        late = response["status"] < 300
        if error is not None and str(error.get("code")) in {"None", ""} and late:
            continue
        if error is not None and (response["status"] >= 400 or late):
            text = _text(error)
            return Failure(
                status=response["status"],
                code=str(error.get("code") or error.get("Code") or ""),
                message=text,
                late=late,
                request=began if late else request,
                headers=response.get("headers") or {},
                details=tuple(error.get("details") or ()),
            )
    return None


def error_of(body: Any) -> Json | None:
    """Return the error in a body, however its provider wraps it."""
    if not isinstance(body, dict):
        return None
    for name in ("error", "Error"):
        if isinstance(body.get(name), dict):
            return dict(body[name])
    return dict(body) if ("code" in body or "Code" in body) and len(body) < 8 else None


def missing(exchanges: list[Json]) -> set[str]:
    """Return the keys of what a failure says is not there."""
    found = failure(exchanges)
    if found is None or not _MISSING.search(found.code):
        return set()
    return {one.key for one in found.named}


def code_of(response: Json) -> str:
    """Return the code of an error in an answer; empty for none."""
    error = error_of(response.get("body")) or {}
    return str(error.get("code") or error.get("Code") or "")


def arrange(world: World, exchanges: list[Json]) -> bool:
    """Make the world as the failure needs it; return whether a fault was ordered."""
    found = failure(exchanges)
    if found is None:
        return False
    request = found.request
    target, _ = parse(request["path"])
    namespace = target.last.namespace.lower() if target.providers else ""
    for word, act in _CAUSES.items():
        if found.code == word:
            act(world, target, request, found)
            return False
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
        return False
    if namespace not in world.table.namespaces or not found.code:
        return False
    if found.late and target.providers and not _is_known(world, target):
        return False
    _break(world, request, found)
    return True


def _is_known(world: World, target: Id) -> bool:
    kinds = target.last.types
    names = ("/".join((target.last.namespace, *kinds[:depth])) for depth in (len(kinds), 1))
    return any(world.table.find(name) is not None for name in names)


def _break(world: World, request: Json, found: Failure) -> None:
    path = re.escape(request["path"].rstrip("/")) + "/?$"
    told = {name.lower() for name in found.headers}
    headers = {"retry-after": "30"} if "retry-after" in told and not found.late else {}
    world.faults.add(
        Fault(
            method=request["method"],
            path=path,
            status=None if found.late else found.status,
            code=found.code,
            message=found.message,
            headers=headers,
            details=found.details,
            late=found.late,
        )
    )


def _stranger(world: World, target: Id, request: Json, found: Failure) -> None:
    access.give(world, {"principal": CALLER, "roles": []})


def _unregistered(world: World, target: Id, request: Json, found: Failure) -> None:
    world.register(target.last.namespace, "NotRegistered", world.clock.now())


def _closed(world: World, target: Id, request: Json, found: Failure) -> None:
    place = str((request.get("body") or {}).get("location") or "")
    world.close(target.last.namespace, place)


def _locked(world: World, target: Id, request: Json, found: Failure) -> None:
    scopes = found.named or [target]
    for scope in scopes:
        plain = replace(scope, providers=scope.providers)
        lock = f"{plain}/providers/Microsoft.Authorization/locks/lock"
        _seed(world, {"id": lock, "properties": {"level": "CanNotDelete"}})


def _assigned(world: World, target: Id, request: Json, found: Failure) -> None:
    properties = (request.get("body") or {}).get("properties") or {}
    know(world, str(properties.get("principalId")))
    other = "/".join((str(target.scope()), "providers/Microsoft.Authorization/roleAssignments"))
    name = "00000000-0000-4000-8000-000000000009"
    kept = {**properties, "principalType": "ServicePrincipal"}
    _seed(world, {"id": f"{other}/{name}".replace("//", "/"), "properties": kept})


def _acquainted(world: World, target: Id, request: Json, found: Failure) -> None:
    properties = (request.get("body") or {}).get("properties") or {}
    know(world, str(properties.get("principalId")))


def know(world: World, principal: str) -> None:
    """Let the directory know a principal."""
    known = dict(world.notes.get("callers", {}))
    world.note("callers", {**known, principal.lower(): "1970-01-01T00:00:00+00:00"})


def _nested(world: World, target: Id, request: Json, found: Failure) -> None:
    for name in re.findall(r"'(Microsoft\.[^']+/[^']+)'", found.message):
        namespace, *words = name.split("/")
        pairs = "/".join(f"{words[2 * i]}/{words[2 * i + 1]}" for i in range(len(words) // 2))
        _seed(world, bare.row(parse(f"{target.scope()}/providers/{namespace}/{pairs}")[0], None))


_CAUSES: dict[str, Callable[[World, Id, Json, Failure], None]] = {
    "AuthorizationFailed": _stranger,
    "MissingSubscriptionRegistration": _unregistered,
    "MissingRegistrationForLocation": _closed,
    "ScopeLocked": _locked,
    "RoleAssignmentExists": _assigned,
    "UnmatchedPrincipalType": _acquainted,
    "CannotDeleteResource": _nested,
}


def _busy(world: World, target: Id, request: Json, found: Failure) -> None:
    """Let work be under way on what the message names, or on the thing or what is above it."""
    at = [one for one in found.named if one.key != target.key and world.find(one)]
    used = [] if _BUSY.search(found.code) else _NAMED.findall(json.dumps(request.get("body")))
    for one in [*at, *(parse(name)[0] for name in used)] or [target, _holder(target)]:
        item = world.find(one)
        if item is None or item.busy:
            continue
        call = Call(
            method="PUT",
            path=item.id,
            query={"api-version": "2024-01-01"},
            body=b"",
            base="",
            principal=CALLER,
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
        _seed(world, bare.row(parse(f"{target}/subnets/{name}")[0], None))
    users = [one for one in found.named if one.key != target.key]
    for user in users or [_somebody(target)]:
        whole = user
        while whole.nested and world.table.find(whole.type) is None:
            whole = whole.parent()
        if whole.key.startswith(target.key + "/"):
            continue
        _seed(world, bare.row(whole, None))
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
    _seed(world, {"id": str(group), "location": "westus2"})
    _seed(world, row)


def _seed(world: World, row: Json) -> None:
    try:
        seeding.seed(world, [row], now=world.clock.now(), believed=True)
    except (ValueError, Refusal):
        return


def _text(error: Json) -> str:
    parts = [str(error.get("message") or error.get("Message") or "")]
    parts += [_text(one) for one in error.get("details") or [] if isinstance(one, dict)]
    return " ".join(part for part in parts if part)
