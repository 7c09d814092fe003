"""A small world around the real runner: steps that do as told, and storage that may let go.

What goes wrong here is what goes wrong outside: messages are lost, doubled, held up and reordered;
workers die before and after any write; storage refuses; a step is slow, or another worker is at
work meanwhile. What must hold all the while is asserted where it would break.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from provisioning import audit, ledger, poison, runner
from provisioning.environments import heard
from provisioning.environments.steps import previews
from provisioning.errors import StaleRowError, TerminalError, TransientError
from provisioning.intake import timers
from provisioning.intake.request import Cause, ask, converge
from provisioning.model import Environment, Phase, PullRequest, Request
from provisioning.operations import (
    Done,
    Failed,
    Operation,
    Outcome,
    Retry,
    Status,
    Step,
    Waiting,
    Workflow,
    operation_id,
)
from provisioning.queue import MemoryQueue
from provisioning.services import Context, Services
from provisioning.store.codec import from_row
from provisioning.store.memory import MemoryTable
from provisioning.store.table import Row

from .services import HandClock, services

PREVIEW = "pr-7-rewards-api"
TARGETS = ("report~one", "report~two")
A_MINUTE, TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)
MOST_DELIVERIES = 5  # of one message, then it is poison
WRITES = ("insert", "replace", "delete", "transact", "send")


class Killed(BaseException):
    """The process is gone: nothing may catch this and tidy up."""


class Peril:
    """Lets go at the nth write from now.

    The worker dies `before` it or `after` it; or storage refuses it, or does it and is not heard.
    """

    def __init__(self) -> None:
        self.writes = 0
        self._at: int | None = None
        self._kind = ""

    def arm(self, kind: str, writes: int) -> None:
        """Let go so many writes from now."""
        self._at, self._kind = self.writes + writes, kind

    def disarm(self) -> None:
        """Hold."""
        self._at = None

    def around(self, write: Callable[..., Any], *args: Any, **given: Any) -> Any:
        """Do a write, or not."""
        number, self.writes = self.writes, self.writes + 1
        if number != self._at:
            return write(*args, **given)
        self._at = None
        if self._kind in ("after", "unanswered"):
            write(*args, **given)
        if self._kind in ("refuse", "unanswered"):
            raise TransientError("storage_unavailable", "storage did not answer")
        raise Killed


class Perilous:
    """A table or a queue whose writes may let go."""

    def __init__(self, inner: Any, peril: Peril) -> None:
        self._inner, self._peril = inner, peril

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in WRITES:
            return found
        return lambda *args, **given: self._peril.around(found, *args, **given)


@dataclass
class Message:
    """A message as the host holds it."""

    text: str
    queue: str
    due: datetime
    taken: int = 0


@dataclass
class Seen:
    """What was seen of one operation's steps."""

    at: int = 0
    runs: list[int] = field(default_factory=list)


class World:
    """The runner, its rows, its messages, and hands that make things go wrong."""

    def __init__(self) -> None:
        self.peril, self.clock = Peril(), HandClock()
        self.rows, self.queue = MemoryTable(), MemoryQueue()
        self.services: Services = services(
            self._workflows(),
            table=Perilous(self.rows, self.peril),
            queue=Perilous(self.queue, self.peril),
            clock=self.clock,
        )
        self.messages: list[Message] = []
        self.script: deque[str] = deque()
        self.seen: dict[str, Seen] = {}
        self.effects: dict[str, tuple[int, int]] = {}
        self.at_work: list[tuple[str, str, datetime]] = []
        self.asked = 0
        self.broken: list[str] = []

    # What is asked for

    def ask(self, target: str, workflow: str, key: int) -> bool:
        """Wish for an operation; False where that was not heard."""
        wish = Request(workflow=workflow, target=target, cause="asked", key=str(key), by="ines")
        return self.survive(lambda: ask(self.services, wish))

    def hear(self, facts: PullRequest) -> bool:
        """Converge the preview on what GitHub says; False where that was not heard."""

        def newcomer(now: datetime) -> Environment:
            return heard.newcomer(PREVIEW, "rewards-api", "ines", facts, now=now)

        cause = Cause(text="delivery", by="github")
        return self.survive(
            lambda: converge(self.services, PREVIEW, cause, newcomer=newcomer, facts=facts)
        )

    def wish(self, *, is_up: bool) -> None:
        """Have a person want the preview, or want it gone."""
        cause = Cause(text="a wish", by="ines")

        def reshape(environment: Environment, now: datetime) -> Environment:
            return replace(environment, withdrawn_at=None if is_up else now)

        self.survive(lambda: converge(self.services, PREVIEW, cause, reshape=reshape, retry=True))

    def cancel(self, target: str) -> None:
        """Stop whatever is under way on a target."""
        held = ledger.read(self.rows, target)
        if held is None or held.value.operation is None:
            return
        identity = held.value.operation
        self.survive(
            lambda: runner.stop(
                self.services,
                target,
                identity,
                Status.CANCELLED,
                code="cancelled",
                message="by ines",
                by="ines",
            )
        )

    # What the host does

    def survive(self, work: Callable[[], object]) -> bool:
        """Do something as one worker; False where it died or storage refused."""
        try:
            work()
        except (Killed, TransientError):
            return False
        finally:
            self.collect()
        return True

    def collect(self) -> None:
        """Take what was sent into the host's hands."""
        while self.queue.messages:
            left = self.queue.messages.popleft()
            self.messages.append(Message(left.text, left.queue, self.clock.now() + left.after))

    def deliver(self, index: int = 0) -> bool:
        """Hand out one visible message; False where there is none."""
        visible = [m for m in self.messages if m.due <= self.clock.now()]
        if not visible:
            return False
        message = visible[index % len(visible)]
        self.messages.remove(message)
        if message.queue.endswith("-poison"):
            name = message.queue.removesuffix("-poison")
            done = self.handle_poison(name, message.text)
        else:
            done = self.survive(lambda: runner.run_one_step(message.text, self.services))
        if not done:
            message.taken += 1
            if message.taken == MOST_DELIVERIES:
                message = Message(message.text, f"{message.queue}-poison", message.due)
            self.messages.append(replace(message, due=self.clock.now()))
        return True

    def handle_poison(self, queue: str, text: str) -> bool:
        """Run the poison function; a race it loses is a failure that the host repeats."""
        try:
            return self.survive(lambda: poison.keep(self.services, queue, text))
        except StaleRowError:
            return False

    def tick(self) -> None:
        """Run the minute's timer."""
        self.survive(lambda: timers.run(self.services, "tick"))

    def settle(self) -> None:
        """Hand out messages until none is visible."""
        for _ in range(2000):
            if not self.deliver():
                return
        raise AssertionError("messages without end")

    def rest(self) -> None:
        """Let time pass until nothing is under way."""
        for _ in range(90):
            self.settle()
            if not self.unfinished() and not ledger.plane(self.rows).agenda:
                return
            self.clock.advance(A_MINUTE)
            self.tick()
        raise AssertionError(f"still under way: {self.unfinished()}")

    def calm_down(self) -> None:
        """Let nothing more go wrong, and time pass until nothing is under way."""
        self.peril.disarm()
        self.script.clear()
        self.rest()

    # What must hold

    def operations(self) -> list[Operation]:
        """Return every operation there ever was."""
        return [from_row(Operation, row) for row in self.every() if row.key.startswith("op-")]

    def unfinished(self) -> list[Operation]:
        """Return the operations that are not over."""
        return [o for o in self.operations() if not o.status.is_final]

    def every(self) -> Sequence[Row]:
        """Return every row."""
        return list(self.rows.search("", "\uffff", {}))

    def preview(self) -> Environment | None:
        """Return the preview's row."""
        return ledger.environment(self.rows, PREVIEW)

    def targets(self) -> list[str]:
        """Return every target that has a row."""
        return sorted({row.partition for row in self.every() if row.key == ledger.ROW})

    def check(self) -> None:
        """Assert what holds at every moment, whatever went wrong."""
        assert self.broken == []
        for target in [*self.targets(), ledger.CONTROL_PLANE]:
            assert audit.verify(self.rows, target)[1] is None
        for operation in self.unfinished():
            held = ledger.read(self.rows, operation.target)
            assert held is not None
            assert held.value.operation == operation.id, "two operations for one target"
        for operation in self.operations():
            assert operation.status.is_final == (operation.finished_at is not None)

    def check_end(self) -> None:
        """Assert what holds once everything has come to rest."""
        self.check()
        assert self.unfinished() == []
        assert ledger.plane(self.rows).agenda == ()
        assert [row.key for row in self.every() if row.key.startswith("outbox-")] == []
        for target in self.targets():
            held = ledger.read(self.rows, target)
            assert held is not None
            assert held.value.operation is None
        known = {operation.id for operation in self.operations()}
        for operation in self.operations():
            if operation.workflow == "wishing" and operation.status is Status.SUCCEEDED:
                assert operation_id(_wish_of(operation)) in known, "a wish was lost"
        preview = self.preview()
        if preview is not None:
            assert preview.phase not in (Phase.CREATING, Phase.DELETING)
            assert (preview.phase is not Phase.READY) or preview.settled == preview.aim

    # What steps do

    def work(self, context: Context, sets: Callable[[Context], dict[str, Any]]) -> Outcome:
        """Do a step's work as the script says, and watch that nobody else does the same."""
        operation = context.operation
        with self._alone(operation):
            self._in_order(operation)
            said = self.script.popleft() if self.script else "done"
            self._meanwhile(said, operation.target)
            if said in _RAISES:
                raise _RAISES[said]
            self._effect(context)
            if said in _OUTCOMES:
                return _OUTCOMES[said]
            last = operation.at == len(operation.steps) - 1
            then = (_wish_of(operation),) if last and operation.workflow == "wishing" else ()
            return Done(reason="done", sets=sets(context) if last else {}, then=then)

    def _meanwhile(self, said: str, target: str) -> None:
        """Let happen what happens while a step runs: time, and other workers."""
        if said == "dead":
            raise Killed
        if "slow" in said:
            self.clock.advance(timedelta(minutes=4 if "too slow" in said else 1, seconds=40))
        if "superseded" in said:
            self.asked += 1
            if target in TARGETS:
                self.ask(target, "two", 10_000 + self.asked)
            else:
                self.wish(is_up=self.asked % 2 == 0)
        if "meanwhile" in said:
            self.tick()
            for index in range(3):
                self.deliver(index)

    @contextmanager
    def _alone(self, operation: Operation) -> Iterator[None]:
        now = self.clock.now()
        for target, other, since in self.at_work:
            still = now < since + runner.LOCKED_FOR
            self._hold(target != operation.target or not still, f"{other} is at work on {target}")
        mine = (operation.target, operation.id, now)
        self.at_work.append(mine)
        try:
            yield
        finally:
            self.at_work.remove(mine)

    def _in_order(self, operation: Operation) -> None:
        seen = self.seen.setdefault(operation.id, Seen())
        self._hold(operation.at in (seen.at, seen.at + 1), "a step was left out, or came again")
        self._hold(operation.due_at <= self.clock.now(), "a step came before its time")
        seen.at = operation.at
        seen.runs.append(operation.at)

    def _effect(self, context: Context) -> None:
        """Change the world outside, where the fence allows it."""
        context.fence()
        operation = context.operation
        mine = (operation.generation, operation.at)
        newest = self.effects.get(operation.target, mine)
        self._hold(mine >= newest, "an older step wrote after a newer one")
        self.effects[operation.target] = mine

    def _hold(self, holds: bool, otherwise: str) -> None:
        """Keep what does not hold for `check`: inside a step, the runner would catch it."""
        if not holds:
            self.broken.append(otherwise)

    def _workflows(self) -> dict[str, Workflow[Any]]:
        def up(context: Context) -> dict[str, Any]:
            end = context.target.expires_at
            return {"phase": Phase.READY, "url": "u", "tagged_until": end}

        def extend(context: Context) -> dict[str, Any]:
            return {"tagged_until": context.target.expires_at}

        def down(context: Context) -> dict[str, Any]:
            return {"phase": Phase.GONE, "gone_at": context.now}

        def nothing(_: Context) -> dict[str, Any]:
            return {}

        made = [
            replace(previews.UP, steps=self._steps(3, up)),
            replace(previews.EXTEND, steps=self._steps(1, extend)),
            replace(previews.DOWN, steps=self._steps(2, down)),
            Workflow(ledger.REPORT_WORKFLOW, self._steps(1, nothing)),
            Workflow("two", self._steps(2, nothing)),
            Workflow("urgent", self._steps(1, nothing), urgent=True),
            Workflow("wishing", self._steps(2, nothing)),
        ]
        return {workflow.name: workflow for workflow in made}

    def _steps(self, count: int, sets: Callable[[Context], dict[str, Any]]) -> Any:
        def step(context: Context) -> Outcome:
            return self.work(context, sets)

        return tuple(Step(step, within=TEN_MINUTES) for _ in range(count))


def _wish_of(operation: Operation) -> Request:
    """Return what a wishing operation wishes for at its end: something on the other target."""
    other = TARGETS[1 - TARGETS.index(operation.target)]
    return Request(workflow="two", target=other, cause="a wish", key=operation.id, by="ines")


_OUTCOMES: dict[str, Outcome] = {
    "waits": Waiting(look_after=timedelta(seconds=20), reason="on its way", token="t"),
    "waits at once": Waiting(look_after=timedelta(0), reason="again"),
    "waits too long": Waiting(look_after=timedelta(minutes=20), reason="on its way"),
    "retries": Retry(after=timedelta(seconds=5), reason="busy"),
    "fails": Failed(code="refused", reason="it will not work"),
}
_RAISES: dict[str, Exception] = {
    "transient": TransientError("busy", "busy", after=timedelta(seconds=30)),
    "transient without a delay": TransientError("busy", "busy"),
    "terminal": TerminalError("refused", "it will not work"),
    "unexpected": KeyError("nobody foresaw this"),
    "stale": StaleRowError("somebody else was first"),
}
SCRIPT = (
    *_OUTCOMES,
    *_RAISES,
    *("done", "slow", "dead", "superseded", "meanwhile", "too slow", "too slow, meanwhile"),
    *("superseded, meanwhile", "too slow, superseded, meanwhile", "slow, meanwhile"),
)
