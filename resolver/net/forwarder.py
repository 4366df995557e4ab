"""How a query that the core cannot answer is asked of upstreams, and its answer brought back.

One table holds the questions in flight, one timer moves them along, one reader brings the datagrams: no task is made
for a query. Identical questions are asked once; each waiter's reply is made by the pipeline at the moment it leaves.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from resolver.core.counters import GAUGES, Gauge
from resolver.core.message_cache import Entry
from resolver.core.pipeline import Pipeline
from resolver.core.step import Asked, Drop, Failure, Forward, Question, Reply, Unusable
from resolver.dns.response import HEADER_SIZE
from resolver.net.arrivals import Arrivals
from resolver.net.attempt import WAITING, Outcome, Way
from resolver.net.continuations import Continuations
from resolver.net.domains_in_flight import DomainsInFlight, Full
from resolver.net.draws import Draws, mix_case
from resolver.net.exchange import MOST_MISMATCHES, Exchange, Respond
from resolver.net.hearing import Hearing
from resolver.net.roster import Means, Roster
from resolver.net.routes import in_turn
from resolver.net.settings import UpstreamAddress, Zone
from resolver.net.timetable import Schedule, Timetable
from resolver.net.upstream_sockets import UpstreamSocket
from resolver.net.upstream_stream import UpstreamStream

BUSY_TICK: Final = 0.02
"""Seconds between two looks at what is due while something is in flight ..."""
IDLE_TICK: Final = 1.0
"""... and while nothing is: sockets grow old, upstreams that are down want a probe."""
AT_ONCE: Final = 4
"""Exchanges moved along before clients get their turn: each may cost a send, or the answers of a failure ..."""
ANSWERED_AT_ONCE: Final = 64
"""... and clients of one exchange answered before others get theirs."""

_JOINED: Final = GAUGES + Gauge.JOINED
_IN_FLIGHT: Final = GAUGES + Gauge.IN_FLIGHT


class Forwarder:
    """The questions in flight of one worker."""

    def __init__(
        self,
        pipeline: Pipeline,
        upstreams: Sequence[UpstreamAddress],
        zones: Sequence[Zone],
        page: memoryview,
        *,
        loop: asyncio.AbstractEventLoop,
        in_flight: int = 4_096,
        per_domain: int = 4_096,
        sockets: int | None = None,
        schedule: Schedule = Schedule(),  # noqa: B008 - immutable
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask these upstreams, for names in a zone those of the zone; count in ``page`` (64-bit places).

        At most ``in_flight`` queries wait at a time, for ``per_domain`` questions of a registered domain. ``sockets``:
        for each upstream; 1 024 or what the limit on open files leaves, if it is None. ``clock`` is monotonic.
        """
        self._pipeline = pipeline
        self._page = page
        self._loop = loop
        self._schedule = schedule
        self._clock = clock
        self._draws = Draws()
        self._exchanges: dict[Question, Exchange] = {}
        self._continuations = Continuations(pipeline, page, self._exchange, self._answer, self._settle, self._fail)
        self._hearing = Hearing(pipeline, page, self._settle, self._continuations.go_on, self._pursue)
        self._arrivals = Arrivals(loop, self._arrived, self._hearing.unreachable, clock)
        self._outgoing: list[Exchange] = []
        self._timetable: Timetable[Exchange] = Timetable((*schedule.sends, schedule.answer, schedule.close))
        self._waiting = 0
        self.domains = DomainsInFlight(per_domain)
        means = Means(
            page, loop, clock, self._draws, self._arrivals, self._arrived, self._hearing.lost, schedule.answer, sockets
        )
        self._roster = Roster(means, linger=schedule.close)
        self.random_case = False
        self.replace(upstreams, zones, in_flight)
        self._timer = loop.call_later(IDLE_TICK, self._tick)
        self._is_idle = True
        self._moves_on = False

    @property
    def waiting(self) -> int:
        """How many queries wait for an upstream."""
        return self._waiting

    @property
    def is_full(self) -> bool:
        """Whether as many queries wait as may."""
        return self._waiting >= self._most_waiting

    @property
    def asks_somebody(self) -> bool:
        """Whether there is an upstream for every question."""
        return self._roster.routes.lead_somewhere

    @property
    def asking(self) -> dict[Question, Exchange]:
        """The questions that are being asked; only to look at."""
        return self._exchanges

    def ask(self, forward: Forward, respond: Respond) -> None:
        """Ask upstreams; ``respond`` is called once, at once or later, with the reply of that moment."""
        asked, question = forward
        now = asked.received
        if self._waiting >= self._most_waiting:
            self._page[GAUGES + Gauge.FULL_IN_ALL] += 1
            self._respond(respond, self._pipeline.fail(asked, Failure.OVERLOAD, now))
            return
        exchange = self._exchanges.get(question)
        if exchange is not None and not exchange.late:
            exchange.waiters.append((asked, respond))
            self._page[_JOINED] += 1
            self._wait_for(1)
            return
        begun = self._begin(question, now)
        if not isinstance(begun, Exchange):  # which is quicker to tell than whether it is a Failure
            self._respond(respond, self._pipeline.fail(asked, begun, now))
            return
        begun.waiters.append((asked, respond))
        self._wait_for(1)

    def _exchange(self, question: Question, now: float) -> Exchange | Failure:
        """Join who asks a question, or ask it."""
        exchange = self._exchanges.get(question)
        return exchange if exchange is not None and not exchange.late else self._begin(question, now)

    def _begin(self, question: Question, now: float) -> Exchange | Failure:
        """Ask upstreams a question that nobody is asking."""
        upstreams = self._roster.routes.serving(question)
        if not upstreams:
            return Failure.NO_UPSTREAM
        place = self.domains.enter(question.qname, self._exchanges.values())
        if place is not None and isinstance(place, Full):
            self._page[GAUGES + Gauge.FULL_FOR_DOMAIN] += 1
            return Failure.OVERLOAD
        if len(upstreams) > 1:
            upstreams = in_turn(upstreams, self._draws.draw()[1])
        exchange = Exchange(question, upstreams, now)
        exchange.give_up_place = place
        if self.random_case:
            exchange.wire_question = mix_case(exchange.wire_question)
        self._exchanges[question] = exchange
        self._timetable.enter(exchange)
        if self._is_idle:
            self._arm()
        if not self._outgoing:
            self._loop.call_soon(self._send_outgoing)
        self._outgoing.append(exchange)
        return exchange

    def _send_outgoing(self) -> None:
        """Send the first queries of all questions that came in together, one right after the other.

        Spread between the readings of those questions, each datagram would find the upstream asleep again, if that is
        near, and waking it is the dearest part of sending.
        """
        outgoing, self._outgoing = self._outgoing, []
        for exchange in outgoing:
            if exchange.open:
                attempt = exchange.begin_first()
                attempt.upstream.send(attempt, exchange.started)
                if attempt.outcome is not WAITING:
                    self._pursue(exchange, exchange.way_after(attempt), exchange.started)

    def replace(self, upstreams: Sequence[UpstreamAddress], zones: Sequence[Zone], in_flight: int) -> None:
        """Ask these from the next question on; those that stay keep sockets and health, those that go may finish.

        Queries beyond the new bound that wait already may go on waiting.
        """
        self._most_waiting = in_flight
        self._roster.replace(upstreams, zones, self._clock())

    def close(self) -> None:
        """Close all sockets; whoever still waits gets nothing."""
        self._timer.cancel()
        for exchange in self._exchanges.values():
            exchange.close()
        self._exchanges.clear()
        self._outgoing.clear()
        self._roster.close()
        self._arrivals.close()

    # What the sockets bring.

    def _arrived(self, carrier: UpstreamSocket | UpstreamStream, wire: bytes, now: float) -> None:
        """Give a message to the attempt it answers.

        Nearly every message ends in the first branch, which does what `Hearing` does for it without making a response:
        the id finds the attempt, the question is compared here, and `Pipeline.learn_intact` looks at everything else.
        """
        message_id = wire[0] << 8 | wire[1] if len(wire) > 1 else -1
        attempt = carrier.pending.get(message_id)
        if attempt is not None and attempt.exchange.open:
            exchange = attempt.exchange
            if wire.startswith(exchange.wire_question, HEADER_SIZE) and exchange.mismatches < MOST_MISMATCHES:
                entry = self._pipeline.learn_intact(exchange.question, wire, now, trust_ad=attempt.upstream.trust_ad)
                if entry is not None:
                    del carrier.pending[message_id]
                    if isinstance(carrier, UpstreamSocket) and carrier.place < 0:
                        attempt.upstream.sockets.release(carrier)
                    attempt.upstream.answered(attempt, now)
                    self._settle(exchange, entry, now)
                    return
        self._hearing.look_closer(carrier, attempt, message_id, wire, now, exact_case=self.random_case)

    # How an exchange goes on and ends.

    def _pursue(self, exchange: Exchange, way: Way | None, now: float) -> None:
        """Take a way, and while it turns out to be closed the next one; give up if nothing is left to hope for."""
        if exchange.late or exchange.rest is not None:
            return
        while way is not None:
            attempt = exchange.begin(way, now)
            way.upstream.send(attempt, now)
            if attempt.outcome is WAITING or attempt.outcome is Outcome.QUEUED:
                return
            way = exchange.way_after(attempt)
        if exchange.is_hopeless(len(self._schedule.sends)):
            self._fail(exchange, now)

    def _settle(self, exchange: Exchange, entry: Entry, now: float) -> None:
        """Answer everybody who waits for this question; that may be a later exchange than the one that was answered."""
        current = self._exchanges.pop(exchange.question, exchange)
        waiters = current.waiters
        followers = exchange.followers if current is exchange else exchange.followers + current.followers
        exchange.close()
        if current is not exchange:
            current.close()
        self._answer(waiters, entry, now)
        if followers:
            self._continuations.resume(followers, entry, now)

    def _answer(self, waiters: Sequence[tuple[Asked, Respond]], entry: Entry, now: float) -> None:
        """Answer those who wait with an entry, each judged when its answer leaves."""
        if len(waiters) > ANSWERED_AT_ONCE:
            rest, waiters = waiters[ANSWERED_AT_ONCE:], waiters[:ANSWERED_AT_ONCE]
            self._loop.call_soon(self._answer_rest, rest, entry)
        self._wait_for(-len(waiters))
        for asked, respond in waiters:
            self._respond(respond, self._pipeline.complete(asked, entry, now))

    def _answer_rest(self, waiters: Sequence[tuple[Asked, Respond]], entry: Entry) -> None:
        self._answer(waiters, entry, self._clock())

    def _fail(self, exchange: Exchange, now: float) -> None:
        """Tell everybody who waits; if an answer may still come it will be kept for the next who asks."""
        unusable = exchange.failure()
        waiters, exchange.waiters = exchange.waiters, []
        followers = exchange.followers
        exchange.late = True
        exchange.leave_domain()
        if unusable.final or not exchange.may_be_answered:
            self._forget(exchange)
        self._tell(waiters, unusable, now)
        if followers:
            self._continuations.give_up(followers, unusable, now)

    def _tell(self, waiters: Sequence[tuple[Asked, Respond]], unusable: Unusable, now: float) -> None:
        """Tell those who wait that nothing came, each judged when its answer leaves."""
        if len(waiters) > ANSWERED_AT_ONCE:
            rest, waiters = waiters[ANSWERED_AT_ONCE:], waiters[:ANSWERED_AT_ONCE]
            self._loop.call_soon(self._tell_rest, rest, unusable)
        self._wait_for(-len(waiters))
        for asked, respond in waiters:
            self._respond(respond, self._pipeline.fail(asked, unusable, now))

    def _tell_rest(self, waiters: Sequence[tuple[Asked, Respond]], unusable: Unusable) -> None:
        self._tell(waiters, unusable, self._clock())

    def _forget(self, exchange: Exchange) -> None:
        exchange.close()
        if self._exchanges.get(exchange.question) is exchange:
            del self._exchanges[exchange.question]

    def _respond(self, respond: Respond, reply: Reply | Drop) -> None:
        """Hand a reply over; whatever goes wrong there is that client's alone."""
        try:
            respond(reply)
        except Exception as error:  # noqa: BLE001 - the other waiters must have their answers
            self._loop.call_exception_handler({"message": "an answer could not be handed over", "exception": error})

    def _wait_for(self, more: int) -> None:
        self._waiting += more
        self._page[_IN_FLIGHT] = self._waiting

    # What time brings.

    def advance(self, now: float) -> None:
        """Do what is due: further sends, answers to those who have waited long enough, probes, fresh sockets."""
        self._move_along(now)
        self._pipeline.show_sizes()
        self._roster.renew(now)

    def _move_along(self, now: float) -> None:
        """Take the next few exchanges to the stage they have reached, the others once clients had their turn."""
        sends = len(self._schedule.sends)
        for moved, (stage, exchange) in enumerate(self._timetable.due(now), start=1):
            if stage > sends:
                self._forget(exchange)
            elif not exchange.late:
                self._note_silence(exchange, now)
                if stage < sends:
                    exchange.stage = stage + 1
                    self._pursue(exchange, exchange.scheduled_way(), now)
                else:
                    self._fail(exchange, now)
            if moved == AT_ONCE:
                if not self._moves_on:
                    self._moves_on = True
                    self._loop.call_soon(self._move_on)
                return

    def _move_on(self) -> None:
        self._moves_on = False
        self._move_along(self._clock())

    def _note_silence(self, exchange: Exchange, now: float) -> None:
        patience = self._schedule.sends[0] / 2
        for attempt in exchange.attempts:
            if attempt.outcome is WAITING and now - attempt.sent >= patience:
                attempt.upstream.silent(attempt, now)

    def _tick(self) -> None:
        try:
            self.advance(self._clock())
        finally:
            self._arm()

    def _arm(self) -> None:
        self._timer.cancel()
        self._is_idle = not (self._timetable or self._roster.in_doubt)
        self._timer = self._loop.call_later(IDLE_TICK if self._is_idle else BUSY_TICK, self._tick)
