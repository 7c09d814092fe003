"""The blob service of a storage account: versions, soft deletion, restore to a point in time.

Every account has one, named `default`. What a PUT leaves out stays as it was. A restore policy
needs versions, the change feed and soft deletion, and reaches back less far than the latter; it
says itself how far (`minRestoreTime`).
"""

import json
from datetime import datetime, timedelta
from typing import Any

from local.azure.arm import Answer, Json, Refusal, gateway, stamp
from local.azure.table import Behaviour, NameRule, ResourceType, Use, View, Write
from local.azure.types import facts
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.Storage/storageAccounts/blobServices"
VERSIONS = (
    "2016-01-01",
    "2017-06-01",
    "2017-10-01",
    "2018-07-01",
    "2018-11-01",
    "2019-06-01",
    "2021-01-01",
    "2021-02-01",
    "2021-04-01",
    "2021-06-01",
    "2021-08-01",
    "2021-09-01",
    "2022-05-01",
    "2022-09-01",
    "2023-01-01",
    "2023-04-01",
    "2023-05-01",
    "2024-01-01",
    "2025-01-01",
    "2025-06-01",
)
READ_ONLY = ("restorePolicy.minRestoreTime", "restorePolicy.lastEnabledTime")
OLDER = timedelta(days=60)
_MOST_DAYS, _MOST_FEED = 365, 146000
_FEATURES = ("isVersioningEnabled", "changeFeed", "deleteRetentionPolicy")


_PERMANENT = "2021"  # before, nobody was told of permanent deletion


class Services(Behaviour):
    """Blob services."""

    def check(self, write: Write) -> None:
        """Refuse days that are not offered, and a restore policy without what it needs."""
        given = self.shape(write)["properties"]
        for name, field, most in (
            ("deleteRetentionPolicy", "days", _MOST_DAYS),
            ("containerDeleteRetentionPolicy", "days", _MOST_DAYS),
            ("changeFeed", "retentionInDays", _MOST_FEED),
        ):
            part = _part(given, name)
            wrong = _invalid(f"properties.{name}.{field}")
            facts.check_range(part.get(field), 1, most, wrong)
            if field == "days" and part.get("enabled") and part.get("days") is None:
                raise wrong
        if _is_on(given, "restorePolicy"):
            _check_restore(given)

    def shape(self, write: Write) -> Json:
        """Return the body over what there was."""
        given = facts.without(write.body, READ_ONLY)["properties"]
        old = write.current.body["properties"] if write.current else _DEFAULTS
        shaped: Json = plain({**old, **given})
        soft = _part(shaped, "deleteRetentionPolicy")
        soft.setdefault("allowPermanentDelete", False)
        return {"properties": shaped}

    def state(self, write: Write) -> Json:
        """Return since when a restore policy holds, and what was asked: a PUT answers that."""
        current, asked = write.current, write.body.get("properties")
        was = current is not None and _is_on(current.body["properties"], "restorePolicy")
        if was and current is not None:
            return {**current.state, "asked": asked}
        return {"since": write.call.now.isoformat(), "asked": asked}

    def seeded(self, write: Write) -> Json:
        """Return the memory of a policy that has held for long."""
        since = (write.call.now - OLDER).isoformat()
        return {"since": since, "facts": facts.named(write.body, READ_ONLY)}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the service as a reader sees it at this instant."""
        given = plain(resource.body["properties"])
        if view.version < _PERMANENT:
            _part(given, "deleteRetentionPolicy").pop("allowPermanentDelete", None)
        if _is_on(given, "restorePolicy"):
            since = datetime.fromisoformat(resource.state["since"])
            reach = max(since, view.now - timedelta(days=given["restorePolicy"]["days"]))
            given["restorePolicy"]["lastEnabledTime"] = stamp(since)
            given["restorePolicy"]["minRestoreTime"] = stamp(reach)
            given = facts.lay(given, resource.state.get("facts") or {})
        head = {"id": resource.id, "name": resource.name, "type": resource.type}
        if view.kind != "put":
            return {**head, "properties": given}
        asked = resource.state.get("asked")
        if not asked:
            return {"name": resource.name}
        return {**head, "properties": {name: given[name] for name in asked if name in given}}

    def deleting(self, use: Use) -> Answer | None:
        """Refuse: the service goes with its account."""
        raise Refusal(405, "MethodNotAllowed", f"'{TYPE}' cannot be deleted.")


def ensure(world: World, account: str, now: datetime) -> None:
    """Put an account's blob service there, if it is not."""
    name = f"{account}/blobServices/default"
    if world.find(name) is None:
        world.save(
            Resource(
                id=name,
                type=TYPE,
                name="default",
                body={"properties": plain(_DEFAULTS)},
                state={"since": now.isoformat()},
                created=now,
                changed=now,
            )
        )


def read(use: Use) -> Json:
    """Return the JSON object that came with an action; refuse anything else."""
    try:
        body: Any = json.loads(use.call.body.decode() or "{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise gateway(400, "InvalidRequestContent", "The request content was invalid.")
    return body


def _check_restore(given: Json) -> None:
    missing = [name for name in _FEATURES if not _is_on(given, name)]
    if missing:
        raise Refusal(
            400,
            "ContainerOperationFailure",
            "A restore policy needs versioning, the change feed and blob soft deletion; not"
            f" enabled: {', '.join(missing)}.",
        )
    days, most = given["restorePolicy"].get("days"), given["deleteRetentionPolicy"]["days"]
    wrong = Refusal(
        400,
        "InvalidValuesForRequestParameters",
        f"Values for properties.restorePolicy.days is invalid: {days}. It should be greater than"
        " zero and less than properties.deleteRetentionPolicy.days.",
    )
    if days is None:
        raise wrong
    facts.check_range(days, 1, most - 1, wrong)


def _is_on(given: Json, name: str) -> bool:
    part = given.get(name)
    return part is True or (isinstance(part, dict) and part.get("enabled") is True)


def _part(given: Json, name: str) -> Json:
    part = given.get(name) or {}
    if not isinstance(part, dict):
        raise _invalid(f"properties.{name}")
    return part


def _invalid(name: str) -> Refusal:
    return Refusal(400, "InvalidValuesForRequestParameters", f"Values for {name} are invalid.")


_DEFAULTS: Json = {
    "cors": {"corsRules": []},
    "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
}

ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(pattern="default", message="The blob service's name must be 'default'."),
    tracked=False,
    provisioning=False,
    patchable=False,
    created_status=200,
    behaviour=Services(),
)
