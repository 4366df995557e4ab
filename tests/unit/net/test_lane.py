"""That batches of system calls do what one call for each datagram does, over real sockets."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import dns.flags
import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.admission import Admission
from resolver.core.counters import DROPS, GAUGES, PAGE_SIZE, DropReason, Gauge
from resolver.core.message_cache import MessageCache
from resolver.core.packet_cache import PacketCache
from resolver.core.pipeline import Pipeline
from resolver.net import lane as lane_module
from resolver.net.answering import Answering
from resolver.net.beat import SOONEST, Beat
from resolver.net.client_views import ClientViews
from resolver.net.clock_watch import ClockWatch
from resolver.net.lane import EMPTY_BEATS, FEW, SLOWER, BatchLane, open_lane
from resolver.net.mmsg import BATCH, LARGEST_QUERY, Batch, Outbox, unsupported
from resolver.net.shunned_ports import shunned_ports
from resolver.net.sockets import ListenAddress, open_listener
from resolver.net.udp_lane import UdpLane
from resolver.net.udp_sender import LATEST
from tests.datagrams import take
from tests.integration.running_worker import JUNE_2014, make_policy
from tests.unit.net.upstreams_away import Away

LISTED = dns.message.make_query("listed.example", "A", id=1).to_wire()
FREE = dns.message.make_query("free.example", "A", id=2).to_wire()
PACE = 0.001
SLOWLY = round(SLOWER * PACE, 7)
ADDRESSES = ["127.0.0.1", "0.0.0.0", "::1", "::"]


class BeatingLoop:
    """Keeps what a lane wants to be told of and when, until a test plays the loop."""

    def __init__(self) -> None:
        self.readers: dict[object, Callable[[], None]] = {}
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.complaints: list[str] = []
        self.beat = PlayedBeat()

    def add_reader(self, descriptor: object, callback: Callable[[], None]) -> None:
        self.readers[descriptor] = callback

    def remove_reader(self, descriptor: object) -> None:
        self.readers.pop(descriptor, None)

    def call_soon(self, callback: Callable[[], None]) -> asyncio.Handle:
        self.soon.append(callback)
        return cast("asyncio.Handle", self)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        self.later.append((seconds, callback))
        return cast("asyncio.Handle", self)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.complaints.append(str(context["exception"]))

    def turn(self) -> None:
        """Call what is to be called soon."""
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()


class PlayedBeat:
    """Keeps when the next beat is to come, in seconds from when it was set, until a test plays it."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.call: Callable[[], None] | None = None

    def start(self, call: Callable[[], None]) -> None:
        self.call = call

    def set(self, seconds: float) -> None:
        self.pause = seconds

    def stop(self) -> None:
        self.call = None


class Rig:
    """A lane of the real kind on a real socket; the forwarder and the clocks are the test's."""

    def __init__(self, host: str, make: Callable[..., Any], stack: ExitStack) -> None:
        self.now = 100.0
        self.page = memoryview(bytearray(PAGE_SIZE)).cast("Q")
        policy = make_policy("listed.example")
        pipeline = Pipeline(policy.at(JUNE_2014), MessageCache(100, 100_000), self.page, now=self.now)
        watch = ClockWatch(pipeline, policy, lambda: JUNE_2014, lambda: self.now)
        views = ClientViews(Admission(["127.0.0.1/32", "::1/128"]))
        self.away = Away(pipeline, lambda: self.now)
        self.answering = Answering(pipeline, PacketCache(1_000), watch, views, self.away, self.page, lambda: self.now)
        listener = open_listener(ListenAddress(host, 0), 1)
        self.sock = listener.udp[0]
        stack.callback(listener.tcp.close)
        stack.callback(self.sock.close)
        self.loop = BeatingLoop()
        self.lane = make(self.loop, self.sock, self.answering)
        self.to = ("::1" if ":" in host else "127.0.0.1", self.sock.getsockname()[1])
        self.stack = stack

    def client(self, host: str | None = None) -> socket.socket:
        sock = socket.socket(self.sock.family, socket.SOCK_DGRAM)
        self.stack.callback(sock.close)
        sock.settimeout(60)
        if host is not None:
            sock.bind((host, 0))
        sock.connect(self.to)
        return sock

    def beat(self, late: float = 0.0) -> float:
        """Let the beat come that was set, some seconds late; the seconds to the next."""
        beat = self.loop.beat
        assert beat.call is not None
        self.now += beat.pause + late
        beat.call()
        return round(beat.pause, 7)

    def drops(self) -> dict[DropReason, int]:
        return {reason: self.page[DROPS + reason] for reason in DropReason if self.page[DROPS + reason]}


def in_batches(loop: BeatingLoop, sock: socket.socket, answering: Answering) -> BatchLane:
    return BatchLane(cast("asyncio.AbstractEventLoop", loop), sock, answering, cast("Beat", loop.beat), pace=PACE)


@contextmanager
def rig(host: str = "127.0.0.1", make: Callable[..., Any] = in_batches) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(host, make, stack)


queries = st.builds(
    lambda name, rdtype, edns, flags, number: dns.message.make_query(
        name, rdtype, use_edns=edns, flags=flags, id=number
    ).to_wire(),
    st.sampled_from(["listed.example", "WWW.Listed.example", "free.example", "FREE.example"]),
    st.sampled_from(["A", "AAAA", "TXT", "ANY", "AXFR", "HTTPS"]),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([0, dns.flags.RD]),
    st.integers(0, 65_535),
)
datagrams = st.one_of(queries, queries, queries, st.binary(max_size=40), st.just(bytes(5_000)))


batches = st.lists(st.lists(st.tuples(st.integers(0, 3), datagrams), min_size=1, max_size=BATCH), max_size=5)


@settings(deadline=None, max_examples=80)
@given(batches, st.sampled_from(ADDRESSES), st.booleans())
def test_batches_do_what_the_plain_lane_does(
    arriving: list[list[tuple[int, bytes]]],
    host: str,
    at_once: bool,  # noqa: FBT001  # hypothesis gives it by place
) -> None:
    seen = []
    for make in (in_batches, UdpLane):
        with rig(host, make) as one:
            one.away.at_once = at_once
            clients = [one.client() for _ in range(4)]
            for batch in arriving:
                for number, wire in batch:
                    clients[number].send(wire)
                while one.lane.read():
                    one.loop.turn()
            # a batch leaves after what its datagrams set off, so the order may differ, for each client
            seen.append(([sorted(take(client)) for client in clients], bytes(one.page)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("host", ADDRESSES)
def test_hits_misses_and_later_answers_go_each_to_its_own_client(host: str) -> None:
    with rig(host) as one:
        one.away.at_once = False
        clients = [one.client() for _ in range(6)]
        for number, client in enumerate(clients):
            client.send(bytes([0, number]) + (FREE if number % 3 == 1 else LISTED)[2:])
        assert one.lane.read() == len(clients)
        assert [len(take(client)) for client in clients] == [1, 0, 1, 1, 0, 1]
        for finish in one.away.waiting:
            finish()
        assert len(one.loop.soon) == 1
        one.loop.turn()
        later = [take(client) for client in clients]
        assert [len(each) for each in later] == [0, 1, 0, 0, 1, 0]
        assert [wire[1] for each in later for wire in each] == [1, 4]
        for number, client in enumerate(clients):
            client.send(bytes([1, number]) + LISTED[2:])
        one.lane.read()
        assert [[wire[:2] for wire in take(client)] for client in clients] == [[bytes([1, n])] for n in range(6)]


def test_a_query_that_meets_an_error_of_ours_costs_nobody_else_an_answer() -> None:
    broken = dns.message.make_query("broken.example", "A", id=3).to_wire()
    with rig() as one:
        one.away.broken = "broken"
        clients = [one.client() for _ in range(6)]
        for number, client in enumerate(clients):
            client.send((LISTED, broken, FREE)[number % 3])
        assert one.lane.read() == len(clients)
        one.loop.turn()
        assert [len(take(client)) for client in clients] == [1, 0, 1, 1, 0, 1]
        assert one.loop.complaints == ["broken", "broken"]


@pytest.mark.parametrize("host", ADDRESSES)
def test_a_gap_in_one_batch_misleads_no_later_one(host: str) -> None:
    """A large batch with a gap, a small one without, a large one without: every client hears its own id only."""
    with rig(host) as one:
        one.away.at_once = False
        clients = [one.client() for _ in range(8)]
        for wires in ([FREE] + [LISTED] * 7, [LISTED], [LISTED] * 8):
            for number, wire in enumerate(wires):
                clients[number].send(bytes([len(wires), number]) + wire[2:])
            one.lane.read()
            heard = [[wire[:2] for wire in take(client)] for client in clients]
            expected = [[bytes([len(wires), number])] if wire is LISTED else [] for number, wire in enumerate(wires)]
            assert heard == expected + [[]] * (len(clients) - len(wires))


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.7"])
def test_an_answer_leaves_from_the_address_that_was_asked(asked: str) -> None:
    with rig("0.0.0.0") as one:
        one.to = (asked, one.to[1])
        one.away.at_once = False
        client = one.client("127.0.0.1")  # connected: it hears nobody else
        client.send(LISTED)
        client.send(FREE)
        one.lane.read()
        one.away.waiting[0]()
        one.loop.turn()
        assert len(take(client)) == 2


@pytest.mark.parametrize("host", ADDRESSES)
def test_more_late_answers_than_a_batch_all_leave(host: str) -> None:
    with rig(host) as one:
        one.away.at_once = False
        client = one.client()
        for number in range(BATCH + 3):
            client.send(bytes([0, number]) + FREE[2:])
        while one.lane.read():
            pass
        for finish in one.away.waiting:
            finish()
        one.loop.turn()
        assert [wire[1] for wire in take(client)] == list(range(BATCH + 3))


def test_an_answer_that_nobody_waits_for_any_more_is_counted_and_the_rest_leaves() -> None:
    with rig() as one:
        one.away.at_once = False
        slow, quick = one.client(), one.client()
        for seconds, client in ((1.0, slow), (LATEST - 0.5, quick)):
            client.send(FREE)
            one.lane.read()
            one.now += seconds
        for finish in one.away.waiting:
            finish()
        one.loop.turn()
        assert [len(take(client)) for client in (slow, quick)] == [0, 1]
        assert one.drops() == {DropReason.LATE: 1}


@pytest.mark.parametrize(
    ("number", "again", "failed"), [(errno.EAGAIN, 1, 0), (errno.EPERM, 0, 1)], ids=["a full buffer", "forbidden"]
)
def test_a_late_answer_that_does_not_leave_is_tried_again_or_counted(
    monkeypatch: pytest.MonkeyPatch, number: int, again: int, failed: int
) -> None:
    with rig("0.0.0.0") as one:
        one.away.at_once = False
        client = one.client("127.0.0.1")
        monkeypatch.setattr(Outbox, "send", lambda *_: [(0, number)])
        client.send(FREE)
        one.lane.read()
        one.away.waiting[0]()
        one.loop.turn()
        assert take(client) == []
        for _, callback in one.loop.later:
            callback()
        assert len(take(client)) == again
        assert one.page[DROPS + DropReason.SEND_FAILED] == failed


def test_a_late_answer_finds_its_socket_closed() -> None:
    with rig() as one:
        one.away.at_once = False
        client = one.client()
        client.send(FREE)
        one.lane.read()
        one.away.waiting[0]()
        one.sock.close()
        one.loop.turn()
        assert one.drops() == {DropReason.SEND_FAILED: 1}


def test_strangers_are_refused_and_find_no_finished_reply() -> None:
    with rig("0.0.0.0") as one:
        friend, stranger = one.client("127.0.0.1"), one.client("127.0.0.9")
        for client in (friend, stranger, friend, stranger):
            client.send(LISTED)
        one.lane.read()
        assert [wire[3] & 15 for wire in take(friend)] == [0, 0]
        assert [wire[3] & 15 for wire in take(stranger)] == [5, 5]
        assert one.page[GAUGES + Gauge.PACKET_HITS] == 1


def test_a_datagram_that_was_cut_is_dropped_and_the_rest_answered() -> None:
    with rig() as one:
        client = one.client()
        for wire in (bytes(LARGEST_QUERY + 1), LISTED, bytes(LARGEST_QUERY + 1), LISTED):
            client.send(wire)
        one.lane.read()
        assert len(take(client)) == 2
        assert one.drops() == {DropReason.TRUNCATED: 2}


def test_a_reply_that_cannot_be_sent_costs_that_reply_only() -> None:
    """Port 0 cannot be sent to; the kernel stops a batch there. The number is put where the kernel wrote another."""
    with rig() as one:
        clients = [one.client() for _ in range(4)]
        batch = one.lane._batch
        for client in clients:
            client.send(LISTED)
        received = batch.receive()
        batch._ports[16 + 1] = 0
        failed = batch.send([LISTED[2:]] * received, None)
        assert failed == [(1, errno.EINVAL)]
        assert [len(take(client)) for client in clients] == [1, 0, 1, 1]


def test_nobody_answers_port_0_or_a_broadcast() -> None:
    with rig("0.0.0.0") as one:
        client = one.client()
        for _ in range(3):
            client.send(LISTED)
        batch = one.lane._batch
        received = batch.receive()
        batch._ports[1] = 0
        batch._controls[16 + 6] = 0xFFFFFFFF
        assert [who is None for who in batch.clients(received)] == [True, True, False]


@pytest.mark.parametrize("port", [0, 7, 13, 17, 19, 37])
def test_nobody_answers_a_port_that_would_answer_back(port: int) -> None:
    with rig() as one:
        client = one.client()
        for _ in range(3):
            client.send(LISTED)
        batch = one.lane._batch
        received = batch.receive()
        batch._ports[16 + 1] = socket.htons(port)
        assert [who is None for who in batch.clients(received)] == [False, True, False]


@pytest.mark.parametrize(("port", "answered"), [(53, True), (123, False), (1_023, False), (1_024, True)])
def test_system_ports_are_dropped_where_an_operator_says_so(port: int, answered: bool) -> None:  # noqa: FBT001  # a row's
    def make(loop: asyncio.AbstractEventLoop, sock: socket.socket, answering: Answering) -> BatchLane:
        return BatchLane(loop, sock, answering, Beat(loop), pace=0, shunned=shunned_ports(system=True))

    with rig(make=make) as one:
        one.client().send(LISTED)
        batch = one.lane._batch
        received = batch.receive()
        batch._ports[1] = socket.htons(port)
        assert [who is not None for who in batch.clients(received)] == [answered]


@pytest.mark.parametrize("host", ADDRESSES)
@pytest.mark.parametrize("make", [in_batches, UdpLane], ids=["batches", "plain"])
def test_a_query_in_our_own_name_is_dropped(host: str, make: Callable[..., Any]) -> None:
    """Its answer would come back to us; another host with the same source port is no forgery."""
    with rig(host, make) as one:
        one.sock.sendto(LISTED, one.to)
        one.lane.read()
        assert one.drops() == {DropReason.SOURCE: 1}
        assert take(one.sock) == []


@pytest.mark.parametrize("make", [in_batches, UdpLane], ids=["batches", "plain"])
def test_a_client_with_our_port_on_another_address_is_answered(make: Callable[..., Any]) -> None:
    with rig("127.0.0.1", make) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.9", one.to[1]))
        client.sendto(LISTED, one.to)
        one.lane.read()
        assert len(take(client)) == 1
        assert one.drops() == {}


def test_a_full_send_buffer_gets_a_second_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    with rig() as one:
        client = one.client()
        monkeypatch.setattr(Batch, "send", lambda *_: [(0, errno.EAGAIN), (1, errno.EPERM)])
        client.send(LISTED)
        client.send(LISTED)
        one.lane.read()
        assert take(client) == []
        ((_, again),) = one.loop.later
        again()
        assert len(take(client)) == 1
        assert one.drops() == {DropReason.SEND_FAILED: 1}


def test_while_traffic_lasts_it_reads_on_a_beat() -> None:
    with rig() as one:
        client = one.client()
        one.lane.start()
        wake = one.loop.readers[one.sock.fileno()]
        client.send(LISTED)
        wake()
        assert len(take(client)) == 1
        assert one.loop.readers == {}
        assert [one.beat() for _ in range(EMPTY_BEATS)] == [SLOWLY] * EMPTY_BEATS
        client.send(LISTED)
        one.beat()
        assert len(take(client)) == 1
        assert [one.beat() for _ in range(EMPTY_BEATS + 1)] == [SLOWLY] * EMPTY_BEATS + [0]
        assert list(one.loop.readers) == [one.sock.fileno()]


@pytest.mark.parametrize(("arrived", "pause"), [(FEW - 1, SLOWLY), (FEW, PACE), (BATCH - 1, PACE)])
def test_where_few_come_the_beat_is_slower(arrived: int, pause: float) -> None:
    with rig() as one:
        client = one.client()
        for _ in range(arrived):
            client.send(LISTED)
        one.lane._wake()
        assert one.loop.beat.pause == pytest.approx(pause)


def test_a_full_batch_is_followed_at_once() -> None:
    with rig() as one:
        client = one.client()
        for _ in range(BATCH + 3):
            client.send(LISTED)
        one.lane.start()
        one.lane._wake()
        assert one.loop.beat.pause == SOONEST
        assert one.beat() == SLOWLY
        assert len(take(client)) == BATCH + 3


@pytest.mark.parametrize(
    ("late", "pause"),
    [
        (0.0, SLOWLY),
        (0.0003, SLOWLY - 0.0003),
        (SLOWLY - 0.0002, 0.00025),
        (0.005, 0.00025),
    ],
    ids=["in time", "counted from when it was due", "a rest for others", "long ago"],
)
def test_a_beat_that_comes_late_moves_no_other(late: float, pause: float) -> None:
    with rig() as one:
        one.lane.start()
        one.lane._wake()
        assert one.beat(late) == pytest.approx(pause)


def test_under_pressure_the_beat_is_the_pace_however_few_come() -> None:
    """Who asks waits for the beat and for what delays it: beside a flood both together stay what they are else."""
    with rig() as one:
        one.lane.start()
        one.lane._wake()
        one.lane.pressed = True
        assert one.beat() == PACE
        assert one.beat(late=0.0003) == pytest.approx(0.0007)
        one.lane.pressed = False
        assert one.beat() == SLOWLY


@pytest.mark.parametrize("pace", [0, PACE], ids=["at every wake-up", "on a beat"])
def test_whoever_stops_may_start_again(pace: float) -> None:
    with rig(make=lambda loop, sock, answering: BatchLane(loop, sock, answering, loop.beat, pace=pace)) as one:
        for _ in range(2):
            one.lane.start()
            client = one.client()
            client.send(LISTED)
            one.loop.readers[one.sock.fileno()]()
            assert len(take(client)) == 1
            one.lane.stop()
            assert (one.loop.readers, one.loop.beat.call) == ({}, None)


def test_where_no_timer_can_be_had_it_reads_at_every_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: Callable[[], None]) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with rig() as one:
        monkeypatch.setattr(one.loop.beat, "start", none_left)
        one.lane.start()
        client = one.client()
        for _ in range(2):
            client.send(LISTED)
            one.loop.readers[one.sock.fileno()]()
            assert len(take(client)) == 1


def test_finish_takes_in_what_has_come_and_no_more() -> None:
    with rig() as one:
        client = one.client()
        one.lane.start()
        for _ in range(BATCH + 3):
            client.send(LISTED)
        one.lane.finish()
        assert len(take(client)) == BATCH + 3
        assert one.loop.readers == {}


def test_without_batches_the_plain_lane_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unsupported() is None, "this machine is one that batches are made for"
    with rig(make=lambda loop, sock, answering: open_lane(loop, sock, answering, pace=0)) as one:
        assert isinstance(one.lane, BatchLane)
    monkeypatch.setattr(lane_module, "unsupported", lambda: "no")
    with rig(make=lambda loop, sock, answering: open_lane(loop, sock, answering, pace=0)) as one:
        assert isinstance(one.lane, UdpLane)


@pytest.mark.parametrize("order", ["big"])
def test_another_machine_is_told_apart(monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    monkeypatch.setattr("sys.byteorder", order)
    assert unsupported() == "batches need 64-bit Linux, little end first"
