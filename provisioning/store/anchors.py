"""Where the heads of the audit chains are kept out of reach of whoever may write the table.

Each is a blob of its own, written once and never replaced: on Azure the container has a policy
that lets nobody change or remove one for a year. Months are prefixes, so that the newest is found
by listing one of them.
https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from provisioning.store.connection import Connection, failures

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

CONTAINER = "audit-heads"
_MONTHS = 13  # how far back the newest is looked for


class Anchors:
    """Insert-only records of every chain's head: target -> (number of records, hash)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: ContainerClient | None = None

    def write(self, heads: Mapping[str, tuple[int, str]], *, now: datetime) -> bool:
        """Keep the heads as they are at `now`; False where that instant has some already."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        content = json.dumps({name: list(head) for name, head in sorted(heads.items())}).encode()
        name = f"{now:%Y-%m}/{now:%Y-%m-%dT%H-%M-%S}.json"
        with failures("the audit heads"):
            try:
                self._container().upload_blob(name, content)
            except ResourceExistsError:
                return False
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._container().create_container()
                self._container().upload_blob(name, content)
        return True

    def newest(self, *, now: datetime) -> Mapping[str, tuple[int, str]]:
        """Return the heads that were kept last, looking back a year; none where none were."""
        from azure.core.exceptions import ResourceNotFoundError

        month = now.astimezone(UTC).replace(day=1)
        with failures("the audit heads"):
            for _ in range(_MONTHS):
                try:
                    names = list(
                        self._container().list_blob_names(name_starts_with=f"{month:%Y-%m}/")
                    )
                except ResourceNotFoundError:
                    return {}
                if names:
                    content = self._container().download_blob(max(names)).readall()
                    return {name: (n, digest) for name, (n, digest) in json.loads(content).items()}
                month = (month - timedelta(days=1)).replace(day=1)
        return {}

    def _container(self) -> "ContainerClient":
        if self._client is None:
            from azure.storage.blob import BlobServiceClient

            service = self._connection.client(BlobServiceClient, "blob")
            self._client = service.get_container_client(CONTAINER)
        return self._client
