"""The calls on deployments: one, the list of a scope, their operations, and what is done to them.

Source: the recordings of each call, and the specification of Microsoft.Resources/deployments.
"""

from dataclasses import replace

from local.azure import groups, locks, operations, paging, subscriptions
from local.azure.arm import Answer, Call, Json, Refusal, gateway, guid, seconds, stamp
from local.azure.deployments import asked as asking
from local.azure.deployments import engine, failures, history, preflight, told, whatif
from local.azure.deployments.asked import Asked
from local.azure.deployments.planning import made
from local.azure.deployments.records import KIND, Deployment
from local.azure.ids import Id, Provider
from local.azure.templates import hashing, lenient
from local.azure.templates.plan import Plan
from local.azure.world import Operation, World

_LOOKING = 2.0  # seconds that a what-if takes
_DELETING = 2.0
_OLD = ("2014-04-01-preview",)
_NEW = ("2025-04-01", "2026-06-01")
VERSIONS = (*_OLD, *subscriptions.VERSIONS, *(v for v in _NEW if v not in subscriptions.VERSIONS))
_LONGEST_NAME = 64
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.()")


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on deployments of a group or of the subscription."""
    subscriptions.check_version(call, VERSIONS)
    if target.subscription is None or len(target.providers) != 1:
        raise _unscoped()
    if target.group is not None:
        target = replace(target, group=groups.require(world, target).name)
    last = target.last
    match tuple(word.lower() for word in last.types[1:]), len(last.names):
        case (), 0:
            return _listed(world, call, target)
        case (), 1:
            return _one(world, call, target)
        case ("operations",), 1 if call.method == "GET":
            return _operations(world, call, target)
        case ("operations",), 2 if call.method == "GET":
            return _operation(world, call, target)
        case ("operationstatuses",), 2 if call.method == "GET":
            return _status(world, target)
        case (action,), 1 if call.method == "POST" and action in _ACTIONS:
            return _ACTIONS[action](world, call, target)
    raise gateway(404, "NotFound", f"Nothing answers '{call.method}' on '{call.path}'.")


def old_path(world: World, call: Call, target: Id, rest: tuple[str, ...]) -> Answer:
    """Answer `{group}/deployments/{name}/operations`, which has no provider in its path."""
    names = rest[1::2]
    types = ("deployments", *rest[2::2])
    provider = Provider(namespace="Microsoft.Resources", types=types, names=names)
    return answer(world, call, replace(target, providers=(provider,)))


def calculated(world: World, call: Call, target: Id) -> Answer:
    """Answer with the hash of a template, and the text that it is taken of."""
    subscriptions.check_version(call, VERSIONS)
    if call.method != "POST" or target.subscription is not None:
        raise gateway(404, "NotFound", f"Nothing answers '{call.method}' on '{call.path}'.")
    try:
        template = lenient.read(call.body.decode(errors="replace"))
    except ValueError as error:
        raise gateway(
            400, "InvalidRequestContent", f"The template is no JSON: {error}."
        ) from error
    minified = hashing.minified(template)
    body = {"minifiedTemplate": minified, "templateHash": hashing.template_hash(template)}
    return Answer(status=200, body=body)


def job_result(world: World, call: Call) -> Answer | None:
    """Answer a poll of a what-if or a deletion; None for another's operation."""
    job = call.query.get("t", "")
    operation = world.operations.get(job)
    if operation is None or job not in world.deployments.results:
        return None
    if not operation.ended:
        query = "&".join(f"{k}={v}" for k, v in call.query.items())
        return Answer(status=202, headers={"location": f"{call.base}{call.path}?{query}"})
    found = world.deployments.results[job]
    if not found:
        return Answer(status=204)
    return Answer(status=200, body=found)


def begun_job(world: World, call: Call, kind: str, name: str, takes: float, result: Json) -> str:
    """Keep what a job will answer and return the address where it does."""
    found = Operation(
        id=guid(kind, name, call.request_id),
        kind=KIND,
        resource="",
        started=call.now,
        due=call.now + seconds(takes),
    )
    world.save_operation(found)
    world.deployments.keep(found.id, result)
    place = next(iter(world.groups.values())).location if world.groups else "westeurope"
    job = f"{kind}-{name}-{found.id}".upper()
    return operations.job_address(world.subscription, call, job, place, found.id)


def _one(world: World, call: Call, target: Id) -> Answer:
    match call.method:
        case "GET":
            found = _require(world, target)
            return Answer(status=200, body=told.body(world, found, call.version))
        case "HEAD":
            return Answer(status=204 if world.deployments.find(str(target)) else 404)
        case "PUT":
            return _put(world, call, target)
        case "DELETE":
            return _delete(world, call, target)
    raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on deployments.")


def _put(world: World, call: Call, target: Id) -> Answer:
    asked, plan = _planned(world, call, target)
    current = world.deployments.find(str(target))
    if current is not None and current.active:
        raise failures.active(current)
    if current is not None and current.location != asked.location:
        raise gateway(
            409,
            "InvalidDeploymentLocation",
            f"Invalid deployment location '{asked.location}'. The deployment '{target.name}'"
            f" already exists in location '{current.location}'.",
        )
    if current is None:
        history.check(world, str(target.scope()), target.name)
    preflight.check(world, plan, call, target.name)
    one = engine.begin(
        world,
        asked,
        call,
        deployment_id=str(target),
        scope=str(target.scope()),
        version=call.version,
    )
    where = f"{call.base}{one.id}/operationStatuses/{one.poll}?api-version={call.version}"
    return Answer(
        status=201 if current is None else 200,
        body=told.accepted(one, call.version),
        headers={"azure-asyncoperation": where},
    )


def _delete(world: World, call: Call, target: Id) -> Answer:
    locks.refuse_delete(world, target)
    found = world.deployments.find(str(target))
    if found is None:
        return Answer(status=204)
    if found.active:
        raise gateway(
            409,
            "DeploymentBeingDeleted" if found.state == "Deleting" else "DeploymentActive",
            f"Unable to delete deployment '{found.name}': it is still active. Please cancel it"
            " first, or see https://aka.ms/arm-deploy for usage details.",
        )
    world.deployments.drop(found)
    where = begun_job(world, call, "DeploymentDeletionJob", found.name, _DELETING, {})
    return Answer(status=202, headers={"location": where})


def _listed(world: World, call: Call, target: Id) -> Answer:
    if call.method != "GET":
        raise Refusal(405, "MethodNotAllowed", f"'{call.method}' is not allowed on deployments.")
    rows = [
        told.body(world, one, call.version)
        for one in world.deployments.within(str(target.scope()))
        if _passes(one, call.query.get("$filter", ""))
    ]
    if not rows and target.group is None and not call.query.get("$skiptoken"):
        return paging.empty_first(call)
    return paging.page(call, rows if not call.query.get("$skiptoken") or rows else [])


def _passes(one: Deployment, wanted: str) -> bool:
    """Tell whether a deployment passes `provisioningState eq 'Succeeded'`, the only filter."""
    if not wanted:
        return True
    name, _, value = wanted.partition(" eq ")
    if name.strip().lower() != "provisioningstate" or not value.strip().startswith("'"):
        raise gateway(
            400, "InvalidFilterInQueryString", f"Invalid $filter '{wanted}' in the query string."
        )
    return one.state.lower() == value.strip().strip("'").lower()


def _operations(world: World, call: Call, target: Id) -> Answer:
    one = world.deployments.find(str(_parent(target)))
    return paging.page(call, told.operations(one) if one is not None else [])


def _operation(world: World, call: Call, target: Id) -> Answer:
    one = _require(world, _parent(target))
    for row in told.operations(one):
        if str(row["operationId"]).lower() == target.name.lower():
            return Answer(status=200, body=row)
    raise gateway(
        404,
        "DeploymentOperationNotFound",
        f"Deployment operation '{target.name}' could not be found.",
    )


def _status(world: World, target: Id) -> Answer:
    one = _require(world, _parent(target))
    body: Json = {"status": one.state}
    if one.error is not None:
        body["error"] = one.error
    return Answer(status=200, body=body)


def _cancel(world: World, call: Call, target: Id) -> Answer:
    one = _require(world, _parent(target))
    if not one.active:
        raise gateway(
            409,
            "DeploymentCannotBeCancelled",
            f"The deployment '{one.name}' cannot be cancelled because its provisioning state is"
            f" '{one.state}'. Please see https://aka.ms/arm-deploy for usage details.",
        )
    engine.cancel(world, one, call.now)
    return Answer(status=204)


def _validate(world: World, call: Call, target: Id) -> Answer:
    target = _parent(target)
    asked, plan = _planned(world, call, target)
    preflight.check(world, plan, call, target.name)
    shown: Json = {"id": str(target), "name": target.name}
    if call.version >= "2018-05-01":
        shown["type"] = "Microsoft.Resources/deployments"
    if asked.location:
        shown["location"] = asked.location
    if asked.tags is not None:
        shown["tags"] = asked.tags
    properties: Json = {"templateHash": hashing.template_hash(asked.template)}
    if asked.told_parameters:
        values = dict(plan.scope.parameters.found)
        properties["parameters"] = told.parameters(asked.template, values)
    shown["properties"] = {
        **properties,
        "mode": asked.mode,
        "provisioningState": "Succeeded",
        "timestamp": stamp(call.now),
        "duration": "PT0S",
        "correlationId": call.request_id,
        "providers": told.providers(plan, plan.items),
        "dependencies": told.dependencies(plan),
        "validatedResources": [
            {"id": name} for name in dict.fromkeys(preflight.validated(world, plan, call))
        ],
    }
    return Answer(status=200, body=shown)


def _what_if(world: World, call: Call, target: Id) -> Answer:
    target = _parent(target)
    asked, plan = _planned(world, call, target, preview=True)
    properties: Json = {"changes": whatif.changes(world, asked, plan, call)}
    if call.version >= "2021-04-01":
        properties = {"correlationId": call.request_id, **properties}
    result: Json = {"status": "Succeeded", "properties": properties}
    where = begun_job(world, call, "DeploymentWhatIfJob", target.name, _LOOKING, result)
    return Answer(status=202, headers={"location": where})


def _export(world: World, call: Call, target: Id) -> Answer:
    one = _require(world, _parent(target))
    return Answer(status=200, body={"template": told.export(one)})


_ACTIONS = {
    "cancel": _cancel,
    "validate": _validate,
    "whatif": _what_if,
    "exporttemplate": _export,
}


def _planned(world: World, call: Call, target: Id, *, preview: bool = False) -> tuple[Asked, Plan]:
    _check_name(target.name)
    if target.group is not None:
        groups.require_open(world, target)
    asked = asking.read(world, call, scoped=target.group is None)
    if target.group is None and asked.mode == "Complete":
        raise gateway(
            400,
            "InvalidDeploymentMode",
            "The deployment mode 'Complete' is not supported at subscription scope. Please see"
            " https://aka.ms/arm-deploy for usage details.",
        )
    plan = made(
        world,
        asked,
        call,
        scope=str(target.scope()),
        name=target.name,
        preview=preview,
    )
    return asked, plan


def _check_name(name: str) -> None:
    if len(name) > _LONGEST_NAME or not set(name) <= _NAME:
        raise gateway(
            400,
            "InvalidDeploymentName",
            f"The deployment name '{name}' is invalid: it has 1 to {_LONGEST_NAME} letters, digits"
            " and '-', '_', '.', '(', ')'.",
        )


def _require(world: World, target: Id) -> Deployment:
    found = world.deployments.find(str(target))
    if found is None:
        raise gateway(404, "DeploymentNotFound", f"Deployment '{target.name}' could not be found.")
    return found


def _parent(target: Id) -> Id:
    """Return the deployment that a path below one is about."""
    last = replace(target.last, types=target.last.types[:1], names=target.last.names[:1])
    return replace(target, providers=(last,))


def _unscoped() -> Refusal:
    return Refusal(
        501,
        "NotImplemented",
        "Deployments are simulated at resource groups and at the subscription, nowhere else.",
        gateway=True,
    )
