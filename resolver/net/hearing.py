"""What it means for an attempt that its upstream says anything but a plain answer, or that the way there is cut.

`Forwarder` has found the attempt, if there is one, and keeps what is an answer at first sight; all other messages are
looked at here: other answers, errors, guesses, garbage. So are the errors that the kernel reports, and the ends of
connections.
"""

from collections.abc import Callable
from typing import Final, assert_never

from resolver.core.counters import GAUGES, Gauge, UpstreamCount
from resolver.core.message_cache import Entry, Unfinished
from resolver.core.pipeline import Pipeline
from resolver.core.step import Failure, Unusable
from resolver.dns.response import Response
from resolver.net.attempt import Attempt, Outcome, Way
from resolver.net.exchange import MOST_MISMATCHES, Exchange
from resolver.net.heed import Curt, heed
from resolver.net.upstream_sockets import UpstreamSocket
from resolver.net.upstream_stream import UpstreamStream

_MISMATCHES: Final = GAUGES + Gauge.MISMATCHES


class Hearing:
    """How the exchanges of one forwarder take what they hear."""

    __slots__ = ("_go_on", "_page", "_pipeline", "_pursue", "_settle")

    def __init__(
        self,
        pipeline: Pipeline,
        page: memoryview,
        settle: Callable[[Exchange, Entry, float], None],
        go_on: Callable[[Exchange, Unfinished, float], None],
        pursue: Callable[[Exchange, Way | None, float], None],
    ) -> None:
        """``settle`` ends an exchange with its answer, ``go_on`` asks on where one left off, ``pursue`` takes a way."""
        self._pipeline = pipeline
        self._page = page
        self._settle = settle
        self._go_on = go_on
        self._pursue = pursue

    def look_closer(
        self,
        carrier: UpstreamSocket | UpstreamStream,
        attempt: Attempt | None,
        message_id: int,
        wire: bytes,
        now: float,
        *,
        exact_case: bool,
    ) -> None:
        """Give a message to the attempt that waits under its id, if it answers that; ``exact_case``: to the letter."""
        heard: Response | Curt = Curt.NOT_OURS
        if attempt is not None and (attempt.over_tcp or attempt.exchange.mismatches < MOST_MISMATCHES):
            wire_question = attempt.exchange.wire_question
            heard = heed(
                wire,
                message_id,
                wire_question,
                over_tcp=attempt.over_tcp,
                with_edns=attempt.with_edns,
                exact=exact_case and not attempt.over_tcp,
            )
            if heard is Curt.OTHER_CASE:  # a guess, or an upstream that does not echo: TCP tells
                attempt.exchange.mismatches, heard = MOST_MISMATCHES - 1, Curt.NOT_OURS
        if attempt is None or heard is Curt.NOT_OURS:
            self._mismatched(carrier, attempt, now)
        elif heard is Curt.GARBLED:
            if isinstance(carrier, UpstreamStream):
                carrier.strike()
            self._garbled(attempt, now)
        else:
            del carrier.pending[message_id]
            if isinstance(carrier, UpstreamSocket):
                attempt.upstream.sockets.release(carrier)
            attempt.upstream.answered(attempt, now)
            if attempt.exchange.open:
                self._heard(attempt, heard, now)

    def _heard(self, attempt: Attempt, heard: Response | Curt, now: float) -> None:
        exchange = attempt.exchange
        match heard:
            case Response():
                learned = self._pipeline.learn(exchange.question, heard, now, trust_ad=attempt.upstream.trust_ad)
                if isinstance(learned, Entry):
                    self._settle(exchange, learned, now)
                    return
                if isinstance(learned, Unfinished):
                    attempt.outcome = Outcome.UNFINISHED
                    self._go_on(exchange, learned, now)
                    return
                self._reject(attempt, learned)
            case Curt.TRUNCATED:
                attempt.outcome = Outcome.TRUNCATED
            case Curt.DISLIKES_EDNS:
                attempt.outcome = Outcome.DISLIKES_EDNS
            case Curt.NOT_OURS | Curt.OTHER_CASE | Curt.GARBLED:
                return
            case _:
                assert_never(heard)
        self._pursue(exchange, exchange.way_after(attempt), now)

    def _mismatched(self, carrier: UpstreamSocket | UpstreamStream, attempt: Attempt | None, now: float) -> None:
        """Count what answers nothing we asked; too much of it for a question, and that is asked over TCP.

        A wrong id may be a guess at any question that waits on this socket.
        """
        self._page[_MISMATCHES] += 1
        if isinstance(carrier, UpstreamStream):
            carrier.strike()
            return
        for aimed_at in [attempt] if attempt is not None else list(carrier.pending.values()):
            exchange = aimed_at.exchange
            if exchange.open:
                exchange.mismatches += 1
                if exchange.mismatches == MOST_MISMATCHES:
                    self._pursue(exchange, exchange.way(aimed_at.upstream), now)

    def _garbled(self, attempt: Attempt, now: float) -> None:
        """Go on waiting after octets that cannot be read, and ask another upstream as well."""
        attempt.upstream.count(UpstreamCount.UNUSABLE_ANSWERS)
        if attempt.exchange.open and attempt.outcome is not Outcome.GARBLED:
            attempt.outcome = Outcome.GARBLED
            self._pursue(attempt.exchange, attempt.exchange.way_after(attempt), now)

    def unreachable(self, socket: UpstreamSocket, now: float) -> None:
        """Ask others at once when the kernel says that nobody hears what goes out through a socket."""
        self._abandon([attempt for attempt in socket.pending.values() if attempt.outcome is Outcome.WAITING], now)

    def lost(self, stream: UpstreamStream | None, attempts: list[Attempt], now: float) -> None:
        """Ask again at once what waited on a connection that is lost: there once more, over another connection, or
        elsewhere first if nothing or nonsense had come. Where no connection comes about, elsewhere only: it did not
        connect, or there is none."""
        if stream is None or not stream.connected:
            self._abandon(attempts, now)
            return
        sound = stream.heard is not None and not stream.strikes
        for attempt in attempts:
            exchange = attempt.exchange
            if exchange.open:
                if sound:
                    attempt.outcome = Outcome.UNREACHABLE
                else:
                    attempt.upstream.unreachable(attempt, now)
                again, detour = exchange.way(attempt.upstream), exchange.detour()
                self._pursue(exchange, (again or detour) if sound else (detour or again), now)

    def _abandon(self, attempts: list[Attempt], now: float) -> None:
        for attempt in attempts:
            exchange = attempt.exchange
            if exchange.open:
                attempt.upstream.unreachable(attempt, now)
                self._pursue(exchange, exchange.way_after(attempt), now)

    def _reject(self, attempt: Attempt, unusable: Unusable) -> None:
        refused = unusable.failure is Failure.REFUSED_UPSTREAM
        attempt.upstream.count(UpstreamCount.ERROR_ANSWERS if refused else UpstreamCount.UNUSABLE_ANSWERS)
        attempt.outcome = Outcome.REJECTED
        attempt.exchange.unusable = unusable
