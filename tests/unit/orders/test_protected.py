"""The protected names: the shipped list is sound, and what is wrong with another is said."""

from importlib.resources import files

import idna
import pytest

from resolver.dns.name import ROOT, labels, parse_name, present_name
from resolver.orders.protected import read_protected, shipped_names
from resolver.orders.public_suffixes import Section, public_suffixes, read_suffixes


def test_the_shipped_list() -> None:
    names = shipped_names()
    assert len(names) > 100
    assert {parse_name(name) for name in ("google.fr", "fr.wikipedia.org", "ovh.com")} <= names.keys()
    assert parse_name("drive.usercontent.google.com") in names
    assert all(len(why) > 3 for why in names.values())


def test_a_list_of_ones_own() -> None:
    assert read_protected("X.example: ours\nbücher.example: theirs\n".encode(), "p") == {
        parse_name("x.example"): "ours",
        parse_name("xn--bcher-kva.example"): "theirs",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- x.example", "p:1:1: must hold `name: why it is protected`, one a line"),
        ("x.example:", "p:1:11: 'x.example' has no reason: say why"),
        ("'*.x.example': a", "p:1:1: '*.x.example' is a wildcard"),
        ("a: b: c", "p:1:5: a second"),
    ],
)
def test_what_is_wrong_with_a_list(text: str, said: str) -> None:
    problems = read_protected(text.encode(), "p")
    assert isinstance(problems, tuple)
    assert str(problems[0]).startswith(said)


RULES = read_suffixes(
    "// ===BEGIN ICANN DOMAINS===\ncom\n*.ck\n!www.ck\n한국\n"
    "// ===BEGIN PRIVATE DOMAINS===\ngithub.io\ns3.x.com trailing\n"
)


@pytest.mark.parametrize(
    ("name", "section"),
    [
        (".", Section.ICANN),
        ("com", Section.ICANN),
        ("unlisted", Section.ICANN),
        ("a.ck", Section.ICANN),
        ("xn--3e0b707e", Section.ICANN),
        ("www.ck", None),
        ("a.b.ck", None),
        ("a.com", None),
        ("github.io", Section.PRIVATE),
        ("a.github.io", None),
        ("s3.x.com", Section.PRIVATE),
        ("x.com", None),
    ],
)
def test_public_suffixes(name: str, section: Section | None) -> None:
    assert RULES.section(parse_name(name)) is section


def test_names_of_the_list_are_normalised() -> None:
    written = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text(encoding="utf-8")
    rules = [line.split()[0].lstrip("!*.") for line in written.splitlines() if line and not line.startswith("//")]
    foreign = [rule for rule in rules if not rule.isascii()]
    read = read_suffixes("\n".join(foreign)).plain
    assert len(foreign) > 100
    assert read.keys() == {parse_name(idna.encode(rule, uts46=True).decode("ascii")) for rule in foreign}


def test_what_lies_above_public_suffixes() -> None:
    assert RULES.covered(parse_name("x.com")) == (parse_name("s3.x.com"), Section.PRIVATE)
    assert RULES.covered(parse_name("ck")) == (parse_name("ck"), Section.ICANN)
    assert RULES.covered(parse_name("github.io")) is None


def test_the_packaged_list_has_both_sections() -> None:
    suffixes = public_suffixes()
    assert suffixes.section(parse_name("co.uk")) is Section.ICANN
    assert suffixes.section(parse_name("github.io")) is Section.PRIVATE
    assert ROOT not in suffixes.above
    assert all(labels(name) for name in suffixes.plain)


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("example.com", "example.com"),
        ("a.b.c.example.com", "example.com"),
        ("www.example.co.uk", "example.co.uk"),
        ("x.pirate.github.io", "pirate.github.io"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("a.b.unlisted", "b.unlisted"),
        ("a.b.c.ck", "b.c.ck"),
        ("a.www.ck", "www.ck"),
        ("4.3.2.1.in-addr.arpa", "1.in-addr.arpa"),
        (".", "."),
    ],
)
def test_the_registered_domain(name: str, registered: str) -> None:
    asked = ROOT if name == "." else parse_name(name)
    assert present_name(public_suffixes().registered_domain(asked)) == registered
