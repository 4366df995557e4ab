"""What leads into private networks is withheld, and nothing else."""

from ipaddress import ip_address

import dns.rcode
import pytest

from resolver.core.counters import GAUGES, Gauge
from resolver.core.intact import IntactReader
from resolver.core.pipeline import Forward
from resolver.core.rebinding import RebindingGuard, is_private
from resolver.core.step import Question
from resolver.dns.name import parse_name
from tests.worlds import World, ask, extended_errors, parsed, records, upstream_says

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 127.0.0.1 127.255.0.1 169.254.1.1 172.16.0.0 172.31.255.255 192.168.0.1
:: ::1 fc00::1 fd12:3456::1 fe80::1 febf::1 ::ffff:10.0.0.1 ::ffff:192.168.1.1
"""
PUBLIC = """
1.1.1.1 9.255.255.255 11.0.0.0 126.255.255.255 128.0.0.1 169.253.0.1 169.255.0.1 172.15.255.255 172.32.0.0
192.167.255.255 192.169.0.0 203.0.113.1 2001:db8::1 2606:4700::1111 fec0::1 ff02::1 ::ffff:9.9.9.9 ::2
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private(address: str) -> None:
    assert is_private(ip_address(address).packed)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert not is_private(ip_address(address).packed)


def guarded(*allowed: str) -> World:
    world = World()
    world.pipeline.guard_by(RebindingGuard(map(parse_name, allowed)))
    return world


LEFT = {
    "an address": ("A", ["www.evil.example. 300 IN A 192.168.0.1"], []),
    "an IPv6 address": ("AAAA", ["www.evil.example. 300 IN AAAA fd00::1"], []),
    "one of two": (
        "A",
        ["www.evil.example. 300 IN A 192.168.0.1", "www.evil.example. 300 IN A 203.0.113.1"],
        ["www.evil.example. 300 A 203.0.113.1"],
    ),
    "behind an alias": (
        "A",
        ["www.evil.example. 300 IN CNAME x.example.", "x.example. 300 IN A 10.0.0.1"],
        ["www.evil.example. 300 CNAME x.example."],
    ),
    "a hint": ("HTTPS", ['www.evil.example. 300 IN HTTPS 1 . alpn="h2" ipv4hint=10.0.0.1'], []),
    "an IPv6 hint": (
        "HTTPS",
        ["www.evil.example. 300 IN HTTPS 1 . ipv6hint=2001:db8::1,fe80::1"],
        [],
    ),
}


@pytest.mark.parametrize(("rdtype", "lines", "left"), LEFT.values(), ids=LEFT)
def test_what_is_left(rdtype: str, lines: list[str], left: list[str]) -> None:
    world = guarded()
    wire = ask("www.evil.example", rdtype, use_edns=0)
    for step in (world.resolve(wire, upstream_says("www.evil.example", rdtype, *lines)), world.receive(wire)):
        message = parsed(step)
        assert message.rcode() == dns.rcode.NOERROR
        assert records(message.answer) == left
        assert [code for code, _ in extended_errors(message)] == [15]
    assert world.page[GAUGES + Gauge.WITHHELD] == 1
    world.wait(61)
    assert isinstance(world.receive(wire), Forward) is (rdtype != "A" or "203.0.113.1" not in str(left))


def test_signatures_of_what_is_withheld_go_too() -> None:
    lines = [
        "www.evil.example. 300 IN A 192.168.0.1",
        "www.evil.example. 300 IN A 203.0.113.1",
        "www.evil.example. 300 IN RRSIG A 13 3 300 20300101000000 20200101000000 1 evil.example. AAAA",
    ]
    message = parsed(
        guarded().resolve(ask("www.evil.example", want_dnssec=True), upstream_says("www.evil.example", "A", *lines))
    )
    assert records(message.answer) == ["www.evil.example. 300 A 203.0.113.1"]


@pytest.mark.parametrize("name", ["corp.example", "host.corp.example"])
def test_names_in_allowed_zones_may_have_them(name: str) -> None:
    message = parsed(guarded("corp.example").resolve(ask(name), upstream_says(name, "A", f"{name}. 300 IN A 10.0.0.1")))
    assert records(message.answer) == [f"{name}. 300 A 10.0.0.1"]


def test_an_alias_into_an_allowed_zone_is_no_way_round() -> None:
    lines = ["www.evil.example. 300 IN CNAME host.corp.example.", "host.corp.example. 300 IN A 10.0.0.1"]
    message = parsed(
        guarded("corp.example").resolve(ask("www.evil.example"), upstream_says("www.evil.example", "A", *lines))
    )
    assert len(message.answer) == 1


@pytest.mark.parametrize(
    ("rdtype", "line", "stopped"),
    [
        ("A", "www.evil.example. 300 IN A 10.0.0.1", True),
        ("A", "www.evil.example. 300 IN A 203.0.113.1", False),
        ("TXT", 'www.evil.example. 300 IN TXT "10.0.0.1"', False),
        ("MX", "www.evil.example. 300 IN MX 10 www.evil.example.", False),
        ("HTTPS", "www.evil.example. 300 IN HTTPS 0 other.example.", False),
        ("HTTPS", "www.evil.example. 300 IN HTTPS 1 . ipv4hint=10.0.0.1", True),
    ],
)
def test_an_answer_that_would_be_kept_as_it_came_is_looked_at(rdtype: str, line: str, *, stopped: bool) -> None:
    wire = upstream_says("www.evil.example", rdtype, line)
    qtype = {"A": 1, "TXT": 16, "MX": 15, "HTTPS": 65}[rdtype]
    question = Question(parse_name("www.evil.example"), qtype, 1, dnssec_ok=False, checking_disabled=False)
    entry = IntactReader(0).read(question, wire, 0.0, trust_ad=False)
    assert entry is not None
    assert RebindingGuard(()).stops(entry) is stopped
    assert not RebindingGuard([parse_name("evil.example")]).stops(entry)
