"""A subscription for templates that are evaluated without one; scopes, templates and plans."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.azure.templates import parameters, plan
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.evaluation import Names, Scope, UserFunction, text, value

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/one"


class Subscription:
    """A Runtime that answers always the same."""

    group_id = GROUP

    def now(self) -> datetime:
        """Return an afternoon."""
        return datetime(2026, 1, 2, 15, 4, 5, 678901, tzinfo=UTC)

    def new_guid(self) -> str:
        """Return always the same."""
        return "99999999-0000-4000-8000-000000000000"

    def resource_group(self) -> Any:
        """Return a group."""
        return {"id": GROUP, "name": "one", "location": "westeurope"}

    def subscription(self) -> Any:
        """Return a subscription."""
        return {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION}

    def tenant(self) -> Any:
        """Return a tenant."""
        return {"tenantId": "t"}

    def management_group(self) -> Any:
        """Refuse: a group is deployed to."""
        raise TemplateError("The template function 'managementGroup' is not expected here.")

    def deployment(self) -> Any:
        """Return a deployment."""
        return {"name": "main"}

    def deployer(self) -> Any:
        """Return a person."""
        return {"objectId": "o"}

    def environment(self) -> Any:
        """Return a cloud."""
        return {"name": "AzureCloud"}

    def providers(self, namespace: str, kind: str | None) -> Any:
        """Return what was asked for."""
        return {"namespace": namespace, "resourceType": kind}

    def zones(self, namespace: str, kind: str, place: str, count: int, offset: int) -> list[str]:
        """Return three zones, cut."""
        return ["1", "2", "3"][offset : offset + count]

    def reference(self, name: str, version: str | None, *, full: bool) -> Any:
        """Return some properties; `later` is not there yet, and `x[*]` are two."""
        if name == "later":
            raise NotYet(name)
        if name.endswith("[*]"):
            return [{"at": 0}, {"at": 1}]
        return {"location": "westeurope", "properties": {"a": 1}} if full else {"a": 1}

    def listed(self, function: str, name: str, version: str, values: Any) -> Any:
        """Return what was asked for."""
        return {"asked": function, "of": name}


def a_scope(
    *,
    parameters: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    functions: Mapping[str, UserFunction] | None = None,
    place: str = "body",
) -> Scope:
    """Return what an expression sees; parameters and variables may be expressions."""
    return Scope(
        parameters=_names("parameter", parameters or {}),
        variables=_names("variable", variables or {}),
        runtime=Subscription(),
        functions=functions or {},
        place=place,
    )


def evaluated(expression: str, scope: Scope | None = None) -> Any:
    """Return what an expression, without its brackets, means."""
    return text(f"[{expression}]", scope or a_scope())


def _names(kind: str, sources: Mapping[str, Any]) -> Names:
    return Names(kind=kind, sources={name: _lazy(one) for name, one in sources.items()})


def _lazy(source: Any) -> Any:
    return lambda scope: value(source, scope)


def a_template(*resources: Any, **more: Any) -> dict[str, Any]:
    """Return a template; resources by symbol come as `named`."""
    named = more.pop("named", None)
    if named is not None:
        more["languageVersion"] = "2.0"
    found = list(resources) if named is None else named
    return {"$schema": "s", "contentVersion": "1.0.0.0", "resources": found, **more}


def one(name: str, kind: str = "A.B/c", **more: Any) -> dict[str, Any]:
    """Return a resource."""
    return {"type": kind, "apiVersion": "1", "name": name, **more}


def loop(count: Any, name: str = "l", **more: Any) -> dict[str, Any]:
    """Return what makes a resource a loop."""
    return {"copy": {"name": name, "count": count, **more}}


def made(template: Any, scope: str = GROUP, **given: Any) -> plan.Plan:
    """Return the plan of a template."""
    names = parameters.names(template, {name: {"value": value} for name, value in given.items()})
    seen = plan.scope_of(template, parameters=names, runtime=Subscription())
    parameters.check(names, seen)
    return plan.make(template, scope=seen, scope_id=scope)


def needs(found: plan.Plan) -> dict[str, list[str]]:
    """Return what waits for what, by name."""
    return {
        found.items[key].name: [found.items[need.key].name for need in wanted]
        for key, wanted in found.needs.items()
    }
