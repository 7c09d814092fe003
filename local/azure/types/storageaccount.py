"""Storage accounts: redundancy, endpoints, keys, and how far the other region has come.

Recorded: a new account answers 202 and a `Location`, a known one 200 with its body. With
`$expand=geoReplicationStats` an account that is kept in two regions tells how far behind the
second is. Its blob service is in `blobservice`.
"""

import base64
import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from local.azure import places
from local.azure.arm import Answer, Json, Refusal, stamp
from local.azure.era import ERA
from local.azure.table import Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import blobservice, facts, storageparts
from local.azure.world import Operation, Resource, World, plain

TYPE = "Microsoft.Storage/storageAccounts"
VERSIONS = blobservice.VERSIONS
SKUS = (
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
)
KINDS = ("Storage", "StorageV2", "BlobStorage", "BlockBlobStorage", "FileStorage")
TIERS = ("Hot", "Cool", "Cold", "Premium")
OLDER = timedelta(days=60)  # the age of an account that a seed puts there
BOOTSTRAP = timedelta(minutes=10)
SYNCED_EVERY = timedelta(minutes=5)
STATS = ("status", "lastSyncTime", "canFailover", "canPlannedFailover")
_MOST_DAYS = 36_500  # of a key policy
READ_ONLY = (
    *(f"geoReplicationStats.{name}" for name in STATS),
    "statusOfPrimary",
    "statusOfSecondary",
    "primaryLocation",
    "secondaryLocation",
    "creationTime",
    "provisioningState",
)
_TOLD = ("primaryEndpoints", "secondaryEndpoints", "geoReplicationStats", "keyCreationTime")
_SAFE: Json = {
    "allowCrossTenantReplication": False,
    "minimumTlsVersion": "TLS1_2",
    "allowBlobPublicAccess": False,
}
_SINCE = {
    "allowCrossTenantReplication": "2023-12",
    "minimumTlsVersion": "2022-06",
    "allowBlobPublicAccess": "2022-06",
    "encryption": "2017-10",
    "networkAcls": "2018-02",
    "supportsHttpsTrafficOnly": "2018-02",
    "tags": "2018-06",
}  # the month since when an account tells it without having been asked for it
_SERVICES = {
    "StorageV2": ("dfs", "web", "blob", "queue", "table", "file"),
    "Storage": ("blob", "queue", "table", "file"),
    "BlobStorage": ("dfs", "blob", "table"),
    "BlockBlobStorage": ("dfs", "web", "blob"),
    "FileStorage": ("file",),
}


class Accounts(Behaviour):
    """Accounts of every kind."""

    def check(self, write: Write) -> None:
        """Refuse a name that is taken and what is not offered."""
        name = write.id.name
        taken = f"The storage account named {name} is already taken."
        facts.check_free(write, Refusal(409, "StorageAccountAlreadyTaken", taken))
        sku, kind = (write.body.get("sku") or {}).get("name"), write.body.get("kind")
        for word, value in (("sku", sku), ("kind", kind)):
            if value is None:
                raise _invalid(word)
        facts.check_choice(sku, SKUS, _invalid("sku"))
        facts.check_choice(kind, KINDS, _invalid("kind"))
        given = write.body.get("properties") or {}
        facts.check_choice(given.get("accessTier"), TIERS, _invalid("accessTier"))
        days = (given.get("keyPolicy") or {}).get("keyExpirationPeriodInDays")
        facts.check_range(days, 0, _MOST_DAYS, _invalid("keyPolicy.keyExpirationPeriodInDays"))
        if write.current is not None:
            _check_change(write.current.body, sku, kind)

    def shape(self, write: Write) -> Json:
        """Return the body over what there was, or over the defaults."""
        body = facts.without(write.body, (*READ_ONLY, *_TOLD))
        given = body["properties"]
        old = write.current.body["properties"] if write.current else _defaults(write)
        rules = given.pop("networkAcls", None) or {}
        encryption = given.pop("encryption", None) or {}
        body["properties"] = {**old, **given}
        body["properties"]["networkAcls"] = {**old["networkAcls"], **rules}
        if encryption.get("keySource"):
            body["properties"]["encryption"] = {"keySource": encryption["keySource"]}
        name = body["sku"]["name"]
        body["sku"] = {"name": name, "tier": name.partition("_")[0]}
        if ERA.get() >= _SINCE["tags"]:
            body.setdefault("tags", {})
        return body

    def state(self, write: Write) -> Json:
        """Return the account's memory: its birth, and since when it is kept in two regions."""
        now, current = write.call.now.isoformat(), write.current
        if current is None:
            return {"born": now, "geo": now, "keys": [0, 0]}
        was, is_now = is_geo(current.body["sku"]["name"]), is_geo(write.body["sku"]["name"])
        return {**current.state, "geo": current.state["geo"] if was or not is_now else now}

    def seeded(self, write: Write) -> Json:
        """Return the memory of an account made long ago, whose facts are the seed's."""
        born = (write.call.now - OLDER).isoformat()
        blobservice.ensure(write.world, str(write.id), write.call.now - OLDER)
        found = facts.named(write.body, READ_ONLY)
        found.pop("provisioningState", None)
        return {"born": born, "geo": born, "keys": [0, 0], "facts": found}

    def work(self, write: Write) -> Lro | None:
        """Return the work of making an account; a change is done at once."""
        return write.type.create if write.current is None else None

    def busy(self, resource: Resource) -> Refusal:
        """Return how an account that is being made refuses a write."""
        return Refusal(
            409,
            "StorageAccountIsNotProvisioned",
            "The storage account provisioning state must be 'Succeeded' before executing the"
            " operation.",
        )

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the account as a reader of this api-version sees it at this instant."""
        body: Json = plain(resource.body)
        told = {**body["properties"], **_told(resource, view)}
        told["provisioningState"] = resource.provisioning
        for name in ("encryption", "networkAcls", "supportsHttpsTrafficOnly"):
            if ERA.get() < _SINCE[name]:
                told.pop(name, None)
        found = resource.state.get("facts") or {}
        stats = {k: v for k, v in found.items() if k.startswith("geoReplicationStats.")}
        others = {k: v for k, v in found.items() if k not in stats}
        told = facts.lay(told, others)
        if is_geo(body["sku"]["name"]) and "georeplicationstats" in view.expand.lower():
            told["geoReplicationStats"] = _stats(resource, view)
            told = facts.lay(told, stats)
        body["properties"] = told
        return {"id": resource.id, "name": resource.name, "type": resource.type, **body}

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the account after its work; it has a blob service now."""
        if operation.outcome == "Succeeded":
            blobservice.ensure(world, resource.id, operation.due)
        return replace(resource, provisioning=operation.outcome, busy=None)


def is_geo(sku: str) -> bool:
    """Tell whether an account of this sku is kept in two regions."""
    return sku.endswith(("GRS", "GZRS"))


def list_keys(use: Use) -> Answer:
    """Answer with the account's two keys, once there is an account."""
    if use.resource.provisioning != "Succeeded":
        why = "The storage account provisioning state must be 'Succeeded' before executing the"
        raise Refusal(409, "StorageAccountIsNotProvisioned", f"{why} operation.")
    keys = [_key(use.resource, place) for place in (0, 1)]
    if use.call.version < "2021-02-01":
        keys = [{k: v for k, v in key.items() if k != "creationTime"} for key in keys]
    return Answer(status=200, body={"keys": keys})


def regenerate(use: Use) -> Answer:
    """Make one of the keys anew."""
    asked = blobservice.read(use).get("keyName")
    if asked not in {"key1", "key2"}:
        raise _invalid("keyName")
    turns = list(use.resource.state["keys"])
    turns[int(asked[-1]) - 1] += 1
    state = {**use.resource.state, "keys": turns}
    item = use.world.save(replace(use.resource, state=state, changed=use.call.now))
    return list_keys(replace(use, resource=item))


def _told(item: Resource, view: View) -> Json:
    """Return what the provider tells beside what was asked for."""
    sku, kind, place = item.body["sku"]["name"], item.body["kind"], item.body["location"]
    born = stamp(datetime.fromisoformat(item.state["born"]))
    services = _SERVICES[kind] if sku.startswith("Standard") else ("blob",)
    enabled: Json = {"enabled": True, "lastEnabledTime": born}
    newer: Json = {}
    if view.version >= "2019-06-01":
        enabled["keyType"] = "Account"
        newer["privateEndpointConnections"] = []
    given = item.body["properties"].get("encryption") or {}
    told: Json = {
        **newer,
        "encryption": {
            "services": {"file": enabled, "blob": enabled},
            "keySource": given.get("keySource") or "Microsoft.Storage",
        },
        "creationTime": born,
        "primaryEndpoints": _endpoints(item.name, services),
        "primaryLocation": place,
        "statusOfPrimary": "available",
    }
    if view.version >= "2021-02-01":
        told["keyCreationTime"] = {"key1": born, "key2": born}
    if is_geo(sku):
        told["secondaryLocation"] = places.PAIRS.get(place, place)
        told["statusOfSecondary"] = "available"
    if sku.startswith("Standard_RAG"):
        told["secondaryEndpoints"] = _endpoints(f"{item.name}-secondary", services)
        told["secondaryEndpoints"].pop("file", None)
    return told


def _stats(item: Resource, view: View) -> Json:
    """Return how far the second region has come: behind by less than the published 15 minutes."""
    age = view.now - datetime.fromisoformat(item.state["geo"])
    live = age >= BOOTSTRAP
    stats: Json = {"status": "Live" if live else "Bootstrap", "canFailover": live}
    if live:
        synced = view.now - age % SYNCED_EVERY - SYNCED_EVERY / 2
        stats["lastSyncTime"] = stamp(synced, 0)
    if view.version >= "2023-05-01":
        stats["canPlannedFailover"] = live
        stats["postFailoverRedundancy"] = "Standard_LRS"
        stats["postPlannedFailoverRedundancy"] = item.body["sku"]["name"]
    return stats


def _endpoints(name: str, services: tuple[str, ...]) -> Json:
    zone = {"web": "z6.web"}
    return {s: f"https://{name}.{zone.get(s, s)}.core.windows.net/" for s in services}


def _defaults(write: Write) -> Json:
    """Return what a new account is; one that a seed puts there is older than the safe ways."""
    safe = {name: value for name, value in _SAFE.items() if ERA.get() >= _SINCE[name]}
    given: Json = {} if write.seeding else safe
    given |= {
        "supportsHttpsTrafficOnly": True,
        "networkAcls": {
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "defaultAction": "Allow",
        },
    }
    if write.body["kind"] in {"StorageV2", "BlobStorage"}:
        given["accessTier"] = "Hot"
    return given


def _check_change(old: Json, sku: object, kind: object) -> None:
    before = old["sku"]["name"]
    if kind != old["kind"] and (old["kind"], kind) != ("Storage", "StorageV2"):
        raise Refusal(409, "KindCannotBeChanged", "The kind of the account cannot be changed.")
    if str(sku).partition("_")[0] != before.partition("_")[0]:
        why = f"The account cannot be changed from {before} to {sku}."
        raise Refusal(409, "AccountTypeCannotBeChanged", why)


def _key(item: Resource, place: int) -> Json:
    turn = item.state["keys"][place]
    secret = hashlib.sha512(f"{item.id.lower()}|{place}|{turn}".encode()).digest()
    return {
        "creationTime": stamp(datetime.fromisoformat(item.state["born"])),
        "keyName": f"key{place + 1}",
        "value": base64.b64encode(secret).decode(),
        "permissions": "FULL",
    }


def _invalid(name: str) -> Refusal:
    return Refusal(
        400,
        "InvalidValuesForRequestParameters",
        f"Values for request parameters are invalid: {name}.",
    )


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(
        pattern=r"[a-z0-9]{3,24}",
        code="AccountNameInvalid",
        message=(
            "{name} is not a valid storage account name. Storage account name must be between"
            " 3 and 24 characters in length and use numbers and lower-case letters only."
        ),
    ),
    top_level=frozenset({"sku", "kind", "identity", "extendedLocation", "zones"}),
    create=Lro(
        takes=20,
        status=202,
        header="location",
        segment="asyncoperations",
        retry_after=17,
        silent=True,
    ),
    actions={
        ("POST", "listkeys"): list_keys,
        ("POST", "regeneratekey"): regenerate,
        ("POST", "aborthnsonmigration"): storageparts.abort_migration,
    },
    behaviour=Accounts(),
)
