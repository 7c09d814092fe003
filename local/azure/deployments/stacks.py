"""How a deployment stack goes on: deploy, see what it manages no longer, remove or let go, end.

A stack is a deployment with a memory. Its change runs as an ordinary deployment at the scope it
deploys to; what the stack managed before and the deployment no longer made is deleted or
detached, as `actionOnUnmanage` says. The deletions are a deployment of their own, of deletions
alone, that no list shows.

Source: learn.microsoft.com "Create and deploy Azure deployment stacks in Bicep"; the recordings.
"""

from dataclasses import replace
from datetime import datetime

from local.azure.arm import Json, guid
from local.azure.deployments import engine, failures, told
from local.azure.deployments.asked import Asked
from local.azure.deployments.records import FAILED, SUCCEEDED, Deployment, Node
from local.azure.deployments.stackrecords import Stack
from local.azure.era import ERA
from local.azure.templates.identifiers import GROUPS, kind_of
from local.azure.world import Operation, World

_NOT_DEPLOYED = "One or more resources could not be deployed."
_VERSION = "2021-04-01"  # in which a stack deploys
_NAMED_SINCE = "2024-01"  # the month since which deployments have the short stamp in their names
_EMPTY: Json = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [],
}


def begin(world: World, stack: Stack, asked: Asked, at: datetime) -> Stack:
    """Start a stack's deployment; raise Refusal where its template cannot be used."""
    deployment = engine.begin(
        world,
        asked,
        stack.call(at),
        deployment_id=f"{stack.deployed_to}/providers/Microsoft.Resources/deployments/"
        + _name(stack, at),
        scope=stack.deployed_to,
        version=_VERSION,
    )
    return world.stacks.save(replace(stack, deployment=deployment.id))


def remove(world: World, stack: Stack, at: datetime) -> Stack:
    """Start to remove a stack and, where it says so, what it manages."""
    doomed = [name for name in stack.managed if _is_deleted(stack, name)]
    stack = replace(stack, state="deletingResources", deleting=True, deployment="")
    return _clean(world, stack, doomed, at)


def heard(world: World, one: Deployment) -> None:
    """Go on with the stack whose deployment, or whose removals, have ended."""
    stack = world.stacks.find(one.stack) if one.stack and not one.parent else None
    if stack is None:
        return
    if one.id == stack.deployment:
        _deployed(world, stack, one)
    elif one.id == stack.cleanup:
        _cleaned(world, stack, one)


def bereaved(world: World, operation: Operation) -> None:
    """Fail the stacks whose deployment went with a deleted group."""
    if operation.kind != "group":
        return
    for stack in list(world.stacks.rows.values()):
        under_way = stack.cleanup or stack.deployment
        if stack.busy and world.deployments.find(under_way) is None:
            gone = (
                [] if stack.deleting else [failures.refused(failures.gone(under_way), under_way)]
            )
            error = _error("StackDeployResourcesFailed", _NOT_DEPLOYED, gone)
            _end(world, replace(stack, state="failed", error=error), operation.due)


def _deployed(world: World, stack: Stack, one: Deployment) -> None:
    made = told.resources(world, one)
    if one.state != SUCCEEDED:
        known = [*stack.managed, *(n for n in made if n not in stack.managed)]
        error = _error(
            "StackDeployResourcesFailed",
            _NOT_DEPLOYED,
            [one.error] if one.error else [],
        )
        state = "canceled" if one.state == "Canceled" else "failed"
        _end(world, replace(stack, managed=known, state=state, error=error), one.changed)
        return
    folded = {name.lower() for name in made}
    left = [name for name in stack.managed if name.lower() not in folded]
    doomed = [name for name in left if _is_deleted(stack, name)]
    stack = replace(
        stack,
        managed=made,
        outputs=one.outputs,
        detached=[name for name in left if name not in doomed],
        state="deletingResources" if doomed else "deploying",
    )
    if doomed:
        _clean(world, stack, doomed, one.changed)
    else:
        _end(world, replace(stack, state="succeeded", error=None), one.changed)


def _clean(world: World, stack: Stack, doomed: list[str], at: datetime) -> Stack:
    """Start a deployment of deletions, what was made last first."""
    nodes = tuple(_deletion(world, name) for name in reversed(doomed))
    cleanup = engine.begin(
        world,
        Asked(template=_EMPTY, given={}, mode="Incremental"),
        stack.call(at),
        deployment_id=f"{stack.id}/cleanups/{guid(stack.poll)}",
        scope=stack.deployed_to,
        version=_VERSION,
        more=nodes,
        hidden=True,
    )
    return world.stacks.save(replace(stack, cleanup=cleanup.id))


def _cleaned(world: World, stack: Stack, one: Deployment) -> None:
    """Take what was deleted off the stack; what could not be is failed, and stays managed."""
    gone = [node.id for node in one.nodes if node.state == SUCCEEDED]
    bad = [node for node in one.nodes if node.state == FAILED]
    detached = list(stack.detached)
    if stack.unmanage.get("resourcesWithoutDeleteSupport") == "detach":
        detached += [node.id for node in bad if node.status == "MethodNotAllowed"]
        bad = [node for node in bad if node.status != "MethodNotAllowed"]
    failed: list[Json] = [{"id": node.id, "error": node.error} for node in bad]
    stuck = [node.id for node in bad if node.id not in stack.managed]
    stack = replace(
        stack, deleted=gone, detached=detached, failed=failed, managed=[*stack.managed, *stuck]
    )
    world.deployments.drop(one)
    if not failed:
        _end(world, replace(stack, state="succeeded", error=None), one.changed)
        return
    error = _error(
        "DeploymentStackDeleteResourcesFailed",
        "One or more resources could not be deleted.",
        [row["error"] for row in failed],
    )
    _end(world, replace(stack, state="failed", error=error), one.changed)


def _end(world: World, stack: Stack, at: datetime) -> None:
    lasted = told.duration(at - stack.begun)
    if stack.deleting and stack.state == "succeeded":
        world.stacks.note(stack.poll, "succeeded")
        world.stacks.drop(stack)
        return
    if stack.deleting:
        left = [name for name in stack.managed if name not in stack.deleted]
        stack = replace(stack, managed=left, deleting=False)
    world.stacks.save(replace(stack, duration=lasted, cleanup=""))


def _error(code: str, message: str, details: list[Json]) -> Json:
    inner = {"code": code, "message": message, "details": details}
    return {
        "code": "DeploymentStackUpdateFailed",
        "message": "One or more stages of deploymentStack update failed.",
        "details": [inner],
    }


def _is_deleted(stack: Stack, name: str) -> bool:
    kind = kind_of(name)[0].lower()
    what = "resourceGroups" if kind == GROUPS else "resources"
    return stack.unmanage.get(what) == "delete"


def _deletion(world: World, name: str) -> Node:
    kind, short = kind_of(name)
    row = world.table.find(kind)
    version = row.versions[-1] if row is not None else "2021-04-01"
    return Node(
        key=f"delete {name.lower()}",
        id=name,
        type=kind,
        name=short,
        version=version,
        verb="Delete",
    )


def _name(stack: Stack, at: datetime) -> str:
    """Return the name of a stack's deployment: its own, cut, with the instant and letters."""
    few = guid(stack.id, stack.poll).replace("-", "")[:5]
    short = ERA.get() >= _NAMED_SINCE
    stamp = f"{at:%y%m%d%H}{few}" if short else f"{at:%Y-%m-%d-%H-%M-%S}-{few}"
    return f"{stack.name[: 63 - len(stamp)]}-{stamp}"
