"""From a request to a plan, and from a record back to the plan it had.

A plan is made from the template and the values of its parameters; both are in the record, so that
the plan of a deployment is the same after a restart: what `newGuid` and `utcNow` gave is a value.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local.azure.arm import Call, Json, gateway
from local.azure.deployments.asked import Asked
from local.azure.deployments.records import Deployment
from local.azure.deployments.runtime import Live
from local.azure.ids import resource
from local.azure.templates import parameters, plan
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Names, Scope
from local.azure.templates.identifiers import GROUPS
from local.azure.templates.plan import Plan
from local.azure.world import World


def made(
    world: World,
    asked: Asked,
    call: Call,
    *,
    scope: str,
    name: str,
    planned: Mapping[str, str] | None = None,
    preview: bool = False,
) -> Plan:
    """Return the plan of a request; raise Refusal where its template cannot be used.

    `planned` are the regions of groups that are not made yet. A `preview` tells the values that
    are secret, or another each time, as they are written.
    """
    live = Live(
        world=world,
        scope=scope,
        name=name,
        template=asked.template,
        mode=asked.mode,
        call=call,
        location=asked.location,
        groups=planned or {},
        template_link=asked.template_link,
        address=asked.address,
        ahead=True,
    )
    try:
        names = parameters.names(
            asked.template, asked.given, secret=lambda kept: _secret(world, kept)
        )
        seen = plan.scope_of(asked.template, parameters=names, runtime=live)
        parameters.declared(asked.template, "outputs")
        parameters.check(names, seen)
        if preview:
            names.found |= _written(asked.template, asked.given)
        found = plan.make(asked.template, scope=seen, scope_id=scope)
    except TemplateError as error:
        raise asked.refusal(error) from error
    live.plan = found
    return found


def plan_of(world: World, one: Deployment, at: datetime) -> Plan:
    """Return the plan of a deployment as it is now."""
    found = world.deployments.plans.get(one.key)
    if found is None:
        found = world.deployments.plans[one.key] = _again(world, one, at)
    live = found.scope.runtime
    assert isinstance(live, Live)
    live.call, live.done = one.call(at), frozenset(node.key for node in one.nodes if node.done)
    live.ahead = False
    return found


def values_of(found: Plan) -> Json:
    """Return the values of a plan's parameters."""
    return dict(found.scope.parameters.found)


def groups_of(found: Plan) -> dict[str, str]:
    """Return the regions of the groups that a plan makes, by identifier in lower case."""
    regions = {}
    for key, item in found.items.items():
        if item.type.lower() == GROUPS:
            place = found.body(key, lasting=True).get("location")
            regions[item.id.lower()] = str(place or "")
    return regions


def _again(world: World, one: Deployment, at: datetime) -> Plan:
    live = Live(
        world=world,
        scope=one.scope,
        name=one.name,
        template=one.template,
        mode=one.mode,
        call=one.call(at),
        location=one.location,
        template_link=one.template_link,
    )
    names = Names(
        kind="parameter", sources={name: _known(value) for name, value in one.values.items()}
    )
    seen = plan.scope_of(one.template, parameters=names, runtime=live)
    found = plan.make(one.template, scope=seen, scope_id=one.scope)
    live.plan = found
    return found


def _known(value: Any) -> Callable[[Scope], Any]:
    return lambda _: value


def _secret(world: World, reference: Any) -> str:
    vault = reference.get("keyVault") if isinstance(reference, dict) else None
    name = str(vault.get("id") or "") if isinstance(vault, dict) else ""
    found = world.find(name) if name else None
    if found is None:
        raise gateway(
            404,
            "KeyVaultParameterReferenceNotFound",
            f"The specified KeyVault '{name}' could not be found. Please see"
            " https://aka.ms/arm-keyvault for usage details.",
        )
    if not found.body["properties"].get("enabledForTemplateDeployment"):
        raise gateway(
            400,
            "KeyVaultParameterReferenceAuthorizationFailed",
            f"The vault '{resource(name).name}' is not enabled for template deployment. Please see"
            " https://aka.ms/arm-keyvault for usage details.",
        )
    secret = world.find(f"{found.id}/secrets/{reference.get('secretName')}")
    if secret is None:
        raise gateway(
            400,
            "KeyVaultParameterReferenceSecretRetrieveFailed",
            f"The secret of KeyVault parameter '{reference.get('secretName')}' cannot be"
            " retrieved. Please see https://aka.ms/arm-keyvault for usage details.",
        )
    return str(secret.body["properties"].get("value", ""))


_CHANGING = ("utcnow(", "newguid(")


def _written(template: Json, given: Json) -> Json:
    """Return what a preview tells of secrets, and of defaults that are another each time."""
    found: Json = {}
    named = {name.lower() for name in given}
    for name, said in (template.get("parameters") or {}).items():
        default = said.get("defaultValue")
        if str(said.get("type", "")).lower() == "securestring":
            found[name] = f"[parameters('{name}')]"
            continue
        changes = any(word in str(default).lower() for word in _CHANGING)
        if isinstance(default, str) and changes and name.lower() not in named:
            found[name] = default
    return found
