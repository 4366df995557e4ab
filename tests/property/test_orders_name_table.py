"""Packed names do what plain sets of names do, and files read by the batch give what they give line by line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.dns.name import BadNameError, hierarchy_key, is_within, labels, name_of_hierarchy_key, parse_name
from resolver.orders.guard import suspects
from resolver.orders.listed_names import parse_listed
from resolver.orders.lists import read_names
from resolver.orders.model import ListedFile, ListedNames, Reach
from resolver.orders.name_table import DistinctNames, NameTable
from resolver.orders.protected import protect

LABEL = st.sampled_from(["a", "b", "ab", "b-", "www", "com", "x" * 63])
NAME = st.lists(LABEL, min_size=1, max_size=3).map(".".join).map(parse_name)
NAMES = st.frozensets(NAME, max_size=12)
LINE = st.one_of(
    st.lists(LABEL, min_size=1, max_size=5).map(".".join),
    st.sampled_from(["", "# note", "WWW.A.com.", "a.com # why", "0.0.0.0 b.com", "::1 a.com ab.com", "a b", "é.com"]),
    st.sampled_from([" a.com", "a..com", "*.a.com", "192.0.2.1", "com", "a.1", "-", "127.0.0.1\tb.com", "a.com\t"]),
)


def table(names: frozenset[bytes]) -> NameTable:
    """Pack names, with lines that tell them apart."""
    return NameTable.of((hierarchy_key(name), line, 1) for line, name in enumerate(sorted(names), 1))


@given(NAMES, NAME)
def test_a_table_finds_its_names_and_no_others(names: frozenset[bytes], asked: bytes) -> None:
    packed = table(names)
    assert {name_of_hierarchy_key(key) for key in packed} == names
    for name in {*names, asked}:
        number = packed.find(parse_name(".".join(label.decode() for label in labels(name))))
        assert (number is not None) == (name in names)
        assert number is None or packed.lines[number] == 1 + sorted(names).index(name)


@given(NAMES, NAME)
def test_children_are_the_names_one_label_below(names: frozenset[bytes], parent: bytes) -> None:
    found = {name_of_hierarchy_key(key) for key in table(names).children(hierarchy_key(parent))}
    below = {name for name in names if len(labels(name)) == len(labels(parent)) + 1}
    assert found == {name for name in below if is_within(name, parent)}  # type: ignore[arg-type]  # a name as it comes


@given(NAMES, NAMES, NAMES)
def test_what_is_missing_is_counted_as_sets_count_it(
    one: frozenset[bytes], more: frozenset[bytes], other: frozenset[bytes]
) -> None:
    names, theirs = DistinctNames([table(one), table(more)]), DistinctNames([table(other)])
    assert len(names) == len(one | more)
    assert names.missing_from(theirs) == len((one | more) - other)
    assert theirs.missing_from(names) == len(other - (one | more))
    assert set(map(name_of_hierarchy_key, table(one).without(set(map(hierarchy_key, other))))) == one - other


@given(st.lists(LINE, max_size=30))
def test_batches_give_what_single_lines_give(lines: list[str]) -> None:
    read = read_names("\n".join(lines).encode(), "n.txt")
    expected: dict[bytes, int] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[0] not in {"0.0.0.0", "::1", "127.0.0.1"}:
            continue
        for word in words[1:] or words:
            try:
                expected.setdefault(parse_listed(word), number)
            except BadNameError:
                continue
    keys = map(name_of_hierarchy_key, read.table)
    assert dict(zip(keys, read.table.lines, strict=True)) == expected


SUFFIXES = ["com", "fr", "co.uk", "github.io", "x.ck", "www.ck", "ck", "isp.example", "google.fr", "a.google.fr", "uk"]
PROTECTED = protect({parse_name("ns.isp.example"): "ours"})
FILLING = frozenset(parse_name(f"n{number}.example") for number in range(len(PROTECTED.all_above)))


@settings(deadline=None, max_examples=20)  # packs ten thousand names each time
@given(st.frozensets(st.sampled_from(SUFFIXES).map(parse_name)))
def test_of_a_long_file_all_that_is_suspect_is_looked_at(names: frozenset[bytes]) -> None:
    listed = ListedNames({}, (ListedFile("f", table(names | FILLING), Reach.SUBTREE),))
    harmless = {parse_name("a.google.fr"), parse_name("www.ck")}
    assert {entry.name for entry in suspects(listed, PROTECTED)} >= names - harmless
