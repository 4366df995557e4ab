"""How an index is made from the one before it where few names change: without taking a million others apart.

What comes of it is to the octet what `build_index` makes of the same rules.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from resolver.dns.name import hierarchy_key
from resolver.orders.index import (
    LINE_BITS,
    LINES,
    Index,
    Kind,
    Rule,
    RuleTable,
    Trie,
    assemble,
    kind_of,
    make_trie,
    placed_by_id,
)
from resolver.orders.raw_names import raw_key


class Renumbering(NamedTuple):
    """Which numbers measures and files that stay have now, by the numbers that they had; both in the same order."""

    measures: Mapping[int, int]
    files: Mapping[int, int]

    def kind(self, old: Kind) -> Kind | None:
        """Number a kind anew; None if its measure does not stay."""
        if old.measure not in self.measures:
            return None
        return old._replace(measure=self.measures[old.measure], file=self.files[old.file])


def change_index(old: Index, stays: Renumbering, rules: Sequence[Rule], tables: Sequence[RuleTable]) -> bytes:
    """Lay out the index that keeps the rules of the measures that stay, and takes on these."""
    trie, starts, words, were = old.parts
    stayed = list(map(stays.kind, were))
    kinds = tuple(sorted({*filter(None, stayed), *map(kind_of, rules), *map(kind_of, tables)}))
    numbers = {kind: number for number, kind in enumerate(kinds)}
    kept = _renumbered(words, [None if kind is None else numbers[kind] for kind in stayed])
    going = {number for number, kind in enumerate(stayed) if kind is None}
    places = [place for place, word in enumerate(words) if word >> LINE_BITS in going] if going else []

    changed = _coming(numbers, rules, tables)
    for number in {bisect_right(starts, place) - 1 for place in places}:
        changed.setdefault(trie.restore_key(number), set())
    gone = set(places)
    before = [key for key in changed if key in trie]
    for key in before:
        number = trie[key]
        changed[key].update(kept[place] for place in range(starts[number], starts[number + 1]) if place not in gone)
    raw = len(trie) - len(old) + _raw(key for key, its in changed.items() if its) - _raw(before)
    return _laid_out(old, kinds, kept, {key: sorted(its) for key, its in changed.items()}, raw)


def _renumbered(words: memoryview, numbers: Sequence[int | None]) -> "memoryview | array[int]":
    """Number the kinds of all rules anew; what becomes of those that go does not matter."""
    if all(number in {None, was} for was, number in enumerate(numbers)):
        return words
    firsts = [(number or 0) << LINE_BITS for number in numbers]
    return array("Q", [firsts[word >> LINE_BITS] | word & LINES for word in words])


def _coming(numbers: Mapping[Kind, int], rules: Iterable[Rule], tables: Iterable[RuleTable]) -> dict[bytes, set[int]]:
    """Give the rules that come by the key of their name, and of its raw form."""
    coming: dict[bytes, set[int]] = {}
    single = ((hierarchy_key(rule.name), numbers[kind_of(rule)] << LINE_BITS | rule.line) for rule in rules)
    packed = (
        (key, numbers[kind_of(table)] << LINE_BITS | line)
        for table in tables
        for key, line in zip(table.names, table.names.lines, strict=True)
    )
    for key, word in chain(single, packed):
        coming.setdefault(key, set()).add(word)
        raw = raw_key(key)
        if raw is not None:
            coming.setdefault(raw, set()).add(word)
    return coming


def _raw(keys: Iterable[bytes]) -> int:
    return sum(not key.isascii() for key in keys)


def _laid_out(
    old: Index, kinds: Sequence[Kind], kept: "memoryview | array[int]", changed: Mapping[bytes, list[int]], raw: int
) -> bytes:
    """Put what stays and what changed together, in the order of the new key ids."""
    trie, starts, words, _ = old.parts
    keys = [key for key in trie.iterkeys() if key not in changed]
    ids = array("I", map(trie.__getitem__, keys))
    counts = array("I", [starts[number + 1] - starts[number] for number in ids])
    if len(words) == len(trie):
        rules = array("Q", [kept[number] for number in ids])  # one rule each: a place is an id
    else:
        rules = array("Q", chain.from_iterable(kept[starts[number] : starts[number + 1]] for number in ids))
    for key, its in changed.items():
        if its:
            keys.append(key)
            counts.append(len(its))
            rules.extend(its)
    made = _trie_of(trie, keys, changed)
    return assemble(kinds, made, placed_by_id(array("I", map(made.__getitem__, keys)), counts, rules), raw)


def _trie_of(trie: Trie, keys: Sequence[bytes], changed: Iterable[bytes]) -> Trie:
    """Make a trie of the keys, unless this one is."""
    same = len(keys) == len(trie) and all(key in trie for key in changed)
    return trie if same else make_trie(keys)
