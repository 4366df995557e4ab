"""How questions go to an upstream over TCP: one connection for many, answers in whatever order (RFC 7766 section 6.2).

A connection is opened when a question needs it, kept while questions come, and replaced when it is lost or was silent
for a question that is asked again. What is asked again goes over a connection apart: one of the questions that were on
the lost one may be what breaks it, and is not to break another for everybody.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from resolver.net.attempt import Outcome
from resolver.net.draws import Draws
from resolver.net.settings import UpstreamAddress
from resolver.net.streams_apart import StreamsApart
from resolver.net.upstream_lines import open_stream_socket
from resolver.net.upstream_stream import UpstreamStream

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

CONNECT_WITHIN: Final = 3.0
"""Seconds for a connection to come about."""
IDLE: Final = 8.0
"""Seconds without a question after which we close, before most servers do (RFC 7766 section 6.2.3)."""


class UpstreamStreams:
    """The connections to one upstream: the current one, those apart, and those that only wait for their last answers.

    ``arrived(stream, message, now)`` gets each message, ``lost(stream, attempts, now)`` the attempts that waited on a
    connection that ended, or for one in vain.
    """

    __slots__ = ("_address", "_apart", "_arrived", "_clock", "_closed", "_current", "_draws", "_loop", "_lost",
                 "_open")  # fmt: skip  # two lines, not twelve

    def __init__(
        self,
        address: UpstreamAddress,
        loop: asyncio.AbstractEventLoop,
        draws: Draws,
        clock: Callable[[], float],
        arrived: Callable[[UpstreamStream, bytes, float], None],
        lost: Callable[[UpstreamStream | None, "list[Attempt]", float], None],
        answer: float,
    ) -> None:
        """Connect to this address when the first question comes; ``answer`` is how many seconds a question has."""
        self._address = address
        self._loop = loop
        self._draws = draws
        self._clock = clock
        self._arrived = arrived
        self._lost = lost
        self._current: UpstreamStream | None = None
        self._apart = StreamsApart(
            loop, clock, self._connect, self._send, lambda attempts, now: lost(None, attempts, now), answer
        )
        self._open: set[UpstreamStream] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, attempt: "Attempt", now: float, *, asked_before: float | None) -> None:
        """Send an attempt's question, or let it wait for a connection apart.

        ``asked_before``: when the same question went out over TCP already without getting an answer. If nothing came
        over the current connection since then, nobody else is sent there either. Raises OSError if no connection can
        be had.
        """
        if asked_before is None:
            self._send(self._shared(now), attempt, now)
            return
        if self._current is not None and self._current.silent_since(asked_before):
            self._current = None
        self._apart.ask(attempt, now)

    def _shared(self, now: float) -> UpstreamStream:
        """Give the connection that new questions share."""
        if self._current is None or not self._current.can_take(now):
            self._current = self._connect(now)
        return self._current

    def _send(self, stream: UpstreamStream, attempt: "Attempt", now: float) -> None:
        """Send an attempt's question over a connection, under an id that no other has there. Raises OSError."""
        message_id, _ = self._draws.draw()
        while message_id in stream.pending:
            message_id, _ = self._draws.draw()
        attempt.outcome = Outcome.WAITING
        attempt.sent = stream.used = now
        stream.send(attempt.upstream.write_for_stream(attempt, message_id))
        stream.pending[message_id] = attempt

    def renew(self, now: float) -> None:
        """Close connections that nobody waits on any more, and those that do not come about."""
        for stream in tuple(self._open):
            idle_since = stream.used if stream.connected else stream.opened
            idle_for = IDLE if stream.connected else CONNECT_WITHIN
            if now - idle_since >= idle_for:
                stream.end()
        self._apart.renew(now)

    def close(self) -> None:
        """Close all connections for good; whoever waits on them, or for one, is told that they are lost."""
        self._closed = True  # who is told may ask again
        for stream in tuple(self._open):
            stream.end()
        self._apart.close()

    def _connect(self, now: float) -> UpstreamStream:
        if self._closed:
            raise OSError(errno.ESHUTDOWN, "this upstream is asked no more")
        line = open_stream_socket(self._address)
        opened = UpstreamStream(line, self._loop, self._take, self._forget, now)
        self._open.add(opened)
        return opened

    def _take(self, stream: UpstreamStream, messages: list[bytes]) -> None:
        now = self._clock()
        stream.heard = now
        was_awaited = bool(stream.pending)
        for message in messages:
            self._arrived(stream, message, now)
        if was_awaited and not stream.pending and stream in self._apart:
            self._apart.answered(stream, now)

    def _forget(self, stream: UpstreamStream) -> None:
        self._open.discard(stream)
        waiting = list(stream.pending.values())
        stream.pending.clear()
        if self._current is stream:
            self._current = None
        elif stream in self._apart:
            self._apart.ended(stream, in_vain=bool(waiting))
        if waiting:
            self._lost(stream, waiting, self._clock())
