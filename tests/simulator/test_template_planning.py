"""What templates take for granted of their deployment: what is made inside, where it is from."""

import json
from typing import Any

from .deploying import (
    ACCOUNTS,
    IDENTITIES,
    NETWORKS,
    account,
    asked,
    deploy,
    ended,
    identity,
    nested,
    network,
    path,
    request,
    template,
)
from .kit import Azure, code

INNER = f"resourceId('{IDENTITIES}', 'inner'), '2023-01-31'"


def test_what_a_nested_deployment_makes_can_be_asked_for_after_it(azure: Azure) -> None:
    main = template(
        identity("who", tags={"a": f"[reference({INNER}).clientId]"}, dependsOn=["part"]),
        nested("part", template(identity("inner"))),
    )

    azure.group()
    told = azure.call("POST", f"{path()}/validate", request(main))
    found = deploy(azure, main)

    assert told.status_code == 200, told.text
    assert found["provisioningState"] == "Succeeded", found
    (tags,) = (
        azure.get(row["id"], "2023-01-31")["tags"]
        for row in found["outputResources"]
        if row["id"].endswith("/who")
    )
    assert len(tags["a"]) == 36


def test_what_exists_inside_of_what_is_deployed_is_asked_for_when_it_is_there(
    azure: Azure,
) -> None:
    subnets = [{"name": "part", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    named = {
        "net": network(properties={"addressSpace": space, "subnets": subnets}),
        "part": {
            "existing": True,
            "type": f"{NETWORKS}/subnets",
            "apiVersion": "2023-11-01",
            "name": "net/part",
            "dependsOn": ["net"],
        },
        "who": identity(
            "who", tags={"a": "[reference('part').addressPrefix]"}, dependsOn=["part"]
        ),
    }

    found = deploy(azure, template(resources=named, languageVersion="2.0"))

    assert found["provisioningState"] == "Succeeded", found
    who = next(row["id"] for row in found["outputResources"] if row["id"].endswith("/who"))
    assert azure.get(who, "2023-01-31")["tags"] == {"a": "10.0.0.0/24"}


def test_what_exists_may_be_left_out_with_what_it_would_be_named_by(azure: Azure) -> None:
    vault = "[split(parameters('key').vault, '/')[{}]]".format
    named = {
        "vault": {
            "condition": "[not(empty(parameters('key')))]",
            "existing": True,
            "type": "Microsoft.KeyVault/vaults",
            "apiVersion": "2023-07-01",
            "subscriptionId": vault(2),
            "resourceGroup": vault(4),
            "name": vault(8),
        },
        "one": account(
            "tesoroone",
            tags="[if(empty(parameters('key')), null(), reference('vault').tags)]",
            dependsOn=["vault"],
        ),
    }
    parameters = {"key": {"type": "object", "nullable": True}}

    found = deploy(azure, template(resources=named, languageVersion="2.0", parameters=parameters))

    assert found["provisioningState"] == "Succeeded", found
    assert [row["id"].partition("/providers/")[2] for row in found["outputResources"]] == [
        f"{ACCOUNTS}/tesoroone"
    ]


def test_an_output_of_no_type_is_refused_before_anything_is_made(azure: Azure) -> None:
    answer = asked(azure, template(identity("a"), outputs={"o": {"type": "x", "value": 1}}))

    assert code(answer) == (400, "InvalidTemplate")


def test_a_linked_template_knows_where_it_came_from(azure: Azure) -> None:
    link = "[deployment().properties.templateLink.uri]"
    outputs = {"o": {"type": "string", "value": link}}
    inner = nested("who", {}, properties={"templateLink": {"relativePath": "who.json"}})
    del inner["properties"]["template"]
    del inner["properties"]["expressionEvaluationOptions"]
    part: dict[str, Any] = json.loads(json.dumps(inner))
    part["name"] = "part"
    part["properties"]["templateLink"]["relativePath"] = "parts/part.json"
    root = "https://templates.example"
    texts = {
        f"{root}/main.json": json.dumps(template(part, outputs=outputs)),
        f"{root}/parts/part.json": json.dumps(template(nested("inline", template(inner)))),
        f"{root}/parts/who.json": json.dumps(template(identity("who"), outputs=outputs)),
    }
    azure.local("PUT", "documents", texts)
    azure.group()
    body = {"properties": {"mode": "Incremental", "templateLink": {"uri": f"{root}/main.json"}}}

    told = azure.call("POST", f"{path()}/validate", body)
    answer = azure.call("PUT", path(), body)

    assert told.status_code == 200, told.text
    assert answer.status_code == 201, answer.text
    found = ended(azure)
    assert found["provisioningState"] == "Succeeded", found
    assert found["outputs"]["o"]["value"] == f"{root}/main.json"
    who = azure.get(path("who"), "2025-04-01")["properties"]
    assert who["outputs"]["o"]["value"] == f"{root}/parts/who.json"
