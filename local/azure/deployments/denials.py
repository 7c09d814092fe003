"""Who may not touch what stacks manage: the deny settings of a stack, as deny assignments.

They bind everybody but the excluded, owners too; they hold for the managed things themselves, and
for what is below them only where the settings say so. The deletion of a whole group passes them
by, unless the group itself is managed.

Source: learn.microsoft.com "Protect managed resources" of deployment stacks.
"""

import fnmatch

from local.azure.arm import Call, gateway, guid
from local.azure.deployments.stackrecords import Stack
from local.azure.ids import Id
from local.azure.world import World


def check(world: World, call: Call, action: str, target: Id) -> None:
    """Refuse an action that a stack's settings deny."""
    if action.lower().endswith("/read"):
        return
    for stack in world.stacks.rows.values():
        mode = str(stack.deny.get("mode") or "none").lower()
        if mode == "none" or stack.id == call.stack or not _denies(mode, action):
            continue
        if call.principal.lower() in {str(p).lower() for p in _list(stack, "excludedPrincipals")}:
            continue
        if any(
            fnmatch.fnmatchcase(action.lower(), str(one).lower())
            for one in _list(stack, "excludedActions")
        ):
            continue
        held = _held(stack, target.key)
        if held:
            raise _refusal(call, action, target, stack, held)


def _denies(mode: str, action: str) -> bool:
    verb = action.rpartition("/")[2].lower()
    return verb == "delete" or (mode == "denywriteanddelete" and verb == "write")


def _held(stack: Stack, key: str) -> str:
    """Return the managed thing on whose account a target is held; empty where none is."""
    deep = bool(stack.deny.get("applyToChildScopes"))
    for name in stack.managed:
        above = name.lower()
        if key == above or (deep and key.startswith(above + "/")):
            return name
    return ""


def _list(stack: Stack, name: str) -> list[object]:
    found = stack.deny.get(name)
    return list(found) if isinstance(found, list) else []


def _refusal(call: Call, action: str, target: Id, stack: Stack, held: str) -> Exception:
    number = guid("denial", stack.id, held)
    return gateway(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"The client '{call.principal}' with object id '{call.principal}' has permission to"
        f" perform action '{action}' on scope '{target}'; however, the access is denied because of"
        f" the deny assignment with name 'Deny assignment '{number}' created by Deployment Stack"
        f" '{stack.id}'.' and Id '{number.replace('-', '')}' at scope '{held}'.",
    )
