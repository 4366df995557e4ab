"""Where the journal is kept: one SQLite file that only grows, durable with every entry, and refuses to be rewritten.

``journal.sqlite`` holds the table ``entry``: number, content, checksum of the content, hash. Triggers refuse every
UPDATE and DELETE, and every INSERT that is not the next entry. One process writes, whoever holds the state folder.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from resolver.proof.chain import GENESIS, Entry, Facts, Kind, canonical, chained, digest_of, entry_of

JOURNAL_FILE: Final = "journal.sqlite"
APPLICATION: Final = 0x41524A31
"""Stands in the file's head, so that no other database is taken for a journal."""
BUSY_SECONDS: Final = 5.0

REFUSE_UPDATE: Final = """
CREATE TRIGGER refuse_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END
"""
_REFUSE_DELETE = """
CREATE TRIGGER refuse_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the journal is never shortened'); END
"""
_REFUSE_OTHER = """
CREATE TRIGGER refuse_other BEFORE INSERT ON entry
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entry)
BEGIN SELECT RAISE(ABORT, 'the journal only grows at its end'); END
"""
_TABLE = """
CREATE TABLE entry (number INTEGER PRIMARY KEY, content TEXT, digest TEXT NOT NULL, hash TEXT NOT NULL)
"""
_BY_ORDER = "CREATE INDEX by_order ON entry (json_extract(content, '$.order'))"
_BY_KIND = "CREATE INDEX by_kind ON entry (json_extract(content, '$.kind'))"


class JournalError(OSError):
    """The journal cannot be read or written; ``errno`` is ENOSPC where the disk is full."""

    def __str__(self) -> str:
        """Write one sentence, with the file in front."""
        return f"{self.filename}: {self.strerror}" if self.filename else str(self.strerror)


class Head(NamedTuple):
    """The end of the chain: how many entries there are, and the hash of the last."""

    entries: int
    hash: str


class Journal:
    """The journal, open for writing; used by the thread that opened it."""

    def __init__(self, state: Path) -> None:
        """Open it, or begin it. Raises JournalError."""
        self.path = state / JOURNAL_FILE
        with explained(self.path):
            _make_private(self.path)
            self.connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_SECONDS)
            self._inode = self.path.stat().st_ino
            try:
                _prepare(self.connection, self.path)
                self.head = _head(self.connection)
            except BaseException:
                self.connection.close()
                raise

    def is_in_place(self) -> bool:
        """Tell whether the file that is written to still stands where the journal is looked for."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def append(self, entries: Sequence[Facts]) -> Head:
        """Add entries, all or none; they are durable when this returns. Raises JournalError."""
        with explained(self.path), transaction(self.connection):
            head = self.add(self.head, entries)
        self.head = head
        return head

    def add(self, head: Head, entries: Sequence[Facts]) -> Head:
        """Add entries behind the head, within a transaction of the caller's."""
        for facts in entries:
            content = canonical(facts)
            digest = digest_of(content)
            number = head.entries + 1
            head = Head(number, chained(number, head.hash, digest))
            self.connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (number, content, digest, head.hash))
        return head

    def last(self, *kinds: Kind) -> Entry | None:
        """Find the last entry of some kinds."""
        found = (
            self.connection.execute(
                "SELECT number, content, hash FROM entry WHERE json_extract(content, '$.kind') = ? "
                "ORDER BY number DESC LIMIT 1",
                (kind.value,),
            ).fetchone()
            for kind in kinds
        )
        rows = [row for row in found if row is not None]
        return entry_of(max(rows, key=lambda row: row[0])) if rows else None

    def close(self) -> None:
        """Close it."""
        self.connection.close()


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, for its owner alone; root makes it for whoever owns the folder."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        folder = path.parent.stat()
        if folder.st_uid != os.geteuid():
            os.chown(path, folder.st_uid, folder.st_gid)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION:
        return
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise JournalError(None, f"{path}: is another database, not a journal of ours")
    with transaction(connection):
        for statement in (_TABLE, _BY_ORDER, _BY_KIND, REFUSE_UPDATE, _REFUSE_DELETE, _REFUSE_OTHER):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all that is done within, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
    return Head(0, GENESIS) if row is None else Head(*row)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a JournalError that carries our sentence."""
    try:
        yield
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        number = errno.ENOSPC if full else errno.EIO
        raise JournalError(number, f"the journal cannot be used ({error})", str(path)) from error
    except JournalError:
        raise
    except OSError as error:
        raise JournalError(error.errno, f"the journal cannot be opened ({error.strerror})", str(path)) from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal that somebody else may be writing. Raises JournalError."""
    if not path.is_file():
        raise JournalError(errno.ENOENT, "there is no journal yet; the first start of the server begins it", str(path))
    with explained(path):
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            found = connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
    if found != (APPLICATION,):
        connection.close()
        raise JournalError(None, "is no journal of ours", str(path))
    return connection
