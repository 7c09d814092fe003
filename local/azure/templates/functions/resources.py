"""Identifiers of resources, and what resources say of themselves.

Source: learn.microsoft.com "Resource functions for ARM templates".
"""

from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope
from local.azure.templates.functions.registry import expect, function, wrong

_LATE = "body output"  # what runs only when a deployment does


@function("resourceId", 2, None)
def resource_id(scope: Scope, *args: Any) -> str:
    """Return the identifier of a resource, in the scope of the deployment unless said."""
    before, kind, names = _parts("resourceId", args)
    if len(before) > 2:
        raise _not_one_type("resourceId", args)
    if not before:
        group = _group_of(scope)
        start = group or f"/subscriptions/{_subscription(scope)}"
    elif len(before) == 1:
        start = f"/subscriptions/{_subscription(scope)}/resourceGroups/{before[0]}"
    else:
        start = f"/subscriptions/{before[0]}/resourceGroups/{before[1]}"
    return start + _path("resourceId", kind, names)


@function("subscriptionResourceId", 2, None)
def subscription_resource_id(scope: Scope, *args: Any) -> str:
    """Return the identifier of a resource of a subscription."""
    before, kind, names = _parts("subscriptionResourceId", args)
    start = before[0] if before else _subscription(scope)
    return f"/subscriptions/{start}" + _path("subscriptionResourceId", kind, names)


@function("managementGroupResourceId", 2, None)
def management_group_resource_id(scope: Scope, *args: Any) -> str:
    """Return the identifier of a resource of a management group."""
    before, kind, names = _parts("managementGroupResourceId", args)
    start = before[0] if before else scope.runtime.management_group()["name"]
    above = f"/providers/Microsoft.Management/managementGroups/{start}"
    return above + _path("managementGroupResourceId", kind, names)


@function("tenantResourceId", 2, None)
def tenant_resource_id(scope: Scope, *args: Any) -> str:
    """Return the identifier of a resource of the tenant."""
    _, kind, names = _parts("tenantResourceId", args)
    return _path("tenantResourceId", kind, names)


@function("extensionResourceId", 3, None)
def extension_resource_id(scope: Scope, of: Any, kind: Any, *names: Any) -> str:
    """Return the identifier of a resource that extends another."""
    for one in (of, kind, *names):
        expect("extensionResourceId", one, "String")
    return str(of).rstrip("/") + _path("extensionResourceId", kind, list(names))


@function("reference", 1, 3, places=_LATE)
def reference(scope: Scope, name: Any, version: Any = None, full: Any = None) -> Any:
    """Return a resource's properties, or all of it for 'Full'."""
    expect("reference", name, "String")
    expect("reference", version, "String", "Null")
    if full is not None and str(full).lower() != "full":
        raise wrong("reference", f"The third argument must be 'Full', not '{full}'.")
    return scope.runtime.reference(name, version or None, full=full is not None)


@function("references", 1, 2, places=_LATE)
def references(scope: Scope, name: Any, full: Any = None) -> Any:
    """Return what all resources of a loop say, in the loop's order."""
    expect("references", name, "String")
    found = scope.runtime.reference(f"{name}[*]", None, full=full is not None)
    return expect("references", found, "Array")


@function("list*", 2, 3, places=_LATE)
def listed(scope: Scope, function_name: str, name: Any, version: Any, values: Any = None) -> Any:
    """Return what a resource's own list function answers."""
    expect(function_name, name, "String")
    expect(function_name, version, "String")
    expect(function_name, values, "Object", "Null")
    return scope.runtime.listed(function_name, name, version, values)


@function("providers", 1, 2)
def providers(scope: Scope, namespace: Any, kind: Any = None) -> Any:
    """Return a provider's types, or one of them."""
    expect("providers", namespace, "String")
    expect("providers", kind, "String", "Null")
    return scope.runtime.providers(namespace, kind)


@function("pickZones", 3, 5)
def pick_zones(
    scope: Scope, namespace: Any, kind: Any, place: Any, count: Any = 1, offset: Any = 0
) -> list[str]:
    """Return zones of a type in a region: the first, or as many as asked for."""
    for one in (namespace, kind, place):
        expect("pickZones", one, "String")
    for number in (count, offset):
        expect("pickZones", number, "Integer")
    return scope.runtime.zones(namespace, kind, place, count, offset)


def _parts(name: str, args: tuple[Any, ...]) -> tuple[list[str], str, list[str]]:
    """Return what stands before the type, the type, and the names."""
    for one in args:
        expect(name, one, "String")
    for at, one in enumerate(args):
        if "/" in one:
            return list(args[:at]), one, list(args[at + 1 :])
    raise _not_one_type(name, args)


def _path(name: str, kind: str, names: list[str]) -> str:
    namespace, *types = kind.strip("/").split("/")
    if len(types) != len(names):
        raise _unresolved(
            name, f"the type '{kind}' requires '{len(types)}' resource name argument(s)."
        )
    pairs = "".join(f"/{a}/{b}" for a, b in zip(types, names, strict=True))
    return f"/providers/{namespace}{pairs}"


def _not_one_type(name: str, args: tuple[Any, ...]) -> TemplateError:
    return _unresolved(
        name,
        "function requires exactly one multi-segmented argument which must be resource type"
        f" including resource provider namespace. Current function arguments '{','.join(args)}'.",
    )


def _unresolved(name: str, why: str) -> TemplateError:
    return TemplateError(
        f"Unable to evaluate template language function '{name}': {why} Please see"
        f" https://aka.ms/arm-resource-functions/#{name.lower()} for usage details."
    )


def _subscription(scope: Scope) -> str:
    return str(scope.runtime.subscription()["subscriptionId"])


def _group_of(scope: Scope) -> str:
    found = getattr(scope.runtime, "group_id", "")
    return str(found)
