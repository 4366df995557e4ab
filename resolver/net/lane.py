"""Queries over UDP in batches of system calls: what a worker spends nearly all of its time in.

A batch is at most 64 datagrams, so that TCP and the upstream sockets get their turn. Both clocks are read once for all
of it. An answer that is known needs no task and no await, and costs no call of a Python function: it is found by the
datagram itself, its octets are handed to the kernel from where they lie, and what is counted is counted once a batch.
The plain twin is udp_lane.py, which serves where batches cannot be had.

Answers that come later, from upstreams, leave together as well: all that one turn of the loop brings, in one call.

While traffic lasts the socket is read on a beat instead of at every wake-up: at a few thousand queries a second a
wake-up for each of them would cost more than the answer. Where few come, the beat is slower, for the same reason,
unless others keep the worker busy (pressure.py).
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Final, cast

from resolver.core.admission import ALLOWED, View
from resolver.core.counters import DROPS, GAUGES, DropReason, Gauge, Transport
from resolver.core.packet_cache import tag
from resolver.core.rate_limit import Kind
from resolver.core.refuse import refuse
from resolver.core.replay import replay
from resolver.net.answering import Answering
from resolver.net.beat import SOONEST, Beat
from resolver.net.mmsg import BATCH, CONTROL_STRIDE, QUERY_STRIDE, SOURCE_STRIDE, Batch, Outbox, unsupported
from resolver.net.shunned_ports import SHUNNED
from resolver.net.sockets import IP_PKTINFO, is_wildcard, kernel_drops
from resolver.net.udp_lane import UdpLane
from resolver.net.udp_sender import LATEST, Address, Control, UdpSender

EMPTY_BEATS: Final = 4
"""Beats without a datagram after which the socket is watched again."""

FEW: Final = 16
"""Datagrams on a beat; after fewer, the next beat comes later."""

SLOWER: Final = 2.25
"""Times the pace, where few datagrams come: half of them then wait for 1.3 ms at most, and a beat costs what ten do."""

LEAST: Final = 0.25
"""Share of the pace that is left to everything else between two beats."""

_HITS: Final = int(GAUGES + Gauge.PACKET_HITS)

Origin = tuple[bytes, bytes, float]
"""Where a query came from, as the kernel wrote it (socket address, ancillary message), and when (monotonic seconds)."""


def open_lane(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    answering: Answering,
    *,
    pace: float,
    shunned: AbstractSet[int] = SHUNNED,
) -> "BatchLane | UdpLane":
    """Read a bound, non-blocking socket in batches, or one datagram at a time where that is all there is.

    What comes from the source ports ``shunned`` gets no answer.
    """
    if unsupported():
        return UdpLane(loop, sock, answering, shunned=shunned)
    return BatchLane(loop, sock, answering, Beat(loop), pace=pace, shunned=shunned)


class BatchLane:
    """One worker's UDP socket of one listen address."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        answering: Answering,
        beat: Beat,
        *,
        pace: float,
        shunned: AbstractSet[int] = SHUNNED,
    ) -> None:
        """Take a bound, non-blocking socket, which stays the caller's. ``pace``: seconds between beats,
        0 for none."""
        self._loop = loop
        self._sock = sock
        self._descriptor = sock.fileno()
        """For the event loop, which describes a socket object in words each time it does not know it yet."""
        self._answering = answering
        self._page = answering.page
        self._pace = pace
        self._transport = Transport.UDP6 if sock.family == socket.AF_INET6 else Transport.UDP4
        self._is_ipv4 = self._transport is Transport.UDP4
        self._with_controls = is_wildcard(sock)
        self._batch = Batch(sock, tag(ALLOWED, self._transport), with_controls=self._with_controls, shunned=shunned)
        self._sender = UdpSender(loop, sock, answering.page)
        self._outbox = Outbox(sock, with_controls=self._with_controls)
        self._late: list[tuple[bytes, bytes, bytes, float]] = []
        self._beat = beat
        self._due = 0.0
        self._empty_beats = 0
        self.pressed = False
        """Whether others keep the worker busy: the beat comes after the pace, however few it brings."""

    def start(self) -> None:
        """Begin to read."""
        wake: Callable[[], object] = self.read
        if self._pace:
            with suppress(OSError):  # no descriptor is left for a timer: better read at every wake-up than not at all
                self._beat.start(self._read_on_the_beat)
                wake = self._wake
        self._loop.add_reader(self._descriptor, wake)

    def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._descriptor)
        self._beat.stop()

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

    def _wake(self) -> None:
        """Begin to beat: traffic has come after silence."""
        self._loop.remove_reader(self._descriptor)
        self._empty_beats = 0
        self._due = self._answering.monotonic()
        self._beat.set(SOONEST)
        self._read_on_the_beat()

    def _read_on_the_beat(self) -> None:
        received = self.read()
        if received == BATCH:
            return  # this beat is still due, and comes again when others had their turn
        self._empty_beats = 0 if received else self._empty_beats + 1
        if self._empty_beats > EMPTY_BEATS:
            self._beat.set(0)
            self._loop.add_reader(self._descriptor, self._wake)
        else:
            self._go_on(received)

    def _go_on(self, received: int) -> None:
        """Set the next beat: so long after this one was due, however late it came and whatever it brought."""
        now = self._answering.monotonic()
        pause = self._pace if self.pressed or received >= FEW else SLOWER * self._pace
        self._due = max(self._due + pause, now + LEAST * self._pace)
        self._beat.set(self._due - now)

    def read(self) -> int:
        """Read and answer a batch; return how many datagrams came.

        Nearly every query ends in `replay`, which does for a whole batch what `Answering.answer` does for a hit, and in
        a flood in `refuse`; everything else goes through `_look_further`.
        """
        batch = self._batch
        try:
            received = batch.receive()
        except OSError as error:
            return self._not_read(error)
        if not received:
            return 0
        answering = self._answering
        now = answering.watch.read()
        stamp = answering.watch.table.stamp
        lengths, cut = batch.lengths(received)
        clients, views = batch.clients(received), answering.views.packed
        young, page = answering.packets.young, self._page
        tails, missing = replay(batch.queries, QUERY_STRIDE, lengths, clients, views, ALLOWED, young, stamp, now, page)
        page[_HITS] += received - len(missing)
        refusals = answering.refusals if missing else None
        if refusals is not None and (full := refusals.fullness(now)) is not None:
            slots = refusals.slots[self._transport]
            missing = refuse(
                batch.queries, QUERY_STRIDE, lengths, clients, views, ALLOWED, tails, missing, full, slots, page
            )
        for place in missing:
            view = views[clients[place]]
            if view is None or place in cut:
                page[DROPS + (DropReason.SOURCE if view is None else DropReason.TRUNCATED)] += 1
            else:
                start = place * QUERY_STRIDE
                try:
                    tails[place] = self._look_further(place, batch.queries[start : start + lengths[place]], view, now)
                except Exception as error:  # noqa: BLE001 - the others of the batch must have their answers
                    context = {"message": "a query could not be answered", "exception": error}
                    self._loop.call_exception_handler(context)
        if refusals is not None:
            start, length = (missing[-1] * QUERY_STRIDE, lengths[missing[-1]]) if missing else (0, 0)
            refusals.look(batch.queries[start : start + length], now)
        answered = self._leave(tails, gaps=bool(missing))
        if answered:
            answering.count_durations(answered, answering.monotonic() - now)
        return received

    def _look_further(self, place: int, key: bytes, view: View, now: float) -> bytes | None:
        """Answer a datagram that is not at the top of the packet cache; the reply less its id, or None for none now."""
        answering = self._answering
        source = self._batch.sources[place * SOURCE_STRIDE : (place + 1) * SOURCE_STRIDE]
        client = source[4:8] if self._is_ipv4 else source[8:24]
        tagged = key if view is ALLOWED else tag(view, self._transport) + key[2:]
        tail = answering.replay(tagged, client, self._transport, now)
        if tail is not None and not view.limited:
            return tail
        datagram = (self._batch.ids[2 * place : 2 * place + 2] + key[2:])[: len(key)]
        at = place * CONTROL_STRIDE
        control = self._batch.controls[at : at + CONTROL_STRIDE] if self._with_controls else b""
        if tail is None:
            origin = source, control, now
            wire = answering.decide(datagram, view, client, self._transport, now, self._send_later, origin)
        else:
            wire = answering.limit(datagram[:2] + tail, Kind.RESPONSE, client, now, datagram)
        return None if wire is None else wire[2:]

    def _leave(self, tails: list[bytes | None], *, gaps: bool) -> int:
        """Send the batch's replies, of which some may be None if there are ``gaps``; keep those that found the send
        buffer full for one more attempt. Returns how many there are."""
        places = [place for place, tail in enumerate(tails) if tail is not None] if gaps else None
        replies = [tail for tail in tails if tail is not None] if gaps else cast("list[bytes]", tails)
        if not replies:
            return 0
        for number, error in self._batch.send(replies, places if len(replies) < len(tails) else None):
            place = number if places is None else places[number]
            wire = self._batch.message_id(place) + replies[number]
            source = self._batch.sources[place * SOURCE_STRIDE : (place + 1) * SOURCE_STRIDE]
            at = place * CONTROL_STRIDE
            control = self._batch.controls[at : at + CONTROL_STRIDE] if self._with_controls else b""
            self._sender.not_sent(error, wire, self._control_of(control), self._address_of(source))
        return len(replies)

    def _not_read(self, error: OSError) -> int:
        """Go on at the next wake-up, whatever it was: an empty queue, or an error of one datagram."""
        if error.errno != errno.EAGAIN:
            self._page[DROPS + DropReason.SOURCE] += 1
        return 0

    def _send_later(self, wire: bytes | None, origin: Origin) -> None:
        """Collect an answer that comes later; the first of them sees to it that all leave."""
        if wire is not None:
            if not self._late:
                self._loop.call_soon(self._send_late)
            source, control, received = origin
            self._late.append((wire, source, control, received))

    def _send_late(self) -> None:
        """Send what was collected, unless nobody waits for it any more."""
        late, self._late = self._late, []
        earliest = self._answering.monotonic() - LATEST
        fresh = [answer for answer in late if answer[3] >= earliest]
        self._page[DROPS + DropReason.LATE] += len(late) - len(fresh)
        for start in range(0, len(fresh), BATCH):
            wires, sources, controls, _ = zip(*fresh[start : start + BATCH], strict=True)
            for number, error in self._outbox.send(wires, sources, controls):
                source, control = self._address_of(sources[number]), self._control_of(controls[number])
                self._sender.not_sent(error, wires[number], control, source)

    def _address_of(self, source: bytes) -> Address:
        port = int.from_bytes(source[2:4], "big")
        if self._is_ipv4:
            return socket.inet_ntop(socket.AF_INET, source[4:8]), port
        scope = int.from_bytes(source[24:28], "little")
        return socket.inet_ntop(socket.AF_INET6, source[8:24]), port, 0, scope

    def _control_of(self, control: bytes) -> Control:
        if not control:
            return ()
        if self._is_ipv4:
            return ((socket.IPPROTO_IP, IP_PKTINFO, control[16:28]),)
        return ((socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, control[16:36]),)
