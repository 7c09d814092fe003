"""The calls on deployment stacks: one, the list of a scope, and how far a change of one is.

Source: the recordings of 2022 to 2026, and the specification of Microsoft.Resources/
deploymentStacks.
"""

from dataclasses import replace

from local.azure import groups, locks, paging, subscriptions
from local.azure.arm import Answer, Call, Json, Refusal, gateway, guid
from local.azure.deployments import asked as asking
from local.azure.deployments import doors, preflight, stacks, told
from local.azure.deployments.asked import Asked
from local.azure.deployments.planning import made
from local.azure.deployments.stackrecords import Stack
from local.azure.deployments.stackshown import OLD, body, checked_settings, validated
from local.azure.ids import Id, parse
from local.azure.templates.plan import Plan
from local.azure.world import World, plain

VERSIONS = (OLD, "2022-08-01-preview", "2024-03-01", "2025-07-01")
_CHECKING = 2.0  # seconds that a validation takes
_LONGEST_NAME = 90
_DEPLOYED = frozenset(
    (
        *("template", "templateLink", "parameters", "parametersLink", "debugSetting"),
        *("externalInputs", "externalInputDefinitions", "extensionConfigs", "validationLevel"),
    )
)
_OWN = frozenset(
    (
        *("actionOnUnmanage", "denySettings", "deploymentScope", "description"),
        *("bypassStackOutOfSyncError", "tags", "updateBehavior"),
    )
)

_MANAGEMENT = "microsoft.management/managementgroups"
MANAGEMENT_GROUPS = "management groups"  # the note that names those there are beside the root
_KEPT = ("updateBehavior",)


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on the stacks of a group or of the subscription."""
    subscriptions.check_version(call, VERSIONS)
    _check_scope(world, target)
    if target.group is not None:
        target = replace(target, group=groups.require(world, target).name)
    last = target.last
    match tuple(word.lower() for word in last.types[1:]), len(last.names):
        case (), 0 if call.method == "GET":
            found = world.stacks.within(str(target.scope()))
            return paging.page(call, [body(one, call.version) for one in found])
        case (), 1:
            return _one(world, call, target)
        case ("validate",), 1 if call.method == "POST":
            return _validate(world, call, _named(target))
        case ("exporttemplate",), 1 if call.method == "POST":
            found_one = _require(world, _named(target))
            return Answer(status=200, body={"template": plain(_template(world, found_one))})
    raise gateway(404, "NotFound", f"Nothing answers '{call.method}' on '{call.path}'.")


def _check_scope(world: World, target: Id) -> None:
    """Refuse a scope that is no group, subscription or management group of the tenant."""
    above = target.scope()
    if not above.providers and target.subscription is not None:
        return
    if above.subscription is None and above.type.lower() == _MANAGEMENT:
        known = {world.tenant, *world.notes.get(MANAGEMENT_GROUPS, ())}
        if above.name.lower() in {name.lower() for name in known}:
            return
        raise gateway(404, "NotFound", f"The management group '{above.name}' cannot be found.")
    raise gateway(400, "InvalidScope", f"A deployment stack cannot stand at '{above}'.")


def status(world: World, call: Call, target: Id) -> Answer:
    """Answer `locations/{place}/deploymentStackOperationStatus/{id}`, or a validation's result."""
    kind, name = target.last.types[-1].lower(), target.name
    if kind == "deploymentstackoperationstatus" and name in world.stacks.ends:
        place = replace(target.last, namespace="Microsoft.Resources")
        shown = str(replace(target, providers=(place,)))
        return Answer(status=200, body={"id": shown, "name": name, **world.stacks.ends[name]})
    found = doors.job_result(world, call)
    if kind != "deploymentstackoperationresults" or found is None:
        raise gateway(404, "OperationNotFound", "The requested operation could not be found.")
    return found


def _one(world: World, call: Call, target: Id) -> Answer:
    match call.method:
        case "GET":
            return Answer(status=200, body=body(_require(world, target), call.version))
        case "HEAD":
            return Answer(status=204 if world.stacks.find(str(target)) else 404)
        case "PUT":
            return _put(world, call, target)
        case "DELETE":
            return _delete(world, call, target)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on stacks.")


def _put(world: World, call: Call, target: Id) -> Answer:
    current = world.stacks.find(str(target))
    if current is not None and current.busy:
        raise _busy(current)
    stack, asked = _read(world, call, target, current)
    _planned(world, call, stack, asked)
    stack = stacks.begin(world, stack, asked, call.now)
    return Answer(
        status=201 if current is None else 200,
        body=body(stack, call.version),
        headers={"azure-asyncoperation": _address(world, call, stack)},
    )


def _planned(world: World, call: Call, stack: Stack, asked: Asked) -> Plan:
    """Return what a stack would deploy; refuse what cannot go well."""
    plan = made(world, asked, call, scope=stack.deployed_to, name=stack.name)
    preflight.check(world, plan, replace(call, stack=stack.id), stack.name)
    return plan


def _read(world: World, call: Call, target: Id, current: Stack | None) -> tuple[Stack, Asked]:
    """Return the stack that a request wants, and what it deploys."""
    if len(target.name) > _LONGEST_NAME:
        raise gateway(
            400,
            "InvalidDeploymentStackName",
            f"The stack name '{target.name}' is longer than {_LONGEST_NAME} characters.",
        )
    given = asking.object_of(call.body.decode(errors="replace"))
    properties = given.get("properties")
    if not isinstance(properties, dict):
        raise gateway(400, "InvalidRequestContent", "'properties' must be an object.")
    unknown = sorted(set(properties) - _DEPLOYED - _OWN)
    if unknown:
        raise gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'Could not find member"
            f" '{unknown[0]}' on object of type 'DeploymentStackProperties'. Path"
            f" 'properties.{unknown[0]}''.",
        )
    location = str(given.get("location") or "")
    if target.group is None and not location:
        raise asking.unplaced()
    unmanage, deny = checked_settings(properties, call.version)
    deployed = {name: one for name, one in properties.items() if name in _DEPLOYED}
    deployed_to = str(properties.get("deploymentScope") or target.scope()).rstrip("/")
    below = parse(deployed_to)[0]
    subscriptions.check_subscription(world, below.subscription)
    if below.subscription is None or below.providers:
        raise gateway(
            400,
            "InvalidDeploymentStackScope",
            f"The deployment scope '{deployed_to}' must be a subscription or a resource group.",
        )
    asked = asking.properties(
        world, {**deployed, "mode": "Incremental"}, text=call.body.decode(errors="replace")
    )
    asked = replace(asked, location="" if below.group else location.lower().replace(" ", ""))
    stack = Stack(
        id=str(target),
        name=target.name,
        scope=str(target.scope()),
        deployed_to=deployed_to,
        asked={**deployed, **{k: properties[k] for k in _KEPT if k in properties}},
        version=call.version,
        unmanage=unmanage,
        deny=deny,
        principal=call.principal,
        base=call.base,
        correlation=call.request_id,
        poll=guid("stack", str(target), call.request_id),
        created=current.created if current else call.now,
        changed=call.now,
        begun=call.now,
        location=location,
        tags=given.get("tags") if "tags" in given else properties.get("tags"),
        description=str(properties.get("description") or ""),
        told_scope=properties.get("deploymentScope") is not None,
        managed=current.managed if current else [],
    )
    return stack, asked


def _validate(world: World, call: Call, target: Id) -> Answer:
    stack, asked = _read(world, call, target, world.stacks.find(str(target)))
    plan = _planned(world, call, stack, asked)
    names = list(dict.fromkeys(preflight.validated(world, plan, call)))
    values = dict(plan.scope.parameters.found)
    shown = validated(stack, names, told.parameters(asked.template, values))
    where = doors.begun_job(world, call, "PreflightStackJob", stack.poll, _CHECKING, shown)
    return Answer(status=202, headers={"location": _placed(world, stack, where)})


def _delete(world: World, call: Call, target: Id) -> Answer:
    locks.refuse_delete(world, target)
    found = world.stacks.find(str(target))
    if found is None:
        return Answer(status=204)
    if found.busy:
        raise _busy(found)
    folded = {name.lower(): one.lower() for name, one in call.query.items()}
    unmanage = {
        **found.unmanage,
        "resources": folded.get("unmanageaction.resources", "detach"),
        "resourceGroups": folded.get("unmanageaction.resourcegroups", "detach"),
    }
    if "delete" not in (unmanage["resources"], unmanage["resourceGroups"]):
        world.stacks.drop(found)
        return Answer(status=200)
    poll = guid("unstack", found.id, call.request_id)
    stack = replace(found, unmanage=unmanage, poll=poll, begun=call.now, principal=call.principal)
    stacks.remove(world, stack, call.now)
    query = "&".join(f"{name}={one}" for name, one in call.query.items() if name != "api-version")
    where = _address(world, call, stack) + (f"&{query}" if query else "")
    return Answer(status=202, headers={"azure-asyncoperation": where})


def _require(world: World, target: Id) -> Stack:
    found = world.stacks.find(str(target))
    if found is not None:
        return found
    if target.group is not None:
        raise gateway(
            404,
            "DeploymentStackResourceNotFound",
            f"The deployment stack '{target}' could not be found.",
        )
    raise gateway(
        404,
        "ResourceNotFound",
        f"The resource '{target.name}' was not found. For more details please go to"
        " https://aka.ms/ARMResourceNotFoundFix",
    )


def _busy(stack: Stack) -> Refusal:
    return gateway(
        409,
        "DeploymentStackInNonTerminalState",
        f"The deployment stack '{stack.id}' is in the non-terminal state '{stack.state}'. Wait"
        " until its last change has ended.",
    )


def _template(world: World, stack: Stack) -> Json:
    deployed = {name: one for name, one in stack.asked.items() if name in _DEPLOYED}
    return asking.properties(world, {**deployed, "mode": "Incremental"}).template


def _address(world: World, call: Call, stack: Stack) -> str:
    known = parse(stack.scope)[0].subscription is not None
    start = f"/subscriptions/{world.subscription}" if known else ""
    path = f"{start}/providers/Microsoft.Resources/locations/"
    place = _place(world, stack)
    return (
        f"{call.base}{path}{place}/deploymentStackOperationStatus/{stack.poll}"
        f"?api-version={call.version}"
    )


def _placed(world: World, stack: Stack, where: str) -> str:
    """Return a job's address as one of stacks: under the region of the stack."""
    path = f"/providers/Microsoft.Resources/locations/{_place(world, stack)}"
    return where.replace("/operationresults/", f"{path}/deploymentStackOperationResults/")


def _place(world: World, stack: Stack) -> str:
    return stack.location or groups.place(world, parse(stack.scope)[0])


def _named(target: Id) -> Id:
    last = replace(target.last, types=target.last.types[:1], names=target.last.names[:1])
    return replace(target, providers=(last,))
