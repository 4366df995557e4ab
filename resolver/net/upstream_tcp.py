"""How questions go to an upstream over TCP: one connection for many, answers in whatever order (RFC 7766 section 6.2).

A connection is opened when a question needs it, kept while questions come, and replaced when it is lost or was silent
for a question that is asked again. What is asked again goes over a connection apart: one of the questions that were on
the lost one may be what breaks it, and is not to break another for everybody.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from resolver.net.draws import Draws
from resolver.net.settings import UpstreamAddress
from resolver.net.upstream_lines import open_stream_socket
from resolver.net.upstream_stream import UpstreamStream

if TYPE_CHECKING:
    from resolver.net.attempt import Attempt

CONNECT_WITHIN: Final = 3.0
"""Seconds for a connection to come about."""
IDLE: Final = 8.0
"""Seconds without a question after which we close, before most servers do (RFC 7766 section 6.2.3)."""
MOST_APART: Final = 16
"""Connections for questions that are asked again; beyond them those share."""


class UpstreamStreams:
    """The connections to one upstream: the current one, those apart, and those that only wait for their last answers.

    ``arrived(stream, message, now)`` gets each message, ``lost(stream, attempts, now)`` the attempts that waited on a
    connection that ended.
    """

    __slots__ = ("_address", "_apart", "_arrived", "_clock", "_current", "_draws", "_loop", "_lost", "_open")

    def __init__(
        self,
        address: UpstreamAddress,
        loop: asyncio.AbstractEventLoop,
        draws: Draws,
        clock: Callable[[], float],
        arrived: Callable[[UpstreamStream, bytes, float], None],
        lost: Callable[[UpstreamStream, "list[Attempt]", float], None],
    ) -> None:
        """Connect to this address when the first question comes."""
        self._address = address
        self._loop = loop
        self._draws = draws
        self._clock = clock
        self._arrived = arrived
        self._lost = lost
        self._current: UpstreamStream | None = None
        self._apart: list[UpstreamStream] = []
        self._open: set[UpstreamStream] = set()

    def __len__(self) -> int:
        return len(self._open)

    def assign(self, attempt: "Attempt", now: float, *, asked_before: float | None) -> tuple[UpstreamStream, int]:
        """Choose connection and message id for an attempt.

        ``asked_before``: when the same question went out over TCP already without getting an answer. Raises OSError if
        no connection can be had.
        """
        stream = self._shared(now) if asked_before is None else self._separate(asked_before, now)
        message_id, _ = self._draws.draw()
        while message_id in stream.pending:
            message_id, _ = self._draws.draw()
        stream.pending[message_id] = attempt
        stream.used = now
        return stream, message_id

    def _shared(self, now: float) -> UpstreamStream:
        """Give the connection that new questions share."""
        if self._current is None or not self._current.can_take(now):
            self._current = self._connect(now)
        return self._current

    def _separate(self, asked_before: float, now: float) -> UpstreamStream:
        """Give a connection of its own to a question that is asked again; where there are many, the least used.

        If nothing came over the current one since the question was asked, nobody else is sent there either.
        """
        if self._current is not None and self._current.silent_since(asked_before):
            self._current = None
        if len(self._apart) < MOST_APART:
            opened = self._connect(now)
            self._apart.append(opened)
            return opened
        fit = [stream for stream in self._apart if stream.can_take(now)]
        if not fit:
            raise OSError(errno.EAGAIN, "every connection apart is broken")
        return min(fit, key=lambda stream: len(stream.pending))

    def renew(self, now: float) -> None:
        """Close connections that nobody waits on any more, and those that do not come about."""
        for stream in tuple(self._open):
            idle_since = stream.used if stream.connected else stream.opened
            idle_for = IDLE if stream.connected else CONNECT_WITHIN
            if now - idle_since >= idle_for or (stream in self._apart and not stream.pending):
                stream.end()

    def close(self) -> None:
        """Close all connections; whoever waits on them is told that they are lost."""
        for stream in tuple(self._open):
            stream.end()

    def _connect(self, now: float) -> UpstreamStream:
        line = open_stream_socket(self._address)
        opened = UpstreamStream(line, self._loop, self._take, self._forget, now)
        self._open.add(opened)
        return opened

    def _take(self, stream: UpstreamStream, messages: list[bytes]) -> None:
        now = self._clock()
        stream.heard = now
        for message in messages:
            self._arrived(stream, message, now)

    def _forget(self, stream: UpstreamStream) -> None:
        self._open.discard(stream)
        if self._current is stream:
            self._current = None
        elif stream in self._apart:
            self._apart.remove(stream)
        waiting = list(stream.pending.values())
        stream.pending.clear()
        if waiting:
            self._lost(stream, waiting, self._clock())
