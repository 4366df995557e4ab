"""A worker's parts without its sockets, when five questions below one domain wait and no more may: what tests of
refusals begin with."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from resolver.core.admission import ALLOWED, Admission, View
from resolver.core.counters import (
    DURATION,
    DURATION_BUCKETS,
    GAUGES,
    NOWHERE,
    PAGE_SIZE,
    Gauge,
    Transport,
)
from resolver.core.message_cache import MessageCache
from resolver.core.packet_cache import PacketCache, tag
from resolver.core.pipeline import Pipeline, Reply
from resolver.core.policy import Policy
from resolver.core.refuse import refuse
from resolver.core.step import Failure, Forward
from resolver.dns.response import read_response
from resolver.net.answering import Answering
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch
from resolver.net.domains_in_flight import DomainsInFlight
from resolver.net.forwarder import Forwarder
from resolver.net.refusals import Refusals
from resolver.net.settings import UpstreamAddress, Zone
from tests.worlds import WALL, ask, measure, policy, upstream_says

WAITING: Final = 5
FLOODED: Final = policy(measure(), names=[("listed.example", 0), ("some.partly.example", 0)])
DOMAINS: Final = DomainsInFlight(1)
"""Of one forwarder after the other, as reading the public suffixes takes long."""
DOMAINS.get_ready()
NOBODY: Final = UpstreamAddress("udp", "127.0.0.1", 9, 0)
CLIENT: Final = b"\x7f\x00\x00\x01"
OTHER: Final = b"\x7f\x00\x00\x02"
IPV6: Final = bytes(15) + b"\x01"


class Flooded:
    """Questions wait below ``below``, all of one client; what is said of their names in the message cache is kept."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        bounds: Mapping[str, int],
        *,
        below: str = "crowded.example",
        zones: Sequence[Zone] = (),
    ) -> None:
        """Set up; ``bounds`` are those on "client", "all" and "domain", and high where they are left out."""
        self.now = 1_000.0
        self.page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
        self.pipeline = Pipeline(FLOODED.at(WALL), MessageCache(1_000, 10_000_000), self.page, now=self.now)
        self.packets = PacketCache(1_000)
        self.watch = ClockWatch(self.pipeline, FLOODED, lambda: WALL, lambda: self.now)
        self.forwarder = Forwarder(
            self.pipeline, (NOBODY,), zones, self.page, loop=loop, sockets=1, clock=lambda: self.now,
            in_flight=bounds.get("all", 1_000), per_domain=bounds.get("domain", 1_000),
        )  # fmt: skip  # one breath
        self.answering = Answering(
            self.pipeline, self.packets, self.watch, ClientViews(Admission(["127.0.0.0/8", "::1/128"])), self.forwarder,
            self.page, lambda: self.now, per_client=bounds.get("client", 1_000),
        )  # fmt: skip  # one breath
        self.refusals = Refusals(self.pipeline, self.packets, self.forwarder, self.answering.waiting, self.page)
        DOMAINS.bound(bounds.get("domain", 1_000))
        self.forwarder.domains = DOMAINS
        for number in range(WAITING):
            self.plainly(ask(f"asked{number}.{below}"))

    def enforce(self, policy: Policy) -> None:
        """Put another policy in force."""
        self.watch.enforce(policy)

    def know(self, name: str, *, seconds: int, want_dnssec: bool = False) -> None:
        """Keep an answer for a name for so many seconds."""
        forward = self._forward(ask(name, want_dnssec=want_dnssec))
        said = read_response(upstream_says(name, "A", f"{name}. {seconds} IN A 192.0.2.1"))
        self.pipeline.learn(forward.question, said, self.now)

    def finish(self, name: str) -> None:
        """Keep a finished reply for a plain query of a name, and nothing else."""
        query = ask(name)
        reply = Reply(query[:2] + b"\x81\x80" + query[4:], 1, 0, NOWHERE, 300, self.pipeline.table)
        self.packets.store(ALLOWED, Transport.UDP4, query, reply, self.now)

    def fail(self, name: str) -> None:
        """Keep the failure of a question."""
        self.pipeline.fail(self._forward(ask(name)).asked, Failure.TIMEOUT, self.now)

    def _forward(self, query: bytes) -> Forward:
        step = self.pipeline.receive(query, ALLOWED, Transport.UDP4, self.now, CLIENT)
        assert isinstance(step, Forward), step
        return step

    def plainly(self, datagram: bytes, client: bytes = CLIENT) -> bytes | None:
        """Answer a datagram as any transport does; None if there is no answer now."""
        sent: list[bytes | None] = []
        transport = Transport.UDP4 if len(client) == len(CLIENT) else Transport.UDP6
        wire = self.answering.answer(
            datagram, ALLOWED, client, transport, self.now, lambda wire, _: sent.append(wire), None
        )
        return sent[0] if sent else wire

    def at_once(self, *datagrams: bytes, client: bytes = CLIENT, view: View = ALLOWED) -> list[bytes | None]:
        """Answer those of a batch that are refused at once; None for all others."""
        full = self.refusals.fullness(self.now)
        if full is None:
            return [None] * len(datagrams)
        stride = max(map(len, datagrams)) + 3
        transport = Transport.UDP4 if len(client) == len(CLIENT) else Transport.UDP6
        mark = tag(ALLOWED, transport)
        queries = b"".join((mark + each[2:])[: len(each)].ljust(stride, b"\xff") for each in datagrams)
        key: Any = int.from_bytes(client, "little") if len(client) == len(CLIENT) else client
        tails: list[bytes | None] = [None] * len(datagrams)
        missing = list(range(len(datagrams)))
        rest = refuse(
            queries, stride, [len(each) for each in datagrams], [key] * len(datagrams), {key: view}, ALLOWED, tails,
            missing, full, self.refusals.slots[transport], self.page,
        )  # fmt: skip  # one breath
        assert rest == [place for place, tail in enumerate(tails) if tail is None]
        return [None if tail is None else each[:2] + tail for each, tail in zip(datagrams, tails, strict=True)]

    def refuse_one(self, name: str = "first.crowded.example") -> None:
        """Have a question refused in the plain way, and let that be noticed."""
        query = ask(name)
        self.plainly(query)
        self.refusals.look(query, self.now)

    def counted(self) -> dict[int, int]:
        """Give all that was counted, but for how long answers took, and what nobody reads."""
        durations = range(DURATION, DURATION + len(DURATION_BUCKETS) + 1)
        unread = {*durations, NOWHERE, int(GAUGES + Gauge.DURATION_MICROSECONDS)}
        return {place: count for place, count in enumerate(self.page) if count and place not in unread}
