"""Queries over UDP, one system call each way for each of them: the plain twin of lane.py.

It serves where batches of system calls cannot be had, and is what tests compare them with. A wake-up reads at most 64
datagrams, so that TCP and the upstream sockets get their turn; both clocks are read once for all of them. An answer
that is known needs no task and no await: it leaves before the next datagram is read.
"""

import asyncio
import errno
import socket
from collections.abc import Set as AbstractSet
from struct import Struct
from typing import Final

from resolver.core.counters import DROPS, DropReason, Transport
from resolver.net.answering import Answering
from resolver.net.client_views import packed_address
from resolver.net.mmsg import BATCH, LARGEST_QUERY
from resolver.net.shunned_ports import SHUNNED
from resolver.net.sockets import is_wildcard, kernel_drops
from resolver.net.udp_sender import Address, Control, UdpSender

SOURCES: Final = 1_024
"""Addresses of this host that are remembered, each by the interface it was asked through."""

_IN_PKTINFO: Final = Struct("=I4s4s")  # interface, local address, destination in the header (ip(7))
_IN6_PKTINFO: Final = Struct("=16sI")  # destination, interface (RFC 3542 section 6.1)
_ROOM_FOR_PKTINFO: Final = 128

Destination = tuple[Control, Address, float]
"""Where an answer goes, and when its query came (monotonic seconds)."""


class UdpLane:
    """One worker's UDP socket of one listen address."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        answering: Answering,
        *,
        shunned: AbstractSet[int] = SHUNNED,
    ) -> None:
        """Take a bound, non-blocking socket, which stays the caller's; ``shunned`` source ports get no answer."""
        self._loop = loop
        self._sock = sock
        self._answering = answering
        self._page = answering.page
        self._transport = Transport.UDP6 if sock.family == socket.AF_INET6 else Transport.UDP4
        self._sources = _Sources()
        self._everywhere = is_wildcard(sock)
        self._own = sock.getsockname()[:2]
        self._shunned = shunned
        self._sender = UdpSender(loop, sock, answering.page)
        self.pressed = False
        """Changes nothing here, where every datagram is read when it comes."""

    def start(self) -> None:
        """Begin to read."""
        self._loop.add_reader(self._sock, self.read)

    def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._sock)

    def finish(self, most: int = 4 * 1024) -> None:
        """Take in what has arrived already, at most so many datagrams, then read no more."""
        self.stop()
        for _ in range(most // BATCH):
            if self.read() < BATCH:
                return

    @property
    def kernel_drops(self) -> int:
        """How many datagrams the kernel dropped because the receive buffer was full."""
        return kernel_drops(self._sock)

    def read(self) -> int:
        """Read and answer a batch; return how many datagrams came."""
        answering, sources = self._answering, self._sources
        now = answering.watch.read()
        read = answered = 0
        try:
            while read < BATCH:
                datagram, ancillary, flags, client = self._sock.recvmsg(LARGEST_QUERY, _ROOM_FOR_PKTINFO)
                read += 1
                view = answering.views[client[0]]
                cut = flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
                control = sources[ancillary[0]] if ancillary and not cut else None
                if not self._everywhere:
                    control = ()
                if view is None or cut or control is None or self._is_shunned(client, control):
                    self._page[DROPS + (DropReason.TRUNCATED if cut and view else DropReason.SOURCE)] += 1
                    continue
                wire = answering.answer(
                    datagram,
                    view,
                    packed_address(client[0]),
                    self._transport,
                    now,
                    self._send_later,
                    (control, client, now),
                )
                if wire is not None:
                    answered += 1
                    self._sender.send(wire, control, client)
        except OSError as error:
            self._not_read(error)
        if answered:
            answering.count_durations(answered, answering.monotonic() - now)
        return read

    def _is_shunned(self, client: Address, control: Control) -> bool:
        """Tell whether a datagram comes from where nothing is sent: a shunned port, or the very socket it came to."""
        host, port = client[:2]
        if port != self._own[1]:
            return port in self._shunned
        source = packed_address(host)
        if not control:
            return source == packed_address(self._own[0])
        value = control[0][2]
        return source == (value[4:8] if len(source) == 4 else value[:16])

    def _not_read(self, error: OSError) -> None:
        """Go on at the next wake-up, whatever it was: an empty queue, or an error of one datagram."""
        if error.errno != errno.EAGAIN:
            self._page[DROPS + DropReason.SOURCE] += 1

    def _send_later(self, wire: bytes | None, destination: Destination) -> None:
        control, client, received = destination
        if wire is not None:
            self._sender.send_late(wire, control, client, self._answering.monotonic() - received)


class _Sources(dict[tuple[int, int, bytes], Control | None]):
    """From where a query went to where its answer leaves from; None for a broadcast or multicast destination.

    Remembered, as a host has few addresses. The interface is left open, as the way back may lead through another one;
    only a link-local address means nothing without its interface (RFC 4007).
    """

    def __missing__(self, ancillary: tuple[int, int, bytes]) -> Control | None:
        if len(self) >= SOURCES:
            self.clear()
        level, kind, value = ancillary
        source = _ipv4_source(value) if level == socket.IPPROTO_IP else _ipv6_source(value)
        control = None if source is None else ((level, kind, source),)
        self[ancillary] = control
        return control


def _ipv4_source(value: bytes) -> bytes | None:
    _, local, destination = _IN_PKTINFO.unpack(value)
    return _IN_PKTINFO.pack(0, local, local) if local == destination else None


def _ipv6_source(value: bytes) -> bytes | None:
    destination, interface = _IN6_PKTINFO.unpack(value)
    if destination[0] == 0xFF:
        return None
    link_local = destination[0] == 0xFE and destination[1] & 0xC0 == 0x80
    return _IN6_PKTINFO.pack(destination, interface if link_local else 0)
