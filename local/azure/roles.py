"""Extension resources in lists, and the role definitions, which nobody writes.

A list at a scope shows what is at the scope, above it (inherited) and below it; `atScope()` leaves
out what is below.
"""

import re

from local.azure import groups, paging
from local.azure.arm import Answer, Call, Json, gateway
from local.azure.ids import Id, parse
from local.azure.table import ResourceType, View
from local.azure.types import authorization
from local.azure.world import World

_PRINCIPAL = re.compile(r"(principalId|assignedTo\(\)|assignedTo)\s*(eq)?\s*\(?'([^']+)'\)?", re.I)
_ROLE_NAME = re.compile(r"roleName\s+eq\s+'([^']+)'", re.IGNORECASE)


def listed(world: World, call: Call, scope: Id, row: ResourceType) -> Answer:
    """Answer a list of extension resources seen from a scope."""
    if scope.group is not None:
        groups.require(world, scope)
    text = (call.query.get("$filter") or "").strip()
    principal = _PRINCIPAL.fullmatch(text)
    if text and text.lower() != "atscope()" and not principal:
        raise gateway(
            400,
            "UnsupportedQuery",
            f"The filter '{text}' is not supported. Supported filters are 'atScope()',"
            " 'principalId eq {value}' and 'assignedTo({value})'.",
        )
    view = View(now=call.now, version=call.version, kind="list")
    value: list[Json] = []
    for item in world.all_of(row.name):
        at = parse(item.id)[0].scope().key
        above = scope.key == at or scope.key.startswith(at.rstrip("/") + "/")
        below = at.startswith(scope.key + "/") and text.lower() != "atscope()"
        if not (above or below):
            continue
        if principal and item.body["properties"].get("principalId") != principal.group(3):
            continue
        value.append(row.shown(item, view))
    return paging.page(call, value)


def definitions(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on role definitions: one, or those of a name."""
    if call.version not in authorization.ROLE_VERSIONS:
        raise gateway(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version"
            f" '{call.version}' for type 'roleDefinitions'. The supported api-versions are"
            f" '{', '.join(authorization.ROLE_VERSIONS)}'. The supported locations are ''.",
        )
    if call.method != "GET":
        raise gateway(403, "AuthorizationFailed", "Custom roles are not simulated.")
    if target.last.names:
        key = target.name.lower()
        if key not in authorization.ROLES:
            raise authorization.unknown_role(target.name)
        return Answer(status=200, body=authorization.definition(world, key))
    text = (call.query.get("$filter") or "").strip()
    wanted = _ROLE_NAME.fullmatch(text)
    if text and not wanted and text.lower() != "atscope()":
        raise gateway(400, "UnsupportedQuery", f"The filter '{text}' is not supported.")
    rows = [
        authorization.definition(world, key)
        for key, name in authorization.ROLES.items()
        if not wanted or name.lower() == wanted.group(1).lower()
    ]
    return Answer(status=200, body={"value": rows})
