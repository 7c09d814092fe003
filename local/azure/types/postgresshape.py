"""How a PostgreSQL flexible server is told, which depends on the api-version.

The first previews kept storage and backups in one `storageProfile` and the state of the standby
beside it. Later ones add members: how people sign in, who encrypts, which replicas there may be. A
write may use the words of its version.
"""

from typing import Any

from local.azure.arm import Json
from local.azure.table import View, Write
from local.azure.types import postgreschecks
from local.azure.world import plain

PROFILED = "2021"  # before it, a server has a `storageProfile`
_BIRTH_SINCE = "2022-12"
_SINCE = {
    "authConfig": "2022-03-08",
    "dataEncryption": "2022-12",
    "replicationRole": "2022-12",
    "replicaCapacity": "2022-12",
    "storage.autoGrow": "2023-03",
}
_MEGABYTES = 1024
_CAPACITY = 5


def read(write: Write) -> Json:
    """Return a write's body in today's words."""
    body: Json = plain(write.body)
    given = body.setdefault("properties", {})
    profile = given.pop("storageProfile", None) or {}
    if "storageMB" in profile:
        size = int(profile["storageMB"]) // _MEGABYTES
        given["storage"] = {**(given.get("storage") or {}), "storageSizeGB": size}
    if "backupRetentionDays" in profile:
        days = profile["backupRetentionDays"]
        given["backup"] = {**(given.get("backup") or {}), "backupRetentionDays": days}
    standby = given.pop("haEnabled", None)
    if standby is not None:
        mode = "ZoneRedundant" if standby == "Enabled" else "Disabled"
        given["highAvailability"] = {"mode": mode}
    for name in ("storageAutoGrowth", "byokEnforcement", "logBackupStorageSku", "standbyCount"):
        given.pop(name, None)
    for name in ("haState", "publicNetworkAccess", "earliestRestoreDate"):
        given.pop(name, None)
    (body.get("sku") or {}).pop("capacity", None)
    return body


def aged(body: Json, view: View) -> Json:
    """Return a server's full body as its api-version words it."""
    given, version = body["properties"], view.version
    if version < PROFILED:
        return _profiled(body)
    for path, since in _SINCE.items():
        name, _, inner = path.partition(".")
        if version < since and inner:
            (given.get(name) or {}).pop(inner, None)
        elif version < since:
            given.pop(name, None)
    if version < _BIRTH_SINCE:
        given.setdefault("storageAutoGrowth", False)
        body.pop("systemData", None)
    if version >= "2024-08-01":
        tier, iops = postgreschecks.DISKS.get(given["storage"]["storageSizeGB"], ("", 0))
        given["storage"] = {"type": "", "iops": iops, "tier": tier, **given["storage"]}
        role = given["replicationRole"]
        given["replica"] = {"role": role, "capacity": given["replicaCapacity"]}
        given["privateEndpointConnections"] = []
    return body


def capacity(role: str) -> int:
    """Return how many replicas a server may have."""
    return _CAPACITY if role == "Primary" else 0


def _profiled(body: Json) -> Json:
    """Return a server as the first previews told it."""
    given, sku = body["properties"], body["sku"]
    standby = given["highAvailability"]
    kept: dict[str, Any] = {
        name: given[name]
        for name in (
            *("fullyQualifiedDomainName", "version", "administratorLogin", "state"),
            *("availabilityZone", "maintenanceWindow"),
        )
        if name in given
    }
    is_on = standby["mode"] != "Disabled"
    told = {
        "standbyCount": int(is_on),
        "haEnabled": "Enabled" if is_on else "Disabled",
        "haState": standby["state"],
        "publicNetworkAccess": given["network"].get("publicNetworkAccess", "Enabled"),
        "logBackupStorageSku": "Standard_ZRS",
        "byokEnforcement": "Disabled",
        "storageProfile": {
            "storageMB": given["storage"]["storageSizeGB"] * _MEGABYTES,
            "backupRetentionDays": given["backup"]["backupRetentionDays"],
        },
        "earliestRestoreDate": given["backup"].get("earliestRestoreDate"),
    }
    body.pop("systemData", None)
    cores = int("".join(c for c in sku["name"].partition("_")[2][1:4] if c.isdigit()) or 1)
    return {**body, "sku": {**sku, "capacity": cores}, "properties": {**kept, **told}}
