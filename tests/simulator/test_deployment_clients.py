"""Deployments and stacks through the clients that Azure publishes for them, to the end of each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient

from local.azure import inline

from .deploying import ACCOUNTS, GROUPS, account, identity, nested, network, template
from .kit import KEYS, SCOPE, Credential, clients
from .test_long_running_work import Hasty, PassingClock

_ID = f"[resourceId('{ACCOUNTS}', 'tesoroone')]"
Clients = tuple[Any, Any, Any]


@pytest.fixture
def sdk(files: tuple[Path, Path, Path]) -> Iterator[Clients]:
    authority, chain, key = files
    with inline.running(keys=KEYS, tls=(chain, key), clock=PassingClock()) as running:
        options: dict[str, Any] = {
            "base_url": running.base_url,
            "connection_verify": str(authority),
            "polling_interval": 0,
            "retry_total": 0,
        }
        who = Credential()
        arm, _ = clients(running.base_url, authority)
        deployments = DeploymentsMgmtClient(who, inline.SUBSCRIPTION, **options)
        stacks = DeploymentStacksClient(who, inline.SUBSCRIPTION, **options)
        with arm, deployments, stacks:
            arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
            yield arm, deployments, stacks


def _asked(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    top: dict[str, Any] = {k: more.pop(k) for k in ("location", "tags") if k in more}
    return {**top, "properties": {"mode": "Incremental", "template": body, **more}}


def test_a_group_is_looked_at_deployed_told_of_and_forgotten(sdk: Clients) -> None:
    _, client, _ = sdk
    deployments = client.deployments
    body = _asked(
        template(
            account("[parameters('name')]"),
            parameters={"name": {"type": "string"}},
            outputs={
                "id": {"type": "string", "value": f"[resourceId('{ACCOUNTS}', 'tesoroone')]"}
            },
        ),
        parameters={"name": {"value": "tesoroone"}},
    )

    checked = deployments.begin_validate("rg", "main", body).result()
    ahead = deployments.begin_what_if("rg", "main", body).result()
    made = deployments.begin_create_or_update("rg", "main", body).result()
    again = deployments.begin_what_if("rg", "main", body).result()
    steps = list(client.deployment_operations.list("rg", "main"))
    step = client.deployment_operations.get("rg", "main", steps[0].operation_id)
    exported = deployments.export_template("rg", "main").template
    hashed = deployments.calculate_template_hash(body["properties"]["template"])

    assert checked.properties.validated_resources[0].id.endswith("/tesoroone")
    assert [change.change_type for change in ahead.properties.changes] == ["Create"]
    assert made.properties.provisioning_state == "Succeeded"
    assert made.properties.outputs["id"]["value"].endswith("/storageAccounts/tesoroone")
    assert [change.change_type for change in again.properties.changes] == ["NoChange"]
    assert step.properties.target_resource.resource_name == "tesoroone"
    assert exported["parameters"]["name"]["type"] == "String"
    assert hashed.template_hash == made.properties.template_hash
    assert deployments.check_existence("rg", "main")
    assert [one.name for one in deployments.list_by_resource_group("rg")] == ["main"]

    deployments.begin_delete("rg", "main", polling=Hasty(0)).wait()

    assert not deployments.check_existence("rg", "main")


def test_a_look_ahead_tells_each_changed_property_and_nothing_else(sdk: Clients) -> None:
    _, client, _ = sdk
    before = template(
        account("tesoroone", tags={"team": "xp", "old": "1"}),
        network(),
        identity("who"),
        identity("gone"),
    )
    wide = network(
        properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]}}
    )
    after = template(
        account("tesoroone", tags={"team": "xp"}, sku={"name": "Standard_GRS"}),
        wide,
        identity("who"),
    )
    client.deployments.begin_create_or_update("rg", "main", _asked(before)).result()

    found = client.deployments.begin_what_if("rg", "main", _asked(after)).result()

    changes = {str(one.resource_id).rpartition("/")[2]: one for one in found.properties.changes}
    assert {name: one.change_type for name, one in changes.items()} == {
        "tesoroone": "Modify",
        "net": "Modify",
        "who": "NoChange",
        "gone": "Ignore",
    }
    told = [
        (one.path, one.property_change_type, one.before, one.after)
        for one in changes["tesoroone"].delta
    ]
    assert told == [
        ("sku.name", "Modify", "Standard_LRS", "Standard_GRS"),
        ("tags.old", "Delete", "1", None),
    ]
    (listed,) = changes["net"].delta
    assert listed.path == "properties.addressSpace.addressPrefixes"
    assert listed.property_change_type == "Array"
    (child,) = listed.children
    assert (child.path, child.property_change_type, child.after) == ("1", "Create", "10.1.0.0/16")


def test_a_look_ahead_changes_nothing(sdk: Clients) -> None:
    arm, client, _ = sdk

    client.deployments.begin_what_if("rg", "main", _asked(template(identity("who")))).result()

    assert list(arm.resources.list_by_resource_group("rg")) == []
    assert not client.deployments.check_existence("rg", "main")


def test_a_subscription_is_deployed_to_and_cancelled(sdk: Clients) -> None:
    arm, client, _ = sdk
    group = {"type": GROUPS, "apiVersion": "2021-04-01", "name": "new", "location": "westeurope"}
    inner = nested("inner", template(account("tesoroone")), resourceGroup="new", dependsOn=["new"])
    body = _asked(template(group, inner), location="westeurope")

    poller = client.deployments.begin_create_or_update_at_subscription_scope("main", body)
    client.deployments.cancel_at_subscription_scope("main")
    with pytest.raises(HttpResponseError):
        poller.result()
    cancelled = client.deployments.get_at_subscription_scope("main").properties
    for _ in range(20):  # each look takes two seconds: what was begun goes on to its end
        arm.resource_groups.get("rg")
    made = client.deployments.begin_create_or_update_at_subscription_scope("main", body).result()

    assert cancelled.provisioning_state == "Canceled"
    assert made.properties.provisioning_state == "Succeeded"
    assert arm.resource_groups.check_existence("new")
    assert len(made.properties.output_resources) == 2


def test_a_refused_template_and_a_failed_one_raise_with_their_codes(sdk: Clients) -> None:
    _, client, _ = sdk
    lonely = {
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "apiVersion": "2023-11-01",
        "name": "none/one",
        "properties": {"addressPrefix": "10.0.1.0/24"},
    }

    with pytest.raises(HttpResponseError) as refused:
        client.deployments.begin_validate("rg", "main", _asked(template(identity("[nosuch()]"))))
    with pytest.raises(HttpResponseError) as failed:
        client.deployments.begin_create_or_update("rg", "main", _asked(template(lonely))).result()

    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidTemplate"
    assert failed.value.error is not None
    assert failed.value.error.code == "DeploymentFailed"
    assert failed.value.error.details[0].code == "ParentResourceNotFound"


def _stack(body: dict[str, Any], action: str = "delete", deny: str = "none") -> dict[str, Any]:
    return {
        "properties": {
            "template": body,
            "actionOnUnmanage": {"resources": action, "resourceGroups": action},
            "denySettings": {"mode": deny},
        }
    }


def test_a_stack_deploys_looks_ahead_removes_what_it_left_and_ends(sdk: Clients) -> None:
    arm, _, client = sdk
    stacks, guesses = (
        client.deployment_stacks,
        client.deployment_stacks_what_if_results_at_resource_group,
    )
    both = template(identity("one"), identity("two"))
    less = template(identity("one", tags={"a": "b"}), identity("three"))

    checked = stacks.begin_validate_stack_at_resource_group("rg", "xp", _stack(both)).result()
    made = stacks.begin_create_or_update_at_resource_group("rg", "xp", _stack(both)).result()
    asked = _stack(less)
    asked["properties"] |= {
        "deploymentStackResourceId": made.id,
        "retentionInterval": "P1D",
    }
    guesses.begin_create_or_update("rg", "ahead", asked).result()
    ahead = guesses.begin_what_if("rg", "ahead").result()
    changed = stacks.begin_create_or_update_at_resource_group("rg", "xp", _stack(less)).result()

    assert len(checked.properties.validated_resources) == 2
    assert made.properties.provisioning_state == "succeeded"
    assert _names(made.properties.resources) == ["one", "two"]
    told = {_name(one): one.change_type.value for one in ahead.properties.changes.resource_changes}
    assert told == {"one": "modify", "three": "create", "two": "delete"}
    assert _names(changed.properties.resources) == ["one", "three"]
    assert _names(changed.properties.deleted_resources) == ["two"]
    assert sorted(one.name for one in arm.resources.list_by_resource_group("rg")) == [
        "one",
        "three",
    ]
    assert [one.name for one in stacks.list_at_resource_group("rg")] == ["xp"]
    exported = stacks.export_template_at_resource_group("rg", "xp").template
    assert len(exported["resources"]) == 2

    stacks.begin_delete_at_resource_group("rg", "xp", unmanage_action_resources="delete").wait()

    assert list(arm.resources.list_by_resource_group("rg")) == []
    with pytest.raises(ResourceNotFoundError):
        stacks.get_at_resource_group("rg", "xp")


def test_a_stack_of_the_subscription_lets_go_what_it_is_told_to(sdk: Clients) -> None:
    arm, _, client = sdk
    stacks = client.deployment_stacks
    group = {"type": GROUPS, "apiVersion": "2021-04-01", "name": "new", "location": "westeurope"}
    body = {**_stack(template(group), action="detach"), "location": "westeurope"}
    empty = {**_stack(template(), action="detach"), "location": "westeurope"}

    stacks.begin_create_or_update_at_subscription("xp", body).result()
    left = stacks.begin_create_or_update_at_subscription("xp", empty).result()
    stacks.begin_delete_at_subscription("xp").wait()

    assert _names(left.properties.detached_resources) == ["new"]
    assert arm.resource_groups.check_existence("new")


def test_nobody_else_deletes_what_a_stack_denies(sdk: Clients) -> None:
    arm, _, client = sdk
    stacks = client.deployment_stacks
    body = _stack(template(identity("one"), identity("two")), deny="denyDelete")
    kept = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    stacks.begin_create_or_update_at_resource_group("rg", "xp", body).result()

    with pytest.raises(HttpResponseError) as denied:
        arm.resources.begin_delete_by_id(f"{kept}/one", api_version="2023-01-31")
    less = _stack(template(identity("one")), deny="denyDelete")
    changed = stacks.begin_create_or_update_at_resource_group("rg", "xp", less).result()

    assert denied.value.error is not None
    assert denied.value.error.code == "DenyAssignmentAuthorizationFailed"
    assert _names(changed.properties.deleted_resources) == ["two"]


def test_a_stack_says_what_it_could_not_delete(sdk: Clients) -> None:
    arm, _, client = sdk
    stacks = client.deployment_stacks
    stacks.begin_create_or_update_at_resource_group(
        "rg", "xp", _stack(template(identity("one"), identity("two")))
    ).result()
    lock = (
        f"{SCOPE}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/two"
        "/providers/Microsoft.Authorization/locks/keep"
    )
    arm.resources.begin_create_or_update_by_id(
        lock, {"properties": {"level": "CanNotDelete"}}, api_version="2016-09-01"
    ).result()

    with pytest.raises(HttpResponseError):
        stacks.begin_create_or_update_at_resource_group(
            "rg", "xp", _stack(template(identity("one")))
        ).result()
    found = stacks.get_at_resource_group("rg", "xp").properties

    assert found.provisioning_state == "failed"
    assert _names(found.failed_resources) == ["two"]
    assert found.failed_resources[0].error.code == "ScopeLocked"
    assert _names(found.resources) == ["one", "two"]


def _name(one: Any) -> str:
    return str(one.id).rpartition("/")[2]


def _names(rows: Any) -> list[str]:
    return sorted(_name(one) for one in rows)
