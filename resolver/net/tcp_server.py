"""Queries over TCP: who may connect, how many at once, what happens when descriptors run out (RFC 7766, RFC 9210)."""

import asyncio
import contextlib
import os
import resource
import socket
import sys
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from resolver.core.counters import GAUGES, Gauge
from resolver.core.courtesy import Courtesies
from resolver.net.answering import Answering
from resolver.net.tcp_connection import IDLE, TcpConnection

ACCEPTED_AT_ONCE: Final = 4
CLOSED_AT_ONCE: Final = 4
"""Connections taken, or closed because they are overdue, before other sockets get their turn: each of them costs as
much as ten answers over UDP."""
LOOKED_AT: Final = 32
"""Connections looked at before other sockets get their turn: thousands of them hold nobody up."""
PRESSURE: Final = ((0.8, 0.05), (0.65, 0.2), (0.5, 0.5))
"""From which share of all places taken, which share of the usual time a client may be idle (RFC 7766 section 6.2.3)."""
TURNED_AWAY_AT_ONCE: Final = 4
TURNED_AWAY_PAUSE: Final = 0.004
"""Seconds for which a listener is left after so many were turned away: those who connect again at once cost little."""
FULL_PAUSE: Final = 0.02
"""The same where all places are taken: whoever comes then is turned away, or somebody else is."""
KEPT_FREE: Final = 8
"""File descriptors that connections leave to everything else: a change of policy opens files, upstreams get sockets."""
NO_DESCRIPTORS: Final = "file descriptors have run out: TCP connections are turned away until some are free"


class TcpServer:
    """The TCP side of one worker; its listeners are shared with the other workers."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listeners: Sequence[socket.socket],
        answering: Answering,
        *,
        connections: int,
        per_client: int,
        queries: int,
        courtesies: Courtesies,
    ) -> None:
        """Take listening, non-blocking sockets, which stay the caller's, and the most connections there may be.

        ``queries``: how many one connection may bring in all. ``courtesies`` learn how long clients may be idle.
        """
        self._loop = loop
        self._listeners = tuple(listeners)
        self._answering = answering
        self._page = answering.page
        self._most = connections
        self._most_per_client = per_client
        self._most_queries = queries
        self._courtesies = courtesies
        self._connections: OrderedDict[TcpConnection, None] = OrderedDict()
        """Who has asked nothing for longest comes first."""
        self._to_look_at: list[TcpConnection] = []
        self._complained = False
        self._of_client: Counter[str] = Counter()
        self._resting: set[socket.socket] = set()
        self._pausing: dict[socket.socket, asyncio.TimerHandle] = {}
        self._spare: int | None = None
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._first_kept = (sys.maxsize if limit == resource.RLIM_INFINITY else limit) - KEPT_FREE
        """The kernel gives the lowest free descriptor, so whoever gets this one or a higher leaves too few."""
        self._all_closed: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._keep_spare()
        self._listen(self._listeners)

    def bound(self, *, connections: int, per_client: int, queries: int) -> None:
        """Replace the bounds; connections that there are stay until they end, by the bound they began with."""
        self._most = connections
        self._most_per_client = per_client
        self._most_queries = queries

    def sweep(self, now: float) -> None:
        """Close what is overdue, and try again to accept where descriptors had run out."""
        hurry = self._hurry()
        self._courtesies.idle_seconds = IDLE * hurry
        if not self._to_look_at:
            self._to_look_at = list(reversed(self._connections))
            self._look(now, hurry)
        if self._spare is None:
            self._keep_spare()
        self._listen(self._resting)
        self._resting.clear()

    def _look(self, now: float, hurry: float) -> None:
        """Close what is overdue among the next few connections, then go on once others had their turn."""
        closed = 0
        for _ in range(min(LOOKED_AT, len(self._to_look_at))):
            connection = self._to_look_at.pop()
            if connection.overdue(now, hurry):
                connection.abort()
                self._page[GAUGES + Gauge.TCP_OVERDUE] += 1
                closed += 1
                if closed == CLOSED_AT_ONCE:
                    break
        if self._to_look_at:
            self._loop.call_soon(self._look, now, hurry)

    def stop(self) -> None:
        """Accept no more."""
        for listener in self._listeners:
            self._loop.remove_reader(listener.fileno())
        for timer in self._pausing.values():
            timer.cancel()
        self._resting.clear()

    async def finish(self) -> None:
        """Answer what was asked, then close every connection."""
        for connection in tuple(self._connections):
            connection.take_no_more()
        if self._connections:
            self._all_closed = self._loop.create_future()
            await self._all_closed

    def close(self) -> None:
        """Close every connection at once."""
        self.stop()
        for connection in tuple(self._connections):
            connection.abort()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def heard(self, connection: TcpConnection) -> None:
        """Put a connection behind those that have been idle for longer."""
        if connection in self._connections:
            self._connections.move_to_end(connection)

    def forget(self, connection: TcpConnection) -> None:
        """Free the place of a connection that is gone, or that must go."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        self._of_client[connection.host] -= 1
        if self._of_client[connection.host] <= 0:
            del self._of_client[connection.host]
        self._page[GAUGES + Gauge.TCP_CONNECTIONS] = len(self._connections)
        if not self._connections and self._all_closed is not None and not self._all_closed.done():
            self._all_closed.set_result(None)

    def _listen(self, listeners: Iterable[socket.socket]) -> None:
        for listener in listeners:
            self._loop.add_reader(listener.fileno(), self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        crowded = 0
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return  # another worker was faster, or the client is gone already
            except OSError:
                self._turn_away(listener)
                return
            if sock.fileno() >= self._first_kept:
                sock.close()
                self._rest(listener)
                return
            full = len(self._connections) >= self._most
            admitted = self._admits(address)
            if admitted:
                self._open(sock, address[0])
            else:
                sock.close()
                self._page[GAUGES + Gauge.TCP_REFUSED] += 1
            crowded += full or not admitted
            if crowded == TURNED_AWAY_AT_ONCE:
                self._pause(listener, FULL_PAUSE if full else TURNED_AWAY_PAUSE)
                return

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        """Leave a listener for a moment; who connects meanwhile waits in its queue."""
        self._loop.remove_reader(listener.fileno())
        self._pausing[listener] = self._loop.call_later(seconds, self._listen, (listener,))

    def _admits(self, address: tuple[str, int]) -> bool:
        host, port = address[:2]
        if not port or self._answering.views[host] is None or self._of_client[host] >= self._most_per_client:
            return False
        return len(self._connections) < self._most or self._closed_an_idle_one()

    def _closed_an_idle_one(self) -> bool:
        """Make room by closing the connection on which nothing has happened for longest (RFC 7766 section 6.2.3)."""
        first = islice(self._connections, LOOKED_AT)
        oldest = next((connection for connection in first if connection.idle_since is not None), None)
        if oldest is None:
            return False
        self.forget(oldest)
        oldest.abort()
        return True

    def _hurry(self) -> float:
        """Tell which share of the usual time a client may be idle, by how many places are taken."""
        taken = len(self._connections) / self._most
        return next((hurry for share, hurry in PRESSURE if taken > share), 1.0)

    def _open(self, sock: socket.socket, host: str) -> None:
        connection = TcpConnection(self._loop, sock, host, self._answering, self, queries=self._most_queries)
        self._connections[connection] = None
        self._complained = False
        self._of_client[host] += 1
        self._page[GAUGES + Gauge.TCP_CONNECTIONS] = len(self._connections)

    def _turn_away(self, listener: socket.socket) -> None:
        """Give up the spare descriptor to end the oldest waiting connection, then leave the listener for a while.

        Left alone, a full table of descriptors would wake this worker without end for a connection it cannot take.
        """
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):  # another process may have taken the descriptor; then the client waits
                listener.accept()[0].close()
            self._keep_spare()
        self._rest(listener)

    def _rest(self, listener: socket.socket) -> None:
        """Count a client turned away for want of descriptors, tell it once, and leave the listener until the sweep."""
        self._page[GAUGES + Gauge.TCP_REFUSED] += 1
        if not self._complained:
            self._complained = True
            self._loop.call_exception_handler({"message": NO_DESCRIPTORS})
        self._loop.remove_reader(listener.fileno())
        self._resting.add(listener)

    def _keep_spare(self) -> None:
        try:
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._spare = None
