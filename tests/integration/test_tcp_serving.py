"""A worker on real TCP connections: many queries on one, bad streams, and the bounds on all of it (RFC 7766)."""

import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import dns.edns
import dns.message
import pytest

from resolver.core.counters import GAUGES, Gauge, Transport, answer_slot
from resolver.net import tcp_connection, tcp_server
from resolver.net.tcp_server import NO_DESCRIPTORS
from tests.integration.running_worker import PATIENCE, Running, answer_tcp, ask_tcp, make_policy, running_worker

LISTED = "dpstream.example"


@pytest.fixture
def running() -> Iterator[Running]:
    with running_worker(make_policy(LISTED)) as worker:
        yield worker


def wire(name: str, number: int = 1, rdtype: str = "A") -> bytes:
    return dns.message.make_query(name, rdtype, id=number).to_wire()


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def address(reply: bytes) -> str:
    return str(dns.message.from_wire(reply).answer[0][0])


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", Transport.TCP4), ("::1", Transport.TCP6)])
def test_answers_come_as_soon_as_they_are_known(running: Running, host: str, kind: Transport) -> None:
    with running.tcp(host) as stream:
        stream.sendall(framed(wire("slow.example", 1)) + framed(wire(LISTED, 2)) + framed(wire("free.example", 3)))
        running.upstream.wait_for("slow.example.")
        early = {dns.message.from_wire(answer_tcp(stream)).id for _ in range(2)}
        running.call(running.upstream.let_go)
        assert early == {2, 3}
        assert dns.message.from_wire(answer_tcp(stream)).id == 1
    assert running.page[answer_slot(kind, 1, 0)] == 3


def test_a_query_may_come_octet_by_octet(running: Running) -> None:
    with running.tcp("127.0.0.1") as stream:
        for octet in framed(wire(LISTED)):
            stream.sendall(bytes([octet]))
        assert address(answer_tcp(stream)) == "192.0.2.80"


def test_a_thousand_queries_in_one_piece_are_all_answered(running: Running) -> None:
    with running.tcp("::1") as stream:
        stream.sendall(b"".join(framed(wire(LISTED, number)) for number in range(1_000)))
        assert {dns.message.from_wire(answer_tcp(stream)).id for _ in range(1_000)} == set(range(1_000))


def test_more_forwards_than_may_wait_are_all_answered(running: Running) -> None:
    many = 3 * tcp_connection.WAITING
    with running.tcp("127.0.0.1") as stream:
        stream.sendall(b"".join(framed(wire(f"n{number}.example", number)) for number in range(many)))
        assert {dns.message.from_wire(answer_tcp(stream)).id for _ in range(many)} == set(range(many))


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(b"\x00\x00", id="length zero"),
        pytest.param(framed(b"short"), id="shorter than a header"),
        pytest.param(framed(b"\x00\x01\x80\x00" + bytes(8)), id="a response"),
    ],
)
def test_nonsense_is_passed_over(running: Running, nonsense: bytes) -> None:
    with running.tcp("127.0.0.1") as stream:
        stream.sendall(nonsense * 100 + framed(wire(LISTED)))
        assert address(answer_tcp(stream)) == "192.0.2.80"


def test_a_client_that_asks_no_more_still_gets_its_answers(running: Running) -> None:
    with running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire("slow.example"))
        stream.shutdown(socket.SHUT_WR)
        running.upstream.wait_for("slow.example.")
        running.call(running.upstream.let_go)
        assert address(answer_tcp(stream)) == "192.0.2.7"
        assert answer_tcp(stream) == b""


def test_a_client_that_is_gone_when_its_answer_comes_is_no_error(running: Running) -> None:
    errors: list[dict[str, object]] = []
    running.loop.set_exception_handler(lambda _, context: errors.append(context))
    with running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire("slow.example"))
        stream.shutdown(socket.SHUT_WR)
        running.upstream.wait_for("slow.example.")
        for _ in range(2):  # one turn of the loop for the end of the stream to be seen, one to be sure
            running.call(lambda: None)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    running.call(running.upstream.let_go)
    with running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire("next.example"))
        assert address(answer_tcp(stream)) == "192.0.2.7"
    assert errors == []


def test_a_large_answer_comes_whole(running: Running) -> None:
    with running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire("large.example", rdtype="TXT"))
        assert len(dns.message.from_wire(answer_tcp(stream)).answer[0]) == 20


@pytest.mark.parametrize(
    ("begin", "bound"),
    [
        pytest.param(b"", "FIRST_MESSAGE", id="says nothing"),
        pytest.param(b"\x00\x40half a query", "WHOLE_MESSAGE", id="stalls in the middle"),
        pytest.param(framed(wire(LISTED)), "IDLE", id="asks no more"),
    ],
)
def test_a_client_that_keeps_us_waiting_is_closed(monkeypatch: pytest.MonkeyPatch, begin: bytes, bound: str) -> None:
    for name in ("FIRST_MESSAGE", "WHOLE_MESSAGE", "IDLE"):
        monkeypatch.setattr(tcp_connection, name, 0.3 if name == bound else 3_600.0)
    with running_worker(make_policy(LISTED)) as running, running.tcp("127.0.0.1") as stream:
        stream.sendall(begin)
        while stream.recv(4_096):
            pass
        running.call(lambda: None)  # the worker has come to the end of what closed the connection
        assert running.page[GAUGES + Gauge.TCP_CONNECTIONS] == 0


def test_a_client_that_trickles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_connection, "WHOLE_MESSAGE", 0.3)
    with running_worker(make_policy(LISTED)) as running, running.tcp("127.0.0.1") as stream:
        stream.sendall(b"\xff\xff")
        stream.settimeout(0.02)
        assert any(_closed_after_another_octet(stream) for _ in range(500))


def _closed_after_another_octet(stream: socket.socket) -> bool:
    try:
        stream.sendall(b"x")
        return stream.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_client_that_never_reads_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_connection, "WHOLE_MESSAGE", 0.5)
    with running_worker(make_policy(LISTED)) as running, running.tcp("127.0.0.1") as stream, running.udp("::1") as udp:
        flood = framed(wire("large.example", rdtype="TXT")) * 2_000
        with pytest.raises(ConnectionError):
            _send_for_ever(stream, flood)
        udp.send(wire(LISTED))
        assert address(udp.recv(4_096)) == "192.0.2.80"


def _send_for_ever(stream: socket.socket, flood: bytes) -> None:
    while True:
        stream.sendall(flood)


def test_one_client_has_its_share_of_connections_only() -> None:
    with running_worker(make_policy(LISTED), tcp_per_client=2) as running:
        first, second, third = (running.tcp("127.0.0.1") for _ in range(3))
        with first, second, third, running.tcp("::1") as other:
            for stream in (first, second, other):
                ask_tcp(stream, wire(LISTED))
                assert address(answer_tcp(stream)) == "192.0.2.80"
            assert third.recv(1) == b""
        assert running.page[GAUGES + Gauge.TCP_REFUSED] == 1


def test_all_who_are_over_the_limit_are_turned_away_and_others_come_through() -> None:
    with running_worker(make_policy(LISTED), tcp_per_client=1) as running, ExitStack() as held:
        over = [held.enter_context(running.tcp("127.0.0.1")) for _ in range(5 * tcp_server.TURNED_AWAY_AT_ONCE)]
        other = held.enter_context(running.tcp("::1"))
        ask_tcp(other, wire(LISTED))
        assert address(answer_tcp(other)) == "192.0.2.80"
        assert all(_ended(each) for each in over[1:])
        ask_tcp(over[0], wire(LISTED))
        assert address(answer_tcp(over[0])) == "192.0.2.80"


def test_a_connection_that_has_brought_its_queries_gets_all_answers_and_the_end() -> None:
    """The client sends on after the last one that counts, which must not reset the connection under the answers."""
    with running_worker(make_policy(LISTED), tcp_queries=3) as running, running.tcp("127.0.0.1") as stream:
        counted = [wire("slow.example", 1), wire(LISTED, 2), wire("large.example", 3, "TXT")]
        stream.sendall(b"".join(map(framed, [*counted, *(wire(LISTED, number) for number in range(4, 500))])))
        early = {dns.message.from_wire(answer_tcp(stream)).id for _ in range(2)}
        stream.sendall(framed(wire(LISTED, 9)) * 3_000 + b"\x00")
        running.call(running.upstream.let_go)
        assert early | {dns.message.from_wire(answer_tcp(stream)).id} == {1, 2, 3}
        assert answer_tcp(stream) == b""
        stream.sendall(framed(wire(LISTED, 9)))
        stream.shutdown(socket.SHUT_WR)
        with running.tcp("127.0.0.1") as another:
            ask_tcp(another, wire(LISTED))
            assert address(answer_tcp(another)) == "192.0.2.80"
            assert running.page[GAUGES + Gauge.TCP_CONNECTIONS] == 1


def test_whoever_does_not_take_the_end_for_an_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_connection, "IDLE", 0.3)
    with running_worker(make_policy(LISTED), tcp_queries=1) as running, running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire(LISTED))
        assert address(answer_tcp(stream)) == "192.0.2.80"
        assert answer_tcp(stream) == b""
        with pytest.raises(ConnectionError):
            _send_for_ever(stream, framed(wire(LISTED)))


def test_a_new_share_binds_on_the_next_connection(running: Running) -> None:
    fewer = replace(running.settings, tcp_per_client=1, tcp_queries=2)
    with running.tcp("127.0.0.1") as first:
        ask_tcp(first, wire(LISTED))
        assert address(answer_tcp(first)) == "192.0.2.80"
        running.call(lambda: running.worker.swap(make_policy(LISTED), fewer))
        with running.tcp("127.0.0.1") as second:
            assert second.recv(1) == b""
        for _ in range(3):
            ask_tcp(first, wire(LISTED))
            assert address(answer_tcp(first)) == "192.0.2.80"


def test_the_longest_idle_makes_room() -> None:
    with running_worker(make_policy(LISTED), tcp_connections=2) as running:
        first, second = running.tcp("127.0.0.1"), running.tcp("127.0.0.1")
        with first, second:
            for stream in (first, second):
                ask_tcp(stream, wire(LISTED))
                answer_tcp(stream)
            with running.tcp("::1") as third:
                ask_tcp(third, wire(LISTED))
                assert address(answer_tcp(third)) == "192.0.2.80"
                assert first.recv(1) == b""
                ask_tcp(second, wire(LISTED))
                assert address(answer_tcp(second)) == "192.0.2.80"


def test_without_descriptors_udp_goes_on_and_tcp_comes_back(running: Running) -> None:
    complaints: list[dict[str, object]] = []
    running.loop.set_exception_handler(lambda _, context: complaints.append(context))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running.udp("127.0.0.1") as udp, socket.socket() as client, socket.socket() as later:
        client.settimeout(PATIENCE)
        later.settimeout(PATIENCE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (later.fileno() + 1, hard))
            client.connect(("127.0.0.1", running.ports["127.0.0.1"]))
            assert _ended(client), "the spare descriptor turns a client away"
            udp.send(wire(LISTED))
            assert address(udp.recv(4_096)) == "192.0.2.80"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        later.connect(("127.0.0.1", running.ports["127.0.0.1"]))
        ask_tcp(later, wire(LISTED))
        assert address(answer_tcp(later)) == "192.0.2.80"
    assert running.page[GAUGES + Gauge.TCP_REFUSED] >= 1
    assert [each["message"] for each in complaints] == [NO_DESCRIPTORS]


def _ended(stream: socket.socket) -> bool:
    try:
        return stream.recv(1) == b""
    except ConnectionError:
        return True


def test_draining_answers_and_closes(running: Running) -> None:
    with running.tcp("127.0.0.1") as stream, running.tcp("::1") as idle:
        ask_tcp(stream, wire("slow.example"))
        ask_tcp(idle, wire(LISTED))
        answer_tcp(idle)
        running.upstream.wait_for("slow.example.")
        running.loop.call_soon_threadsafe(running.loop.call_later, 0.1, running.upstream.let_go)
        running.run(running.worker.drain(PATIENCE))
        assert address(answer_tcp(stream)) == "192.0.2.7"
        assert answer_tcp(stream) == b""
        assert answer_tcp(idle) == b""


@pytest.mark.parametrize(
    ("taken", "idle"),
    [
        pytest.param(50, 1_000.0, id="half"),
        pytest.param(51, 500.0, id="more than half"),
        pytest.param(66, 200.0, id="two thirds"),
        pytest.param(81, 50.0, id="four fifths"),
    ],
)
def test_the_fuller_it_is_the_shorter_may_clients_be_idle(
    monkeypatch: pytest.MonkeyPatch, taken: int, idle: float
) -> None:
    for module in (tcp_connection, tcp_server):
        monkeypatch.setattr(module, "IDLE", 1_000.0)
    with running_worker(make_policy(LISTED), tcp_connections=100, tcp_per_client=100) as running, ExitStack() as stack:
        keep_alive: list[dns.edns.Option] = [dns.edns.GenericOption(11, b"")]  # type: ignore[arg-type]  # a plain number
        asked = dns.message.make_query(LISTED, "A", use_edns=0, options=keep_alive)
        streams = [stack.enter_context(running.tcp("127.0.0.1")) for _ in range(taken)]
        for stream in streams:
            ask_tcp(stream, wire(LISTED))
            answer_tcp(stream)
        running.call(running.worker._tick)
        ask_tcp(streams[-1], asked.to_wire())
        (told,) = [each for each in dns.message.from_wire(answer_tcp(streams[-1])).options if each.otype == 11]
        assert told.to_wire() == int(idle * 10).to_bytes(2, "big")
        tcp, now = running.worker._tcp, running.worker._answering.monotonic()
        overdue = [connection.overdue(now + idle, tcp._hurry()) for connection in tcp._connections]
        punctual = [connection.overdue(now + idle / 2, tcp._hurry()) for connection in tcp._connections]
        assert (len(overdue), all(overdue), any(punctual)) == (taken, True, False)


def test_urgent_data_and_resets_are_survived(running: Running) -> None:
    for number in range(200):
        with running.tcp("127.0.0.1") as stream:
            stream.send(b"\x00", socket.MSG_OOB if number % 2 else 0)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with running.tcp("127.0.0.1") as stream:
        ask_tcp(stream, wire(LISTED))
        assert address(answer_tcp(stream)) == "192.0.2.80"


@pytest.mark.parametrize(
    ("begin", "answered"),
    [
        pytest.param(struct.pack("!H", 0), True, id="length zero"),
        pytest.param(framed(bytes(11)), True, id="eleven octets"),
        pytest.param(framed(wire(LISTED, 9) + b"garbage"), True, id="octets behind the question"),
        pytest.param(b"\xff\xff" + wire(LISTED, 9), False, id="longer than what comes"),
    ],
)
def test_lengths_that_lie(running: Running, begin: bytes, answered: bool) -> None:  # noqa: FBT001 - a row's
    with running.tcp("127.0.0.1") as stream, running.udp("127.0.0.1") as udp:
        stream.sendall(begin + framed(wire(LISTED, 8)))
        udp.send(wire(LISTED))
        assert address(udp.recv(4_096)) == "192.0.2.80"
        if answered:
            last = answer_tcp(stream)
            assert address(last if dns.message.from_wire(last).id == 8 else answer_tcp(stream)) == "192.0.2.80"
        else:
            stream.settimeout(0.3)
            with pytest.raises(TimeoutError):
                stream.recv(1)


def test_finished_replies_serve_over_tcp_too(running: Running) -> None:
    with running.tcp("127.0.0.1") as stream:
        for number in range(3):
            ask_tcp(stream, wire(LISTED, number))
            assert address(answer_tcp(stream)) == "192.0.2.80"
    assert running.page[GAUGES + Gauge.PACKET_HITS] == 2
