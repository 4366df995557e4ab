"""Where every listed name stands: one immutable file, mapped by every worker, that finds all listed names above a name.

    offset 0   magic, 8 octets; names the version and the byte order
           8   SHA-256 of everything after it
          40   five 64-bit numbers: octets of the trie, keys, rules, kinds, names
          80   the trie (marisa) of hierarchy keys, padded to 8 octets
               the rules, sorted by key id: the number of the kind above the line in the file (64 bits each)
               for each key id, and once more at the end, the number of its first rule (32 bits each)
               the kinds: measure, timeline, file, reach (32 bits each)

A hierarchy key holds the labels from the root down, so the listed names above a name are exactly the keys that begin
its key. An internationalised name has a second key for its raw form (raw_names.py), with the same rules; it counts
once. A kind is what the rules of one list of one measure share. The checksum is verified before anything is mapped,
since a flipped bit in a trie is followed into the void.
"""

import difflib
import hashlib
import mmap
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import accumulate, chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias

import marisa_trie

from resolver.dns.name import WireName, hierarchy_key, name_of_hierarchy_key, parent_key, present_name
from resolver.orders.large_file import PIECE, holds
from resolver.orders.model import Reach
from resolver.orders.name_table import NameTable
from resolver.orders.raw_names import A_LABEL, listed_name, raw_key
from resolver.orders.whole_file import write_whole

MAGIC = b"ARRET-3" + sys.byteorder[:1].encode()
_SIZES = struct.Struct("=QQQQQ")
_KIND = struct.Struct("=IIII")
_RULE_SIZE = 8
LINE_BITS = 32
LINES = 2**LINE_BITS - 1
_BODY = len(MAGIC) + hashlib.sha256().digest_size
_TRIE = _BODY + _SIZES.size
_REACHES = (Reach.EXACT, Reach.SUBTREE)
_LIKENESS_SAMPLE = 20_000
_ALIKE = 0.75
"""How much of two names must be the same, as difflib counts it."""
_TRIES = 1
"""One level of tries is a third larger than marisa's three, and built and walked in half the time."""


Trie: TypeAlias = marisa_trie.BinaryTrie


class DamagedIndexError(Exception):
    """The file is no index, or no longer the one that was written; the message names it."""


class Rule(NamedTuple):
    """One listed name, how far it reaches, whose it is, and where it was written.

    ``measure`` and ``file`` are numbers in the policy's tables. ``timeline`` is 0 for a name that its measure lists
    itself, the number of the list within the measure for one that a list holds, and above for one that several do.
    """

    name: WireName
    reach: Reach
    measure: int
    timeline: int
    file: int
    line: int


class RuleTable(NamedTuple):
    """Rules of names of one measure that the same lists hold, packed; the other fields are those of `Rule`."""

    names: NameTable
    reach: Reach
    measure: int
    timeline: int
    file: int


class Kind(NamedTuple):
    """What the rules of one list of one measure have in common."""

    measure: int
    timeline: int
    file: int
    reach: Reach


class Index:
    """Every name that any order lists, in force or not, with its rules. Never changes once it is opened."""

    __slots__ = ("_content", "_kinds", "_names", "_rules", "_starts", "_trie", "digest", "listed_above",
                 "listed_below")  # fmt: skip  # two lines, not nine

    def __init__(self, content: bytes | mmap.mmap, origin: str) -> None:
        """Map content whose checksum was verified; ``origin`` names it in errors. Raises DamagedIndexError."""
        view = memoryview(content)
        trie_size, keys, rules, kinds, self._names = _SIZES.unpack_from(view, _BODY)
        at_rules = _TRIE + _padded(trie_size)
        at_starts = at_rules + _RULE_SIZE * rules
        at_kinds = at_starts + 4 * (keys + 1)
        if len(view) != at_kinds + _KIND.size * kinds:
            raise DamagedIndexError(f"{origin}: its size does not match its header")
        self._content = content  # the trie borrows these octets without holding them
        self._trie = marisa_trie.BinaryTrie()
        self._trie.map(view[_TRIE : _TRIE + trie_size])
        self._rules = view[at_rules:at_starts].cast("Q")
        self._starts = view[at_starts:at_kinds].cast("I")
        self._kinds = tuple(
            Kind(measure, timeline, file, _REACHES[reach])
            for measure, timeline, file, reach in _KIND.iter_unpack(view[at_kinds:])
        )
        self.digest = view[len(MAGIC) : _BODY].hex()
        self.listed_above = self._trie.prefixes
        """Hierarchy key -> the listed keys that begin it, shortest first; straight to the trie, for the query path."""
        self.listed_below = self._trie.iterkeys
        """Hierarchy key -> the listed keys that it begins, itself included; as straight."""

    @classmethod
    def open(cls, path: Path, rest: Callable[[], None] = lambda: None) -> Self:
        """Verify a file that `store_index` wrote, then map it. Raises DamagedIndexError, OSError.

        ``rest`` is called after every piece that was read.
        """
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise DamagedIndexError(f"{path}: not an index that this version reads")
            expected = file.read(_BODY - len(MAGIC))
            body = hashlib.sha256()
            while piece := file.read(PIECE):
                body.update(piece)
                rest()
            if body.digest() != expected or path.name != index_name(expected.hex()):
                raise DamagedIndexError(f"{path}: its checksum does not match; it was altered after it was written")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), str(path))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Use what `build_index` returned without writing it anywhere."""
        return cls(content, "index")

    @property
    def content(self) -> bytes | mmap.mmap:
        """The octets that `store_index` writes."""
        return self._content

    @property
    def parts(self) -> "tuple[marisa_trie.BinaryTrie, memoryview, memoryview, tuple[Kind, ...]]":
        """Trie, where the rules of each key id begin, rules by key id, and kinds: to make another index of them."""
        return self._trie, self._starts, self._rules, self._kinds

    def __len__(self) -> int:
        """Count the listed names."""
        return int(self._names)

    def __iter__(self) -> Iterator[Rule]:
        """Yield every rule, name by name, parents before what lies below them."""
        for key in filter(bytes.isascii, self._trie.iterkeys()):
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
        found: list[WireName] = [name_of_hierarchy_key(listed) for listed in below if listed.isascii()]
        parent = b"" if len(self) <= _LIKENESS_SAMPLE else parent_key(key)
        near = filter(bytes.isascii, self._trie.iterkeys(parent))
        sample = map(name_of_hierarchy_key, islice(near, _LIKENESS_SAMPLE))
        # lengths alone rule most of them out, and cost a tenth of what difflib takes to see that
        about = range(int(_ALIKE / (2 - _ALIKE) * len(name)), int((2 - _ALIKE) / _ALIKE * len(name)) + 2)
        spelt: dict[str, WireName] = {present_name(listed): listed for listed in sample if len(listed) in about}
        alike = difflib.get_close_matches(present_name(name), spelt, max(count, 1), _ALIKE)
        found += [spelt[text] for text in alike if spelt[text] not in found]
        return found[:count]

    def _rules_at(self, key: bytes, name: WireName) -> tuple[Rule, ...]:
        number = self._trie[key]
        if not key.isascii():
            name = listed_name(key)
        return tuple(self._rule(name, place) for place in range(self._starts[number], self._starts[number + 1]))

    def _rule(self, name: WireName, place: int) -> Rule:
        rule = self._rules[place]
        measure, timeline, file, reach = self._kinds[rule >> LINE_BITS]
        return Rule(name, reach, measure, timeline, file, rule & LINES)


def index_name(digest: str) -> str:
    """Name the file of an index by the hexadecimal SHA-256 that stands in it."""
    return f"index-{digest}"


Advance = Callable[[int, int], None]
"""Takes how many rules are laid out, and of how many."""


def build_index(
    rules: Iterable[Rule], tables: Iterable[RuleTable] = (), advance: Advance = lambda _done, _of: None
) -> bytes:
    """Lay out an index. The order of the rules does not matter: the same rules give the same octets.

    What is packed stays packed: the names are walked twice, in their order, and never held all at once.
    """
    plan = _plan(rules, tables)
    trie = make_trie(plan.keys())
    laid_out, counts = array("Q"), array("I")  # later than the trie, whose making takes the most memory
    ids = array("I", map(trie.__getitem__, plan.walk(laid_out, counts, advance)))
    return assemble(plan.kinds, trie, placed_by_id(ids, counts, laid_out), plan.raw)


def make_trie(keys: Iterable[bytes]) -> Trie:
    """Make the trie of some keys, in whatever order they come."""
    return marisa_trie.BinaryTrie(keys, num_tries=_TRIES)


def assemble(kinds: Sequence[Kind], trie: Trie, placed: "tuple[array[int], array[int]]", raw: int) -> bytes:
    """Put the parts of an index together: ``placed`` is where the rules of each key id begin, and all rules by key id.

    ``raw`` counts the keys that are raw forms.
    """
    starts, packed = placed
    octets = trie.tobytes()
    body = hashlib.sha256()
    parts = [
        _SIZES.pack(len(octets), len(trie), len(packed), len(kinds), len(trie) - raw),
        octets.ljust(_padded(len(octets)), b"\x00"),
        packed.tobytes(),
        starts.tobytes(),
        b"".join(_KIND.pack(*kind[:3], kind.reach is Reach.SUBTREE) for kind in kinds),
    ]
    for part in parts:
        body.update(part)
    return b"".join((MAGIC, body.digest(), *parts))


class _Plan(NamedTuple):
    """What is to be laid out: kinds by number, single rules by key, and long tables with the numbers of their kinds.

    ``raw`` counts the keys among the single rules that are raw forms.
    """

    kinds: tuple[Kind, ...]
    single: list[tuple[bytes, int]]
    tables: list[tuple[int, NameTable]]
    raw: int

    def walk(self, rules: "array[int]", counts: "array[int]", advance: Advance) -> Iterator[bytes]:
        """Yield each key once, in order; adds its rules, and how many these are, when the next one is asked for."""
        streams = [_packed_rules(kind, names) for kind, names in self.tables]
        streams += [iter(self.single)] * bool(self.single)
        of = len(self.single) + sum(len(names) for _, names in self.tables)
        last: bytes | None = None
        for done, (key, rule) in enumerate(streams[0] if len(streams) == 1 else merge(*streams)):
            if key != last:
                yield key
                last = key
                rules.append(rule)
                counts.append(1)
            elif rule != rules[-1]:
                rules.append(rule)
                counts[-1] += 1
            if not done & _SELDOM:
                advance(done, of)

    def keys(self) -> Iterator[bytes]:
        """Yield each key once, in order."""
        streams: list[Iterable[bytes]] = [names for _, names in self.tables]
        streams += [map(itemgetter(0), self.single)] * bool(self.single)
        return (key for key, _ in groupby(merge(*streams))) if len(streams) > 1 or self.single else chain(*streams)


_SELDOM = 2**16 - 1
_SHORT = 4_096
"""Tables shorter than this are taken apart and sorted: merging ten thousand of them would take longer."""


def _plan(rules: Iterable[Rule], tables: Iterable[RuleTable]) -> _Plan:
    """Number the kinds in an order of their own, so that the order of what is given leaves no trace."""
    listed, packed = list(rules), list(tables)
    kinds = tuple(sorted({*map(kind_of, listed), *map(kind_of, packed)}))
    numbers = {kind: number for number, kind in enumerate(kinds)}
    single = [(hierarchy_key(rule.name), numbers[kind_of(rule)] << LINE_BITS | rule.line) for rule in listed]
    numbered = [(numbers[kind_of(table)], table.names) for table in packed]
    raw = _raw_rules(single, numbered)
    for kind, names in numbered:
        single += _packed_rules(kind, names) if len(names) < _SHORT else ()
    long = [(kind, names) for kind, names in numbered if len(names) >= _SHORT]
    return _Plan(kinds, sorted(single + raw), long, len({key for key, _ in raw}))


def _raw_rules(single: list[tuple[bytes, int]], tables: list[tuple[int, NameTable]]) -> list[tuple[bytes, int]]:
    """Make the rules of internationalised names once more, for their raw forms."""
    streams = [_packed_rules(kind, names) for kind, names in tables if names.holds(A_LABEL)]
    return [(raw, rule) for key, rule in chain(single, *streams) if (raw := raw_key(key)) is not None]


def kind_of(of: Rule | RuleTable) -> Kind:
    return Kind(of.measure, of.timeline, of.file, of.reach)


def _packed_rules(kind: int, names: NameTable) -> Iterator[tuple[bytes, int]]:
    first = kind << LINE_BITS
    return zip(names, (first | line for line in names.lines), strict=True)


def placed_by_id(ids: "array[int]", counts: "array[int]", rules: "array[int]") -> "tuple[array[int], array[int]]":
    """Put the rules of each key where its id says, without comparing; gives where each key's begin, and the rules."""
    starts = array("I", bytes(4 * (len(ids) + 1)))
    for key_id, count in zip(ids, counts, strict=True):
        starts[key_id + 1] = count
    starts = array("I", accumulate(starts))
    placed = array("Q", bytes(_RULE_SIZE * len(rules)))
    taken = 0
    for key_id, count in zip(ids, counts, strict=True):
        first = starts[key_id]
        if count == 1:
            placed[first] = rules[taken]
        else:
            placed[first : first + count] = rules[taken : taken + count]
        taken += count
    return starts, placed


def store_index(folder: Path, content: bytes | mmap.mmap) -> Path:
    """Write what `build_index` returned under the name of its content, whole or not at all. Raises OSError.

    The same content is not written twice.
    """
    path = folder / index_name(content[len(MAGIC) : _BODY].hex())
    if not holds(path, memoryview(content)):
        write_whole(path, content)
    return path


def write_index(folder: Path, rules: Iterable[Rule]) -> Path:
    """Build an index and store it. Raises OSError."""
    return store_index(folder, build_index(rules))


def _padded(size: int) -> int:
    return -(-size // 8) * 8
