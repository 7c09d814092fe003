"""How a canary goes: what share it gets at each step, and what is done with it next.

`rule` takes everything it needs as one value, which is stored with the ruling: made again, it is
the same. The share rises on a good verdict alone, once the step has baked; it falls to nothing on
a bad one, at once. While nobody knows, it stays, and not for ever: a step that could not be judged
within `PATIENCE` after its bake is taken back.
"""

from collections.abc import Mapping
from datetime import timedelta

from provisioning.model import Bake, Finding, Move, Ruling, Standing
from provisioning.releases.policy import judge

PATIENCE = timedelta(hours=4)


def shares(baseline: str, canary: str, weight: int) -> dict[str, int]:
    """Return who gets which percent when the canary gets `weight`: always 100 together."""
    weight = min(max(weight, 0), 100)
    return {canary: weight, baseline: 100 - weight}


def is_as(weights: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Say whether the traffic is as wanted, those without a share left aside."""
    return dict(weights) == {name: share for name, share in wanted.items() if share}


def rule(bake: Bake) -> Ruling:
    """Return what to do with the release on these grounds, and why."""
    finding = verdict(bake)
    move, because = _move(bake, finding)
    return Ruling(
        at=bake.at,
        move=move,
        because=because,
        weight=weight_after(bake, move),
        finding=finding,
        grounds=bake,
    )


def verdict(bake: Bake) -> Finding:
    """Return what the evidence says; without any it is unknown."""
    if bake.window is not None:
        return judge(bake.window)
    because = bake.hindrance or "there is no evidence"
    return Finding(name="canary", standing=Standing.UNKNOWN, because=because)


def weight_after(bake: Bake, move: Move) -> int:
    """Return the canary's share in percent once `move` is made."""
    match move:
        case Move.SHIFT:
            return bake.weights[bake.stage + 1]
        case Move.PROMOTE:
            return 100
        case Move.ROLL_BACK:
            return 0
        case _:
            return bake.weights[bake.stage]


def _move(bake: Bake, finding: Finding) -> tuple[Move, str]:
    because = finding.because
    if finding.standing is Standing.BAD:
        return Move.ROLL_BACK, because
    if bake.skipped_by is not None:
        return Move.PROMOTE, f"{bake.skipped_by} skips the remaining steps ({because})"
    left = bake.staged_at + bake.bake - bake.at
    if finding.standing is Standing.UNKNOWN and left < -PATIENCE:
        hours = PATIENCE // timedelta(hours=1)
        return Move.ROLL_BACK, f"nobody could say for {hours} h whether it does well: {because}"
    if bake.unverified:
        return Move.PAUSE, bake.unverified
    if left > timedelta(0):
        return Move.HOLD, f"{because}; bakes for another {_minutes(left)}"
    if finding.standing is Standing.UNKNOWN:
        return Move.PAUSE, f"unknown is not good: {because}"
    if bake.stage + 1 < len(bake.weights):
        return Move.SHIFT, f"{because}; next is {bake.weights[bake.stage + 1]} %"
    return Move.PROMOTE, because


def _minutes(duration: timedelta) -> str:
    return f"{-(-round(duration.total_seconds()) // 60)} min"
