"""What a PostgreSQL flexible server may be asked to be.

The rules are those of the specification and of Microsoft's pages on limits; the codes are the
provider's own where one is known, and `InvalidParameterValue`, its word for a bad value,
elsewhere.
"""

import re
from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.table import Write
from local.azure.types import facts, postgresorigins
from local.azure.types.facts import invalid
from local.azure.types.postgresclock import condition

VERSIONS = ("11", "12", "13", "14", "15", "16", "17", "18")
TIERS = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}
DISKS = {
    32: ("P4", 120),
    64: ("P6", 240),
    128: ("P10", 500),
    256: ("P15", 1100),
    512: ("P20", 2300),
    1024: ("P30", 5000),
    2048: ("P40", 7500),
    4096: ("P50", 7500),
    8192: ("P60", 16000),
    16384: ("P70", 18000),
    32767: ("P80", 20000),
}
LEAST_RETENTION, MOST_RETENTION = 7, 35
_SKU = re.compile(r"Standard_([BDE])\w+")
_SWITCH = ("Enabled", "Disabled")


def check(write: Write) -> None:
    """Refuse a body, or a server in a state in which it takes none."""
    if write.current is not None:
        check_ready(write)
    name = str(write.id.name)
    taken = Refusal(409, "ServerNameAlreadyExists", f"Specified server name '{name}' is used.")
    facts.check_free(write, taken)
    properties = write.body.get("properties") or {}
    _check_values(properties, write.body.get("sku") or {})
    if write.current is None:
        _check_new(write, properties)
    else:
        _check_change(write.current.body["properties"], properties)


def check_ready(write: Write) -> None:
    """Refuse a write to a server that is not ready."""
    assert write.current is not None
    state = condition(write.current, write.call.now)
    if state == "Stopped":
        raise stopped(write.current.name)
    if state != "Ready":
        raise busy(write.current.name)


def stopped(name: str) -> Refusal:
    """Return how a stopped server refuses everything but a start and its deletion."""
    return Refusal(
        400,
        "ServerStoppedError",
        f"Operation is not allowed on server '{name}' while it is stopped. Start it first.",
    )


def busy(name: str) -> Refusal:
    """Return how a server refuses a second operation, in the provider's own words."""
    return Refusal(
        409,
        "ServerIsBusy",
        f"Cannot complete operation while server '{name}' is busy processing another operation."
        " Try again later.",
    )


def tier_of(sku: str) -> str:
    """Return the tier of a sku; the provider corrects a wrong one."""
    found = _SKU.fullmatch(sku)
    if found is None:
        raise invalid("sku.name")
    return TIERS[found[1]]


def _check_values(properties: Json, sku: Json) -> None:
    backup, storage = _part(properties, "backup"), _part(properties, "storage")
    kept = invalid("backupRetentionDays")
    facts.check_range(backup.get("backupRetentionDays"), LEAST_RETENTION, MOST_RETENTION, kept)
    facts.check_choice(backup.get("geoRedundantBackup"), _SWITCH, invalid("geoRedundantBackup"))
    facts.check_choice(storage.get("storageSizeGB"), DISKS, invalid("storageSizeGB"))
    facts.check_choice(storage.get("autoGrow"), _SWITCH, invalid("autoGrow"))
    facts.check_choice(properties.get("version"), VERSIONS, invalid("version"))
    if sku.get("name") is not None:
        tier_of(str(sku["name"]))


def _check_new(write: Write, properties: Json) -> None:
    mode = properties.get("createMode")
    facts.check_choice(mode, ("Default", "Create", *postgresorigins.MODES), invalid("createMode"))
    if write.seeding or postgresorigins.mode(write) is not None:
        return
    if not (write.body.get("sku") or {}).get("name"):
        raise _missing("sku")
    if (properties.get("authConfig") or {}).get("passwordAuth") != "Disabled":
        for name in ("administratorLogin", "administratorLoginPassword"):
            if not properties.get(name):
                raise _missing(name)


def _check_change(old: Json, new: Json) -> None:
    facts.check_choice(new.get("createMode"), ("Default", "Update"), invalid("createMode"))
    if (new.get("administratorLogin") or old["administratorLogin"]) != old["administratorLogin"]:
        raise invalid("administratorLogin")
    geo = _part(new, "backup").get("geoRedundantBackup") or old["backup"]["geoRedundantBackup"]
    if geo != old["backup"]["geoRedundantBackup"]:
        raise invalid("geoRedundantBackup")
    size = old["storage"]["storageSizeGB"]
    if (_part(new, "storage").get("storageSizeGB") or size) < size:
        raise invalid("storageSizeGB")
    if int(new.get("version") or old["version"]) < int(old["version"]):
        raise invalid("version")


def _part(properties: Json, name: str) -> dict[str, Any]:
    part = properties.get(name) or {}
    if not isinstance(part, dict):
        raise invalid(name)
    return part


def _missing(name: str) -> Refusal:
    return Refusal(
        400,
        "MissingRequiredParameter",
        f"The request is invalid because the '{name}' is missing in the request body.",
        target=name,
    )
