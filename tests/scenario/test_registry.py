"""Previews whose images lie in an Azure registry: one right, for one repository, taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning.catalog import Registry
from provisioning.model import Phase
from tests.builders import pull_event, pull_object, run_event, run_object
from tests.town import SUBSCRIPTION, Town, a_town

NAME = "pr-7-rewards-api"
SHA = "1" * 40
REGISTRY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared"
    "/providers/Microsoft.ContainerRegistry/registries/tesoroxp"
)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Return a control plane whose catalog names an Azure registry that exists."""
    with a_town(tmp_path) as started:
        catalog = started.services.catalog
        service = catalog.services["rewards-api"]
        assert service.preview is not None
        preview = replace(
            service.preview,
            image="tesoroxp.azurecr.io/tesoro/rewards-api:{sha}",
            registry=Registry(id=REGISTRY, repository="tesoro/rewards-api"),
        )
        named = {"rewards-api": replace(service, preview=preview)}
        started.services = replace(started.services, catalog=replace(catalog, services=named))
        started.seed(
            {
                "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared",
                "name": "rg-shared",
                "type": "Microsoft.Resources/resourceGroups",
                "location": "westeurope",
                "properties": {"provisioningState": "Succeeded"},
            },
            {
                "id": REGISTRY,
                "name": "tesoroxp",
                "type": "Microsoft.ContainerRegistry/registries",
                "location": "westeurope",
                "sku": {"name": "Premium"},
                "properties": {"provisioningState": "Succeeded"},
            },
        )
        yield started


def up(town: Town) -> None:
    town.pulls(pull_object(7, sha=SHA))
    town.runs(run_object(SHA))
    town.deliver("pull_request", pull_event("opened", 7, sha=SHA))
    town.deliver("workflow_run", run_event(SHA))
    town.settle()
    town.pass_time(timedelta(minutes=5))


def close(town: Town) -> None:
    given: dict[str, Any] = {"sha": SHA, "state": "closed", "updated_at": "2026-11-23T20:00:00Z"}
    town.pulls(pull_object(7, **given))
    town.deliver("pull_request", pull_event("closed", 7, **given))
    town.settle()


def rights(town: Town) -> list[dict[str, Any]]:
    kind = "microsoft.authorization/roleassignments"
    return [r for r in town.resources() if r["type"].lower() == kind]


def test_its_identity_may_pull_one_repository_and_nothing_else(town: Town) -> None:
    up(town)

    assert town.environment(NAME).phase is Phase.READY
    (right,) = rights(town)
    assert right["id"].lower().startswith(REGISTRY.lower())
    properties = right["properties"]
    assert properties["roleDefinitionId"].endswith("b93aa761-3e63-49ed-ac28-beffa264f7ac")
    assert "StringEqualsIgnoreCase 'tesoro/rewards-api'" in properties["condition"]
    (group,) = [r for r in town.resources() if r["type"].endswith("containerGroups")]
    (login,) = group["properties"]["imageRegistryCredentials"]
    assert login["server"] == "tesoroxp.azurecr.io"
    assert login["identity"].endswith(f"/id-{NAME}")


def test_the_right_goes_with_the_preview_and_comes_back_for_a_new_identity(town: Town) -> None:
    up(town)
    close(town)
    town.pass_time(timedelta(minutes=5))
    gone = town.environment(NAME).phase
    left = rights(town)
    given: dict[str, Any] = {"sha": SHA, "updated_at": "2026-11-23T21:00:00Z"}
    town.pulls(pull_object(7, **given))
    town.deliver("pull_request", pull_event("reopened", 7, **given))
    town.settle()
    town.pass_time(timedelta(minutes=5))

    assert gone is Phase.GONE
    assert left == []
    assert town.environment(NAME).phase is Phase.READY
    assert len(rights(town)) == 1


def test_a_right_that_cannot_be_taken_back_is_a_leak(town: Town) -> None:
    up(town)
    town.fault(
        match={"method": "DELETE", "path": "roleassignments"},
        status=403,
        code="AuthorizationFailed",
        times=1000,
    )
    close(town)
    town.pass_time(timedelta(minutes=15))
    leaked = town.environment(NAME)
    town.mended()
    town.pass_time(timedelta(hours=1, minutes=5))

    assert leaked.phase is Phase.LEAKED
    assert town.environment(NAME).phase is Phase.GONE
    assert rights(town) == []
