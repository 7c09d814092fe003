"""From a template to what it asks for: names, scopes, loops, children, conditions, limits."""

from typing import Any

import pytest

from local.azure.templates import identifiers, plan
from local.azure.templates.errors import TemplateError
from tests.templates import GROUP, SUBSCRIPTION, a_template, loop, made, needs, one

SUB = f"/subscriptions/{SUBSCRIPTION}"
B = "A.B/c/d"


def body(found: plan.Plan, name: str) -> Any:
    """Return the properties of a resource."""
    key = next(key for key, item in found.items.items() if item.name == name)
    return found.body(key)["properties"]


I = "[concat('x', copyIndex())]"  # noqa: E741


# What is called how, and stands where


@pytest.mark.parametrize(
    ("resource", "below"),
    [
        (one("x"), f"{GROUP}/providers/A.B/c/x"),
        (one("x/y", B), f"{GROUP}/providers/A.B/c/x/d/y"),
        (one("x", scope="/"), "/providers/A.B/c/x"),
        (one("x", scope=SUB), f"{SUB}/providers/A.B/c/x"),
        (one("x", scope=f"{SUB}/"), f"{SUB}/providers/A.B/c/x"),
        (one("x", scope="C.D/e/z"), f"{GROUP}/providers/C.D/e/z/providers/A.B/c/x"),
        (
            one("x", scope="C.D/e/z/providers/F.G/h/i"),
            f"{GROUP}/providers/C.D/e/z/providers/F.G/h/i/providers/A.B/c/x",
        ),
        (
            one("x/E.F/g", "A.B/c/providers/locks"),
            f"{GROUP}/providers/A.B/c/x/providers/E.F/locks/g",
        ),
        (one("x", resourceGroup="two"), f"{GROUP}/providers/A.B/c/x"),
        (
            one("x", "Microsoft.Resources/deployments"),
            f"{GROUP}/providers/Microsoft.Resources/deployments/x",
        ),
        (
            one("x", "Microsoft.Resources/deployments", resourceGroup="two"),
            f"{SUB}/resourceGroups/two/providers/Microsoft.Resources/deployments/x",
        ),
        (
            one("x", "Microsoft.Resources/deployments", subscriptionId="9", resourceGroup="two"),
            "/subscriptions/9/resourceGroups/two/providers/Microsoft.Resources/deployments/x",
        ),
        (
            one("x", "Microsoft.Resources/deployments", subscriptionId="9", location="l"),
            "/subscriptions/9/providers/Microsoft.Resources/deployments/x",
        ),
        (
            one("x", "Microsoft.Resources/deployments", scope=f"{SUB}/resourceGroups/two"),
            f"{SUB}/resourceGroups/two/providers/Microsoft.Resources/deployments/x",
        ),
    ],
)
def test_a_resource_has_an_identifier(resource: dict[str, Any], below: str) -> None:
    assert [item.id for item in made(a_template(resource)).items.values()] == [below]


def test_at_a_subscription_groups_are_not_below_a_provider() -> None:
    template = a_template(one("g", "Microsoft.Resources/resourceGroups"), one("x"))

    ids = [item.id for item in made(template, SUB).items.values()]

    assert ids == [f"{SUB}/resourceGroups/g", f"{SUB}/providers/A.B/c/x"]


def test_what_exists_may_be_in_another_group() -> None:
    there = one("x", existing=True, subscriptionId="9", resourceGroup="two")

    (item,) = made(a_template(named={"e": there})).items.values()

    assert item.id == "/subscriptions/9/resourceGroups/two/providers/A.B/c/x"
    assert item.existing


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{GROUP}/providers/A.B/c/x/d/y", ("A.B/c/d", "x/y")),
        ("/providers/A.B/c/x", ("A.B/c", "x")),
        (f"{GROUP}/providers/A.B/c/x/providers/E.F/g/h", ("E.F/g", "h")),
        (GROUP, ("Microsoft.Resources/resourceGroups", "one")),
        (SUB, ("", "")),
        ("x", ("", "")),
    ],
)
def test_an_identifier_tells_its_type_and_name(path: str, kind: tuple[str, str]) -> None:
    assert identifiers.kind_of(path) == kind


# Loops


def test_a_loop_makes_one_for_each_round() -> None:
    assert list(needs(made(a_template(one(I, **loop(3)))))) == ["x0", "x1", "x2"]


def test_a_round_is_counted_from_an_offset() -> None:
    named = "[concat('x', copyIndex(5), copyIndex('l'), copyIndex('L', 7))]"

    assert list(needs(made(a_template(one(named, **loop(2)))))) == ["x507", "x618"]


@pytest.mark.parametrize(
    ("more", "before"),
    [
        ({}, [[], [], [], []]),
        ({"mode": "Parallel"}, [[], [], [], []]),
        ({"mode": "serial"}, [[], ["x0"], ["x0", "x1"], ["x0", "x1", "x2"]]),
        ({"mode": "serial", "batchSize": 2}, [[], [], ["x0", "x1"], ["x0", "x1"]]),
        ({"mode": "serial", "batchSize": 9}, [[], [], [], []]),
        ({"mode": "parallel", "batchSize": 2}, [[], [], [], []]),
    ],
)
def test_a_serial_loop_goes_a_batch_at_a_time(
    more: dict[str, Any], before: list[list[str]]
) -> None:
    assert list(needs(made(a_template(one(I, **loop(4, **more))))).values()) == before


def test_a_loop_without_rounds_makes_nothing_and_can_be_waited_for() -> None:
    children = one("p", resources=[one("k", "d", **loop(0, "m"))])
    template = a_template(one(I, **loop(0)), one("y", dependsOn=["L", "m"]), children)

    assert needs(made(template)) == {"y": [], "p": []}
    named = {"s": one(I, **loop(0, "other")), "y": one("y", dependsOn=["s"])}
    assert needs(made(a_template(named=named))) == {"y": []}


@pytest.mark.parametrize("count", [-1, 801, 1.5, "2", True, None])
def test_a_loop_of_no_possible_count_is_refused(count: Any) -> None:
    variables = {"copy": [{"name": "v", "count": count, "input": 1}]}
    for template in (a_template(one(I, **loop(count))), a_template(variables=variables)):
        with pytest.raises(TemplateError, match="must be an integer from 0 to 800"):
            made(template)


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        ({"copy": {"name": "l"}}, "must have 'name' and 'count'"),
        ({"copy": [1]}, "must have 'name' and 'count'"),
        (loop(1, mode="random"), "must be 'Parallel' or 'Serial'"),
    ],
)
def test_a_loop_that_is_none_is_refused(resource: dict[str, Any], why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        made(a_template(one(I, **resource)))


def test_properties_are_repeated_inside_each_other() -> None:
    inner = {
        "name": "in",
        "count": 2,
        "input": "[add(mul(copyIndex('out'), 10), copyIndex('in'))]",
    }
    outer = {"name": "out", "count": 2, "input": {"copy": [inner], "round": "[copyIndex()]"}}
    empty = {"name": "none", "count": 0, "input": "[fail('never')]"}
    resource = one(I, **loop(2), properties={"a": 1, "copy": [outer, empty]})

    assert body(made(a_template(resource)), "x1") == {
        "a": 1,
        "out": [{"in": [0, 1], "round": 1}, {"in": [10, 11], "round": 1}],
        "none": [],
    }


def test_variables_and_outputs_are_repeated() -> None:
    variables = {
        "copy": [{"name": "v", "count": 2, "input": {"at": "[copyIndex('v', 1)]"}}],
        "w": {"copy": [{"name": "u", "count": 2, "input": "[copyIndex('u')]"}]},
    }
    outputs = {
        "o": {"type": "array", "copy": {"count": 2, "input": "[variables('v')[copyIndex()]]"}},
        "p": {"type": "object", "value": "[variables('w')]"},
        "q": {"type": "string", "condition": False, "value": "[fail('never')]"},
    }

    found = made(a_template(variables=variables, outputs=outputs)).outputs()

    assert found == {
        "o": {"type": "array", "value": [{"at": 1}, {"at": 2}]},
        "p": {"type": "object", "value": {"u": [0, 1]}},
    }


def test_an_output_s_type_may_be_a_definition() -> None:
    template = a_template(
        named={},
        definitions={"n": {"type": "int"}},
        outputs={"o": {"$ref": "#/definitions/n", "value": 1}},
    )

    assert made(template).outputs()["o"]["value"] == 1


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ({"value": 1}, "must have a type"),
        ("x", "must have a type"),
        ({"type": "array", "copy": {"count": 1}}, "must have 'count' and 'input'"),
    ],
)
def test_an_output_that_is_none_is_refused(output: Any, why: str) -> None:
    found = made(a_template(outputs={"o": output}))

    with pytest.raises(TemplateError, match=why):
        found.outputs()


# Children and conditions


def test_children_stand_beside_their_parents() -> None:
    child = one("k", "d", resources=[one("g", "e")])

    found = made(a_template(one(I, **loop(2), resources=[child])))

    assert list(needs(found)) == ["x0", "x0/k", "x0/k/g", "x1", "x1/k", "x1/k/g"]
    assert {item.type for item in found.items.values()} == {"A.B/c", "A.B/c/d", "A.B/c/d/e"}


def test_children_may_have_symbols_of_their_own() -> None:
    named = {"p": one("p", resources={"k": one("k", "d")}), "y": one("y", dependsOn=["k"])}

    assert needs(made(a_template(named=named))) == {"p": [], "p/k": [], "y": ["p/k"]}


def test_a_child_is_left_out_with_its_parent() -> None:
    resource = one("p", condition=False, resources=[one("k", "d"), one("j", "d", condition=True)])

    assert not any(item.enabled for item in made(a_template(resource)).items.values())


def test_a_condition_may_leave_out_a_name_that_nobody_can_tell() -> None:
    lost = "[split(null(), '/')[4]]"
    named = {
        "e": one(lost, condition=False, existing=True, resourceGroup=lost),
        "f": one(lost, B, condition="[equals(1, 2)]"),
        "y": one("y", dependsOn=["e", "f"]),
    }

    found = made(a_template(named=named))

    assert needs(found)["y"] == ["e", "f/f"]
    with pytest.raises(TemplateError, match="'split'"):
        made(a_template(one(lost, condition=False)))
    with pytest.raises(TemplateError, match="'split'"):
        made(a_template(named={"e": one(lost)}))


@pytest.mark.parametrize("condition", ["true", 1, None, "[createArray()]"])
def test_a_condition_is_a_truth(condition: Any) -> None:
    with pytest.raises(TemplateError, match="must be a boolean"):
        made(a_template(one("x", condition=condition)))


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (one("x/y"), "incorrect segment lengths"),
        (one("x", B), "incorrect segment lengths"),
        (one("/x", B), "incorrect segment lengths"),
        (one("x", "A.B"), "incorrect segment lengths"),
        (one("p", resources=[one("p/k", B)]), "incorrect segment lengths"),
        (one(""), "must be a text that is not empty"),
        (one("[createArray('x')]"), "must be a text that is not empty"),
        ({"type": "A.B/c", "apiVersion": "1"}, "has no 'name'"),
        ({"type": "A.B/c", "name": "x"}, "has no 'apiVersion'"),
        ({"apiVersion": "1", "name": "x"}, "has no 'type'"),
        (17, "must be an object"),
        (one("[reference('x').a]"), "is not expected at this location"),
        (one("[newGuid()]"), "is not expected at this location"),
    ],
)
def test_a_resource_that_is_none_is_refused_with_its_place(resource: Any, why: str) -> None:
    with pytest.raises(TemplateError, match=why) as refused:
        made(a_template(resource))

    assert refused.value.path[:2] == ("resources", 0)


def test_a_resource_stands_once_in_a_template() -> None:
    for template in (
        a_template(one("x"), one("X")),
        a_template(one("same", **loop(2))),
        a_template(one("p", resources=[one("k", "d")]), one("p/k", B)),
        a_template(named={"a": one("x"), "b": one("x")}),
        a_template(named={"a": one("x"), "b": one("x", existing=True)}),
    ):
        with pytest.raises(TemplateError, match="is defined multiple times"):
            made(template)
    (item,) = made(a_template(one("x", condition=False), one("x"))).items.values()
    assert item.enabled
    (item,) = made(a_template(one("x"), one("x", condition=False))).items.values()
    assert item.enabled


# Limits


def _many(count: int, what: Any) -> dict[str, Any]:
    return {f"n{at}": what for at in range(count)}


@pytest.mark.parametrize(
    ("part", "most", "what"),
    [
        ("parameters", 256, {"type": "int", "defaultValue": 1}),
        ("variables", 512, 1),
        ("outputs", 64, {"type": "int", "value": 1}),
    ],
)
def test_a_template_has_so_many_parts_and_no_more(part: str, most: int, what: Any) -> None:
    made(a_template(**{part: _many(most, what)}))

    with pytest.raises(TemplateError, match=f"limit exceeded. Limit: {most}, actual: {most + 1}"):
        made(a_template(**{part: _many(most + 1, what)}))


def test_a_template_has_eight_hundred_resources_rounds_counted() -> None:
    assert len(made(a_template(one(I, **loop(799)), one("y"))).items) == 800

    with pytest.raises(TemplateError, match="Limit: 800, actual: 801"):
        made(a_template(one(I, **loop(800)), one("y")))


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ({**a_template(), "resource": []}, "Could not find member 'resource'"),
        ({**a_template(), "variables": []}, "'variables' has the wrong type"),
        ({**a_template(), "resources": None}, "Required property 'resources'"),
        ({**a_template(), "languageVersion": "3.0"}, "language version '3.0' is not supported"),
        ({**a_template(), "resources": {}}, "need the template's 'languageVersion'"),
        ({**a_template(), "imports": {}}, "'imports' is not supported here"),
        (a_template(outputs={"o": {"type": "int", "value": "[no()]"}}), "'no' is not valid"),
        (a_template(functions=[{"namespace": "n"}]), "needs a 'namespace' and 'members'"),
        (
            a_template(functions=[{"namespace": "n", "members": {"f": {}}}]),
            "'n.f' must have an output with a value",
        ),
    ],
)
def test_a_template_that_is_none_is_refused(template: Any, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        made(template)


def test_a_name_that_is_known_only_later_is_not_a_name() -> None:
    with pytest.raises(TemplateError, match="is not expected at this location"):
        made(a_template(one("x", **loop("[reference('later').a]"))))
