"""A listed internationalised name has a form in raw UTF-8, and what only looks like an A-label has none."""

import pytest

from resolver.dns.name import hierarchy_key
from resolver.orders.listed_names import parse_listed
from resolver.orders.raw_names import listed_name, raw_key


@pytest.mark.parametrize(
    ("listed", "raw"),
    [
        ("bücher.example", ["example", "bücher"]),
        ("xn--bcher-kva.example", ["example", "bücher"]),
        ("BU\u0308CHER.example", ["example", "bücher"]),
        ("straße.example", ["example", "straße"]),
        ("www.почта.рф", ["рф", "почта", "www"]),
    ],
)
def test_there_and_back(listed: str, raw: list[str]) -> None:
    name = parse_listed(listed)
    key = raw_key(hierarchy_key(name))

    assert key == b"".join(bytes((len(label.encode()),)) + label.encode() for label in raw)
    assert listed_name(key) == name


@pytest.mark.parametrize(
    "listed",
    [
        "bucher.example",
        "x-xn--bcher-kva.example",
        "xn--abc-.example",
        "xn--99999999.example",
        "xn--" + "bu\u0308cher".encode("punycode").decode() + ".example",
        "xn--bcher-kva.xn--99999999.example",
        "ü" * 40 + ".example",
        ".".join(["é" * 31] * 5 + ["example"]),
    ],
    ids=["plain", "inside", "ascii", "undecodable", "not-normalised", "one-of-two", "long-label", "long-name"],
)
def test_what_has_no_raw_form(listed: str) -> None:
    assert raw_key(hierarchy_key(parse_listed(listed))) is None
