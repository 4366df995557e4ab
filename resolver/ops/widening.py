"""How it is journalled that an entry of a list stands for more than was written, because somebody decided so."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from resolver.ops.control import NoServerError, call, peer
from resolver.ops.journal_facts import fact, who_is
from resolver.ops.state_lock import StateLock
from resolver.proof.chain import Facts, Kind
from resolver.proof.writer import open_or_begin_anew

KEYS: Final = ("order", "measure", "file", "line", "text", "name", "why")
"""What is said of a widened entry."""


def widened_facts(entries: object, who: Mapping[str, object]) -> list[Facts] | None:
    """Make journal entries of what somebody says was widened; None if that is not said as it must be."""
    if not isinstance(entries, list) or not entries:
        return None
    if not all(isinstance(each, dict) and set(each) == set(KEYS) for each in entries):
        return None
    return [fact(Kind.WIDENED, who, **each) for each in entries]


def journal_widened(state: Path, entries: Sequence[Mapping[str, object]]) -> str | None:
    """Have the running server journal it, or do it where none runs; a sentence if that cannot be done.

    Raises ControlError, StateError, JournalError.
    """
    try:
        answer = call(state, "widened", entries=list(entries))
    except NoServerError:
        lock = StateLock(state)
        try:
            journal = open_or_begin_anew(state)
            journal.append(widened_facts(list(entries), who_is(peer(os.getuid()))) or ())
            journal.close()
        finally:
            lock.release()
        return None
    return None if answer.get("ok") else str(answer.get("why"))
