"""How a deployment goes on: from its request to its last resource.

`begin` accepts one, `heard` is told of all work in the world that ends, and wakes whoever waited
for it. What is free is started at once and together; a resource waits for what it names and for
what it refers to. After a failure everything that does not depend on it still goes on; the
deployment ends when nothing runs. Resources are made through the world's own door, as the caller
that deploys: whatever Azure would refuse a caller it refuses a deployment.

Source: learn.microsoft.com "ARM template deployment modes", "Define the order for deploying
resources in ARM templates"; the states and messages from recorded deployments.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import groups, locks
from local.azure.arm import Answer, Call, Json, Refusal, guid, seconds
from local.azure.deployments import asked as asking
from local.azure.deployments import complete, failures, history, told
from local.azure.deployments.asked import Asked
from local.azure.deployments.planning import made, plan_of, values_of
from local.azure.deployments.records import (
    CANCELED,
    FAILED,
    KIND,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    WAITING,
    Deployment,
    Node,
)
from local.azure.ids import parse
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.parameters import check_output, declared, shown_type
from local.azure.templates.plan import Plan
from local.azure.world import Operation, World

_ACCEPTED = 1.0  # seconds until an accepted deployment starts
_CLOSING = 1.0  # seconds from the last resource to the end
_AGAIN = 15.0  # seconds until what was refused for now is tried again
_TRIES = 5
_DONE = {"Accepted": "OK"}  # what the last poll of accepted work answers
_STATUS = {200: "OK", 201: "Created", 202: "Accepted", 204: "NoContent"}
_FOR_NOW = frozenset({"RetryableError", "AnotherOperationInProgress"})


def begin(
    world: World,
    asked: Asked,
    call: Call,
    *,
    deployment_id: str,
    scope: str,
    version: str,
    parent: str = "",
    more: tuple[Node, ...] = (),
    hidden: bool = False,
) -> Deployment:
    """Accept a deployment; raise Refusal where its template cannot be used.

    `more` are nodes that no template asks for; a `hidden` one stands in no list.
    """
    target, name = parse(scope)[0], deployment_id.rpartition("/")[2]
    if target.group is not None:
        groups.require_open(world, target)
    locks.refuse_write(world, target)
    plan = made(world, asked, call, scope=scope, name=name)
    nodes = tuple(
        Node(key=item.key, id=item.id, type=item.type, name=item.name, version=item.version)
        for item in plan.items.values()
        if not item.existing
    )
    found = Deployment(
        id=deployment_id,
        name=name,
        scope=deployment_id if hidden else scope,
        version=version,
        template=asked.template,
        values=values_of(plan),
        given=asked.given,
        mode=asked.mode,
        principal=call.principal,
        base=call.base,
        correlation=call.request_id,
        poll=f"{_LAST_TICK - _ticks(call.now):020d}",
        started=call.now,
        changed=call.now,
        location=asked.location,
        tags=asked.tags,
        template_link=asked.template_link,
        parameters_link=asked.parameters_link,
        debug=asked.debug,
        nodes=(*nodes, *more),
        providers=told.providers(plan, plan.items),
        dependencies=told.dependencies(plan),
        parent=parent,
        stack=call.stack,
        told_parameters=asked.told_parameters,
    )
    world.deployments.plans[found.key] = plan
    return _timed(world, found, call.now + seconds(_ACCEPTED))


def heard(world: World, operation: Operation) -> None:
    """Wake whoever waited for the end of some work."""
    if operation.kind == KIND:
        found = world.deployments.find(operation.resource)
        if found is not None and found.active and found.timer == operation.id:
            _woken(world, found, operation.due)
        return
    if operation.kind == "group":
        _bereave(world, operation.due)
    waiting = world.deployments.waiting(operation.id)
    if waiting is not None:
        _ended(world, *waiting, operation)


def cancel(world: World, one: Deployment, at: datetime) -> None:
    """End a deployment now: what its resources do goes on, nothing more is started."""
    inside = [world.deployments.find(node.waits) for node in one.nodes if node.waits]
    for node in one.nodes:
        if node.state == RUNNING:
            one = one.put(replace(node, state=CANCELED, ended=at, status="Conflict"))
    _over(world, replace(one, state=CANCELED), at)
    for nested in inside:
        if nested is not None and nested.active:
            cancel(world, nested, at)


def _woken(world: World, one: Deployment, at: datetime) -> None:
    one = replace(one, timer="", state=RUNNING, changed=at)
    if one.ended is not None:
        _close(world, one, at)
    else:
        _advance(world, world.deployments.save(one), at)


def _advance(world: World, one: Deployment, at: datetime) -> None:
    """Start what is free, until nothing more is; then close when nothing runs."""
    plan = plan_of(world, one, at)
    started = True
    while started:
        started = False
        done = plan.settled(node.key for node in one.nodes if node.done)
        for node in one.nodes:
            if node.state != WAITING or node.waits:
                continue
            if node.verb == "Create" and not all(n.key in done for n in plan.needs[node.key]):
                continue
            one = _started(world, one, node, at)
            started = True
    if any(node.state == RUNNING or node.waits for node in one.nodes):
        world.deployments.save(one)
        return
    failed = any(node.state == FAILED for node in one.nodes)
    if not failed and one.mode == "Complete" and not any(n.verb == "Delete" for n in one.nodes):
        more = complete.unwanted(world, one, plan)
        if more:
            _advance(world, replace(one, nodes=(*one.nodes, *more)), at)
            return
    _timed(world, replace(one, ended=at), at + seconds(_CLOSING))


def _started(world: World, one: Deployment, node: Node, at: datetime) -> Deployment:
    """Return the deployment with a node begun, and perhaps ended."""
    plan = plan_of(world, one, at)
    node = replace(node, state=RUNNING, started=node.started or at, tries=node.tries + 1)
    if node.verb == "Delete":
        return one.put(_asked_for(world, one, node, "DELETE", None, at))
    if not plan.items[node.key].enabled:
        return one.put(replace(node, state=SKIPPED, ended=at))
    try:
        body = plan.body(node.key)
        if plan.items[node.key].nested:
            return one.put(_nested(world, one, node, body, at))
    except TemplateError as error:
        return one.put(_failed(node, at, failures.template(error), "BadRequest"))
    except NotYet:
        return one.put(_failed(node, at, failures.template(_LATER), "BadRequest"))
    except Refusal as refusal:
        why = failures.refused(refusal, node.id)
        return one.put(_failed(node, at, why, failures.word(refusal.status)))
    return one.put(_asked_for(world, one, node, "PUT", body, at))


_LATER = TemplateError("A value that the template refers to is not there.")


def _nested(world: World, one: Deployment, node: Node, body: Json, at: datetime) -> Node:
    asked = asking.properties(world, body.get("properties"), base=_address(world, one))
    location = str(body.get("location") or "")
    scope = node.id.rpartition("/providers/")[0]
    if "/resourcegroups/" not in scope.lower() and not location:
        raise asking.unplaced()
    found = world.deployments.find(node.id)
    if found is not None and found.active:
        raise failures.active(found)
    begun = begin(
        world,
        replace(asked, location=location, tags=body.get("tags")),
        one.call(at),
        deployment_id=node.id,
        scope=scope,
        version=node.version,
        parent=one.id,
    )
    return replace(node, waits=begun.id, status="Created" if found is None else "OK")


def _bereave(world: World, at: datetime) -> None:
    """Fail what waits for deployments that went with a deleted group."""
    for one in list(world.deployments.rows.values()):
        for node in one.nodes if one.active else ():
            nested = node.waits.startswith("/")
            if nested and world.deployments.find(node.waits) is None:
                error = failures.refused(failures.gone(node.waits), node.id)
                _advance(world, one.put(_failed(node, at, error, "NotFound")), at)


def _address(world: World, one: Deployment) -> str:
    """Return what links in a template are relative to: its own address, or the one around."""
    around: Deployment | None = one
    while around is not None:
        if (around.template_link or {}).get("uri"):
            return str((around.template_link or {})["uri"])
        around = world.deployments.find(around.parent)
    return ""


def _asked_for(
    world: World, one: Deployment, node: Node, method: str, body: Json | None, at: datetime
) -> Node:
    """Return a node after its request: running, ended, or to be tried again."""
    number = guid("node", one.id, one.poll, node.key, str(node.tries))
    call = one.call(at).asking(method, node.id, node.version, body)
    call = replace(call, request_id=number)
    try:
        answer = _answered(world, call)
    except Refusal as refusal:
        passing = refusal.status in {429, 502, 503, 504} or refusal.code in _FOR_NOW
        if method == "DELETE" and refusal.status == 404:
            return replace(node, state=SUCCEEDED, ended=at, status="NotFound", waits="")
        if method == "DELETE":  # what others use goes when they are gone
            passing = passing or refusal.status in {400, 409}
        if passing and node.tries < _TRIES:
            return _later(world, one, node, at)
        told_as = failures.refused(refusal, node.id, world.table.form(node.id))
        return _failed(node, at, told_as, failures.word(refusal.status))
    status = _STATUS.get(answer.status, "OK")
    item = world.find(node.id)
    running = world.operations.get(item.busy or "") if item is not None else None
    group = world.groups.get(node.name.lower()) if node.type.lower() == _GROUPS else None
    if group is not None and group.deleting:
        running = world.operations.get(group.deleting)
    if running is not None and not running.ended:
        return replace(node, waits=running.id, status=status)
    return replace(node, state=SUCCEEDED, ended=at, status=status, waits="")


_GROUPS = "microsoft.resources/resourcegroups"


def _answered(world: World, call: Call) -> Answer:
    """Answer a deployment's own call, with the faults that were ordered for it."""
    fault = world.faults.take(call.method, call.path)
    if fault is not None and fault.status is not None and not fault.late and fault.status >= 400:
        details = list(fault.details) or None
        raise Refusal(fault.status, fault.code, fault.message, details=details)
    late = fault.at_the_end if fault is not None and fault.late else None
    return world.door(world, replace(call, late=late))


def _later(world: World, one: Deployment, node: Node, at: datetime) -> Node:
    """Try a node again in a while; it waits for a timer of its own."""
    timer = Operation(
        id=guid("again", one.id, one.poll, node.key, str(node.tries)),
        kind="timer",
        resource=one.id,
        started=at,
        due=at + seconds(_AGAIN),
    )
    world.save_operation(timer)
    return replace(node, state=WAITING, waits=timer.id)


def _ended(world: World, one: Deployment, node: Node, operation: Operation) -> None:
    at = operation.due
    if operation.kind == "timer":
        _advance(world, one.put(replace(node, waits="")), at)
        return
    node = replace(node, waits="", ended=at)
    if operation.outcome == SUCCEEDED:
        node = replace(node, state=SUCCEEDED, status=_DONE.get(node.status, node.status))
    else:
        error = failures.late(operation.late, node)
        node = replace(node, state=FAILED, error=error, status="Conflict")
    _advance(world, one.put(node), at)


def _failed(node: Node, at: datetime, error: Json, status: str) -> Node:
    return replace(node, state=FAILED, ended=at, error=error, status=status, waits="")


def _close(world: World, one: Deployment, at: datetime) -> None:
    """End a deployment: well, with its outputs, or with the failures of its resources."""
    failed = [node for node in one.nodes if node.state == FAILED]
    if failed:
        _over(world, replace(one, state=FAILED, error=failures.of(one, failed)), at)
        return
    try:
        outputs = _outputs(plan_of(world, one, at))
    except TemplateError as error:
        why = failures.template(error, code="DeploymentOutputEvaluationFailed")
    except NotYet:
        why = failures.template(TemplateError("An output refers to what is not there."))
    except Refusal as refusal:
        why = failures.refused(refusal, one.id)
    else:
        _over(world, replace(one, state=SUCCEEDED, outputs=outputs), at)
        return
    _over(world, replace(one, state=FAILED, error=failures.outputs(one, why)), at)


def _outputs(plan: Plan) -> Json | None:
    if plan.template.get("outputs") is None:
        return None
    shapes = declared(plan.template, "outputs")
    found = plan.outputs()
    for name, said in found.items():
        try:
            check_output(shapes[name], said["value"], name)
        except TemplateError as error:
            raise TemplateError(error.message, ("outputs", name)) from error
        said["type"] = shown_type(shapes[name])
    return found


def _over(world: World, one: Deployment, at: datetime) -> Deployment:
    """Keep an ended deployment, forget its secrets, and tell its parent."""
    one = replace(one, values=failures.without_secrets(one), ended=at, changed=at, timer="")
    one = world.deployments.save(one)
    history.trim(world, one)
    waiting = world.deployments.waiting(one.id)
    if waiting is not None:
        parent, node = waiting
        state = {SUCCEEDED: SUCCEEDED, CANCELED: CANCELED}.get(one.state, FAILED)
        status = "OK" if state == SUCCEEDED else "Conflict"
        error = None if state == SUCCEEDED else one.error
        ended = replace(
            node, waits="", state=FAILED if state != SUCCEEDED else state, ended=at, error=error
        )
        _advance(world, parent.put(replace(ended, status=status)), at)
    for follower in world.deployments.followers:
        follower(world, one)
    return one


def _timed(world: World, one: Deployment, due: datetime) -> Deployment:
    """Keep a deployment that is woken at `due`."""
    timer = Operation(
        id=guid("wake", one.id, one.poll, due.isoformat(), one.state),
        kind=KIND,
        resource=one.id,
        started=one.changed,
        due=due,
    )
    world.save_operation(timer)
    return world.deployments.save(replace(one, timer=timer.id))


_LAST_TICK = 9223372036854775807
_YEAR_ONE = datetime(1, 1, 1)  # noqa: DTZ001


def _ticks(at: datetime) -> int:
    """Return an instant in .NET's ticks: hundreds of nanoseconds since the year 1."""
    since = at.replace(tzinfo=None) - _YEAR_ONE
    return (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10
