"""How a preview comes up, lives longer, and is gone: three runbooks."""

from datetime import timedelta

from provisioning.environments import desired
from provisioning.environments.steps.coming import (
    announce,
    await_health,
    await_image,
    ensure_containers,
    ensure_group,
    ensure_identity,
    ensure_pull_right,
)
from provisioning.environments.steps.going import delete_group, prove_gone, revoke_pull_right
from provisioning.environments.steps.lasting import retag
from provisioning.environments.steps.room import await_room
from provisioning.model import Phase
from provisioning.operations import Step, Workflow

UP = Workflow(
    desired.UP,
    (
        Step(await_image, within=timedelta(hours=24)),
        Step(await_room, within=timedelta(hours=72)),
        Step(ensure_group, within=timedelta(minutes=20)),
        Step(ensure_identity, within=timedelta(minutes=5)),
        Step(ensure_pull_right, within=timedelta(minutes=10)),
        Step(ensure_containers, within=timedelta(minutes=20)),
        Step(await_health, within=timedelta(minutes=10)),
        Step(announce, within=timedelta(minutes=5)),
    ),
    begins={"phase": Phase.CREATING},
    fails={"phase": Phase.FAILED},
)
EXTEND = Workflow(desired.EXTEND, (Step(retag, within=timedelta(minutes=30)),))
DOWN = Workflow(
    desired.DOWN,
    (
        Step(delete_group, within=timedelta(minutes=30)),  # first what costs money
        Step(revoke_pull_right, within=timedelta(minutes=10)),
        Step(prove_gone, within=timedelta(minutes=10)),
    ),
    begins={"phase": Phase.DELETING},
    fails={"phase": Phase.LEAKED},
)
