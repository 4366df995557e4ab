"""Whether a journal is what was written: every entry unchanged, none missing, none moved.

Whoever can rewrite the file can also chain it anew from the change on. Against that there is the head: a hash that was
noted elsewhere, in a log or a report, must be found in the chain, or its end was cut off or its past rewritten.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from resolver.proof.chain import GENESIS, Kind, chained, digest_of

PROBLEMS = 20
"""How many are told; one change of a link makes two."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found; sound if there are no ``problems``. ``pruned`` counts entries whose content was deleted.

    ``at`` is the number of the entry that has the hash which was asked for.
    """

    entries: int
    pruned: int
    head: str
    at: int | None
    problems: tuple[str, ...]


def verify(connection: sqlite3.Connection, noted: str | None = None) -> Verification:
    """Follow the chain from its begin; ``noted`` is a hash, or its first digits, that must be in it."""
    walk = _Walk(noted)
    try:
        for row in connection.execute("SELECT number, content, digest, hash FROM entry ORDER BY number"):
            walk.step(*row)
    except sqlite3.DatabaseError as error:
        walk.problems.append(f"the file is damaged behind entry {walk.number}: {error}")
    walk.conclude()
    return Verification(walk.count, len(walk.empty), walk.previous, walk.at, tuple(walk.problems[:PROBLEMS]))


class _Walk:
    """One way along the chain."""

    def __init__(self, noted: str | None) -> None:
        self.noted = noted
        self.at: int | None = None
        self.number = 0
        self.count = 0
        self.previous = GENESIS
        self.empty: set[int] = set()
        self.problems: list[str] = []
        self._pruned: set[int] = set()

    def step(self, number: int, content: object, digest: str, link: str) -> None:
        """Look at the next entry."""
        if number != self.number + 1:
            self.problems.append(f"entries {self.number + 1} to {number - 1} are missing")
        if content is None:
            self.empty.add(number)
        elif not isinstance(content, str) or digest_of(content) != digest:
            self.problems.append(f"entry {number} was altered: its content does not match its checksum")
        elif f'"kind":"{Kind.PRUNED.value}"' in content:
            try:
                self._pruned.update(_pruned_by(content))
            except (ValueError, LookupError, TypeError):
                self.problems.append(f"entry {number} was altered: nothing of ours writes a pruning like that")
        if chained(number, self.previous, digest) != link:
            self.problems.append(f"entry {number} is not the one that followed entry {self.number}: hash mismatch")
        if self.noted is not None and str(link).startswith(self.noted):
            self.at = number
        self.number, self.previous = number, link
        self.count += 1

    def conclude(self) -> None:
        """Judge what only the whole shows."""
        self.problems += _unexplained(sorted(self.empty - self._pruned))
        if self.noted is not None and self.at is None and not GENESIS.startswith(self.noted):
            self.problems.append(
                f"no entry has the hash {self.noted}: the end was cut off, or the chain was written anew since"
            )


def _pruned_by(content: str) -> Iterator[int]:
    """Read which entries a pruning emptied."""
    said = json.loads(content)
    for first, last in said["entries"] if said["kind"] == Kind.PRUNED.value else ():
        yield from range(first, last + 1)


def _unexplained(numbers: Sequence[int]) -> Iterator[str]:
    for number in numbers:
        yield f"the content of entry {number} is missing, and no pruning deleted it"
