"""The journal only grows; whatever else is done to it is refused, or found."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from resolver.proof.chain import GENESIS, Kind, canonical, chained, digest_of
from resolver.proof.journal import JOURNAL_FILE, Journal, JournalError, open_for_reading
from resolver.proof.pruning import closed_orders, prune
from resolver.proof.reading import entries
from resolver.proof.verification import verify

LIFTED = {"kind": "lifted", "time": "2026-11-21T10:00:00.000000Z", "order": "a", "why": "the court, é"}


def fact(kind: Kind, second: int, **facts: object) -> dict[str, object]:
    return {"kind": kind.value, "time": f"2026-11-21T10:00:{second:02}.000000Z", **facts}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path)
    opened.append([LIFTED, fact(Kind.SUSPENDED, 1, order="b")])
    opened.append([fact(Kind.STOPPED, 2)])
    yield opened
    opened.close()


def test_an_entry_is_chained_as_the_format_says(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    head = journal.append([LIFTED])

    content = '{"kind":"lifted","order":"a","time":"2026-11-21T10:00:00.000000Z","why":"the court, é"}'
    assert canonical(LIFTED) == content
    assert head == (1, chained(1, GENESIS, digest_of(content)))
    assert head.hash == digest_of(canonical({"content": digest_of(content), "number": 1, "previous": GENESIS}))
    journal.close()


def test_it_goes_on_where_it_stopped(tmp_path: Path, journal: Journal) -> None:
    journal.close()

    again = Journal(tmp_path)

    assert again.head == journal.head
    again.append([LIFTED])
    assert verify(again.connection).problems == ()
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET content = 'x' WHERE number = 1",
        "DELETE FROM entry WHERE number = 3",
        "INSERT OR REPLACE INTO entry VALUES (1, '{}', 'x', 'y')",
        "INSERT INTO entry VALUES (9, '{}', 'x', 'y')",
    ],
)
def test_the_file_refuses_to_be_rewritten(journal: Journal, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="the journal"):
        journal.connection.execute(statement)

    assert verify(journal.connection).problems == ()


def test_it_is_durable_with_each_entry(journal: Journal) -> None:
    assert journal.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_nobody_else_reads_it(journal: Journal) -> None:
    assert {path.stat().st_mode & 0o777 for path in journal.path.parent.iterdir()} == {0o600}


def test_all_or_nothing_is_added(journal: Journal) -> None:
    before = journal.head

    with pytest.raises(ValueError, match="JSON"):
        journal.append([LIFTED, {"ends": float("inf")}])

    assert journal.head == before
    assert verify(journal.connection).head == before.hash


def test_others_read_while_it_is_written(journal: Journal) -> None:
    reading = open_for_reading(journal.path)

    assert [entry.number for entry in entries(reading, order="b")] == [2]
    assert [entry.number for entry in entries(reading, kinds=[Kind.LIFTED, Kind.STOPPED])] == [1, 3]
    assert [entry.number for entry in entries(reading, since=str(LIFTED["time"]), until="2026-11-21T10:00:02")] == [
        1,
        2,
    ]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("DELETE FROM entry")
    reading.close()


@pytest.mark.parametrize("content", [None, b"", b"not a database, and long enough to be looked at" * 100])
def test_what_is_no_journal_is_said(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / JOURNAL_FILE).write_bytes(content)

    with pytest.raises(JournalError, match="journal"):
        open_for_reading(tmp_path / JOURNAL_FILE)


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / JOURNAL_FILE) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()

    with pytest.raises(JournalError, match="another database"):
        Journal(tmp_path)


def test_the_last_of_a_kind(journal: Journal) -> None:
    last = journal.last(Kind.LIFTED, Kind.SUSPENDED)

    assert last is not None
    assert last.number == 2
    assert journal.last(Kind.PRUNED) is None


def order_entry(order: str, second: int, ends: float | None) -> dict[str, object]:
    return fact(Kind.ORDER, second, order=order, ends=ends)


def test_closed_orders_are_pruned_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([order_entry("old", 0, None), order_entry("new", 1, 900.0), order_entry("old", 2, 100.0)])
    journal.append([fact(Kind.LIFTED, 3, order="old"), fact(Kind.STOPPED, 4)])
    links = [entry.hash for entry in entries(journal.connection)]

    closed = list(closed_orders(journal, before=500.0))
    pruned = prune(journal, closed, {"time": "2026-11-21T11:00:00.000000Z", "who": {"user": "root"}})

    assert closed == ["old"]
    assert (pruned.orders, pruned.entries) == ({"old": links[3]}, 3)
    left = list(entries(journal.connection))
    assert [entry.facts is None for entry in left] == [True, False, True, True, False, False]
    assert left[5].facts == {
        "kind": "pruned",
        "time": "2026-11-21T11:00:00.000000Z",
        "who": {"user": "root"},
        "entries": [[1, 1], [3, 4]],
        "orders": {"old": links[3]},
    }
    found = verify(journal.connection, links[3])
    assert (found.problems, found.pruned, found.at) == ((), 3, 4)
    assert list(entries(journal.connection, order="old")) == []
    with pytest.raises(sqlite3.IntegrityError):
        journal.connection.execute("UPDATE entry SET content = NULL")
    assert prune(journal, ["old"], {}).entries == 0
    journal.close()
    assert b'"old","time"' not in (tmp_path / JOURNAL_FILE).read_bytes()


def test_a_pruning_that_fails_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([order_entry("old", 0, 1.0)])

    with pytest.raises(ValueError, match="JSON"):
        prune(journal, ["old"], {"time": float("nan")})

    assert verify(journal.connection).pruned == 0
    with pytest.raises(sqlite3.IntegrityError):
        journal.connection.execute("DELETE FROM entry")
    journal.close()
