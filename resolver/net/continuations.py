"""How a chain of aliases is asked on where an upstream left it, and who waits for what meanwhile.

An exchange whose answer left off waits for another one, which asks what the last alias leads to, of the upstreams of
that name's own zone, and which may serve others too. Its clients wait no longer for that: its own schedule goes on.
Nothing is asked on for a client to whom the chain so far is blocked.
"""

from collections.abc import Callable, Sequence
from typing import Final

from resolver.core.continuation import MOST_LINKS
from resolver.core.counters import GAUGES, Gauge
from resolver.core.message_cache import Entry, Unfinished
from resolver.core.pipeline import Pipeline
from resolver.core.step import Asked, Failure, Question, Unusable
from resolver.net.exchange import Exchange, Respond

_CONTINUED: Final = GAUGES + Gauge.CONTINUED

Waiters = Sequence[tuple[Asked, Respond]]


class Continuations:
    """What the exchanges of one forwarder whose answers left off do next."""

    __slots__ = ("_answer", "_ask", "_fail", "_page", "_pipeline", "_settle")

    def __init__(
        self,
        pipeline: Pipeline,
        page: memoryview,
        ask: Callable[[Question, float], Exchange | Failure],
        answer: Callable[[Waiters, Entry, float], None],
        settle: Callable[[Exchange, Entry, float], None],
        fail: Callable[[Exchange, float], None],
    ) -> None:
        """``ask`` asks a question, or joins who asks it; ``answer`` answers waiters, ``settle`` and ``fail`` end an
        exchange."""
        self._page = page
        self._pipeline = pipeline
        self._ask = ask
        self._answer = answer
        self._settle = settle
        self._fail = fail

    def go_on(self, exchange: Exchange, unfinished: Unfinished, now: float) -> None:
        """Ask what the last alias of an exchange's answer leads to, unless another upstream has said the same."""
        if exchange.partial is None:
            self._extend(exchange, unfinished.entry, now)

    def resume(self, followers: Sequence[Exchange], rest: Entry | Unfinished, now: float) -> None:
        """Give what a rest brought to those who waited for it."""
        for follower in followers:
            if follower.open and follower.partial is not None:
                follower.rest = None
                self._append(follower, follower.partial, rest, now)

    def give_up(self, followers: Sequence[Exchange], unusable: Unusable, now: float) -> None:
        """Tell those who waited for a rest that it failed."""
        for follower in followers:
            if follower.rest is not None and not follower.rest.open:
                follower.rest = None  # nothing comes of it any more
            if follower.open and not follower.late:
                self._refuse(follower, unusable, now)

    def _append(self, exchange: Exchange, first: Entry, rest: Entry | Unfinished, now: float) -> None:
        match self._pipeline.join(exchange.question, first, rest, now):
            case Entry() as whole:
                self._settle(exchange, whole, now)
            case Unfinished(entry):
                self._extend(exchange, entry, now)
            case Unusable() as unusable:
                self._refuse(exchange, unusable, now)

    def _extend(self, exchange: Exchange, partial: Entry, now: float) -> None:
        """Go on from here, and let those who follow go on by themselves: so nobody ever waits for who waits."""
        exchange.partial = partial
        followers, exchange.followers = exchange.followers, []
        self._answer_blocked(exchange, partial, now)
        if not exchange.waiters or len(partial.links) > MOST_LINKS:
            self._refuse(exchange, Unusable(Failure.UNUSABLE), now)
        else:
            self._ask_rest(exchange, partial, now)
        self.resume(followers, Unfinished(partial), now)

    def _answer_blocked(self, exchange: Exchange, partial: Entry, now: float) -> None:
        waiting = [(each, self._pipeline.permits_rest(each[0], partial)) for each in exchange.waiters]
        exchange.waiters = [waiter for waiter, permitted in waiting if permitted]
        self._answer([waiter for waiter, permitted in waiting if not permitted], partial, now)

    def _ask_rest(self, exchange: Exchange, partial: Entry, now: float) -> None:
        self._page[_CONTINUED] += 1
        question = exchange.question._replace(qname=partial.names[-1])
        known = self._pipeline.known(question, now)
        if isinstance(known, Unusable):
            self._refuse(exchange, known, now)
        elif isinstance(known, Entry):
            self._append(exchange, partial, known, now)
        elif isinstance(rest := self._ask(question, now), Failure):
            self._refuse(exchange, Unusable(rest), now)
        elif rest.partial is not None:
            self._append(exchange, partial, Unfinished(rest.partial), now)
        else:
            exchange.rest = rest
            rest.followers.append(exchange)

    def _refuse(self, exchange: Exchange, unusable: Unusable, now: float) -> None:
        exchange.unusable = unusable
        self._fail(exchange, now)
