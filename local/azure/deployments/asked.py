"""What a caller asks for when it deploys: a template, its parameters, a mode.

Bodies are read as Resource Manager reads them (`templates.lenient`); what is wrong in a template
is told with its line and column in the request. A template may be linked: by the address of its
text, or by a template spec's version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from local.azure import documents, places
from local.azure.arm import Call, Json, Refusal, gateway
from local.azure.templates import lenient
from local.azure.templates.errors import TemplateError
from local.azure.world import World, plain

MODES = {"incremental": "Incremental", "complete": "Complete"}
_PROPERTIES = frozenset(
    (
        *("template", "templateLink", "parameters", "parametersLink", "mode", "debugSetting"),
        *("onErrorDeployment", "expressionEvaluationOptions", "whatIfSettings"),
        *("validationLevel", "externalInputs", "externalInputDefinitions", "extensionConfigs"),
    )
)
_MEMBERS = frozenset(("location", "tags", "properties", "identity", "scope", "id", "name", "type"))
_SPECS = "microsoft.resources/templatespecs/versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to deploy. `text` is the request's body, where places are looked up.

    `address` is what links in the template are relative to: its own, or that of the one around it.
    """

    template: Json
    given: Json
    mode: str
    location: str = ""
    tags: Json | None = None
    template_link: Json | None = None
    parameters_link: Json | None = None
    debug: str = ""
    format: str = "FullResourcePayloads"
    told_parameters: bool = True
    text: str = ""
    address: str = ""

    def refusal(self, error: TemplateError) -> Refusal:
        """Return the refusal of a template, with the place of what is wrong."""
        path = ("properties", "template", *error.path)
        line, column = lenient.place(self.text, path) if error.path and self.text else (0, 0)
        message = error.message.replace("{line}", str(line)).replace("{column}", str(column))
        told = message.removeprefix("Deployment template validation failed: ").strip("'")
        info: Json = {
            "lineNumber": line,
            "linePosition": column,
            "path": _dotted(path) if error.path else "",
        }
        return gateway(
            400,
            "InvalidTemplate",
            f"Deployment template validation failed: '{told}'.",
            info=[{"type": "TemplateViolation", "info": info}],
        )


def read(world: World, call: Call, *, scoped: bool) -> Asked:
    """Return what a request asks for; `scoped` where it must say its location."""
    text = call.body.decode(errors="replace")
    body = object_of(text)
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        raise _unreadable(
            f"Could not find member '{unknown[0]}' on object of type 'DeploymentDefinition'. Path"
            f" '{unknown[0]}'"
        )
    location = str(body.get("location") or "")
    if scoped and not location:
        raise unplaced()
    if not scoped and location:
        raise gateway(
            400,
            "InvalidDeployment",
            "The 'location' property is not allowed for a deployment at resource group scope.",
        )
    found = properties(world, body.get("properties"), text=text)
    tags = body.get("tags")
    return replace(found, location=places.normal(location), tags=tags)


def unplaced() -> Refusal:
    """Return the refusal of a deployment to a subscription that does not say its location."""
    return gateway(
        400,
        "LocationRequired",
        "The location property is required for this deployment scope. Please see"
        " https://aka.ms/arm-deployment-subscription for usage details.",
    )


def properties(world: World, said: Any, *, text: str = "", base: str = "") -> Asked:
    """Return what a deployment's properties ask for; `base` is its parent's address."""
    if not isinstance(said, dict):
        raise _unreadable("Required property 'properties' not found in JSON. Path ''")
    unknown = sorted(set(said) - _PROPERTIES)
    if unknown:
        raise _unreadable(
            f"Could not find member '{unknown[0]}' on object of type 'DeploymentProperties'. Path"
            f" 'properties.{unknown[0]}'"
        )
    mode = MODES.get(str(said.get("mode") or "").lower())
    if mode is None:
        raise gateway(
            400,
            "InvalidDeploymentMode" if said.get("mode") else "InvalidRequestContent",
            f"The deployment mode '{said.get('mode') or ''}' is not valid: it must be one of"
            f" '{', '.join(MODES.values())}'.",
        )
    if said.get("onErrorDeployment"):
        raise Refusal(
            501,
            "NotImplemented",
            "'properties.onErrorDeployment' is not simulated: deploy the earlier template again.",
            gateway=True,
        )
    template, link = _template(world, said, base)
    given, parameters_link = _parameters(world, said, base)
    debug = said.get("debugSetting") or {}
    settings = said.get("whatIfSettings") or {}
    return Asked(
        template=template,
        given=given,
        mode=mode,
        template_link=link,
        parameters_link=parameters_link,
        debug=str(debug.get("detailLevel") or ""),
        format=str(settings.get("resultFormat") or "FullResourcePayloads"),
        told_parameters=bool(given) or "parameters" in template,
        text=text,
        address=str((link or {}).get("uri") or base),
    )


def _template(world: World, said: Mapping[str, Any], base: str) -> tuple[Json, Json | None]:
    link, template = said.get("templateLink"), said.get("template")
    if link is not None and template is not None:
        raise gateway(
            400,
            "InvalidRequestContent",
            "Only one of 'properties.template' and 'properties.templateLink' may be given.",
        )
    if link is None:
        if isinstance(template, str):
            template = object_of(template)
        if not isinstance(template, dict):
            raise gateway(
                400,
                "InvalidRequestContent",
                "One of 'properties.template' and 'properties.templateLink' must be given.",
            )
        return template, None
    if not isinstance(link, dict):
        raise _unreadable("'properties.templateLink' must be an object")
    if link.get("id"):
        return _spec(world, str(link["id"])), dict(link)
    text, address = _fetched(world, link, base, "templateLink")
    found = object_of(text)
    _check_version(link, found)
    return found, {**link, "uri": address}


def _parameters(world: World, said: Mapping[str, Any], base: str) -> tuple[Json, Json | None]:
    link, given = said.get("parametersLink"), said.get("parameters")
    if link is None:
        if isinstance(given, str):
            given = object_of(given)
        if given is not None and not isinstance(given, dict):
            raise _unreadable("'properties.parameters' must be an object")
        given = given or {}
        if "$schema" in given and isinstance(given.get("parameters"), dict):
            given = given["parameters"]
        return plain(given), None
    text, _ = _fetched(world, link, base, "parametersLink")
    found = object_of(text)
    _check_version(link, found)
    return found.get("parameters") or {}, dict(link)


def _fetched(world: World, link: Any, base: str, name: str) -> tuple[str, str]:
    if not isinstance(link, dict) or not (link.get("uri") or link.get("relativePath")):
        raise gateway(400, "InvalidRequestContent", f"'properties.{name}' must have a 'uri'.")
    address = str(link.get("uri") or urljoin(base, str(link.get("relativePath"))))
    found = documents.text(world, address)
    if found is None:
        raise gateway(
            400,
            "InvalidContentLink",
            f"Unable to download deployment content from '{address.partition('?')[0]}'. The"
            " tracking Id is unknown to the address. Please see https://aka.ms/arm-deploy for"
            " usage details.",
        )
    return found, address


def _check_version(link: Mapping[str, Any], found: Json) -> None:
    wanted, there = link.get("contentVersion"), found.get("contentVersion")
    if wanted is not None and wanted != there:
        raise gateway(
            400,
            "InvalidContentLink",
            f"The content version '{there}' at the link is not the wanted '{wanted}'.",
        )


def _spec(world: World, name: str) -> Json:
    found = world.find(name)
    if found is None or found.type.lower() != _SPECS:
        raise gateway(
            404,
            "TemplateSpecVersionNotFound",
            f"The template spec version '{name}' could not be found.",
        )
    template: Json = plain(found.body["properties"].get("mainTemplate") or {})
    return template


def object_of(text: str) -> Json:
    """Return the object that a text is; refuse any other."""
    try:
        found = lenient.read(text)
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(found, dict):
        raise _unreadable("expected a JSON object")
    return found


def _dotted(path: tuple[str | int, ...]) -> str:
    found = ""
    for step in path:
        found += f"[{step}]" if isinstance(step, int) else f".{step}" if found else step
    return found


def _unreadable(why: str) -> Refusal:
    return gateway(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{why}'.",
    )
