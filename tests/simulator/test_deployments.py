"""Deployments: their order, their failures in the middle, their end, and what they keep."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from .deploying import (
    ACCOUNTS,
    GROUPS,
    IDENTITIES,
    NETWORKS,
    account,
    asked,
    deploy,
    ended,
    identity,
    nested,
    network,
    operations,
    path,
    request,
    subnet,
    template,
)
from .kit import ACI, SCOPE, Azure, an_account, code, container, group_body

_KIND = "[reference('old', '2023-01-01', 'full').kind]"
_TENANTS = "[map(references('people'), lambda('p', lambdaVariables('p').tenantId))]"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _made(found: Any) -> list[str]:
    return [row["id"].rpartition("/")[2] for row in found["outputResources"]]


def test_what_names_another_waits_for_it_and_what_is_free_goes_at_once(azure: Azure) -> None:
    above = f"[resourceId('{NETWORKS}', 'net')]"

    found = deploy(
        azure,
        template(
            subnet("one", 1, dependsOn=[above]),
            network(),
            account("tesoroone"),
            account("tesorotwo"),
        ),
    )

    assert found["provisioningState"] == "Succeeded"
    rows = operations(azure)
    starts = {name: _instant(row["timestamp"]) for name, row in rows.items()}
    assert starts["net"] < starts["net/one"]
    assert starts["tesoroone"] == starts["tesorotwo"]
    assert {name: row["statusCode"] for name, row in rows.items()} == {
        "net": "Created",
        "net/one": "Created",
        "tesoroone": "OK",
        "tesorotwo": "OK",
    }


def test_a_reference_is_waited_for_and_its_value_arrives(azure: Azure) -> None:
    tag = {"principal": "[reference('who').principalId]"}

    found = deploy(
        azure,
        template(
            account("tesoroone", tags=tag),
            identity("who"),
            outputs={
                "principal": {"type": "string", "value": "[reference('who').principalId]"},
                "ALLOWED": {"type": "bool", "value": "[not(false())]"},
            },
        ),
    )

    told = azure.get(f"{SCOPE}/resourceGroups/rg/providers/{IDENTITIES}/who", "2023-01-31")
    one = azure.get(f"{SCOPE}/resourceGroups/rg/providers/{ACCOUNTS}/tesoroone", "2023-01-01")
    principal = told["properties"]["principalId"]
    assert one["tags"] == {"principal": principal}
    assert found["outputs"] == {
        "principal": {"type": "String", "value": principal},
        "allowed": {"type": "Bool", "value": True},
    }
    waits = found["dependencies"][0]["dependsOn"][0]
    assert waits["resourceName"] == "who"


def test_a_list_function_gives_what_the_provider_answers(azure: Azure) -> None:
    key = "[listKeys('tesoroone', '2023-01-01').keys[0].keyName]"

    found = deploy(
        azure,
        template(account("tesoroone"), outputs={"key": {"type": "string", "value": key}}),
    )

    assert found["outputs"]["key"]["value"] == "key1"


def test_a_loop_makes_each_and_a_serial_one_a_few_at_a_time(azure: Azure) -> None:
    above = {"dependsOn": [f"[resourceId('{NETWORKS}', 'net')]"]}
    loop = {"name": "each", "count": 4, "mode": "Serial", "batchSize": 2}
    part = {"addressPrefix": "[format('10.0.{0}.0/24', copyIndex(1))]"}
    many = subnet("x", 1, copy=loop, properties=part, **above)
    many["name"] = "[format('net/s{0}', copyIndex())]"

    found = deploy(azure, template(network(), many))

    assert found["provisioningState"] == "Succeeded"
    rows = operations(azure)
    ends = [_instant(rows[f"net/s{at}"]["timestamp"]) for at in range(4)]
    assert ends[0] == ends[1] < ends[2] == ends[3]


def test_a_condition_leaves_out_and_nothing_waits_for_what_is_left_out(azure: Azure) -> None:
    found = deploy(
        azure,
        template(
            identity("who", condition="[equals(1, 2)]"),
            account("tesoroone", dependsOn=[f"[resourceId('{IDENTITIES}', 'who')]"]),
        ),
    )

    assert found["provisioningState"] == "Succeeded"
    assert _made(found) == ["tesoroone"]


def test_symbolic_names_existing_things_and_loops_of_them(azure: Azure) -> None:
    azure.group()
    an_account(azure, "tesoroold")
    resources = {
        "old": {
            "existing": True,
            "type": ACCOUNTS,
            "apiVersion": "2023-01-01",
            "name": "tesoroold",
        },
        "people": identity("[format('who{0}', copyIndex())]", copy={"name": "p", "count": 2}),
        "one": account("tesoroone", dependsOn=["people"]),
    }

    found = deploy(
        azure,
        template(
            resources=resources,
            languageVersion="2.0",
            outputs={
                "kind": {
                    "type": "string",
                    "value": "[reference('old', '2023-01-01', 'full').kind]",
                },
                "ids": {
                    "type": "array",
                    "value": _TENANTS,
                },
            },
        ),
    )

    assert found["provisioningState"] == "Succeeded", found
    assert found["outputs"]["kind"]["value"] == "StorageV2"
    assert len(found["outputs"]["ids"]["value"]) == 2
    assert "tesoroold" not in operations(azure)


@pytest.mark.parametrize(
    ("resource", "status", "why"),
    [
        (subnet("alone", 1), "NotFound", "ParentResourceNotFound"),
        (
            {"type": "Microsoft.Sql/servers", "apiVersion": "2021-11-01", "name": "tesoro-sql"}
            | {"location": "westeurope", "properties": {}},
            "BadRequest",
            "InvalidParameterValue",
        ),
    ],
)
def test_what_is_refused_in_the_middle_fails_the_whole_and_not_the_others(
    azure: Azure, resource: dict[str, Any], status: str, why: str
) -> None:
    found = deploy(azure, template(resource, identity("who")))

    assert found["provisioningState"] == "Failed"
    assert found["error"]["code"] == "DeploymentFailed"
    assert why in found["error"]["details"][0]["code"]
    rows = operations(azure)
    assert rows[resource["name"]]["provisioningState"] == "Failed"
    assert rows[resource["name"]]["statusCode"] == status
    assert rows[resource["name"]]["statusMessage"]["error"] == found["error"]["details"][0]
    assert rows["who"]["provisioningState"] == "Succeeded"
    assert "outputResources" not in found


def test_a_taken_name_is_refused_before_anything_is_made(azure: Azure) -> None:
    azure.group("other")
    path_there = f"{SCOPE}/resourceGroups/other/providers/{ACCOUNTS}/tesoroone"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    azure.seed({"id": path_there, "properties": {}, **body})

    answer = asked(azure, template(account("tesoroone"), identity("who")))

    assert code(answer) == (400, "InvalidTemplateDeployment")
    assert answer.json()["error"]["details"][0]["code"] == "StorageAccountAlreadyTaken"
    assert code(azure.call("GET", path())) == (404, "DeploymentNotFound")


def test_work_that_fails_late_is_told_with_its_cause(azure: Azure) -> None:
    azure.local(
        "POST",
        "faults",
        {
            "match": {"method": "PUT", "path": "virtualNetworks/net$"},
            "late": True,
            "code": "InternalServerError",
            "message": "An error occurred.",
        },
    )

    found = deploy(azure, template(network(), subnet("one", 1, dependsOn=["net"])))

    detail = found["error"]["details"][0]
    assert detail["code"] == "ResourceDeploymentFailure"
    assert detail["details"][0]["code"] == "InternalServerError"
    assert "net/one" not in operations(azure)


def test_what_is_refused_for_now_is_tried_again(azure: Azure) -> None:
    fault = {"match": {"method": "PUT", "path": "/who$"}, "status": 429, "times": 2}
    azure.local("POST", "faults", {**fault, "code": "TooManyRequests", "message": "Slow down."})

    found = deploy(azure, template(identity("who")))

    assert found["provisioningState"] == "Succeeded"
    assert operations(azure)["who"]["duration"] == "PT30S"


def test_a_running_deployment_is_active_and_can_be_cancelled(azure: Azure) -> None:
    body = template(network(), subnet("one", 1, dependsOn=["net"]))
    asked(azure, body)
    azure.clock.advance(2)

    again = asked(azure, body)
    deleted = azure.call("DELETE", path())
    cancelled = azure.call("POST", f"{path()}/cancel")
    twice = azure.call("POST", f"{path()}/cancel")

    assert code(again) == (409, "DeploymentActive")
    assert code(deleted) == (409, "DeploymentActive")
    assert cancelled.status_code == 204
    assert code(twice) == (409, "DeploymentCannotBeCancelled")
    found = ended(azure)
    assert found["provisioningState"] == "Canceled"
    assert "net/one" not in operations(azure)
    assert azure.call("GET", f"{SCOPE}/resourceGroups/rg/providers/{NETWORKS}/net").ok is False
    known = azure.get(f"{SCOPE}/resourceGroups/rg/providers/{NETWORKS}/net", "2023-11-01")
    assert known["properties"]["provisioningState"] == "Succeeded"


def test_complete_mode_takes_away_what_the_template_does_not_name(azure: Azure) -> None:
    azure.group()
    an_account(azure, "tesoroold")
    deploy(azure, template(identity("who"), identity("other")))

    found = deploy(azure, template(identity("who")), mode="Complete")

    assert found["provisioningState"] == "Succeeded"
    rows = azure.get(f"{SCOPE}/resourceGroups/rg/resources", "2021-04-01")["value"]
    assert [row["name"] for row in rows] == ["who"]
    verbs = {name: row["provisioningOperation"] for name, row in operations(azure).items()}
    assert verbs == {"who": "Create", "tesoroold": "Delete", "other": "Delete"}


def test_a_subscription_gets_groups_and_what_is_in_them(azure: Azure) -> None:
    group = {"type": GROUPS, "apiVersion": "2021-04-01", "name": "new", "location": "westeurope"}
    inner = template(
        account("[parameters('name')]"),
        parameters={"name": {"type": "string"}},
        outputs={"where": {"type": "string", "value": "[resourceGroup().location]"}},
    )
    one = nested("inner", inner, resourceGroup="new", dependsOn=["new"])
    one["properties"]["parameters"] = {"name": {"value": "[concat('tesoro', 'one')]"}}
    body = template(
        group,
        one,
        outputs={"where": {"type": "string", "value": "[reference('inner').outputs.where.value]"}},
    )

    answer = azure.call("PUT", path(group=None), request(body, location="westeurope"))
    unplaced = azure.call("PUT", path(group=None), request(body))

    assert answer.status_code == 201, answer.text
    assert code(unplaced) == (400, "LocationRequired")
    found = ended(azure, group=None)
    assert found["outputs"]["where"]["value"] == "westeurope"
    assert [row["id"].rpartition("/")[2] for row in found["outputResources"]] == [
        "new",
        "tesoroone",
    ]
    assert azure.get(path("inner", "new"), "2022-09-01")["properties"]["provisioningState"]


def test_an_outer_template_sees_the_names_around_it(azure: Azure) -> None:
    inner = nested("inner", template(account("[variables('name')]")))
    del inner["properties"]["expressionEvaluationOptions"]

    found = deploy(azure, template(inner, variables={"name": "tesoroouter"}))

    assert _made(found) == ["tesoroouter"]


def test_a_failure_inside_is_told_inside(azure: Azure) -> None:
    found = deploy(azure, template(nested("inner", template(subnet("alone", 1)))))

    inner = found["error"]["details"][0]
    assert inner["code"] == "DeploymentFailed"
    assert inner["details"][0]["code"] == "ParentResourceNotFound"


def test_secrets_are_taken_and_never_told(azure: Azure) -> None:
    parameters = {"word": {"type": "securestring"}, "name": {"type": "string"}}
    body = template(
        identity("who", tags={"first": "[first(parameters('word'))]"}),
        parameters=parameters,
        outputs={"word": {"type": "securestring", "value": "[parameters('word')]"}},
    )
    values = {"word": {"value": "hunter2-secret"}, "name": {"value": "n"}}

    found = deploy(azure, body, parameters=values)

    assert found["parameters"] == {
        "word": {"type": "SecureString"},
        "name": {"type": "String", "value": "n"},
    }
    assert found["outputs"] == {"word": {"type": "SecureString"}}
    texts = [azure.call("GET", path()).text, azure.call("POST", f"{path()}/exportTemplate").text]
    assert "hunter2" not in "".join(texts)


def test_a_secret_comes_from_a_vault_that_allows_it(azure: Azure) -> None:
    vault = f"{azure.group()}/providers/Microsoft.KeyVault/vaults/tesoro-kv"
    properties = {
        "tenantId": "99999999-8888-4777-8666-555555555555",
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
    }
    azure.seed({"id": vault, "location": "westeurope", "properties": properties})
    body = template(
        identity("who", tags={"length": "[string(length(parameters('word')))]"}),
        parameters={"word": {"type": "securestring"}},
    )
    reference = {"keyVault": {"id": vault}, "secretName": "word"}
    given = {"word": {"reference": reference}}

    closed = asked(azure, body, parameters=given)
    opened = {**properties, "enabledForTemplateDeployment": True}
    azure.seed({"id": vault, "location": "westeurope", "properties": opened})
    missing = asked(azure, body, parameters=given)
    secret = {"properties": {"value": "four"}}
    told = azure.call("PUT", f"{vault}/secrets/word", secret, version="2023-07-01")

    assert "four" not in told.text
    assert code(closed) == (400, "KeyVaultParameterReferenceAuthorizationFailed")
    assert code(missing) == (400, "KeyVaultParameterReferenceSecretRetrieveFailed")
    assert deploy(azure, body, parameters=given)["provisioningState"] == "Succeeded"
    one = azure.get(f"{SCOPE}/resourceGroups/rg/providers/{IDENTITIES}/who", "2023-01-31")
    assert one["tags"] == {"length": "4"}


def test_templates_are_linked_by_address_and_by_spec(azure: Azure) -> None:
    texts = {
        "https://templates.example/main.json": json.dumps(
            template(
                {
                    **nested("part", {}),
                    "properties": {
                        "mode": "Incremental",
                        "templateLink": {"relativePath": "parts/who.json"},
                    },
                }
            )
        ),
        "https://templates.example/parts/who.json": json.dumps(template(identity("who"))),
    }
    azure.local("PUT", "documents", texts)
    azure.group()
    link = {"uri": "https://templates.example/main.json", "contentVersion": "1.0.0.0"}

    answer = azure.call(
        "PUT", path(), {"properties": {"mode": "Incremental", "templateLink": link}}
    )
    nothing = azure.call(
        "PUT",
        path("none"),
        {"properties": {"mode": "Incremental", "templateLink": {"uri": "other://nowhere"}}},
    )

    assert answer.status_code == 201, answer.text
    found = ended(azure)
    assert found["provisioningState"] == "Succeeded", found
    assert found["templateLink"]["uri"] == link["uri"]
    assert code(nothing) == (400, "InvalidContentLink")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (template(identity("[nosuch('a')]")), "'nosuch' is not valid"),
        (template(identity("a"), identity("A")), "defined multiple times"),
        (template(identity("a", dependsOn=["b"])), "'b' is not defined in the template"),
        (
            template(identity("a", dependsOn=["b"]), identity("b", dependsOn=["a"])),
            "Circular dependency",
        ),
        (template(identity("a/b")), "incorrect segment lengths"),
        (template(identity("[parameters('p')]")), "The template parameter 'p' is not found"),
        (template(parameters={"p": {"type": "string"}}), "'p' at line '1' and column"),
        ({"resources": []}, "Required property '$schema' not found"),
        (template(surprise={}), "Could not find member 'surprise'"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_its_place(
    azure: Azure, body: dict[str, Any], said: str
) -> None:
    answer = asked(azure, body)

    assert code(answer) == (400, "InvalidTemplate")
    error = answer.json()["error"]
    assert said in error["message"]
    assert error["additionalInfo"][0]["type"] == "TemplateViolation"


def test_the_place_of_what_is_wrong_is_told_in_the_text_that_was_sent(azure: Azure) -> None:
    azure.group()
    text = (
        "{ properties: { mode: 'Incremental', // a comment\n"
        '  template: {"$schema": "s", "contentVersion": "1.0.0.0", "resources": [],\n'
        '    "parameters": {"name": {"type": "string"},}}}}'
    )

    answer = azure.session.put(
        f"{azure.running.base_url}{path()}?api-version=2021-04-01",
        data=text,
        headers={"authorization": azure.call("GET", path()).request.headers["authorization"]},
    )

    assert "at line '3' and column '28' is not provided" in answer.json()["error"]["message"]


def test_a_group_keeps_eight_hundred_and_lets_the_oldest_go_unless_it_is_locked(
    azure: Azure,
) -> None:
    azure.group()
    world, body = azure.running.world, template()
    deploy(azure, body, "first")
    first = world.deployments.find(path("first"))
    assert first is not None
    for number in range(700):
        name = path(f"d{number}")
        world.deployments.save(replace(first, id=name, name=name.rpartition("/")[2]))
    lock = f"{SCOPE}/resourceGroups/rg/providers/Microsoft.Authorization/locks/keep"
    azure.seed({"id": lock, "properties": {"level": "CanNotDelete"}})

    deploy(azure, body, "held")
    held = len(world.deployments.within(f"{SCOPE}/resourceGroups/rg"))
    for number in range(700, 798):
        name = path(f"d{number}")
        world.deployments.save(replace(first, id=name, name=name.rpartition("/")[2]))
    full = asked(azure, body, "one-more")
    azure.call("DELETE", lock, version="2016-09-01")
    deploy(azure, body, "held")

    assert held == 702
    assert code(full) == (409, "DeploymentQuotaExceeded")
    assert len(world.deployments.within(f"{SCOPE}/resourceGroups/rg")) == 600


def test_a_deleted_group_takes_its_deployments_with_it(azure: Azure) -> None:
    deploy(azure, template())

    azure.call("DELETE", f"{SCOPE}/resourceGroups/rg")
    azure.clock.advance(600)

    azure.group()
    assert code(azure.call("GET", path())) == (404, "DeploymentNotFound")


def test_a_deployment_whose_inner_one_goes_with_its_group_fails(azure: Azure) -> None:
    azure.group("other")
    inner = nested("inner", template(_slow()), resourceGroup="other")
    asked(azure, template(inner))
    azure.clock.advance(2)

    azure.call("DELETE", f"{SCOPE}/resourceGroups/other")
    found = ended(azure)

    assert found["provisioningState"] == "Failed"
    assert azure.call("DELETE", path()).status_code == 202


def test_who_may_not_write_a_thing_cannot_have_it_deployed(azure: Azure) -> None:
    azure.group()
    roles = [
        {"role": "Managed Identity Operator", "scope": SCOPE},
        {"role": "Network Contributor", "scope": SCOPE},
    ]
    who = "aaaaaaaa-0000-4000-8000-000000000001"
    azure.local("POST", "access", {"principal": who, "roles": roles})

    answer = azure.call("PUT", path(), request(template(network())))

    assert code(answer) == (403, "AuthorizationFailed")


def test_operations_are_listed_as_they_run(azure: Azure) -> None:
    asked(azure, template(network(), subnet("one", 1, dependsOn=["net"]), identity("who")))

    accepted = azure.get(path(), "2025-04-01")["properties"]["provisioningState"]
    none = operations(azure)
    azure.clock.advance(2)
    running = azure.get(path(), "2025-04-01")["properties"]
    begun = {name: row["provisioningState"] for name, row in operations(azure).items()}

    assert accepted == "Accepted"
    assert none == {}
    assert running["provisioningState"] == "Running"
    assert "outputResources" not in running
    assert begun == {"net": "Running", "who": "Succeeded"}


def test_a_quota_is_met_in_the_middle(azure: Azure) -> None:
    def group(number: int) -> dict[str, Any]:
        return {
            "type": "Microsoft.ContainerInstance/containerGroups",
            "apiVersion": ACI,
            "name": f"many-{number}",
            **group_body(ipAddress=None, containers=[_wide()]),
        }

    found = deploy(azure, template(*(group(number) for number in range(30))))

    codes = {one["code"] for one in found["error"]["details"]}
    assert found["provisioningState"] == "Failed"
    assert codes == {"ContainerGroupQuotaReached"}
    made = [row for row in operations(azure).values() if row["provisioningState"] == "Succeeded"]
    assert 0 < len(made) < 30


def _slow() -> dict[str, Any]:
    body = {"properties": {"sku": {"name": "Premium", "family": "P", "capacity": 1}}}
    return identity("slow", type="Microsoft.Cache/redis", apiVersion="2024-03-01", **body)


def _wide() -> dict[str, Any]:
    return container(resources={"requests": {"cpu": 4, "memoryInGB": 4.0}})


def test_locks_tags_and_roles_are_put_where_their_scope_says(azure: Azure) -> None:
    lock = {
        "type": "Microsoft.Authorization/locks",
        "apiVersion": "2016-09-01",
        "name": "keep",
        "scope": f"[resourceId('{IDENTITIES}', 'who')]",
        "dependsOn": [f"[resourceId('{IDENTITIES}', 'who')]"],
        "properties": {"level": "CanNotDelete"},
    }
    tags = {
        "type": "Microsoft.Resources/tags",
        "apiVersion": "2021-04-01",
        "name": "default",
        "properties": {"tags": {"owner": "xp"}},
    }

    found = deploy(azure, template(identity("who"), lock, tags))

    who = f"{SCOPE}/resourceGroups/rg/providers/{IDENTITIES}/who"
    assert found["provisioningState"] == "Succeeded", found
    assert code(azure.call("DELETE", who, version="2023-01-31")) == (409, "ScopeLocked")
    assert azure.get(f"{SCOPE}/resourceGroups/rg", "2021-04-01")["tags"] == {"owner": "xp"}


def test_a_type_that_nobody_has_is_refused_with_what_there_is(azure: Azure) -> None:
    unknown = identity("who", type="Microsoft.Network/carrierPigeons")
    old = identity("who", apiVersion="2001-01-01")
    far = identity("who", location="atlantis")

    answers = [asked(azure, template(one)) for one in (unknown, old, far)]

    assert [code(one)[1] for one in answers] == [
        "NoRegisteredProviderFound",
        "NoRegisteredProviderFound",
        "LocationNotAvailableForResourceType",
    ]


def test_a_request_that_is_no_deployment_says_which_member(azure: Azure) -> None:
    azure.group()
    bodies: list[Any] = [
        {},
        {"properties": {"mode": "Sideways", "template": template()}},
        {"properties": {"mode": "Incremental"}},
        {"properties": {"mode": "Incremental", "template": template(), "extra": 1}},
        {"properties": {"mode": "Incremental", "template": template()}, "surprise": 1},
        {"location": "westeurope", "properties": {"mode": "Incremental", "template": template()}},
    ]

    answers = [azure.call("PUT", path(), body) for body in bodies]
    named = azure.call("PUT", path("a b"), request(template()))

    assert [one.status_code for one in answers] == [400] * len(bodies)
    messages = [one.json()["error"]["message"] for one in answers]
    for message, word in zip(
        messages, ("properties", "mode", "template", "extra", "surprise", "location"), strict=True
    ):
        assert word in message
    assert code(named) == (400, "InvalidDeploymentName")
