"""What must be journalled is durable or refused; what happens by itself waits for room. A kill leaves a sound chain."""

import errno
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.proof.chain import Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Head, Journal, JournalError, open_for_reading
from resolver.proof.reading import entries
from resolver.proof.verification import verify
from resolver.proof.writer import JournalWriter, now_text, open_or_begin_anew, time_text

PATIENCE = 60.0
ROOT = Path(__file__).parents[3]


def fact(kind: Kind, **facts: object) -> Facts:
    return {"kind": kind.value, "time": now_text(), **facts}


class Heard:
    """What the writer tells."""

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.failures: list[JournalError] = []
        self.set_aside: list[str] = []


def writer_in(state: Path, heard: Heard, retry_seconds: float = 0.01) -> JournalWriter:
    return JournalWriter(
        state, heard.heads.append, heard.failures.append, retry_seconds, set_aside=heard.set_aside.append
    )


def kinds(state: Path) -> list[str]:
    reading = open_for_reading(state / JOURNAL_FILE)
    found = [str(entry.facts["kind"]) for entry in entries(reading) if entry.facts is not None]
    assert verify(reading).problems == ()
    reading.close()
    return found


def test_what_is_recorded_is_there(tmp_path: Path) -> None:
    heard = Heard()
    writer = writer_in(tmp_path, heard)

    assert writer.start() == (None, None)
    head = writer.record([fact(Kind.STARTED), fact(Kind.INTENDED, digest="d")]).result(PATIENCE)
    writer.note([fact(Kind.STOPPED)])
    writer.stop()

    assert head.entries == 2
    assert [each.entries for each in heard.heads] == [2, 3]
    assert writer.state == (heard.heads[-1], 0, None)
    assert kinds(tmp_path) == ["started", "intended", "stopped"]


@pytest.mark.parametrize(
    ("last", "known"),
    [
        pytest.param([(Kind.INTENDED, "d")], "d", id="intended"),
        pytest.param([(Kind.INTENDED, "d"), (Kind.IN_FORCE, "d"), (Kind.STOPPED, "")], "d", id="in force"),
        pytest.param([(Kind.INTENDED, "d"), (Kind.ABORTED, "d")], None, id="aborted"),
        pytest.param([(Kind.STOPPED, "")], None, id="none yet"),
    ],
)
def test_it_knows_the_last_policy(tmp_path: Path, last: list[tuple[Kind, str]], known: str | None) -> None:
    journal = Journal(tmp_path)
    journal.append([fact(kind, digest=digest) for kind, digest in last])
    journal.close()
    writer = writer_in(tmp_path, Heard())

    assert writer.start().digest == known
    writer.stop()


def test_on_a_full_disk_what_is_noted_waits_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = True
    append = Journal.append

    def append_if_there_is_room(journal: Journal, facts: list[Facts]) -> Head:
        if full:
            raise JournalError(errno.ENOSPC, "the disk is full")
        return append(journal, facts)

    monkeypatch.setattr(Journal, "append", append_if_there_is_room)
    heard = Heard()
    writer = writer_in(tmp_path, heard)
    writer.start()

    writer.note([fact(Kind.ENDED, order="a")])
    with pytest.raises(JournalError) as refused:
        writer.record([fact(Kind.INTENDED)]).result(PATIENCE)
    waiting = writer.state.waiting
    full = False
    writer.record([fact(Kind.STOPPED)]).result(PATIENCE)
    writer.stop()

    assert refused.value.errno == errno.ENOSPC
    assert waiting == 1
    assert len(heard.failures) == 1
    assert kinds(tmp_path) == ["ended", "stopped"]


def test_a_damaged_journal_is_set_aside_and_kept(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b"no database at all" * 100)

    journal = open_or_begin_anew(tmp_path)

    journal.close()
    assert kinds(tmp_path) == ["begun-anew"]
    (aside,) = tmp_path.glob("journal-damaged-*.sqlite")
    assert aside.read_bytes() == b"no database at all" * 100


def alter(state: Path, *statements: str) -> None:
    connection = sqlite3.connect(state / JOURNAL_FILE, isolation_level=None)
    for statement in ("DROP TRIGGER refuse_update", "DROP TRIGGER refuse_delete", *statements):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["DROP TABLE entry"], id="no table"),
        pytest.param(["ALTER TABLE entry RENAME COLUMN hash TO other"], id="no column"),
        pytest.param(["UPDATE entry SET hash = CAST(x'ff' AS TEXT) WHERE number = 2"], id="no text"),
    ],
)
def test_a_journal_that_was_taken_apart_is_set_aside(tmp_path: Path, statements: list[str]) -> None:
    journal = Journal(tmp_path)
    journal.append([fact(Kind.STARTED), fact(Kind.INTENDED, digest="d")])
    journal.close()
    alter(tmp_path, *statements)
    heard = Heard()
    writer = writer_in(tmp_path, heard)

    writer.start()
    writer.record([fact(Kind.STOPPED)]).result(PATIENCE)
    writer.stop()

    assert kinds(tmp_path) == ["begun-anew", "stopped"]
    assert len(heard.set_aside) == len(list(tmp_path.glob("journal-damaged-*.sqlite"))) == 1


@pytest.mark.parametrize("content", ["{", '{"kind":"intended"}', "x'ff'"], ids=["no JSON", "other JSON", "no text"])
def test_an_entry_that_was_altered_stops_nobody(tmp_path: Path, content: str) -> None:
    journal = Journal(tmp_path)
    journal.append([fact(Kind.STARTED), fact(Kind.INTENDED, digest="d")])
    journal.close()
    written = f"CAST({content} AS TEXT)" if content.startswith("x'") else f"'{content}'"
    alter(
        tmp_path,
        "DROP INDEX by_order",
        "DROP INDEX by_kind",
        f"UPDATE entry SET content = {written} WHERE number = 2",
    )
    writer = writer_in(tmp_path, Heard())

    assert writer.start() == (None, None)
    assert writer.record([fact(Kind.STOPPED)]).result(PATIENCE).entries == 3
    writer.stop()
    reading = open_for_reading(tmp_path / JOURNAL_FILE)
    assert verify(reading).problems
    reading.close()


def take_away(state: Path) -> None:
    for part in state.glob("journal.sqlite*"):
        part.unlink()


def cut(state: Path) -> None:
    alter(state, "DELETE FROM entry WHERE number > 1")


def exchange(state: Path) -> None:
    take_away(state)
    journal = Journal(state)
    journal.append([fact(Kind.STARTED, of="another")])
    journal.close()


@pytest.mark.parametrize("happens", [take_away, cut, exchange])
def test_what_is_done_to_it_while_it_is_written_is_said_and_loses_nothing_new(
    tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    heard = Heard()
    writer = writer_in(tmp_path, heard)
    writer.start()
    writer.record([fact(Kind.STARTED), fact(Kind.INTENDED, digest="d")]).result(PATIENCE)

    happens(tmp_path)
    writer.record([fact(Kind.SUSPENDED, order="a")]).result(PATIENCE)
    writer.stop()

    assert kinds(tmp_path) == ["begun-anew", "suspended"]
    assert len(heard.set_aside) == 1


def test_a_journal_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "missing", Heard())

    with pytest.raises(JournalError, match="cannot be opened"):
        writer.start()


def test_text_compares_as_time_does() -> None:
    assert time_text(0.0) == "1970-01-01T00:00:00.000000Z"
    assert time_text(1.0) < time_text(1.5) < time_text(2.0)


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from resolver.proof.journal import Journal
journal = Journal(Path(sys.argv[1]))
while True:
    head = journal.append([{"kind": "intended", "digest": "d" * 64}, {"kind": "order", "order": "a"}])
    print(*head, flush=True)
"""


def test_a_kill_leaves_all_that_was_said_to_be_durable(tmp_path: Path) -> None:
    said = Head(0, "")
    for lines in (1, 3, 10, 30):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process.stdout as printed:
            for _ in range(lines):
                printed.readline()
            process.send_signal(signal.SIGKILL)
            for line in printed:
                if line.endswith("\n"):
                    said = Head(int(line.split()[0]), line.split()[1])
        process.wait(PATIENCE)
        reading = open_for_reading(tmp_path / JOURNAL_FILE)

        found = verify(reading, said.hash or None)

        assert found.problems == ()
        assert found.entries >= said.entries
        assert found.entries % 2 == 0
        reading.close()
