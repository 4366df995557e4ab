"""How the journal is read: entry by entry, as a whole or about one order, kind or stretch of time."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from resolver.proof.chain import Entry, Kind, entry_of
from resolver.proof.journal import explained

_ALL = "SELECT number, content, hash FROM entry"


def entries(
    connection: sqlite3.Connection,
    *,
    order: str | None = None,
    kinds: Sequence[Kind] = (),
    since: str | None = None,
    until: str | None = None,
) -> Iterator[Entry]:
    """Yield entries, the oldest first; ``since`` and ``until`` (not included) are ISO 8601 in UTC, as entries have it.

    With any of these, entries whose content was pruned are left out: nobody can tell what they were about. Raises
    JournalError.
    """
    wanted = {
        "json_extract(content, '$.order') = ?": [order] if order is not None else [],
        f"json_extract(content, '$.kind') IN ({', '.join('?' * len(kinds))})": [kind.value for kind in kinds],
        "json_extract(content, '$.time') >= ?": [since] if since is not None else [],
        "json_extract(content, '$.time') < ?": [until] if until is not None else [],
    }
    conditions = [condition for condition, values in wanted.items() if values]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    values = [value for each in wanted.values() for value in each]
    _, _, file = connection.execute("PRAGMA database_list").fetchone()
    with explained(Path(file)):
        yield from map(entry_of, connection.execute(f"{_ALL}{where} ORDER BY number", values))
