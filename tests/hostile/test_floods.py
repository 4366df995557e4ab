"""What a flood of queries cannot take from others: places among those who wait, one case each, over real sockets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import dns.message
import dns.rcode
import pytest

from resolver.core.counters import GAUGES, Gauge, UpstreamCount, upstream_slot
from resolver.core.step import Failure
from resolver.net.settings import UpstreamAddress
from resolver.net.timetable import Schedule
from tests.integration.running_worker import Running, make_policy, running_worker
from tests.worlds import extended_errors

LISTED = "dpstream.example"


def query(name: str, number: int = 0) -> bytes:
    return dns.message.make_query(name, "A", id=number, use_edns=0).to_wire()


def answer(sock: socket.socket) -> dns.message.Message:
    return dns.message.from_wire(sock.recv(65_535))


@contextmanager
def crowded(**bounds: Any) -> Iterator[tuple[Running, socket.socket]]:  # noqa: ANN401 - settings are of many types
    """A worker that knows one name, and then has five queries of one client waiting, below one domain."""
    with running_worker(make_policy(LISTED), **bounds) as running, running.udp("127.0.0.1") as client:
        client.send(query("known.example", 1))
        assert answer(client).rcode() == dns.rcode.NOERROR
        for number in range(5):
            client.send(query(f"slow{number}.flooded.example", number))
        for number in range(5):
            running.upstream.wait_for(f"slow{number}.flooded.example.")
        yield running, client


@pytest.mark.parametrize(
    ("bound", "gauge"),
    [
        pytest.param("in_flight", Gauge.FULL_IN_ALL, id="in all"),
        pytest.param("in_flight_per_client", Gauge.FULL_FOR_CLIENT, id="of one client"),
        pytest.param("in_flight_per_domain", Gauge.FULL_FOR_DOMAIN, id="for one domain"),
    ],
)
def test_over_a_bound_the_answer_comes_at_once(bound: str, gauge: Gauge) -> None:
    with crowded(**{bound: 5}) as (running, client):
        client.send(query("slow9.flooded.example", 9))
        refused = answer(client)  # those five wait until the upstream is let go
        assert (refused.id, refused.rcode()) == (9, dns.rcode.SERVFAIL)
        assert extended_errors(refused) == [(14, Failure.OVERLOAD.value)]
        assert running.page[GAUGES + gauge] == 1


@pytest.mark.parametrize("bound", ["in_flight", "in_flight_per_client", "in_flight_per_domain"])
@pytest.mark.parametrize(
    ("name", "address"),
    [
        pytest.param(LISTED, "192.0.2.80", id="blocked"),
        pytest.param("known.example", "192.0.2.7", id="cached"),
    ],
)
def test_over_a_bound_what_is_known_is_answered(bound: str, name: str, address: str) -> None:
    with crowded(**{bound: 5}) as (_, client):
        client.send(query(name, 7))
        assert [str(record) for record in answer(client).answer[0]] == [address]


def test_the_flood_of_one_client_leaves_others_their_places() -> None:
    with crowded(in_flight_per_client=5) as (running, _), running.udp("127.0.0.1", source="127.0.0.2") as other:
        other.send(query("free.example", 7))
        assert answer(other).rcode() == dns.rcode.NOERROR


def test_the_flood_of_one_domain_leaves_others_their_places() -> None:
    with crowded(in_flight_per_domain=5) as (_, client):
        client.send(query("free.other.example", 7))
        assert answer(client).rcode() == dns.rcode.NOERROR


def test_who_joins_a_question_of_a_crowded_domain_takes_no_place() -> None:
    with crowded(in_flight_per_domain=5) as (running, _), running.udp("::1") as other:
        other.send(query("slow0.flooded.example", 7))
        other.send(query(LISTED, 8))
        assert answer(other).id == 8
        running.call(running.upstream.let_go)
        assert (answered := answer(other)).rcode() == dns.rcode.NOERROR
        assert answered.id == 7
        assert running.page[GAUGES + Gauge.JOINED] == 1
        assert running.page[GAUGES + Gauge.FULL_FOR_DOMAIN] == 0


@pytest.mark.parametrize("bound", ["in_flight", "in_flight_per_client", "in_flight_per_domain"])
def test_places_are_free_again_when_the_answers_have_come(bound: str) -> None:
    with crowded(**{bound: 5}) as (running, client):
        running.call(running.upstream.let_go)
        assert {answer(client).id for _ in range(5)} == set(range(5))
        client.send(query("free.flooded.example", 7))
        assert answer(client).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("over_tcp", [False, True], ids=["udp", "tcp"])
def test_a_question_that_comes_back_to_us_ends_by_itself(over_tcp: bool) -> None:  # noqa: FBT001 - a row's
    """An upstream that asks us, or that we are: the question joins itself, and is asked no more often."""
    worker = running_worker(make_policy(LISTED), schedule=Schedule())
    with worker as running, running.udp("127.0.0.1") as client:
        ourselves = UpstreamAddress("tcp" if over_tcp else "udp", "127.0.0.1", running.ports["127.0.0.1"], 1)
        in_a_circle = replace(running.settings, upstreams=(ourselves,))
        running.call(lambda: running.worker.swap(make_policy(LISTED), in_a_circle))
        client.send(query("circle.example", 7))
        assert answer(client).rcode() == dns.rcode.SERVFAIL
        over_udp = running.page[upstream_slot(1, UpstreamCount.UDP_REQUESTS)]
        assert 1 <= over_udp + running.page[upstream_slot(1, UpstreamCount.TCP_REQUESTS)] <= 4
        client.send(query(LISTED, 8))
        assert answer(client).id == 8


def test_a_client_that_has_its_share_of_answers_waiting_gets_no_more_at_once() -> None:
    """However slow an upstream can be made, what it lets go at once is no more than a client's share."""
    with running_worker(make_policy(LISTED), in_flight_per_client=20) as running, running.udp("127.0.0.1") as client:
        for number in range(100):
            client.send(query(f"slow{number}.d{number}.example", number))
        at_once = [answer(client) for _ in range(80)]
        assert {each.rcode() for each in at_once} == {dns.rcode.SERVFAIL}
        running.upstream.wait_for("slow19.d19.example.")
        running.call(running.upstream.let_go)
        assert {answer(client).rcode() for _ in range(20)} == {dns.rcode.NOERROR}


@pytest.mark.parametrize("bound", ["in_flight", "in_flight_per_client", "in_flight_per_domain"])
def test_however_many_come_over_a_bound_each_is_told_the_same(bound: str) -> None:
    """Those after the first are refused in another way, with what is asked for beside them answered as ever."""
    with crowded(**{bound: 5}) as (running, client):
        client.settimeout(1.0)  # as above
        for number in range(10, 60):
            client.send(query(f"Silent{number}.flooded.example", number))
            assert set(extended_errors(answer(client))) == {(14, Failure.OVERLOAD.value)}
        client.send(query(f"www.{LISTED}", 7))
        assert [str(record) for record in answer(client).answer[0]] == ["192.0.2.80"]
        client.send(query("known.example", 8))
        assert [str(record) for record in answer(client).answer[0]] == ["192.0.2.7"]
        gauges = (Gauge.FULL_IN_ALL, Gauge.FULL_FOR_CLIENT, Gauge.FULL_FOR_DOMAIN)
        assert sum(running.page[GAUGES + gauge] for gauge in gauges) == 50
