"""How many deployments a scope remembers, and how old ones go.

Source: learn.microsoft.com "Automatic deletions from deployment history": 800 for each scope;
above 700 the oldest go until 600 are left, unless a CanNotDelete lock holds them.
"""

from local.azure import locks
from local.azure.arm import Refusal, gateway
from local.azure.deployments.records import Deployment
from local.azure.ids import parse
from local.azure.world import World

MOST, FULL, LEFT = 800, 700, 600


def check(world: World, scope: str, name: str) -> None:
    """Refuse one deployment more than a scope remembers."""
    count = len(world.deployments.within(scope))
    if count >= MOST:
        raise gateway(
            409,
            "DeploymentQuotaExceeded",
            f"Creating the deployment '{name}' would exceed the quota of '{MOST}'. The current"
            f" deployment count is '{count}'. Please delete some deployments before creating a"
            " new one, or see https://aka.ms/800LimitFix for information on managing deployment"
            " limits.",
        )


def trim(world: World, one: Deployment) -> None:
    """Let the oldest deployments of a scope go when there are too many."""
    kept = world.deployments.within(one.scope)
    if len(kept) <= FULL:
        return
    try:
        locks.refuse_delete(world, parse(one.scope)[0])
    except Refusal:
        return
    for old in [found for found in kept[LEFT:] if not found.active]:
        world.deployments.drop(old)
