"""Azure Tables, through the official SDK.

A string over 30,000 UTF-16 units or bytes over 60,000 do not fit a property of a row: they move to
a blob, and a property named with `__blob` keeps the blob's name. Nothing is ever cut.
Limits:
https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from provisioning.errors import StaleRowError
from provisioning.store.blobs import Blobs
from provisioning.store.connection import Connection, failures
from provisioning.store.table import (
    Change,
    Delete,
    Insert,
    Replace,
    Row,
    Value,
    check_transaction,
)

if TYPE_CHECKING:
    from azure.data.tables import TableClient

MOST_CHARACTERS = 30_000  # of 32,768 in a string property, counted as UTF-16 does
MOST_BYTES = 60_000  # of 65,536 in a binary property
_MOVED = "__blob"


class AzureTable:
    """One table of a storage account, made on first use."""

    def __init__(self, connection: Connection, name: str, blobs: Blobs) -> None:
        self._connection = connection
        self._name = name
        self._blobs = blobs
        self._client: TableClient | None = None

    def get(self, partition: str, key: str) -> Row | None:
        """Return the row, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        with failures("a row"):
            try:
                return self._row(self._table().get_entity(partition, key))
            except ResourceNotFoundError:
                return None

    def query(
        self, partition: str, *, first: str = "", last: str = "\uffff", most: int | None = None
    ) -> Iterator[Row]:
        """Return the partition's rows with `first <= key < last`, in the order of their keys."""
        condition = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        bounds = {"partition": partition, "first": first, "last": last}
        page = None if most is None else min(most, 1000)
        yield from islice(self._query(condition, bounds, page), most)

    def search(self, partition: str, through: str, where: Mapping[str, str]) -> Iterator[Row]:
        """Return the rows of the partitions from one through another that hold this text there."""
        named = {f"text{number}": text for number, text in enumerate(where.values())}
        same = [f"{name} eq @{text}" for name, text in zip(where, named, strict=True)]
        condition = " and ".join(["PartitionKey ge @partition", "PartitionKey le @through", *same])
        bounds = {"partition": partition, "through": through, **named}
        yield from self._query(condition, bounds, None)

    def _query(self, condition: str, bounds: Mapping[str, str], page: int | None) -> Iterator[Row]:
        from azure.core.exceptions import ResourceNotFoundError

        with failures("rows"):
            try:
                found = self._table().query_entities(
                    condition, parameters=dict(bounds), results_per_page=page
                )
                for entity in found:
                    yield self._row(entity)
            except ResourceNotFoundError:
                return

    def insert(self, row: Row) -> Row:
        """Add the row and return it with its ETag."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        entity = self._entity(row)
        with failures("an insert"):
            try:
                try:
                    answer = self._table().create_entity(entity)
                except ResourceNotFoundError:
                    self._make()
                    answer = self._table().create_entity(entity)
            except ResourceExistsError as error:
                raise _stale(row) from error
        return Row(row.partition, row.key, row.values, answer["etag"])

    def replace(self, row: Row) -> Row:
        """Replace the row whole."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
        from azure.data.tables import UpdateMode

        with failures("a replacement"):
            try:
                answer = self._table().update_entity(
                    self._entity(row),
                    mode=UpdateMode.REPLACE,
                    etag=row.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                raise _stale(row) from error
        return Row(row.partition, row.key, row.values, answer["etag"])

    def delete(self, row: Row) -> None:
        """Remove the row."""
        # As a transaction of one: the SDK answers a plain delete of what is not there with
        # silence, and the second of two deleters would not learn that it lost.
        self.transact([Delete(row)])

    def transact(self, changes: Sequence[Change]) -> None:
        """Make all changes, or none."""
        from azure.data.tables import TableTransactionError

        check_transaction(changes)
        steps = [self._step(change) for change in changes]
        with failures("a transaction"):
            try:
                try:
                    self._table().submit_transaction(steps)
                except TableTransactionError as error:
                    if getattr(error, "error_code", None) != "TableNotFound":
                        raise
                    self._make()
                    self._table().submit_transaction(steps)
            except TableTransactionError as error:
                if error.status_code in (404, 409, 412):
                    raise _stale(changes[error.index].row, error.index) from error
                raise

    def _step(self, change: Change) -> Any:
        from azure.core import MatchConditions
        from azure.data.tables import UpdateMode

        entity = self._entity(change.row)
        same = {"etag": change.row.etag, "match_condition": MatchConditions.IfNotModified}
        match change:
            case Insert():
                return ("create", entity)
            case Replace():
                return ("update", entity, {"mode": UpdateMode.REPLACE, **same})
            case Delete():
                return ("delete", entity, same)

    def _entity(self, row: Row) -> dict[str, Any]:
        entity: dict[str, Any] = {"PartitionKey": row.partition, "RowKey": row.key}
        for name, value in row.values.items():
            entity.update(self._property(name, value))
        return entity

    def _property(self, name: str, value: Value) -> Mapping[str, Any]:
        from azure.data.tables import EdmType, EntityProperty

        if isinstance(value, str) and _units(value) > MOST_CHARACTERS:
            return {name + _MOVED: "str:" + self._blobs.put(value.encode("utf-8"))}
        if isinstance(value, bytes) and len(value) > MOST_BYTES:
            return {name + _MOVED: "bytes:" + self._blobs.put(value)}
        if isinstance(value, int) and not isinstance(value, bool):
            return {name: EntityProperty(value, EdmType.INT64)}
        return {name: value}

    def _row(self, entity: Mapping[str, Any]) -> Row:
        values: dict[str, Value] = {}
        for name, value in entity.items():
            if name in ("PartitionKey", "RowKey"):
                continue
            if name.endswith(_MOVED):
                kind, _, blob = value.partition(":")
                content = self._blobs.get(blob)
                values[name.removesuffix(_MOVED)] = (
                    content.decode("utf-8") if kind == "str" else content
                )
            else:
                values[name] = _plain(value)
        metadata = entity.metadata  # type: ignore[attr-defined] # the SDK's mapping carries it
        return Row(entity["PartitionKey"], entity["RowKey"], values, metadata["etag"])

    def _table(self) -> "TableClient":
        if self._client is None:
            from azure.data.tables import TableServiceClient

            service = self._connection.client(TableServiceClient, "table")
            self._client = service.get_table_client(self._name)
        return self._client

    def _make(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        with suppress(ResourceExistsError):
            self._table().create_table()


def _plain(value: Any) -> Value:
    from azure.data.tables import EntityProperty

    if isinstance(value, EntityProperty):
        return value.value  # type: ignore[no-any-return]
    if isinstance(value, datetime):  # the SDK's own subclass, to a plain instant
        return datetime.combine(value.date(), value.timetz()).astimezone(UTC)
    return value  # type: ignore[no-any-return]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _stale(row: Row, index: int = 0) -> StaleRowError:
    return StaleRowError(f"row {row.key} of {row.partition} is not as it was", index=index)
