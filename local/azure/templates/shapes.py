"""Whether a value is of a declared type, that of a parameter or of an output, and in its bounds.

A type is JSON itself: `type`, bounds (`allowedValues`, `minValue`, `minLength` and so on), and in
language version 2.0 what objects and lists consist of (`properties`, `items`, ...) and `$ref` to a
type of the template's `definitions`. What is wrong is said of a name, `x` or deeper `x.y[0]`.

Source: learn.microsoft.com "Definitions in ARM templates", "Parameters in ARM templates".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import key_of, kind
from local.azure.templates.functions import json

SHOWN = {
    "string": "String",
    "securestring": "SecureString",
    "int": "Int",
    "bool": "Bool",
    "object": "Object",
    "secureobject": "SecureObject",
    "array": "Array",
}
_EXPECTED = {
    "String": "String, Uri",
    "SecureString": "String, Uri",
    "Int": "Integer",
    "Bool": "Boolean",
    "Object": "Object",
    "SecureObject": "Object",
    "Array": "Array",
}
_OF_ENTRIES = "Please see https://aka.ms/arm-syntax-parameters for usage details."
_OF_FILES = "Please see https://aka.ms/resource-manager-parameter-files for usage details."
_PLACE = " at line '{line}' and column '{column}'"  # filled in by who knows the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A type of a template, and the template's types that it may refer to."""

    source: Mapping[str, Any]
    definitions: Mapping[str, Any]

    def of(self, source: Any) -> "Shape":
        """Return a type beside this one; what is no type allows everything."""
        return replace(self, source=source if isinstance(source, dict) else {})

    def resolved(self) -> "Shape":
        """Return the type with its references followed; raise TemplateError for a lost one.

        What is said beside a reference stays, above what is said where it leads.
        """
        found, seen = dict(self.source), set()
        while "$ref" in found:
            reference = found.pop("$ref")
            name = str(reference).removeprefix("#/definitions/")
            target = self.definitions.get(name)
            if reference in seen or not isinstance(target, dict):
                raise TemplateError(
                    f"The template type reference '{reference}' is not valid: there is no such"
                    " type in the template's definitions."
                )
            seen.add(reference)
            found = {**target, **found}
        return replace(self, source=found)

    @property
    def nullable(self) -> bool:
        """Tell whether null is of this type; ask a resolved one."""
        return self.source.get("nullable") is True

    @property
    def shown(self) -> str:
        """The type's name as answers spell it, empty for none; ask a resolved one."""
        return SHOWN.get(str(self.source.get("type", "")).lower(), "")


def check(shape: Shape, value: Any, name: str, *, of: str = "parameter") -> None:
    """Refuse a value that is not of a type; `of` is what the name belongs to."""
    shape = shape.resolved()
    if value is None and shape.nullable:
        return
    expected = _EXPECTED.get(shape.shown)
    if expected and kind(value) not in expected.split(", "):
        raise _mistyped(name, expected, value, of)
    _check_allowed(shape, value, name, of)
    _check_bounds(shape, value, name, of)
    if isinstance(value, dict):
        _check_object(_told_apart(shape, value, name, of), value, name, of)
    elif isinstance(value, list):
        _check_list(shape, value, name, of)


def _check_allowed(shape: Shape, value: Any, name: str, of: str) -> None:
    allowed = shape.source.get("allowedValues")
    if not isinstance(allowed, list) or any(json.same(one, value) for one in allowed):
        return
    if isinstance(value, list) and all(any(json.same(a, one) for a in allowed) for one in value):
        return
    said = "" if shape.shown.startswith("Secure") else f" '{json.plain(value)}'"
    raise TemplateError(
        f"The provided value{said} for the template {of} '{name}'{_place(name)} is not valid. The"
        f" {of} value is not part of the allowed value(s):"
        f" '{','.join(map(json.plain, allowed))}'."
    )


def _check_bounds(shape: Shape, value: Any, name: str, of: str) -> None:
    measured: tuple[tuple[str, int, str], ...] = ()
    if isinstance(value, str | list | dict):
        measured = (("minLength", len(value), "Length of"), ("maxLength", len(value), "Length of"))
    elif isinstance(value, int) and not isinstance(value, bool):
        measured = (("minValue", value, ""), ("maxValue", value, ""))
    for member, size, what in measured:
        bound = shape.source.get(member)
        if not isinstance(bound, int) or isinstance(bound, bool):
            continue
        if size < bound if member.startswith("min") else size > bound:
            than = "greater" if member.startswith("min") else "less"
            subject = f"{what} the value" if what else "The value"
            raise _refused(
                name, f"{subject} should be {than} than or equal to '{bound}'.", of, _place(name)
            )


def _told_apart(shape: Shape, value: dict[str, Any], name: str, of: str) -> Shape:
    """Return the type that an object's discriminator names, or the type itself."""
    by = shape.source.get("discriminator")
    if not isinstance(by, dict):
        return shape
    member, mapping = str(by.get("propertyName")), by.get("mapping")
    key = key_of(value, member)
    choices = mapping if isinstance(mapping, dict) else {}
    chosen = None if key is None else value[key]
    if not isinstance(chosen, str) or chosen not in choices:
        raise _refused(
            name,
            f"The value of its property '{member}' must be one of: '{', '.join(choices)}'.",
            of,
        )
    found = shape.of(choices[chosen]).resolved()
    known = found.source.get("properties")
    properties = {member: {"type": "string"}, **(known if isinstance(known, dict) else {})}
    return found.of({**found.source, "properties": properties})


def _check_object(shape: Shape, value: dict[str, Any], name: str, of: str) -> None:
    declared = shape.source.get("properties")
    properties: dict[str, Any] = declared if isinstance(declared, dict) else {}
    missing = [
        one
        for one, inner in properties.items()
        if key_of(value, one) is None and not shape.of(inner).resolved().nullable
    ]
    if missing:
        raise _refused(name, f"It misses the required properties '{', '.join(missing)}'.", of)
    rest = shape.source.get("additionalProperties")
    is_closed = rest is False or shape.source.get("sealed") is True
    for key, inner in value.items():
        known = key_of(properties, key)
        if known is not None:
            check(shape.of(properties[known]), inner, f"{name}.{key}", of=of)
        elif is_closed:
            raise _refused(name, f"It must not have the property '{key}'.", of)
        elif isinstance(rest, dict):
            check(shape.of(rest), inner, f"{name}.{key}", of=of)


def _check_list(shape: Shape, value: list[Any], name: str, of: str) -> None:
    prefix = shape.source.get("prefixItems")
    first: list[Any] = prefix if isinstance(prefix, list) else []
    rest = shape.source.get("items")
    if len(value) < len(first):
        raise _refused(name, f"It must have at least '{len(first)}' elements.", of)
    if rest is False and len(value) > len(first):
        raise _refused(name, f"It must have at most '{len(first)}' elements.", of)
    for at, inner in enumerate(value):
        check(shape.of(first[at] if at < len(first) else rest), inner, f"{name}[{at}]", of=of)


def _mistyped(name: str, expected: str, value: Any, of: str) -> TemplateError:
    if of == "output":
        return TemplateError(
            "Template output JToken type is not valid. Expected"
            f" '{expected.removesuffix(', Uri')}'. Actual '{kind(value)}'.Please see"
            " https://aka.ms/arm-template/#outputs for usage details."
        )
    if not _place(name):
        return _refused(
            name,
            f"Expected a value of type '{expected}', but received a value of type"
            f" '{kind(value)}'.",
            of,
        )
    return TemplateError(
        f"Template parameter JToken type is not valid. Expected '{expected}'. Actual"
        f" '{kind(value)}'. {_OF_FILES}"
    )


def _refused(name: str, why: str, of: str, place: str = "") -> TemplateError:
    return TemplateError(
        f"The provided value for the template {of} '{name}'{place} is not valid. {why}"
        f" {_OF_ENTRIES}"
    )


def _place(name: str) -> str:
    """Return where a parameter itself stands; what is inside its value stands nowhere."""
    return "" if "." in name or "[" in name else _PLACE
