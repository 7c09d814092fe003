"""What can be asked of a container group beside reading and writing it.

Recorded: a restart answers 204 and names an operation, a stop answers 204 and is done, logs and
exec answer 200. A start answers 202 (the specification; no recording was found).
"""

from dataclasses import replace

from local.azure import operations
from local.azure.arm import Answer, Json, Refusal, guid, stamp
from local.azure.ids import resource
from local.azure.table import Lro, Use
from local.azure.types import containergroup, containerrun
from local.azure.world import Resource

OPERATION = Lro(takes=containerrun.DONE, segment="operations", version="2018-06-01")
_QUICK = containerrun.RESTART_PULL + 2


def logs(use: Use) -> Answer:
    """Answer with what a container has written."""
    container, run = _inside(use)
    tail = use.call.query.get("tail")
    if tail is not None and (not tail.isdigit() or int(tail) < 1):
        raise Refusal(
            400, "InvalidTail", f"The value '{tail}' of 'tail' is not a positive number."
        )
    rows = containergroup.log(container, run, use.call.now)
    if not rows:
        raise Refusal(
            404,
            "ContainerLogNotAvailable",
            f"Log of container '{run.name}' in container group '{use.resource.name}' is not"
            " available yet. Please check container 'InstanceView' for more information or retry"
            " later.",
        )
    dated = use.call.query.get("timestamps", "").lower() == "true"
    lines = [f"{stamp(at, 7)} {line}" if dated else line for at, line in rows]
    kept = lines[-int(tail) :] if tail else lines
    return Answer(status=200, body={"content": "".join(f"{line}\n" for line in kept)})


def execute(use: Use) -> Answer:
    """Answer with where a command can be watched."""
    _, run = _inside(use)
    if containerrun.running(run, use.call.now) is None:
        raise Refusal(
            409,
            "ContainerNotRunning",
            f"The container '{run.name}' in container group '{use.resource.name}' is not running.",
        )
    session = guid("exec", use.resource.id, use.call.request_id)
    place = use.resource.body["location"]
    host = f"{session[:15].replace('-', 'a')}.{place}.atlas.cloudapp.azure.com:19390"
    address = f"wss://{host}/execstream/sessionId/{session}?api-version=1.0"
    password = guid("password", session)
    return Answer(status=200, body={"webSocketUri": address, "password": password})


def restart(use: Use) -> Answer:
    """Start the containers anew, where the group is running."""
    item = _idle(use)
    if item.state.get("stopped"):
        raise Refusal(
            409,
            "ContainerGroupStopped",
            f"Container Group '{item.name}' in resource group '{resource(item.id).group}' is"
            " stopped.",
        )
    return _again(use, item, status=204, starts=_QUICK, takes=_QUICK + 6)


def start(use: Use) -> Answer:
    """Start a stopped group; nothing happens to one that runs."""
    item = _idle(use)
    if not item.state.get("stopped"):
        return Answer(status=204)
    return _again(use, item, status=202, starts=containerrun.STARTED, takes=containerrun.DONE)


def _again(use: Use, item: Resource, *, status: int, starts: float, takes: float) -> Answer:
    """Start a new run of the group's containers and say where to follow it."""
    lro = replace(OPERATION, takes=takes, status=status)
    operation = use.world.begin(
        kind="action",
        resource=item.id,
        lro=lro,
        call=use.call,
        place=item.body["location"],
        namespace=use.type.namespace,
    )
    rows = containergroup.placed(use.world, item.body)
    state = {
        **item.state,
        "accepted": use.call.now.isoformat(),
        "starts": starts,
        "stopped": None,
        "stopped_by_call": False,
        "containers": rows,
    }
    use.world.save(
        replace(
            item,
            state=state,
            busy=operation.id,
            provisioning="Updating",
            changed=use.call.now,
        )
    )
    return Answer(status=status, headers=operations.headers(operation, lro, use.call))


def stop(use: Use) -> Answer:
    """Stop the containers at once."""
    item = _idle(use)
    if not item.state.get("stopped"):
        state = {**item.state, "stopped": use.call.now.isoformat(), "stopped_by_call": True}
        use.world.save(replace(item, state=state, changed=use.call.now))
    return Answer(status=204)


def outbound(use: Use) -> Answer:
    """Answer with no outbound dependency."""
    return Answer(status=200, body=[])


def _idle(use: Use) -> Resource:
    if use.resource.busy:
        raise use.type.behaviour.busy(use.resource)
    return use.resource


def _inside(use: Use) -> tuple[Json, containerrun.Run]:
    wanted = use.parts[0]
    for container, run in containergroup.containers(use.resource):
        if run.name == wanted:
            return container, run
    raise Refusal(
        404,
        "ContainerNotFound",
        f"The container '{wanted}' in container group '{use.resource.name}' does not exist.",
    )
