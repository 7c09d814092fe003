"""Commands in comments: who may give them, what they do, and how they are answered."""

from datetime import timedelta

import pytest

from provisioning.model import Phase
from tests.builders import pull_object
from tests.scenario.pulls import (
    MINUTE,
    NAME,
    ONE,
    at,
    build,
    close,
    comment,
    push,
    reactions,
    the_comment,
    up,
    writes,
)
from tests.town import Town


def test_down_and_up_again(town: Town) -> None:
    up(town)

    comment(town, "/preview down")
    town.pass_time(timedelta(minutes=15))
    down = town.environment(NAME).phase
    comment(town, "/preview up")
    town.pass_time(5 * MINUTE)

    assert down is Phase.GONE
    assert town.environment(NAME).phase is Phase.READY
    assert reactions(town) == ["+1", "+1"]


def test_extended_it_lives_longer_and_the_comment_says_so(town: Town) -> None:
    up(town)
    ends = town.environment(NAME).expires_at
    assert ends is not None

    comment(town, "/preview extend 3h")
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).expires_at == ends + timedelta(hours=3)
    assert "it lives until Thursday 26 November 12:00 UTC" in the_comment(town)


def test_a_comment_delivered_twice_extends_once(town: Town) -> None:
    up(town)
    ends = town.environment(NAME).expires_at
    assert ends is not None

    comment(town, "/preview extend 3h", id=77)
    comment(town, "/preview extend 3h ", id=77)
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).expires_at == ends + timedelta(hours=3)


def test_status_is_answered_in_the_one_comment(town: Town) -> None:
    up(town)

    comment(town, "How is it?\n/preview status")
    town.pass_time(MINUTE)

    assert "> olu asked at" in the_comment(town)
    assert "it is ready at `111111111111`" in the_comment(town)


@pytest.mark.parametrize(
    ("command", "because"),
    [
        pytest.param("/preview dance", "`/preview up`", id="unknown"),
        pytest.param("/preview", "`/preview up`", id="nothing"),
        pytest.param("/preview extend", "`/preview extend 3h`", id="no length"),
        pytest.param("/preview extend soon", "`90m`", id="no number"),
        pytest.param("/preview extend 400d", "at most 14 days", id="too long"),
        pytest.param(f"/preview approve {ONE}", "only a fork needs approval", id="no fork"),
    ],
)
def test_what_cannot_be_done_is_answered_and_changes_nothing(
    town: Town, command: str, because: str
) -> None:
    up(town)
    before = town.environment(NAME)
    town.forget_calls()

    comment(town, command)
    town.pass_time(2 * MINUTE)

    after = town.environment(NAME)
    assert because in the_comment(town)
    assert reactions(town) == ["confused"]
    assert (after.phase, after.expires_at) == (before.phase, before.expires_at)
    assert writes(town) == []


@pytest.mark.parametrize(
    "text", ["> /preview down", "```\n/preview down\n```", "see /preview down"]
)
def test_what_is_quoted_is_no_command(town: Town, text: str) -> None:
    up(town)

    comment(town, text)
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
    assert reactions(town) == []


def test_who_may_not_write_is_not_heard(town: Town) -> None:
    town.collaborators(olu="read")
    up(town)

    comment(town, "/preview down")
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
    assert reactions(town) == []


def test_a_closed_pull_request_is_not_brought_up(town: Town) -> None:
    up(town)
    close(town, when=at(10))
    town.pass_time(4 * MINUTE)

    comment(town, "/preview up")
    town.pass_time(2 * MINUTE)

    assert town.environment(NAME).phase is Phase.GONE
    assert "the pull request is closed" in the_comment(town)


def test_an_expired_preview_comes_back_on_request(town: Town) -> None:
    up(town)
    town.pass_time(timedelta(hours=73), step=timedelta(minutes=10))
    gone = town.environment(NAME).phase

    comment(town, "/preview up")
    town.pass_time(5 * MINUTE)

    assert gone is Phase.GONE
    assert town.environment(NAME).phase is Phase.READY


def test_its_end_is_warned_of_once_and_told_with_its_life_and_cost(town: Town) -> None:
    up(town)
    town.pass_time(timedelta(hours=65), step=timedelta(minutes=10))
    long_before = the_comment(town)
    town.pass_time(timedelta(hours=2), step=timedelta(minutes=10))
    shortly = the_comment(town)
    edits = len(town.said("PATCH", "issues/comments"))
    town.pass_time(timedelta(hours=2), step=timedelta(minutes=10))
    again = len(town.said("PATCH", "issues/comments"))
    town.pass_time(timedelta(hours=5), step=timedelta(minutes=10))

    assert "It ends soon" not in long_before
    assert "**It ends soon, Thursday 26 November 09:00 UTC.**" in shortly
    assert "`/preview extend 3h`" in shortly
    assert edits == again
    assert "Taken down: lived 72 h " in the_comment(town)
    assert " EUR, nothing left." in the_comment(town)


def test_what_was_closed_before_it_ran_cost_nothing(town: Town) -> None:
    push(town, "opened", ONE, at(9))
    close(town, when=at(10))
    town.pass_time(5 * MINUTE)

    assert "Taken down: never ran, nothing left." in the_comment(town)


def test_a_comment_on_a_pull_request_never_heard_of_brings_it_up(town: Town) -> None:
    town.pulls(pull_object(7, sha=ONE))
    comment(town, "/preview up")
    build(town, ONE)
    town.pass_time(4 * MINUTE)

    assert town.environment(NAME).phase is Phase.READY
