"""A worker on real UDP sockets: who gets which answer, from which address, and what is counted."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from resolver.core.counters import (
    DROPS,
    DURATION,
    DURATION_BUCKETS,
    GAUGES,
    DropReason,
    Gauge,
    Transport,
    answer_slot,
    unanswered_slot,
)
from resolver.dns.codes import RRType
from tests.integration.running_worker import (
    BLOCKED_SLOT,
    JULY_2014,
    JUNE_2014,
    PATIENCE,
    Running,
    make_policy,
    running_worker,
)

LISTED = "dpstream.example"


@pytest.fixture
def running() -> Iterator[Running]:
    with running_worker(make_policy(LISTED)) as worker:
        yield worker


def query(name: str, rdtype: str = "A", **options: object) -> dns.message.Message:
    return dns.message.make_query(name, rdtype, **options)  # type: ignore[arg-type]  # a table's row decides


def exchange(sock: socket.socket, message: dns.message.Message) -> dns.message.Message:
    sock.send(message.to_wire())
    reply = dns.message.from_wire(sock.recv(65_535))
    assert reply.id == message.id
    return reply


def addresses(reply: dns.message.Message) -> list[str]:
    return [record.to_text() for rrset in reply.answer for record in rrset]


def dig(running: Running, host: str, *arguments: str) -> str:
    command = ["dig", f"@{host}", "-p", str(running.port(host)), "+timeout=10", "+tries=3", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        pytest.param("DPstream.example", "A", "192.0.2.80\n", id="listed"),
        pytest.param("www.dpstream.example", "AAAA", "2001:db8::80\n", id="below a listed name"),
        pytest.param("free.example", "A", "192.0.2.7\n", id="not listed"),
    ],
)
def test_dig_gets_the_answer(
    running: Running, host: str, transport: str, name: str, rdtype: str, expected: str
) -> None:
    assert dig(running, host, transport, "+short", name, rdtype) == expected


def test_dig_says_why(running: Running) -> None:
    assert "EDE: 16 (Censored): (Tribunal de Paris, RG 1)" in dig(running, "127.0.0.1", LISTED)


def test_kdig_asks_many_over_one_connection(running: Running) -> None:
    command = ["kdig", "@::1", "-p", str(running.port("::1")), "+tcp", "+keepopen", "+short", "+timeout=30"]
    command += [LISTED, "free.example"]
    answered = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
    assert answered.split() == ["192.0.2.80", "192.0.2.7"]


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        pytest.param("0.0.0.0", "127.0.0.1", id="0.0.0.0 by its first address"),
        pytest.param("0.0.0.0", "127.0.0.53", id="0.0.0.0 by another address"),
        pytest.param("::", "::1", id="[::]"),
        pytest.param("127.0.0.53", "127.0.0.53", id="one address"),
    ],
)
@pytest.mark.parametrize("name", [LISTED, "free.example"])
def test_an_answer_leaves_from_the_address_asked(listen: str, asked: str, name: str) -> None:
    with running_worker(make_policy(LISTED), hosts=[listen]) as running, running.udp(asked) as sock:
        for _ in range(3):  # blocked or forwarded, then cached
            assert len(addresses(exchange(sock, query(name)))) == 1


def test_ipv6_listeners_leave_ipv4_alone() -> None:
    def leaves_its_port_to_ipv4() -> bool:
        with running_worker(make_policy(), hosts=["::"]) as running, socket.socket(type=socket.SOCK_DGRAM) as other:
            try:
                other.bind(("0.0.0.0", running.ports["::"]))
            except OSError:
                return False
            return True

    assert any(leaves_its_port_to_ipv4() for _ in range(5)), "some port may be taken over IPv4, but five?"


def test_a_batch_of_many_queries_is_answered_whole(running: Running) -> None:
    with running.udp("127.0.0.1") as sock:
        asked = {number: query(LISTED, id=number) for number in range(1, 201)}
        for message in asked.values():
            sock.send(message.to_wire())
        answered = {dns.message.from_wire(sock.recv(4_096)).id for _ in asked}
    assert answered == set(asked)
    assert running.page[BLOCKED_SLOT] == 200
    assert running.page[answer_slot(Transport.UDP4, 1, 0)] == 200
    buckets = running.page[DURATION : DURATION + len(DURATION_BUCKETS) + 1]
    assert sum(buckets) == 200
    hits, misses = running.page[GAUGES + Gauge.PACKET_HITS], running.page[GAUGES + Gauge.PACKET_MISSES]
    assert (hits, misses) == (199, 1)


@pytest.mark.parametrize(("listen", "source"), [("127.0.0.1", "127.0.0.2"), ("0.0.0.0", "127.0.0.2")])
@pytest.mark.parametrize("name", [LISTED, "free.example"])
def test_strangers_are_refused_and_told_so(listen: str, source: str, name: str) -> None:
    worker = running_worker(make_policy(LISTED), hosts=[listen], clients_allow=("127.0.0.1/32",))
    with worker as running, running.udp("127.0.0.1") as known, running.udp("127.0.0.1", source) as stranger:
        assert len(addresses(exchange(known, query(name, use_edns=0)))) == 1
        reply = exchange(stranger, query(name, use_edns=0))
        assert reply.rcode() == dns.rcode.REFUSED
        assert [option.code for option in reply.options if isinstance(option, dns.edns.EDEOption)] == [18]
        assert len(addresses(exchange(known, query(name, use_edns=0)))) == 1


@pytest.mark.parametrize(
    ("payload", "limit"),
    [pytest.param(None, 512, id="no EDNS"), pytest.param(700, 700, id="700"), pytest.param(4_096, 1_232, id="4096")],
)
def test_a_large_answer_is_cut_to_what_fits(running: Running, payload: int | None, limit: int) -> None:
    with running.udp("127.0.0.1") as sock:
        for _ in range(2):
            message = query("large.example", "TXT", use_edns=payload is not None, payload=payload or 0)
            sock.send(message.to_wire())
            wire = sock.recv(65_535)
            assert len(wire) <= limit
            assert dns.message.from_wire(wire).flags & dns.flags.TC


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
def test_what_cannot_be_a_query_is_dropped_and_counted(host: str) -> None:
    with running_worker(make_policy(LISTED), hosts=[host]) as running:
        with running.udp({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)) as sock:
            sock.send(b"short")
            sock.send(bytes(5_000))
            sock.send(b"\x00\x01\x80\x00" + bytes(8))
            assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.80"]
        drops = {reason: running.page[DROPS + reason] for reason in DropReason if running.page[DROPS + reason]}
    assert drops == {DropReason.SHORT: 1, DropReason.TRUNCATED: 1, DropReason.NOT_A_QUERY: 1}


def test_a_query_that_an_order_drops_is_counted_as_a_query() -> None:
    with running_worker(make_policy(LISTED, action="drop")) as running:
        with running.udp("127.0.0.1") as sock, running.udp("::1") as other:
            for asked in (sock, other):
                asked.send(query(LISTED, "AAAA").to_wire())
                assert addresses(exchange(asked, query("free.example"))) == ["192.0.2.7"]
        queries = {transport: running.page[unanswered_slot(transport, RRType.AAAA)] for transport in Transport}
        assert running.page[DROPS + DropReason.ACTION] == running.page[BLOCKED_SLOT] == 2
    assert queries == {Transport.UDP4: 1, Transport.UDP6: 1, Transport.TCP4: 0, Transport.TCP6: 0}


@pytest.mark.parametrize("seconds", [-1e6, JULY_2014], ids=["before its day", "after its end"])
def test_a_date_binds_without_a_message(seconds: float) -> None:
    with running_worker(make_policy(LISTED, since=0.0, until=JULY_2014)) as running, running.udp("127.0.0.1") as sock:
        assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.80"]
        running.set_wall(seconds)
        assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.7"]
        running.set_wall(JUNE_2014)
        assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.80"]


def test_a_new_policy_binds_on_the_next_datagram(running: Running) -> None:
    other = make_policy("free.example", digest="second")
    with running.udp("127.0.0.1") as sock:
        for _ in range(2):
            assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.80"]
            assert addresses(exchange(sock, query("free.example"))) == ["192.0.2.7"]
        running.call(lambda: running.worker.swap(other, running.settings))
        assert running.worker.digest == "second"
        assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.7"]
        assert addresses(exchange(sock, query("free.example"))) == ["192.0.2.80"]


def test_new_clients_bind_on_the_next_datagram(running: Running) -> None:
    fewer = running.settings.from_json(running.settings.to_json() | {"clients_allow": ["192.0.2.0/24"]})
    with running.udp("127.0.0.1") as sock:
        assert exchange(sock, query(LISTED)).rcode() == dns.rcode.NOERROR
        running.call(lambda: running.worker.swap(make_policy(LISTED), fewer))
        assert exchange(sock, query(LISTED)).rcode() == dns.rcode.REFUSED


def test_a_new_bound_on_queries_in_flight_binds_on_the_next_datagram(running: Running) -> None:
    fewer, more = (replace(running.settings, in_flight=bound) for bound in (1, 2))
    with running.udp("127.0.0.1") as sock:
        sock.send(query("slow.example").to_wire())
        running.upstream.wait_for("slow.example.")
        running.call(lambda: running.worker.swap(make_policy(LISTED), fewer))
        assert exchange(sock, query("free.example")).rcode() == dns.rcode.SERVFAIL
        running.call(lambda: running.worker.swap(make_policy(LISTED), more))
        assert addresses(exchange(sock, query("free.example"))) == ["192.0.2.7"]


def test_a_name_blocked_while_its_answer_was_on_the_way_is_blocked(running: Running) -> None:
    with running.udp("127.0.0.1") as sock:
        message = query("slow.example")
        sock.send(message.to_wire())
        running.upstream.wait_for("slow.example.")
        running.call(lambda: running.worker.swap(make_policy("slow.example"), running.settings))
        running.call(running.upstream.let_go)
        assert addresses(dns.message.from_wire(sock.recv(4_096))) == ["192.0.2.80"]


def test_without_an_upstream_only_listed_names_have_an_answer() -> None:
    with running_worker(make_policy(LISTED), upstreams=False) as running, running.udp("::1") as sock:
        assert addresses(exchange(sock, query(LISTED))) == ["192.0.2.80"]
        reply = exchange(sock, query("free.example", use_edns=0))
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert any(isinstance(option, dns.edns.EDEOption) for option in reply.options)


def test_a_worker_gives_signs_of_life(running: Running) -> None:
    first = running.page[GAUGES + Gauge.TICK]
    with running.udp("127.0.0.1") as sock:
        until = time.monotonic() + PATIENCE
        while running.page[GAUGES + Gauge.TICK] < first + 500 and time.monotonic() < until:
            exchange(sock, query(LISTED))
    assert running.page[GAUGES + Gauge.TICK] >= first + 500


def test_a_drained_worker_has_answered_what_was_asked(running: Running) -> None:
    with running.udp("127.0.0.1") as sock:
        message = query("slow.example")
        sock.send(message.to_wire())
        running.upstream.wait_for("slow.example.")
        running.loop.call_soon_threadsafe(running.loop.call_later, 0.1, running.upstream.let_go)
        running.run(running.worker.drain(PATIENCE))
        assert addresses(dns.message.from_wire(sock.recv(4_096))) == ["192.0.2.7"]


def test_draining_does_not_wait_for_the_silent(running: Running) -> None:
    with running.udp("127.0.0.1") as sock:
        sock.send(query("silent.example").to_wire())
        running.upstream.wait_for("silent.example.")
        begun = time.monotonic()
        running.run(running.worker.drain(within=0.05))
        assert time.monotonic() - begun < PATIENCE / 2, "the upstream stays silent for a minute"
