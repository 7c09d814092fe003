"""Parameters: what a template declares, what a deployment gives, and whether the two agree.

A value that is given is taken as it is; a default is evaluated when it is first asked for. Both
are held against the declaration, so that an expression never sees a value of another type than the
template says. Null given is nothing given.

Messages are the service's as far as they were seen; the line and the column of a declaration are
left as `{line}` and `{column}` for who knows the template's text, and the path says of what.

Source: learn.microsoft.com "Parameters in ARM templates" and "Create Resource Manager parameter
file".
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.azure.templates import shapes
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Names, Scope, key_of, value
from local.azure.templates.shapes import Shape

Secret = Callable[[Any], Any]

Declared = Shape


def declared(template: Mapping[str, Any], part: str = "parameters") -> dict[str, Declared]:
    """Return the parameters, or outputs, of a template; raise TemplateError for a wrong one."""
    entries = template.get(part) or {}
    definitions = template.get("definitions") or {}
    if not isinstance(entries, dict) or not isinstance(definitions, dict):
        raise TemplateError(f"The template's '{part}' must be an object.", (part,))
    found: dict[str, Declared] = {}
    for name, source in entries.items():
        if not isinstance(source, dict):
            raise TemplateError(f"The template's {part} '{name}' must be an object.", (part, name))
        shape = Shape(source=source, definitions=definitions)
        try:
            known = shape.resolved().shown
        except TemplateError as error:
            raise TemplateError(error.message, (part, name, "$ref")) from error
        if not known:
            raise TemplateError(
                f"The type '{source.get('type')}' of the template's {part} '{name}' is not valid."
                f" Types are '{', '.join(shapes.SHOWN.values())}'.",
                (part, name, "type"),
            )
        found[name] = shape
    return found


def names(
    template: Mapping[str, Any],
    given: Mapping[str, Any] | None,
    *,
    secret: Secret | None = None,
) -> Names:
    """Return the parameters' values, each checked when it is first asked for.

    `given` maps names to `{"value": ...}` or `{"reference": ...}`, which `secret` looks up. Raises
    TemplateError for values of parameters that there are not.
    """
    known = declared(template)
    entries = dict(given or {})
    _check_names(known, entries)
    sources: dict[str, Callable[[Scope], Any]] = {}
    for name, shape in known.items():
        key = key_of(entries, name)
        sources[name] = _source(name, shape, None if key is None else entries[key], secret)
    return Names(kind="parameter", sources=sources)


def check(found: Names, scope: Scope) -> None:
    """Evaluate all parameters; raise TemplateError for the first that is wrong or not given."""
    for name in found.sources:
        found.get(name, scope)


def is_secure(shape: Declared) -> bool:
    """Tell whether a value must not be shown."""
    return shown_type(shape).startswith("Secure")


def shown_type(shape: Declared) -> str:
    """Return the type's name as answers spell it: String, SecureString, Int, Bool, ..."""
    return shape.resolved().shown


def check_output(shape: Declared | str, result: Any, name: str = "") -> None:
    """Refuse an output's value that is not of the type, the name of one or a declaration."""
    if isinstance(shape, str):
        shape = Shape(source={"type": shape}, definitions={})
    shapes.check(shape, result, name, of="output")


def _check_names(known: Mapping[str, Declared], given: Mapping[str, Any]) -> None:
    spelled = {name.lower() for name in known}
    unknown = [name for name in given if name.lower() not in spelled]
    if unknown:
        raise TemplateError(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid;"
            " they are not present in the original template and can therefore not be provided at"
            " deployment time. The only supported parameters for this template are"
            f" '{', '.join(known)}'. Please see https://aka.ms/arm-pass-parameter-values for usage"
            " details."
        )
    lowered = [name.lower() for name in given]
    twice = [name for name in given if lowered.count(name.lower()) > 1]
    if twice:
        raise TemplateError(
            "The deployment parameters are using case sensitive names. The error parameter"
            f" name(s): {','.join(twice)}. Please see https://aka.ms/arm-keyvault for usage"
            " details."
        )


def _source(
    name: str, shape: Declared, given: Any, secret: Secret | None
) -> Callable[[Scope], Any]:
    def found(scope: Scope) -> Any:
        """Return the parameter's value, checked."""
        try:
            result = _given(name, shape.resolved(), given, secret, scope)
            shapes.check(shape, scope.effort.accept(result), name)
        except TemplateError as error:
            raise TemplateError(error.message, error.path or ("parameters", name)) from error
        return result

    return found


def _given(name: str, shape: Declared, given: Any, secret: Secret | None, scope: Scope) -> Any:
    if given is not None and not isinstance(given, dict):
        raise TemplateError(
            f"The value for the template parameter '{name}' must be an object with a 'value' or a"
            " 'reference'."
        )
    entry: dict[str, Any] = given or {}
    if entry.get("value") is not None:
        return entry["value"]
    if entry.get("reference") is not None:
        if secret is None:
            raise TemplateError(
                f"The reference of the template parameter '{name}' can't be looked up here."
            )
        return secret(entry["reference"])
    if "defaultValue" in shape.source:
        place = ("parameters", name, "defaultValue")
        return value(shape.source["defaultValue"], scope.at("parameter"), place)
    if shape.nullable:
        return None
    raise TemplateError(
        f"The value for the template parameter '{name}'"
        " at line '{line}' and column '{column}' is not provided. Please see"
        " https://aka.ms/arm-create-parameter-file for usage details."
    )
