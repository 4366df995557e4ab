"""Files of names, long ones too: what is kept, what is told of bad lines, and how they meet what stands beside them."""

import pytest

from resolver.dns.name import name_of_hierarchy_key, parse_name, present_name
from resolver.orders.lists import FileNames, Totals, read_names
from resolver.orders.model import Reach
from tests.unit.orders.order_files import complaints, order_text, sound

FROM_FILE = "    names_file: n.txt\n"


def names_in(read: FileNames) -> list[str]:
    """List what was kept, in the order of the table."""
    return [present_name(name_of_hierarchy_key(key)) for key in read.table]


def long_file(count: int, line: str = "n{}.example") -> bytes:
    """Write so many lines."""
    return "".join(f"{line.format(number)}\n" for number in range(count)).encode()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("n.txt", long_file(9_000)),
        ("n.txt", long_file(9_000, "N{}.EXAMPLE.").replace(b"\n", b"\r\n")),
        ("n.txt", long_file(9_000, "0.0.0.0 n{}.example # why")),
        ("n.txt", b"# a list\n\n" + long_file(9_000)),
        ("n.csv", b"id;domaine\n" + long_file(9_000, '"1";n{}.example')),
    ],
    ids=["plain", "capitals, dots, CRLF", "hosts", "with a comment", "csv"],
)
def test_every_form_of_a_long_file_gives_the_same_names(file: str, content: bytes) -> None:
    read = read_names(content, file)
    assert read.totals == Totals(9_000, 0, 0, 0)
    assert names_in(read) == names_in(read_names(long_file(9_000), "n.txt"))
    number = read.table.find(parse_name("n4711.example"))
    assert number is not None
    assert content.splitlines()[read.table.lines[number] - 1][read.table.columns[number] - 1 :]


@pytest.mark.parametrize("separator", [",", " ", "é."], ids=["commas", "spaces", "no ASCII"])
def test_of_a_line_that_never_ends_only_its_beginning_is_told(separator: str) -> None:
    read = read_names(f"a.example\n{separator.join(['b.example'] * 50_000)}\n".encode(), "n.txt")
    assert read.totals == Totals(1, 0, 0, 1)
    assert max(map(len, (read.rejected[0].text, read.rejected[0].what))) < 200


def test_totals_tell_duplicates_and_covered_names_apart() -> None:
    read = read_names(b"b.example\na.b.example\nb.example\nab.example\nx.a.b.example\nhttp://c.example/\n", "n.txt")
    assert read.totals == Totals(kept=4, duplicates=1, covered=2, rejected=1)
    assert read.table.lines[read.table.find(parse_name("b.example")) or 0] == 1


@pytest.mark.parametrize(
    ("file", "content", "names", "bad_lines"),
    [
        ("n.csv", 'id;domaine\n1;c.example\n2;"a.example\nb.example"\n3;d.example\n', ["c", "d"], [3]),
        ("n.csv", "domaine;why\na.example;see also\u2028evil.example;x\n/\n", ["a"], [3]),
        ("n.csv", "domaine;why\na.example;see also\x85evil.example;x\n/\n", ["a"], [3]),
        ("n.txt", "a.example\u2028b.example\nc.example\n/\n", ["c"], [1, 3]),
        ("n.txt", "a.example\rb.example\r\n\nc.example\n/", ["a", "b", "c"], [5]),
        ("n.txt", "a.example\n\x00b.example\nc.example\x0c\n\x0c\nd\x0be.example\n", ["a", "c"], [2, 5]),
        ("n.csv", "domaine;why\na.example;\x00\nb\x1b.example;\nc.example;\n", ["a", "c"], [3]),
    ],
    ids=["two names in a cell", "a line separator in a row", "a next line in a row", "a line separator",
         "other line ends", "control characters", "control characters in rows"],
)  # fmt: skip  # a row at a glance
def test_a_line_is_what_editors_call_one(file: str, content: str, names: list[str], bad_lines: list[int]) -> None:
    read = read_names(content.encode(), file)
    assert names_in(read) == [f"{name}.example" for name in names]
    assert [rejected.line for rejected in read.rejected] == bad_lines


def test_bad_lines_are_told_up_to_a_limit_with_totals_and_refuse_the_order() -> None:
    said = complaints(order_text(names=FROM_FILE), {"n.txt": long_file(2_000) + long_file(500, "bad line {}")})
    assert said[0] == (
        "orders/n.txt:1:1: 500 lines rejected, of which 480 are not shown; 2000 names kept, 0 duplicates, "
        "0 covered by other names: correct the lines, or let the measure say `on_bad_name: skip`"
    )
    assert said[1].startswith("orders/n.txt:2001:5: a second word")
    assert len(said) == 1 + 20


def test_bad_lines_are_passed_over_where_the_measure_says_so() -> None:
    files = {"n.txt": long_file(2_000) + long_file(500, "bad line {}") + b"192.0.2.1\n"}
    measure = sound(order_text("    on_bad_name: skip\n", names=FROM_FILE), files).measures[0]
    assert len(measure.listed) == 2_000
    assert len(measure.skipped) == 21
    assert str(measure.skipped[-1]).endswith(
        "501 lines rejected, of which 481 are not shown; 2000 names kept, 0 duplicates, 0 covered by other names"
    )


LISTS = "    lists: [{id: one, file: one.txt}, {id: two, file: two.txt}, {id: three, names: [n5.example, z.example]}]\n"


def test_a_name_stands_where_it_is_listed_first_and_belongs_to_every_list_that_holds_it() -> None:
    files = {"n.txt": b"n1.example\nz.example\n", "one.txt": long_file(10), "two.txt": long_file(20)}
    names = "    names: [n7.example, N7.example]\n" + FROM_FILE + LISTS
    listed = sound(order_text(names=names), files).measures[0].listed
    assert dict(listed.counts()) == {
        (None, "one", "two"): 2,
        (None, "three"): 1,
        ("one", "two"): 7,
        ("one", "two", "three"): 1,
        ("two",): 10,
    }
    assert len(listed) == len(list(listed)) == len({entry.name for entry in listed}) == 21
    written = ("n1.example", "n5.example", "n7.example", "n15.example", "z.example")
    found = {name: listed.find(parse_name(name)) for name in written}
    assert {name: entry and (entry.place.file, entry.lists) for name, entry in found.items()} == {
        "n1.example": ("orders/n.txt", (None, "one", "two")),
        "n5.example": ("orders/one.txt", ("one", "two", "three")),
        "n7.example": ("orders/a.yaml", (None, "one", "two")),
        "n15.example": ("orders/two.txt", ("two",)),
        "z.example": ("orders/n.txt", (None, "three")),
    }


def test_a_list_that_says_a_name_twice_holds_it_once() -> None:
    lists = "    lists: [{id: one, names: [n1.example, n2.example], file: one.txt}, {id: two, names: [n2.example]}]\n"
    listed = sound(order_text(names=lists), {"one.txt": long_file(4)}).measures[0].listed
    assert dict(listed.counts()) == {("one",): 3, ("one", "two"): 1}


def test_a_name_that_reaches_further_in_a_file_than_beside_it_is_refused() -> None:
    names = "    names: [{name: n1.example, scope: exact}]\n" + FROM_FILE
    assert complaints(order_text(names=names), {"n.txt": long_file(3)}) == [
        "orders/n.txt:2:1: 'n1.example' is subtree here and exact at orders/a.yaml:8:13: keep one of the two"
    ]


def test_a_file_of_exact_names_cannot_deny_them() -> None:
    said = complaints(order_text("    scope: exact\n    action: nxdomain\n", names=FROM_FILE), {"n.txt": long_file(3)})
    assert "RFC 8020" in said[0]
    listed = sound(order_text("    scope: exact\n", names=FROM_FILE), {"n.txt": long_file(3)}).measures[0].listed
    assert {entry.reach for entry in listed} == {Reach.EXACT}
