"""Clients of Azure Storage, and the threads they block.

The SDK's clients are sync here, as the deployed code's are. Nothing retries by itself: a listener
that meets an error backs off in its own time, while the SDK's default would hold a thread for over
a minute. Messages are read raw, because the host must see what is not base64.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient
from requests.adapters import HTTPAdapter

from local.host.settings import Connection, ConnectionString, Identity

_P = ParamSpec("_P")
_T = TypeVar("_T")
_THREADS = 32
_PATIENCE: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}


class Storage:
    """Every storage client of the host, one for each account, and one pool of threads."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS))
        self._queues: dict[Connection, QueueServiceClient] = {}
        self._blobs: dict[Connection, BlobServiceClient] = {}

    async def ask(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run one blocking SDK call in a thread and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))

    def queue(self, connection: Connection, name: str) -> QueueClient:
        """Return the client of one queue; it neither encodes nor decodes."""
        if connection not in self._queues:
            self._queues[connection] = self._service(QueueServiceClient, connection)
        return self._queues[connection].get_queue_client(name)

    def blobs(self, connection: Connection) -> BlobServiceClient:
        """Return the client of the account's blobs."""
        if connection not in self._blobs:
            self._blobs[connection] = self._service(BlobServiceClient, connection)
        return self._blobs[connection]

    def _service(self, kind: Any, connection: Connection) -> Any:
        # A session of our own: its pool holds as many connections as there are threads.
        transport = RequestsTransport(
            session=self._session, session_owner=False, connection_timeout=5, read_timeout=10
        )
        options = _PATIENCE | {"transport": transport}
        match connection:
            case ConnectionString(text=text):
                return kind.from_connection_string(text, **options)
            case Identity(service_uri=uri):
                return kind(uri, credential=DefaultAzureCredential(), **options)

    def close(self) -> None:
        """Let the threads end and close every connection."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._session.close()
