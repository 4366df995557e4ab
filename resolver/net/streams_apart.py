"""How questions are asked again over TCP: one at a time on a connection apart, in their order, within their time.

One of them may be what broke the connection that they shared. Alone, it breaks none but its own. There are so many
connections apart at most; who finds none free waits. Sharing comes back where waiting would cost more than it saves:
for who has waited half of the time that it had left, and for who would be one too many in the queue.
"""

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Never

from resolver.net.attempt import Outcome
from resolver.net.upstream_stream import UpstreamStream

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

MOST_APART: Final = 16
"""Connections apart to one upstream."""
MOST_QUEUED: Final = 1_024
"""Questions that wait for one; whoever comes then shares."""
MOST_IN_VAIN: Final = 64
"""Connections apart lost in a row with their questions, after which nobody waits for another one."""
BREATH: Final = 0.005
"""Seconds between an answer and the next question on a connection: some upstreams close after each answer."""


class Queued(NamedTuple):
    """An attempt that was not sent yet; from ``shares_at`` (monotonic seconds) it need not be alone."""

    attempt: "Attempt"
    shares_at: float


class StreamsApart:
    """The connections apart to one upstream, and the attempts that wait for one."""

    __slots__ = ("_answer", "_clock", "_connect", "_in_vain", "_loop", "_lost", "_queue", "_send", "_streams",
                 "_vacant")  # fmt: skip  # two lines, not ten

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        connect: Callable[[float], UpstreamStream],
        send: Callable[[UpstreamStream, "Attempt", float], None],
        lost: Callable[["list[Attempt]", float], None],
        answer: float,
    ) -> None:
        """``connect`` opens a connection and ``send`` sends over it, either may raise OSError; ``lost`` gets those for
        whom there is none any more. ``answer``: seconds after its start within which a question must be answered."""
        self._loop = loop
        self._clock = clock
        self._connect = connect
        self._send = send
        self._lost = lost
        self._answer = answer
        self._streams: list[UpstreamStream] = []
        self._vacant: list[UpstreamStream] = []
        self._queue: deque[Queued] = deque()
        self._in_vain = 0

    def __contains__(self, stream: UpstreamStream) -> bool:
        return stream in self._streams

    def ask(self, attempt: "Attempt", now: float) -> None:
        """Send over a connection that carries nothing else, now or when one is free. Raises OSError if none is had."""
        if not self._queue:
            self._in_vain = 0
            stream = self._vacancy(now)
        else:
            stream = self._shareable(now) if len(self._queue) >= MOST_QUEUED else None
        if stream is not None:
            self._send(stream, attempt, now)
            return
        attempt.outcome = Outcome.QUEUED
        time_left = attempt.exchange.started + self._answer - now
        self._queue.append(Queued(attempt, now + time_left / 2))

    def answered(self, stream: UpstreamStream, now: float) -> None:
        """Take note that nobody waits on a connection any more; if all was well it serves the next in a moment."""
        self._in_vain = 0
        if stream.can_take(now):
            self._loop.call_later(BREATH, self._vacate, stream)
        else:
            stream.end()

    def ended(self, stream: UpstreamStream, *, in_vain: bool) -> None:
        """Take note that a connection is gone, ``in_vain`` if its questions are; the next in the queue gets another."""
        self._streams.remove(stream)
        if stream in self._vacant:
            self._vacant.remove(stream)
        self._in_vain += in_vain
        if self._queue:
            self._loop.call_soon(self._serve)

    def renew(self, now: float) -> None:
        """Let those share who have waited long enough, and close connections that nobody waits on."""
        if self._queue:
            self._make_room(now)
        queue, self._queue = self._queue, deque()
        for queued in queue:
            if now < queued.shares_at:
                self._queue.append(queued)
            elif queued.attempt.exchange.goes_on:
                self._try(self._shareable, queued.attempt, now)
        for stream in tuple(self._streams):
            if self._is_useless(stream, now):
                stream.pending.clear()
                stream.end()

    def close(self) -> None:
        """Let nobody wait any more, for good; the connections are closed by who opened them.

        Who opens them holds this, and is let go of: no cycle is left behind.
        """
        self._connect = self._send = _refuse
        self._give_up()

    def _give_up(self) -> None:
        """Tell all who wait that there is none for them."""
        queue, self._queue = self._queue, deque()
        self._lost([queued.attempt for queued in queue], self._clock())

    def _vacancy(self, now: float) -> UpstreamStream | None:
        """Give a connection on which nobody waits, if there is one or may be one more. Raises OSError."""
        for stream in self._vacant:
            if stream.can_take(now):
                self._vacant.remove(stream)
                return stream
        if len(self._streams) >= MOST_APART:
            return None
        opened = self._connect(now)
        self._streams.append(opened)
        return opened

    def _shareable(self, now: float) -> UpstreamStream:
        """Give a connection that others may wait on, too: the least used where none is free. Raises OSError."""
        self._make_room(now)
        vacant = self._vacancy(now)
        if vacant is not None:
            return vacant
        return min((stream for stream in self._streams if stream.can_take(now)), key=lambda each: len(each.pending))

    def _make_room(self, now: float) -> None:
        """Give up all connections if there may be no more and something odd happened on each of them."""
        if len(self._streams) >= MOST_APART and not any(stream.can_take(now) for stream in self._streams):
            for stream in tuple(self._streams):
                stream.end()

    def _vacate(self, stream: UpstreamStream) -> None:
        if stream.is_open and not stream.pending and stream not in self._vacant:
            self._vacant.append(stream)
            self._serve()

    def _serve(self) -> None:
        """Give connections that are free to those whose turn it is."""
        now = self._clock()
        while self._queue and self._in_vain < MOST_IN_VAIN:
            queued = self._queue.popleft()
            if queued.attempt.exchange.goes_on and not self._try(self._vacancy, queued.attempt, now):
                self._queue.appendleft(queued)
                return
        if self._in_vain >= MOST_IN_VAIN:
            self._give_up()

    def _try(self, choose: Callable[[float], UpstreamStream | None], attempt: "Attempt", now: float) -> bool:
        """Send an attempt that has waited, and tell whether its waiting is over; who cannot be sent is told so."""
        try:
            stream = choose(now)
            if stream is None:
                return False
            self._send(stream, attempt, now)
        except OSError:
            self._in_vain += 1
            self._lost([attempt], now)
        return True

    def _is_useless(self, stream: UpstreamStream, now: float) -> bool:
        """Tell whether nobody waits on a connection, but for who was told of a failure while others want one."""
        if not stream.pending:
            return not self._queue or not stream.can_take(now)
        exchanges = [attempt.exchange for attempt in stream.pending.values()]
        return not any(exchange.open and not (exchange.late and self._queue) for exchange in exchanges)


def _refuse(*_: object) -> Never:
    raise OSError(errno.ESHUTDOWN, "this upstream is asked no more")
