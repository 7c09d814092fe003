"""Who may do what: the roles of the calling identity, at a scope and above it.

The people and programs that a stack's issuer knows administer the subscription: they own it, until
`POST /_local/access` gives them other roles. An identity that was made in the subscription has the
roles that were assigned to it, and no others.

Source: learn.microsoft.com "Azure built-in roles" for what a role allows.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.azure.arm import Call, Json, gateway
from local.azure.deployments import denials
from local.azure.ids import Id, parse
from local.azure.types import authorization
from local.azure.world import World

NOTE = "access"
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The actions that a role allows, and those that it takes back; `*` stands for anything."""

    allows: tuple[str, ...]
    denies: tuple[str, ...] = ()

    def covers(self, action: str) -> bool:
        """Tell whether the role allows an action."""
        return _matches(action, self.allows) and not _matches(action, self.denies)


_GRANTS: Mapping[str, Grant] = {
    "Owner": Grant(allows=("*",)),
    "Contributor": Grant(
        allows=("*",),
        denies=("Microsoft.Authorization/*/delete", "Microsoft.Authorization/*/write"),
    ),
    "Reader": Grant(allows=("*/read",)),
    "Monitoring Reader": Grant(allows=("*/read", "Microsoft.OperationalInsights/*/search/action")),
    "User Access Administrator": Grant(allows=("*/read", "Microsoft.Authorization/*")),
    "Role Based Access Control Administrator": Grant(
        allows=("*/read", "Microsoft.Authorization/roleAssignments/*")
    ),
    "Network Contributor": Grant(
        allows=("Microsoft.Network/*", "Microsoft.Authorization/*/read", "Microsoft.Insights/*")
    ),
    "Managed Identity Operator": Grant(
        allows=(
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/action",
        )
    ),
    "AcrPull": Grant(allows=("Microsoft.ContainerRegistry/registries/pull/read",)),
    "AcrPush": Grant(allows=("Microsoft.ContainerRegistry/registries/push/write",)),
}
_NOTHING = Grant(allows=())


def check(world: World, call: Call, target: Id, rest: tuple[str, ...] = ()) -> None:
    """Refuse a call that no role of its caller allows, or that a stack's settings deny."""
    action, scope = action_of(call, target, rest), target.key
    denials.check(world, call, action, target)
    held = _roles(world, call.principal)
    if held is None:
        return
    for at, role in held:
        above = at.rstrip("/").lower()
        if (scope == above or scope.startswith(above + "/")) and _GRANTS.get(
            role, _NOTHING
        ).covers(action):
            return
    raise gateway(
        403,
        "AuthorizationFailed",
        f"The client '{call.principal}' with object id '{call.principal}' does not have"
        f" authorization to perform action '{action}' over scope '{target}' or the scope is"
        " invalid. If access was recently granted, please refresh your credentials.",
    )


def action_of(call: Call, target: Id, rest: tuple[str, ...] = ()) -> str:
    """Return the name of what a call does, as roles name it."""
    if target.providers:
        last = target.last
        words = (last.namespace, *last.types)
        if call.method == "POST" and len(last.types) > len(last.names):
            return "/".join((*words, "action"))
    else:
        kind = ("resourceGroups",) if target.group else ()
        words = ("Microsoft.Resources", "subscriptions", *kind, *rest)
        if call.method == "POST":
            return "/".join((*words, "action"))
    return "/".join((*words, _VERBS.get(call.method, "action")))


def read(body: object) -> Json:
    """Return what `POST /_local/access` asks for; raise ValueError naming a bad field."""
    if not isinstance(body, dict):
        raise ValueError("body: expected an object")  # noqa: TRY004
    principal, roles = body.get("principal"), body.get("roles")
    if not isinstance(principal, str) or not principal:
        raise ValueError("principal: the object id of who calls")
    if roles is None:
        return {"principal": principal.lower(), "roles": None}
    if not isinstance(roles, list):
        raise ValueError("roles: a list of {role, scope}, or null for an owner")  # noqa: TRY004
    pairs = []
    for place, one in enumerate(roles):
        role = one.get("role") if isinstance(one, dict) else None
        if role not in _GRANTS:
            raise ValueError(f"roles[{place}].role: one of {', '.join(_GRANTS)}")
        pairs.append([str(one.get("scope") or "/"), role])
    return {"principal": principal.lower(), "roles": pairs}


def give(world: World, asked: Json) -> None:
    """Give a caller the roles that were asked for, instead of those it had."""
    given = dict(world.notes.get(NOTE, {}))
    if asked["roles"] is None:
        given.pop(asked["principal"], None)
    else:
        given[asked["principal"]] = asked["roles"]
    world.note(NOTE, given or None)


def _roles(world: World, principal: str) -> list[tuple[str, str]] | None:
    """Return the scopes and roles of a caller; None for one that owns everything."""
    key = principal.lower()
    given = world.notes.get(NOTE, {}).get(key)
    assigned = list(_assigned(world, key))
    if given is not None:
        return [(at, role) for at, role in given] + assigned
    return assigned if world.is_principal(key) else None


def _assigned(world: World, principal: str) -> Iterator[tuple[str, str]]:
    for item in world.all_of(authorization.ASSIGNMENTS):
        properties = item.body["properties"]
        role = authorization.role_name(str(properties["roleDefinitionId"]))
        if str(properties["principalId"]).lower() == principal and role is not None:
            yield str(parse(item.id)[0].scope()), role


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
