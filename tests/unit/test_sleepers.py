"""How each type that sleeps is read, captured and put back."""

from typing import Any

import pytest

from provisioning.azure.resources import (
    app_service,
    container_app,
    postgres_server,
    virtual_machine,
)
from provisioning.azure.resources.sleeper import Act, Patch, Sleeper
from provisioning.azure.resources.sleepers import SLEEPERS, sleeper_of

APP, PLAN = container_app.SLEEPER, app_service.SLEEPER
SERVER, MACHINE = postgres_server.SLEEPER, virtual_machine.SLEEPER


def app(**given: Any) -> dict[str, Any]:
    """Return a container app's body."""
    return {"properties": {"provisioningState": "Succeeded", **given}}


def plan(name: str, tier: str, count: int = 2, **given: Any) -> dict[str, Any]:
    """Return a plan's body."""
    sku = {"name": name, "tier": tier, "size": name, "family": name, "capacity": count}
    return {"sku": sku, "properties": {"provisioningState": "Succeeded", **given}}


def server(state: str) -> dict[str, Any]:
    """Return a PostgreSQL server's body."""
    return {"sku": {"name": "Standard_B2s"}, "properties": {"state": state}}


def machine(power: str) -> dict[str, Any]:
    """Return a machine's body."""
    codes = [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{power}"}]
    size = {"vmSize": "Standard_D2s_v5"}
    return {"properties": {"hardwareProfile": size, "instanceView": {"statuses": codes}}}


@pytest.mark.parametrize(
    ("sleeper", "body", "awake", "moving"),
    [
        pytest.param(APP, app(runningStatus="Running"), True, False, id="app runs"),
        pytest.param(APP, app(runningStatus="Stopped"), False, False, id="app stopped"),
        pytest.param(APP, app(runningStatus="Progressing"), None, True, id="app turns"),
        pytest.param(APP, app(provisioningState="InProgress"), None, True, id="app changes"),
        pytest.param(PLAN, plan("P1v3", "PremiumV3"), True, False, id="plan"),
        pytest.param(PLAN, plan("P0v3", "Premium0V3", 1), True, False, id="small premium"),
        pytest.param(PLAN, plan("B1", "Basic", 2), True, False, id="two of the smallest"),
        pytest.param(PLAN, plan("B1", "Basic", 1), False, False, id="the smallest"),
        pytest.param(PLAN, plan("Y1", "Dynamic", 0), None, False, id="by use"),
        pytest.param(PLAN, plan("EP1", "ElasticPremium"), None, False, id="elastic"),
        pytest.param(
            PLAN, plan("P1v3", "PremiumV3", 3, zoneRedundant=True), None, False, id="spans zones"
        ),
        pytest.param(
            PLAN, plan("S1", "Standard", provisioningState="InProgress"), None, True, id="scales"
        ),
        pytest.param(SERVER, server("Ready"), True, False, id="server runs"),
        pytest.param(SERVER, server("Stopped"), False, False, id="server stopped"),
        pytest.param(SERVER, server("Stopping"), None, True, id="server turns"),
        pytest.param(SERVER, server("Disabled"), None, False, id="server disabled"),
        pytest.param(MACHINE, machine("running"), True, False, id="machine runs"),
        pytest.param(MACHINE, machine("deallocated"), False, False, id="machine asleep"),
        pytest.param(MACHINE, machine("stopped"), None, False, id="stopped by hand"),
        pytest.param(MACHINE, machine("deallocating"), None, True, id="machine turns"),
    ],
)
def test_how_a_resource_stands(sleeper: Sleeper, body: Any, awake: bool | None, moving: bool):
    seen = sleeper.observe(body)

    assert (seen.awake, seen.moving) == (awake, moving)


@pytest.mark.parametrize("sleeper", SLEEPERS, ids=lambda s: s.type)
def test_what_does_not_say_how_it_stands_is_not_taken_for_awake(sleeper: Sleeper):
    assert sleeper.observe({}).awake is None


def test_a_plan_is_given_back_the_very_sku_it_had():
    body = plan("P1v3", "PremiumV3", 3)

    was = PLAN.capture(body)

    assert PLAN.start(was) == Patch({"sku": body["sku"]})
    assert (was["size"], was["count"]) == ("P1v3", "3")


@pytest.mark.parametrize("sleeper", [APP, SERVER, MACHINE], ids=lambda s: s.type)
def test_the_others_are_started_as_they_were(sleeper: Sleeper):
    assert sleeper.start({}) == Act("start")


def test_an_apps_size_is_that_of_its_least_replicas():
    template = {
        "containers": [
            {"resources": {"cpu": 0.5, "memory": "1Gi"}},
            {"resources": {"cpu": 0.25, "memory": "0.5Gi"}},
        ],
        "scale": {"minReplicas": 2},
    }

    was = APP.capture(app(template=template))

    assert was == {"size": "container-app", "cores": "1.5", "gib": "3"}


def test_a_type_is_known_whatever_its_case():
    assert sleeper_of("microsoft.compute/VIRTUALMACHINES") is MACHINE
    assert sleeper_of("Microsoft.Sql/servers") is None
