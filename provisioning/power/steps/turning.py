"""One layer of an environment turned off or on: what stopping and waking have in common.

A message looks at every kept resource of the layer once and writes where it must, twenty times at
most; then it waits. A resource that Azure refuses for good, that stays as it was after three
accepted requests, or that does not settle in time, is put down as failed: the others go on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from provisioning.azure.protocol import Ready, matches_tags
from provisioning.azure.resources.sleeper import Act, Layer, Move, Patch, Seen, Sleeper
from provisioning.azure.resources.sleepers import sleeper_of
from provisioning.errors import TerminalError, TransientError
from provisioning.model import Environment, Kept, Kind
from provisioning.operations import Done, Outcome, Waiting
from provisioning.power.stoppable import Stoppable, stoppable
from provisioning.services import Context

CAPTURE = "capture"
LOOK = timedelta(seconds=10)
WITHIN = timedelta(minutes=20)
_SETTLED_WITHIN = timedelta(minutes=15)
_MOST_WRITES = 20
_MOST_TRIES = 3

Turn = Callable[[Context, Sleeper, Kept], None]


@dataclass
class Round:
    """What one look at a layer found: who is waited for, who failed, how often was written."""

    tries: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    writes: int = 0


def turn_off(context: Context, layer: Layer) -> Outcome:
    """Put every kept resource of the layer to sleep."""
    may = allowed(context)
    return _turn(context, layer, to_awake=False, turn=lambda c, s, k: _stop(may, c, s, k))


def turn_on(context: Context, layer: Layer) -> Outcome:
    """Wake every kept resource of the layer, as it was."""
    return _turn(context, layer, to_awake=True, turn=_start)


def allowed(context: Context) -> Stoppable:
    """Return the environment as one that may be stopped; raises TerminalError where it may not.

    The row, the catalog as it is now, and the group's own tags must all say so: a row may be older
    than the catalog, and a catalog may name production's group by mistake.
    """
    environment = environment_of(context)
    built = context.services.catalog.environments.get(environment.name)
    found = stoppable(environment)
    if built is None or found is None or stoppable(replace(environment, kind=built.kind)) is None:
        raise TerminalError("never_stopped", f"{environment.name} is never put to sleep")
    match context.services.azure.group(built.group):
        case Ready(body) if matches_tags(body, "tesoro-kind", str(Kind.PRODUCTION)):
            why = f"{built.group} is tagged tesoro-kind=production, and never put to sleep"
            raise TerminalError("never_stopped", why)
    return found


def failures(context: Context) -> Mapping[str, str]:
    """Return what failed in the steps before, and why."""
    found: dict[str, str] = {}
    for part in (CAPTURE, *Layer):
        found |= json.loads(context.operation.values.get(f"failed_{part}", "{}"))
    return found


def put_down(part: str, failed: Mapping[str, str]) -> Mapping[str, str]:
    """Return what failed in a step as later steps find it."""
    return {f"failed_{part}": json.dumps(dict(failed))}


def is_late(context: Context, patience: timedelta) -> bool:
    """Say whether the step has been at it for longer than that."""
    began = context.operation.steps[context.operation.at].started_at
    return began is not None and context.now - began > patience


def in_words(failed: Mapping[str, str]) -> str:
    """Return each failed resource with its reason."""
    return "; ".join(f"{name_of(identity)}: {why}" for identity, why in sorted(failed.items()))


def name_of(identity: str) -> str:
    """Return the resource's own name."""
    return identity.rsplit("/", 1)[1]


def environment_of(context: Context) -> Environment:
    """Return the operation's target, which is an environment."""
    assert isinstance(context.target, Environment)
    return context.target


def seen(
    context: Context, sleeper: Sleeper, identity: str
) -> tuple[Seen, Mapping[str, Any]] | None:
    """Return how the resource stands, and its body; None where it is gone."""
    match context.services.azure.read(identity, sleeper.api, **sleeper.query):
        case Ready(body):
            return sleeper.observe(body), body
    return None


def _turn(context: Context, layer: Layer, *, to_awake: bool, turn: Turn) -> Outcome:
    now = Round(**json.loads(context.operation.token or "{}"))
    for kept in environment_of(context).kept:
        sleeper = sleeper_of(kept.type)
        if sleeper is None or sleeper.layer is not layer or kept.id in now.failed:
            continue
        try:
            _look(context, now, sleeper, kept, to_awake=to_awake, turn=turn)
        except TransientError as error:
            if error.code == "unauthenticated":
                raise
            if is_late(context, _SETTLED_WITHIN):
                now.failed[kept.id] = str(error)
            else:
                now.waiting.append(f"{name_of(kept.id)} ({error})")
        except TerminalError as error:
            now.failed[kept.id] = str(error)
    verb = "waking" if to_awake else "falling asleep"
    if now.waiting:
        token = json.dumps({"tries": now.tries, "failed": now.failed})
        reason = f"{verb}: {', '.join(now.waiting)}"
        return Waiting(look_after=LOOK, reason=reason, token=token)
    reason = f"{layer}: all are {'awake' if to_awake else 'asleep'}"
    if now.failed:
        reason = f"{layer}: went on without {in_words(now.failed)}"
    return Done(reason=reason, values=put_down(layer, now.failed))


def _look(
    context: Context, now: Round, sleeper: Sleeper, kept: Kept, *, to_awake: bool, turn: Turn
) -> None:
    found = seen(context, sleeper, kept.id)
    if found is None or found[0].awake is to_awake:
        return
    name = name_of(kept.id)
    if found[0].awake is None:
        if found[0].moving and not is_late(context, _SETTLED_WITHIN):
            now.waiting.append(name)
            return
        raise TerminalError("unsettled", f"it is {found[0].words}, and does not settle")
    if now.tries.get(kept.id, 0) >= _MOST_TRIES:
        raise TerminalError(
            "unsettled", f"Azure took {_MOST_TRIES} requests, and it is still {found[0].words}"
        )
    now.waiting.append(name)
    if now.writes < _MOST_WRITES:
        now.writes += 1
        turn(context, sleeper, kept)
        now.tries[kept.id] = now.tries.get(kept.id, 0) + 1


def _stop(_: Stoppable, context: Context, sleeper: Sleeper, kept: Kept) -> None:
    _send(context, sleeper, kept.id, sleeper.stop)


def _start(context: Context, sleeper: Sleeper, kept: Kept) -> None:
    _send(context, sleeper, kept.id, sleeper.start(kept.was))


def _send(context: Context, sleeper: Sleeper, identity: str, move: Move) -> None:
    azure = context.services.azure
    context.fence()
    match move:  # where it is gone, the next look says so
        case Act(action):
            azure.act(identity, action, sleeper.api)
        case Patch(body):
            azure.patch_resource(identity, sleeper.api, body)
