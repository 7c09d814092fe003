"""Sizes of Azure SQL databases: what a `sku` means, and what it is called elsewhere."""

import re

from local.azure.arm import Json, Refusal

DEFAULT: Json = {"name": "GP_Gen5", "capacity": 2}
GENERAL: Json = {**DEFAULT, "tier": "GeneralPurpose", "family": "Gen5"}
_TIERS = {"GP": "GeneralPurpose", "BC": "BusinessCritical", "HS": "Hyperscale"}
_VCORE = re.compile(r"(GP|BC|HS)(_S)?_(Gen5|DC|PRMS|MOPRMS)(?:_(\d+))?")
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


def read(sku: Json) -> Json:
    """Return a sku in full; refuse one that is not sold."""
    name = str(sku.get("name") or "")
    found = _VCORE.fullmatch(name)
    if found is not None:
        capacity = int(found[4] or sku.get("capacity") or 2)
        if capacity not in _SIZES or (capacity == 1 and not found[2]):
            raise _unsold(f"{name} with {capacity} vCores")
        full = f"{found[1]}{found[2] or ''}_{found[3]}"
        tier = _TIERS[found[1]]
        return {"name": full, "tier": tier, "family": found[3], "capacity": capacity}
    for tier, sizes in _DTU.items():
        if name in sizes:
            return {"name": tier, "tier": tier, "capacity": sizes[name]}
        if name == tier:
            capacity = int(sku.get("capacity") or next(iter(sizes.values())))
            if capacity in sizes.values():
                return {"name": tier, "tier": tier, "capacity": capacity}
    raise _unsold(name)


def objective(sku: Json) -> str:
    """Return the service objective that a full sku stands for: HS_Gen5_2, S3."""
    if "family" in sku:
        return f"{sku['name']}_{sku['capacity']}"
    sizes = _DTU.get(str(sku["tier"]), {})
    named = {capacity: name for name, capacity in sizes.items()}
    return named.get(sku["capacity"], str(sku["name"]))


def kind(sku: Json) -> str:
    """Return `kind` of a database of this sku."""
    if sku["tier"] == "System":
        return "v12.0,system"
    words = ["v12.0", "user"]
    if "family" in sku:
        words.append("vcore")
    if "_S_" in str(sku["name"]):
        words.append("serverless")
    if sku["name"] == "ElasticPool":
        words.append("pool")
    if sku["tier"] == "Hyperscale":
        words.append("hyperscale")
    return ",".join(words)


def _unsold(what: str) -> Refusal:
    why = f"The service level objective '{what}' is not a valid one in this region."
    return Refusal(400, "InvalidServiceLevelObjective", why)
