"""The simulated subscription: everything that exists, and everything that is under way.

Nothing here happens by itself. Each request first calls `settle(now)`, which ends what fell due by
the app clock, in the order of its falling due; so time may stand still for a week and then jump,
and the world is right when somebody looks. Changes go to the journal as they are made; whoever
answers a request calls `commit` first.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from local.azure import kept, places, summaries
from local.azure.arm import Answer, Call, Clock, Json, Late, guid, seconds
from local.azure.deployments.records import KIND, Deployments
from local.azure.deployments.stackrecords import Stacks
from local.azure.faults import Faults
from local.azure.ids import Id, resource
from local.azure.index import Index
from local.azure.journal import Journal
from local.azure.monitor.alerts import Alerts
from local.azure.monitor.rows import LogRows
from local.azure.monitor.samples import Samples
from local.azure.shelf import Shelf
from local.azure.table import Lro, ResourceType, Table, View

CLOSED = "closed"
LIST_LAG = seconds(5)  # Resource Manager's own list of resources, and the tags in it
GRAPH_LAG = seconds(10)
REGISTERING = seconds(10)
GROUP_FLOOR = 15.0  # no group is gone sooner, however empty


_NO_WORK = Lro(takes=0)
_UNHELD = frozenset({"reading", KIND})  # work that changes no resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A resource group. `deleting` names the operation that takes it away."""

    name: str
    location: str
    tags: Json | None = None
    managed_by: str | None = None
    created: datetime
    changed: datetime
    deleting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Anything below a group or a subscription. `state` is its type's own memory."""

    id: str
    type: str
    name: str
    body: Json
    state: Json = field(default_factory=dict)
    created: datetime
    changed: datetime
    provisioning: str | None = None
    busy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Long-running work: what it is on, when it is due, how it ends.

    `late` is the failure ordered for its end. `steps` are the removals of a group's deletion:
    (resource id, instant, failure or None).
    """

    id: str
    kind: str  # create, update, action, reading, delete, group, move, timer, deployment
    resource: str
    started: datetime
    due: datetime
    outcome: str = ""
    late: Json | None = None
    how: Lro = _NO_WORK
    path: str = ""
    steps: list[list[Any]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Tell whether the work is over."""
        return bool(self.outcome)


Door = Callable[["World", Call], Answer]


class World:
    """Groups, resources, operations, registrations, and the two lagging copies of them.

    `door` answers the calls that the world makes itself, as if they came from outside; `heard`
    are told of all work that ends.
    """

    def __init__(
        self,
        *,
        table: Table,
        clock: Clock,
        journal: Journal,
        subscription: str,
        tenant: str,
        door: Door,
        heard: tuple[Callable[["World", "Operation"], None], ...] = (),
    ) -> None:
        """Read back what the journal knows."""
        self.door, self._heard = door, heard
        self.table, self.clock, self.journal = table, clock, journal
        self.subscription, self.tenant = subscription, tenant
        self.groups: dict[str, Group] = {k: kept.read(Group, v) for k, v in journal.rows("group")}
        self.resources: Shelf[Resource] = Shelf(
            {k: kept.read(Resource, v) for k, v in journal.rows("resource")}
        )
        self._types: dict[str, Shelf[None]] = {}
        self._principals: dict[str, str] = {}
        for item in self.resources.values():
            self.shelve(item)
        self.operations: dict[str, Operation] = {
            k: kept.read(Operation, v) for k, v in journal.rows("operation")
        }
        self.registrations: dict[str, Json] = dict(journal.rows("registration"))
        self.notes: dict[str, Any] = dict(journal.rows("note"))
        self.faults = Faults(journal)
        self.logs = LogRows(journal)
        self.samples = Samples(journal)
        self.alerts = Alerts(journal)
        self.deployments, self.stacks = Deployments(journal), Stacks(journal)
        self.list = Index("list", LIST_LAG, journal)
        self.graph = Index("graph", GRAPH_LAG, journal)
        self._waiting = {k for k, o in self.operations.items() if not o.ended}

    def settle(self, now: datetime) -> None:
        """End everything that is due at `now`, the earliest first."""
        while due := self._due(now):
            first = min(due, key=lambda operation: (operation.due, operation.id))
            self._end(first)
            for told in self._heard:
                told(self, self.operations[first.id])
        for operation in [self.operations[key] for key in sorted(self._waiting)]:
            self._steps(operation, now)
        self.list.settle(now)
        self.graph.settle(now)

    def catch_up(self, now: datetime) -> None:
        """Let the lagging copies see everything that there is now."""
        self.list.settle(now + LIST_LAG)
        self.graph.settle(now + GRAPH_LAG)

    def note(self, key: str, value: Any) -> None:
        """Remember something small that has no better place (counters, image rules)."""
        if value is None:
            self.notes.pop(key, None)
            self.journal.drop("note", key)
        else:
            self.notes[key] = value
            self.journal.put("note", key, value)

    def register(self, namespace: str, state: str, now: datetime) -> None:
        """Set a provider's registration; `Registering` becomes `Registered` by itself."""
        value = {"state": state, "at": now.isoformat()}
        self.registrations[namespace.lower()] = value
        self.journal.put("registration", namespace.lower(), value)

    def registration(self, namespace: str, now: datetime) -> str:
        """Return a provider's registration; everything in the table starts registered."""
        found = self.registrations.get(namespace.lower())
        if found is None:
            return "Registered" if namespace.lower() in self.table.namespaces else "NotRegistered"
        state = str(found["state"])
        since = datetime.fromisoformat(found["at"])
        return "Registered" if state == "Registering" and now >= since + REGISTERING else state

    def close(self, namespace: str, place: str) -> None:
        """Let the subscription's registration for a provider not hold in one region."""
        closed = set(self.notes.get(CLOSED, []))
        self.note(CLOSED, sorted(closed | {f"{namespace}/{places.normal(place)}".lower()}))

    def is_open(self, namespace: str, place: str) -> bool:
        """Tell whether the registration for a provider holds in a region."""
        return f"{namespace}/{places.normal(place)}".lower() not in self.notes.get(CLOSED, ())

    def save_group(self, group: Group) -> None:
        """Keep a group."""
        key = group.name.lower()
        self.groups[key] = group
        self.journal.put("group", key, kept.write(group))
        self.graph.put(f"group/{key}", summaries.group(self.subscription, group), group.changed)

    def drop_group(self, group: Group, at: datetime) -> None:
        """Let a group go, with whatever is still in it."""
        key = group.name.lower()
        for found in list(self.inside(key)):
            self.drop(found, at)
        start = f"/subscriptions/{self.subscription}/resourcegroups/{key}/"
        for one in self.deployments.below(start):
            self.deployments.drop(one)
        for stack in self.stacks.below(start):
            self.stacks.drop(stack)
        self.groups.pop(key, None)
        self.journal.drop("group", key)
        self.graph.put(f"group/{key}", None, at)

    def save(self, item: Resource) -> Resource:
        """Keep a resource and let the lagging copies know."""
        self.resources[item.id.lower()] = item
        self.shelve(item)
        self.journal.put("resource", item.id.lower(), kept.write(item))
        row = summaries.resource(self._type(item), item)
        if row is not None:
            self.list.put(item.id.lower(), row, item.changed)
            self.graph.put(item.id.lower(), row, item.changed)
        return item

    def drop(self, item: Resource, at: datetime) -> None:
        """Let a resource go, with its children and extensions."""
        key = item.id.lower()
        for gone in (item, *self.resources.under(f"{key}/")):
            self._forget(gone, at)

    def find(self, what: Id | str) -> Resource | None:
        """Return the resource of this identifier."""
        return self.resources.get(str(what).lower())

    def inside(self, group: str) -> Iterator[Resource]:
        """Yield a group's resources, children and extensions too."""
        start = f"/subscriptions/{self.subscription}/resourcegroups/{group}/".lower()
        return iter(self.resources.under(start))

    def all_of(self, type_name: str) -> Iterator[Resource]:
        """Yield every resource of a type, ordered by identifier."""
        keys = self._types.get(type_name.lower(), ())
        return (self.resources[key] for key in keys)

    def below(self, start: str, type_name: str) -> list[Resource]:
        """Return the resources of a type whose identifiers begin with `start`, in their order."""
        wanted = self._types.get(type_name.lower())
        return [self.resources[key] for key in wanted.keys_under(start)] if wanted else []

    def shelve(self, item: Resource) -> None:
        """Let a resource be found by its type, and an identity by its principal."""
        self._types.setdefault(item.type.lower(), Shelf({}))[item.id.lower()] = None
        principal = _principal(item)
        if principal:
            self._principals[principal] = item.id

    def is_principal(self, wanted: str) -> bool:
        """Tell whether a resource here is the identity with this principal."""
        return wanted.lower() in self._principals

    def begin(
        self, *, kind: str, resource: str, lro: Lro, call: Call, place: str, namespace: str
    ) -> Operation:
        """Start long-running work that ends `lro.takes` seconds from now."""
        operation_id = guid("operation", resource, call.request_id, str(len(self.operations)))
        version = lro.version or call.version
        path = (
            f"/subscriptions/{self.subscription}/providers/{namespace}/locations/{place}/"
            f"{lro.segment}/{operation_id}?api-version={version}"
        )
        return self.save_operation(
            Operation(
                id=operation_id,
                kind=kind,
                resource=resource,
                started=call.now,
                due=call.now + seconds(lro.takes),
                late=_late(call.late),
                how=lro,
                path=path,
            )
        )

    def look_again(self, item_id: str, started: datetime, due: datetime) -> None:
        """Let the lagging copies see at `due` what time alone has changed in a resource."""
        self.save_operation(
            Operation(
                id=guid("timer", item_id, started.isoformat(), due.isoformat()),
                kind="timer",
                resource=item_id,
                started=started,
                due=due,
            )
        )

    def begin_group_deletion(
        self, group: Group, call: Call, failing: dict[str, Late]
    ) -> Operation:
        """Start a group's deletion: each resource goes when its type's time is over.

        `failing` are the resources whose own deletion was ordered to fail.
        """
        late = _late(call.late)
        steps: list[list[Any]] = []
        for item in self.inside(group.name.lower()):
            row = self.table.find(item.type)
            at = call.now + seconds(row.group_delete if row else 10.0)
            steps.append([item.id, at.isoformat(), _late(failing.get(item.id.lower()))])
        steps.sort(key=lambda step: (step[1], step[0]))
        if late and steps:
            steps[-1][2] = late
        last = datetime.fromisoformat(steps[-1][1]) if steps else call.now
        job = f"RESOURCEGROUPDELETIONJOB-{group.name.upper()}-{group.location.upper()}"
        operation = self.save_operation(
            Operation(
                id=guid("group", group.name, call.now.isoformat()),
                kind="group",
                resource=f"/subscriptions/{self.subscription}/resourceGroups/{group.name}",
                started=call.now,
                due=max(last, call.now + seconds(GROUP_FLOOR)),
                late=late,
                path=job,
                steps=steps,
            )
        )
        self.save_group(replace(group, deleting=operation.id, changed=call.now))
        return operation

    def begin_move(
        self, call: Call, source: str, names: list[str], group: str, lro: Lro
    ) -> Operation:
        """Start to move resources into another group; they are there when the work ends."""
        return self.save_operation(
            Operation(
                id=guid("move", source, call.request_id),
                kind="move",
                resource=source,
                started=call.now,
                due=call.now + seconds(lro.takes),
                late=_late(call.late),
                path=f"RESOURCEMOVEJOB-{resource(source).group}".upper(),
                how=lro,
                steps=[[name, group, None] for name in names],
            )
        )

    def save_operation(self, operation: Operation) -> Operation:
        """Keep an operation."""
        self.operations[operation.id] = operation
        self.journal.put("operation", operation.id, kept.write(operation))
        if operation.ended:
            self._waiting.discard(operation.id)
        else:
            self._waiting.add(operation.id)
        return operation

    def shown(self, item: Resource, view: View) -> Json:
        """Return a resource's body as its type shows it."""
        return self._type(item).shown(item, view)

    def commit(self) -> None:
        """Make it all durable: to be called before an answer leaves."""
        self.journal.commit()

    def _due(self, now: datetime) -> list[Operation]:
        return [o for o in (self.operations[key] for key in self._waiting) if o.due <= now]

    def _end(self, operation: Operation) -> None:
        if operation.kind == "group":
            self._end_group(operation)
            return
        if operation.kind == "move":
            self._end_move(operation)
            return
        item = self.find(operation.resource)
        if operation.kind == "timer":
            self.save_operation(replace(operation, outcome="Succeeded"))
            if item is not None and item.changed <= operation.due:
                self.save(replace(item, changed=operation.due))
            return
        if operation.kind in _UNHELD:
            self.save_operation(replace(operation, outcome="Succeeded"))
            return
        gone = item is None or item.busy != operation.id
        outcome = "Failed" if operation.late else "Canceled" if gone else "Succeeded"
        done = self.save_operation(replace(operation, outcome=outcome))
        if item is None or gone:
            return
        if operation.kind == "delete":
            if outcome == "Succeeded":
                self.drop(item, operation.due)
            else:
                self.save(
                    replace(item, busy=None, provisioning="Succeeded", changed=operation.due)
                )
            return
        changed = replace(item, changed=operation.due)
        self.save(self._type(item).behaviour.finished(self, changed, done))

    def _end_move(self, operation: Operation) -> None:
        for name, group, _ in [] if operation.late else operation.steps:
            start = name.lower()
            held = [
                r for k, r in self.resources.items() if k == start or k.startswith(start + "/")
            ]
            for item in held:
                self._forget(item, operation.due)
                target = resource(item.id)
                moved = replace(item, id=str(replace(target, group=group)), changed=operation.due)
                self.save(moved)
        outcome = "Failed" if operation.late else "Succeeded"
        self.save_operation(replace(operation, outcome=outcome))

    def _end_group(self, operation: Operation) -> None:
        self._steps(operation, operation.due)
        group = self.groups[resource(operation.resource).group.lower()]  # type: ignore[union-attr]
        failed = [step for step in operation.steps if step[2]]
        if failed or operation.late:
            self.save_group(replace(group, deleting=None, changed=operation.due))
        else:
            self.drop_group(group, operation.due)
        outcome = "Failed" if failed or operation.late else "Succeeded"
        self.save_operation(replace(operation, outcome=outcome))

    def _steps(self, operation: Operation, now: datetime) -> None:
        if operation.kind == "move":
            return
        for name, at, failure in operation.steps:
            due = datetime.fromisoformat(at)
            item = self.find(name)
            if failure is None and due <= now and item is not None and item.created <= due:
                self.drop(item, due)

    def _forget(self, item: Resource, at: datetime) -> None:
        key = item.id.lower()
        self.resources.pop(key)
        self._types.get(item.type.lower(), Shelf({})).pop(key)
        self._principals.pop(_principal(item), None)
        self.journal.drop("resource", key)
        self.list.put(key, None, at)
        self.graph.put(key, None, at)
        self._type(item).behaviour.removed(self, item)

    def _type(self, item: Resource) -> ResourceType:
        found = self.table.find(item.type)
        assert found is not None, f"{item.type} left the table with {item.id} still stored"
        return found


_IDENTITIES = "microsoft.managedidentity/userassignedidentities"


def _principal(item: Resource) -> str:
    if item.type.lower() != _IDENTITIES:
        return ""
    return str((item.body.get("properties") or {}).get("principalId") or "").lower()


def _late(late: Late | None) -> Json | None:
    return late.error if late else None


def plain(value: Any) -> Any:
    """Return a copy of JSON data that shares nothing with it."""
    return json.loads(json.dumps(value))
