"""The JSON that requests bring: what is read beside JSON, where it stands, what is refused."""

import json
from typing import Any

import pytest

from local.azure.templates import lenient

READ: list[tuple[str, Any]] = [
    (
        '{"a": [1, -2.5, 1e3, true, false, null, "x"]}',
        {"a": [1, -2.5, 1e3, True, False, None, "x"]},
    ),
    ("// first\n{ /* then */ a: 1 } // last", {"a": 1}),
    ("/* one /* not two */ 1", 1),
    ("{a: 1, $b: 2, c-d.e: 3, 'f g': 4}", {"a": 1, "$b": 2, "c-d.e": 3, "f g": 4}),
    ("['it\\'s', 'a \"b\"']", ["it's", 'a "b"']),
    ('"two\nlines"', "two\nlines"),
    ("[1, 2,]", [1, 2]),
    ("{a: {b: [],},}", {"a": {"b": []}}),
    ("[]", []),
    ("{ }", {}),
    ("\ufeff{a: 1}", {"a": 1}),
    ("'\\u00e9\\n\\t\\\\\\/\\q'", "é\n\t\\/q"),
    ("['\\ud83d\\ude00', '\\ud83d']", ["😀", "\ud83d"]),
    ("[0x1F, -0x10]", [31, -16]),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775808", 2.0**63),
    ("[0xFFFFFFFFFFFFFFFFF,]", [float(16**17 - 1)]),
    ("{a: 1, a: 2}", {"a": 2}),
    ("'// no comment'", "// no comment"),
]

REFUSED = [
    ("", "a value was expected, line 1, position 0"),
    ("{a: 1", "',' was expected, line 1, position 5"),
    ("[1, 2", "',' was expected, line 1, position 5"),
    ("[", "it ends too early, line 1, position 1"),
    ("{a 1}", "':' was expected, line 1, position 3"),
    ("{1: 1}", "a name was expected, line 1, position 1"),
    ("{,}", "a name was expected"),
    ("[1 2]", "',' was expected, line 1, position 3"),
    ("'a", "a text has no end"),
    ('"a\\', "a text has no end"),
    ("'\\u12g4'", "'\\u12g4' is no character"),
    ("{a:\n  b}", "a value was expected, line 2, position 2"),
    ("{a: 1} 2", "there is more after the end, line 1, position 7"),
    ("{a: 1} /* no end", "there is more after the end"),
    ("NaN", "a value was expected"),
    ("[Infinity]", "a value was expected"),
    ("1e999", "a number is too large"),
    ("[" * 300, "it is nested too deep"),
    ("[" * 100_000, "it is nested too deep"),
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_a_text_is_read(text: str, value: Any) -> None:
    assert lenient.read(text) == value


def test_what_is_whole_stays_whole_and_what_64_bits_cannot_hold_does_not() -> None:
    assert isinstance(lenient.read("9223372036854775807"), int)
    assert isinstance(lenient.read("{a: 9223372036854775808}")["a"], float)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_a_text_that_says_nothing_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        lenient.read(text)

    assert why in str(refused.value)


TEXT = """{
  // what is asked for
  properties: {
    "template": {"resources": [{name: 'a',
      type: "A.B/c"}, 17, [ ]]},
  }
}"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("properties",), (3, 15)),
        (("properties", "template"), (4, 17)),
        (("properties", "template", "resources"), (4, 31)),
        (("properties", "template", "resources", 0), (4, 32)),
        (("properties", "template", "resources", 0, "name"), (4, 41)),
        (("properties", "template", "resources", 0, "type"), (5, 19)),
        (("properties", "template", "resources", 1), (5, 24)),
        (("properties", "template", "resources", 2), (5, 27)),
        (("properties", "template", "resources", 9, "x"), (4, 31)),
        (("properties", "nothing", "deeper"), (3, 15)),
    ],
)
def test_a_value_stands_where_its_first_token_ends(
    path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert lenient.place(TEXT, path) == place


def test_what_is_deeper_than_places_are_known_stands_where_it_begins_to_be() -> None:
    text = json.dumps({"a": json.loads("[" * 400 + "]" * 400), "b": 1})

    assert lenient.read(text)["b"] == 1
    assert lenient.place(text, ("a", 0, 0)) == (1, 9)
    assert lenient.place(text, ("b",)) == (1, 1)
