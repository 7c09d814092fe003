"""Blobs named by what they hold: written once, never replaced, the same content once.

A row holds what people read; what is long (a webhook's body, a log) lies here, and the row keeps
the name. Names are SHA-256 of the content, so that writing twice is harmless.
"""

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from provisioning.store.connection import Connection, failures

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

CONTAINER = "rows"


class Blobs:
    """Insert-only blobs in one container."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: ContainerClient | None = None

    def put(self, content: bytes) -> str:
        """Store the content and return its name."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        name = hashlib.sha256(content).hexdigest()
        with failures("blobs"):
            try:
                self._container().upload_blob(name, content)
            except ResourceExistsError:
                pass
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._container().create_container()
                self._container().upload_blob(name, content, overwrite=True)
        return name

    def get(self, name: str) -> bytes:
        """Return the content stored under `name`."""
        with failures("blobs"):
            return bytes(self._container().download_blob(name).readall())

    def _container(self) -> "ContainerClient":
        if self._client is None:
            from azure.storage.blob import BlobServiceClient

            service = self._connection.client(BlobServiceClient, "blob")
            self._client = service.get_container_client(CONTAINER)
        return self._client
