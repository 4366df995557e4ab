"""What an index file promises: found again, the same for the same rules, and no altered octet goes unnoticed."""

from pathlib import Path

import pytest

from resolver.dns.name import ROOT, WireName, hierarchy_key, parse_name, present_name
from resolver.orders.index import DamagedIndexError, Index, Rule, RuleTable, build_index, store_index, write_index
from resolver.orders.model import Reach
from resolver.orders.name_table import NameTable


def rule(name: str, reach: Reach = Reach.SUBTREE, measure: int = 0, line: int = 1) -> Rule:
    return Rule(parse_name(name), reach, measure, 0, 0, line)


RULES = [
    rule("pirate.example", line=10),
    rule("www.pirate.example", Reach.EXACT, measure=1, line=11),
    rule("other.example", Reach.EXACT, line=12),
    rule("pirate.example", Reach.EXACT, measure=2, line=13),
    rule("xn--fa-hia.example", line=14),
]


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        pytest.param("pirate.example", [10, 13], id="the name itself, by both measures"),
        pytest.param("www.pirate.example", [11, 10], id="the nearest name comes first"),
        pytest.param("a.www.pirate.example", [10], id="exact does not reach below, subtree does"),
        pytest.param("other.example", [12], id="exact reaches the name"),
        pytest.param("a.other.example", [], id="and nothing below it"),
        pytest.param("example", [], id="not the parent"),
        pytest.param("notpirate.example", [], id="not a name that only ends alike"),
        pytest.param("pirate.example.com", [], id="not a name that only begins alike"),
        pytest.param(".", [], id="not the root"),
    ],
)
def test_find(asked: str, lines: list[int]) -> None:
    index = Index.read(build_index(RULES))
    assert sorted(found.line for found in index.find(parse_name(asked))) == sorted(lines)
    nearness = [len(found.name) for found in index.find(parse_name(asked))]
    assert nearness == sorted(nearness, reverse=True)


def test_a_label_that_holds_a_dot_is_not_two_labels() -> None:
    index = Index.read(build_index([rule("a.example")]))
    assert not index.find(parse_name("a\\.example"))
    assert not index.find(parse_name("b\\.a.example.com"))


@pytest.mark.parametrize("packed", [False, True], ids=["single", "packed"])
def test_an_internationalised_name_is_found_in_its_raw_form_and_counts_once(*, packed: bool) -> None:
    listed = rule("xn--fa-hia.example", line=14)
    names = NameTable.of([(hierarchy_key(listed.name), listed.line, 1)])
    table = RuleTable(names, listed.reach, listed.measure, listed.timeline, listed.file)
    index = Index.read(build_index([], [table]) if packed else build_index([listed]))
    raw = WireName(b"\x04fa\xc3\x9f\x07example\x00")
    assert index.find(raw) == index.find(WireName(b"\x03www" + raw)) == (listed,)
    assert index.find(WireName(b"\x04fa\xc3\x9e\x07example\x00")) == ()
    assert index.find(parse_name("fass.example")) == ()
    assert list(index) == [listed]
    assert len(index) == 1
    assert index.nearest(parse_name("xn--fa-hi.example"), 3) == [listed.name]
    assert index.nearest(parse_name("example"), 3) == [listed.name]


def test_an_index_without_names() -> None:
    index = Index.read(build_index([]))
    assert len(index) == 0
    assert not list(index)
    assert not index.find(parse_name("pirate.example"))
    assert not index.nearest(parse_name("pirate.example"), 3)


def test_the_root_may_be_listed() -> None:
    index = Index.read(build_index([rule(".")]))
    assert [found.name for found in index.find(parse_name("any.example"))] == [ROOT]


def test_listed_is_the_very_name() -> None:
    index = Index.read(build_index(RULES))
    assert {found.line for found in index.listed(parse_name("pirate.example"))} == {10, 13}
    assert not index.listed(parse_name("ftp.pirate.example"))


def test_written_once_whatever_the_order(tmp_path: Path) -> None:
    first = write_index(tmp_path, RULES)
    written = first.stat().st_mtime_ns
    assert write_index(tmp_path, [*reversed(RULES), RULES[0]]) == first
    assert first.stat().st_mtime_ns == written
    assert list(tmp_path.iterdir()) == [first]
    assert set(Index.open(first)) == set(RULES)
    assert first.name == f"index-{Index.open(first).digest}"


def test_rules_come_back_as_they_went_in(tmp_path: Path) -> None:
    far = Rule(parse_name("a.b.c.example"), Reach.EXACT, 2**32 - 1, 77, 65_536, 1_000_000)
    assert list(Index.open(write_index(tmp_path, [far]))) == [far]


def test_every_altered_octet_is_found_before_mapping(tmp_path: Path) -> None:
    path = write_index(tmp_path, RULES)
    sound = path.read_bytes()
    for place in range(len(sound)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        with pytest.raises(DamagedIndexError, match="index-"):
            Index.open(path)


@pytest.mark.parametrize("kept", [0, 7, 39, 64, -1], ids=["empty", "in the magic", "in the checksum", "header", "tail"])
def test_a_cut_file_is_found(tmp_path: Path, kept: int) -> None:
    path = write_index(tmp_path, RULES)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedIndexError):
        Index.open(path)


def test_another_index_under_this_name_is_found(tmp_path: Path) -> None:
    path = write_index(tmp_path, RULES)
    path.write_bytes(build_index(RULES[:1]))
    with pytest.raises(DamagedIndexError, match="altered"):
        Index.open(path)


def test_a_damaged_file_is_written_again(tmp_path: Path) -> None:
    content = build_index(RULES)
    path = store_index(tmp_path, content)
    path.write_bytes(content[:-1] + b"\xff")
    assert set(Index.open(store_index(tmp_path, content))) == set(RULES)


def test_whoever_verifies_an_index_rests_after_every_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_index(tmp_path, RULES)
    monkeypatch.setattr("resolver.orders.index.PIECE", 16)
    rests: list[int] = []
    assert set(Index.open(path, lambda: rests.append(1))) == set(RULES)
    assert len(rests) == -(-(path.stat().st_size - 40) // 16)


def test_a_removed_file_stays_mapped(tmp_path: Path) -> None:
    path = write_index(tmp_path, RULES)
    index = Index.open(path)
    path.unlink()
    assert index.find(parse_name("pirate.example"))


def test_nothing_is_left_behind_when_it_cannot_be_written(tmp_path: Path) -> None:
    content = build_index(RULES)
    taken = tmp_path / f"index-{Index.read(content).digest}"
    taken.mkdir()
    with pytest.raises(OSError, match="irectory"):
        store_index(tmp_path, content)
    assert list(tmp_path.iterdir()) == [taken]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        pytest.param("pirat.example", "pirate.example", id="a letter forgotten"),
        pytest.param("piarte.example", "pirate.example", id="letters exchanged"),
        pytest.param("pirate.exemple", "pirate.example", id="another ending"),
    ],
)
def test_nearest_finds_what_was_meant(asked: str, meant: str) -> None:
    assert present_name(Index.read(build_index(RULES)).nearest(parse_name(asked), 3)[0]) == meant


def test_nearest_begins_with_what_lies_below() -> None:
    index = Index.read(build_index([rule("www.shop.example", Reach.EXACT), rule("shoq.example")]))
    found = [present_name(name) for name in index.nearest(parse_name("shop.example"), 5)]
    assert found == ["www.shop.example", "shoq.example"]
    assert index.nearest(parse_name("shop.example"), 1) == [parse_name("www.shop.example")]


def test_nearest_finds_nothing_for_a_stranger() -> None:
    nobody: list[WireName] = []
    assert Index.read(build_index(RULES)).nearest(parse_name("qqqqqq.test"), 3) == nobody
