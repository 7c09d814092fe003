"""Key vaults: made at once, deleted softly, kept for days, and gone for good when purged.

Recorded: a PUT answers 200 with the state `RegisteringDns`; a deletion answers an empty 200, and
the vault is then among the deleted of its region, where its name is still taken; a purge answers
202 and a `Location` that tells `NotStarted`, then `Succeeded`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.azure import operations, places
from local.azure.arm import Answer, Call, Json, Refusal, stamp
from local.azure.ids import Id
from local.azure.table import (
    Behaviour,
    Lro,
    NameRule,
    ProviderCall,
    ResourceType,
    Use,
    View,
    Write,
)
from local.azure.types import blobservice, facts
from local.azure.world import Resource, World, plain

TYPE = "Microsoft.KeyVault/vaults"
VERSIONS = (
    "2015-06-01",
    "2016-10-01",
    "2018-02-14-preview",
    "2018-02-14",
    "2019-09-01",
    "2020-04-01-preview",
    "2021-04-01-preview",
    "2021-06-01-preview",
    "2021-10-01",
    "2021-11-01-preview",
    "2022-02-01-preview",
    "2022-07-01",
    "2022-11-01",
    "2023-02-01",
    "2023-07-01",
    "2024-04-01-preview",
    "2024-11-01",
    "2024-12-01-preview",
)
SHORTEST, LONGEST = 7, 90  # days that a deleted vault is kept
_DELETED = "deletedVaults"
_RETENTION = "softDeleteRetentionInDays"
_READ_ONLY = ("vaultUri", "hsmPoolResourceId", "provisioningState", "privateEndpointConnections")
_PURGE = Lro(
    takes=10,
    status=202,
    header="location",
    retry_after=5,
    again=0,
    segment="operationResults",
    document="createdDateTime lastActionDateTime? status",
    running="NotStarted",
    result="document",
    repeats="location",
)


class Vaults(Behaviour):
    """Vaults."""

    def check(self, write: Write) -> None:
        """Refuse a vault without tenant or sku, a taken name, and a retention there is not."""
        if write.seeding:
            return
        given = write.body.get("properties") or {}
        sku = given.get("sku") or {}
        if not given.get("tenantId"):
            raise _bad("Parameter 'tenantId' must not be null.")
        if str(sku.get("name", "")).lower() not in {"standard", "premium"}:
            raise _bad("The parameter 'sku' must be 'standard' or 'premium'.")
        facts.check_range(
            given.get(_RETENTION),
            SHORTEST,
            LONGEST,
            _bad(f"The property '{_RETENTION}' must be from {SHORTEST} to {LONGEST}."),
        )
        for other in write.world.all_of(TYPE):
            if other.name.lower() == write.id.name.lower() and other.id.lower() != write.id.key:
                raise Refusal(
                    409,
                    "VaultAlreadyExists",
                    f"The vault name '{write.id.name}' is already in use. Vault names are globally"
                    " unique so it is possible that the name is already taken.",
                )
        kept = _deleted(write.world).get(write.id.name.lower())
        if write.current is None and kept is not None and given.get("createMode") != "recover":
            raise Refusal(
                409,
                "ConflictError",
                f"A vault with the same name already exists in deleted state. You need to either"
                f" recover or purge existing key vault '{write.id.name}'.",
            )

    def shape(self, write: Write) -> Json:
        """Return the body over the defaults; one that is recovered is what it was."""
        body = facts.without(write.body, _READ_ONLY)
        given = body["properties"]
        mode = given.pop("createMode", None)
        kept = _deleted(write.world).get(write.id.name.lower())
        if mode == "recover" and kept is not None:
            return dict(plain(kept["body"]))
        given.setdefault("sku", {"family": "A", "name": "standard"})
        given["sku"] = {"family": "A", **given["sku"]}
        given.setdefault("tenantId", write.world.tenant)
        given.setdefault("accessPolicies", [])
        rules = given.get("networkAcls") or {}
        if _is_open(rules):
            given.pop("networkAcls", None)
        body.setdefault("tags", {})
        return body

    def state(self, write: Write) -> Json:
        """Take a recovered vault out of the deleted ones."""
        _forget(write.world, write.id.name)
        return dict(write.current.state) if write.current else {}

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the vault; a PUT is answered before its name is."""
        body: Json = plain(super().shown(resource, view))
        if view.kind == "put":
            body["properties"]["provisioningState"] = "RegisteringDns"
        return body

    def removed(self, world: World, resource: Resource) -> None:
        """Keep the vault for as long as it asked."""
        now = world.clock.now()
        days = int(resource.body["properties"].get(_RETENTION) or LONGEST)
        kept = {
            "body": plain(resource.body),
            "id": resource.id,
            "at": now.isoformat(),
            "until": (now + timedelta(days=days)).isoformat(),
        }
        world.note(_DELETED, {**_deleted(world), resource.name.lower(): kept})


def _is_open(rules: Json) -> bool:
    """Tell whether network rules keep nobody out: a vault does not show such."""
    kept = {k: v for k, v in rules.items() if v}
    return kept.items() <= {"bypass": "AzureServices", "defaultAction": "Allow"}.items()


def grant(use: Use) -> Answer:
    """Change who may use a vault: add to its policies, replace them, or remove some."""
    kind = use.parts[0].lower() if use.parts else ""
    if kind not in {"add", "replace", "remove"}:
        raise _bad("The operation on access policies must be add, replace or remove.")
    asked = (blobservice.read(use).get("properties") or {}).get("accessPolicies") or []
    body: Json = plain(use.resource.body)
    old = {str(row.get("objectId")): row for row in body["properties"].get("accessPolicies") or []}
    new = {str(row.get("objectId")): row for row in asked}
    if kind == "remove":
        rows = {name: row for name, row in old.items() if name not in new}
    else:
        rows = {**(old if kind == "add" else {}), **new}
    body["properties"]["accessPolicies"] = list(rows.values())
    use.world.save(replace(use.resource, body=body, changed=use.call.now))
    shown = {
        "id": f"{use.resource.id}/accessPolicies/",
        "type": f"{TYPE}/accessPolicies",
        "properties": {"accessPolicies": list(rows.values())},
    }
    return Answer(status=200, body=shown)


def deleted(world: World, call: Call, target: Id) -> Answer:
    """Answer with one of a region's deleted vaults."""
    kept = _deleted_at(world, target)
    return Answer(status=200, body=_shown(world, kept))


def all_deleted(world: World, call: Call, target: Id) -> Answer:
    """Answer with every deleted vault of the subscription."""
    rows = [_shown(world, kept) for _, kept in sorted(_deleted(world).items())]
    return Answer(status=200, body={"value": rows})


def purge(world: World, call: Call, target: Id) -> Answer:
    """Let a deleted vault go for good."""
    kept = _deleted_at(world, target)
    if kept["body"]["properties"].get("enablePurgeProtection"):
        raise Refusal(
            409,
            "DeletedVaultPurge",
            f"The vault '{target.last.names[1]}' cannot be purged because purge protection is"
            " enabled.",
        )
    operation = world.begin(
        kind="action",
        resource=kept["id"],
        lro=_PURGE,
        call=call,
        place=places.of(target),
        namespace="Microsoft.KeyVault",
    )
    world.save_operation(replace(operation, kind="purge"))
    _forget(world, target.last.names[1])
    return Answer(status=202, headers=operations.headers(operation, _PURGE, call))


def _deleted(world: World) -> dict[str, Any]:
    """Return the vaults that are kept, by name; those whose time is over are gone."""
    now = world.clock.now()
    rows: dict[str, Any] = world.notes.get(_DELETED, {})
    return {k: row for k, row in rows.items() if datetime.fromisoformat(row["until"]) > now}


def _deleted_at(world: World, target: Id) -> Json:
    name = target.last.names[1]
    kept: Json | None = _deleted(world).get(name.lower())
    if kept is None or kept["body"]["location"] != places.of(target):
        raise Refusal(
            404,
            "DeletedVaultNotFound",
            f"The specified deleted vault '{name}' does not exist. Ensure that the vault was"
            " indeed deleted and that it is in recoverable state. If soft delete was not enabled"
            " then the vault is permanently deleted.",
        )
    return kept


def _forget(world: World, name: str) -> None:
    rows = {key: row for key, row in _deleted(world).items() if key != name.lower()}
    if rows != world.notes.get(_DELETED, {}):
        world.note(_DELETED, rows or None)


def _shown(world: World, kept: Json) -> Json:
    place, name = kept["body"]["location"], kept["id"].rpartition("/")[2]
    start = f"/subscriptions/{world.subscription}/providers/Microsoft.KeyVault"
    return {
        "id": f"{start}/locations/{place}/deletedVaults/{name}",
        "name": name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": kept["id"],
            "location": place,
            "tags": kept["body"].get("tags") or {},
            "deletionDate": stamp(datetime.fromisoformat(kept["at"]), 0),
            "scheduledPurgeDate": stamp(datetime.fromisoformat(kept["until"]), 0),
        },
    }


def _bad(why: str) -> Refusal:
    return Refusal(400, "BadRequest", why)


ROW = ResourceType(
    name=TYPE,
    versions=VERSIONS,
    names=NameRule(
        pattern=r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
        code="VaultNameNotValid",
        message=(
            "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric"
            " characters. The name must begin with a letter, end with a letter or digit, and not"
            " contain consecutive hyphens."
        ),
    ),
    created_status=200,
    actions={("PUT", "accesspolicies"): grant},
    behaviour=Vaults(),
)
CALLS = (
    ProviderCall(
        namespace="Microsoft.KeyVault",
        words="locations deletedVaults",
        versions=VERSIONS,
        answer=deleted,
    ),
    ProviderCall(
        namespace="Microsoft.KeyVault",
        words="deletedVaults",
        versions=VERSIONS,
        answer=all_deleted,
    ),
    ProviderCall(
        namespace="Microsoft.KeyVault",
        words="locations deletedVaults purge",
        versions=VERSIONS,
        answer=purge,
        method="POST",
    ),
)
