"""Sizes of Azure SQL databases: what a `sku` means, and what it is called elsewhere."""

import re

from local.azure.arm import Json, Refusal

DEFAULT: Json = {"name": "GP_Gen5", "capacity": 2}
POOL = "ElasticPool"
WAREHOUSE = "DataWarehouse"
_TIERS = {"GP": "GeneralPurpose", "BC": "BusinessCritical", "HS": "Hyperscale"}
_VCORE = re.compile(r"(GP|BC|HS)(_S)?_(Gen4|Gen5|DC|PRMS|MOPRMS)(?:_(\d+))?")
_SIZES = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 32, 40, 64, 80, 128)
_DTU = {
    "Basic": {"Basic": 5},
    "Standard": {
        "S0": 10,
        "S1": 20,
        "S2": 50,
        "S3": 100,
        "S4": 200,
        "S6": 400,
        "S7": 800,
        "S9": 1600,
        "S12": 3000,
    },
    "Premium": {"P1": 125, "P2": 250, "P4": 500, "P6": 1000, "P11": 1750, "P15": 4000},
}
_UNITS = (100, 200, 300, 400, 500, 1000, 1500, 2000, 2500, 3000, 5000, 6000, 7500, 10000, 15000)
_EACH = 9  # what one unit of a data warehouse counts in its capacity


def read(sku: Json) -> Json:
    """Return a sku in full; refuse one that is not sold."""
    name = str(sku.get("name") or "")
    if name in _TIERS and sku.get("family"):
        name = f"{name}_{sku['family']}"
    found = _VCORE.fullmatch(name)
    if found is not None:
        capacity = int(found[4] or sku.get("capacity") or 2)
        alone = found[2] or found[3] == "Gen4"
        if capacity not in _SIZES or (capacity == 1 and not alone):
            raise _unsold(f"{name} with {capacity} vCores")
        full = f"{found[1]}{found[2] or ''}_{found[3]}"
        tier = _TIERS[found[1]]
        return {"name": full, "tier": tier, "family": found[3], "capacity": capacity}
    if name == POOL:
        return pooled(str(sku.get("tier") or "GeneralPurpose"))
    if name == WAREHOUSE or name.startswith("DW"):
        return _warehouse(name, sku.get("capacity"))
    for tier, sizes in _DTU.items():
        if name in sizes:
            return {"name": tier, "tier": tier, "capacity": sizes[name]}
        if name == tier:
            capacity = int(sku.get("capacity") or next(iter(sizes.values())))
            if capacity in sizes.values():
                return {"name": tier, "tier": tier, "capacity": capacity}
    raise _unsold(name)


def pooled(tier: str) -> Json:
    """Return the sku of a database that shares the power of an elastic pool."""
    return {"name": POOL, "tier": tier, "capacity": 0}


def is_warehouse(sku: Json) -> bool:
    """Tell whether a database is a dedicated pool, the one kind that can be paused."""
    return bool(sku["tier"] == WAREHOUSE)


def is_vcore(sku: Json) -> bool:
    """Tell whether a database is paid for by its cores, its own or its pool's."""
    return str(sku["tier"]) in _TIERS.values()


def objective(sku: Json) -> str:
    """Return the service objective that a full sku stands for: HS_Gen5_2, S3."""
    if "family" in sku:
        return f"{sku['name']}_{sku['capacity']}"
    if is_warehouse(sku):
        return f"DW{sku['capacity'] // _EACH}c"
    sizes = _DTU.get(str(sku["tier"]), {})
    named = {capacity: name for name, capacity in sizes.items()}
    return named.get(sku["capacity"], str(sku["name"]))


def kind(sku: Json) -> str:
    """Return `kind` of a database of this sku."""
    if sku["tier"] == "System":
        return "v12.0,system"
    words = ["v12.0", "user"]
    if is_warehouse(sku):
        words += ["datawarehouse", "gen2"]
    if is_vcore(sku):
        words.append("vcore")
    if sku["name"] == POOL:
        words.append("pool")
    if "_S_" in str(sku["name"]):
        words.append("serverless")
    if sku["tier"] == "Hyperscale":
        words.append("hyperscale")
    return ",".join(words)


def _warehouse(name: str, capacity: object) -> Json:
    found = re.fullmatch(r"DW(\d+)c", name)
    units = int(found[1]) if found else int(str(capacity or _UNITS[0] * _EACH)) // _EACH
    if units not in _UNITS or (found is None and name != WAREHOUSE):
        raise _unsold(name)
    return {"name": WAREHOUSE, "tier": WAREHOUSE, "capacity": units * _EACH}


def _unsold(what: str) -> Refusal:
    why = f"The service level objective '{what}' is not a valid one in this region."
    return Refusal(400, "InvalidServiceLevelObjective", why)
