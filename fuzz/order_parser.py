"""Whatever stands in an order file: an order, or problems with their places, and never anything raised.

Octets behind a NUL octet are the list file that the order may name.
"""

from pathlib import Path
from typing import Final

from resolver.orders.guard import refusals
from resolver.orders.model import Order, Problem
from resolver.orders.parse import parse_order
from resolver.orders.protected import Protected, protect

SHIPPED: Final = Path(__file__).parents[1] / "blocklists/tgi-paris-2013-11-28-allostreaming.yaml"
SHORT: Final = b"""\
order: a-1
authority: A court
case_number: RG 1
decided: 2026-01-31
measures:
  - id: block
    kind: dns-block
    addressees: [{name: A, siren: "123456789", served: 2026-02-01}, Free]
    comply_within: 15 days
    period: {lasts: P12M, from: implementation, at_most: 2028-01-31}
    scope: exact
    action: nodata
    names: [x.example, {name: "*.y.example", scope: subtree}, "https://z.example/"]
    names_file: n.csv
    cannot_enforce: [{as_written: "https://host.example/x/", why: url}]
history:
  - {date: 2026-02-10, event: implemented, measure: block, why: "first"}
  - {date: "2026-03-10T10:12", event: names-removed, names: [x.example], by: somebody}
"""
LISTS: Final = SHORT.replace(
    b"names_file: n.csv", b"lists: [{id: l, by: decision, file: n.csv, sha256: '%s'}]" % (b"0" * 64)
)
_PROTECTED: Final[list[Protected]] = []


def seeds() -> list[bytes]:
    """Give orders to begin with, with and without a list beside them."""
    lists = [b"", b"\x00domain;date\na.example;2026\n*.b.example;\n", b"\x000.0.0.0 c.example # x\nhttp://d.example/\n"]
    return [order + beside for order in (SHORT, LISTS, SHIPPED.read_bytes()) for beside in lists]


def check(octets: bytes) -> None:
    """Give a file to the parser and what comes of it to the guard; raise AssertionError for what must not be."""
    text, _, beside = octets.partition(b"\x00")

    def read_file(path: str) -> bytes:
        if not beside:
            raise FileNotFoundError(2, "No such file or directory", path)
        return beside

    parsed = parse_order(text, "orders/a.yaml", read_file)
    if isinstance(parsed, Order):
        if not _PROTECTED:
            _PROTECTED.append(protect({}))
        problems = tuple(Problem(each.place, each.what) for each in refusals(parsed, _PROTECTED[0]))
    else:
        assert parsed.problems
        problems = parsed.problems
    for problem in problems:
        assert problem.what
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert str(problem).isprintable() or "\n" not in str(problem)
