"""Blocked names made up to try templates on: with all that an order can say, with little, and with nothing to say."""

from collections.abc import Iterator
from datetime import date

from resolver.dns.name import parse_name
from resolver.notice.decisions import Decision
from resolver.notice.holdings import Held, Holding
from resolver.notice.notice import Notice
from resolver.notice.site import Site
from resolver.orders.model import Span

_NAME = parse_name("name.example")
_FULL = Decision(
    order="specimen",
    authority="Authority",
    case_number="Number",
    decided=date(2020, 1, 1),
    title="Title",
    legal_basis="Basis",
    applicants=("First", "Second"),
    natural_applicants=2,
    language="fr",
    remedy="Remedy",
    administrative=True,
)
_BARE = Decision(
    order="bare",
    authority="Authority",
    case_number="Number",
    decided=date(2020, 1, 1),
    title=None,
    legal_basis=None,
    applicants=(),
    natural_applicants=1,
    language="en",
    remedy=None,
    administrative=False,
)


def specimens(site: Site) -> Iterator[Notice]:
    """Make notices of a name that one order blocks, that two do, that more do than are told, and a confidential one."""
    full, bare = Holding(_FULL, (Span(0.0, 86_400.0),)), Holding(_BARE, (Span(0.0, None), Span(90_000.0, None)))
    for holdings, details, lines in (((bare,), 1, 0), ((full, bare), 2, 0), ((full, bare, bare), 1, 1), ((), 1, 0)):
        yield Notice(Held(_NAME, "specimen", holdings), site, "reference", details, lines)
