"""Whether a template has the form of one: its members, what they must be, and how many.

Source: learn.microsoft.com "Template limits": 256 parameters, 512 variables, 800 resources (copies
counted), 64 outputs, 10 copies of a property's list at 800 rounds, 4 MB in all.
"""

from collections.abc import Iterator
from typing import Any

from local.azure.templates import expressions
from local.azure.templates.errors import TemplateError
from local.azure.templates.functions import find

MOST = {"parameters": 256, "variables": 512, "outputs": 64}
MOST_RESOURCES = 800
_MEMBERS: dict[str, type | tuple[type, ...]] = {
    "$schema": str,
    "contentVersion": str,
    "languageVersion": str,
    "apiProfile": str,
    "metadata": dict,
    "definitions": dict,
    "parameters": dict,
    "functions": list,
    "variables": dict,
    "resources": (list, dict),
    "outputs": dict,
    "asserts": dict,
}
_LANGUAGES = {"1.0", "2.0"}
_UNSIMULATED = {"imports", "extensions"}


def check(template: Any) -> None:
    """Refuse what is no template; raise TemplateError with the place."""
    if not isinstance(template, dict):
        raise TemplateError("The template must be a JSON object.")
    for name, inner in template.items():
        if name in _UNSIMULATED:
            raise TemplateError(f"The template section '{name}' is not supported here.", (name,))
        if name not in _MEMBERS:
            raise TemplateError(
                f"Could not find member '{name}' on object of type 'Template'. Path"
                f" 'properties.template.{name}'.",
                (name,),
            )
        if inner is not None and not isinstance(inner, _MEMBERS[name]):
            raise TemplateError(f"The template section '{name}' has the wrong type.", (name,))
    for name in ("$schema", "contentVersion", "resources"):
        if template.get(name) is None:
            raise TemplateError(
                f"Required property '{name}' not found in JSON. Path 'properties.template'."
            )
    language = str(template.get("languageVersion") or "1.0")
    if language not in _LANGUAGES:
        raise TemplateError(
            f"The template language version '{language}' is not supported. The supported versions"
            f" are '{', '.join(sorted(_LANGUAGES))}'.",
            ("languageVersion",),
        )
    if isinstance(template["resources"], dict) and language == "1.0":
        raise TemplateError(
            "Resources with symbolic names need the template's 'languageVersion' to be '2.0'.",
            ("resources",),
        )
    for name, most in MOST.items():
        if len(template.get(name) or ()) > most:
            raise TemplateError(
                f"The number of template {name} limit exceeded. Limit: {most}, actual:"
                f" {len(template[name])}. Please see https://aka.ms/arm-limits for usage details.",
                (name,),
            )
    _check_calls(template)


def _check_calls(template: dict[str, Any]) -> None:
    """Refuse an expression that does not parse, or that calls what there is not.

    Templates inside this one are looked at when they are deployed.
    """
    for path, found in _texts({k: v for k, v in template.items() if k != "metadata"}, ()):
        try:
            for call in expressions.calls(expressions.parse(found)):
                if not call.space:
                    find(call.name)
        except TemplateError as error:
            raise TemplateError(error.message, path) from error


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every expression and its place."""
    match value:
        case str() if expressions.is_expression(value):
            yield path, value
        case list():
            for at, one in enumerate(value):
                yield from _texts(one, (*path, at))
        case dict():
            for name, one in value.items():
                yield from _texts(name, (*path, name))
                if name != "template":
                    yield from _texts(one, (*path, name))
