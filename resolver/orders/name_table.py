"""How a million names fit into a fortieth of the memory that as many objects take: sorted, packed, found by bisection.

The names stand as hierarchy keys, in the order of their octets, with an octet 0 between them: no key of a listed name
holds one, since its length octets count from one and a host name has no such character. What lies below a name
therefore stands right behind it, and two tables are compared by reading them side by side.

A table may lie in a file that is mapped. Then what was walked over is given back, so that one that others are only
compared with takes next to no memory.
"""

import mmap
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeAlias

from resolver.dns.name import WireName, hierarchy_key

_SEPARATOR: Final = b"\x00"
_BLOCK: Final = 4_096
"""Octets between two keys that are remembered with their position; a search looks through one such block."""
_BATCH: Final = 1 << 18
"""Octets that are taken apart at once, so that a walk over all names holds few of them."""
_AFTER: Final = b"\xff"
"""Sorts behind every octet of a key."""

Packed: TypeAlias = bytes | mmap.mmap
Places: TypeAlias = "array[int] | memoryview"
"""Numbers of 32 bits."""


class NameTable:
    """Distinct names, each with the line and the column (from 1) where it stands in a file. Never changes."""

    __slots__ = ("_columns", "_digest", "_lines", "_marks", "_packed", "_positions", "_ranks")

    def __init__(self, packed: Packed, lines: Places, columns: Places) -> None:
        """Take over keys that are sorted, distinct and packed, with as many lines and columns."""
        self._packed = packed
        self._lines = lines
        self._columns = columns
        self._digest: str | None = None
        self._marks: list[bytes] = []
        self._positions: list[int] = []
        self._ranks: list[int] = []

    @classmethod
    def of(cls, placed: "Iterable[tuple[bytes, int, int]]") -> "NameTable":
        """Make a table from hierarchy keys with line and column, in any order; of equal keys the first place stays."""
        chosen = [next(group) for _, group in groupby(sorted(placed), key=itemgetter(0))]
        lines, columns = array("I", (line for _, line, _ in chosen)), array("I", (column for *_, column in chosen))
        return cls(_SEPARATOR.join(key for key, _, _ in chosen), lines, columns)

    @property
    def packed(self) -> Packed:
        """The keys, as they are kept in a file."""
        return self._packed

    @property
    def lines(self) -> Places:
        """The line of each name, in the order of the keys."""
        return self._lines

    @property
    def columns(self) -> Places:
        """The column of each name, in the order of the keys."""
        return self._columns

    @property
    def digest(self) -> str:
        """The SHA-256 of names and lines, which are all that an index takes from here."""
        if self._digest is None:
            content = sha256(self._packed)
            content.update(_SEPARATOR + self._lines.tobytes())
            self._digest = content.hexdigest()
            self._give_back()
        return self._digest

    def __eq__(self, other: object) -> bool:
        """Tell whether another table holds the same names, from the same lines."""
        return self is other or (isinstance(other, NameTable) and self.digest == other.digest)

    def __hash__(self) -> int:
        """Equal tables have one hash."""
        return hash(self.digest)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._lines)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the hierarchy keys in their order."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[bytes]]:
        """Yield the hierarchy keys in their order, some thousand at a time."""
        position, end = 0, len(self._packed)
        while position < end:
            cut = self._packed.find(_SEPARATOR, position + _BATCH)
            cut = end if cut < 0 else cut
            yield self._packed[position:cut].split(_SEPARATOR)
            position = cut + 1
            self._give_back()

    def find(self, name: WireName) -> int | None:
        """Tell which of the names this is, counted from 0; None if it is none of them."""
        key = hierarchy_key(name)
        mark = bisect_right(self._marked(), key) - 1
        if mark < 0:
            return None
        start = self._positions[mark]
        if self._marks[mark] == key:
            return self._ranks[mark]
        end = self._end(mark)
        # Straight through the octets: ten thousand protected names are looked for at each start.
        block = self._packed[start : end + 1]
        position = block.find(_SEPARATOR + key + _SEPARATOR)
        if position < 0 and not block.endswith(_SEPARATOR + key):
            return None
        at = position + 1 if position >= 0 else len(block) - len(key)
        return self._ranks[mark] + block.count(_SEPARATOR, 0, at)

    def children(self, parent: bytes) -> Iterator[bytes]:
        """Yield the keys of names one label below another (given as a key), without looking at those further below."""
        number, key = self._from(parent + b"\x01")
        while number < len(self) and key.startswith(parent):
            label = key[: len(parent) + 1 + key[len(parent)]]
            if key == label:
                yield key
            number, key = self._from(label + _AFTER)

    def without(self, keys: "set[bytes]") -> "NameTable":
        """Make a table that lacks some names."""
        walk = zip(self, self._lines, self._columns, strict=True)
        return NameTable.of(entry for entry in walk if entry[0] not in keys)

    def only(self, keys: "set[bytes]") -> "NameTable":
        """Make a table of some of the names."""
        walk = zip(self, self._lines, self._columns, strict=True)
        return NameTable.of(entry for entry in walk if entry[0] in keys)

    def _from(self, key: bytes) -> tuple[int, bytes]:
        """Find the first key that does not sort before this one, and its number; the count and b"" if there is none."""
        marks = self._marked()
        mark = bisect_right(marks, key) - 1
        for each in range(max(mark, 0), len(marks)):
            block = self._packed[self._positions[each] : self._end(each)].split(_SEPARATOR)
            if key <= block[-1]:
                at = bisect_left(block, key)
                return self._ranks[each] + at, block[at]
        return len(self), b""

    def _end(self, mark: int) -> int:
        """Tell where the last key of the block that begins at a mark ends."""
        return self._positions[mark + 1] - 1 if mark + 1 < len(self._marks) else len(self._packed)

    def _marked(self) -> list[bytes]:
        """Note, at the first search, every so many octets which key begins there, and how many stand before it."""
        position = rank = 0
        more = bool(self._lines) and not self._marks
        while more:
            end = self._packed.find(_SEPARATOR, position)
            self._marks.append(self._packed[position : end if end >= 0 else None])
            self._positions.append(position)
            self._ranks.append(rank)
            following = self._packed.find(_SEPARATOR, position + _BLOCK) + 1
            rank += self._packed[position:following].count(_SEPARATOR)
            position = following
            more = following > 0
            if not more:
                self._give_back()
        return self._marks

    def holds(self, octets: bytes) -> bool:
        """Tell whether these octets stand anywhere within the keys."""
        pieces = range(0, len(self._packed), _BATCH)
        return any(octets in self._packed[start : start + _BATCH + len(octets)] for start in pieces)

    def _give_back(self) -> None:
        """Let the pages go that a mapping read in; who reads on gets them again."""
        if isinstance(self._packed, mmap.mmap):
            self._packed.madvise(mmap.MADV_DONTNEED)


class DistinctNames:
    """All names that several tables hold, each once."""

    __slots__ = ("_count", "_made", "_tables_to_make")

    def __init__(self, tables: Iterable[NameTable], count: int = -1) -> None:
        """Take tables, from which nothing is drawn before it is needed; ``count`` is how many names these hold."""
        self._tables_to_make = tables
        self._made: tuple[NameTable, ...] | None = None
        self._count = count

    @property
    def _tables(self) -> tuple[NameTable, ...]:
        if self._made is None:
            self._made = tuple(table for table in self._tables_to_make if len(table))
            self._tables_to_make = ()
        return self._made

    @classmethod
    def of(cls, names: Iterable[WireName]) -> "DistinctNames":
        """Hold names that stand in no table."""
        return cls([NameTable.of((hierarchy_key(name), 0, 0) for name in names)])

    def __len__(self) -> int:
        """Count the names."""
        if self._count < 0:
            self._count = len(self._tables[0]) if len(self._tables) == 1 else sum(1 for _ in self)
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        """Yield the hierarchy keys in their order."""
        if len(self._tables) == 1:
            return iter(self._tables[0])
        return (key for key, _ in groupby(merge(*self._tables)))

    def missing_from(self, other: "DistinctNames") -> int:
        """Count the names here that the other does not hold."""
        if self.digests == other.digests:
            return 0
        theirs = iter(other)
        their = next(theirs, _AFTER)
        missing = 0
        for key in self:
            while their < key:
                their = next(theirs, _AFTER)
            missing += their != key
        return missing

    @property
    def digests(self) -> list[str]:
        """The digests of the tables, in an order that depends on nothing else."""
        return sorted(table.digest for table in self._tables)
