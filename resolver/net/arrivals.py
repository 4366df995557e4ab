"""How datagrams reach us from thousands of upstream sockets through one reader of the event loop.

All sockets sit in an epoll set of their own, whose descriptor is the only one that the event loop watches. That saves
a handle, a callback and a selector entry for each socket, both when one becomes ready and when one is replaced.
"""

import asyncio
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from resolver.net.readiness import receive

if TYPE_CHECKING:
    from resolver.net.upstream_sockets import UpstreamSocket

MOST_AT_ONCE: Final = 64
"""Sockets read before clients and other readers get their turn."""


class Arrivals:
    """The sockets that may bring a datagram, and who is told when one does.

    ``arrived(socket, datagram, now)`` gets each datagram, ``failed(socket, now)`` each error that the kernel reports
    for a socket (an ICMP message, as a rule); ``now`` is read from ``clock`` once for all that are ready together.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        arrived: Callable[["UpstreamSocket", bytes, float], None],
        failed: Callable[["UpstreamSocket", float], None],
        clock: Callable[[], float],
    ) -> None:
        """Begin to listen; no socket is watched yet."""
        self._loop = loop
        self._arrived = arrived
        self._failed = failed
        self._clock = clock
        self._sockets: dict[int, UpstreamSocket] = {}
        self._epoll = select.epoll()
        loop.add_reader(self._epoll.fileno(), self.read)

    def watch(self, socket: "UpstreamSocket") -> None:
        """Read this socket from now on."""
        self._sockets[socket.descriptor] = socket
        self._epoll.register(socket.descriptor, select.EPOLLIN)

    def forget(self, socket: "UpstreamSocket") -> None:
        """Stop reading a socket that is about to be closed; the kernel takes it out of the set when it is."""
        self._sockets.pop(socket.descriptor, None)

    def read(self) -> None:
        """Take one datagram, or one error, from each socket that is ready; more of the same wait for the next turn.

        Whatever goes wrong with one of them is its own.
        """
        now = self._clock()
        sockets = self._sockets
        arrived = self._arrived
        ready = [(sockets.get(descriptor), datagram) for descriptor, datagram, _ in receive(self._epoll, MOST_AT_ONCE)]
        for socket, datagram in ready:
            if socket is None or sockets.get(socket.descriptor) is not socket:
                continue  # Closed a moment ago, by what another socket brought; its number may be another's already.
            try:
                if datagram is None:
                    self._failed(socket, now)
                else:
                    arrived(socket, datagram, now)
            except Exception as error:  # noqa: BLE001 - the others were received with it, and nobody sends them again
                context = {"message": "what came from an upstream could not be taken in", "exception": error}
                self._loop.call_exception_handler(context)

    def close(self) -> None:
        """Listen no more; the sockets are their pools' to close."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._sockets.clear()
