"""What a resource type is: the few lines each needs, and the behaviour where one differs.

A type says which api-versions it speaks, what it may be named, whether it has a place, what its
body may hold, how its work runs, and which actions it has. The gateway and `resources` read these
lines and apply the same rules to every type. A type that does more than keep its properties
brings a `Behaviour`, whose other half is in `types/`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from local.azure import places
from local.azure.arm import Answer, Call, Json, Late, Refusal, guid
from local.azure.era import ERA
from local.azure.ids import Id
from local.azure.lines import Line, lay

if TYPE_CHECKING:
    from local.azure.world import Operation, Resource, World

SEED = "seed"  # who puts things there that nobody asked for
_COMMON = ("id", "name", "type", "apiVersion", "location", "tags", "properties", "systemData")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """A pattern, the code that refuses the rest, and the sentence that says why."""

    pattern: str = r"[^<>%&\\?/]{1,260}"
    code: str = "InvalidResourceName"
    message: str = "The provided resource name '{name}' is invalid."

    def check(self, name: str) -> None:
        """Refuse a name outside the pattern."""
        if not re.fullmatch(self.pattern, name):
            raise Refusal(400, self.code, self.message.format(name=name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lro:
    """How long-running work is announced.

    `takes` is app time in seconds. `header` is the one that carries the address (or `both`, or
    `none`), `header_was` what it was before the month `header_since`; `segment` the collection
    under `locations/{place}` where the operation lives; `version` the api-version in the address
    (the caller's own when None). `announces` is the operation's own name: a provider that has one
    answers with it instead of with the resource. One that is `silent` answers no body, one that
    `tells` the state of the work. `state` is the resource's provisioningState meanwhile.

    The rest is how a poll is answered. `document` names the members of the status document: one
    with `?` is there at the end only, one with `~` is always there and null, `error!` tells none.
    `pending` is the status of a poll of unfinished work; `repeats` names the links that it
    carries again, as `header` does (a `Location` tells itself again unless that is `nothing`),
    and `last` those of the poll that tells the end; `again` is the Retry-After of a poll
    (`retry_after` when None, and none at all when 0), `to_the_end` that the last one has it too.
    `result` is what the `Location` gives in the end: `resource`, `nothing` (an empty 200), `gone`
    (204) or, all along, the `document`; with the links of `result_links`. It was `result_was`
    before the month `result_since`.

    Before the month `paced`, none of its answers had a Retry-After.

    Before the api-version `since`, and before the month `added`, the same is done at once. So is
    a PUT that changes nothing where `unchanged` is `done`, and a PATCH too where it is `always
    done`; where it is `links`, such a PUT is announced all the same, but nobody need wait.
    """

    takes: float
    status: int = 201
    header: str = "azure-asyncoperation"
    header_was: str = ""
    header_since: str = ""
    segment: str = "operationStatuses"
    version: str | None = None
    retry_after: int | None = None
    running: str = "InProgress"
    announces: str | None = None
    silent: bool = False
    tells: bool = False
    state: str | None = None
    document: str = "id name startTime status endTime?"
    pending: int = 200
    repeats: str = "none"
    last: str = "none"
    result_links: str = "none"
    since: str = ""
    added: str = ""
    paced: str = ""
    unchanged: str = "work"
    again: int | None = None
    to_the_end: bool = False
    result: str = "resource"
    result_was: str = ""
    result_since: str = ""

    def is_used(self, version: str) -> bool:
        """Tell whether the work takes time for a caller of this api-version."""
        return version >= self.since and ERA.get() >= self.added

    @property
    def pause(self) -> int | None:
        """The Retry-After of a poll, in seconds."""
        again = self.retry_after if self.again is None else self.again
        return (again or None) if self.is_paced else None

    @property
    def gives(self) -> str:
        """What the `Location` gives in the end."""
        return self.result_was if ERA.get() < self.result_since else self.result

    @property
    def wait(self) -> int | None:
        """The Retry-After of the announcement, in seconds."""
        return self.retry_after if self.is_paced else None

    @property
    def is_paced(self) -> bool:
        """Tell whether Azure says how long to wait for the work."""
        return ERA.get() >= self.paced


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Who is looking: the instant, the api-version, and by which kind of call."""

    now: datetime
    version: str
    kind: str = "get"  # get, put, list, subscription (a list across groups)
    expand: str = ""  # what `$expand` asks for
    patches: bool = False  # a put that is a PATCH, which most providers answer alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A PUT or PATCH that passed the common rules; `body` is the full desired body."""

    world: "World"
    call: Call
    type: "ResourceType"
    id: Id
    body: Json
    current: "Resource | None"

    @property
    def seeding(self) -> bool:
        """Tell whether this is no call, but a thing put there as if it had always been."""
        return self.call.principal == SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An action on a resource that exists. `parts` are names inside it (a container's)."""

    world: "World"
    call: Call
    type: "ResourceType"
    resource: "Resource"
    parts: tuple[str, ...] = ()


Action = Callable[[Use], Answer]


class Behaviour:
    """What most types do: keep their properties and say how far their work is."""

    def check(self, write: Write) -> None:
        """Refuse a body that this provider refuses."""

    def shape(self, write: Write) -> Json:
        """Return the body to keep."""
        return write.body

    def state(self, write: Write) -> Json:
        """Return what the type remembers beside its body."""
        return dict(write.current.state) if write.current else {}

    def work(self, write: Write) -> Lro | None:
        """Return the long-running work that this write starts, if any."""
        return write.type.create if write.current is None else write.type.update

    def busy(self, resource: "Resource") -> Refusal:
        """Return how a write is refused while other work runs."""
        return Refusal(
            409,
            "AnotherOperationInProgress",
            f"Another operation on '{resource.id}' is in progress. Retry later.",
        )

    def shown(self, resource: "Resource", view: View) -> Json:
        """Return the body that a reader sees."""
        body = {"id": resource.id, "name": resource.name, "type": resource.type, **resource.body}
        if isinstance(body.get("identity"), dict):
            body["identity"] = identified(body["identity"], resource)
        if resource.provisioning is not None:
            properties = dict(body.get("properties") or {})
            body["properties"] = {**properties, "provisioningState": resource.provisioning}
        return body

    def finished(self, world: "World", resource: "Resource", operation: "Operation") -> "Resource":
        """Return the resource after its work ended, well or badly."""
        return replace(resource, provisioning=operation.outcome, busy=None)

    def progress(self, world: "World", operation: "Operation", now: datetime) -> Json | None:
        """Return the status document of an operation, when it differs from the common one."""
        return None

    def result(self, world: "World", resource: "Resource", operation: "Operation") -> Json | None:
        """Return what work gives in the end, when it is not the resource itself."""
        return None

    def always(self, world: "World", above: "Resource", now: datetime) -> list["Resource"]:
        """Return what is under a resource without anybody having made it, or refuse to look."""
        return []

    def deleting(self, use: Use) -> Answer | None:
        """Refuse a DELETE, or return the answer to one done at once that is not a bare 200."""
        return None

    def removed(self, world: "World", resource: "Resource") -> None:
        """Do what follows a removal."""

    def foreseen(self, write: Write) -> Late | None:
        """Return the failure at the work's end that is certain already, if any."""
        return None

    def meter(self, world: "World", call: Call, place: str) -> Mapping[str, str]:
        """Count a call against the provider's own rates; return the headers that say so."""
        return {}

    def headers(self, resource: "Resource", *, new: bool) -> Mapping[str, str]:
        """Return the headers of a write that is done at once."""
        return {}

    def absent(self, target: Id) -> Refusal | None:
        """Return the provider's own words for a resource that is not there."""
        return None

    def seeded(self, write: Write) -> Json:
        """Return the type's memory of a resource that was there before anybody asked."""
        return self.state(write)


PLAIN = Behaviour()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One row of the table. `actions` are keyed by method and what follows the resource's path.

    A type that is `located` answers the making of a thing with its `Location`. One whose
    `conditions` are `late` finds out at the end of its work that an etag did not match.
    """

    name: str
    versions: tuple[str, ...]
    names: NameRule = field(default_factory=NameRule)
    tracked: bool = True
    extension: bool = False
    top_level: frozenset[str] = frozenset()
    regions: tuple[str, ...] = places.ALL
    located: bool = False
    provisioning: bool = True
    patchable: bool = True
    create: Lro | None = None
    update: Lro | None = None
    delete: Lro | None = None
    created_status: int = 201
    deleted_status: int = 200
    group_delete: float = 10.0
    actions: Mapping[tuple[str, str], Action] = field(default_factory=dict)
    behaviour: Behaviour = PLAIN
    lines: tuple[Line, ...] = ()
    conditions: str = "at once"
    listing: Mapping[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The provider."""
        return self.name.partition("/")[0]

    @property
    def local(self) -> str:
        """The type without its provider."""
        return self.name.partition("/")[2]

    def shown(self, resource: "Resource", view: View) -> Json:
        """Return the body that a reader sees, with all that the type's lines add."""
        body = self.behaviour.shown(resource, view)
        if not self.provisioning and "provisioningState" not in resource.body.get(
            "properties", {}
        ):
            properties = dict(body.get("properties") or {})
            if properties.pop("provisioningState", None) is not None:
                body = {**body, "properties": properties}
        return lay(self.lines, body, resource, view) if self.lines else body

    def listed(self) -> Json:
        """Return the members that a list of the type has beside its rows: all null."""
        era = self.listing.get("dropped", "")
        gone = bool(era) and ERA.get() > era
        return {} if gone else dict.fromkeys(self.listing.get("names", "").split())

    def allowed(self) -> frozenset[str]:
        """Return the top-level properties a body may have."""
        return self.top_level.union(_COMMON)


Asked = Callable[["World", Call, Id], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """A call on a provider itself: a check of a name, what a region has, what was deleted there.

    `words` are the types of its path: `locations usages`, or `checkNameAvailability`. One that is
    `grouped` may be asked of a group too.
    """

    namespace: str
    words: str
    versions: tuple[str, ...]
    answer: Asked
    method: str = "GET"
    grouped: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others."""
        return self.namespace.lower(), self.method, self.words.lower()


class Table:
    """All types that the simulated subscription can know."""

    def __init__(
        self,
        types: Iterable[ResourceType],
        calls: Iterable[ProviderCall] = (),
        forms: Mapping[str, str] | None = None,
    ) -> None:
        """Index the rows; `forms` names the envelope of a provider that has its own."""
        self._forms = dict(forms or {})
        self._types = {row.name.lower(): row for row in types}
        self._calls = {call.key: call for call in calls}
        spelled = {row.namespace.lower(): row.namespace for row in self._types.values()}
        self.namespaces: Mapping[str, str] = {
            **spelled,
            "microsoft.resources": "Microsoft.Resources",
            "microsoft.authorization": "Microsoft.Authorization",
            "microsoft.resourcegraph": "Microsoft.ResourceGraph",
            "microsoft.alertsmanagement": "Microsoft.AlertsManagement",
        }

    def form(self, path: str) -> str:
        """Return the form of the errors of the provider that a path is for."""
        words = path.lower().rpartition("/providers/")[2].split("/")
        return self._forms.get("/".join(words[:2]), "")

    def find(self, name: str) -> ResourceType | None:
        """Return the row of a type, whatever its case."""
        return self._types.get(name.lower())

    def of(self, namespace: str) -> list[ResourceType]:
        """Return the rows of a provider."""
        return [r for r in self._types.values() if r.namespace.lower() == namespace.lower()]

    def call(self, method: str, target: Id) -> ProviderCall | None:
        """Return what answers a call on a provider itself."""
        last = target.last
        words = " ".join(last.types).lower()
        found = self._calls.get((last.namespace.lower(), method, words))
        return found if found is not None and (found.grouped or not target.group) else None


def identified(identity: Json, resource: "Resource") -> Json:
    """Return an identity with its principal, and each of a user's with principal and client."""
    told, kinds = dict(identity), str(identity.get("type", "")).lower()
    if "systemassigned" in kinds:
        told.setdefault("principalId", guid("principal", resource.id))
        told.setdefault("tenantId", guid("tenant", resource.id.split("/")[2]))
    held = told.get("userAssignedIdentities")
    if isinstance(held, dict):
        told["userAssignedIdentities"] = {
            name: {
                "principalId": guid("principal", name),
                "clientId": guid("client", name),
                **(one or {}),
            }
            for name, one in held.items()
        }
    return told


def made_up(kind: str, resource: Id | str) -> str:
    """Return the GUID that a resource of this name always gets (a principal, a client)."""
    return guid(kind, str(resource))
