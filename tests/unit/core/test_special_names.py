"""What special names get, which names are special, and what wins over them."""

import pytest

from resolver.core.counters import GAUGES, Gauge
from resolver.core.pipeline import Forward, Reply
from resolver.core.special_names import special_names
from resolver.dns.name import parse_name
from resolver.dns.special_names import APEXES
from tests.worlds import SLOT, World, ask, extended_errors, measure, parsed, policy, records

LOCAL = "localhost. nobody.invalid. 1 3600 1200 604800 10800"


def world(zones: tuple[str, ...] = (), forwarded: tuple[str, ...] = ()) -> World:
    made = World(policy(measure(), names=[("listed.home.arpa", 0), ("onion", 0)]))
    made.pipeline.answer_specially(special_names(zones, forwarded))
    return made


def nothing(apex: str, rcode: str = "NXDOMAIN") -> tuple[str, list[str], list[str]]:
    return rcode, [], [f"{apex}. 10800 SOA {LOCAL}"]


def found(name: str, rdtype: str, value: str) -> tuple[str, list[str], list[str]]:
    return "NOERROR", [f"{name}. 10800 {rdtype} {value}"], []


HINFO: tuple[str, list[str], list[str]] = ("NOERROR", ['localhost. 3600 HINFO "RFC8482" ""'], [])
ONE = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        ("localhost", "A", found("localhost", "A", "127.0.0.1")),
        ("localhost", "AAAA", found("localhost", "AAAA", "::1")),
        ("localhost", "MX", nothing("localhost", "NOERROR")),
        ("localhost", "ANY", HINFO),
        ("db.localhost", "A", found("db.localhost", "A", "127.0.0.1")),
        ("a.b.localhost", "HTTPS", nothing("localhost", "NOERROR")),
        ("test", "A", nothing("test")),
        ("www.test", "A", nothing("test")),
        ("www.test", "ANY", nothing("test")),
        ("invalid", "NS", nothing("invalid")),
        ("a.invalid", "A", nothing("invalid")),
        ("printer.local", "AAAA", nothing("local")),
        ("_ipp._tcp.local", "PTR", nothing("local")),
        ("home.arpa", "A", nothing("home.arpa", "NOERROR")),
        ("home.arpa", "SOA", found("home.arpa", "SOA", LOCAL)),
        ("home.arpa", "NS", found("home.arpa", "NS", "localhost.")),
        ("nas.home.arpa", "A", nothing("home.arpa")),
        ("nas.home.arpa", "DS", nothing("home.arpa")),
        ("resolver.arpa", "A", nothing("resolver.arpa", "NOERROR")),
        ("_dns.resolver.arpa", "SVCB", nothing("resolver.arpa", "NOERROR")),
        ("_dns.resolver.arpa", "TYPE65535", nothing("resolver.arpa", "NOERROR")),
        ("resolver.arpa", "DS", nothing("resolver.arpa", "NOERROR")),
        ("10.in-addr.arpa", "PTR", nothing("10.in-addr.arpa", "NOERROR")),
        ("4.3.2.10.in-addr.arpa", "PTR", nothing("10.in-addr.arpa")),
        ("1.0.16.172.in-addr.arpa", "PTR", nothing("16.172.in-addr.arpa")),
        ("1.0.31.172.in-addr.arpa", "PTR", nothing("31.172.in-addr.arpa")),
        ("1.1.168.192.in-addr.arpa", "PTR", nothing("168.192.in-addr.arpa")),
        ("1.0.64.100.in-addr.arpa", "PTR", nothing("64.100.in-addr.arpa")),
        ("1.0.127.100.in-addr.arpa", "PTR", nothing("127.100.in-addr.arpa")),
        ("1.0.254.169.in-addr.arpa", "PTR", nothing("254.169.in-addr.arpa")),
        ("1.0.0.127.in-addr.arpa", "PTR", found("1.0.0.127.in-addr.arpa", "PTR", "localhost.")),
        ("1.0.0.127.in-addr.arpa", "TXT", nothing("127.in-addr.arpa", "NOERROR")),
        ("0.0.127.in-addr.arpa", "PTR", nothing("127.in-addr.arpa", "NOERROR")),
        ("2.0.0.127.in-addr.arpa", "PTR", nothing("127.in-addr.arpa")),
        (ONE, "PTR", found(ONE, "PTR", "localhost.")),
        ("1.0.0.0.d.f.ip6.arpa", "PTR", nothing("d.f.ip6.arpa")),
        ("0.b.e.f.ip6.arpa", "PTR", nothing("b.e.f.ip6.arpa")),
        ("1.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", nothing("8.b.d.0.1.0.0.2.ip6.arpa")),
    ],
)
def test_a_special_name_is_answered_here(name: str, rdtype: str, expected: object) -> None:
    answer = parsed(world().receive(ask(name, rdtype, use_edns=0)))
    shown = answer.rcode().name, records(answer.answer), records(answer.authority)
    assert shown == expected
    assert extended_errors(answer) == []


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("xlocalhost", "A"), ("localhost.example", "A"), ("latest", "A"), ("www.testing", "A"), ("arpa", "NS"),
        ("example", "A"), ("www.example", "A"), ("alt", "A"), ("ipv4only.arpa", "AAAA"), ("in-addr.arpa", "NS"),
        ("8.8.8.8.in-addr.arpa", "PTR"), ("15.172.in-addr.arpa", "PTR"), ("32.172.in-addr.arpa", "PTR"),
        ("63.100.in-addr.arpa", "PTR"), ("128.100.in-addr.arpa", "PTR"), ("110.in-addr.arpa", "PTR"),
        ("xhome.arpa", "A"), ("c.e.f.ip6.arpa", "PTR"), ("d.f.ip6.arpa.example", "PTR"), (".", "NS"),
        ("home.arpa", "DS"), ("10.in-addr.arpa", "DS"),
    ],
)  # fmt: skip  # a list
def test_any_other_name_is_forwarded(name: str, rdtype: str) -> None:
    assert isinstance(world().receive(ask(name, rdtype)), Forward)


@pytest.mark.parametrize(
    ("zone", "name", "forwarded"),
    [
        ("test", "www.test", True),
        ("lab.test", "a.lab.test", True),
        ("lab.test", "www.test", False),
        ("2.10.in-addr.arpa", "1.1.2.10.in-addr.arpa", True),
        ("2.10.in-addr.arpa", "1.1.3.10.in-addr.arpa", False),
        ("resolver.arpa", "_dns.resolver.arpa", True),
        ("arpa", "_dns.resolver.arpa", False),
        ("in-addr.arpa", "4.3.2.10.in-addr.arpa", False),
        (".", "www.test", False),
    ],
)
def test_the_longer_of_zone_and_special_name_wins(zone: str, name: str, forwarded: bool) -> None:  # noqa: FBT001 - a column
    step = world(zones=(zone,)).receive(ask(name, "PTR"))
    assert isinstance(step, Forward) is forwarded


def test_a_special_name_can_be_forwarded_again() -> None:
    some = world(forwarded=("test", "10.in-addr.arpa"))
    for name in ("test", "www.test", "1.10.in-addr.arpa"):
        assert isinstance(some.receive(ask(name)), Forward)
    for name in ("invalid", "1.168.192.in-addr.arpa"):
        assert isinstance(some.receive(ask(name)), Reply)


@pytest.mark.parametrize("name", ["listed.home.arpa", "www.listed.home.arpa", "abcdefghijklmnop.onion"])
def test_an_order_comes_first(name: str) -> None:
    reply = world().receive(ask(name, use_edns=0))
    assert isinstance(reply, Reply)
    assert reply.slot == SLOT
    assert records(parsed(reply).answer) == [f"{name}. 60 A 192.0.2.80"]


def test_without_recursion_there_is_nothing_here_either() -> None:
    assert parsed(world().receive(ask("localhost", flags=0))).rcode() == 5


def test_letters_come_back_as_asked() -> None:
    assert parsed(world().receive(ask("LocalHost"))).answer[0].name.to_text() == "LocalHost."


def test_each_answer_is_counted_and_may_be_replayed_for_ever() -> None:
    some = world()
    reply = some.receive(ask("www.test"))
    assert isinstance(reply, Reply)
    assert (reply.slot, reply.lifetime) == (GAUGES + Gauge.SPECIAL_NAMES, float("inf"))
    assert reply.judged_under is some.pipeline.table
    some.packets.store(some.view, some.transport, ask("www.test"), reply, some.now)


def test_every_apex_is_a_name_of_its_own() -> None:
    apexes = special_names((), ())
    for name in APEXES:
        assert apexes.content(parse_name(name), 1) is not None
    assert len(APEXES) == 5 + 2 + 18 + 64 + 7 + 8


@pytest.mark.parametrize("name", ["example.fr", "home.example", "test.example"])
def test_most_domains_are_ordinary_with_all_below_them(name: str) -> None:
    assert special_names((), ()).leave_alone(parse_name(name))


@pytest.mark.parametrize("name", [".", "arpa", "172.in-addr.arpa", "home.arpa", "a.home.arpa", "test", "a.b.test"])
def test_no_domain_is_ordinary_with_a_special_name_at_above_or_below_it(name: str) -> None:
    assert not special_names((), ()).leave_alone(parse_name(name))
