"""What is expected of every table, held against each keeper."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.errors import StaleRowError, TransientError
from provisioning.store.azure import AzureTable
from provisioning.store.blobs import Blobs
from provisioning.store.connection import Connection
from provisioning.store.table import MOST_CHANGES, Change, Delete, Insert, Replace, Row, Table

from .conftest import Cutter

WHEN = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


def a_row(key: str = "a", partition: str = "p", **values: Any) -> Row:
    """Return a row that is in no table yet."""
    return Row(partition, key, values or {"text": "first"})


def stored(table: Table, key: str = "a") -> Row:
    """Return a row as it is stored."""
    row = table.get("p", key)
    assert row is not None
    return row


def keys(table: Table, **bounds: Any) -> list[str]:
    """Return the keys of a query."""
    return [row.key for row in table.query("p", **bounds)]


# Reading and writing


def test_a_row_comes_back_with_an_etag(table: Table):
    made = table.insert(a_row(text="ñandú", number=7))

    found = stored(table)

    assert found == made
    assert found.etag
    assert dict(found.values) == {"text": "ñandú", "number": 7}


def test_a_table_that_was_never_used_is_empty(table: Table):
    assert table.get("p", "a") is None
    assert keys(table) == []


def test_a_row_that_is_not_there_is_none(table: Table):
    table.insert(a_row("a"))

    assert table.get("p", "b") is None
    assert table.get("q", "a") is None


def test_a_row_is_inserted_once(table: Table):
    table.insert(a_row(text="first"))

    with pytest.raises(StaleRowError):
        table.insert(a_row(text="second"))

    assert stored(table).values["text"] == "first"


def test_a_replacement_replaces_the_row_whole(table: Table):
    row = table.insert(a_row(text="first", more=1))

    newer = table.replace(replace(row, values={"text": "second"}))

    assert dict(stored(table).values) == {"text": "second"}
    assert newer.etag == stored(table).etag != row.etag


def test_a_replacement_returns_what_the_next_one_needs(table: Table):
    row = table.insert(a_row(text="first"))

    newer = table.replace(replace(row, values={"text": "second"}))
    table.replace(replace(newer, values={"text": "third"}))

    assert stored(table).values["text"] == "third"


def test_a_late_replacement_is_stale(table: Table):
    row = table.insert(a_row(text="first"))
    table.replace(replace(row, values={"text": "second"}))

    with pytest.raises(StaleRowError):
        table.replace(replace(row, values={"text": "late"}))

    assert stored(table).values["text"] == "second"


def test_what_is_not_there_cannot_be_replaced(table: Table):
    row = table.insert(a_row())
    table.delete(row)

    with pytest.raises(StaleRowError):
        table.replace(row)


def test_what_came_back_is_another_row(table: Table):
    old = table.insert(a_row(text="first"))
    table.delete(old)
    table.insert(a_row(text="again"))

    with pytest.raises(StaleRowError):
        table.replace(old)
    with pytest.raises(StaleRowError):
        table.delete(old)


def test_a_deleted_row_is_gone(table: Table):
    table.delete(table.insert(a_row()))

    assert table.get("p", "a") is None


def test_a_late_delete_is_stale(table: Table):
    row = table.insert(a_row(text="first"))
    table.replace(replace(row, values={"text": "second"}))

    with pytest.raises(StaleRowError):
        table.delete(row)

    assert stored(table).values["text"] == "second"


def test_what_is_not_there_cannot_be_deleted(table: Table):
    row = table.insert(a_row())
    table.delete(row)

    with pytest.raises(StaleRowError):
        table.delete(row)


def test_a_table_that_was_never_used_has_nothing_to_change(table: Table):
    row = replace(a_row(), etag="W/\"datetime'2026-11-23T09%3A00%3A00.0000000Z'\"")

    with pytest.raises(StaleRowError):
        table.replace(row)
    with pytest.raises(StaleRowError):
        table.delete(row)


# What values become


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty text"),
        pytest.param("ñ 漢字 🦙 \n\t\"'", id="unicode"),
        pytest.param(" leading and trailing ", id="spaces"),
        pytest.param("2026-11-23T09:00:00Z", id="text like an instant"),
        pytest.param("true", id="text like a truth"),
        pytest.param(True, id="true"),
        pytest.param(False, id="false"),
        pytest.param(0, id="nought"),
        pytest.param(1, id="one"),
        pytest.param(-7, id="below nought"),
        pytest.param(2**31, id="over 31 bits"),
        pytest.param(2**63 - 1, id="63 bits"),
        pytest.param(-(2**63), id="63 bits below nought"),
        pytest.param(1.5, id="a fraction"),
        pytest.param(2.0, id="a whole fraction"),
        pytest.param(b"", id="no bytes"),
        pytest.param(bytes(range(256)), id="bytes"),
        pytest.param(WHEN, id="an instant with microseconds"),
        pytest.param(WHEN.replace(microsecond=0), id="an instant"),
        pytest.param(WHEN.replace(microsecond=999_999), id="just before the next second"),
        pytest.param(datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), id="far away"),
        pytest.param(datetime(1969, 7, 20, 20, 17, 40, 1, tzinfo=UTC), id="long ago"),
    ],
)
def test_a_value_comes_back_as_what_it_was(value: Any, table: Table):
    table.insert(a_row(value=value))

    found = stored(table).values["value"]

    assert found == value
    assert type(found) is type(value)
    if isinstance(value, datetime):
        assert isinstance(found, datetime)
        assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("x" * 30_000, id="text that just fits"),
        pytest.param("x" * 30_001, id="text that just does not"),
        pytest.param("ñ" * 200_000, id="long text"),
        pytest.param("🦙" * 20_000, id="letters of two units"),
        pytest.param(b"\x00\xff" * 30_000, id="bytes that just fit"),
        pytest.param(b"\x00\xff" * 250_000, id="many bytes"),
    ],
)
def test_what_is_large_comes_back_whole(value: Any, table: Table):
    row = table.insert(a_row(value=value, small="beside it"))

    assert stored(table).values == {"value": value, "small": "beside it"}
    assert [r.values["value"] == value for r in table.query("p")] == [True]

    table.replace(replace(row, values={"value": "short"}))

    assert dict(stored(table).values) == {"value": "short"}


def test_a_transaction_may_hold_what_is_large(table: Table):
    large = "x" * 200_000

    table.transact([Insert(a_row("a", value=large)), Insert(a_row("b", value=large.encode()))])

    assert stored(table, "a").values["value"] == large
    assert stored(table, "b").values["value"] == large.encode()


# Walking


def test_rows_are_walked_in_the_order_of_their_keys(table: Table):
    names = ["b", "a", "audit-000000000002", "audit-000000000010", "~", "Z", "report~x", "op-1"]
    for key in names:
        table.insert(a_row(key))

    assert keys(table) == sorted(names)


def test_a_walk_stays_in_its_partition(table: Table):
    table.insert(a_row("a"))
    table.insert(a_row("b", "q"))

    assert keys(table) == ["a"]


def test_a_range_holds_its_first_and_not_its_last(table: Table):
    for key in "abcde":
        table.insert(a_row(key))

    assert keys(table, first="b", last="d") == ["b", "c"]
    assert keys(table, first="c") == ["c", "d", "e"]
    assert keys(table, last="c") == ["a", "b"]
    assert keys(table, first="x") == []


@pytest.mark.parametrize(("most", "found"), [(1, "a"), (3, "abc"), (9, "abcde"), (0, "")])
def test_a_walk_may_end_early(most: int, found: str, table: Table):
    for key in "abcde":
        table.insert(a_row(key))

    assert keys(table, most=most) == list(found)


def test_a_walk_goes_over_every_page(table: Table):
    for start in range(0, 1100, MOST_CHANGES):
        table.transact([Insert(a_row(f"{start + n:06d}")) for n in range(MOST_CHANGES)])

    assert keys(table) == [f"{n:06d}" for n in range(1100)]
    assert len(keys(table, most=1050)) == 1050


def test_a_quote_in_a_name_is_only_a_quote(table: Table):
    table.insert(a_row("it's", "p' or '1' eq '1"))
    table.insert(a_row("other"))

    found = [row.key for row in table.query("p' or '1' eq '1", first="it's")]

    assert found == ["it's"]
    assert table.get("p' or '1' eq '1", "it's") is not None


# Searching


def test_a_search_finds_what_holds_the_text_in_a_span_of_partitions(table: Table):
    for partition, key, state in [
        ("2026-11-23T08", "a", "accepted"),
        ("2026-11-23T09", "b", "accepted"),
        ("2026-11-23T09", "a", "done"),
        ("2026-11-23T09", "0", "accepted"),
        ("2026-11-23T10", "a", "accepted"),
        ("2026-11-23T11", "a", "accepted"),
        ("seen-aa", "a", "accepted"),
    ]:
        table.insert(a_row(key, partition, state=state, number=1))

    found = table.search("2026-11-23T09", "2026-11-23T10", {"state": "accepted"})

    assert [(row.partition, row.key) for row in found] == [
        ("2026-11-23T09", "0"),
        ("2026-11-23T09", "b"),
        ("2026-11-23T10", "a"),
    ]


def test_a_search_may_ask_for_several_texts_and_for_none(table: Table):
    table.insert(a_row("a", state="done", event="push"))
    table.insert(a_row("b", state="done", event="ping"))
    table.insert(a_row("c", state="it's", event="ping"))

    def found(**where: str) -> list[str]:
        return [row.key for row in table.search("p", "p", where)]

    assert found(state="done", event="ping") == ["b"]
    assert found(state="it's") == ["c"]
    assert found(missing="x") == []
    assert found() == ["a", "b", "c"]


def test_a_search_of_a_table_that_was_never_used_finds_nothing(table: Table):
    assert list(table.search("a", "z", {"state": "done"})) == []


# Transactions


def test_a_transaction_makes_every_change(table: Table):
    old, gone = table.insert(a_row("old", n=1)), table.insert(a_row("gone"))

    table.transact([Insert(a_row("new")), Replace(replace(old, values={"n": 2})), Delete(gone)])

    assert keys(table) == ["new", "old"]
    assert stored(table, "old").values["n"] == 2


def test_a_transaction_makes_the_table(table: Table):
    table.transact([Insert(a_row("a")), Insert(a_row("b"))])

    assert keys(table) == ["a", "b"]


def losing(table: Table, kind: str) -> Change:
    """Return a change that has already lost its race."""
    row = table.insert(a_row("contended", n=1))
    match kind:
        case "insert":
            return Insert(a_row("contended", n=3))
        case "replace":
            table.replace(replace(row, values={"n": 2}))
            return Replace(replace(row, values={"n": 3}))
        case "delete":
            table.replace(replace(row, values={"n": 2}))
            return Delete(row)
        case "replace of what is gone":
            table.delete(row)
            return Replace(replace(row, values={"n": 3}))
        case _:
            table.delete(row)
            return Delete(row)


@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize(
    "kind", ["insert", "replace", "delete", "replace of what is gone", "delete of what is gone"]
)
def test_a_transaction_that_loses_changes_nothing_and_names_the_loser(
    kind: str, place: int, table: Table
):
    changes: list[Change] = [Insert(a_row(f"new-{n}")) for n in range(4)]
    changes.insert(place, losing(table, kind))
    before = list(table.query("p"))

    with pytest.raises(StaleRowError) as caught:
        table.transact(changes)

    assert caught.value.index == place
    assert list(table.query("p")) == before


def test_of_two_losers_the_first_is_named(table: Table):
    table.insert(a_row("a"))
    table.insert(a_row("b"))

    with pytest.raises(StaleRowError) as caught:
        table.transact([Insert(a_row("new")), Insert(a_row("b")), Insert(a_row("a"))])

    assert caught.value.index == 1


def test_a_transaction_holds_as_much_as_azure_takes(table: Table):
    table.transact([Insert(a_row(f"{n:03d}")) for n in range(MOST_CHANGES)])

    assert len(keys(table)) == MOST_CHANGES


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([Insert(a_row(f"{n:03d}")) for n in range(MOST_CHANGES + 1)], id="over 100"),
        pytest.param([Insert(a_row("a")), Insert(a_row("b", "q"))], id="two partitions"),
        pytest.param([Insert(a_row("a")), Insert(a_row("a"))], id="a row twice"),
        pytest.param([], id="no change"),
    ],
)
def test_a_transaction_that_azure_would_refuse_is_refused(changes: list[Change], table: Table):
    with pytest.raises(ValueError, match="a transaction"):
        table.transact(changes)

    assert keys(table) == []


# Races


def race(count: int, work: Callable[[int], object]) -> list[int]:
    """Run `work` in so many threads at once, and return who did not lose."""
    gate = threading.Barrier(count)
    won: list[int] = []

    def run(number: int) -> None:
        gate.wait(30)
        try:
            work(number)
        except StaleRowError:
            return
        won.append(number)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return won


def test_of_64_inserts_one_wins(table: Table):
    table.insert(a_row("other"))

    winners = race(64, lambda n: table.insert(a_row(n=n)))

    assert [stored(table).values["n"]] == winners


def test_of_64_replacements_one_wins(table: Table):
    row = table.insert(a_row(n=-1))

    winners = race(64, lambda n: table.replace(replace(row, values={"n": n})))

    assert [stored(table).values["n"]] == winners


def test_of_64_transactions_one_wins_and_the_others_leave_nothing(table: Table):
    row = table.insert(a_row(n=-1))

    winners = race(
        64,
        lambda n: table.transact(
            [Insert(a_row(f"of-{n}")), Replace(replace(row, values={"n": n}))]
        ),
    )

    assert [stored(table).values["n"]] == winners
    assert keys(table, first="of-", last="of-~") == [f"of-{winners[0]}"]


def test_of_64_deletes_one_wins(table: Table):
    row = table.insert(a_row())

    assert len(race(64, lambda _: table.delete(row))) == 1


def test_a_table_is_made_by_many_at_once(table: Table):
    winners = race(16, lambda n: table.insert(a_row(f"{n:02d}")))

    assert len(winners) == len(keys(table)) == 16


# Storage that does not answer


WORK = pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda t: t.get("p", "a"), id="get"),
        pytest.param(lambda t: list(t.query("p")), id="query"),
        pytest.param(lambda t: list(t.search("p", "p", {"a": "b"})), id="search"),
        pytest.param(lambda t: t.insert(a_row()), id="insert"),
        pytest.param(lambda t: t.insert(a_row(value="x" * 50_000)), id="insert of what is large"),
        pytest.param(lambda t: t.replace(replace(a_row(), etag="e")), id="replace"),
        pytest.param(lambda t: t.delete(replace(a_row(), etag="e")), id="delete"),
        pytest.param(lambda t: t.transact([Insert(a_row())]), id="transact"),
    ],
)


@WORK
def test_silence_is_worth_another_try(work: Callable[[Table], object], nowhere: Connection):
    with pytest.raises(TransientError) as caught:
        work(AzureTable(nowhere, "table", Blobs(nowhere)))

    assert caught.value.code == "storage_unavailable"


@WORK
def test_a_failure_is_known_at_once_because_nothing_is_tried_again(
    work: Callable[[Table], object], cutter: Cutter
):
    with pytest.raises(TransientError) as caught:
        work(AzureTable(cutter.connection, "table", Blobs(cutter.connection)))

    assert caught.value.code == "storage_unavailable"
    assert cutter.asked == 1


def test_the_container_of_what_is_large_is_made_by_many_at_once(storage: Connection):
    from azure.storage.blob import BlobServiceClient

    with storage.client(BlobServiceClient, "blob") as service:
        for container in service.list_containers():
            service.delete_container(container.name)

    contents = [f"{n}".encode() * 100 for n in range(16)]
    winners = race(16, lambda n: Blobs(storage).put(contents[n]))

    assert len(winners) == 16
    blobs = Blobs(storage)
    assert [blobs.get(blobs.put(c)) for c in contents] == contents
