"""Which rules an environment follows: those of previews, or those of what others built.

A preview is there or gone, as its pull request says; what others built is awake or asleep, as its
hours say. Both answer with a plan and a decision, so that `request.converge` treats them alike.
"""

from datetime import datetime

from provisioning.catalog import Catalog, Which
from provisioning.environments import desired, heard
from provisioning.model import Decision, Environment, Grounds, Kind, Plan
from provisioning.power import plan as power


def grounds(catalog: Catalog, environment: Environment, *, retry: bool, now: datetime) -> Grounds:
    """Return what a decision about the environment at `now` follows from."""
    built = catalog.environments.get(environment.name)
    preview = catalog.preview_of(environment.service)
    return Grounds(
        environment=environment,
        at=now,
        expiry=catalog.expiry,
        retry=retry,
        hours=None if built is None else built.hours,
        mode=None if built is None else built.mode,
        labelled_only=preview is not None and preview.pull_requests is Which.LABELLED,
    )


def decide(grounds: Grounds) -> tuple[Plan, Decision]:
    """Return what to ask for on these grounds, and the decision as it is stored."""
    if grounds.environment.kind is Kind.PREVIEW:
        return desired.decide(grounds)
    return power.decide(grounds)


def asked(grounds: Grounds, plan: Plan) -> Environment:
    """Return the environment as it is once `plan` has been asked for."""
    environment = grounds.environment
    if environment.kind is Kind.PREVIEW:
        return desired.asked(environment, plan, expiry=grounds.expiry, now=grounds.at)
    return power.asked(environment, plan, now=grounds.at)


def warned(catalog: Catalog, environment: Environment, *, now: datetime) -> Environment:
    """Return the environment with its end as warned of, where that is near."""
    return heard.warned(environment, warning=catalog.warning, now=now)


def expires_at(grounds: Grounds) -> datetime | None:
    """Return when the environment ends; what others built does not."""
    if grounds.environment.kind is Kind.PREVIEW:
        return heard.expires_at(grounds.environment, expiry=grounds.expiry)
    return None
