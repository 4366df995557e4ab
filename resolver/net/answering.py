"""What every transport does with a query: answer it now, hand it to the forwarder, or drop it; and count."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, assert_never

from resolver.core.admission import View
from resolver.core.counters import (
    DROPS,
    GAUGES,
    NOWHERE,
    DropReason,
    Gauge,
    Transport,
    duration_slot,
    unanswered_slot,
)
from resolver.core.crowd import Crowd
from resolver.core.packet_cache import Finished, PacketCache, tag
from resolver.core.pipeline import Pipeline, count_answer
from resolver.core.rate_limit import UNLIMITED, Kind, RateLimiter, Rates, Sending, truncate
from resolver.core.set_aside import SetAside, set_aside, with_courtesies
from resolver.core.step import Asked, Drop, Failure, Forward, Reply
from resolver.dns.codes import Rcode
from resolver.dns.message import Query
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch

if TYPE_CHECKING:
    from resolver.net.refusals import Refusals

_HITS: Final = int(GAUGES + Gauge.PACKET_HITS)
_MISSES: Final = int(GAUGES + Gauge.PACKET_MISSES)
_REFUSED: Final = int(Rcode.REFUSED)
_MICROSECONDS: Final = int(GAUGES + Gauge.DURATION_MICROSECONDS)
_UDP: Final = Transport.UDP6
"""The last of both; a member of an enumeration, which takes Python 3.11 long to look up by its name."""
_ID: Final = 2
"""Octets of a message id."""

Destination = TypeVar("Destination")
"""Where an answer goes, in the words of its transport."""

Send = Callable[[bytes | None, Destination], None]
"""Takes an answer that comes later, or None if there will be none."""


class Asks(Protocol):
    """The forwarder, as far as transports know it."""

    def ask(self, forward: Forward, respond: Callable[[Reply | Drop], None]) -> None:
        """Ask an upstream; call ``respond`` once, at once or later."""


class Answering:
    """One worker's way from a query to its answer, shared by its transports.

    ``views`` is replaced whole when the settings change; ``in_flight`` counts the queries that wait for upstreams,
    ``waiting`` those of each client, by its packed address.
    """

    __slots__ = (
        "_forwarder",
        "_idle",
        "_pipeline",
        "in_flight",
        "limiter",
        "monotonic",
        "packets",
        "page",
        "refusals",
        "views",
        "waiting",
        "watch",
    )

    def __init__(
        self,
        pipeline: Pipeline,
        packets: PacketCache,
        watch: ClockWatch,
        views: ClientViews,
        forwarder: Asks,
        page: memoryview,
        monotonic: Callable[[], float],
        *,
        per_client: int = 1_000,
        rates: Rates = UNLIMITED,
    ) -> None:
        """Put the parts together; of one client at most ``per_client`` queries wait for upstreams."""
        self._pipeline = pipeline
        self.packets = packets
        self.watch = watch
        self.views = views
        self._forwarder = forwarder
        self.page = page
        self.monotonic = monotonic
        self.in_flight = 0
        self.waiting: Crowd[bytes] = Crowd(per_client)
        self.limiter = RateLimiter(rates)
        self.refusals: Refusals | None = None
        """For lanes that read in batches; without it each question is refused by itself."""
        self._idle: asyncio.Future[None] | None = None

    def answer(
        self,
        datagram: bytes,
        view: View,
        client: bytes,
        transport: Transport,
        now: float,
        send: Send[Destination],
        destination: Destination,
    ) -> bytes | None:
        """Give the answer if it is known; otherwise ``send`` gets it, or None if there is none, now or later.

        The plain form of what a UDP lane does with most datagrams.
        """
        tail = self.replay(tag(view, transport) + datagram[2:], client, transport, now)
        if tail is not None:
            wire = datagram[:2] + tail
            limited = view.limited and transport <= _UDP
            return self.limit(wire, Kind.RESPONSE, client, now, datagram) if limited else wire
        return self.decide(datagram, view, client, transport, now, send, destination)

    def replay(self, key: bytes, client: bytes, transport: Transport, now: float) -> bytes | None:
        """Find in the packet cache, and count, the reply less its id for a datagram; ``key`` is `tag` and the rest.

        One with options gets the reply to the same query without them, and what they call for behind it.
        """
        aside = set_aside(key) if transport <= _UDP else None
        found = self.packets.find(key if aside is None else aside.bare, self.watch.table, now)
        if found is None:
            self.page[_MISSES] += 1
            return None
        finished, plain = found
        tail = plain if aside is None else self._with_courtesies(finished, plain, aside, client)
        if tail is None:
            self.page[_MISSES] += 1
            return None
        self.page[_HITS] += 1
        for slot in finished.slots:
            self.page[slot] += 1
        return tail

    def decide(
        self,
        datagram: bytes,
        view: View,
        client: bytes,
        transport: Transport,
        now: float,
        send: Send[Destination],
        destination: Destination,
    ) -> bytes | None:
        """Do the same for a query that the packet cache does not know."""
        step = self._pipeline.receive(datagram, view, transport, now, client)
        if isinstance(step, Forward):
            if self.waiting.enter(client):
                self.in_flight += 1
                self._forwarder.ask(step, partial(self._deliver, step.asked, client, send, destination))
                return None
            # All the answers that a client waits for could be made to come at once, and bury it.
            self.page[GAUGES + Gauge.FULL_FOR_CLIENT] += 1
            step = self._pipeline.fail(step.asked, Failure.OVERLOAD, now)
        match step:
            case Reply():
                count_answer(self.page, transport, step.qtype, step.rcode, step.slot)
                self.packets.store(view, transport, datagram, step, now)
                if step.lifetime == 0 and transport <= _UDP and _may_be_replayed(step):
                    self._keep_without_options(datagram, view, client, transport, now)
                if transport <= _UDP and (view.limited or step.judged_under is None):
                    return self.limit(step.wire, _kind(step, view), client, now, datagram)
                return step.wire
            case Drop():
                self.drop(step, transport)
                send(None, destination)
                return None
            case _:
                assert_never(step)

    def limit(self, wire: bytes, kind: Kind, client: bytes, now: float, asked: bytes | Query) -> bytes | None:
        """Give what may leave of a reply over UDP: all of it, a truncated one, or nothing.

        A good cookie among what was ``asked`` shows that nobody else is being buried in answers.
        """
        sending = self.limiter.judge(kind, wire, client, now)
        if sending is Sending.WHOLE or (kind is Kind.RESPONSE and self._pipeline.vouch(asked, client)):
            return wire
        match sending:
            case Sending.LOGGED:
                self.page[GAUGES + Gauge.RATE_LOGGED] += 1
                return wire
            case Sending.TRUNCATED:
                self.page[GAUGES + Gauge.RATE_TRUNCATED] += 1
                return truncate(wire)
            case Sending.NOT_AT_ALL:
                self.page[DROPS + DropReason.RATE_LIMIT] += 1
                return None
            case _:
                assert_never(sending)

    def _with_courtesies(self, finished: Finished, tail: bytes, aside: SetAside, client: bytes) -> bytes | None:
        """Write a finished reply for the same query with options; None if it is to be made anew for it."""
        said = self._pipeline.said_back(aside.options, client)
        if not said:
            return None if said is None else tail
        if _ID + len(tail) + len(said) > aside.udp_limit:
            return None
        return with_courtesies(tail, finished.opt_at, said)

    def _keep_without_options(
        self, datagram: bytes, view: View, client: bytes, transport: Transport, now: float
    ) -> None:
        """Finish the reply that the same query gets without options, for the next one to find, whatever its own are."""
        aside = set_aside(datagram)
        if aside is None or not self.packets.bound or self._pipeline.said_back(aside.options, client) is None:
            return
        if self.packets.find(tag(view, transport) + aside.bare[_ID:], self.watch.table, now) is None:
            counted = self.page[GAUGES:DROPS].tobytes()
            step = self._pipeline.receive(aside.bare, view, transport, now, client)
            self.page[GAUGES:DROPS] = memoryview(counted).cast("Q")  # nobody asked this, so it counts for nobody
            if isinstance(step, Reply):
                self.packets.store(view, transport, aside.bare, step, now)

    def drop(self, drop: Drop, transport: Transport) -> None:
        """Count a message that gets no answer."""
        self.page[DROPS + drop.reason] += 1
        self.page[drop.slot] += 1
        if drop.qtype is not None:
            self.page[unanswered_slot(transport, drop.qtype)] += 1

    def count_durations(self, answers: int, seconds: float) -> None:
        """Count answers that all took about this long."""
        self.page[duration_slot(seconds)] += answers
        self.page[_MICROSECONDS] += int(answers * seconds * 1e6)

    async def idle(self) -> None:
        """Wait until no query waits for an upstream."""
        if self.in_flight:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle

    def _deliver(self, asked: Asked, client: bytes, send: Send[Any], destination: Any, outcome: Reply | Drop) -> None:  # noqa: ANN401 - the two belong together, whatever they are
        self.in_flight -= 1
        self.waiting.leave(client)
        match outcome:
            case Reply():
                count_answer(self.page, asked.transport, outcome.qtype, outcome.rcode, outcome.slot)
                now = self.monotonic()
                self.count_durations(1, now - asked.received)
                wire: bytes | None = outcome.wire
                if asked.view.limited and asked.transport <= _UDP:
                    wire = self.limit(outcome.wire, Kind.RESPONSE, client, now, asked.query)
                send(wire, destination)
            case Drop():
                self.drop(outcome, asked.transport)
                send(None, destination)
            case _:
                assert_never(outcome)
        if self._idle is not None and not self.in_flight and not self._idle.done():
            self._idle.set_result(None)


def _may_be_replayed(reply: Reply) -> bool:
    """Tell whether a reply that is not replayed, perhaps for its query had options, is of a kind that would be without:
    a cached or a blocked one."""
    return reply.rcode != _REFUSED and (reply.ages_from is not None or reply.slot != NOWHERE)


def _kind(reply: Reply, view: View) -> Kind:
    if reply.judged_under is not None:
        return Kind.RESPONSE
    return Kind.ERROR if view.allowed else Kind.REFUSAL
