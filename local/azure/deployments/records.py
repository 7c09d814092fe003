"""What is remembered of deployments: a record for each, with a node for each resource."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from local.azure.arm import Call, Json
from local.azure.journal import Journal
from local.azure.templates.plan import Plan

KIND = "deployment"  # in the journal, and of the timers that wake one
ACTIVE = frozenset({"Accepted", "Running"})
WAITING, RUNNING, SUCCEEDED, FAILED = "Waiting", "Running", "Succeeded", "Failed"
CANCELED, SKIPPED = "Canceled", "Skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One resource of a deployment and how far it is.

    `waits` names the world's operation, or the nested deployment, whose end it waits for; `status`
    is the last HTTP status as Azure names it (Created). `verb` is Create, Delete or Read.
    """

    key: str
    id: str
    type: str
    name: str
    version: str
    verb: str = "Create"
    state: str = WAITING
    waits: str = ""
    status: str = ""
    tries: int = 0
    error: Json | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def done(self) -> bool:
        """Tell whether what waits for it may go on."""
        return self.state in {SUCCEEDED, SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment. `values` are its parameters, evaluated; secure ones go when it ends.

    `timer` names the operation in the world that wakes it next, `poll` the address's last part.
    """

    id: str
    name: str
    scope: str
    version: str
    template: Json
    values: Json
    given: Json
    mode: str
    principal: str
    base: str
    correlation: str
    poll: str
    started: datetime
    changed: datetime
    state: str = "Accepted"
    location: str = ""
    tags: Json | None = None
    template_link: Json | None = None
    parameters_link: Json | None = None
    debug: str = ""
    nodes: tuple[Node, ...] = ()
    providers: list[Json] = field(default_factory=list)
    dependencies: list[Json] = field(default_factory=list)
    parent: str = ""
    stack: str = ""
    timer: str = ""
    told_parameters: bool = True
    outputs: Json | None = None
    error: Json | None = None
    ended: datetime | None = None

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return self.id.lower()

    @property
    def active(self) -> bool:
        """Tell whether it has not ended."""
        return self.state in ACTIVE

    def call(self, at: datetime) -> Call:
        """Return a call of whoever deploys, to be made into others."""
        return Call(
            method="PUT",
            path=self.id,
            query={"api-version": self.version},
            body=b"",
            base=self.base,
            principal=self.principal,
            now=at,
            request_id=self.correlation,
            stack=self.stack,
        )

    def node(self, key: str) -> Node:
        """Return the node of this key."""
        return next(one for one in self.nodes if one.key == key)

    def put(self, node: Node) -> "Deployment":
        """Return the deployment with one node changed."""
        nodes = tuple(node if one.key == node.key else one for one in self.nodes)
        return replace(self, nodes=nodes)


@dataclass(slots=True)
class Deployments:
    """All deployments, who waits for what, and the results of work on them that was asked for.

    `plans` are made anew from the records when somebody needs them.
    """

    journal: Journal
    rows: dict[str, Deployment] = field(default_factory=dict)
    results: dict[str, Json] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    waiters: dict[str, tuple[str, str]] = field(default_factory=dict)
    followers: list[Callable[[Any, Deployment], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read back what the journal has."""
        for key, row in self.journal.rows(KIND):
            self.rows[key] = _read(row)
        for key, row in self.journal.rows(f"{KIND}.result"):
            self.results[key] = row
        for one in self.rows.values():
            self._wait(one)

    def save(self, one: Deployment) -> Deployment:
        """Keep a deployment."""
        self.rows[one.key] = one
        self.journal.put(KIND, one.key, _write(one))
        self._wait(one)
        if not one.active:
            self.plans.pop(one.key, None)
        return one

    def drop(self, one: Deployment) -> None:
        """Forget a deployment."""
        self.rows.pop(one.key, None)
        self.plans.pop(one.key, None)
        self.journal.drop(KIND, one.key)

    def find(self, deployment_id: str) -> Deployment | None:
        """Return the deployment of this identifier."""
        return self.rows.get(deployment_id.lower())

    def within(self, scope: str) -> list[Deployment]:
        """Return the deployments of a scope, the newest first."""
        found = [one for one in self.rows.values() if one.scope.lower() == scope.lower()]
        return sorted(found, key=lambda one: (one.changed, one.key), reverse=True)

    def below(self, start: str) -> Iterator[Deployment]:
        """Yield the deployments whose identifiers begin with `start`."""
        start = start.lower()
        return (one for key, one in list(self.rows.items()) if key.startswith(start))

    def keep(self, job: str, result: Json) -> None:
        """Keep what a job (a what-if, a deletion) will answer."""
        self.results[job] = result
        self.journal.put(f"{KIND}.result", job, result)

    def waiting(self, operation: str) -> tuple[Deployment, Node] | None:
        """Return who waits for the end of some work."""
        key, node = self.waiters.get(operation.lower(), ("", ""))
        found = self.rows.get(key)
        if found is None or not found.active:
            return None
        return found, found.node(node)

    def _wait(self, one: Deployment) -> None:
        for node in one.nodes:
            if node.waits:
                self.waiters[node.waits.lower()] = (one.key, node.key)


_TIMES = {"started", "changed", "ended"}


def _write(one: Deployment) -> Json:
    return {**_plainly(one), "nodes": [_plainly(node) for node in one.nodes]}


def _plainly(record: Deployment | Node) -> Json:
    found = {item.name: getattr(record, item.name) for item in fields(record)}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.items()}


def _read(row: Json) -> Deployment:
    nodes = tuple(Node(**_undated(node)) for node in row["nodes"])
    return Deployment(**{**_undated(row), "nodes": nodes})


def _undated(row: Json) -> dict[str, Any]:
    return {k: datetime.fromisoformat(v) if k in _TIMES and v else v for k, v in row.items()}
