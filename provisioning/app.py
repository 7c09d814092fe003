"""The composition root: the services of this process, and every workflow there is.

Importing this never fails and reaches nothing; `services()` builds on first use and keeps what it
built. Faulty settings raise SettingsError at every call, until the host restarts with better ones.
"""

import threading
from typing import Any

from provisioning.backups.steps import verify
from provisioning.environments.steps import previews
from provisioning.operations import Workflow
from provisioning.power.steps import nights
from provisioning.releases.steps import canaries, rollbacks
from provisioning.reports.steps import github
from provisioning.services import Clock, Services, SystemClock, build
from provisioning.settings import Settings

WORKFLOWS: dict[str, Workflow[Any]] = {
    workflow.name: workflow
    for workflow in (
        previews.UP,
        previews.EXTEND,
        previews.DOWN,
        nights.SLEEP,
        nights.WAKE,
        verify.VERIFY,
        github.REPORT,
        canaries.AS_CANARY,
        rollbacks.BACK,
    )
}

_lock = threading.Lock()
_clock: Clock = SystemClock()
_services: Services | None = None


def use_clock(clock: Clock) -> None:
    """Have everything ask this clock; to be called before the first `services()`."""
    global _clock
    _clock = clock


def services() -> Services:
    """Return this process's services; raises SettingsError where the settings are faulty."""
    global _services
    with _lock:
        if _services is None:
            _services = build(Settings.from_env(), clock=_clock, workflows=WORKFLOWS)
        return _services
