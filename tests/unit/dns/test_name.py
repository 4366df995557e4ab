"""Names from text to the wire and back, and what lies above and below them."""

import pytest

from resolver.dns.name import (
    ROOT,
    BadNameError,
    WireName,
    ancestors,
    hierarchy_key,
    is_within,
    labels,
    name_of_hierarchy_key,
    parse_name,
    present_name,
)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        (".", b"\x00"),
        ("fr", b"\x02fr\x00"),
        ("WWW.Example.", b"\x03www\x07example\x00"),
        (r"a\.b.c", b"\x03a.b\x01c\x00"),
        (r"a\\b", b"\x03a\\b\x00"),
        (r"\000\255\032", b"\x03\x00\xff\x20\x00"),
        (r"\0651", b"\x02a1\x00"),
        (r"a\.", b"\x02a.\x00"),
        ("a" * 63, b"\x3f" + b"a" * 63 + b"\x00"),
        (".".join(["a" * 63] * 3 + ["b" * 61]), (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\x00"),
        (".".join("a" * 127), b"\x01a" * 127 + b"\x00"),
    ],
)
def test_text_is_read_into_lower_cased_wire_form(text: str, wire: bytes) -> None:
    assert parse_name(text) == wire


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty name"),
        ("..", "empty label"),
        (".a", "empty label"),
        ("a..b", "empty label"),
        ("a..", "empty label"),
        ("a" * 64, "label longer"),
        (".".join(["a" * 63] * 3 + ["b" * 62]), "name longer"),
        (".".join("a" * 128), "name longer"),
        ("é.fr", "not ASCII"),
        ("a\\", "escapes nothing"),
        (r"a\1", "escapes nothing"),
        (r"a\12", "escapes nothing"),
        (r"a\12b", "escapes nothing"),
        (r"a\é", "escapes nothing"),
        (r"a\256", "no octet"),
        ("a\\\u0661\u0662\u0663", "escapes nothing"),
    ],
)
def test_text_that_is_no_name_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadNameError, match=reason):
        parse_name(text)


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\x00", "."),
        (b"\x03www\x07example\x00", "www.example"),
        (b"\x03a.b\x01c\x00", r"a\.b.c"),
        (b'\x07\x00\x7f\xff\x20\\"@\x00', r"\000\127\255\032\\\"\@"),
    ],
)
def test_wire_form_is_shown_with_escapes(wire: bytes, text: str) -> None:
    assert present_name(wire) == text
    assert parse_name(text) == wire


def test_a_label_holding_a_dot_is_one_label() -> None:
    assert labels(b"\x0bwww.example\x00") == [b"www.example"]
    assert labels(b"\x03www\x07example\x00") == [b"www", b"example"]
    assert labels(ROOT) == []


def test_ancestors_go_up_to_the_root() -> None:
    assert list(ancestors(parse_name("a.b.c"))) == [parse_name("a.b.c"), parse_name("b.c"), parse_name("c"), ROOT]
    assert list(ancestors(ROOT)) == [ROOT]


@pytest.mark.parametrize(
    ("name", "apex", "within"),
    [
        ("example.fr", "example.fr", True),
        ("a.b.example.fr", "example.fr", True),
        ("a.example.fr", ".", True),
        (".", ".", True),
        (".", "fr", False),
        ("evilexample.fr", "example.fr", False),
        ("fr", "example.fr", False),
        (r"www\.example.fr", "example.fr", False),
        (r"x\007example.fr", "example.fr", False),
    ],
)
def test_within_means_equal_or_below_by_whole_labels(name: str, apex: str, *, within: bool) -> None:
    assert is_within(parse_name(name), parse_name(apex)) is within


def test_a_hierarchy_key_begins_with_those_of_its_ancestors() -> None:
    name = parse_name("www.example.fr")
    assert hierarchy_key(name) == b"\x02fr\x07example\x03www"
    assert all(hierarchy_key(name).startswith(hierarchy_key(above)) for above in ancestors(name))
    assert not hierarchy_key(parse_name("examples.fr")).startswith(hierarchy_key(parse_name("example.fr")))


@pytest.mark.parametrize("text", [".", "fr", "www.example.fr", r"a\.b.c"])
def test_a_hierarchy_key_leads_back_to_its_name(text: str) -> None:
    assert name_of_hierarchy_key(hierarchy_key(parse_name(text))) == parse_name(text)


def test_lower_casing_a_whole_name_leaves_length_octets_alone() -> None:
    wire = b"".join(bytes([length]) + b"A" * length for length in (1, 26, 63)) + b"\x00"
    assert WireName(wire.lower()) == parse_name("A.{}.{}".format("A" * 26, "A" * 63))
