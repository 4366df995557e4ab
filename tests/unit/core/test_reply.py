"""How replies fit: what is echoed, what is cut, and what strangers and broken queries get."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from resolver.core.admission import ALLOWED, STRANGER
from resolver.core.counters import Transport
from resolver.core.pipeline import Reply
from resolver.core.policy import Block
from resolver.core.reply import (
    blocked_content,
    size_limit,
    write_content,
    write_denial,
    write_error,
    write_notice,
    write_stranger_refusal,
)
from resolver.dns.codes import Rcode, RRType
from resolver.dns.message import Query, Unreadable, read_query
from resolver.dns.name import parse_name
from tests.worlds import WALL, World, ask, extended_errors, measure, parsed, policy, records, upstream_says

ADDRESSES = [f"www.fine.example. 300 IN A 203.0.113.{number}" for number in range(200)]
ERROR = "15:0016" + "78" * 100


def query(**options: Any) -> Query:  # noqa: ANN401 - dnspython's own
    found = read_query(ask("www.fine.example", **options))
    assert isinstance(found, Query)
    return found


@pytest.mark.parametrize(
    ("options", "transport", "limit"),
    [
        ({}, Transport.UDP4, 512),
        ({"use_edns": 0, "payload": 100}, Transport.UDP6, 512),
        ({"use_edns": 0, "payload": 900}, Transport.UDP4, 900),
        ({"use_edns": 0, "payload": 4096}, Transport.UDP6, 1232),
        ({}, Transport.TCP4, 65_535),
        ({"use_edns": 0, "payload": 512}, Transport.TCP6, 65_535),
    ],
)
def test_a_reply_is_as_long_as_its_transport_and_asker_can_take(
    options: dict[str, Any], transport: Transport, limit: int
) -> None:
    assert size_limit(query(**options), transport) == limit


@pytest.mark.parametrize(
    ("addresses", "options", "transport", "cut", "errors"),
    [
        pytest.param(5, {"use_edns": 0}, Transport.UDP4, False, True, id="all fits"),
        pytest.param(66, {"use_edns": 0, "payload": 4096}, Transport.UDP4, False, True, id="fits into 1232"),
        pytest.param(70, {"use_edns": 0, "payload": 4096}, Transport.UDP4, False, False, id="fits without the error"),
        pytest.param(90, {"use_edns": 0, "payload": 4096}, Transport.UDP4, True, False, id="too long for 1232"),
        pytest.param(29, {}, Transport.UDP4, False, False, id="fits into 512"),
        pytest.param(30, {}, Transport.UDP4, True, False, id="too long for 512"),
        pytest.param(200, {}, Transport.TCP4, False, False, id="TCP"),
        pytest.param(200, {"use_edns": 0, "payload": 512}, Transport.TCP6, False, True, id="TCP with EDNS"),
    ],
)
def test_errors_go_first_then_the_whole_answer(
    addresses: int, options: dict[str, Any], transport: Transport, *, cut: bool, errors: bool
) -> None:
    world = World(transport=transport)
    response = upstream_says("www.fine.example", "A", *ADDRESSES[:addresses], edns=ERROR, flags="QR RD RA AD")
    wire = ask("www.fine.example", **options)
    for reply in (world.resolve(wire, response, trust_ad=True), world.receive(wire)):
        assert isinstance(reply, Reply)
        message = parsed(reply)
        assert len(reply.wire) <= size_limit(query(**options), transport)
        assert bool(message.flags & dns.flags.TC) is cut
        assert sum(map(len, message.answer)) == (0 if cut else addresses)
        assert len(message.question) == 1
        assert bool(extended_errors(message)) is errors
        assert (message.edns == 0) is ("use_edns" in options)


@pytest.mark.parametrize(("payload", "cut"), [(685, False), (684, True)])
def test_a_reply_may_fill_its_limit_to_the_last_octet(payload: int, *, cut: bool) -> None:
    """Header 12, question 22, forty addresses of 16, OPT 11: 685 octets."""
    response = upstream_says("www.fine.example", "A", *ADDRESSES[:40])
    reply = World().resolve(ask("www.fine.example", use_edns=0, payload=payload), response)
    assert isinstance(reply, Reply)
    assert len(reply.wire) == (45 if cut else 685)
    assert bool(parsed(reply).flags & dns.flags.TC) is cut


def test_a_cut_reply_is_not_authentic() -> None:
    world = World()
    response = upstream_says("www.fine.example", "A", *ADDRESSES, flags="QR RD RA AD")
    message = parsed(world.resolve(ask("www.fine.example", want_dnssec=True), response, trust_ad=True))
    assert message.flags & (dns.flags.TC | dns.flags.AD) == dns.flags.TC


@pytest.mark.parametrize(
    ("flags", "echoed"),
    [
        (dns.flags.RD, dns.flags.RD),
        (dns.flags.RD | dns.flags.CD, dns.flags.RD | dns.flags.CD),
        (dns.flags.RD | 0x40 | dns.flags.AA | dns.flags.RA | dns.flags.TC | dns.flags.AD, dns.flags.RD),
    ],
)
def test_rd_and_cd_come_back_and_nothing_else(flags: int, echoed: int) -> None:
    message = parsed(World().fail(ask("www.fine.example", flags=flags)))
    assert message.flags & ~0xF == dns.flags.QR | dns.flags.RA | echoed


def test_any_is_answered_briefly_for_every_name() -> None:
    world = World()
    message = parsed(world.receive(ask("Www.fine.example", "ANY")))
    assert records(message.answer) == ['Www.fine.example. 3600 HINFO "RFC8482" ""']


def test_without_rd_nothing_is_asked_and_nothing_is_told() -> None:
    world = World()
    world.resolve(ask("www.fine.example"), upstream_says("www.fine.example", "A", ADDRESSES[0]))
    for rdtype in ("A", "ANY"):
        message = parsed(world.receive(ask("www.fine.example", rdtype, flags=0, use_edns=0)))
        assert (message.rcode(), message.answer) == (dns.rcode.REFUSED, [])
        assert [code for code, _ in extended_errors(message)] == [20]


@pytest.mark.parametrize(
    ("unreadable", "wire"),
    [
        (Unreadable(7, 0x0110, Rcode.FORMERR, b"", edns=False, qtype=0), "0007 8191 0000 0000 0000 0000"),
        (Unreadable(7, 0x2900, Rcode.NOTIMP, b"", edns=False, qtype=0), "0007 a984 0000 0000 0000 0000"),
        (
            Unreadable(7, 0x0000, Rcode.BADVERS, b"\x00\x00\x01\x00\x01", edns=True, qtype=1),
            "0007 8080 0001 0000 0000 0001 0000010001 00 0029 04d0 01 00 0000 0000",
        ),
    ],
    ids=["FORMERR", "NOTIMP", "BADVERS"],
)
def test_a_broken_query_gets_its_error(unreadable: Unreadable, wire: str) -> None:
    assert write_error(unreadable).hex() == wire.replace(" ", "")


@pytest.mark.parametrize(
    ("wire", "question", "prohibited"),
    [
        pytest.param(ask("WWW.fine.example"), True, False, id="without EDNS"),
        pytest.param(ask("WWW.fine.example", use_edns=0), True, True, id="EDNS"),
        pytest.param(ask("WWW.fine.example", want_dnssec=True, pad=64), True, True, id="EDNS with options"),
        pytest.param(ask("WWW.fine.example", use_edns=0)[:-5], True, False, id="OPT cut off"),
        pytest.param(ask("pirate.example")[:-1], False, False, id="question cut off"),
        pytest.param(ask("pirate.example")[:15], False, False, id="name cut off"),
        pytest.param(ask("pirate.example")[:12], False, False, id="header only"),
        pytest.param(ask("a")[:12] + b"\xc0\x0c\x00\x01\x00\x01", False, False, id="a pointer"),
        pytest.param(ask("a")[:12] + b"\x3f" * 400, False, False, id="too long a name"),
        pytest.param(ask("a")[:4] + b"\x00\x02" + ask("a")[6:], False, False, id="two questions"),
    ],
)
def test_a_stranger_is_refused(wire: bytes, *, question: bool, prohibited: bool) -> None:
    world = World(view=STRANGER)
    reply = world.receive(wire)
    assert isinstance(reply, Reply)
    assert reply.wire == write_stranger_refusal(wire)
    message = dns.message.from_wire(reply.wire)
    assert message.rcode() == dns.rcode.REFUSED
    assert bool(message.question) is question
    assert extended_errors(message) == ([(18, "")] if prohibited else [])
    assert len(reply.wire) <= len(wire) + 6


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS", "ANY", "CNAME"])
@pytest.mark.parametrize("options", [{}, {"use_edns": 0}, {"want_dnssec": True}], ids=["plain", "EDNS", "DO"])
@pytest.mark.parametrize("limit", [65_535, 90, 60], ids=["all", "without errors", "nothing"])
@pytest.mark.parametrize("action", ["redirect", "nodata", "refused"])
@pytest.mark.parametrize("ipv6", ["2001:db8::80", None], ids=["both families", "IPv4 only"])
def test_a_notice_is_written_flat_as_it_is_plainly(
    rdtype: str, options: dict[str, Any], limit: int, action: str, ipv6: str | None
) -> None:
    asked = read_query(ask("www.Pirate.example", rdtype, **options))
    assert isinstance(asked, Query)
    blocking = policy(measure(action=action, ipv6=ipv6), names=[("pirate.example", 0)])
    block = blocking.at(WALL).judge(asked.qname, ALLOWED)
    assert isinstance(block, Block)
    content = blocked_content(block, asked.qtype, asked.qname, 47, ())
    assert content is not None
    flat = write_notice(asked, limit, block.measure, 47)
    has_address = action == "redirect" and (rdtype == "A" or (rdtype == "AAAA" and ipv6 is not None))
    assert flat == (write_content(asked, limit, content) if has_address else None)


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS", "ANY", "SOA"])
@pytest.mark.parametrize("options", [{}, {"use_edns": 0}, {"want_dnssec": True}], ids=["plain", "EDNS", "DO"])
@pytest.mark.parametrize("limit", [65_535, 120, 60], ids=["all", "without errors", "nothing"])
@pytest.mark.parametrize("action", ["redirect", "nodata", "nxdomain", "refused", "drop"])
@pytest.mark.parametrize(
    "responsible", ["legal.operator.test", "legal.example", "legal.ate.example", "a.pirate.example", "."]
)
def test_a_denial_is_written_flat_as_it_is_plainly(
    rdtype: str, options: dict[str, Any], limit: int, action: str, responsible: str
) -> None:
    asked = read_query(ask("www.Pirate.example", rdtype, **options))
    assert isinstance(asked, Query)
    blocking = policy(measure(action=action, ipv6=None, responsible=responsible), names=[("pirate.example", 0)])
    block = blocking.at(WALL).judge(asked.qname, ALLOWED)
    assert isinstance(block, Block)
    content = blocked_content(block, asked.qtype, asked.qname, 47, ())
    denies = content is not None and any(record.rtype == RRType.SOA for record in content.authority)
    plain = write_content(asked, limit, content) if content is not None and denies else None
    assert write_denial(asked, limit, block, 47) == plain


def test_a_name_in_another_form_than_listed_is_denied_plainly() -> None:
    asked = read_query(ask("www.pirate.example", "HTTPS"))
    assert isinstance(asked, Query)
    blocking = policy(measure(), names=[("pirate.example", 0)])
    block = blocking.at(WALL).judge(asked.qname, ALLOWED)
    assert isinstance(block, Block)
    assert (
        write_denial(asked, 512, block._replace(rule=block.rule._replace(name=parse_name("other.example"))), 47) is None
    )
