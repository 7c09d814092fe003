"""The real runner under everything that goes wrong: every operation still ends.

Messages are lost, doubled, reordered and held up; workers die at any write; storage refuses; steps
wait, fail, fall over, take too long, or find another worker beside them. The rows are the truth,
so none of it may leave an operation under way, two at work on one target, or a torn trail.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from provisioning.ledger import REPORT_WORKFLOW
from provisioning.model import Phase
from provisioning.operations import Status
from tests.builders import a_pull_request
from tests.effort import IS_THOROUGH

from .world import A_MINUTE, PREVIEW, SCRIPT, TARGETS, Peril, World

NAMES = st.sampled_from(TARGETS)
KINDS = ["before", "after", "refuse", "unanswered"]


class Trouble(RuleBasedStateMachine):
    """Everything that may happen, in every order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.heard = 0

    # Somebody wants something

    @rule(on=NAMES, workflow=st.sampled_from(["two", "wishing", "urgent"]), key=st.integers(0, 4))
    def somebody_asks(self, on: str, workflow: str, key: int) -> None:
        """Ask for an operation, perhaps for one that was asked for before."""
        self.world.ask(on, workflow, key)

    @rule(is_open=st.booleans(), sha=st.sampled_from("ab"), late=st.booleans())
    def github_says(self, is_open: bool, sha: str, late: bool) -> None:
        """Say how the pull request is, perhaps with a word that is older than the last."""
        self.heard += -1 if late else 1
        facts = a_pull_request(open=is_open, sha=sha * 40)
        updated_at = facts.updated_at + self.heard * timedelta(seconds=1)
        self.world.hear(replace(facts, updated_at=updated_at))

    @rule(is_up=st.booleans())
    def a_person_wishes(self, is_up: bool) -> None:
        """Want the preview, or want it gone."""
        self.world.wish(is_up=is_up)

    @rule(on=st.sampled_from([*TARGETS, PREVIEW]))
    def a_person_cancels(self, on: str) -> None:
        """Stop what is under way."""
        self.world.cancel(on)

    # Things go wrong

    @rule(said=st.lists(st.sampled_from(SCRIPT), min_size=1, max_size=4))
    def steps_will(self, said: list[str]) -> None:
        """Have the next steps behave."""
        self.world.script.extend(said)

    @rule(kind=st.sampled_from(KINDS), writes=st.integers(0, 8))
    def a_write_will_let_go(self, kind: str, writes: int) -> None:
        """Have a worker die, or storage refuse, at one of the next writes."""
        self.world.peril.arm(kind, writes)

    @rule(index=st.integers(0, 9))
    def a_message_is_lost(self, index: int) -> None:
        """Lose a message."""
        if self.world.messages:
            del self.world.messages[index % len(self.world.messages)]

    @rule(index=st.integers(0, 9))
    def a_message_is_doubled(self, index: int) -> None:
        """Double a message."""
        if self.world.messages:
            message = self.world.messages[index % len(self.world.messages)]
            self.world.messages.append(replace(message))

    @rule(index=st.integers(0, 9), minutes=st.integers(1, 15))
    def a_message_is_held_up(self, index: int, minutes: int) -> None:
        """Delay a message."""
        if self.world.messages:
            message = self.world.messages[index % len(self.world.messages)]
            message.due = self.world.clock.now() + minutes * A_MINUTE

    # The host goes on

    @rule(index=st.integers(0, 9))
    def a_message_is_handled(self, index: int) -> None:
        """Hand out one of the messages, in any order."""
        self.world.deliver(index)

    @rule(seconds=st.sampled_from([1, 10, 60, 240, 900]))
    def time_passes(self, seconds: int) -> None:
        """Let time pass."""
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule()
    def the_tick_runs(self) -> None:
        """Run the minute's timer."""
        self.world.tick()

    @invariant()
    def what_must_hold_holds(self) -> None:
        """Check what holds at every moment."""
        self.world.check()

    def teardown(self) -> None:
        """Let things calm down, and check that everything has ended."""
        self.world.calm_down()
        self.world.check_end()


def test_whatever_goes_wrong_in_whatever_order_every_operation_ends():
    examples = 600 if IS_THOROUGH else 60
    run_state_machine_as_test(
        Trouble, settings=settings(max_examples=examples, stateful_step_count=40)
    )


def a_life(world: World) -> None:
    """Live a short life: a preview comes and goes, beside an operation that wishes for another.

    Whoever asks and is not heard asks once more, as GitHub and people do.
    """
    facts = a_pull_request()
    closed = replace(facts, open=False, updated_at=facts.updated_at + A_MINUTE)
    _ = world.hear(facts) or world.hear(facts)
    world.rest()
    _ = world.ask(TARGETS[1], "urgent", 1) or world.ask(TARGETS[1], "urgent", 1)
    world.rest()
    _ = world.ask(TARGETS[0], "wishing", 2) or world.ask(TARGETS[0], "wishing", 2)
    world.rest()
    _ = world.hear(closed) or world.hear(closed)
    world.rest()


def how_it_ended(world: World) -> object:
    """Return what must be the same however often somebody died: ends, and what they left."""
    preview = world.preview()
    assert preview is not None
    ends = {
        (operation.target, operation.workflow, str(operation.status))
        for operation in world.operations()
        if operation.workflow != REPORT_WORKFLOW  # a newer report takes the place of an older one
    }
    return preview.phase, preview.settled, sorted(ends)


def moments() -> int:
    """Return how many writes a life has in which nothing goes wrong."""
    world = World()
    a_life(world)
    return world.peril.writes


def test_a_life_without_trouble_needs_no_time_to_end():
    world = World()

    a_life(world)

    world.check_end()
    preview = world.preview()
    assert preview is not None
    assert preview.phase is Phase.GONE
    assert {o.status for o in world.operations()} == {Status.SUCCEEDED}


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_write_in_turn_the_end_is_the_same(kind: str):
    calm = World()
    a_life(calm)

    for write in range(moments()):
        world = World()
        world.peril.arm(kind, write)
        a_life(world)

        world.check_end()
        assert how_it_ended(world) == how_it_ended(calm), f"{kind} write {write}"


def test_a_worker_that_always_dies_is_stopped():
    world = World()
    world.ask(TARGETS[0], "two", 1)
    world.script.extend(["dead"] * 100)

    for _ in range(60):
        world.settle()
        world.clock.advance(A_MINUTE)
        world.tick()

    (operation,) = world.operations()
    assert operation.status is Status.FAILED
    assert operation.error is not None
    assert operation.error.code in ("worker_died", "poisoned")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("waits", "step_timeout"),
        ("retries", "step_timeout"),
        ("transient", "step_timeout"),
        ("unexpected", "unexpected"),
    ],
)
def test_a_step_that_never_gets_anywhere_is_ended(said: str, code: str):
    world = World()
    world.ask(TARGETS[0], "two", 1)
    world.script.extend([said] * 1000)

    for _ in range(15):
        world.settle()
        world.clock.advance(A_MINUTE)
        world.tick()

    (operation,) = world.operations()
    assert operation.error is not None
    assert operation.error.code == code


def test_without_any_message_the_tick_alone_brings_it_to_its_end():
    world = World()
    world.ask(TARGETS[0], "wishing", 1)
    for _ in range(30):
        world.messages.clear()
        world.clock.advance(A_MINUTE)
        world.tick()
        world.deliver()

    world.calm_down()

    world.check_end()
    assert {o.status for o in world.operations()} == {Status.SUCCEEDED}


def test_the_peril_itself_lets_go_when_it_is_told():
    written: list[str] = []
    peril = Peril()
    peril.arm("refuse", 1)

    peril.around(written.append, "first")
    with pytest.raises(Exception, match="did not answer"):
        peril.around(written.append, "second")
    peril.around(written.append, "third")

    assert written == ["first", "third"]
