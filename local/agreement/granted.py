"""Roles that an identity had: Azure let a rule query with it."""

from local.agreement import causes
from local.azure.arm import Json
from local.azure.ids import parse
from local.azure.world import World

_RULES = "microsoft.insights/scheduledqueryrules"
_READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def put(world: World, exchanges: list[Json]) -> None:
    """Let the identity of each rule that was made read what the rule queries."""
    for exchange in exchanges:
        request = exchange["request"]
        body = request.get("body") or {}
        made = exchange["response"]["status"] in {200, 201} and request["method"] == "PUT"
        if not made or parse(request["path"])[0].type.lower() != _RULES:
            continue
        held = (body.get("identity") or {}).get("userAssignedIdentities") or {}
        for scope in (body.get("properties") or {}).get("scopes") or []:
            for name in held:
                _give(world, scope, name)


def _give(world: World, scope: str, name: str) -> None:
    identity = world.find(name)
    if identity is None:
        return
    start = f"/subscriptions/{world.subscription}/providers/Microsoft.Authorization"
    given = {
        "principalId": identity.body["properties"]["principalId"],
        "roleDefinitionId": f"{start}/roleDefinitions/{_READER}",
        "principalType": "ServicePrincipal",
    }
    role = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    causes.seed(world, {"id": f"{role}/00000000-0000-4000-8000-000000000008", "properties": given})
