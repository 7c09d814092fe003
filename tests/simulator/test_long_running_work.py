"""The SDK's own pollers, followed to their end while time passes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.mgmt.core.polling.arm_polling import ARMPolling

from local.azure import inline

from .kit import KEYS, clients, container, group_body


class PassingClock(inline.HandClock):
    """A clock that moves by two seconds whenever it is read."""

    def now(self) -> datetime:
        """Return the instant after the last."""
        self._now += timedelta(seconds=2)
        return self._now


class Hasty(ARMPolling):
    """The SDK's polling without its sleep: Azure asks for 15 seconds between two polls."""

    def _sleep(self, delay: float) -> None:
        pass


@pytest.fixture
def sdk(files: tuple[Path, Path, Path]) -> Iterator[tuple[Any, Any, str]]:
    authority, chain, key = files
    with inline.running(keys=KEYS, tls=(chain, key), clock=PassingClock()) as running:
        arm, aci = clients(running.base_url, authority)
        with arm, aci:
            arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
            yield arm, aci.container_groups, running.base_url


def test_a_group_is_created_updated_restarted_and_started(sdk: tuple[Any, Any, str]) -> None:
    _, groups, _ = sdk
    changed = group_body(containers=[container(image="ghcr.io/tesoro/rewards-api:def")])

    created = groups.begin_create_or_update("rg", "pr-7", group_body()).result()
    updated = groups.begin_create_or_update("rg", "pr-7", changed).result()
    groups.begin_restart("rg", "pr-7").wait()
    groups.stop("rg", "pr-7")
    stopped = groups.get("rg", "pr-7").instance_view.state
    groups.begin_start("rg", "pr-7").wait()

    assert created.provisioning_state == updated.provisioning_state == "Succeeded"
    assert updated.containers[0].image.endswith(":def")
    assert stopped == "Stopped"
    assert groups.get("rg", "pr-7").instance_view.state == "Running"


def test_a_resource_group_is_deleted_to_the_end(sdk: tuple[Any, Any, str]) -> None:
    arm, groups, _ = sdk
    groups.begin_create_or_update("rg", "pr-7", group_body()).result()

    arm.resource_groups.begin_delete("rg", polling=Hasty(0)).wait()

    assert not arm.resource_groups.check_existence("rg")


def test_failed_work_raises_with_its_code(
    sdk: tuple[Any, Any, str], files: tuple[Path, Path, Path]
) -> None:
    _, groups, base = sdk
    rule: dict[str, Any] = {"match": "rewards-api", "behaviour": "missing", "seconds": 30}
    requests.put(f"{base}/_local/images", json=[rule], verify=str(files[0]), timeout=5)

    with pytest.raises(HttpResponseError) as caught:
        groups.begin_create_or_update("rg", "pr-7", group_body()).result()

    assert caught.value.error is not None
    assert caught.value.error.code == "InaccessibleImage"


def test_a_group_whose_deletion_fails_raises_with_its_code(
    sdk: tuple[Any, Any, str], files: tuple[Path, Path, Path]
) -> None:
    arm, groups, base = sdk
    groups.begin_create_or_update("rg", "pr-7", group_body()).result()
    order: dict[str, Any] = {
        "match": {"path": "containerGroups/pr-7$"},
        "late": True,
        "code": "StillInUse",
    }
    requests.post(f"{base}/_local/faults", json=order, verify=str(files[0]), timeout=5)

    with pytest.raises(HttpResponseError) as caught:
        arm.resource_groups.begin_delete("rg", polling=Hasty(0)).wait()

    assert caught.value.error is not None
    assert caught.value.error.code == "ResourceGroupDeletionBlocked"
    assert groups.get("rg", "pr-7").name == "pr-7"
