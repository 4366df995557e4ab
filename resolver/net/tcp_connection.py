"""One client's TCP connection: many queries behind one another, answered in whatever order answers come (RFC 7766).

Nothing here grows without a bound. A client that sends faster than it reads is not read any more; one that stalls in
the middle of a message, never reads its answers, or has nothing to say, is overdue after a while and gets closed. So
does a connection that has brought as many queries as it may: the client gets all answers and the end of the stream, and
what it has sent meanwhile is passed over, for to close with that unread would reset the connection under the answers.
"""

import asyncio
import socket
from collections import deque
from typing import Final, Protocol

from resolver.core.counters import Transport
from resolver.dns.framing import MessageSplitter, frame
from resolver.net.answering import Answering
from resolver.net.client_views import packed_address
from resolver.net.tcp_stream import HIGH_WATER, TcpStream

BATCH: Final = 64
"""Queries answered before other sockets get their turn."""
WAITING: Final = 64
"""Queries of one connection that may wait for upstreams; further ones stay unread."""
MOST_UNSENT: Final = 1024 * 1024
"""Octets of answers not taken at which the connection ends: answers of queries already forwarded still come."""

FIRST_MESSAGE: Final = 3.0
"""Seconds within which the first octet must come."""
WHOLE_MESSAGE: Final = 5.0
"""Seconds from the first octet of a message to its last, and for taking the answers that are stuck."""
IDLE: Final = 10.0
"""Seconds without a query after which the connection closes (RFC 7766 section 6.2.3)."""

LEAST_PATIENCE: Final = 0.2
"""The share of these times that a client has, whatever the hurry, to send or take what it has begun."""


class Register(Protocol):
    """The server, as far as a connection knows it."""

    def heard(self, connection: "TcpConnection") -> None:
        """Take note that the client has asked something."""

    def forget(self, connection: "TcpConnection") -> None:
        """Take note that the connection is gone."""


class TcpConnection:
    """The state of one connection; ``host`` is the client's address."""

    __slots__ = ("_answering", "_client", "_ended", "_kind", "_left", "_loop", "_partial_since", "_quiet_since",
                 "_register", "_splitter", "_spoke", "_stream", "_stuck_since", "_taking_leave", "_unanswered",
                 "_waiting", "_wakes", "host")  # fmt: skip  # three lines, not eighteen

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        host: str,
        answering: Answering,
        register: Register,
        *,
        queries: int,
    ) -> None:
        """Serve a client over a socket that now belongs to the connection, until it has brought so many queries."""
        self.host = host
        self._client = packed_address(host)
        self._loop = loop
        self._answering = answering
        self._register = register
        self._kind = Transport.TCP6 if sock.family == socket.AF_INET6 else Transport.TCP4
        self._splitter = MessageSplitter()
        self._unanswered: deque[bytes] = deque()
        self._waiting = 0
        self._left = queries
        self._taking_leave = False
        self._wakes = False
        self._ended = False
        self._spoke = False
        self._quiet_since = answering.monotonic()
        self._partial_since: float | None = None
        self._stuck_since: float | None = None
        self._stream: TcpStream | None = TcpStream(loop, sock, self)

    # What the stream reports.

    def data_received(self, data: bytes) -> None:
        """Take in a piece of the stream."""
        if self._taking_leave:
            return
        now = self._answering.watch.read()
        self._spoke = True
        messages = self._splitter.feed(data)
        if not self._splitter.partial:
            self._partial_since = None
        elif messages or self._partial_since is None:
            self._partial_since = now
        if messages:  # an octet of one costs next to nothing
            self._unanswered.extend(messages)
            self._serve(now)

    def eof_received(self) -> None:
        """Send what is still owed to a client that asks no more, then close."""
        self._ended = True
        self._taking_leave = False
        self._partial_since = None
        self._close_when_done()

    def pause_writing(self) -> None:
        """Note that the client does not take its answers."""
        self._stuck_since = self._answering.monotonic()

    def resume_writing(self) -> None:
        """Go on: the client has taken its answers."""
        self._stuck_since = None
        self._wake()

    def connection_lost(self) -> None:
        """End."""
        self._stream = None
        self._unanswered.clear()
        self._register.forget(self)

    # What the server asks and orders.

    @property
    def idle_since(self) -> float | None:
        """Since when nothing is going on (monotonic seconds); None if something is."""
        if self._stream is None or self._waiting or self._unanswered:
            return None
        return self._quiet_since if self._partial_since is None and self._stuck_since is None else None

    def overdue(self, now: float, hurry: float = 1.0) -> bool:
        """Tell whether the client has kept the connection waiting for too long.

        ``hurry`` is the share of the usual times that there is just now; no message gets less than a fifth.
        """
        patience = max(hurry, LEAST_PATIENCE)
        if self._stuck_since is not None:
            return now - self._stuck_since >= WHOLE_MESSAGE * patience
        if self._partial_since is not None:
            return now - self._partial_since >= WHOLE_MESSAGE * patience
        idle_since = self.idle_since
        if idle_since is None:
            return False
        return now - idle_since >= (IDLE * hurry if self._spoke else FIRST_MESSAGE * patience)

    def take_no_more(self) -> None:
        """Answer what was asked, then close."""
        self._ended = True
        self._taking_leave = False
        if self._stream is not None:
            self._stream.pause_reading()
        self._close_when_done()

    def abort(self) -> None:
        """Close at once; what the client has not taken is lost."""
        if self._stream is not None:
            self._stream.abort()

    # From queries to answers.

    def _serve(self, now: float) -> None:
        """Answer a batch; leave the rest for later, and the stream unread while there is a rest."""
        if self._stream is None:
            return
        view = self._answering.views[self.host]
        assert view is not None, "no connection comes from an address that nothing can be sent to"
        frames: list[bytes] = []
        size = 0
        asked = False
        for _ in range(BATCH):
            if not self._unanswered or not self._has_room or size > HIGH_WATER:
                break
            message = self._unanswered.popleft()
            self._quiet_since = now
            self._waiting += 1
            self._left -= 1
            asked = True
            wire = self._answering.answer(message, view, self._client, self._kind, now, self._answer_later, None)
            if wire is not None:
                self._waiting -= 1
                size += len(wire)
                frames.append(frame(wire))
            if not self._left:
                self._take_leave()
        if asked:
            self._register.heard(self)
        self._write_batch(frames, now)
        self._read_or_wake()

    def _take_leave(self) -> None:
        """Answer what was asked, and nothing that comes after it."""
        self._ended = self._taking_leave = True
        self._partial_since = None
        self._unanswered.clear()

    def _write_batch(self, frames: list[bytes], now: float) -> None:
        if frames and self._stream is not None:
            self._stream.write(b"".join(frames))
            self._answering.count_durations(len(frames), (self._answering.monotonic() - now) / len(frames))

    @property
    def _has_room(self) -> bool:
        return self._waiting < WAITING and self._stuck_since is None

    def _read_or_wake(self) -> None:
        if self._unanswered:
            self._read_nothing()
            self._wake()
        elif self._ended:
            self._close_when_done()
        elif self._stream is not None and self._has_room:
            self._stream.resume_reading()
        else:
            self._read_nothing()

    def _read_nothing(self) -> None:
        if self._stream is not None:
            self._stream.pause_reading()

    def _wake(self) -> None:
        """Serve on, once the other sockets had their turn, if there is room for it."""
        if not self._wakes and self._has_room:
            self._wakes = True
            self._loop.call_soon(self._serve_on)

    def _serve_on(self) -> None:
        self._wakes = False
        self._serve(self._answering.watch.read())

    def _answer_later(self, wire: bytes | None, _: None) -> None:
        """Send the answer of a query that was forwarded; None if it gets none."""
        self._waiting -= 1
        stream = self._stream  # to write may find the connection gone, and end it
        if stream is None:
            return
        if wire is not None:
            stream.write(frame(wire))
        self._go_on(stream)

    def _go_on(self, stream: TcpStream) -> None:
        if stream.unsent > MOST_UNSENT:
            stream.abort()
        elif self._ended or not stream.is_reading:
            self._wake()

    def _close_when_done(self) -> None:
        if self._stream is None or not self._ended or self._waiting or self._unanswered:
            return
        if self._taking_leave:
            self._stream.end_writing()
        else:
            self._stream.close()
