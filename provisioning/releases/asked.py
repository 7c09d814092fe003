"""What can be asked of releases: a new one, and to take one back.

A wish is read whole: every fault in it is named at once. Names and versions go into addresses,
queries and rows, so each is of an allow-list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.catalog import Built, Catalog, Host, Placed
from provisioning.errors import Fault, Refusal
from provisioning.model import Mode, Release, ReleaseStatus, Request

CANARY, ROLLBACK = "release.canary", "release.rollback"
STRATEGY = "canary"

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_FIELDS = ("environment", "service", "version", "strategy")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Somebody wants a version of a service in an environment, as a canary first."""

    environment: Built
    placed: Placed
    version: str


def read_wish(content: Mapping[str, Any], catalog: Catalog) -> Wish:
    """Return the release that `content` asks for.

    Raises Refusal: 400 with every fault, 409 where the environment may only be looked at.
    """
    faults = [
        Fault("field_unknown", f"use {', '.join(_FIELDS)}", str(name)[:80])
        for name in content.keys() - set(_FIELDS)
    ]
    environment = catalog.environments.get(_text(content, "environment"))
    if environment is None:
        names = ", ".join(catalog.environments) or "none"
        message = f"name an environment that others built: {names}"
        faults.append(Fault("environment_unknown", message, "environment"))
    faults += _service_faults(content, catalog, environment)
    version = _text(content, "version")
    if not _VERSION.fullmatch(version):
        form = "1 to 63 letters, digits, `.`, `_` and `-`, as in an image's tag"
        faults.append(Fault("field_invalid", f"version must be {form}", "version"))
    if content.get("strategy", STRATEGY) != STRATEGY:
        faults.append(Fault("strategy_unknown", "the one strategy is canary", "strategy"))
    if faults or environment is None:
        raise Refusal(400, *faults)
    if environment.mode is Mode.OBSERVE:
        raise Refusal.one(
            409,
            "environment_observed",
            f"{environment.name} is only looked at; adopt it in the catalog first",
            "environment",
        )
    placed = environment.services[_text(content, "service")]
    return Wish(environment=environment, placed=placed, version=version)


def begun(
    wish: Wish,
    subscription: str,
    *,
    target: str,
    by: str,
    now: datetime,
    before: Release | None = None,
) -> Release:
    """Return the row of the release that the wish begins, after the one `before` it."""
    number = 1 if before is None else before.number + 1
    name, service = wish.environment.name, wish.placed.service
    return Release(
        name=target,
        id=f"{name}.{service}.{number}",
        number=number,
        environment=name,
        service=service,
        version=wish.version,
        strategy=STRATEGY,
        status=ReleaseStatus.WAITING,
        requested_by=by,
        created_at=now,
        changed_at=now,
        resource=app_id(subscription, wish.environment, wish.placed),
        because="it has been asked for",
        generation=1 if before is None else before.generation + 1,
    )


def app_id(subscription: str, environment: Built, placed: Placed) -> str:
    """Return the id of the container app that runs a service."""
    group = f"/subscriptions/{subscription}/resourceGroups/{environment.group}"
    return f"{group}/providers/Microsoft.App/containerApps/{placed.resource}"


def workspace_id(subscription: str, environment: Built) -> str:
    """Return the id of the workspace that holds an environment's telemetry."""
    group = f"/subscriptions/{subscription}/resourceGroups/{environment.group}"
    return f"{group}/providers/Microsoft.OperationalInsights/workspaces/{environment.workspace}"


def taken_back(release: Release, *, cause: str, by: str, attempt: int = 1) -> Request:
    """Return the wish to take a release back: the same however many ask for it."""
    return Request(
        workflow=ROLLBACK,
        target=release.name,
        cause=cause,
        key=f"{release.id} attempt {attempt}",
        by=by,
        inputs={"release": release.id},
    )


def is_under_way(release: Release) -> bool:
    """Say whether the release is neither over nor given up."""
    return not release.status.is_final


def can_be_taken_back(release: Release) -> bool:
    """Say whether there is something that a rollback would undo."""
    return release.status is not ReleaseStatus.ROLLED_BACK


def _service_faults(
    content: Mapping[str, Any], catalog: Catalog, environment: Built | None
) -> list[Fault]:
    service = _text(content, "service")
    if service not in catalog.services:
        names = ", ".join(catalog.services)
        return [Fault("service_unknown", f"name a service of the catalog: {names}", "service")]
    if environment is None:
        return []
    placed = environment.services.get(service)
    if placed is None:
        message = f"{service} does not run in {environment.name}"
        return [Fault("service_unknown", message, "service")]
    if placed.host is not Host.CONTAINER_APP:
        message = f"{service} runs on a {placed.host}; a canary needs a container app's revisions"
        return [Fault("host_unsuited", message, "service")]
    return []


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""
