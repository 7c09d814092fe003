"""Container apps and their environments: what is shown, by api-version and by what was asked."""

from typing import Any

import pytest

from .kit import Azure

VERSION, PREVIEW = "2025-01-01", "2025-02-02-preview"


@pytest.fixture
def home(azure: Azure) -> str:
    """Return an environment."""
    path = f"{azure.group()}/providers/Microsoft.App/managedEnvironments/home"
    row = {"id": path, "type": "Microsoft.App/managedEnvironments", "location": "westeurope"}
    assert azure.local("PUT", "resources", [{**row, "properties": {}}]).status_code == 200
    return path


@pytest.fixture
def app(azure: Azure, home: str) -> str:
    """Return an app with an identity and without an ingress, ready."""
    path = f"{azure.group()}/providers/Microsoft.App/containerApps/shop"
    container = {"name": "main", "image": "example.org/shop:1"}
    body: dict[str, Any] = {"location": "westeurope", "identity": {"type": "SystemAssigned"}}
    body["properties"] = {"environmentId": home, "template": {"containers": [container]}}
    assert azure.call("PUT", path, body, version=VERSION).status_code == 201
    azure.clock.advance(60)
    return path


def test_a_patch_that_changes_nothing_is_done_at_once(azure: Azure, home: str) -> None:
    same = azure.call("PATCH", home, {"properties": {"zoneRedundant": False}}, version=VERSION)
    profiles = [{"name": "Consumption", "workloadProfileType": "Consumption"}]
    body = {"properties": {"workloadProfiles": profiles}}
    named = azure.call("PATCH", home, body, version=VERSION)

    assert same.status_code == 200
    assert same.json()["properties"]["provisioningState"] == "Succeeded"
    assert named.status_code == 202


def test_an_app_with_an_identity_tells_its_principal(azure: Azure, app: str) -> None:
    shown = azure.get(app, VERSION)

    assert shown["identity"]["principalId"]
    assert shown["identity"]["tenantId"]
    assert shown["properties"]["latestRevisionFqdn"] == ""


def test_only_previews_tell_kinds_of_image_and_debug_endpoints(azure: Azure, app: str) -> None:
    for version, more in ((VERSION, False), (PREVIEW, True)):
        (revision,) = azure.get(f"{app}/revisions", version)["value"]
        (container,) = revision["properties"]["template"]["containers"]
        replicas = azure.get(f"{app}/revisions/{revision['name']}/replicas", version)["value"]
        (running,) = replicas[0]["properties"]["containers"]

        assert ("imageType" in container, "debugEndpoint" in running) == (more, more)


def test_a_replica_waits_until_its_revision_is_ready(azure: Azure, home: str) -> None:
    path = f"{home.rpartition('/managedEnvironments/')[0]}/containerApps/early"
    template = {"containers": [{"name": "early", "image": "nginx"}]}
    body = {"location": "westeurope", "properties": {"environmentId": home, "template": template}}
    azure.call("PUT", path, body, version=VERSION)

    states = []
    for _ in range(2):
        (revision,) = azure.get(f"{path}/revisions", VERSION)["value"]
        (replica,) = azure.get(f"{path}/revisions/{revision['name']}/replicas", VERSION)["value"]
        (one,) = replica["properties"]["containers"]
        states.append((replica["properties"]["runningState"], "containerId" in one))
        azure.clock.advance(60)

    assert states == [("NotRunning", False), ("Running", True)]
