"""What a template's resources wait for: what they name, and what they ask for."""

from typing import Any

import pytest

from local.azure.templates.errors import NotYet, TemplateError
from tests.templates import GROUP, SUBSCRIPTION, a_template, loop, made, needs, one

B = "A.B/c/d"
NESTED = "Microsoft.Resources/deployments"
GROUPS = "Microsoft.Resources/resourceGroups"
I = "[concat('x', copyIndex())]"  # noqa: E741
X0 = "[reference('x0').a]"
LOOPED = "[reference(concat('x', copyIndex('p'))).a]"


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("p", ["p"]),
        ("P", ["p"]),
        ("A.B/c/p", ["p"]),
        ("a.b/C/P", ["p"]),
        ("[resourceId('A.B/c', 'p')]", ["p"]),
        (f"[resourceId('{SUBSCRIPTION}', 'one', 'A.B/c', 'p')]", ["p"]),
        (f"{GROUP}/providers/A.B/c/p/", ["p"]),
        ("p/k", ["p/k"]),
        ("A.B/c/d/p/k", ["p/k"]),
        ("A.B/c/p/d/k", ["p/k"]),
        ("[resourceId('A.B/c/d', 'p', 'k')]", ["p/k"]),
        ("[concat(resourceId('A.B/c', 'p'), '/d/k')]", ["p/k"]),
        ("l", ["x0", "x1"]),
        ("x1", ["x1"]),
        ("[concat('A.B/c/x', add(0, 1))]", ["x1"]),
        ("A.B/c/p/providers/E.F/lock/z", ["z"]),
        ("E.F/lock/z", ["z"]),
        ("[extensionResourceId(resourceId('A.B/c', 'p'), 'E.F/lock', 'z')]", ["z"]),
        ("[resourceId('elsewhere', 'Microsoft.Resources/deployments', 'n')]", ["n"]),
        ("y", []),
    ],
)
def test_what_is_waited_for_is_named_in_many_ways(named: str, meant: list[str]) -> None:
    template = a_template(
        one("y", dependsOn=[named, named]),
        one("p", resources=[one("k", "d")]),
        one(I, **loop(2)),
        one("z", "E.F/lock", scope="A.B/c/p"),
        one("n", NESTED, resourceGroup="elsewhere"),
    )

    assert needs(made(template))["y"] == meant


def test_a_group_is_named_as_a_resource_of_the_subscription() -> None:
    for named in (f"[subscriptionResourceId('{GROUPS}', 'g')]", "g", f"{GROUPS}/g"):
        template = a_template(one("g", GROUPS), one("y", dependsOn=[named]))

        assert needs(made(template, f"/subscriptions/{SUBSCRIPTION}"))["y"] == ["g"]


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("p", ["p0"]),
        ("P", ["p0"]),
        ("q::k", ["p0/k"]),
        ("s", ["x0", "x1"]),
        ("s[1]", ["x1"]),
        ("[format('s[{0}]', copyIndex())]", ["x0"]),
        ("[resourceId('A.B/c', 'p0')]", ["p0"]),
        ("e", ["there"]),
    ],
)
def test_what_has_a_symbol_is_named_by_it(named: str, meant: list[str]) -> None:
    symbols = {
        "y": one("y", dependsOn=[named], **loop(1, "ys")),
        "p": one("p0"),
        "q::k": one("p0/k", B),
        "s": one(I, **loop(2, "loopname")),
        "e": one("there", existing=True),
    }

    assert needs(made(a_template(named=symbols)))["y"] == meant


@pytest.mark.parametrize(
    "named", ["nobody", "x2", "A.B/c/nobody", "s[2]", "[createArray('x0')]", "0"]
)
def test_what_is_not_in_the_template_cannot_be_waited_for(named: str) -> None:
    template = a_template(named={"y": one("y", dependsOn=[named]), "s": one(I, **loop(2))})

    with pytest.raises(TemplateError, match="is not defined in the template") as refused:
        made(template)

    assert refused.value.path == ("resources", "y", "dependsOn")


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({"a": X0}, ["x0"]),
        ({"a": ["x", {"b": X0}]}, ["x0"]),
        ({"a": "[if(true(), reference('x1').a, reference('x0').a)]"}, ["x1", "x0"]),
        ({"a": "[concat(reference('x0').a, reference('A.B/c/x1', '2').a)]"}, ["x0", "x1"]),
        ({"a": "[reference(resourceId('A.B/c', 'x1'), '2', 'Full').tags]"}, ["x1"]),
        ({"a": "[listKeys('x0', '2').keys[0].value]"}, ["x0"]),
        ({"a": "[LISTANYTHING(resourceId('A.B/c', 'x0'), '2')]"}, ["x0"]),
        ({"a": "[references('l')]"}, ["x0", "x1"]),
        ({"a": "[resourceId('A.B/c', 'x0')]"}, []),
        ({"a": "[reference('elsewhere', '2').a]"}, []),
        ({"a": "[reference(reference('x1').name).a]"}, ["x1"]),
        ({"a": "[[reference('x0')]"}, []),
        ({"copy": [{"name": "p", "count": 2, "input": LOOPED}]}, ["x0", "x1"]),
        ({"copy": [{"name": "p", "count": 0, "input": X0}]}, []),
        ({"copy": [{"name": "p", "count": "[reference('x0')]", "input": X0}]}, []),
        ({"copy": [{"name": "p", "count": 2, "input": "a"}, 17]}, []),
    ],
)
def test_what_a_body_asks_for_is_waited_for(body: Any, meant: list[str]) -> None:
    template = a_template(one("y", properties=body), one(I, **loop(2)))

    assert needs(made(template))["y"] == meant


def test_what_is_asked_for_outside_of_properties_is_waited_for_too() -> None:
    template = a_template(
        one("y", tags={"a": X0}, sku="[reference('x1').sku]", comments="[reference('x2').a]"),
        one(I, **loop(3)),
    )

    assert needs(made(template))["y"] == ["x0", "x1"]


def test_an_output_waits_for_nothing_and_nobody_for_itself() -> None:
    outputs = {"o": {"type": "string", "value": "[reference('y').a]"}}
    template = a_template(one("y", properties={"a": "[reference('y').b]"}), outputs=outputs)

    assert needs(made(template)) == {"y": []}


def test_a_need_tells_the_version_and_the_action_it_asks_with() -> None:
    template = a_template(
        one(
            "y",
            dependsOn=["p"],
            properties={"a": "[listKeys('x0', '2').a]", "b": "[reference('x1', '3')]"},
        ),
        one("p"),
        one(I, **loop(2)),
    )
    found = made(template)

    waits = found.needs[f"{GROUP}/providers/A.B/c/y".lower()]
    assert [(one.version, one.action) for one in waits] == [("", ""), ("2", "listKeys"), ("3", "")]


def nested(scope: str | None, **more: Any) -> dict[str, Any]:
    """Return a nested deployment: `x0` is asked for in its parameters, `x1` in its template."""
    options = {} if scope is None else {"expressionEvaluationOptions": {"scope": scope}}
    inner = a_template(one("z", properties={"b": "[reference('x1').a]"}))
    properties = {"mode": "Incremental", **options, "template": inner, **more}
    return one("y", NESTED, properties={**properties, "parameters": {"a": {"value": X0}}})


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ("inner", ["x0"]),
        ("Inner", ["x0"]),
        ("outer", ["x1", "x0"]),
        (None, ["x1", "x0"]),
    ],
)
def test_a_nested_template_of_its_own_scope_asks_for_nothing_around_it(
    scope: str | None, meant: list[str]
) -> None:
    found = made(a_template(nested(scope), one(I, **loop(2))))

    assert needs(found)["y"] == meant
    told = found.body(f"{GROUP}/providers/{NESTED}/y".lower())["properties"]
    assert told["parameters"] == {"a": {"value": 1}}
    inside = told["template"]["resources"][0]["properties"]["b"]
    assert inside == (1 if len(meant) == 2 else "[reference('x1').a]")


def test_a_template_of_inner_scope_is_left_alone_in_one_of_outer_scope_too() -> None:
    inner = nested("inner")
    outer = {"mode": "Incremental", "template": a_template(inner, one("z", tags={"a": X0}))}
    found = made(a_template(one("o", NESTED, properties=outer), one(I, **loop(2))))

    told = found.body(f"{GROUP}/providers/{NESTED}/o".lower())["properties"]["template"]

    assert needs(found)["o"] == ["x0"]
    assert told["resources"][1]["tags"] == {"a": 1}
    assert told["resources"][0]["properties"]["parameters"] == {"a": {"value": 1}}
    assert told["resources"][0]["properties"]["template"] == inner["properties"]["template"]


@pytest.mark.parametrize("depth", [150, 900])
def test_a_template_too_deep_is_refused(depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = [deep]
    outer = {"mode": "Incremental", "template": a_template(one("z", tags=deep))}
    found = made(a_template(one("o", NESTED, properties=outer)))

    with pytest.raises(TemplateError, match="nested too deep"):
        found.body(next(iter(found.items)))


def test_what_exists_is_there_when_what_it_waits_for_is() -> None:
    found = made(
        a_template(
            named={
                "a": one("a"),
                "e": one("a/b", B, existing=True, dependsOn=["a"]),
                "f": one("a/b/c", "A.B/c/d/e", existing=True, dependsOn=["e"]),
                "g": one("g", existing=True),
                "y": one("y", dependsOn=["f"]),
            }
        )
    )

    assert found.settled([]) == {"g"}
    assert found.settled(["a"]) == {"a", "e", "f", "g"}


@pytest.mark.parametrize(
    "resources",
    [
        [one("a", dependsOn=["b"]), one("b", dependsOn=["a"])],
        [one("a", dependsOn=["b"]), one("b", dependsOn=["c"]), one("c", dependsOn=["a"])],
        [one("a", properties={"x": "[reference('b')]"}), one("b", dependsOn=["a"])],
        [one("p", dependsOn=["p/k"], resources=[one("k", "d", dependsOn=["p"])])],
        [one(I, **loop(2), dependsOn=["y"]), one("y", dependsOn=["l"])],
        [one("a", condition=False, dependsOn=["b"]), one("b", dependsOn=["a"])],
    ],
)
def test_what_waits_in_a_circle_is_refused(resources: list[Any]) -> None:
    with pytest.raises(TemplateError, match="Circular dependency detected on resource") as refused:
        made(a_template(one("free"), *resources))

    assert refused.value.path[0] == "resources"


def test_a_body_tells_later_what_is_not_known_yet() -> None:
    later = "[reference('later').a]"
    found = made(a_template(one("y", properties={"a": later, "b": "[add(1, 1)]"})))
    key = next(iter(found.items))

    assert found.body(key, lasting=True) == {"properties": {"a": later, "b": 2}}
    with pytest.raises(NotYet):
        found.body(key)


def test_a_body_has_not_what_is_the_template_s() -> None:
    own: dict[str, Any] = {
        "condition": True,
        "comments": "c",
        "metadata": {},
        "scope": "/",
        "dependsOn": [],
    }
    found = made(a_template(one("y", **own, location="l", sku={"name": "s"}, zones=["1"])))

    assert found.body(next(iter(found.items))) == {
        "location": "l",
        "sku": {"name": "s"},
        "zones": ["1"],
    }
