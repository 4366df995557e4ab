"""Who writes the journal: one thread, with a connection of its own, so that a slow disk holds up nobody else.

What must not happen unless it is journalled is recorded: durable, or refused. What happens by itself, such as the end
of an order by its date, is noted: where the disk is full it waits, in order, and is written as soon as there is room.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from resolver.proof.chain import GENESIS, Facts, Kind
from resolver.proof.journal import JOURNAL_FILE, Head, Journal, JournalError, explained
from resolver.proof.pruning import Pruned, closed_orders, prune

RETRY_SECONDS: Final = 5.0
STOP_SECONDS: Final = 5.0


class BegunAnew(NamedTuple):
    """When (ISO 8601 in UTC) and why a journal was begun without the one before it."""

    time: str
    why: str


class WriterState(NamedTuple):
    """The head of the chain, and how many entries wait because they could not be written.

    ``begun_anew`` is the last time that what was before was lost to the journal; None if that never was.
    """

    head: Head
    waiting: int
    begun_anew: BegunAnew | None = None


class LastKnown(NamedTuple):
    """What a journal says at its end.

    ``digest`` is that of the last policy that was intended and not aborted; ``wall`` is when the last entry was made
    (POSIX seconds). None where it says nothing of the kind.
    """

    digest: str | None
    wall: float | None


class _Writing(NamedTuple):
    """Entries to write; with a future they are written or refused, without one they wait until they can be."""

    entries: tuple[Facts, ...]
    outcome: "Future[Head] | None"


class _Pruning(NamedTuple):
    """Closed orders to prune: those that ended before an instant (POSIX seconds)."""

    before: float
    about: Facts
    outcome: "Future[Pruned]"


class JournalWriter:
    """Writes the journal between ``start`` and ``stop``.

    ``wrote``, ``failed`` and ``set_aside``, which hears why another journal was begun, are called by its thread.
    """

    def __init__(
        self,
        state: Path,
        wrote: Callable[[Head], None],
        failed: Callable[[JournalError], None],
        retry_seconds: float = RETRY_SECONDS,
        *,
        set_aside: Callable[[str], None],
    ) -> None:
        self._state = state
        self._wrote = wrote
        self._failed = failed
        self._retry_seconds = retry_seconds
        self._set_aside = set_aside
        self._tasks: queue.SimpleQueue[_Writing | _Pruning | None] = queue.SimpleQueue()
        self._waiting: list[Facts] = []
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._opened: Future[LastKnown] = Future()
        self._journal: Journal | None = None
        self.state = WriterState(Head(0, GENESIS), 0)

    def start(self) -> LastKnown:
        """Open the journal, and tell what it knows. Raises JournalError; it is tried again with each writing then."""
        self._thread.start()
        return self._opened.result()

    def record(self, entries: Sequence[Facts]) -> "Future[Head]":
        """Write entries, all or none; durable once the future has the head. It raises JournalError otherwise."""
        outcome: Future[Head] = Future()
        self._tasks.put(_Writing(tuple(entries), outcome))
        return outcome

    def note(self, entries: Sequence[Facts]) -> None:
        """Write entries as soon as that is possible, and before all that is recorded or noted later."""
        self._tasks.put(_Writing(tuple(entries), None))

    def prune(self, before: float, about: Facts) -> "Future[Pruned]":
        """Prune the orders that ended before an instant (POSIX seconds); the future raises JournalError otherwise."""
        outcome: Future[Pruned] = Future()
        self._tasks.put(_Pruning(before, about, outcome))
        return outcome

    def stop(self) -> None:
        """Write what waits, if that is possible now, and close the journal."""
        self._tasks.put(None)
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            self._opened.set_result(last_known(self._open()))
        except JournalError as error:
            self._opened.set_exception(error)
        while (task := self._next()) is not None:
            if isinstance(task, _Pruning):
                self._prune(task)
            else:
                self._write(task)
        self._write(_Writing((), None))
        if self._journal is not None:
            self._journal.close()

    def _next(self) -> _Writing | _Pruning | None:
        try:
            return self._tasks.get(timeout=self._retry_seconds if self._waiting else None)
        except queue.Empty:
            return _Writing((), None)

    def _open(self) -> Journal:
        if self._journal is not None and not self._journal.is_in_place():
            last = self._journal.head
            self._begin_anew(f"the file was taken away; its last entry, {last.entries}, has the hash {last.hash}")
        if self._journal is None:
            try:
                self._journal = Journal(self._state)
            except JournalError as error:
                if not is_damage(error):
                    raise
                self._begin_anew(str(error))
            assert self._journal is not None, "opened, or begun anew"
            self.state = WriterState(self._journal.head, len(self._waiting), _begun_anew(self._journal))
        return self._journal

    def _begin_anew(self, why: str) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self._journal = begin_anew(self._state, why)
        self.state = self.state._replace(begun_anew=_begun_anew(self._journal))
        self._set_aside(why)

    def _append(self, entries: Sequence[Facts]) -> Head:
        try:
            return self._open().append(entries)
        except JournalError as error:
            if not is_damage(error):
                raise
            self._begin_anew(str(error))
            return self._open().append(entries)

    def _write(self, task: _Writing) -> None:
        if task.outcome is None:
            self._waiting += task.entries
        entries = [*self._waiting, *(task.entries if task.outcome is not None else ())]
        if not entries:
            return
        try:
            head = self._append(entries)
        except JournalError as error:
            self._tell_failure(error)
            self.state = self.state._replace(waiting=len(self._waiting))
            if task.outcome is not None:
                task.outcome.set_exception(error)
            return
        self._waiting.clear()
        self._failing = False
        for each in entries:
            if each["kind"] == Kind.BEGUN_ANEW:
                self.state = self.state._replace(begun_anew=BegunAnew(each["time"], each["why"]))
        self._tell(head)
        if task.outcome is not None:
            task.outcome.set_result(head)

    def _prune(self, task: _Pruning) -> None:
        try:
            journal = self._open()
            pruned = prune(journal, list(closed_orders(journal, task.before)), task.about)
        except JournalError as error:
            task.outcome.set_exception(error)
            return
        self._tell(journal.head)
        task.outcome.set_result(pruned)

    def _tell(self, head: Head) -> None:
        self.state = self.state._replace(head=head, waiting=len(self._waiting))
        self._wrote(head)

    def _tell_failure(self, error: JournalError) -> None:
        if not self._failing:
            self._failing = True
            self._failed(error)


def now_text() -> str:
    """Write the instant as entries have it: ISO 8601 in UTC, to the microsecond, so that text compares as time does."""
    return time_text(datetime.now(UTC).timestamp())


def time_text(wall: float) -> str:
    """Write POSIX seconds as entries have it."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def open_or_begin_anew(state: Path) -> Journal:
    """Open the journal for writing; one that is damaged is set aside, under another name, and a new one says so.

    A server must go on, and un-blocking must be possible, whatever happened to a file. Raises JournalError.
    """
    try:
        return Journal(state)
    except JournalError as error:
        if not is_damage(error):
            raise
        why = str(error)
    return begin_anew(state, why)


def begin_anew(state: Path, why: str) -> Journal:
    """Set the journal aside, if there is one, and begin another that says why. Raises JournalError."""
    path = state / JOURNAL_FILE
    aside = path.with_name(f"journal-damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite")
    there = path.exists()
    with explained(path):
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    journal = Journal(state)
    journal.append(
        [{"kind": Kind.BEGUN_ANEW.value, "time": now_text(), "aside": aside.name if there else None, "why": why}]
    )
    return journal


_DAMAGE: Final = frozenset(
    {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT}
)
"""No database, a damaged one, one without our table, one that holds other entries than were written."""


def is_damage(error: JournalError) -> bool:
    """Tell whether a journal cannot be used for what it holds, rather than for want of room, time or rights."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)  # without a code: text that is not UTF-8
        return code is None or code & 0xFF in _DAMAGE
    return error.errno is None


def _begun_anew(journal: Journal) -> BegunAnew | None:
    """Find when the journal lost what was before; an entry that cannot be read tells nothing."""
    try:
        last = journal.last(Kind.BEGUN_ANEW)
        return None if last is None or last.facts is None else BegunAnew(last.facts["time"], last.facts["why"])
    except (sqlite3.Error, ValueError, LookupError, TypeError):
        return None


def last_known(journal: Journal) -> LastKnown:
    """Tell what the journal says last: of which policy, and when anything was said at all.

    Entries that were altered so that they cannot be read say nothing; `verify` finds them.
    """
    try:
        last = journal.last(Kind.INTENDED, Kind.ABORTED, Kind.BEGUN_ANEW)
        known = last.facts if last is not None else None
        digest = str(known["digest"]) if known is not None and known["kind"] == Kind.INTENDED else None
        end = journal.last(*Kind)
        when = None if end is None or end.facts is None else str(end.facts["time"])
        return LastKnown(digest, None if when is None else datetime.fromisoformat(when).timestamp())
    except (sqlite3.Error, ValueError, LookupError, TypeError):
        return LastKnown(None, None)
