"""What an environment that others built should be at an instant, awake or asleep, and why."""

from dataclasses import replace
from datetime import datetime

from provisioning.conditions import lasting
from provisioning.model import Decision, Environment, Grounds, Plan


def decide(grounds: Grounds) -> tuple[Plan, Decision]:
    """Return what to ask for on these grounds, and the decision as it is stored."""
    because = "nothing puts it to sleep"
    found = Plan(workflow=None, aim="awake", because=because)
    return found, Decision(
        action="none", because=because, inputs={}, would_change="working hours", grounds=grounds
    )


def asked(environment: Environment, plan: Plan, *, now: datetime) -> Environment:
    """Return the row as it is once `plan` has been asked for."""
    return replace(
        environment,
        generation=environment.generation + 1,
        aim=plan.aim,
        conditions=lasting(environment.conditions),
        changed_at=now,
    )
