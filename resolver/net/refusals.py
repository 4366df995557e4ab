"""Which questions a lane may refuse at once, while others are refused for want of room.

A flood of made-up names is refused question by question: each is read, judged, looked for in both caches and handed to
the forwarder, to find out that its domain or its client has too many waiting. For a second after that has happened,
its registered domain is one of which `refuse` takes the questions of a batch together. So it is only if nothing at,
above or below it is listed by an order or special, under the table in force: then there is nothing to judge.

While one of them is crowded itself, its places are given back to a few at a time, and others are left alone.
"""

from typing import Final

from resolver.core.counters import GAUGES, Gauge, Transport
from resolver.core.crowd import Crowd
from resolver.core.overload import Fullness, RefusalSlots, refusal_slots
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import OVERLOADED, Pipeline
from resolver.dns.edns import write_opt
from resolver.dns.message import MAX_UDP_SIZE, Query, read_query
from resolver.dns.name import WireName
from resolver.net.forwarder import Forwarder
from resolver.net.mmsg import BATCH

SECONDS: Final = 1.0
"""For so long after the last refusal a domain is remembered, and for so long after it was crowded as crowded."""
BEGINNERS: Final = 2
"""Questions below crowded domains that may take a place in one batch: places come free together, as they were taken,
and all of them taken again at once would keep others waiting."""
DOMAINS: Final = 256
"""So many are; then all are forgotten."""

_FULL: Final = tuple(int(GAUGES + gauge) for gauge in (Gauge.FULL_FOR_CLIENT, Gauge.FULL_IN_ALL, Gauge.FULL_FOR_DOMAIN))
_PLAIN_OPT, _DNSSEC_OPT = (
    write_opt(udp_size=MAX_UDP_SIZE, dnssec_ok=dnssec_ok, options=OVERLOADED.errors) for dnssec_ok in (False, True)
)


class Refusals:
    """One worker's memory of what was refused a moment ago; ``waiting`` are the queries of each client."""

    __slots__ = ("_crowded", "_crowded_until", "_domains", "_forwarder", "_packets", "_page", "_pipeline", "_refused",
                 "_stamp", "_until", "_waiting", "slots")  # fmt: skip  # two lines, not twelve

    def __init__(
        self,
        pipeline: Pipeline,
        packets: PacketCache,
        forwarder: Forwarder,
        waiting: Crowd[bytes],
        page: memoryview,
    ) -> None:
        """Remember nothing; ``page`` has 64-bit places."""
        self._pipeline = pipeline
        self._packets = packets
        self._forwarder = forwarder
        self._waiting = waiting
        self._page = page
        self._domains: set[WireName] = set()
        self._crowded: set[WireName] = set()
        self._crowded_until = 0.0
        self._refused = self._count()
        self._stamp: object = None
        self._until = 0.0
        self.slots: dict[Transport, RefusalSlots] = {transport: refusal_slots(transport) for transport in Transport}

    @property
    def domains(self) -> frozenset[WireName]:
        """The registered domains whose questions may be refused at once."""
        return frozenset(self._domains)

    def fullness(self, now: float) -> Fullness | None:
        """Say what is full, for one batch; None if nothing was refused lately, as is nearly always so."""
        if not self._domains:
            return None
        if now >= self._until or self._stamp is not self._pipeline.table.stamp:
            self._forget()
            return None
        domains = self._forwarder.domains
        is_crowded = now < self._crowded_until
        return Fullness(
            self._crowded if is_crowded else self._domains,
            self._waiting.counts,
            self._waiting.most,
            domains.counts,
            domains.most,
            self._forwarder.is_full,
            self._packets.all,
            (*self._pipeline.kept, self._forwarder.asking),
            (_PLAIN_OPT, _DNSSEC_OPT),
            BEGINNERS if is_crowded else BATCH,
        )

    def look(self, datagram: bytes, now: float) -> None:
        """Take notice if anybody was refused since the last look: it may have been this datagram, which came last."""
        refused = self._count()
        if refused != self._refused:
            self._refused = refused
            self._until = now + SECONDS
            self._note(datagram)
            crowded = self._find_crowded()
            if crowded:
                self._crowded, self._crowded_until = crowded, now + SECONDS

    def _find_crowded(self) -> set[WireName]:
        """Find the domains whose places are all taken, or were a moment ago: an eighth may have come free.

        That somebody was refused does not tell: it may have been for want of beginners, or for another domain.
        """
        counts, least = self._forwarder.domains.counts, 7 * self._forwarder.domains.most
        return {domain for domain in self._domains if 8 * counts.get(domain, 0) >= least}

    def _forget(self) -> None:
        self._domains.clear()
        self._crowded_until = 0.0

    def _count(self) -> int:
        page = self._page
        return sum([page[place] for place in _FULL])

    def _note(self, datagram: bytes) -> None:
        """Remember the registered domain of a question, if there is nothing to judge below it."""
        query = read_query(datagram)
        stamp = self._pipeline.table.stamp
        if self._stamp is not stamp or len(self._domains) >= DOMAINS:
            self._forget()
            self._stamp = stamp
        if isinstance(query, Query) and self._forwarder.asks_somebody:
            domain = self._forwarder.domains.domain_around(query.qname)
            if domain is not None and domain not in self._domains and self._pipeline.leaves_alone(domain):
                self._domains.add(domain)
