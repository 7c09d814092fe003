"""The table of types, row by row: what every type shares is in `local.azure.table`."""

from local.azure.table import Table
from local.azure.types import (
    applicationgateway,
    authorization,
    blobservice,
    components,
    containerinstance,
    generic,
    managedidentity,
    postgres,
    postgreschildren,
    sqlbackups,
    sqldatabase,
    sqllinks,
    sqlserver,
    storageaccount,
    trafficmanager,
    virtualnetworks,
)

TABLE = Table(
    (
        containerinstance.ROW,
        *managedidentity.ROWS,
        *authorization.ROWS,
        *generic.ROWS,
        postgres.ROW,
        *postgreschildren.ROWS,
        sqlserver.ROW,
        sqldatabase.ROW,
        *sqlbackups.ROWS,
        *sqllinks.ROWS,
        storageaccount.ROW,
        blobservice.ROW,
        trafficmanager.ROW,
        applicationgateway.ROW,
        components.ROW,
        *virtualnetworks.ROWS,
    ),
    containerinstance.CALLS,
)
