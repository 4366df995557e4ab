"""Which upstreams are asked for a name: those of the longest zone that it lies in, otherwise those for everything."""

from collections.abc import Iterator, Mapping
from typing import Final

from resolver.core.step import Question
from resolver.dns.codes import RRType
from resolver.dns.name import ROOT, WireName, ancestors
from resolver.net.draws import pick_below
from resolver.net.upstream import Upstream

_DS: Final = int(RRType.DS)


class Routes:
    """Where to send what; replaced whole."""

    __slots__ = ("_everything", "_zones")

    def __init__(self, everything: tuple[Upstream, ...], zones: Mapping[WireName, tuple[Upstream, ...]]) -> None:
        self._everything = everything
        self._zones = dict(zones)

    def rivals(self) -> Iterator[tuple[Upstream, ...]]:
        """Yield the upstreams among which there is a choice."""
        for upstreams in (self._everything, *self._zones.values()):
            if len(upstreams) > 1:
                yield upstreams

    @property
    def lead_somewhere(self) -> bool:
        """Whether there is an upstream for every question."""
        return bool(self._everything) and all(self._zones.values())

    def serving(self, question: Question) -> tuple[Upstream, ...]:
        """Find the upstreams for a question; empty if nobody is to be asked.

        A DS record stands above the zone that it speaks of (RFC 4035 section 3.1.4.1).
        """
        if self._zones:
            qname = question.qname
            if question.qtype == _DS and qname != ROOT:
                qname = WireName(qname[qname[0] + 1 :])
            for name in ancestors(qname):
                found = self._zones.get(name)
                if found is not None:
                    return found
        return self._everything


def in_turn(upstreams: tuple[Upstream, ...], pick: int) -> tuple[Upstream, ...]:
    """Put upstreams in the order of asking: load is spread by the pick (32 bits), far ones come late, down ones last.

    Now and then a far one comes first, to learn whether it still is.
    """
    start = pick_below(pick, len(upstreams))
    turned = upstreams[start:] + upstreams[:start]
    if not any(upstream.health.rank for upstream in turned) or (not pick & 63 and turned[0].health.up):
        return turned
    return tuple(sorted(turned, key=_rank))


def _rank(upstream: Upstream) -> int:
    return upstream.health.rank
