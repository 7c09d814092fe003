"""How Azure SQL tells of a database, which depends on the api-version.

The oldest version has no `sku`: it tells an `edition` and a service objective, and prints sizes as
text and regions as people write them. Later ones add members, and rename some: what is now
`requestedBackupStorageRedundancy` was `storageAccountType`, and `highAvailabilityReplicaCount` was
`readReplicaCount`. A write may use the words of its version.
"""

from datetime import datetime
from typing import Any

from local.azure import places
from local.azure.arm import Json, guid
from local.azure.era import ERA
from local.azure.table import View, Write
from local.azure.types import sqlclock, sqlskus
from local.azure.types.sqlserver import moment
from local.azure.world import Resource, plain

_SCHEDULE = "Microsoft.Maintenance/publicMaintenanceConfigurations/SQL_Default"
_CLASSIC = "2017"  # before it, a database has an edition and no sku
_LATE_WINDOW = "2021-02"  # before it, the restore window is told before it is open
_STORES = {"Geo": "GRS", "Zone": "ZRS", "Local": "LRS", "GeoZone": "GZRS"}
_SINCE = {
    "storageAccountType": "2020-08",
    "maintenanceConfigurationId": "2020-02",
    "highAvailabilityReplicaCount": "2019-06",
    "currentBackupStorageRedundancy": "2021-02",
    "requestedBackupStorageRedundancy": "2021-02",
    "isLedgerOn": "2021-02",
    "isInfraEncryptionEnabled": "2021-02",
    "availabilityZone": "2022-08",
}
_BEFORE = {"readReplicaCount": "2020-09", "storageAccountType": "2021-02"}
# The months in which Azure began to tell a member, whatever the api-version, and ceased to.
_ADDED = {
    "readReplicaCount": "2019-01",
    "licenseType": "2019-01",
    "maxLogSizeBytes": "2019-01",
}
_SCHEDULED = "2021-02"  # the month in which it began to tell every database's maintenance
_COUNTED = ("2020-08", "2020-12")  # since that version, it told the old count until that month
_SINCE_FOR_HYPERSCALE = {"zoneRedundant": "2021", "autoPauseDelay": "2021"}
_SIZED = (
    *("maxSizeBytes", "readScale", "highAvailabilityReplicaCount", "autoPauseDelay"),
    *("minCapacity", "licenseType", "maxLogSizeBytes", "zoneRedundant"),
)
_OLD_WORDS = (
    "edition",
    "serviceLevelObjective",
    "currentServiceObjectiveId",
    "requestedServiceObjectiveId",
    "requestedServiceObjectiveName",
    "elasticPoolName",
    "containmentState",
    "sampleName",
    "isUpgradeRequested",
    "storageAccountType",
    "readReplicaCount",
)


def read(write: Write) -> Json:
    """Return a write's body in today's words."""
    body: Json = plain(write.body)
    given = body.setdefault("properties", {})
    old = {name: given.pop(name, None) for name in _OLD_WORDS}
    kept = write.current.body["sku"] if write.current else None
    name = old["requestedServiceObjectiveName"] or old["serviceLevelObjective"] or old["edition"]
    if name and name != "System" and body.get("sku") in (None, kept):
        body["sku"] = {"name": name, "tier": old["edition"]}
    if old["elasticPoolName"]:
        pool = f"{write.id.parent()}/elasticPools/{old['elasticPoolName']}"
        given.setdefault("elasticPoolId", pool)
    if old["storageAccountType"]:
        stored = {store: word for word, store in _STORES.items()}
        asked = stored.get(str(old["storageAccountType"]), old["storageAccountType"])
        given.setdefault("requestedBackupStorageRedundancy", asked)
    if old["readReplicaCount"] is not None:
        given.setdefault("highAvailabilityReplicaCount", old["readReplicaCount"])
    size = given.get("maxSizeBytes")
    if isinstance(size, str) and size.lstrip("-").isdigit():
        given["maxSizeBytes"] = int(size)
    return body


def kept(old: Resource | None, sku: Json) -> Json:
    """Return what a database of this size has from what it was, or from what it is made from."""
    usual = defaults(sku)
    if old is None:
        return usual
    had, before = plain(old.body["properties"]), old.body["sku"]
    if sku["tier"] != before["tier"]:
        had = {name: value for name, value in had.items() if name not in _SIZED}
    return {**usual, **had}


def defaults(sku: Json) -> Json:
    """Return what a new database of this size is, unless something else is asked for."""
    words = "SQL_Latin1_General_CP1_CI_AS"
    found: Json = {"collation": words, "catalogCollation": words, "isLedgerOn": False}
    if sku["tier"] == "System":
        return {}
    if sqlskus.is_warehouse(sku):
        return {**found, "maxSizeBytes": 263882790666240, "readScale": "Disabled"}
    found["zoneRedundant"] = False
    if sqlskus.is_vcore(sku) and sku["name"] != sqlskus.POOL:
        found["licenseType"] = "LicenseIncluded"
        if sku["tier"] != "Hyperscale":
            found["maxLogSizeBytes"] = 193273528320
    if "_S_" in sku["name"]:
        found = {**found, "autoPauseDelay": 60, "minCapacity": 0.5}
    if sku["tier"] != "Hyperscale":
        return {**found, "maxSizeBytes": 34359738368, "readScale": "Disabled"}
    more = {"maxSizeBytes": -1, "readScale": "Enabled", "highAvailabilityReplicaCount": 1}
    return {"autoPauseDelay": -1, **found, **more}


def shown(item: Resource, view: View) -> Json:
    """Return a database as a reader of this api-version sees it, without what a seed said."""
    body: Json = plain(item.body)
    body["properties"] = _properties(item, view)
    head = {"id": item.id, "name": item.name, "type": item.type}
    return {**body, "kind": sqlskus.kind(body["sku"]), **head}


def aged(body: Json, view: View) -> Json:
    """Return a database's full body as its api-version words it."""
    given, version = body["properties"], view.version
    for name, since in _SINCE.items():
        if version < since:
            given.pop(name, None)
    for name, until in _BEFORE.items():
        if version >= until:
            given.pop(name, None)
    since, month = _COUNTED
    if version >= since and ERA.get() > month:
        given.pop("readReplicaCount", None)
    if body["sku"]["tier"] == "Hyperscale":
        for name, since in _SINCE_FOR_HYPERSCALE.items():
            if version < since:
                given.pop(name, None)
    return _classic(body) if version < _CLASSIC else body


def _properties(item: Resource, view: View) -> Json:
    """Return what is kept and what follows from it, in the provider's words."""
    given = plain(item.body["properties"])
    objective, sku = given.pop("objective", "System"), item.body["sku"]
    state, place = item.state, item.body["location"]
    at = _window(item, view)
    if at is not None:
        given["earliestRestoreDate"] = moment(at)
    subscription = "/".join(item.id.split("/")[:3])
    stored = sqlclock.redundancy(state, view.now)
    told = {
        "status": _status(item),
        "databaseId": guid("database", item.id, state["born"]),
        "creationDate": moment(datetime.fromisoformat(state["born"])),
        "currentServiceObjectiveName": objective,
        "requestedServiceObjectiveName": objective,
        "defaultSecondaryLocation": places.PAIRS.get(place, place),
        "currentSku": sku,
        "currentBackupStorageRedundancy": stored,
        "requestedBackupStorageRedundancy": state["redundancy"][1],
        "storageAccountType": _STORES[stored],
        "isInfraEncryptionEnabled": False,
    }
    given.setdefault("availabilityZone", "NoPreference")
    if sku["tier"] not in {"System", sqlskus.WAREHOUSE}:
        given["readReplicaCount"] = given.get("highAvailabilityReplicaCount", 0)
    for name, month in _ADDED.items():
        if ERA.get() < month:
            given.pop(name, None)
    if ERA.get() >= _SCHEDULED:
        given.setdefault("maintenanceConfigurationId", f"{subscription}/providers/{_SCHEDULE}")
    return {**given, **told}


def _window(item: Resource, view: View) -> datetime | None:
    """Return the earliest instant to restore to that a reader is told."""
    if item.body["sku"]["tier"] in {"System", sqlskus.WAREHOUSE}:
        return None
    opened = sqlclock.earliest(item.state, view.now)
    if opened is None and view.version < _LATE_WINDOW:
        return datetime.fromisoformat(item.state["floor"])
    return opened


def _status(item: Resource) -> str:
    if item.provisioning == "Creating":
        return "Creating"
    if item.busy and item.state.get("doing"):
        return str(item.state["doing"])
    return "Paused" if item.state.get("paused") else "Online"


def _classic(body: Json) -> Json:
    """Return a database as the oldest api-version tells it."""
    given, sku = body["properties"], body.pop("sku")
    pool = given.get("elasticPoolId")
    objective = given["requestedServiceObjectiveName"]
    code = guid("objective", objective)
    kept: dict[str, Any] = {
        name: given[name]
        for name in (
            *(
                "databaseId",
                "status",
                "collation",
                "creationDate",
                "requestedServiceObjectiveName",
            ),
            *("earliestRestoreDate", "readScale", "zoneRedundant"),
        )
        if name in given
    }
    told = {
        "edition": sku["tier"],
        "serviceLevelObjective": objective,
        "maxSizeBytes": str(given["maxSizeBytes"]),
        "currentServiceObjectiveId": code,
        "requestedServiceObjectiveId": code,
        "sampleName": None,
        "defaultSecondaryLocation": places.shown(given["defaultSecondaryLocation"]),
        "elasticPoolName": pool.rpartition("/")[2] if pool else None,
        "containmentState": 2,
        "failoverGroupId": None,
        "isUpgradeRequested": False,
    }
    place = places.shown(body["location"])
    return {"managedBy": None, **body, "location": place, "properties": {**kept, **told}}
