"""Special names over real sockets: no upstream hears of them, until a setting says so."""

from collections.abc import Iterator
from dataclasses import replace

import dns.message
import pytest

from resolver.core.counters import GAUGES, Gauge
from tests.integration.running_worker import Running, answer_tcp, ask_tcp, make_policy, running_worker

POLICY = make_policy("dpstream.example")


@pytest.fixture
def running() -> Iterator[Running]:
    with running_worker(POLICY) as worker:
        yield worker


def rcode(running: Running, name: str, rdtype: str, host: str = "127.0.0.1") -> str:
    wire = dns.message.make_query(name, rdtype, use_edns=0).to_wire()
    with running.udp(host) as udp, running.tcp(host) as tcp:
        udp.send(wire)
        ask_tcp(tcp, wire)
        over_udp, over_tcp = dns.message.from_wire(udp.recv(4_096)), dns.message.from_wire(answer_tcp(tcp))
    assert over_udp == over_tcp
    return over_udp.rcode().name


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_upstream_hears_of_them(running: Running, host: str) -> None:
    for _ in range(2):
        for rdtype in ("SVCB", "A", "HTTPS", "DS", "TYPE65535"):
            for name in ("_dns.resolver.arpa", "_DNS.ReSoLvEr.ArPa", "resolver.arpa"):
                assert rcode(running, name, rdtype, host) == "NOERROR"
        assert rcode(running, "abcdef.onion", "A", host) == "NXDOMAIN"
    assert running.upstream.asked == []
    assert running.page[GAUGES + Gauge.SPECIAL_NAMES] == 2 * 2 * (5 * 3 + 1)


def test_new_settings_hold_from_the_next_datagram_on(running: Running) -> None:
    assert rcode(running, "www.test", "A") == "NXDOMAIN"
    changed = replace(running.settings, special_forwarded=("test",))
    running.call(lambda: running.worker.swap(POLICY, changed))
    for _ in range(3):  # from the upstream, from what is known of it, and as it was finished then
        assert rcode(running, "www.test", "A") == "NOERROR"
    assert running.upstream.asked == ["www.test."]
    running.call(lambda: running.worker.swap(POLICY, running.settings))
    assert rcode(running, "www.test", "A") == "NXDOMAIN"
    served = replace(running.settings, zones=(("lab.test", running.settings.upstreams),))
    running.call(lambda: running.worker.swap(POLICY, served))
    assert rcode(running, "a.lab.test", "A") == "NOERROR"
    assert rcode(running, "www.test", "A") == "NXDOMAIN"
