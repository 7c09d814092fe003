"""The table of types, row by row: what every type shares is in `local.azure.table`."""

from local.azure.declared import reading
from local.azure.table import Table
from local.azure.types import (
    applicationgateway,
    authorization,
    blobservice,
    components,
    containerapps,
    containerinstance,
    generic,
    keyvault,
    managedidentity,
    names,
    plans,
    postgres,
    postgreschildren,
    sites,
    sqlbackups,
    sqldatabase,
    sqlfailover,
    sqllinks,
    sqlserver,
    storageaccount,
    trafficmanager,
    virtualmachines,
    virtualnetworks,
    workspaces,
)

TABLE = Table(
    reading.rows(
        (
            containerinstance.ROW,
            *managedidentity.ROWS,
            *authorization.ROWS,
            *generic.ROWS,
            keyvault.ROW,
            postgres.ROW,
            *postgreschildren.ROWS,
            sqlserver.ROW,
            sqldatabase.ROW,
            *sqlbackups.ROWS,
            *sqllinks.ROWS,
            sqlfailover.ROW,
            storageaccount.ROW,
            blobservice.ROW,
            trafficmanager.ROW,
            applicationgateway.ROW,
            components.ROW,
            *containerapps.ROWS,
            workspaces.ROW,
            *virtualnetworks.ROWS,
            *virtualmachines.ROWS,
            plans.ROW,
            *sites.ROWS,
        )
    ),
    (*containerinstance.CALLS, *keyvault.CALLS, *names.CALLS),
    reading.forms(),
)
