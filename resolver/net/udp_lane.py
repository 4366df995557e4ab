"""Queries over UDP: read in batches, answered at once where the answer is known, from the address that was asked.

A wake-up reads at most 64 datagrams, so that TCP and the upstream sockets get their turn. Both clocks are read once
for all of them. An answer that is known needs no task and no await: it leaves before the next datagram is read.
"""

import asyncio
import errno
import socket
from struct import Struct
from typing import Any, Final

from resolver.core.counters import DROPS, GAUGES, DropReason, Gauge, Transport
from resolver.net.answering import Answering
from resolver.net.sockets import is_wildcard, kernel_drops

BATCH: Final = 64
LARGEST_QUERY: Final = 4_096
"""Octets of the longest query that is read; what is longer is dropped, it was cut short."""
LATEST: Final = 1.9
"""Seconds after which nobody waits for an answer over UDP any more; sent in a heap, late answers would be a weapon."""
KEPT: Final = 64
"""Answers that are kept for one more attempt when the send buffer is full."""
SOURCES: Final = 1_024
"""Addresses of this host that are remembered, each by the interface it was asked through."""

_IN_PKTINFO: Final = Struct("=I4s4s")  # interface, local address, destination in the header (ip(7))
_IN6_PKTINFO: Final = Struct("=16sI")  # destination, interface (RFC 3542 section 6.1)
_ROOM_FOR_PKTINFO: Final = 128

Address = tuple[Any, ...]
"""A socket address as Python gives it."""

Control = tuple[tuple[int, int, bytes], ...]
"""Ancillary messages that give an answer its source address; empty where the socket has one address only."""

Destination = tuple[Control, Address, float]
"""Where an answer goes, and when its query came (monotonic seconds)."""


class UdpLane:
    """One worker's UDP socket of one listen address."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, answering: Answering) -> None:
        """Take a bound, non-blocking socket, which stays the caller's."""
        self._loop = loop
        self._sock = sock
        self._answering = answering
        self._page = answering.page
        self._transport = Transport.UDP6 if sock.family == socket.AF_INET6 else Transport.UDP4
        self._read = self._read_wildcard if is_wildcard(sock) else self._read_one_address
        self._sources = _Sources()
        self._kept: list[tuple[bytes, Control, Address]] = []

    def start(self) -> None:
        """Begin to read."""
        self._loop.add_reader(self._sock, self._read)

    def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._sock)

    def finish(self, most: int = 4 * 1024) -> None:
        """Take in what has arrived already, at most so many datagrams, then read no more."""
        self.stop()
        for _ in range(most // BATCH):
            if not self._read():
                return

    @property
    def kernel_drops(self) -> int:
        """How many datagrams the kernel dropped because the receive buffer was full."""
        return kernel_drops(self._sock)

    def _read_one_address(self) -> bool:
        """Read and answer a batch; tell whether there may be more.

        Flat, because nearly every query passes here and nearly all of them end in the packet cache: it does what
        `_read_wildcard` and `Answering.answer` do, less five calls and three counter updates for each datagram.
        """
        answering = self._answering
        now = answering.watch.read()
        table = answering.watch.table
        views, probe, decide = answering.views, answering.packets.probe, answering.decide
        page, transport = self._page, self._transport
        receive, send = self._sock.recvfrom, self._sock.sendto
        read = hits = misses = answered = 0
        try:
            while read < BATCH:
                datagram, client = receive(LARGEST_QUERY + 1)
                read += 1
                view = views[client[0]]
                if view is None or not client[1] or len(datagram) > LARGEST_QUERY:
                    self._refuse_to_read(datagram)
                    continue
                finished = probe(view, transport, datagram, table, now)
                if finished is not None:
                    hits += 1
                    page[finished.answer_slot] += 1
                    page[finished.slot] += 1
                    wire = datagram[:2] + finished.tail
                else:
                    misses += 1
                    found = decide(datagram, view, transport, now, self._send_later, ((), client, now))
                    if found is None:
                        continue
                    wire = found
                answered += 1
                try:
                    send(wire, client)
                except OSError as error:
                    self._not_sent(error, wire, (), client)
        except OSError as error:
            self._not_read(error)
        page[GAUGES + Gauge.PACKET_HITS] += hits
        page[GAUGES + Gauge.PACKET_MISSES] += misses
        self._count_durations(answered, now)
        return read == BATCH

    def _read_wildcard(self) -> bool:
        """Read and answer a batch on 0.0.0.0 or [::]; tell whether there may be more."""
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
                if view is None or not client[1] or control is None:
                    self._page[DROPS + (DropReason.TRUNCATED if cut else DropReason.SOURCE)] += 1
                    continue
                wire = answering.answer(datagram, view, self._transport, now, self._send_later, (control, client, now))
                if wire is not None:
                    answered += 1
                    self._send(wire, control, client)
        except OSError as error:
            self._not_read(error)
        self._count_durations(answered, now)
        return read == BATCH

    def _refuse_to_read(self, datagram: bytes) -> None:
        cut = len(datagram) > LARGEST_QUERY
        self._page[DROPS + (DropReason.TRUNCATED if cut else DropReason.SOURCE)] += 1

    def _count_durations(self, answered: int, since: float) -> None:
        """Count a batch: each of its answers took its share of the time, as they leave one by one."""
        if answered:
            self._answering.count_durations(answered, (self._answering.monotonic() - since) / answered)

    def _not_read(self, error: OSError) -> None:
        """Go on at the next wake-up, whatever it was: an empty queue, or an error of one datagram."""
        if error.errno != errno.EAGAIN:
            self._page[DROPS + DropReason.SOURCE] += 1

    def _send_later(self, wire: bytes | None, destination: Destination) -> None:
        control, client, received = destination
        if wire is None:
            return
        if self._answering.monotonic() - received > LATEST:
            self._page[DROPS + DropReason.LATE] += 1
            return
        self._send(wire, control, client)

    def _send(self, wire: bytes, control: Control, client: Address) -> None:
        try:
            self._sock.sendmsg((wire,), control, 0, client)
        except OSError as error:
            self._not_sent(error, wire, control, client)

    def _not_sent(self, error: OSError, wire: bytes, control: Control, client: Address) -> None:
        """Keep an answer for one more attempt if the send buffer is full; any other error is this answer's end."""
        if error.errno not in (errno.EAGAIN, errno.ENOBUFS) or len(self._kept) >= KEPT:
            self._page[DROPS + DropReason.SEND_FAILED] += 1
            return
        if not self._kept:
            self._loop.call_later(0.001, self._send_kept)
        self._kept.append((wire, control, client))

    def _send_kept(self) -> None:
        kept, self._kept = self._kept, []
        for wire, control, client in kept:
            try:
                self._sock.sendmsg((wire,), control, 0, client)
            except OSError:
                self._page[DROPS + DropReason.SEND_FAILED] += 1


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
