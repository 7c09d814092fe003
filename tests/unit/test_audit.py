"""The trail: every way of touching it shows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning import audit
from provisioning.audit import HEAD, RECORDS, START, Head, Note
from provisioning.errors import StaleRowError
from provisioning.store.codec import from_row, to_row
from provisioning.store.memory import MemoryTable
from provisioning.store.table import Insert, Replace, Row, Table
from tests.builders import START as NOW

TARGET = "pr-7-rewards-api"


def a_note(text: str = "it was asked for") -> Note:
    """Return something worth keeping."""
    return Note(event="requested", text=text, cause="delivery 1", by="ines", data={"a": "ñ"})


@pytest.fixture
def table() -> MemoryTable:
    """A table with a chain of five records."""
    table = MemoryTable()
    for number in range(5):
        now = NOW + timedelta(minutes=number)
        audit.commit(table, TARGET, (), [a_note(f"note {number + 1}")], now=now)
    return table


def the_row(table: Table, number: int) -> Row:
    """Return the row of a record."""
    row = table.get(TARGET, f"{RECORDS}{number:012d}")
    assert row is not None
    return row


def the_head(table: Table) -> tuple[Head, Row]:
    """Return the chain's head and its row."""
    row = table.get(TARGET, HEAD)
    assert row is not None
    return from_row(Head, row), row


def change(table: Table, number: int, **given: str) -> None:
    """Change a record where it lies."""
    row = the_row(table, number)
    table.replace(replace(row, values={**row.values, **given}))


def test_records_are_chained_in_order(table: MemoryTable):
    found = list(audit.records(table, TARGET))

    assert [r.number for r in found] == [1, 2, 3, 4, 5]
    assert [r.before for r in found] == [START, *(r.hash for r in found[:-1])]
    assert the_head(table)[0] == Head(number=5, hash=found[-1].hash)


def test_an_untouched_chain_holds(table: MemoryTable):
    assert audit.verify(table, TARGET) == (5, None)


def test_a_chain_without_records_holds():
    assert audit.verify(MemoryTable(), TARGET) == (0, None)


@pytest.mark.parametrize(
    ("after", "most", "numbers"), [(0, 2, [1, 2]), (3, None, [4, 5]), (5, 9, []), (2, 2, [3, 4])]
)
def test_records_are_read_in_pages(
    after: int, most: int | None, numbers: list[int], table: MemoryTable
):
    found = audit.records(table, TARGET, after=after, most=most)

    assert [r.number for r in found] == numbers


def remove(table: Table, *numbers: int) -> None:
    """Take records out."""
    for number in numbers:
        table.delete(the_row(table, number))


def swap(table: Table) -> None:
    """Put the third record in the second's place, and the second in the third's."""
    second, third = the_row(table, 2), the_row(table, 3)
    table.replace(replace(second, values=third.values))
    table.replace(replace(third, values=second.values))


def swap_and_renumber(table: Table) -> None:
    """Do the same, each with the number of its new place."""
    swap(table)
    for number in (2, 3):
        row = the_row(table, number)
        table.replace(replace(row, values={**row.values, "number": number}))


def rewrite_head(table: Table) -> None:
    """Write another head of the same length."""
    head, row = the_head(table)
    table.replace(to_row(replace(head, hash="f" * 64), TARGET, HEAD, row.etag))


def move_head_back(table: Table) -> None:
    """Cut the tail, and say that it never was: but with the wrong hash."""
    remove(table, 5)
    row = the_head(table)[1]
    table.replace(to_row(Head(number=4, hash="0" * 64), TARGET, HEAD, row.etag))


def forge(table: Table) -> None:
    """Change a text and make its own hash right again."""
    record = replace(from_row(audit.Record, the_row(table, 2)), text="nothing happened")
    changed = replace(record, hash=audit._digest(record))
    row = the_row(table, 2)
    table.replace(to_row(changed, TARGET, row.key, row.etag))


@pytest.mark.parametrize(
    ("touch", "number", "problem"),
    [
        pytest.param(
            lambda t: change(t, 3, text="nothing happened"),
            3,
            "record 3 is not as it was written",
            id="a changed text",
        ),
        pytest.param(
            lambda t: change(t, 3, by="somebody else"),
            3,
            "record 3 is not as it was written",
            id="another author",
        ),
        pytest.param(
            lambda t: change(t, 3, data="{}"),
            3,
            "record 3 is not as it was written",
            id="other data",
        ),
        pytest.param(
            lambda t: change(t, 3, target="pr-8-rewards-api"),
            3,
            "record 3 is not as it was written",
            id="a record of another target",
        ),
        pytest.param(forge, 3, "record 3 does not follow the one before it", id="forged"),
        pytest.param(lambda t: remove(t, 2), 2, "record 2 is missing", id="a removed record"),
        pytest.param(lambda t: remove(t, 1), 1, "record 1 is missing", id="the first removed"),
        pytest.param(swap, 2, "record 2 is missing", id="swapped"),
        pytest.param(
            swap_and_renumber,
            2,
            "record 2 does not follow the one before it",
            id="swapped and renumbered",
        ),
        pytest.param(
            lambda t: remove(t, 5), 4, "the head says 5 records, the table has 4", id="a cut tail"
        ),
        pytest.param(
            lambda t: remove(t, 1, 2, 3, 4, 5),
            0,
            "the head says 5 records, the table has 0",
            id="all removed",
        ),
        pytest.param(
            rewrite_head, 5, "the head's hash is not that of record 5", id="a rewritten head"
        ),
        pytest.param(
            lambda t: t.delete(the_head(t)[1]),
            5,
            "the head says 0 records, the table has 5",
            id="a removed head",
        ),
        pytest.param(
            move_head_back, 4, "the head's hash is not that of record 4", id="a head moved back"
        ),
    ],
)
def test_a_touched_chain_shows_where(
    touch: Callable[[Table], None], number: int, problem: str, table: MemoryTable
):
    touch(table)

    count, broken = audit.verify(table, TARGET)

    assert broken == audit.Break(target=TARGET, number=number, problem=problem)
    assert count == number


def test_a_change_and_its_note_are_stored_together():
    table = MemoryTable()

    audit.commit(table, TARGET, [Insert(Row(TARGET, "x", {"a": 1}))], [a_note()], now=NOW)

    assert table.get(TARGET, "x") is not None
    assert audit.verify(table, TARGET) == (1, None)


def test_a_change_that_lost_its_race_leaves_no_note(table: MemoryTable):
    stale = Replace(Row(TARGET, "x", {"a": 1}, 'W/"0"'))

    with pytest.raises(StaleRowError) as caught:
        audit.commit(table, TARGET, [Insert(Row(TARGET, "y")), stale], [a_note()], now=NOW)

    assert caught.value.index == 1
    assert table.get(TARGET, "y") is None
    assert audit.verify(table, TARGET) == (5, None)


class Contended(MemoryTable):
    """A table in which somebody else writes to the chain before each of the first tries."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    def transact(self, changes: object) -> None:
        """Let the other be first."""
        if self._times:
            self._times -= 1
            other = audit._chained(self, TARGET, [a_note("the other's")], NOW)
            super().transact(other)
        super().transact(changes)  # type: ignore[arg-type]


def test_a_race_for_the_head_alone_is_run_again():
    table = Contended(times=3)

    audit.commit(table, TARGET, [Insert(Row(TARGET, "x"))], [a_note("mine")], now=NOW)

    found = [r.text for r in audit.records(table, TARGET)]
    assert found == ["the other's"] * 3 + ["mine"]
    assert audit.verify(table, TARGET) == (4, None)


def test_a_race_that_is_always_lost_is_given_up():
    table = Contended(times=99)
    change = Insert(Row(TARGET, "x"))

    with pytest.raises(StaleRowError) as caught:
        audit.commit(table, TARGET, [change], [a_note("mine")], now=NOW)

    assert caught.value.index == 1
    assert table.get(TARGET, "x") is None


def test_changes_without_a_note_leave_the_chain_alone(table: MemoryTable):
    audit.commit(table, TARGET, [Insert(Row(TARGET, "x"))], [], now=NOW)

    assert audit.verify(table, TARGET) == (5, None)


def test_text_that_is_not_quite_unicode_is_kept_in_the_chain(table: MemoryTable):
    audit.commit(table, TARGET, (), [a_note("half a pair: \ud800")], now=NOW)

    assert audit.verify(table, TARGET) == (6, None)


# What was kept elsewhere


def kept(table: Table) -> dict[str, tuple[int, str]]:
    """Return the heads to keep now, where none were kept before."""
    heads, breaks = audit.anchors_of(table, [TARGET], {})
    assert breaks == []
    return heads


def rewrite(table: Table, texts: list[str]) -> None:
    """Write the whole chain anew, as whoever owns the table could."""
    for row in list(table.query(TARGET)):
        table.delete(row)
    for text in texts:
        audit.commit(table, TARGET, (), [a_note(text)], now=NOW)


def test_a_chain_that_grew_goes_on_from_the_head_that_was_kept(table: MemoryTable):
    heads = kept(table)

    audit.commit(table, TARGET, (), [a_note("one more")], now=NOW)

    assert heads == {TARGET: (5, the_row(table, 5).values["hash"])}
    assert audit.anchored(table, TARGET, heads[TARGET]) is None


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        pytest.param(["note 1", "note 2"], "is not any more", id="a tail cut off"),
        pytest.param([], "is not any more", id="a chain removed"),
        pytest.param([f"other {n}" for n in range(7)], "is not the one", id="written anew"),
    ],
)
def test_a_chain_rewritten_whole_does_not_hold_the_head_that_was_kept(
    table: MemoryTable, texts: list[str], problem: str
):
    heads = kept(table)

    rewrite(table, texts)

    assert audit.verify(table, TARGET)[1] is None
    broken = audit.anchored(table, TARGET, heads[TARGET])
    assert broken is not None
    assert (broken.number, problem in broken.problem) == (5, True)


def test_a_break_is_not_papered_over_by_the_next_hour(table: MemoryTable):
    heads = kept(table)
    rewrite(table, ["note 1"])

    again, breaks = audit.anchors_of(table, [TARGET, "other"], heads)

    assert again == {**heads, "other": (0, START)}
    assert [b.target for b in breaks] == [TARGET]
