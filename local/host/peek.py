"""Looking whether queues are empty, cheaply enough to do it for every minute of a simulated week.

The SDK's peek costs three milliseconds of Python; held time would spend its life in it. So this
speaks HTTP itself, over one kept connection a queue, with a shared access signature made once: all
queues are asked at the same time, and the answer is only read as far as "is there a message".

It is for Azurite and the account's key alone; anything else is asked through the SDK.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from azure.storage.queue import (
    AccountSasPermissions,
    QueueClient,
    ResourceTypes,
    generate_account_sas,
)

from local.host.settings import Connection, ConnectionString

_VERSION = "2021-12-02"
_PATIENCE = 10.0  # seconds


class PeekFailed(Exception):
    """The queue service did not say whether the queue is empty."""


def to(queue: QueueClient, connection: Connection) -> "Peek | None":
    """Return the quick way to look into `queue`; None where only the SDK can."""
    if queue.scheme != "http" or not isinstance(connection, ConnectionString):
        return None
    fields = (field.partition("=") for field in connection.text.split(";"))
    given = {name.strip(): value.strip() for name, _, value in fields}
    if "AccountName" not in given or "AccountKey" not in given:
        return None
    return Peek(queue, account=given["AccountName"], key=given["AccountKey"])


class Peek:
    """One queue, asked again and again over one connection."""

    def __init__(self, queue: QueueClient, *, account: str, key: str) -> None:
        """Sign the question once; connect at the first `has_visible`."""
        place = urlsplit(queue.url)
        signature = generate_account_sas(
            account,
            key,
            ResourceTypes(object=True),
            AccountSasPermissions(read=True),
            # By the machine's clock, which judges signatures whatever the app's clock says.
            datetime.now(UTC) + timedelta(days=30),
        )
        self._host, self._port = place.hostname or "", place.port or 80
        self._question = (
            f"GET {place.path}/messages?peekonly=true&{signature} HTTP/1.1\r\n"
            f"Host: {place.netloc}\r\nx-ms-version: {_VERSION}\r\n\r\n"
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def has_visible(self) -> bool:
        """Say whether a message waits; PeekFailed where nobody can say."""
        for is_last_try in (False, True):
            try:
                async with asyncio.timeout(_PATIENCE):
                    status, body = await self._ask()
            except (OSError, EOFError, TimeoutError, ValueError) as problem:
                # A kept connection may have been closed by the other side since.
                self.close()
                if is_last_try:
                    raise PeekFailed(f"the queue service does not answer: {problem}") from problem
                continue
            if status == 404:
                return False
            if status != 200:
                raise PeekFailed(f"the queue service answers {status}")
            return b"<QueueMessage>" in body
        raise AssertionError("unreachable")

    async def _ask(self) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(self._question)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        if b"transfer-encoding: chunked" in head:
            return status, await _chunks(reader)
        _, found, rest = head.partition(b"content-length:")
        length = int(rest.split(b"\r\n", 1)[0]) if found else 0
        return status, await reader.readexactly(length)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body
