"""Role assignments, role definitions and locks: extension resources on any scope.

A role assignment needs a role that exists and a principal that exists. A principal made a moment
ago is not yet known to the directory: unless the assignment says `principalType`, it is refused
for `DIRECTORY_LAG` seconds, which is the documented reason to always say it. One principal gets a
role on a scope once; a second assignment of the same, under another name, is refused.
"""

from datetime import datetime

from local.azure.arm import Answer, Call, Json, Refusal, is_guid, seconds, stamp
from local.azure.ids import Id, parse
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import managedidentity
from local.azure.world import Resource, World

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
LOCKS = "Microsoft.Authorization/locks"
ROLE_VERSIONS = (
    "2015-07-01",
    "2018-01-01-preview",
    "2018-09-01-preview",
    "2020-04-01-preview",
    "2020-08-01-preview",
    "2020-10-01-preview",
    "2022-04-01",
)
DIRECTORY_LAG = seconds(10)
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": "Monitoring Reader",
}
_KINDS = ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")


class Assignments(Behaviour):
    """Who may do what where."""

    def check(self, write: Write) -> None:
        """Refuse an unknown role or principal, a second of the same, and a change."""
        properties = write.body.get("properties") or {}
        principal, role = properties.get("principalId"), str(properties.get("roleDefinitionId"))
        if not is_guid(write.id.name):
            raise Refusal(
                400,
                "InvalidRoleAssignmentId",
                f"The role assignment ID '{write.id.name}' is not valid. The role assignment ID"
                " must be a GUID.",
            )
        if not is_guid(principal):
            raise Refusal(
                400,
                "InvalidPrincipalId",
                f"The Principal ID '{principal}' is not valid. Principal ID must be a GUID.",
            )
        if role_name(role) is None:
            raise unknown_role(role.rpartition("/")[2])
        _check_principal(write, str(principal), properties.get("principalType"))
        mine = _subject(write.id.scope(), properties)
        for other in write.world.all_of(ASSIGNMENTS):
            if (
                other.id.lower() != write.id.key
                and _subject(_of(other), other.body["properties"]) == mine
            ):
                raise Refusal(409, "RoleAssignmentExists", "The role assignment already exists.")
        if (
            write.current
            and _subject(_of(write.current), write.current.body["properties"]) != mine
        ):
            raise Refusal(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be"
                " updated.",
            )

    def shape(self, write: Write) -> Json:
        """Return the assignment with everything the service adds."""
        given = write.body.get("properties") or {}
        now = stamp(write.call.now)
        old = write.current.body["properties"] if write.current else None
        return {
            "properties": {
                "roleDefinitionId": given["roleDefinitionId"],
                "principalId": given["principalId"],
                "principalType": given.get("principalType") or "ServicePrincipal",
                "scope": str(write.id.scope()),
                "condition": given.get("condition"),
                "conditionVersion": given.get("conditionVersion"),
                "createdOn": old["createdOn"] if old else now,
                "updatedOn": now,
                "createdBy": old["createdBy"] if old else write.call.principal,
                "updatedBy": write.call.principal,
                "delegatedManagedIdentityResourceId": given.get(
                    "delegatedManagedIdentityResourceId"
                ),
                "description": given.get("description"),
            }
        }

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the assignment; the answer to the PUT that made it names no creator yet."""
        body = super().shown(resource, view)
        properties = dict(body["properties"])
        if view.kind == "put" and properties["createdOn"] == properties["updatedOn"]:
            properties["createdBy"] = None
        return {**body, "properties": properties}

    def deleting(self, use: Use) -> Answer | None:
        """Answer a deletion with the assignment as it was."""
        view = View(now=use.call.now, version=use.call.version)
        return Answer(status=200, body=self.shown(use.resource, view))

    def absent(self, target: Id) -> Refusal | None:
        """Return the service's own words."""
        return Refusal(
            404,
            "RoleAssignmentNotFound",
            f"The role assignment '{target.name}' is not found.",
        )


class Locks(Behaviour):
    """Locks; `local.azure.locks` applies them."""

    def check(self, write: Write) -> None:
        """Refuse a level that is none."""
        level = (write.body.get("properties") or {}).get("level")
        if level not in {"CanNotDelete", "ReadOnly"}:
            raise Refusal(
                400,
                "InvalidLockLevel",
                f"The lock level '{level}' is invalid. It must be 'CanNotDelete' or 'ReadOnly'.",
            )

    def absent(self, target: Id) -> Refusal | None:
        """Return the service's own words."""
        return Refusal(404, "LockNotFound", f"The lock '{target.name}' could not be found.")


def role_name(definition: str) -> str | None:
    """Return the name of the role that an identifier ends in."""
    return ROLES.get(definition.rpartition("/")[2].lower())


def unknown_role(name: str) -> Refusal:
    """Return the refusal of a role that does not exist."""
    return Refusal(
        404,
        "RoleDefinitionDoesNotExist",
        f"The specified role definition with ID '{name}' does not exist.",
    )


def definition(world: World, key: str) -> Json:
    """Return a built-in role's definition."""
    return {
        "properties": {
            "roleName": ROLES[key],
            "type": "BuiltInRole",
            "description": f"Built-in role {ROLES[key]}.",
            "assignableScopes": ["/"],
            "permissions": [
                {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}
            ],
            "createdOn": "2018-01-01T00:00:00.0000000Z",
            "updatedOn": "2022-01-01T00:00:00.0000000Z",
            "createdBy": None,
            "updatedBy": None,
        },
        "id": f"/subscriptions/{world.subscription}/providers/{DEFINITIONS}/{key}",
        "type": DEFINITIONS,
        "name": key,
    }


def principals(world: World) -> dict[str, datetime]:
    """Return every principal of the directory with the instant of its making."""
    made = {
        item.body["properties"]["principalId"].lower(): item.created
        for item in world.all_of(managedidentity.TYPE)
    }
    known = {oid: datetime.fromisoformat(at) for oid, at in world.notes.get("callers", {}).items()}
    return {**known, **made}


def remember(world: World, call: Call) -> None:
    """Keep in mind that whoever called exists."""
    known = dict(world.notes.get("callers", {}))
    if call.principal.lower() not in known:
        world.note("callers", {**known, call.principal.lower(): "1970-01-01T00:00:00+00:00"})


def _check_principal(write: Write, principal: str, kind: str | None) -> None:
    made = principals(write.world).get(principal.lower())
    if kind is not None and kind not in _KINDS:
        raise Refusal(400, "BadRequest", f"The principal type '{kind}' is not valid.")
    visible = made is not None and (kind or made + DIRECTORY_LAG <= write.call.now)
    short = principal.replace("-", "")
    if not visible:
        raise Refusal(
            400,
            "PrincipalNotFound",
            f"Principal {short} does not exist in the directory {write.world.tenant}. Check that"
            " you have the correct principal ID. If you are creating this principal and then"
            " immediately assigning a role, this error might be related to a replication delay. In"
            " this case, set the role assignment principalType property to a value, such as"
            " ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        )
    if kind not in {None, "ServicePrincipal"}:  # all that are known here are applications
        raise Refusal(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{short}' has type 'ServicePrincipal' , which is different from"
            f" specified PrinciaplType '{kind}'.",
        )


def _subject(scope: Id, properties: Json) -> tuple[str, str, str]:
    role = str(properties["roleDefinitionId"]).rpartition("/")[2].lower()
    return scope.key, str(properties["principalId"]).lower(), role


def _of(item: Resource) -> Id:
    return parse(item.id)[0].scope()


ROWS = (
    ResourceType(
        name=ASSIGNMENTS,
        versions=ROLE_VERSIONS,
        tracked=False,
        extension=True,
        provisioning=False,
        patchable=False,
        group_delete=2.0,
        behaviour=Assignments(),
    ),
    ResourceType(
        name=LOCKS,
        versions=("2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"),
        names=NameRule(pattern=r"[^<>%&\\?/]{1,260}", code="InvalidLockName"),
        tracked=False,
        extension=True,
        provisioning=False,
        patchable=False,
        deleted_status=204,
        group_delete=2.0,
        behaviour=Locks(),
    ),
)
