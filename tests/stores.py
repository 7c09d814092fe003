"""Data stores as others built them, each as the seed of the simulated Azure takes it.

`stores_of` gives an environment that keeps what the catalog promises; a test replaces the one it
is about.
"""

from datetime import datetime
from typing import Any

from local.azure.inline import SUBSCRIPTION

Body = dict[str, Any]
HERE, THERE = "westeurope", "northeurope"
LOGIN = {"administratorLogin": "tesoro", "administratorLoginPassword": "not-a-real-one"}
GEO_SKU = "Standard_RAGZRS"


def group_of(environment: str) -> str:
    """Return the id of an environment's group."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tesoro-{environment}"


def server_of(environment: str) -> str:
    """Return the id of its PostgreSQL server."""
    kind = "Microsoft.DBforPostgreSQL/flexibleServers"
    return f"{group_of(environment)}/providers/{kind}/psql-tesoro-{environment}"


def database_of(environment: str, place: str = "") -> str:
    """Return the id of its database in Azure SQL, here or at the other `place`."""
    server = f"sql-tesoro-{environment}{place}"
    return f"{group_of(environment)}/providers/Microsoft.Sql/servers/{server}/databases/rewards"


def account_of(environment: str) -> str:
    """Return the id of its storage account."""
    kind = "Microsoft.Storage/storageAccounts"
    return f"{group_of(environment)}/providers/{kind}/sttesoro{environment}"


def a_server(environment: str, days: int = 30, **properties: Any) -> Body:
    """Return the PostgreSQL server; `backup` is laid over what it keeps."""
    kept = {"backupRetentionDays": days, "geoRedundantBackup": "Enabled"}
    backup = {**kept, **properties.pop("backup", {})}
    return {
        "id": server_of(environment),
        "location": HERE,
        "sku": {"name": "Standard_D2s_v3", "tier": "GeneralPurpose"},
        "properties": {
            **LOGIN,
            "version": "16",
            "storage": {"storageSizeGB": 128},
            "backup": backup,
            **properties,
        },
    }


def a_database(environment: str, **properties: Any) -> Body:
    """Return the Hyperscale database."""
    return {
        "id": database_of(environment),
        "location": HERE,
        "sku": {"name": "HS_Gen5", "tier": "Hyperscale", "family": "Gen5", "capacity": 2},
        "properties": {"requestedBackupStorageRedundancy": "GeoZone", **properties},
    }


def a_policy(environment: str, days: int = 30) -> Body:
    """Return how long the database can be restored to any point."""
    kind = "backupShortTermRetentionPolicies/default"
    return {
        "id": f"{database_of(environment)}/{kind}",
        "properties": {"retentionDays": days},
    }


def a_link(environment: str, state: str) -> Body:
    """Return the primary's link to its secondary, in a state."""
    return {
        "id": f"{database_of(environment)}/replicationLinks/north",
        "properties": {
            "partnerServer": f"sql-tesoro-{environment}-north",
            "partnerDatabase": "rewards",
            "role": "Primary",
            "replicationState": state,
        },
    }


def a_geo_backup(environment: str, at: datetime) -> Body:
    """Return the copy of the database's backups in the paired region."""
    server = database_of(environment).rpartition("/databases/")[0]
    return {
        "id": f"{server}/recoverableDatabases/rewards",
        "properties": {"lastAvailableBackupDate": at.isoformat()},
    }


def an_account(environment: str, sku: str = GEO_SKU, **properties: Any) -> Body:
    """Return the storage account."""
    return {
        "id": account_of(environment),
        "location": HERE,
        "kind": "StorageV2",
        "sku": {"name": sku},
        "properties": properties,
    }


def a_blob_service(environment: str, days: int = 30, **properties: Any) -> Body:
    """Return the blob service, which keeps what is overwritten or deleted for some days."""
    return {
        "id": f"{account_of(environment)}/blobServices/default",
        "properties": {
            "isVersioningEnabled": True,
            "changeFeed": {"enabled": True},
            "deleteRetentionPolicy": {"enabled": True, "days": days},
            **properties,
        },
    }


def stores_of(environment: str) -> list[Body]:
    """Return the group and every store in it, as production has them."""
    database = database_of(environment)
    north = database_of(environment, "-north")
    primary, secondary = (one.rpartition("/databases/")[0] for one in (database, north))
    replica = {"createMode": "Secondary", "sourceDatabaseId": database}
    restore = {"enabled": True, "days": 29}
    return [
        {"id": group_of(environment), "location": HERE},
        a_server(environment),
        {"id": primary, "location": HERE, "properties": LOGIN},
        a_database(environment),
        a_policy(environment),
        {"id": secondary, "location": THERE, "properties": LOGIN},
        {"id": north, "location": THERE, "properties": replica},
        an_account(environment),
        a_blob_service(environment, restorePolicy=restore),
    ]
