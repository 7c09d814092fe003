"""Resource identifiers: how a path is read and how it is written back.

Azure ignores case in paths but returns names as they were first given. A path is a scope (nothing,
a subscription, a group) followed by one or more providers, each a chain of types and names; what
is left over at the end (a collection, or an action) is the `tail`.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from local.azure.arm import gateway

_SLASHES = re.compile(r"/+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One `/providers/Namespace/type/name/...` piece of an identifier."""

    namespace: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def type(self) -> str:
        """The full type, as written in the path."""
        return "/".join((self.namespace, *self.types))

    def text(self) -> str:
        """Return this piece as it stands in a path."""
        pairs = "".join(f"/{t}/{n}" for t, n in zip(self.types, self.names, strict=False))
        tail = f"/{self.types[-1]}" if len(self.types) > len(self.names) else ""
        return f"/providers/{self.namespace}{pairs}{tail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Id:
    """What a path names. `providers` is empty for a subscription or a group."""

    subscription: str | None = None
    group: str | None = None
    providers: tuple[Provider, ...] = ()

    @property
    def last(self) -> Provider:
        """The provider the call is for."""
        return self.providers[-1]

    @property
    def type(self) -> str:
        """The type as written in the path."""
        if self.providers:
            return self.last.type
        return "Microsoft.Resources/" + ("resourceGroups" if self.group else "subscriptions")

    @property
    def name(self) -> str:
        """The last name in the path."""
        if self.providers:
            return self.last.names[-1] if self.last.names else ""
        return self.group or self.subscription or ""

    @property
    def key(self) -> str:
        """The form that compares equal for equal resources."""
        return str(self).lower()

    @property
    def nested(self) -> bool:
        """Tell whether a parent resource stands before the last name; a location is none."""
        found = bool(self.providers) and len(self.last.names) > 1
        return found and self.last.types[0].lower() != "locations"

    def parent(self) -> "Id":
        """Return the resource this one hangs under, or its scope."""
        if self.nested:
            last = self.last
            above = replace(last, types=last.types[: len(last.names) - 1], names=last.names[:-1])
            return replace(self, providers=(*self.providers[:-1], above))
        return self.scope()

    def scope(self) -> "Id":
        """Return what stands before the last provider."""
        return replace(self, providers=self.providers[:-1])

    def __str__(self) -> str:
        """Return the path, keywords as Azure writes them."""
        subscription = f"/subscriptions/{self.subscription}" if self.subscription else ""
        group = f"/resourceGroups/{self.group}" if self.group else ""
        return subscription + group + "".join(p.text() for p in self.providers) or "/"


def parse(path: str) -> tuple[Id, tuple[str, ...]]:
    """Return what `path` names and the segments that no grammar of identifiers explains.

    Encoded slashes count as slashes, as they do at Azure's door.
    """
    rest = [s for s in _SLASHES.sub("/", unquote(path)).split("/") if s]
    subscription = group = None
    if len(rest) > 1 and rest[0].lower() == "subscriptions":
        subscription, rest = rest[1], rest[2:]
        if len(rest) > 1 and rest[0].lower() == "resourcegroups":
            group, rest = rest[1], rest[2:]
    providers: list[Provider] = []
    while len(rest) > 1 and rest[0].lower() == "providers":
        provider, rest = _provider(rest[1:])
        providers.append(provider)
    return Id(subscription=subscription, group=group, providers=tuple(providers)), tuple(rest)


def resource(path: str) -> Id:
    """Return the identifier that `path` is; refuse what is none."""
    found, rest = parse(path)
    if rest or (found.providers and len(found.last.types) != len(found.last.names)):
        raise gateway(400, "LinkedInvalidPropertyId", f"Property id '{path}' is invalid.")
    return found


def _provider(rest: list[str]) -> tuple[Provider, list[str]]:
    namespace, rest = rest[0], rest[1:]
    types: list[str] = []
    names: list[str] = []
    while rest:
        if rest[0].lower() == "providers" and len(rest) > 1 and "." in rest[1]:
            break
        types.append(rest[0])
        if len(rest) > 1:
            names.append(rest[1])
        rest = rest[2:]
    return Provider(namespace=namespace, types=tuple(types), names=tuple(names)), rest
