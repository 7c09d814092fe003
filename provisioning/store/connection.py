"""How storage is reached: a connection string, or addresses and an identity.

Both come under the same setting as the Functions host reads for its triggers, so that there is one
place to configure. Clients do not retry: the engine does, with the caller's thread free meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from provisioning.errors import TransientError
from provisioning.transport import transport

PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10}  # seconds


@dataclass(frozen=True)
class Connection:
    """A connection string, or the address of each service for an identity to use."""

    text: str | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    client_id: str | None = None

    def __repr__(self) -> str:
        """Show where, never the key."""
        return f"Connection({'by connection string' if self.text else self.addresses})"

    def client(self, kind: Any, service: str) -> Any:
        """Build a service client of the SDK's class `kind` for `blob`, `queue` or `table`."""
        options = {"retry_total": 0, "transport": transport(**PATIENCE)}
        if self.text is not None:
            maker = getattr(kind, "from_connection_string")  # noqa: B009 - kinds share no base
            return maker(self.text, **options)
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential(managed_identity_client_id=self.client_id)
        address = dict(self.addresses)[service]
        if service == "table":
            return kind(endpoint=address, credential=credential, **options)
        return kind(account_url=address, credential=credential, **options)


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Turn the SDK's failures to reach storage into TransientError."""
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        status = error.status_code or 0
        raise TransientError(
            "storage_unavailable", f"storage refused {what} with {status} ({error.reason})"
        ) from error
    except AzureError as error:
        raise TransientError(
            "storage_unavailable", f"storage did not answer for {what}: {type(error).__name__}"
        ) from error
