"""What a template declares against what a deployment gives."""

from typing import Any

import pytest

from local.azure.templates import parameters
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import Scope
from tests.templates import a_scope

DEFINITIONS: dict[str, Any] = {
    "name": {"type": "string", "minLength": 2, "maxLength": 4},
    "tree": {
        "type": "object",
        "properties": {
            "name": {"$ref": "#/definitions/name"},
            "children": {
                "type": "array",
                "items": {"$ref": "#/definitions/tree"},
                "nullable": True,
            },
        },
        "additionalProperties": False,
    },
    "loop": {"$ref": "#/definitions/loop"},
    "cat": {"type": "object", "properties": {"lives": {"type": "int"}}},
    "dog": {"type": "object", "properties": {"age": {"type": "int"}}, "sealed": True},
}


def _read(
    declared: dict[str, Any], given: dict[str, Any] | None = None, **more: Any
) -> tuple[dict[str, Any], Scope]:
    template = {"parameters": declared, "definitions": DEFINITIONS}
    names = parameters.names(template, given, **more)
    scope = Scope(parameters=names, variables=names, runtime=a_scope().runtime)
    parameters.check(names, scope)
    return names.found, scope


def _value(declared: dict[str, Any], *given: Any) -> Any:
    """Return what one parameter is: given, or not given at all."""
    found, _ = _read({"p": declared}, {"p": {"value": given[0]}} if given else None)
    return found["p"]


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({"type": "string"}, "a"),
        ({"type": "SecureString"}, "[concat('stays as it is')]"),
        ({"type": "INT", "minValue": 1, "maxValue": 5}, 5),
        ({"type": "bool"}, False),
        ({"type": "object"}, {"a": 1}),
        ({"type": "secureobject"}, {}),
        ({"type": "array", "minLength": 1, "maxLength": 1}, [None]),
        ({"type": "string", "allowedValues": ["a", "b"]}, "b"),
        ({"type": "array", "allowedValues": ["a", "b"]}, ["b", "b"]),
        ({"type": "array", "allowedValues": [["a"], ["b"]]}, ["b"]),
        ({"$ref": "#/definitions/name"}, "abcd"),
        ({"$ref": "#/definitions/name", "maxLength": 9}, "abcdefghi"),
        ({"$ref": "#/definitions/tree"}, {"name": "ab", "children": [{"NAME": "cd"}]}),
        ({"$ref": "#/definitions/tree"}, {"name": "ab", "children": None}),
        ({"type": "object", "additionalProperties": {"type": "int"}}, {"a": 1}),
        ({"type": "object", "properties": {"a": {"type": "int", "nullable": True}}}, {"b": 1}),
        (
            {"type": "array", "prefixItems": [{"type": "int"}], "items": {"type": "bool"}},
            [1, True],
        ),
        ({"type": "array", "prefixItems": [{"type": "int"}], "items": False}, [1]),
    ],
)
def test_a_value_of_the_declared_type_is_taken(declared: dict[str, Any], given: Any):
    assert _value(declared, given) == given


@pytest.mark.parametrize(
    ("declared", "given", "said"),
    [
        (
            {"type": "string"},
            1,
            "Template parameter JToken type is not valid. Expected 'String, Uri'. Actual "
            "'Integer'. Please see https://aka.ms/resource-manager-parameter-files for "
            "usage details.",
        ),
        ({"type": "securestring"}, {}, "Expected 'String, Uri'. Actual 'Object'."),
        ({"type": "int"}, "5", "Expected 'Integer'. Actual 'String'."),
        ({"type": "int"}, 5.0, "Expected 'Integer'. Actual 'Float'."),
        ({"type": "int"}, True, "Expected 'Integer'. Actual 'Boolean'."),
        ({"type": "bool"}, "true", "Expected 'Boolean'. Actual 'String'."),
        ({"type": "object"}, [], "Expected 'Object'. Actual 'Array'."),
        ({"type": "array"}, {}, "Expected 'Array'. Actual 'Object'."),
        (
            {"type": "string", "allowedValues": ["a", "b"]},
            "A",
            "The provided value 'A' for the template parameter 'p' at line '{line}' and "
            "column '{column}' is not valid. The parameter value is not part of the "
            "allowed value(s): 'a,b'.",
        ),
        (
            {"type": "secureString", "allowedValues": ["a"]},
            "secret",
            "The provided value for the template parameter 'p'",
        ),
        ({"type": "int", "allowedValues": [1, 2]}, 3, "'1,2'"),
        (
            {"type": "string", "maxLength": 6},
            "abcdefg",
            "The provided value for the template parameter 'p' at line '{line}' and "
            "column '{column}' is not valid. Length of the value should be less than or "
            "equal to '6'. Please see https://aka.ms/arm-syntax-parameters for usage "
            "details.",
        ),
        (
            {"type": "string", "minLength": 6},
            "a",
            "Length of the value should be greater than or equal to '6'.",
        ),
        (
            {"type": "array", "minLength": 1},
            [],
            "Length of the value should be greater than or equal to '1'.",
        ),
        ({"type": "int", "minValue": 6}, 5, "The value should be greater than or equal to '6'."),
        ({"type": "int", "maxValue": 6}, 7, "The value should be less than or equal to '6'."),
        (
            {"$ref": "#/definitions/tree"},
            {"name": "ab", "children": [{"name": "x"}]},
            "The provided value for the template parameter 'p.children[0].name' is not "
            "valid. Length of the value should be greater than or equal to '2'.",
        ),
        (
            {"$ref": "#/definitions/tree"},
            {"name": 1},
            "The provided value for the template parameter 'p.name' is not valid. "
            "Expected a value of type 'String, Uri', but received a value of type "
            "'Integer'.",
        ),
        ({"$ref": "#/definitions/tree"}, {}, "It misses the required properties 'name'."),
        (
            {"$ref": "#/definitions/tree"},
            {"name": "ab", "x": 1},
            "It must not have the property 'x'.",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "int"}},
            {"a": "b"},
            "'p.a' is not valid. Expected a value of type 'Integer'",
        ),
        (
            {"type": "array", "prefixItems": [{"type": "int"}], "items": {"type": "bool"}},
            [1, 1],
            "'p[1]' is not valid. Expected a value of type 'Boolean'",
        ),
        ({"type": "array", "prefixItems": [{"type": "int"}]}, [], "at least '1' elements"),
        (
            {"type": "array", "prefixItems": [{"type": "int"}], "items": False},
            [1, 2],
            "at most '1' elements",
        ),
    ],
)
def test_another_value_is_refused(declared: dict[str, Any], given: Any, said: str):
    with pytest.raises(TemplateError) as refused:
        _value(declared, given)

    assert said in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.path == ("parameters", "p")


ANIMAL = {
    "type": "object",
    "discriminator": {
        "propertyName": "kind",
        "mapping": {
            "cat": {"$ref": "#/definitions/cat"},
            "dog": {"$ref": "#/definitions/dog"},
            "any": {"type": "object"},
        },
    },
}


def test_a_property_tells_types_apart():
    for one in ({"kind": "cat", "lives": 9}, {"kind": "dog", "age": 5}, {"kind": "any", "x": 1}):
        assert _value(ANIMAL, one) == one
    for wrong, said in (
        ({"kind": "cat", "lives": "9"}, "'p.lives' is not valid"),
        ({"kind": "dog", "age": 5, "x": 1}, "must not have the property 'x'"),
        ({"kind": "cow"}, "must be one of: 'cat, dog, any'"),
        ({}, "must be one of"),
    ):
        with pytest.raises(TemplateError, match=said):
            _value(ANIMAL, wrong)


def test_a_default_is_evaluated_when_nothing_is_given():
    found, scope = _read(
        {
            "a": {"type": "string", "defaultValue": "[concat(parameters('b'), utcNow('yyyy'))]"},
            "b": {"type": "string", "defaultValue": "x"},
            "c": {"type": "object", "defaultValue": {"d": "[newGuid()]"}},
            "e": {"type": "string", "nullable": True},
            "f": {"$ref": "#/definitions/name", "nullable": True, "defaultValue": "ab"},
        },
        {"B": {"value": "y", "reference": None}, "f": {"value": None}},
    )

    assert found["a"] == "y2026"
    assert found["c"] == {"d": scope.runtime.new_guid()}
    assert found["e"] is None
    assert found["f"] == "ab"


def test_a_default_is_held_against_its_declaration():
    with pytest.raises(TemplateError, match=r"Expected 'Integer'\. Actual 'String'"):
        _value({"type": "int", "defaultValue": "[string(1)]"})
    with pytest.raises(TemplateError) as refused:
        _value({"type": "int", "defaultValue": "[nothing()]"})
    assert refused.value.path == ("parameters", "p", "defaultValue")


def test_a_value_not_given_is_missed():
    with pytest.raises(TemplateError) as refused:
        _value({"type": "string"})

    assert refused.value.path == ("parameters", "p")
    assert refused.value.message == (
        "The value for the template parameter 'p' at line '{line}' and column '{column}' is not"
        " provided. Please see https://aka.ms/arm-create-parameter-file for usage details."
    )


def test_values_of_unknown_parameters_are_refused_together():
    with pytest.raises(TemplateError) as refused:
        parameters.names(
            {"parameters": {"x": {"type": "int"}, "y": {"type": "int"}}},
            {"a": {"value": 1}, "X": {"value": 1}, "b": {"value": 2}},
        )

    assert refused.value.message == (
        "The template parameters 'a, b' in the parameters file are not valid; they are not present"
        " in the original template and can therefore not be provided at deployment time. The only"
        " supported parameters for this template are 'x, y'. Please see"
        " https://aka.ms/arm-pass-parameter-values for usage details."
    )


def test_a_value_given_twice_is_refused():
    with pytest.raises(TemplateError, match=r"using case sensitive names.*: x,X"):
        parameters.names({"parameters": {"x": {"type": "int"}}}, {"x": {}, "X": {}})


def test_a_reference_is_looked_up():
    reference = {"keyVault": {"id": "/v"}, "secretName": "s"}
    declared = {"p": {"type": "securestring"}}
    given = {"p": {"reference": reference}}

    found, _ = _read(declared, given, secret=lambda of: of["secretName"])

    assert found == {"p": "s"}
    with pytest.raises(TemplateError, match="can't be looked up here"):
        _read(declared, given)


def test_a_value_without_its_wrapping_is_refused():
    with pytest.raises(TemplateError, match="must be an object with a 'value'"):
        _read({"p": {"type": "string"}}, {"p": "a"})


@pytest.mark.parametrize(
    ("template", "said", "path"),
    [
        ({"parameters": []}, "", ()),
        ({"parameters": [1]}, "'parameters' must be an object", ("parameters",)),
        ({"definitions": [1]}, "must be an object", ("parameters",)),
        ({"parameters": {"p": 1}}, "'p' must be an object", ("parameters", "p")),
        ({"parameters": {"p": {}}}, "The type 'None'", ("parameters", "p", "type")),
        ({"parameters": {"p": {"type": "x"}}}, "The type 'x'", ("parameters", "p", "type")),
        (
            {"parameters": {"p": {"$ref": "#/definitions/x"}}},
            "'#/definitions/x' is not valid",
            ("parameters", "p", "$ref"),
        ),
        (
            {"parameters": {"p": {"$ref": "#/definitions/loop"}}, "definitions": DEFINITIONS},
            "'#/definitions/loop' is not valid",
            ("parameters", "p", "$ref"),
        ),
    ],
)
def test_a_wrong_declaration_is_refused(
    template: dict[str, Any], said: str, path: tuple[str | int, ...]
):
    if not said:
        assert parameters.declared(template) == {}
        return
    with pytest.raises(TemplateError) as refused:
        parameters.declared(template)

    assert said in refused.value.message
    assert refused.value.path == path


def test_types_are_shown_in_their_spelling():
    types = ["STRING", "securestring", "int", "bool", "object", "secureObject", "array"]
    template = {"parameters": {one: {"type": one} for one in types}}

    found = parameters.declared(template)

    assert [parameters.shown_type(one) for one in found.values()] == [
        "String",
        "SecureString",
        "Int",
        "Bool",
        "Object",
        "SecureObject",
        "Array",
    ]
    secure = [name for name, one in found.items() if parameters.is_secure(one)]
    assert secure == ["securestring", "secureObject"]


def test_outputs_are_of_their_type():
    parameters.check_output("String", "a")
    declared = parameters.declared(
        {"outputs": {"o": {"type": "int", "nullable": True}}}, "outputs"
    )
    parameters.check_output(declared["o"], None, "o")
    with pytest.raises(TemplateError) as refused:
        parameters.check_output("string", None)

    assert refused.value.message == (
        "Template output JToken type is not valid. Expected 'String'. Actual 'Null'.Please see"
        " https://aka.ms/arm-template/#outputs for usage details."
    )


def test_a_value_too_deep_is_refused():
    deep: Any = []
    for _ in range(500):
        deep = [deep]

    with pytest.raises(TemplateError, match="nested too deep"):
        _value({"type": "array"}, deep)
