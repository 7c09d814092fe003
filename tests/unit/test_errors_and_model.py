"""The few ways in which things go wrong, and the nouns."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from provisioning.errors import (
    Fault,
    Refusal,
    SettingsError,
    StaleRowError,
    TerminalError,
    TransientError,
)
from provisioning.model import Phase
from tests.builders import an_environment


def test_what_passes_says_when_to_ask_again():
    error = TransientError("busy", "try later", after=timedelta(seconds=5))

    assert (error.code, str(error), error.after) == ("busy", "try later", timedelta(seconds=5))
    assert TransientError("busy", "try later").after is None


def test_what_stays_wrong_says_what_and_what_now():
    error = TerminalError("quota", "ask for more")

    assert (error.code, str(error)) == ("quota", "ask for more")


def test_the_loser_of_a_race_knows_its_place():
    assert StaleRowError("gone", index=3).index == 3
    assert StaleRowError("gone").index == 0


def test_settings_are_refused_with_every_fault():
    error = SettingsError(["a is missing", "b is missing"])

    assert error.faults == ("a is missing", "b is missing")
    assert str(error) == "a is missing; b is missing"


def test_a_refusal_speaks_with_its_first_fault_and_keeps_all():
    refusal = Refusal(400, Fault("a", "first", "x"), Fault("b", "second"))

    assert (refusal.status, str(refusal)) == (400, "first")
    assert [f.code for f in refusal.faults] == ["a", "b"]


def test_a_refusal_of_one_fault_is_short_to_write():
    refusal = Refusal.one(404, "unknown", "there is none", "name")

    assert refusal.faults == (Fault("unknown", "there is none", "name"),)


def test_the_nouns_do_not_change_under_anybodys_hands():
    environment = an_environment()

    with pytest.raises(FrozenInstanceError):
        environment.phase = Phase.GONE  # type: ignore[misc]


def test_an_environment_begins_with_nothing_there():
    found = an_environment()

    assert (found.phase, found.generation, found.incarnation) == (Phase.ABSENT, 0, 0)
    assert (found.operation, found.lease, found.resources) == (None, None, ())
