"""What a caller sees of a deployment stack, and the settings that it may give."""

from local.azure.arm import Json, gateway, stamp
from local.azure.deployments import told
from local.azure.deployments.stackrecords import Stack
from local.azure.era import ERA
from local.azure.templates.parameters import declared
from local.azure.world import plain

_MODES = {m.lower(): m for m in ("none", "denyDelete", "denyWriteAndDelete")}
OLD = "2021-05-01-preview"
_BEHAVIOURS = {"detachresources": "detach", "purgeresources": "delete"}
_FULL = "2024-03-01"  # the api-version since which everything is told
_TYPED = "2023-05"  # the month since which parameters are told with their types
_UNSUPPORTED = "2025-01"  # and resourcesWithoutDeleteSupport is
_MOST = {"excludedPrincipals": 5, "excludedActions": 200}


def body(stack: Stack, version: str) -> Json:
    """Return a stack as a reader of this api-version sees it."""
    if version == OLD:
        return _as_of_old(stack)
    shown: Json = {}
    if stack.location:
        shown["location"] = stack.location
    if stack.tags is not None:
        shown["tags"] = stack.tags
    properties: Json = {"actionOnUnmanage": _unmanage(stack)}
    if stack.description:
        properties["description"] = stack.description
    if stack.deployment and stack.state not in {"initializing"}:
        properties["deploymentId"] = stack.deployment
    if stack.told_scope:
        properties["deploymentScope"] = stack.deployed_to
    if stack.duration:
        properties["duration"] = stack.duration
    properties["denySettings"] = stack.deny
    if stack.outputs is not None and stack.state == "succeeded":
        properties["outputs"] = told.outputs(stack.outputs)
    for link in ("templateLink", "parametersLink", "debugSetting"):
        if stack.asked.get(link) is not None:
            properties[link] = stack.asked[link]
    properties |= {"parameters": _parameters(stack), **_results(stack)}
    if version >= _FULL:
        properties["correlationId"] = stack.correlation
    return {**shown, "properties": properties, **_foot(stack)}


def _results(stack: Stack) -> Json:
    """Return what a stack manages, what its last change did, and how far that is."""
    mode = str(stack.deny.get("mode", "none"))
    managed = [] if stack.state == "initializing" else stack.managed
    found: Json = {
        "resources": [{"status": "managed", "denyStatus": mode, "id": name} for name in managed],
        "provisioningState": stack.state,
        "detachedResources": [{"id": name} for name in stack.detached],
        "deletedResources": [{"id": name} for name in stack.deleted],
        "failedResources": plain(stack.failed),
    }
    return found if stack.error is None else {**found, "error": stack.error}


def _as_of_old(stack: Stack) -> Json:
    """Return a stack as the first preview told it: with its template, and a snapshot's name."""
    properties: Json = {}
    if stack.deployment and stack.state != "initializing":
        number = stack.deployment.rpartition("/")[2].removeprefix(stack.name)
        properties["snapshotId"] = f"{stack.id}/snapshots/{number.strip('-')}"
        properties["deploymentId"] = stack.deployment
    properties |= {
        "updateBehavior": stack.asked.get("updateBehavior", "detachResources"),
        "parameters": stack.asked.get("parameters") or {},
        "template": stack.asked.get("template"),
        "managedResources": [{"id": name} for name in stack.managed],
        "provisioningState": stack.state,
    }
    location = {"location": stack.location} if stack.location else {}
    return {**location, "properties": properties, **_foot(stack)}


def _foot(stack: Stack) -> Json:
    who = {"createdBy": stack.principal, "lastModifiedBy": stack.principal}
    return {
        "systemData": {
            **who,
            "createdByType": "Application",
            "createdAt": stamp(stack.created),
            "lastModifiedByType": "Application",
            "lastModifiedAt": stamp(stack.changed),
        },
        "id": stack.id,
        "type": "Microsoft.Resources/deploymentStacks",
        "name": stack.name,
    }


def validated(stack: Stack, names: list[str], parameters: Json) -> Json:
    """Return the result of a validation, which spells its settings with capitals."""
    unmanage = {name: _capital(one) for name, one in _unmanage(stack).items()}
    return {
        "properties": {
            "validatedResources": [{"id": name} for name in names],
            "actionOnUnmanage": unmanage,
            "denySettings": {**stack.deny, "mode": _capital(str(stack.deny["mode"]))},
            "parameters": parameters,
            "deploymentExtensions": [],
            "correlationId": stack.correlation,
        },
        "id": stack.id,
        "type": "Microsoft.Resources/deploymentStacks",
        "name": stack.name,
    }


def checked_settings(properties: Json, version: str) -> tuple[Json, Json]:
    """Return what becomes of the unmanaged, and who is denied what; refuse wrong settings."""
    if version == OLD:
        behaviour = str(properties.get("updateBehavior") or "").lower()
        if behaviour not in _BEHAVIOURS:
            raise _wrong("updateBehavior", "detachResources or purgeResources")
        action = _BEHAVIOURS[behaviour]
        return {"resources": action, "resourceGroups": action}, {"mode": "none"}
    said = properties.get("actionOnUnmanage")
    if not isinstance(said, dict) or "resources" not in said:
        raise _missing("actionOnUnmanage.resources")
    unmanage = {
        name: _one_of(said.get(name, "detach"), f"actionOnUnmanage.{name}", "delete detach")
        for name in ("resources", "resourceGroups", "managementGroups")
    }
    if unmanage["resources"] == "detach" and unmanage["resourceGroups"] == "delete":
        raise gateway(
            400,
            "DeploymentStackInvalidActionOnUnmanage",
            "'properties.actionOnUnmanage.resourceGroups' may be 'delete' only where 'resources'"
            " is 'delete' too.",
        )
    lacking = said.get("resourcesWithoutDeleteSupport", "fail")
    place = "actionOnUnmanage.resourcesWithoutDeleteSupport"
    unmanage["resourcesWithoutDeleteSupport"] = _one_of(lacking, place, "detach fail")
    deny = properties.get("denySettings")
    if not isinstance(deny, dict) or (version >= _FULL and "mode" not in deny):
        raise _missing("denySettings.mode")
    mode = _MODES.get(str(deny.get("mode", "none")).lower())
    if mode is None:
        raise _wrong("denySettings.mode", ", ".join(_MODES.values()))
    found: Json = {
        "mode": mode,
        "applyToChildScopes": bool(deny.get("applyToChildScopes", False)),
    }
    for name, most in _MOST.items():
        given = deny.get(name)
        if given is not None and (not isinstance(given, list) or len(given) > most):
            raise _wrong(f"denySettings.{name}", f"a list of at most {most}")
        if given is not None or version >= _FULL:
            found[name] = given or []
    return unmanage, found


def _unmanage(stack: Stack) -> Json:
    left = set() if ERA.get() >= _UNSUPPORTED else {"resourcesWithoutDeleteSupport"}
    return {name: one for name, one in stack.unmanage.items() if name not in left}


def _parameters(stack: Stack) -> Json:
    """Return the parameters that were given, with their types, secret values left out."""
    given = stack.asked.get("parameters") or {}
    template = stack.asked.get("template")
    kinds = declared(template) if isinstance(template, dict) else {}
    found: Json = {}
    for name, said in given.items():
        kind = str(kinds[name].source.get("type", "")) if name in kinds else ""
        row = dict(said) if isinstance(said, dict) else {}
        if kind.lower().startswith("secure"):
            row = {}
        if kind and ERA.get() >= _TYPED:
            row["type"] = kind
        found[name] = row
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_of(value: object, place: str, known: str) -> str:
    found = str(value).lower()
    if found not in known.split():
        raise _wrong(place, " or ".join(known.split()))
    return found


def _missing(place: str) -> Exception:
    return gateway(
        400, "InvalidRequestContent", f"Required property 'properties.{place}' not found."
    )


def _wrong(place: str, known: str) -> Exception:
    return gateway(400, "InvalidRequestContent", f"'properties.{place}' must be {known}.")
