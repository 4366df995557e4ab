"""Where every listed name stands: one immutable file, mapped by every worker, that finds all listed names above a name.

    offset 0   magic, 8 octets; names the version and the byte order
           8   SHA-256 of everything after it
          40   three 64-bit numbers: octets of the trie, keys, rules
          64   the trie (marisa) of hierarchy keys, padded to 8 octets
               for each key id, and once more at the end, the number of its first rule: 32 bits each
               the rules, sorted by key id: measure, timeline, file, line (32 bits each), reach (one octet)

A hierarchy key holds the labels from the root down, so the listed names above a name are exactly the keys that begin
its key. The checksum is verified before anything is mapped, since a flipped bit in a trie is followed into the void.
"""

import difflib
import hashlib
import mmap
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import marisa_trie

from resolver.dns.name import WireName, hierarchy_key, name_of_hierarchy_key, present_name
from resolver.orders.model import Reach
from resolver.orders.whole_file import write_whole

MAGIC = b"ARRET-1" + sys.byteorder[:1].encode()
_SIZES = struct.Struct("=QQQ")
_RECORD = struct.Struct("=IIIIB")
_BODY = len(MAGIC) + hashlib.sha256().digest_size
_TRIE = _BODY + _SIZES.size
_REACHES = (Reach.EXACT, Reach.SUBTREE)
_LIKENESS_SAMPLE = 20_000


class DamagedIndexError(Exception):
    """The file is no index, or no longer the one that was written; the message names it."""


class Rule(NamedTuple):
    """One listed name, how far it reaches, whose it is, and where it was written.

    ``measure`` and ``file`` are numbers in the policy's tables. ``timeline`` is 0 for a name that its measure lists
    itself, and the number of the list within the measure otherwise.
    """

    name: WireName
    reach: Reach
    measure: int
    timeline: int
    file: int
    line: int


class Index:
    """Every name that any order lists, in force or not, with its rules. Never changes once it is opened."""

    __slots__ = ("_content", "_records", "_starts", "_trie", "digest", "listed_above")

    def __init__(self, content: bytes | mmap.mmap, origin: str) -> None:
        """Map content whose checksum was verified; ``origin`` names it in errors. Raises DamagedIndexError."""
        view = memoryview(content)
        trie_size, keys, rules = _SIZES.unpack_from(view, _BODY)
        starts = _TRIE + _padded(trie_size)
        records = starts + 4 * (keys + 1)
        if len(view) != records + _RECORD.size * rules:
            raise DamagedIndexError(f"{origin}: its size does not match its header")
        self._content = content  # the trie borrows these octets without holding them
        self._trie = marisa_trie.BinaryTrie()
        self._trie.map(view[_TRIE : _TRIE + trie_size])
        self._starts = view[starts:records].cast("I")
        self._records = view[records:]
        self.digest = view[len(MAGIC) : _BODY].hex()
        self.listed_above = self._trie.prefixes
        """Hierarchy key -> the listed keys that begin it, shortest first; straight to the trie, for the query path."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Verify a file that `store_index` wrote, then map it. Raises DamagedIndexError, OSError."""
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise DamagedIndexError(f"{path}: not an index that this version reads")
            expected = file.read(_BODY - len(MAGIC))
            if hashlib.file_digest(file, "sha256").digest() != expected or path.name != index_name(expected.hex()):
                raise DamagedIndexError(f"{path}: its checksum does not match; it was altered after it was written")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), str(path))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Use what `build_index` returned without writing it anywhere."""
        return cls(content, "index")

    def __len__(self) -> int:
        """Count the listed names."""
        return len(self._trie)

    def __iter__(self) -> Iterator[Rule]:
        """Yield every rule, name by name, parents before what lies below them."""
        for key in self._trie.iterkeys():
            yield from self._rules_at(key, name_of_hierarchy_key(key))

    def find(self, name: WireName) -> tuple[Rule, ...]:
        """Find every rule that covers the name, the nearest listed name first."""
        key = hierarchy_key(name)
        return tuple(
            rule
            for above in reversed(self.listed_above(key))
            for rule in self._rules_at(above, WireName(name[len(key) - len(above) :]))
            if rule.reach is Reach.SUBTREE or len(above) == len(key)
        )

    def listed(self, name: WireName) -> tuple[Rule, ...]:
        """Find the rules that list this very name."""
        key = hierarchy_key(name)
        return self._rules_at(key, name) if key in self._trie else ()

    def nearest(self, name: WireName, count: int) -> list[WireName]:
        """Find at most ``count`` listed names that somebody who asks for this one may have meant.

        First those below it; then those that are spelt alike, among all names of a small index, and among those
        below the same parent of a big one. A bounded sample is looked at, so that a million names cost no more.
        """
        key = hierarchy_key(name)
        below: Iterator[bytes] = islice(self._trie.iterkeys(key), count) if key else iter(())
        found: list[WireName] = [name_of_hierarchy_key(listed) for listed in below]
        parent = b"" if len(self) <= _LIKENESS_SAMPLE else _parent(key)
        sample = map(name_of_hierarchy_key, islice(self._trie.iterkeys(parent), _LIKENESS_SAMPLE))
        spelt: dict[str, WireName] = {present_name(listed): listed for listed in sample}
        alike = difflib.get_close_matches(present_name(name), spelt, max(count, 1), 0.75)
        found += [spelt[text] for text in alike if spelt[text] not in found]
        return found[:count]

    def _rules_at(self, key: bytes, name: WireName) -> tuple[Rule, ...]:
        number = self._trie[key]
        return tuple(self._rule(name, place) for place in range(self._starts[number], self._starts[number + 1]))

    def _rule(self, name: WireName, place: int) -> Rule:
        measure, timeline, file, line, reach = _RECORD.unpack_from(self._records, place * _RECORD.size)
        return Rule(name, _REACHES[reach], measure, timeline, file, line)


def index_name(digest: str) -> str:
    """Name the file of an index by the hexadecimal SHA-256 that stands in it."""
    return f"index-{digest}"


def build_index(rules: Iterable[Rule]) -> bytes:
    """Lay out an index. The order of the rules does not matter: the same rules give the same octets."""
    entries = sorted({hierarchy_key(rule.name) + _record(rule) for rule in rules})
    trie = marisa_trie.BinaryTrie(entry[: -_RECORD.size] for entry in entries)
    key_ids = array("I", (trie[entry[: -_RECORD.size]] for entry in entries))
    octets = trie.tobytes()
    body = b"".join(
        (
            _SIZES.pack(len(octets), len(trie), len(entries)),
            octets.ljust(_padded(len(octets)), b"\x00"),
            *_placed(entries, key_ids, len(trie)),
        )
    )
    return MAGIC + hashlib.sha256(body).digest() + body


def _record(rule: Rule) -> bytes:
    return _RECORD.pack(rule.measure, rule.timeline, rule.file, rule.line, rule.reach is Reach.SUBTREE)


def _placed(entries: list[bytes], key_ids: "array[int]", keys: int) -> "tuple[array[int], bytearray]":
    """Sort the records by key id without comparing: count how many each key has, then put each in its place."""
    starts = array("I", bytes(4 * (keys + 1)))
    for key_id in key_ids:
        starts[key_id + 1] += 1
    for number in range(keys):
        starts[number + 1] += starts[number]
    size = _RECORD.size
    records = bytearray(size * len(entries))
    free = starts[:]
    for key_id, entry in zip(key_ids, entries, strict=True):
        place = free[key_id] * size
        records[place : place + size] = entry[-size:]
        free[key_id] += 1
    return starts, records


def store_index(folder: Path, content: bytes) -> Path:
    """Write what `build_index` returned under the name of its content, whole or not at all. Raises OSError.

    The same content is not written twice.
    """
    path = folder / index_name(content[len(MAGIC) : _BODY].hex())
    if not _holds(path, content):
        write_whole(path, content)
    return path


def write_index(folder: Path, rules: Iterable[Rule]) -> Path:
    """Build an index and store it. Raises OSError."""
    return store_index(folder, build_index(rules))


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _parent(key: bytes) -> bytes:
    position = last = 0
    while position < len(key):
        last = position
        position += 1 + key[position]
    return key[:last]


def _padded(size: int) -> int:
    return -(-size // 8) * 8
