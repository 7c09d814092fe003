"""The table of types, row by row: what every type shares is in `local.azure.table`."""

from local.azure.table import Table
from local.azure.types import authorization, containerinstance, generic, managedidentity

TABLE = Table(
    (
        containerinstance.ROW,
        *managedidentity.ROWS,
        *authorization.ROWS,
        *generic.ROWS,
    ),
    containerinstance.CALLS,
)
