"""What runs the services: container apps and their revisions, plans and sites, machines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.azure import inline

from .kit import KEYS, SCOPE, Azure, clients, code

APP, WEB, COMPUTE = "2024-03-01", "2023-12-01", "2024-07-01"
GROUP = f"{SCOPE}/resourceGroups/rg-tesoro-staging/providers"
REWARDS = f"{GROUP}/Microsoft.App/containerApps/rewards-api"
PLAN = f"{GROUP}/Microsoft.Web/serverfarms/plan-tesoro-staging"
SITE = f"{GROUP}/Microsoft.Web/sites/members-web-tesoro-staging"
MACHINE = f"{GROUP}/Microsoft.Compute/virtualMachines/vm-tesoro-batch-staging"
POSTGRES = f"{GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/psql-tesoro-staging"


@pytest.fixture
def estate(files: tuple[Path, Path, Path]) -> Iterator[Azure]:
    """Return a simulator with the three environments of a first start."""
    authority, chain, key = files
    session = requests.Session()
    session.verify = str(authority)
    session.trust_env = False
    with inline.running(keys=KEYS, tls=(chain, key), furnished=True) as running:
        arm, aci = clients(running.base_url, authority)
        with arm, aci, session:
            yield Azure(running=running, session=session, authority=authority, arm=arm, aci=aci)


def shares(azure: Azure) -> dict[str, int]:
    """Return the weight of each revision of the container app."""
    rows = azure.get(f"{REWARDS}/revisions", APP)["value"]
    return {row["name"]: row["properties"]["trafficWeight"] for row in rows}


def weigh(azure: Azure, **weights: int) -> requests.Response:
    """Give the revisions these weights."""
    rows = [{"revisionName": f"rewards-api--{k}", "weight": v} for k, v in weights.items()]
    body = {"properties": {"configuration": {"ingress": {"traffic": rows}}}}
    return azure.call("PATCH", REWARDS, body, version=APP)


def health(azure: Azure, host: str) -> int:
    """Return what the host's health answers."""
    answer = azure.session.get(f"{azure.running.containers_url}/{host}/health")
    return answer.status_code


def host_of(azure: Azure) -> str:
    """Return the container app's host name."""
    ingress = azure.get(REWARDS, APP)["properties"]["configuration"]["ingress"]
    return str(ingress["fqdn"])


# Container apps


def test_a_container_app_stops_and_starts_as_it_was(estate: Azure) -> None:
    weigh(estate, v1=75, v2=25)
    estate.clock.advance(60)
    before = estate.get(REWARDS, APP)["properties"]

    stopped = estate.call("POST", f"{REWARDS}/stop", version=APP)
    moving = estate.get(REWARDS, APP)["properties"]["runningStatus"]
    estate.clock.advance(20)
    asleep = estate.get(REWARDS, APP)["properties"]["runningStatus"]
    gone = health(estate, host_of(estate))
    estate.call("POST", f"{REWARDS}/start", version=APP)
    estate.clock.advance(60)

    assert (stopped.status_code, "location" in stopped.headers) == (202, True)
    assert (moving, asleep, gone) == ("Progressing", "Stopped", 404)
    assert estate.get(REWARDS, APP)["properties"] == before
    assert shares(estate) == {"rewards-api--v1": 75, "rewards-api--v2": 25}
    assert health(estate, host_of(estate)) == 200


def test_a_second_operation_on_a_busy_app_is_refused(estate: Azure) -> None:
    estate.call("POST", f"{REWARDS}/stop", version=APP)

    assert code(weigh(estate, v1=100)) == (409, "ContainerAppOperationInProgress")


@pytest.mark.parametrize(
    "weights",
    [
        pytest.param({"v1": 90, "v2": 5}, id="not a hundred"),
        pytest.param({"v1": 110, "v2": -10}, id="out of range"),
        pytest.param({"v1": 50, "v9": 50}, id="unknown revision"),
    ],
)
def test_traffic_that_does_not_add_up_is_refused(estate: Azure, weights: dict[str, int]) -> None:
    assert weigh(estate, **weights).status_code == 400
    assert shares(estate) == {"rewards-api--v1": 100, "rewards-api--v2": 0}


def test_a_changed_template_makes_a_revision_and_an_unchanged_one_none(estate: Azure) -> None:
    template = estate.get(REWARDS, APP)["properties"]["template"]
    container = {**template["containers"][0], "image": "ghcr.io/tesoro/rewards-api:v3"}
    changed = {**template, "revisionSuffix": "v3", "containers": [container]}

    same = estate.call("PATCH", REWARDS, {"properties": {"template": template}}, version=APP)
    estate.clock.advance(60)
    fresh = estate.call("PATCH", REWARDS, {"properties": {"template": changed}}, version=APP)
    estate.clock.advance(60)
    taken = {**template, "revisionSuffix": "v1", "containers": [container | {"image": "x:y"}]}
    refused = estate.call("PATCH", REWARDS, {"properties": {"template": taken}}, version=APP)

    assert (same.status_code, fresh.status_code, refused.status_code) == (202, 202, 400)
    assert shares(estate) == {
        "rewards-api--v1": 100,
        "rewards-api--v2": 0,
        "rewards-api--v3": 0,
    }
    found = estate.get(f"{REWARDS}/revisions/rewards-api--v3", APP)["properties"]
    assert (found["healthState"], found["provisioningState"]) == ("Healthy", "Provisioned")


def test_a_revision_with_traffic_stays_active(estate: Azure) -> None:
    one, two = (f"{REWARDS}/revisions/rewards-api--{v}/deactivate" for v in ("v1", "v2"))

    assert estate.call("POST", one, version=APP).status_code == 400
    assert estate.call("POST", two, version=APP).status_code == 200
    assert code(weigh(estate, v1=50, v2=50)) == (400, "ContainerAppInvalidRevisionName")


def test_what_was_seeded_can_be_read_and_put_back(estate: Azure) -> None:
    rows = estate.local("GET", "resources").json()

    answer = estate.local("PUT", "resources", rows)

    assert answer.status_code == 200, answer.text
    assert shares(estate) == {"rewards-api--v1": 100, "rewards-api--v2": 0}


# Plans and sites


def test_a_plan_is_scaled_down_and_back(estate: Azure) -> None:
    before = estate.get(PLAN, WEB)

    small = estate.call("PATCH", PLAN, {"sku": {"name": "B1", "capacity": 1}}, version=WEB)
    starting = health(estate, "members-web-tesoro-staging.azurewebsites.net")
    back = estate.call("PATCH", PLAN, {"sku": before["sku"]}, version=WEB)
    estate.clock.advance(30)

    assert small.json()["sku"] == {
        "name": "B1",
        "tier": "Basic",
        "size": "B1",
        "family": "B",
        "capacity": 1,
    }
    assert (starting, back.status_code) == (503, 200)
    assert estate.get(PLAN, WEB) == before
    assert health(estate, "members-web-tesoro-staging.azurewebsites.net") == 200


@pytest.mark.parametrize(
    ("sku", "status"),
    [
        pytest.param({"name": "B1", "capacity": 4}, 400, id="too many"),
        pytest.param({"name": "X9"}, 400, id="not offered"),
        pytest.param({"name": "B1", "tier": "Standard"}, 400, id="another tier"),
        pytest.param({"name": "F1"}, 409, id="always on"),
    ],
)
def test_a_size_that_azure_refuses_is_refused(
    estate: Azure, sku: dict[str, Any], status: int
) -> None:
    assert estate.call("PATCH", PLAN, {"sku": sku}, version=WEB).status_code == status


def test_a_plan_with_sites_cannot_be_deleted(estate: Azure) -> None:
    refused = estate.call("DELETE", PLAN, version=WEB)

    assert (refused.status_code, refused.json()["Code"]) == (409, "Conflict")


def test_a_stopped_site_is_disabled(estate: Azure) -> None:
    host = "members-web-tesoro-staging.azurewebsites.net"

    estate.call("POST", f"{SITE}/stop", version=WEB)

    assert health(estate, host) == 403
    assert estate.get(SITE, WEB)["properties"]["state"] == "Stopped"


def test_a_service_is_not_well_without_its_database(estate: Azure) -> None:
    estate.call("POST", f"{POSTGRES}/stop", version="2024-08-01")
    estate.clock.advance(120)

    assert health(estate, host_of(estate)) == 503


# Machines


def power(azure: Azure) -> str:
    """Return the machine's power state."""
    view = azure.get(f"{MACHINE}?$expand=instanceView", COMPUTE)["properties"]["instanceView"]
    return str(view["statuses"][1]["code"])


def test_a_machine_is_deallocated_and_started(estate: Azure) -> None:
    before = estate.get(MACHINE, COMPUTE)

    answer = estate.call("POST", f"{MACHINE}/deallocate", version=COMPUTE)
    moving = power(estate)
    busy = estate.call("POST", f"{MACHINE}/start", version=COMPUTE)
    estate.clock.advance(60)
    asleep = power(estate)
    estate.call("POST", f"{MACHINE}/start", version=COMPUTE)
    estate.clock.advance(30)

    assert (answer.status_code, code(busy)) == (202, (409, "OperationNotAllowed"))
    assert (moving, asleep) == ("PowerState/deallocating", "PowerState/deallocated")
    assert power(estate) == "PowerState/running"
    assert estate.get(MACHINE, COMPUTE) == before


def test_a_deallocated_machine_tells_no_size_of_its_disk(estate: Azure) -> None:
    before = estate.get(MACHINE, COMPUTE)["properties"]["storageProfile"]["osDisk"]

    estate.call("POST", f"{MACHINE}/deallocate", version=COMPUTE)
    estate.clock.advance(60)
    after = estate.get(MACHINE, COMPUTE)["properties"]["storageProfile"]["osDisk"]

    assert {"diskSizeGB", "managedDisk"} <= before.keys()
    assert "diskSizeGB" not in after
    assert before["managedDisk"].keys() - after["managedDisk"].keys() == {"storageAccountType"}


def test_only_a_machine_that_runs_has_an_agent(estate: Azure) -> None:
    running = estate.get(f"{MACHINE}/instanceView", COMPUTE)

    estate.call("POST", f"{MACHINE}/powerOff", version=COMPUTE)
    estate.clock.advance(60)
    stopped = estate.get(f"{MACHINE}/instanceView", COMPUTE)

    disk = estate.get(MACHINE, COMPUTE)["properties"]["storageProfile"]["osDisk"]
    assert running["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert "vmAgent" not in stopped
    assert [one["name"] for one in stopped["disks"]] == [disk["name"]]


def test_a_machine_lists_its_extensions_without_their_secrets(estate: Azure) -> None:
    body = {
        "location": "westeurope",
        "properties": {
            "publisher": "Microsoft.Azure.Extensions",
            "type": "CustomScript",
            "typeHandlerVersion": "2.1",
            "protectedSettings": {"commandToExecute": "secret"},
        },
    }
    estate.call("PUT", f"{MACHINE}/extensions/script", body, version=COMPUTE)
    estate.clock.advance(30)

    (row,) = estate.get(MACHINE, COMPUTE)["resources"]

    assert row["id"] == f"{MACHINE}/extensions/script"
    assert row["properties"]["provisioningState"] == "Succeeded"
    assert "protectedSettings" not in row["properties"]
    changed = estate.call("PATCH", MACHINE, {"tags": {"a": "b"}}, version=COMPUTE).json()
    assert [one["name"] for one in changed["resources"]] == ["script"]


def test_an_interface_serves_one_machine(estate: Azure) -> None:
    body = estate.get(MACHINE, COMPUTE)
    twin = MACHINE.replace("vm-tesoro-batch", "vm-twin")
    given = {"location": "westeurope", "properties": body["properties"]}

    assert code(estate.call("PUT", twin, given, version=COMPUTE)) == (400, "NetworkInterfaceInUse")
