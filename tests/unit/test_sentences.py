"""What people read on GitHub."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning.github.sentences import (
    LONGEST_DESCRIPTION,
    MARKER,
    Report,
    State,
    comment,
    plain,
    report,
)
from provisioning.model import Condition, Environment, Phase
from tests.builders import SHA, START, an_environment

URL = "http://pr-7-rewards-api.westeurope.azurecontainer.io:8080"
IMAGE = f"ghcr.io/tesoro/rewards-api:{SHA}"


def a_condition(message: str, kind: str = "Failed") -> tuple[Condition, ...]:
    """Return one condition."""
    return (Condition(kind=kind, message=message, since=START),)


def a_preview(phase: Phase, **given: Any) -> Environment:
    """Return a preview of a commit, in a phase."""
    return an_environment(**{"phase": phase, "sha": SHA, "image": IMAGE, "url": URL, **given})


PENDING = a_condition("waits for the workflow build", "ImagePending")


@pytest.mark.parametrize(
    ("environment", "state", "description"),
    [
        pytest.param(
            a_preview(Phase.CREATING, conditions=PENDING, image=None),
            State.QUEUED,
            "waits for the workflow build",
            id="waits for its image",
        ),
        pytest.param(
            a_preview(Phase.CREATING), State.IN_PROGRESS, "The preview is on its way.", id="comes"
        ),
        pytest.param(
            a_preview(Phase.READY),
            State.SUCCESS,
            "The preview is up, its database filled anew.",
            id="ready",
        ),
        pytest.param(
            a_preview(Phase.FAILED, conditions=a_condition("no cores left")),
            State.FAILURE,
            "no cores left",
            id="failed",
        ),
        pytest.param(
            a_preview(Phase.DELETING), State.INACTIVE, "The preview is taken down.", id="going"
        ),
        pytest.param(
            a_preview(Phase.GONE), State.INACTIVE, "The preview is taken down.", id="gone"
        ),
        pytest.param(
            a_preview(Phase.LEAKED), State.INACTIVE, "The preview is taken down.", id="leaked"
        ),
    ],
)
def test_a_phase_is_reported(environment: Environment, state: State, description: str):
    found = report(a_preview(Phase.ABSENT), environment)

    assert found == Report(
        state=state,
        sha=SHA,
        description=description,
        url=URL if state is State.SUCCESS else None,
        at=START,
    )


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(a_preview(Phase.READY, pull_request=None), id="no pull request"),
        pytest.param(a_preview(Phase.READY, sha=None), id="no commit"),
        pytest.param(a_preview(Phase.CREATING, image=None), id="nothing known of the image"),
        pytest.param(a_preview(Phase.ABSENT), id="absent"),
        pytest.param(a_preview(Phase.ASLEEP), id="asleep"),
    ],
)
def test_some_changes_mean_nothing_to_github(environment: Environment):
    assert report(None, environment) is None


def test_the_same_is_not_reported_twice():
    before, later = a_preview(Phase.READY), START + timedelta(hours=1)

    assert report(before, a_preview(Phase.READY, changed_at=later)) is None


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(None, id="never heard of"),
        pytest.param(a_preview(Phase.READY, sha="b" * 40), id="another commit"),
        pytest.param(a_preview(Phase.CREATING), id="another phase"),
    ],
)
def test_what_is_new_is_reported(before: Environment | None):
    assert report(before, a_preview(Phase.READY)) is not None


def test_a_phase_whose_conditions_change_its_state_is_reported():
    waiting = a_preview(Phase.CREATING, conditions=PENDING, image=None)

    found = report(waiting, a_preview(Phase.CREATING))

    assert found is not None
    assert found.state is State.IN_PROGRESS


def test_a_description_fits():
    found = report(None, a_preview(Phase.FAILED, conditions=a_condition("x" * 200)))

    assert found is not None
    assert len(found.description) == LONGEST_DESCRIPTION
    assert found.description.endswith("…")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param(a_preview(Phase.READY), f"Ready: {URL}", id="ready"),
        pytest.param(
            a_preview(Phase.READY, expires_at=START + timedelta(hours=72)),
            "- it lives until Thursday 26 November 09:00 UTC; a push counts anew,",
            id="with an end",
        ),
        pytest.param(
            a_preview(
                Phase.GONE, billed_since=START, gone_at=START + timedelta(hours=6, minutes=12)
            ),
            "Taken down: lived 6 h 12 m, about 0.62 EUR, nothing left.",
            id="gone",
        ),
        pytest.param(
            a_preview(Phase.GONE, gone_at=START),
            "Taken down: never ran, nothing left.",
            id="gone before it ran",
        ),
        pytest.param(a_preview(Phase.DELETING), "Being taken down.", id="going"),
        pytest.param(a_preview(Phase.LEAKED), "something is left of it", id="leaked"),
        pytest.param(
            a_preview(Phase.FAILED, conditions=a_condition("quota `x`")),
            r"It did not start: quota \`x\`",
            id="failed",
        ),
        pytest.param(a_preview(Phase.FAILED), "It did not start: ", id="failed without a word"),
        pytest.param(
            a_preview(Phase.CREATING, conditions=PENDING),
            f"On its way for `{SHA[:12]}`. waits for the workflow build",
            id="on its way",
        ),
        pytest.param(a_preview(Phase.CREATING, sha=None), "On its way for ``.", id="no commit"),
    ],
)
def test_the_comment_says_how_it_stands(environment: Environment, words: str):
    text = comment(environment, hourly=0.1)

    assert text.startswith(MARKER.format(name="pr-7-rewards-api"))
    assert words in text


def test_text_from_elsewhere_is_shown_and_not_obeyed():
    shown = plain("# *bold* [x](http://evil)\n@tesoro <img> |`x`| ![y] \\_{}")

    assert shown == (r"\# \*bold\* \[x\](http://evil) \@tesoro \<img\> \|\`x\`\| \!\[y\] \\\_\{\}")


def test_text_from_elsewhere_is_short():
    assert len(plain("x" * 5000)) == 600
