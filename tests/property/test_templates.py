"""What holds for every expression of a template: it ends, in a value or in a refusal."""

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from local.azure.templates import evaluation, functions, hashing, parameters
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.evaluation import kind
from local.azure.templates.expressions import calls, parse
from tests.templates import a_scope, evaluated

NAMES = [*(name for name in functions.names() if name != "list*"), "listKeys"]
# These write an object down, and so tell in which order its names stand.
WRITERS = {"concat", "dataUri", "fail", "format", "join", "string", "first", "last", "reduce"}

TEXTS = st.text(max_size=5) | st.sampled_from(
    [
        *("", "a", "A", "é", "ß", "\ud800", "{0}", "{0:N2}", "{1,-5}", "{", "[[", "x", "5", "1e9"),
        *("10.0.0.0/24", "::1/64", "2020-02-29T00:00:00Z", "P1Y", "-PT5M", "yyyy'T'HH", "o"),
        *("http://a.b/c", "data:;base64,YQ==", "YQ==", '{"a": [1, {"b": null}]}', "Microsoft.X/y"),
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS | st.floats(-1e300, 1e300),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abcABC") | st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


LEAVES = st.one_of(
    TEXTS.map(_quoted),
    st.integers(-3, 12).map(str),
    st.sampled_from(["9223372036854775807", "-9223372036854775808", "true()", "null()"]),
    st.sampled_from(["parameters('p')", "parameters('q')", "variables('v')", "variables('w')"]),
    st.sampled_from(["createArray()", "range(0, 3)", "createObject()", "copyIndex()"]),
    st.sampled_from(["lambdaVariables('x')", "lambdaVariables('y')"]),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    args = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from(NAMES), args),
        st.builds("{}({})".format, st.sampled_from(NAMES), args),
        st.builds("createObject('a', {}, 'B', {})".format, inner, inner),
        st.builds("lambda('x', {})".format, inner),
        st.builds("lambda('x', 'y', {})".format, inner),
        st.builds("map({}, lambda('x', {}))".format, inner, inner),
        st.builds("filter({}, lambda('x', 'y', {}))".format, inner, inner),
        st.builds("reduce({}, {}, lambda('x', 'y', {}))".format, inner, inner, inner),
        st.builds("sort({}, lambda('x', 'y', {}))".format, inner, inner),
        st.builds("{}.b".format, inner),
        st.builds("{}.?A".format, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[?{}]".format, inner, inner),
        st.builds("mine.go({})".format, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=12)
FUNCTIONS = {
    "mine.go": evaluation.UserFunction(
        name="mine.go", parameters=("x",), output={"b": "[parameters('x')]"}
    )
}
PLACES = st.sampled_from(["parameter", "variable", "resource", "body", "output"])


def _outcome(expression: str, names: dict[str, Any], place: str = "body") -> Any:
    """Return a value, or what was refused."""
    scope = a_scope(
        parameters={name: one for name, one in names.items() if name in "pq"},
        variables={name: one for name, one in names.items() if name in "vw"},
        functions=FUNCTIONS,
        place=place,
    )
    try:
        return evaluated(expression, scope.repeating("loop", 2))
    except (TemplateError, NotYet) as error:
        return type(error), str(error)


def _names(p: Any, q: Any, w: str) -> dict[str, Any]:
    return {"p": p, "q": q, "v": "[createArray(parameters('p'), 'x')]", "w": f"[{w}]"}


def _turned(value: Any) -> Any:
    """Return a value with the names of its objects in the opposite order."""
    if isinstance(value, list):
        return [_turned(one) for one in value]
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return value


@given(expression=EXPRESSIONS, p=JSON, q=JSON, w=EXPRESSIONS, place=PLACES)
def test_every_expression_ends_in_a_value_or_in_a_refusal(
    expression: str, p: Any, q: Any, w: str, place: str
):
    first = _outcome(expression, _names(p, q, w), place)

    assert repr(first) == repr(_outcome(expression, _names(p, q, w), place))
    assert isinstance(first, tuple) or kind(first) != "Function"
    if not isinstance(first, tuple):
        json.dumps(first)


@given(expression=EXPRESSIONS, p=JSON, q=JSON, w=EXPRESSIONS)
def test_the_order_of_declarations_means_nothing(expression: str, p: Any, q: Any, w: str):
    names = _names(p, q, w)
    turned = dict(reversed(names.items()))

    assert repr(_outcome(expression, names)) == repr(_outcome(expression, turned))


@given(expression=EXPRESSIONS, p=JSON, w=EXPRESSIONS)
def test_the_order_of_names_in_an_object_means_nothing(expression: str, p: Any, w: str):
    used = {one.name for text in (expression, w) for one in calls(parse(f"[{text}]"))}
    assume(not used & WRITERS)
    assume(_has_no_twins(p))
    p = {"a": p, "b": [p]}

    one = _outcome(expression, _names(p, p, w))
    other = _outcome(expression, _names(_turned(p), _turned(p), w))

    assert isinstance(one, tuple) == isinstance(other, tuple)
    assert isinstance(one, tuple) or one == other


def _has_no_twins(value: Any) -> bool:
    """Tell whether no object has two names that differ in their case alone."""
    if isinstance(value, list):
        return all(map(_has_no_twins, value))
    if isinstance(value, dict):
        distinct = len({key.lower() for key in value}) == len(value)
        return distinct and all(map(_has_no_twins, value.values()))
    return True


@given(source=JSON)
def test_json_without_expressions_is_its_own_value(source: Any):
    assume("[" not in json.dumps(_texts(source))[1:-1])

    assert evaluation.value(source, a_scope()) == source


def _texts(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(_texts, value))
    if isinstance(value, dict):
        return "".join(key + _texts(one) for key, one in value.items())
    return value if isinstance(value, str) else ""


@given(source=JSON)
def test_any_json_as_a_template_ends_in_a_value_or_in_a_refusal(source: Any):
    for template in (source, {"copy": [{"name": source, "count": source, "input": source}]}):
        try:
            evaluation.value(template, a_scope())
        except TemplateError:
            continue


@given(text=st.text(alphabet="[]()'.,?ab1 -#", max_size=30))
def test_any_text_is_an_expression_or_is_refused(text: str):
    try:
        parse(f"[{text}]")
    except TemplateError:
        return


@given(value=JSON)
def test_a_value_written_is_read_again(value: Any):
    assume(_within_64_bits(value))
    scope = a_scope(parameters={"p": {"value": value}}).bare("body")
    scope.parameters.found["p"] = {"value": value}

    assert evaluated("json(string(parameters('p'))).value", scope) == value
    assert evaluated("base64ToJson(base64(string(parameters('p'))))", scope) is not None


def _within_64_bits(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(_within_64_bits, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


TYPES = st.sampled_from(["string", "int", "bool", "object", "array", "secureString", "x", None])
DECLARATIONS = st.fixed_dictionaries(
    {"type": TYPES},
    optional={
        "defaultValue": JSON,
        "allowedValues": JSON,
        "minLength": JSON,
        "maxValue": JSON,
        "nullable": JSON,
        "properties": JSON,
        "items": JSON,
        "prefixItems": JSON,
        "additionalProperties": JSON,
        "discriminator": JSON,
        "$ref": st.sampled_from(["#/definitions/a", "#/definitions/b", "c"]),
    },
)


@given(
    declared=DECLARATIONS,
    definitions=st.dictionaries(st.sampled_from("ab"), DECLARATIONS),
    entry=st.none() | st.fixed_dictionaries({"value": JSON}) | JSON,
)
def test_any_parameter_has_a_value_or_is_refused(
    declared: dict[str, Any], definitions: dict[str, Any], entry: Any
):
    template = {"parameters": {"p": declared}, "definitions": definitions}
    try:
        parameters.check(parameters.names(template, {"p": entry}), a_scope())
    except TemplateError:
        return


@given(value=JSON)
def test_any_template_has_a_hash(value: Any):
    for template in (value, {"parameters": value, "resources": value, "metadata": value}):
        assert hashing.template_hash(template).isdecimal()


@given(name=st.sampled_from(NAMES), args=st.lists(EXPRESSIONS, max_size=4))
def test_a_function_of_anything_ends_in_a_value_or_in_a_refusal(name: str, args: list[str]):
    call = f"{name}({', '.join(args)})"

    _outcome(call, _names({"a": 1}, [1, "b"], "1"), "parameter")
