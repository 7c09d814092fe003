"""The nouns: what an environment is, what was asked of it, and what is being done.

Plain frozen values, read and written whole by `store/codec.py`. Times are aware and UTC.
"""

from provisioning.model.environments import (
    Answer,
    Approval,
    Condition,
    Environment,
    Hours,
    Kept,
    Kind,
    Lease,
    Mode,
    Nap,
    Phase,
    PullRequest,
    Pushed,
    Reports,
    Resource,
)
from provisioning.model.releases import (
    Arm,
    Bake,
    Move,
    Release,
    ReleaseStatus,
    Ruling,
    Window,
)
from provisioning.model.verdicts import (
    Backups,
    Finding,
    RaisedAlert,
    Standing,
)
from provisioning.model.wishes import (
    Decision,
    Grounds,
    Plan,
    Request,
)

__all__ = [
    "Answer",
    "Approval",
    "Arm",
    "Backups",
    "Bake",
    "Condition",
    "Decision",
    "Environment",
    "Finding",
    "Grounds",
    "Hours",
    "Kept",
    "Kind",
    "Lease",
    "Mode",
    "Move",
    "Nap",
    "Phase",
    "Plan",
    "PullRequest",
    "Pushed",
    "RaisedAlert",
    "Release",
    "ReleaseStatus",
    "Reports",
    "Request",
    "Resource",
    "Ruling",
    "Standing",
    "Window",
]
