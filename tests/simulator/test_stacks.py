"""Deployment stacks: who is denied what, what is refused, and how their changes are told."""

from typing import Any

import pytest

from .deploying import IDENTITIES, identity, template
from .kit import SCOPE, Azure, code

STACK = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.Resources/deploymentStacks/xp"
VERSION = "2024-03-01"
WHO = f"{SCOPE}/resourceGroups/rg/providers/{IDENTITIES}"
ME = "aaaaaaaa-0000-4000-8000-000000000001"


def _body(*resources: Any, deny: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "properties": {
            "template": template(*resources),
            "actionOnUnmanage": {"resources": "delete", "resourceGroups": "delete"},
            "denySettings": deny or {"mode": "none"},
            **more,
        }
    }


def _put(azure: Azure, body: dict[str, Any]) -> Any:
    azure.group()
    return azure.call("PUT", STACK, body, version=VERSION)


def _made(azure: Azure, body: dict[str, Any]) -> Any:
    answer = _put(azure, body)
    assert answer.status_code in {200, 201}, answer.text
    azure.clock.advance(600)
    return azure.get(STACK, VERSION)["properties"]


def test_a_change_is_followed_and_no_second_begins_before_its_end(azure: Azure) -> None:
    first = _put(azure, _body(identity("one")))
    poll = first.headers["azure-asyncoperation"].removeprefix(azure.running.base_url)
    began = azure.get(poll, VERSION)["status"]
    second = _put(azure, _body(identity("one")))
    removed = azure.call("DELETE", STACK, version=VERSION)
    azure.clock.advance(600)

    assert first.json()["properties"]["provisioningState"] == "initializing"
    assert began == "initializing"
    assert code(second) == (409, "DeploymentStackInNonTerminalState")
    assert code(removed) == (409, "DeploymentStackInNonTerminalState")
    assert azure.get(poll, VERSION)["status"] == "succeeded"
    told = azure.get(STACK, VERSION)["properties"]
    deployed = azure.get(told["deploymentId"], "2025-04-01")
    assert deployed["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(
    ("deny", "writes", "deletes"),
    [
        ({"mode": "none"}, 200, 200),
        ({"mode": "denyDelete"}, 200, 403),
        ({"mode": "denyWriteAndDelete"}, 403, 403),
        ({"mode": "denyWriteAndDelete", "excludedPrincipals": [ME]}, 200, 200),
        (
            {
                "mode": "denyWriteAndDelete",
                "excludedActions": ["Microsoft.ManagedIdentity/userAssignedIdentities/write"],
            },
            200,
            403,
        ),
    ],
)
def test_deny_settings_hold_for_all_but_the_excluded(
    azure: Azure, deny: dict[str, Any], writes: int, deletes: int
) -> None:
    _made(azure, _body(identity("one"), deny=deny))
    body = {"location": "westeurope", "tags": {"a": "b"}}

    written = azure.call("PUT", f"{WHO}/one", body, version="2023-01-31")
    other = azure.call("PUT", f"{WHO}/other", body, version="2023-01-31")
    deleted = azure.call("DELETE", f"{WHO}/one", version="2023-01-31")

    assert (written.status_code, other.status_code, deleted.status_code) == (writes, 201, deletes)
    if deletes == 403:
        assert code(deleted) == (403, "DenyAssignmentAuthorizationFailed")


def test_what_is_below_is_held_where_the_settings_say_so(azure: Azure) -> None:
    lock = f"{WHO}/one/providers/Microsoft.Authorization/locks/keep"
    body = {"properties": {"level": "CanNotDelete"}}
    _made(azure, _body(identity("one"), deny={"mode": "denyWriteAndDelete"}))

    free = azure.call("PUT", lock, body, version="2016-09-01")
    azure.call("DELETE", lock, version="2016-09-01")
    deny = {"mode": "denyWriteAndDelete", "applyToChildScopes": True}
    _made(azure, _body(identity("one"), deny=deny))
    held = azure.call("PUT", lock, body, version="2016-09-01")

    assert free.status_code in {200, 201}
    assert code(held) == (403, "DenyAssignmentAuthorizationFailed")


def test_the_deletion_of_the_whole_group_passes_by_what_is_denied_in_it(azure: Azure) -> None:
    _made(azure, _body(identity("one"), deny={"mode": "denyWriteAndDelete"}))

    answer = azure.call("DELETE", f"{SCOPE}/resourceGroups/rg")
    azure.clock.advance(600)

    assert answer.status_code == 202
    azure.group()
    assert code(azure.call("GET", STACK, version=VERSION))[0] == 404


def test_a_deployment_that_fails_keeps_all_that_was_managed(azure: Azure) -> None:
    _made(azure, _body(identity("one"), identity("two")))
    alone = {
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "apiVersion": "2023-11-01",
        "name": "none/one",
        "properties": {"addressPrefix": "10.0.0.0/24"},
    }

    found = _made(azure, _body(identity("one"), alone))

    assert found["provisioningState"] == "failed"
    assert found["error"]["details"][0]["code"] == "StackDeployResourcesFailed"
    assert [row["id"].rpartition("/")[2] for row in found["resources"]] == ["one", "two"]
    assert azure.call("GET", f"{WHO}/two", version="2023-01-31").status_code == 200


def test_secrets_of_a_stack_are_not_told(azure: Azure) -> None:
    body = _body(identity("one"), parameters={"word": {"value": "hunter2-secret"}})
    body["properties"]["template"]["parameters"] = {"word": {"type": "securestring"}}

    _made(azure, body)

    assert "hunter2" not in azure.call("GET", STACK, version=VERSION).text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"actionOnUnmanage": {}}, "actionOnUnmanage.resources"),
        ({"actionOnUnmanage": {"resources": "burn"}}, "actionOnUnmanage.resources"),
        (
            {"actionOnUnmanage": {"resources": "detach", "resourceGroups": "delete"}},
            "actionOnUnmanage.resourceGroups",
        ),
        ({"denySettings": {}}, "denySettings.mode"),
        ({"denySettings": {"mode": "all"}}, "denySettings.mode"),
        ({"denySettings": {"mode": "none", "excludedPrincipals": list("abcdef")}}, "at most 5"),
        ({"surprise": 1}, "surprise"),
        ({"deploymentScope": "/nowhere"}, "deploymentScope"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    azure: Azure, change: dict[str, Any], word: str
) -> None:
    answer = _put(azure, _body(identity("one"), **change))

    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"].replace("deployment scope", "deploymentScope")


def test_one_without_a_right_to_what_it_deploys_fails(azure: Azure) -> None:
    azure.group()
    grants = [{"role": "Reader", "scope": SCOPE}]
    azure.local("POST", "access", {"principal": ME, "roles": grants})

    assert code(_stack_of(azure)) == (403, "AuthorizationFailed")


def _stack_of(azure: Azure) -> Any:
    return azure.call("PUT", STACK, _body(identity("one")), version=VERSION)
