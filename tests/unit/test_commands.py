"""What a comment asks of a preview."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.github.commands import Approve, Down, Extend, Status, Unclear, Up, parse

SHA = "a1" * 20


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/preview up", Up()),
        ("  /preview   up  ", Up()),
        ("/PREVIEW Up", Up()),
        ("/preview down", Down()),
        ("/preview status", Status()),
        ("/preview extend 3h", Extend(timedelta(hours=3))),
        ("/preview extend 90m", Extend(timedelta(minutes=90))),
        ("/preview extend 2d", Extend(timedelta(days=2))),
        ("/preview extend PT3H", Extend(timedelta(hours=3))),
        ("/preview extend pt45m", Extend(timedelta(minutes=45))),
        (f"/preview approve {SHA}", Approve(SHA)),
        (f"/preview approve {SHA.upper()}", Approve(SHA)),
        ("Thanks!\r\n\r\n/preview up\r\nSee you", Up()),
        ("/preview up\n/preview down", Up()),
        ("```\n/preview down\n```\n/preview up", Up()),
        ("~~~\n/preview down\n~~~\n", None),
        ("> /preview up", None),
        ("please /preview up", None),
        ("/previews up", None),
        ("/preview-up", None),
        ("", None),
        ("looks good", None),
    ],
)
def test_the_first_line_that_is_a_command_counts(body: str, command: object):
    assert parse(body) == command


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("/preview", "`/preview up`"),
        ("/preview dance", "`/preview up`"),
        ("/preview up now", "`/preview up`"),
        ("/preview extend", "`/preview extend 3h`"),
        ("/preview extend 3", "`90m`"),
        ("/preview extend 0h", "`90m`"),
        ("/preview extend PT0S", "more than nothing"),
        ("/preview extend 3h please", "`/preview extend 3h`"),
        ("/preview approve", "in full"),
        (f"/preview approve {SHA[:12]}", "in full"),
        (f"/preview approve {SHA} {SHA}", "in full"),
        ("/preview approve HEAD", "in full"),
    ],
)
def test_what_is_no_command_says_what_would_be(body: str, why: str):
    found = parse(body)

    assert isinstance(found, Unclear)
    assert why in found.why


@given(st.text())
def test_any_comment_can_be_read(body: str):
    found = parse(body)

    assert found is None or "/preview" in body.lower()


@given(st.text(alphabet="0123456789mhdPTHMS", max_size=12))
def test_any_length_is_positive_or_unclear(text: str):
    found = parse(f"/preview extend {text}")

    assert isinstance(found, Unclear) or (isinstance(found, Extend) and found.by > timedelta(0))
