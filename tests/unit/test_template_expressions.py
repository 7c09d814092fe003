"""The language inside a template's strings: how it is read, and how values come of it."""

import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.agreement.__main__ import USUAL as CORPUS
from local.azure.templates import hashing, parameters
from local.azure.templates.errors import TemplateError
from local.azure.templates.evaluation import (
    Names,
    Scope,
    UserFunction,
    kind,
    member,
    rounds,
    text,
    value,
)
from local.azure.templates.expressions import Call, Literal, Member, calls, is_expression, parse
from tests.templates import Subscription, a_scope, evaluated

# Reading


@pytest.mark.parametrize(
    ("string", "meant"),
    [
        ("plain", "plain"),
        ("[[concat('a')]", "[concat('a')]"),
        ("[a", "[a"),
        ("a]", "a]"),
        ("[[a", "[[a"),
        ("", ""),
    ],
)
def test_text_that_is_no_expression_stays(string: str, meant: str):
    assert not is_expression(string)
    assert text(string, a_scope()) == meant


def test_an_expression_is_a_tree():
    node = parse("[concat('it''s', mine.go(-1)).a.?b[0][?'c']]")

    called = Call("", "concat", (Literal("it's"), Call("mine", "go", (Literal(-1),))))
    first = Member(Member(called, Literal("a")), Literal("b"), safe=True)
    assert node == Member(Member(first, Literal(0)), Literal("c"), safe=True)


def test_calls_are_found_from_the_outside():
    node = parse("[a(b(), c('x')[d()].e)]")

    assert [one.full for one in calls(node)] == ["a", "b", "c", "d"]
    assert [one.full for one in calls(parse("[x.y()]"))] == ["x.y"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "expected token 'Identifier' and actual 'EndOfData'"),
        ("concat('a'", "expected token 'RightParenthesis' and actual 'EndOfData'"),
        ("concat('a' 'b')", "expected token 'RightParenthesis' and actual 'Literal'"),
        ("concat('a',)", "expected token 'Identifier' and actual 'RightParenthesis'"),
        ("concat", "expected token 'LeftParenthesis' and actual 'EndOfData'"),
        ("a().()", "expected token 'Identifier' and actual 'LeftParenthesis'"),
        ("a.'b'()", "expected token 'Identifier' and actual 'Literal'"),
        ("a()[0", "expected token 'RightSquareBracket' and actual 'EndOfData'"),
        ("a() b", "expected token 'EndOfData' and actual 'Identifier'"),
        ("'abc", "the text has no end"),
        ("a(#)", "unexpected '#'"),
        ("9223372036854775808", "too large for a 64-bit integer"),
        ("9" * 5000, "too large for a 64-bit integer"),
        ("a(" * 101 + ")" * 101, "nested deeper than 100 levels"),
        ("'" + "a" * 24_576 + "'", "exceeds the limit of '24576' characters"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, said: str):
    with pytest.raises(TemplateError) as refused:
        parse(f"[{expression}]")

    assert said in refused.value.message


# Values


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'it''s'", "it's"),
        ("-9223372036854775808", -9223372036854775808),
        ("parameters('o').NAME", "n"),
        ("parameters('o')['List'][1]", 2),
        ("parameters('o').?nothing", None),
        ("parameters('o').?nothing.?more", None),
        ("parameters('o').list[?5]", None),
        ("parameters('o').list[add(0, 1)]", 2),
        ("PARAMETERS('O').name", "n"),
        ("null().?a", None),
    ],
)
def test_an_expression_gives(expression: str, expected: Any):
    scope = a_scope(parameters={"o": {"name": "n", "list": [1, 2]}})

    assert evaluated(expression, scope) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("parameters('o').nothing", "property 'nothing' doesn't exist, available properties are"),
        ("parameters('o').list[2]", "array index '2' is out of bounds"),
        ("parameters('o').list[-1]", "array index '-1' is out of bounds"),
        ("parameters('o').list.a", "its operand is of type 'Array'"),
        ("parameters('o')[0]", "its operand is of type 'Object'"),
        ("parameters('o').?name.?a", "its operand is of type 'String'"),
        ("null().a", "its operand is of type 'Null'"),
        ("mine.nothing()", "The template function 'mine.nothing' is not valid."),
        ("mine.twice()", "The template function 'mine.twice' expects 1 argument(s)"),
        ("mine.twice(lambda('x', 1))", "'lambda' is not expected at this location"),
        ("mine.sees()", "The template parameter 'o' is not found."),
        ("mine.forever()", "nested too deep"),
        ("if(true(), lambda('x', 1), 1)", "'lambda' is not expected at this location"),
    ],
)
def test_an_expression_refuses(expression: str, said: str):
    scope = a_scope(parameters={"o": {"name": "n", "list": [1, 2]}}, functions=_functions())

    with pytest.raises(TemplateError) as refused:
        evaluated(expression, scope)

    assert said in refused.value.message


def test_a_user_s_function_sees_its_arguments_alone():
    scope = a_scope(parameters={"a": 1}, functions=_functions())

    assert evaluated("MINE.Twice(parameters('a'))", scope) == {"twice": [1, 1]}


def test_types_have_names():
    named = " ".join(kind(one) for one in (None, True, 1, 1.0, "", [], {}, object()))

    assert named == "Null Boolean Integer Float String Array Object Function"


def test_members_are_found_whatever_their_case():
    assert member({"a": 1, "A": 2}, "A") == 2
    assert member({"Ab": 1}, "aB") == 1
    assert member(None, "a", safe=True) is None


def test_a_template_s_json_is_evaluated_with_its_names():
    source = {"[concat('a', 'b')]": ["[add(1, 1)]", {"c": "[[x]"}, 1.5, None, True]}

    assert value(source, a_scope()) == {"ab": [2, {"c": "[x]"}, 1.5, None, True]}


def test_loops_in_a_value_give_lists():
    source = {
        "a": 1,
        "copy": [
            {"name": "b", "count": "[add(1, 1)]", "input": {"at": "[copyIndex('b')]"}},
            {"name": "[concat('c')]", "count": 0, "input": 1},
        ],
    }

    assert value(source, a_scope()) == {"a": 1, "b": [{"at": 0}, {"at": 1}], "c": []}
    assert value({"copy": "[concat('no loop')]"}, a_scope()) == {"copy": "no loop"}


@pytest.mark.parametrize(
    ("source", "said", "path"),
    [
        ({"a": [{"b": "[nothing()]"}]}, "is not valid", ("a", 0, "b")),
        ({"a": {"[add(1, 1)]": 1}}, "must be a string, not Integer", ("a",)),
        ({"copy": [1]}, "must have 'name', 'count' and 'input'", ("copy", 0)),
        ({"copy": [{"name": "a", "count": 801, "input": 1}]}, "from 0 to 800", ("copy", 0)),
        ({"copy": [{"name": "a", "count": "b", "input": 1}]}, "from 0 to 800", ("copy", 0)),
        (
            {"copy": [{"name": "[null()]", "count": 1, "input": 1}]},
            "must be a string",
            ("copy", 0),
        ),
        ({"a": "[lambda('x', 1)]"}, "is not expected at this location", ("a",)),
    ],
)
def test_what_is_wrong_has_a_place(source: Any, said: str, path: tuple[str | int, ...]):
    with pytest.raises(TemplateError) as refused:
        value(source, a_scope())

    assert said in refused.value.message
    assert refused.value.path == path


def test_rounds_are_counted():
    assert rounds("[int('3')]", a_scope()) == 3
    with pytest.raises(TemplateError, match="must be an integer"):
        rounds(True, a_scope())


# Parameters and variables


def test_variables_are_evaluated_once_and_whatever_their_case():
    scope = a_scope(variables={"a": "[concat(variables('B'), variables('b'))]", "b": "x"})

    assert evaluated("variables('A')", scope) == "xx"
    assert scope.variables.found == {"a": "xx", "b": "x"}


def test_variables_that_need_each_other_are_refused():
    scope = a_scope(variables={"a": "[variables('b')]", "b": "[variables('a')]"})

    for _ in range(2):  # also when asked again
        with pytest.raises(TemplateError, match=r"circular dependency detected: 'a -> b -> a'"):
            evaluated("variables('a')", scope)


def test_a_variable_does_not_see_the_loop_that_asks_for_it():
    scope = a_scope(variables={"a": "[copyIndex()]", "b": "[lambdaVariables('x')]"})

    with pytest.raises(TemplateError, match="can only be used in a resource with copy"):
        evaluated("variables('a')", scope.repeating("loop", 1))
    with pytest.raises(TemplateError, match="is not found"):
        evaluated("map(createArray(1), lambda('x', variables('b')))", scope)


def test_loops_inside_loops_are_told_apart():
    scope = a_scope().repeating("outer", 1).looping("inner", 2)

    assert evaluated("createArray(copyIndex(), copyIndex('inner'))", scope) == [1, 2]
    assert evaluated("copyIndex()", scope.looping("outer", 5)) == 5


def test_a_property_s_loop_must_be_named():
    with pytest.raises(TemplateError, match="can only be used in a resource with copy"):
        evaluated("copyIndex()", a_scope().looping("inner", 2))


# Bounds


def test_a_long_chain_of_members_is_no_deep_one():
    with pytest.raises(TemplateError, match="doesn't exist"):
        evaluated("createObject()" + ".a" * 10_000)


def test_variables_in_a_chain_too_long_are_refused():
    chain: dict[str, Any] = {f"v{at}": f"[variables('v{at + 1}')]" for at in range(1000)}
    scope = a_scope(variables=chain | {"v1000": "end"})

    assert evaluated("variables('v920')", scope) == "end"
    with pytest.raises(TemplateError, match="nested too deep"):
        evaluated("variables('v0')", scope)


def test_json_too_deep_is_refused():
    source: Any = "x"
    for _ in range(3000):
        source = [source]

    with pytest.raises(TemplateError, match="nested too deep"):
        value(source, a_scope())


def test_an_evaluation_on_a_stack_nearly_full_is_refused() -> None:
    usual, here = sys.getrecursionlimit(), len(inspect.stack(0))
    said = []
    for room in range(20, 120, 5):
        sys.setrecursionlimit(here + room)
        try:
            value(["[concat(concat(concat(concat('a'))))]"], a_scope())
        except TemplateError as error:
            said.append(error.message)
        except RecursionError:
            continue  # there was no room to begin
        finally:
            sys.setrecursionlimit(usual)

    assert said
    assert all("nested too deep" in one for one in said)


# Against what the service was seen to answer

_needs_recordings = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the recordings are not at {CORPUS}"
)


def _recorded(name: str) -> list[dict[str, Any]]:
    recording = json.loads((CORPUS / "deployments" / f"{name}.json").read_text(encoding="utf-8"))
    exchanges: list[dict[str, Any]] = recording["exchanges"]
    return exchanges


def _compiled(of: Any) -> Iterator[dict[str, Any]]:
    """Return every template that says of itself how it hashes."""
    if isinstance(of, list):
        for one in of:
            yield from _compiled(one)
    if isinstance(of, dict):
        if "resources" in of and "templateHash" in json.dumps(of.get("metadata")):
            yield of
        for one in of.values():
            yield from _compiled(one)


class _Recorded(Subscription):
    """The group that a recorded deployment went to."""

    def __init__(self, group: str) -> None:
        self.group_id = group

    def resource_group(self) -> Any:
        return {"id": self.group_id, "location": "eastus2"}


@_needs_recordings
def test_a_recorded_template_gives_what_the_service_answered():
    sent, answered = (_recorded("deployment-create-1")[at] for at in (0, -1))
    properties, body = sent["request"]["body"]["properties"], answered["response"]["body"]
    template = properties["template"]
    sources = {name: _lazy(one) for name, one in template["variables"].items()}
    scope = Scope(
        parameters=parameters.names(template, properties["parameters"]),
        variables=Names(kind="variable", sources=sources),
        runtime=_Recorded(body["id"].split("/providers/")[0]),
        place="output",
    )

    given = {name.lower(): value(one, scope)["value"] for name, one in template["outputs"].items()}

    outputs = body["properties"]["outputs"]
    assert given == {name.lower(): one["value"] for name, one in outputs.items()}


def _lazy(source: Any) -> Any:
    return lambda scope: value(source, scope)


@_needs_recordings
def test_compiled_templates_hash_as_they_say():
    names = [path.stem for path in sorted((CORPUS / "deployments").glob("*.json"))]
    templates = [one for name in names for one in _compiled(_recorded(name))]

    assert len(templates) > 5
    for template in templates:
        assert (
            hashing.computed_hash(template) == template["metadata"]["_generator"]["templateHash"]
        )
        assert hashing.template_hash(template) == hashing.computed_hash(template)


@_needs_recordings
@pytest.mark.parametrize(
    "name", ["create-1", "create-2", "validate-1", "validate-2", "validate-3"]
)
def test_the_service_shows_the_hash_of_a_template(name: str):
    exchange = _recorded(f"deployment-{name}")[0]
    template = exchange["request"]["body"]["properties"]["template"]

    shown = exchange["response"]["body"]["properties"]["templateHash"]

    assert hashing.template_hash(template) == hashing.computed_hash(template) == shown


def test_a_template_s_hash_does_not_depend_on_what_it_says_of_its_hash():
    plain = {
        "metadata": {"_generator": {"name": "x"}},
        "resources": {"a": {"type": "t"}},
        "outputs": 1,
    }
    said = {**plain, "metadata": {"_generator": {"name": "x", "templateHash": "12"}}}

    assert hashing.computed_hash(said) == hashing.computed_hash(plain)
    assert hashing.template_hash(said) == "12"
    assert hashing.computed_hash([]) == hashing.computed_hash([])
    assert hashing.computed_hash({"parameters": {"p": 1}, "resources": 1})
    assert hashing.computed_hash({}).isdecimal()


def _functions() -> dict[str, UserFunction]:
    made = [
        UserFunction(
            name="mine.twice",
            parameters=("x",),
            output={"twice": ["[parameters('x')]", "[parameters('X')]"]},
        ),
        UserFunction(name="mine.sees", parameters=(), output="[parameters('o')]"),
        UserFunction(name="mine.forever", parameters=(), output="[concat(mine.forever())]"),
    ]
    return {one.name: one for one in made}
