"""A chain that was cut or written anew is found, if its head was noted elsewhere; and a long one is verified soon."""

import sqlite3
import time
from pathlib import Path

import pytest

from resolver.proof.chain import GENESIS, chained, digest_of
from resolver.proof.journal import JOURNAL_FILE, Journal, open_for_reading
from resolver.proof.reading import entries
from resolver.proof.verification import verify


def written(state: Path, count: int) -> list[str]:
    """Write a journal; gives the hash of each entry."""
    journal = Journal(state)
    journal.append([{"kind": "stopped", "number": number} for number in range(count)])
    links = [entry.hash for entry in entries(journal.connection)]
    journal.close()
    return links


def tampering(state: Path) -> sqlite3.Connection:
    """Open the file as whoever owns it can, without what refuses."""
    connection = sqlite3.connect(state / JOURNAL_FILE, isolation_level=None)
    for trigger in ("refuse_update", "refuse_delete", "refuse_other"):
        connection.execute(f"DROP TRIGGER {trigger}")
    return connection


def chain_anew(connection: sqlite3.Connection) -> None:
    """Do what a forger does who knows the format."""
    link = GENESIS
    for number, content in connection.execute("SELECT number, content FROM entry ORDER BY number").fetchall():
        link = chained(number, link, digest_of(content))
        connection.execute("UPDATE entry SET digest = ?, hash = ? WHERE number = ?", (digest_of(content), link, number))


def test_a_sound_journal_is_sound(tmp_path: Path) -> None:
    links = written(tmp_path, 5)
    reading = open_for_reading(tmp_path / JOURNAL_FILE)

    found = verify(reading, links[2])

    assert (found.entries, found.head, found.at, found.problems) == (5, links[4], 3, ())
    assert verify(reading, GENESIS).problems == ()
    reading.close()


def test_a_tail_that_was_cut_is_seen_by_its_noted_head_only(tmp_path: Path) -> None:
    links = written(tmp_path, 5)
    forger = tampering(tmp_path)
    forger.execute("DELETE FROM entry WHERE number = 5")

    assert verify(forger).problems == ()
    assert "was cut off" in verify(forger, links[4]).problems[0]
    assert verify(forger, links[3]).problems == ()
    forger.close()


def test_a_chain_that_was_written_anew_is_seen_by_its_noted_head_only(tmp_path: Path) -> None:
    links = written(tmp_path, 5)
    forger = tampering(tmp_path)
    forger.execute("UPDATE entry SET content = ? WHERE number = 2", ('{"kind":"stopped","number":99}',))
    chain_anew(forger)

    assert verify(forger).problems == ()
    assert "written anew" in verify(forger, links[4]).problems[0]
    forger.close()


def test_content_that_no_pruning_deleted_is_missed(tmp_path: Path) -> None:
    written(tmp_path, 5)
    forger = tampering(tmp_path)
    forger.execute("UPDATE entry SET content = NULL WHERE number = 2")

    assert verify(forger).problems == ("the content of entry 2 is missing, and no pruning deleted it",)
    forger.close()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    written(tmp_path, 400)
    content = bytearray((tmp_path / JOURNAL_FILE).read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    (tmp_path / JOURNAL_FILE).write_bytes(content)
    reading = open_for_reading(tmp_path / JOURNAL_FILE)

    assert verify(reading).problems
    reading.close()


@pytest.mark.parametrize("count", [100_000])
def test_a_long_journal_is_verified_soon(tmp_path: Path, count: int) -> None:
    journal = Journal(tmp_path)
    facts = {"kind": "order", "time": "2026-11-21T10:00:00.000000Z", "order": "tj-paris-26-1", "file": "f" * 300}
    journal.append([facts] * count)

    before = time.process_time()
    found = verify(journal.connection)

    assert (found.entries, found.problems) == (count, ())
    assert time.process_time() - before < 2.0
    journal.close()


def test_a_journal_without_its_table_is_no_sound_one(tmp_path: Path) -> None:
    written(tmp_path, 2)
    forger = tampering(tmp_path)
    forger.execute("DROP TABLE entry")

    assert "no such table" in verify(forger).problems[0]
    forger.close()


def test_a_pruning_that_nobody_wrote_is_found(tmp_path: Path) -> None:
    written(tmp_path, 2)
    forger = tampering(tmp_path)
    forger.execute("DROP INDEX by_order")
    forger.execute("DROP INDEX by_kind")
    forger.execute("""UPDATE entry SET content = '{"kind":"pruned",' WHERE number = 2""")
    chain_anew(forger)

    assert verify(forger).problems == ("entry 2 was altered: nothing of ours writes a pruning like that",)
    forger.close()
