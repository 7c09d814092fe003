"""What the world was like when a call failed: one small rule for each code that tells it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

from local.agreement import bare
from local.agreement.failures import NAMED, Failure
from local.azure import access, seeding
from local.azure.arm import Json, Refusal
from local.azure.ids import Id, parse
from local.azure.world import World, plain

Cause = Callable[[World, Id, Json, Failure], None]
CALLER = "aaaaaaaa-0000-4000-8000-000000000001"


def _stranger(world: World, target: Id, request: Json, found: Failure) -> None:
    access.give(world, {"principal": CALLER, "roles": []})


def _unregistered(world: World, target: Id, request: Json, found: Failure) -> None:
    world.register(target.last.namespace, "NotRegistered", world.clock.now())


def _closed(world: World, target: Id, request: Json, found: Failure) -> None:
    place = str((request.get("body") or {}).get("location") or "")
    world.close(target.last.namespace, place)


def _locked(world: World, target: Id, request: Json, found: Failure) -> None:
    scopes = found.named or [target]
    for scope in scopes:
        lock = f"{scope}/providers/Microsoft.Authorization/locks/lock"
        seed(world, {"id": lock, "properties": {"level": "CanNotDelete"}})


def _assigned(world: World, target: Id, request: Json, found: Failure) -> None:
    properties = (request.get("body") or {}).get("properties") or {}
    know(world, str(properties.get("principalId")))
    other = "/".join((str(target.scope()), "providers/Microsoft.Authorization/roleAssignments"))
    name = "00000000-0000-4000-8000-000000000009"
    kept = {**properties, "principalType": "ServicePrincipal"}
    seed(world, {"id": f"{other}/{name}".replace("//", "/"), "properties": kept})


def _acquainted(world: World, target: Id, request: Json, found: Failure) -> None:
    properties = (request.get("body") or {}).get("properties") or {}
    know(world, str(properties.get("principalId")))


def know(world: World, principal: str) -> None:
    """Let the directory know a principal."""
    known = dict(world.notes.get("callers", {}))
    world.note("callers", {**known, principal.lower(): "1970-01-01T00:00:00+00:00"})


def _nested(world: World, target: Id, request: Json, found: Failure) -> None:
    for name in re.findall(r"'(Microsoft\.[^']+/[^']+)'", found.message):
        namespace, *words = name.split("/")
        pairs = "/".join(f"{words[2 * i]}/{words[2 * i + 1]}" for i in range(len(words) // 2))
        seed(world, bare.row(parse(f"{target.scope()}/providers/{namespace}/{pairs}")[0], None))


def of(found: Failure) -> Cause | None:
    """Return what makes the world as a failure tells that it was."""
    by_message = (act for pattern, act in _BY_MESSAGE if re.search(pattern, found.message))
    return _BY_CODE.get(found.code) or next(by_message, None)


def _again(
    world: World, target: Id, change: Callable[[Json, Json], Json | None], request: Json
) -> None:
    """Seed a thing anew with its properties changed; `change` has them and the ones asked for."""
    item = world.find(target)
    asked = (request.get("body") or {}).get("properties") or {}
    body = dict(item.body) if item else dict(bare.row(target, None))
    properties = change(plain(body.get("properties") or {}), plain(asked))
    if properties is not None:
        place = (request.get("body") or {}).get("location") or body.get("location")
        here = {"location": place} if place else {}
        seed(world, {**body, **here, "id": str(target), "properties": properties})


def _enabled(world: World, target: Id, request: Json, found: Failure) -> None:
    receiver = {
        "name": (request.get("body") or {}).get("receiverName"),
        "emailAddress": "a@b.example",
    }
    _again(world, _owner(target), lambda had, _: {**had, "emailReceivers": [receiver]}, request)


def _closed_policy(world: World, target: Id, request: Json, found: Failure) -> None:
    _again(world, target, lambda had, _: {**had, "state": "Locked"}, request)


def _without_zones(world: World, target: Id, request: Json, found: Failure) -> None:
    def change(_: Json, asked: Json) -> Json:
        for one in asked.get("frontendIPConfigurations") or []:
            one.pop("zones", None)
        return asked

    _again(world, target, change, request)


def _failed(world: World, target: Id, request: Json, found: Failure) -> None:
    for one in found.named:
        item = world.find(one)
        if item is not None:
            world.save(replace(item, provisioning="Failed"))


def _unsettled(world: World, target: Id, request: Json, found: Failure) -> None:
    """Let what the body names and the message means be none that is ready."""
    for name in NAMED.findall(json.dumps(request.get("body"))):
        one = parse(name)[0]
        if f"'{one.name}'" in found.message:
            seed(world, bare.row(one, None))
            item = world.find(one)
            if item is not None:
                world.save(replace(item, provisioning="Failed"))


def _otherwise(world: World, target: Id, request: Json, found: Failure) -> None:
    """Let the property that cannot be changed have another value than the one asked for."""
    name = re.search(r"property '(\w+)'", found.message)
    other = {"Regular": "Low", "Low": "Regular", "Spot": "Regular"}

    def change(had: Json, asked: Json) -> Json | None:
        value = asked.get(name[1]) if name else None
        return {**had, str(name and name[1]): other.get(str(value), "other")} if value else None

    _again(world, target, change, request)


def _priced(world: World, target: Id, request: Json, found: Failure) -> None:
    def change(had: Json, asked: Json) -> Json:
        return {**had, "priority": asked.get("priority"), "billingProfile": {"maxPrice": 0.01}}

    _again(world, target, change, request)


def _exported(world: World, target: Id, request: Json, found: Failure) -> None:
    name = re.search(r"in rule: (\S+?)\.?(\s|$)", found.message)
    if name:
        other = replace(target.last, names=(*target.last.names[:-1], name[1]))
        twin = replace(target, providers=(*target.providers[:-1], other))
        seed(world, {"id": str(twin), "properties": (request.get("body") or {}).get("properties")})


def _always_on(world: World, target: Id, request: Json, found: Failure) -> None:
    name = re.search(r"the site '([^']+)'", found.message)
    seed(world, {**bare.row(target, (request.get("body") or {}).get("location"))})
    if name:
        site = bare.row(
            parse(f"{target.scope()}/providers/Microsoft.Web/sites/{name[1]}")[0], None
        )
        properties = {"serverFarmId": str(target), "siteConfig": {"alwaysOn": True}}
        seed(world, {**site, "properties": {**site.get("properties", {}), **properties}})


def _used_up(world: World, target: Id, request: Json, found: Failure) -> None:
    """Let the subscription have what it may have one of, in the same place."""
    other = replace(target, providers=(replace(target.last, names=("another",)),))
    seed(world, {**(request.get("body") or {}), "id": str(other)})


def _snapped(world: World, target: Id, request: Json, found: Failure) -> None:
    item = world.find(target)
    if item is not None:
        world.save(replace(item, state={**item.state, "snapshots": ["1970-01-01T00:00:00Z"]}))


def _owner(target: Id) -> Id:
    """Return what an action is on."""
    last = target.last
    depth = len(last.names)
    return replace(
        target, providers=(*target.providers[:-1], replace(last, types=last.types[:depth]))
    )


_BY_CODE: dict[str, Cause] = {
    "AuthorizationFailed": _stranger,
    "MissingSubscriptionRegistration": _unregistered,
    "MissingRegistrationForLocation": _closed,
    "ScopeLocked": _locked,
    "RoleAssignmentExists": _assigned,
    "UnmatchedPrincipalType": _acquainted,
    "CannotDeleteResource": _nested,
    "ReceiverAlreadyEnabled": _enabled,
    "ContainerImmutabilityPolicyFailure": _closed_policy,
    "ResourceAvailabilityZonesCannotBeModified": _without_zones,
    "PropertyChangeNotAllowed": _otherwise,
    "ShareHasSnapshots": _snapped,
}
_BY_MESSAGE: tuple[tuple[str, Cause], ...] = (
    (r"is in failed state", _failed),
    (r"in a invalid provisioning state", _unsettled),
    (r"Billing Profile change", _priced),
    (r"already defined in rule", _exported),
    (r"because it uses AlwaysOn", _always_on),
    (r"has reached the limit of", _used_up),
)


def seed(world: World, row: Json) -> None:
    try:
        seeding.seed(world, [row], now=world.clock.now(), believed=True)
    except (ValueError, Refusal):
        return
