"""Deliveries lost, doubled and shuffled, messages too: after `repair` there is what GitHub has.

The real intake and engine on memory, GitHub as a fake that answers with how each story ended, and
previews of one step that counts what it made. Workers run in any order.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning import ledger, runner
from provisioning.environments.steps import previews
from provisioning.errors import TransientError
from provisioning.forge import HookDelivery, reading
from provisioning.github.receive import Delivery
from provisioning.intake import deliveries, timers
from provisioning.model import Environment, Phase, PullRequest
from provisioning.operations import Done, Outcome, Step, Workflow
from provisioning.queue import DELIVERIES
from provisioning.services import Context
from tests.builders import REPOSITORY
from tests.chaos import Chaos, a_chaos

from .services import HandClock, services

A_MINUTE = timedelta(minutes=1)


class FinalGitHub:
    """GitHub as it is when all is over; until all is calm it does not always answer."""

    def __init__(self, chaos: Chaos, random: Random) -> None:
        self._random = random
        self.is_calm = False
        self._pulls = {p["number"]: reading.pull_request(p, REPOSITORY) for p in chaos.pulls}

    def pull_request(self, _: str, number: int) -> PullRequest | None:
        """Return the pull request as it ended."""
        self._answer()
        return self._pulls.get(number)

    def open_pull_requests(self, _: str) -> list[PullRequest]:
        """Return those that ended open."""
        self._answer()
        return [facts for facts in self._pulls.values() if facts.open]

    def hook_deliveries(self) -> Iterable[HookDelivery]:
        """Return nothing: who lost them all must be helped as well."""
        return ()

    def _answer(self) -> None:
        if not self.is_calm and self._random.random() < 0.1:
            raise TransientError("github_unavailable", "GitHub did not answer")


class Town:
    """The control plane on memory, and a host that loses, doubles and shuffles its messages."""

    def __init__(self, chaos: Chaos, random: Random) -> None:
        self.random, self.clock = random, HandClock()
        self.made: Counter[str] = Counter()
        self.there: set[str] = set()
        self.github = FinalGitHub(chaos, random)
        self.services = services(
            {workflow.name: workflow for workflow in self._workflows()},
            clock=self.clock,
            forge=self.github,
            catalog=_previews_alone(),
        )
        self.messages: deque[tuple[str, str]] = deque()

    def receive(self, event: dict[str, Any], number: int) -> None:
        """Receive one delivery, under an id of its own."""
        body = json.dumps(event).encode()
        identity = hashlib.sha256(b"%d" % number + body).hexdigest()[:20]
        deliveries.receive(self.services, Delivery(identity, "pull_request", body, event))

    def settle(self) -> None:
        """Hand out messages, in any order, some of them never or twice."""
        for _ in range(10_000):
            self._collect()
            if not self.messages:
                return
            self.messages.rotate(self.random.randrange(len(self.messages)))
            queue, text = self.messages.popleft()
            fate = 0.5 if self.github.is_calm else self.random.random()
            if fate < 0.1:
                continue
            if fate > 0.9:
                self.messages.append((queue, text))
            self._handle(queue, text)
        raise AssertionError("messages without end")

    def pass_minutes(self, count: int) -> None:
        """Let minutes pass, with the timers that matter here."""
        for minute in range(1, count + 1):
            self.clock.advance(A_MINUTE)
            timers.run(self.services, "tick")
            if minute % 10 == 0:
                timers.run(self.services, "repair")
            self.settle()

    def live(self) -> dict[str, str | None]:
        """Return the previews that are ready, and what each runs."""
        found = [
            ledger.environment(self.services.table, n) for n in ledger.index(self.services.table)
        ]
        return {e.name: e.sha for e in found if e is not None and e.phase is Phase.READY}

    def _collect(self) -> None:
        queue = self.services.queue
        while queue.messages:  # type: ignore[attr-defined]
            message = queue.messages.popleft()  # type: ignore[attr-defined]
            self.messages.append((message.queue, message.text))

    def _handle(self, queue: str, text: str) -> None:
        try:
            if queue == DELIVERIES:
                deliveries.take(self.services, text)
            else:
                runner.run_one_step(text, self.services)
        except TransientError:
            return  # the host tries again; here the minute does

    def _workflows(self) -> list[Workflow[Any]]:
        def create(context: Context) -> Outcome:
            """Make the preview, if it is not there: one PUT on a name that did not exist."""
            name = context.target.name
            if name not in self.there:
                context.fence()
                self.there.add(name)
                self.made[name] += 1
            return Done(
                reason="made",
                sets={
                    "phase": Phase.READY,
                    "url": "u",
                    "image": "i",
                    "tagged_until": _tag(context.target),
                },
            )

        def remove(context: Context) -> Outcome:
            """Remove the preview."""
            context.fence()
            self.there.discard(context.target.name)
            return Done(reason="gone", sets={"phase": Phase.GONE, "gone_at": context.now})

        def nothing(_: Context) -> Outcome:
            """Say nothing."""
            return Done(reason="said")

        within = timedelta(minutes=10)
        return [
            replace(previews.UP, steps=(Step(create, within=within),)),
            replace(previews.DOWN, steps=(Step(remove, within=within),)),
            replace(previews.EXTEND, steps=(Step(nothing, within=within),)),
            Workflow(ledger.REPORT_WORKFLOW, (Step(nothing, within=within),)),
        ]


def _tag(environment: Environment) -> Any:
    end = environment.expires_at
    return None if end is None else end.replace(microsecond=0)


def _previews_alone() -> Any:
    from tests.builders import the_catalog

    return replace(the_catalog(), environments={})


@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_after_repair_the_live_previews_are_those_of_the_open_pull_requests(
    random: Random, pulls: int
) -> None:
    chaos = a_chaos(random, pulls=pulls, events=pulls * 6)
    town = Town(chaos, random)
    for number, event in enumerate(chaos.arriving):
        town.receive(event, number)
        if random.random() < 0.3:
            town.settle()

    town.pass_minutes(10)
    town.github.is_calm = True
    town.pass_minutes(20)

    assert town.live() == chaos.open
    assert town.there == set(chaos.open)
    assert town.made == dict.fromkeys(chaos.open, 1)
