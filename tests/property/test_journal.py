"""Whatever is done to the entries of a journal is found."""

import sqlite3
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.proof.journal import Journal
from resolver.proof.verification import verify

COUNT = 6
NUMBERS = st.integers(1, COUNT)
COLUMNS = st.sampled_from(["content", "digest", "hash"])


def forged(statements: list[tuple[str, tuple[object, ...]]]) -> tuple[tuple[str, ...], bool]:
    """Tell what is found after these statements, and whether they changed anything at all."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        journal.append([{"kind": "lifted", "order": f"o{number}"} for number in range(COUNT)])
        rows = _rows(journal.connection)
        for trigger in ("refuse_update", "refuse_delete", "refuse_other"):
            journal.connection.execute(f"DROP TRIGGER {trigger}")
        for index in ("by_order", "by_kind"):
            journal.connection.execute(f"DROP INDEX {index}")
        for statement, values in statements:
            journal.connection.execute(statement, values)
        changed = _rows(journal.connection) != rows
        problems = verify(journal.connection, rows[-1][3]).problems
        journal.close()
        return problems, changed


def _rows(connection: sqlite3.Connection) -> list[tuple[int, str, str, str]]:
    return connection.execute("SELECT * FROM entry ORDER BY number").fetchall()


@settings(deadline=None, max_examples=30)
@given(number=NUMBERS, column=COLUMNS, text=st.text(max_size=8) | st.binary(max_size=8))
def test_any_edit_is_found(number: int, column: str, text: str | bytes) -> None:
    problems, changed = forged([(f"UPDATE entry SET {column} = ? WHERE number = ?", (text, number))])

    assert bool(problems) == changed


@settings(deadline=None, max_examples=30)
@given(gone=st.sets(NUMBERS, min_size=1))
def test_any_gap_is_found(gone: set[int]) -> None:
    problems, _ = forged([("DELETE FROM entry WHERE number = ?", (number,)) for number in gone])

    assert problems


@settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(1, COUNT + 1)))
def test_any_reordering_is_found(order: list[int]) -> None:
    away = [("UPDATE entry SET number = ? WHERE number = ?", (100 + number, number)) for number in order]
    back = [("UPDATE entry SET number = ? WHERE number = ?", (to, 100 + number)) for to, number in enumerate(order, 1)]

    problems, changed = forged([*away, *back])

    assert bool(problems) == changed
