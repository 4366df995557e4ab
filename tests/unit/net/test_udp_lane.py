"""What a lane does with datagrams and errors that a real socket gives rarely.

The socket is a fake, since no kernel gives a full send buffer or a datagram from port 0 on demand.
"""

import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import dns.message
import pytest

from resolver.core.admission import Admission
from resolver.core.counters import DROPS, GAUGES, PAGE_SIZE, DropReason, Gauge
from resolver.core.message_cache import MessageCache
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import Pipeline
from resolver.net import udp_lane
from resolver.net.answering import Answering
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch
from resolver.net.mmsg import BATCH, LARGEST_QUERY
from resolver.net.udp_lane import UdpLane
from resolver.net.udp_sender import KEPT
from tests.integration.running_worker import JUNE_2014, make_policy
from tests.unit.net.upstreams_away import Away

CLIENT = ("127.0.0.1", 4_000)
HERE = bytes([127, 0, 0, 53])
LINK_LOCAL = bytes.fromhex("fe800000000000000000000000000001")
GLOBAL = bytes.fromhex("20010db8000000000000000000000001")
GROUP = bytes.fromhex("ff020000000000000000000000000001")
LISTED = dns.message.make_query("listed.example", "A", id=1).to_wire()
FREE = dns.message.make_query("free.example", "A", id=2).to_wire()

Ancillary = list[tuple[int, int, bytes]]


def pktinfo(local: bytes = HERE, destination: bytes = HERE) -> Ancillary:
    return [(socket.IPPROTO_IP, 8, struct.pack("=I4s4s", 3, local, destination))]


def pktinfo6(destination: bytes, interface: int = 3) -> Ancillary:
    return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("=16sI", destination, interface))]


class FakeSocket:
    """Gives what a test lays in, keeps what is sent; ``errors`` are raised by the next sends."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.arrived: deque[tuple[bytes, Ancillary, int, tuple[Any, ...]]] = deque()
        self.sent: list[tuple[bytes, tuple[Any, ...]]] = []
        self.controls: list[Any] = []
        self.errors: deque[int] = deque()

    def getsockname(self) -> tuple[str, int]:
        return self.host, 53

    def arrive(self, wire: bytes, client: tuple[Any, ...] = CLIENT, ancillary: Ancillary | None = None) -> None:
        flags = socket.MSG_TRUNC if len(wire) > LARGEST_QUERY else 0
        self.arrived.append((wire, pktinfo() if ancillary is None else ancillary, flags, client))

    def recvmsg(self, size: int, _: int) -> tuple[bytes, Ancillary, int, tuple[Any, ...]]:
        if not self.arrived:
            raise BlockingIOError(errno.EAGAIN, "")
        wire, *rest = self.arrived.popleft()
        return wire[:size], *rest  # type: ignore[return-value]  # the rest has the types of the queue

    def sendmsg(self, wires: Sequence[bytes], control: object, _: int, client: tuple[Any, ...]) -> None:
        if self.errors and (number := self.errors.popleft()):
            raise OSError(number, os.strerror(number))
        self.sent.append((wires[0], client))
        self.controls.append(control)


class FakeLoop:
    """Keeps what is called later until a test says that the time has come."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def call_later(self, _: float, callback: Callable[[], None]) -> None:
        self.later.append(callback)


class Rig:
    """A lane on a fake socket, everything behind it real but the forwarder and the clocks."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.now = 100.0
        self.page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
        policy = make_policy("listed.example")
        pipeline = Pipeline(policy.at(JUNE_2014), MessageCache(100, 100_000), self.page, now=self.now)
        watch = ClockWatch(pipeline, policy, lambda: JUNE_2014, lambda: self.now)
        views = ClientViews(Admission(["127.0.0.0/8", "fe80::/10", "2001:db8::/32"]))
        self.away = Away(pipeline, lambda: self.now)
        self.answering = Answering(pipeline, PacketCache(100), watch, views, self.away, self.page, lambda: self.now)
        self.sock = FakeSocket(host)
        self.loop = FakeLoop()
        self.lane = UdpLane(cast("Any", self.loop), cast("Any", self.sock), self.answering)

    def read(self) -> bool:
        """Read a batch; tell whether it was full."""
        return self.lane.read() == BATCH

    def drops(self) -> dict[DropReason, int]:
        return {reason: self.page[DROPS + reason] for reason in DropReason if self.page[DROPS + reason]}


HOSTS = pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])


@HOSTS
def test_a_wake_up_reads_a_batch_and_no_more(host: str) -> None:
    rig = Rig(host)
    for _ in range(BATCH + 1):
        rig.sock.arrive(LISTED)
    assert rig.read()
    assert len(rig.sock.sent) == BATCH
    assert not rig.read()
    assert len(rig.sock.sent) == BATCH + 1


@HOSTS
@pytest.mark.parametrize(
    "client",
    [
        pytest.param(("127.0.0.1", 0), id="port 0"),
        pytest.param(("127.0.0.1", 7), id="echo"),
        pytest.param(("127.0.0.1", 19), id="chargen"),
        pytest.param(("224.0.0.1", 53), id="multicast"),
        pytest.param(("255.255.255.255", 53), id="broadcast"),
        pytest.param(("0.0.0.0", 53), id="nobody"),
    ],
)
def test_sources_that_nothing_can_be_sent_to_do_not_stop_the_batch(host: str, client: tuple[str, int]) -> None:
    rig = Rig(host)
    rig.sock.arrive(LISTED, client)
    rig.sock.arrive(LISTED)
    rig.read()
    assert [to for _, to in rig.sock.sent] == [CLIENT]
    assert rig.drops() == {DropReason.SOURCE: 1}


@HOSTS
def test_a_full_send_buffer_gets_a_second_chance_and_no_third(host: str) -> None:
    rig = Rig(host)
    rig.sock.errors.extend([errno.EAGAIN, 0, errno.EAGAIN])
    for _ in range(3):
        rig.sock.arrive(LISTED)
    rig.read()
    assert len(rig.sock.sent) == 1
    assert len(rig.loop.later) == 1
    rig.sock.errors.extend([0, errno.EAGAIN])
    rig.loop.later[0]()
    assert len(rig.sock.sent) == 2
    assert rig.drops() == {DropReason.SEND_FAILED: 1}


def test_few_answers_are_kept() -> None:
    rig = Rig()
    rig.sock.errors.extend([errno.ENOBUFS] * (2 * BATCH))
    for _ in range(2 * BATCH):
        rig.sock.arrive(LISTED)
    while rig.read():
        pass
    rig.loop.later[0]()
    assert len(rig.sock.sent) == KEPT
    assert rig.drops() == {DropReason.SEND_FAILED: 2 * BATCH - KEPT}


@HOSTS
def test_an_answer_that_cannot_be_sent_costs_that_answer_only(host: str) -> None:
    rig = Rig(host)
    rig.sock.errors.extend([errno.EINVAL, errno.EPERM])
    for _ in range(3):
        rig.sock.arrive(LISTED)
    rig.read()
    assert len(rig.sock.sent) == 1
    assert rig.drops() == {DropReason.SEND_FAILED: 2}


@pytest.mark.parametrize(
    ("host", "ancillary", "control"),
    [
        pytest.param("0.0.0.0", pktinfo(), ((0, 8, struct.pack("=I4s4s", 0, HERE, HERE)),), id="IPv4"),
        pytest.param("::", pktinfo6(GLOBAL), ((41, 50, struct.pack("=16sI", GLOBAL, 0)),), id="IPv6"),
        pytest.param("::", pktinfo6(LINK_LOCAL), ((41, 50, struct.pack("=16sI", LINK_LOCAL, 3)),), id="link-local"),
        pytest.param("0.0.0.0", pktinfo(HERE, bytes([255] * 4)), None, id="asked by broadcast"),
        pytest.param("::", pktinfo6(GROUP), None, id="asked by multicast"),
        pytest.param("0.0.0.0", [], None, id="nobody knows where it went"),
    ],
)
def test_an_answer_leaves_from_where_the_query_went(host: str, ancillary: Ancillary, control: object) -> None:
    rig = Rig(host)
    for _ in range(2):
        rig.sock.arrive(LISTED, CLIENT if host == "0.0.0.0" else ("2001:db8::2", 4_000, 0, 0), ancillary)
    rig.read()
    assert rig.sock.controls == [control] * 2 if control else rig.drops() == {DropReason.SOURCE: 2}


def test_the_memory_of_sources_is_bounded() -> None:
    rig = Rig("0.0.0.0")
    for number in range(udp_lane.SOURCES + 10):
        local = bytes([127, 0, number >> 8, number & 255])
        rig.sock.arrive(LISTED, CLIENT, pktinfo(local, local))
    while rig.read():
        pass
    assert len(rig.sock.sent) == udp_lane.SOURCES + 10
    assert len(rig.lane._sources) == 10


@HOSTS
@pytest.mark.parametrize(("seconds", "sent"), [(1.8, 1), (2.0, 0)], ids=["in time", "too late"])
def test_late_answers_are_dropped(host: str, seconds: float, sent: int) -> None:
    rig = Rig(host)
    rig.away.at_once = False
    rig.sock.arrive(FREE)
    rig.read()
    assert rig.answering.in_flight == 1
    rig.now += seconds
    rig.away.waiting[0]()
    assert len(rig.sock.sent) == sent
    assert rig.drops() == ({} if sent else {DropReason.LATE: 1})
    assert rig.answering.in_flight == 0


@HOSTS
def test_hits_and_misses_are_counted(host: str) -> None:
    rig = Rig(host)
    for _ in range(3):
        rig.sock.arrive(LISTED)
    rig.read()
    assert (rig.page[GAUGES + Gauge.PACKET_HITS], rig.page[GAUGES + Gauge.PACKET_MISSES]) == (2, 1)
