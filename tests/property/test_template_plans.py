"""What holds for every template's plan: it can be gone through, whatever the order written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure.templates import lenient
from local.azure.templates.errors import TemplateError
from tests.templates import a_template, made, needs, one

MOST = 7
NAMINGS = (
    "n{0}",
    "A.B/c/n{0}",
    "[resourceId('A.B/c', 'n{0}')]",
    "[concat('n', {0})]",
)
ASKINGS = ("[reference('n{0}').a]", "[listKeys(resourceId('A.B/c', 'n{0}'), '1').b]")
Edge = tuple[int, int, str]  # who waits, for whom, in which form


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """Return who waits for whom: always for one of a lower number."""
    pairs = [(one, other) for one in range(MOST) for other in range(one)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=12, unique=True))
    return [(*pair, draw(st.sampled_from((*NAMINGS, *ASKINGS)))) for pair in chosen]


def _resources(edges: list[Edge]) -> list[dict[str, Any]]:
    found = [one(f"n{at}", dependsOn=[], properties={}) for at in range(MOST)]
    for who, whom, form in edges:
        if form in NAMINGS:
            found[who]["dependsOn"].append(form.format(whom))
        else:
            found[who]["properties"][f"p{whom}"] = form.format(whom)
    return found


def _waits(resources: Any) -> dict[str, set[str]]:
    named = resources if isinstance(resources, dict) else None
    template = a_template(named=named) if named is not None else a_template(*resources)
    return {name: set(others) for name, others in needs(made(template)).items()}


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return [_turned(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return value


@given(edges=graphs(), order=st.permutations(range(MOST)))
def test_each_waits_for_what_it_names_whatever_the_order(
    edges: list[Edge], order: list[int]
) -> None:
    resources = _resources(edges)
    wanted = {f"n{who}": {f"n{b}" for a, b, _ in edges if a == who} for who in range(MOST)}

    assert _waits(resources) == wanted
    assert _waits([_turned(resources[at]) for at in order]) == wanted
    assert _waits({f"s{at}": resources[at] for at in order}) == wanted


@given(edges=graphs())
def test_a_plan_without_circles_can_be_gone_through(edges: list[Edge]) -> None:
    found = made(a_template(*_resources(edges)))

    done: set[str] = set()
    while len(done) < MOST:
        ready = {k for k, w in found.needs.items() if all(n.key in done for n in w)} - done
        assert ready
        done |= ready


@given(edges=graphs(), order=st.permutations(range(MOST)), path=st.data())
def test_a_circle_is_refused_wherever_it_is(
    edges: list[Edge], order: list[int], path: st.DataObject
) -> None:
    circle = path.draw(st.lists(st.sampled_from(range(MOST)), min_size=2, unique=True))
    form = path.draw(st.sampled_from((*NAMINGS, *ASKINGS)))
    closed = zip(circle, [*circle[1:], circle[0]], strict=True)
    resources = _resources([*edges, *((who, whom, form) for who, whom in closed)])

    with pytest.raises(TemplateError, match="Circular dependency"):
        _waits([resources[at] for at in order])


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=6)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=JSON, indent=st.sampled_from([None, 0, 2]), ascii_=st.booleans())
def test_what_is_json_is_read_as_json_with_and_without_comments(
    value: Any, indent: int | None, ascii_: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)

    assert lenient.read(text) == value
    assert lenient.read(f"// a comment\n{text}/* and another */") == value


@given(text=st.text(alphabet="{}[]:,'\"/*\\ua1-.eE0x \n", max_size=25))
def test_any_text_says_something_or_is_refused(text: str) -> None:
    try:
        found = lenient.read(text)
    except ValueError:
        return
    json.dumps(found, allow_nan=False)
    assert lenient.place(text, ())[0] >= 1
