"""What a query for a blocked name gets: every type, action and bit, over UDP and TCP."""

from typing import Any

import dns.flags
import dns.rcode
import pytest

from resolver.core.counters import NOWHERE, DropReason, Transport
from resolver.core.pipeline import Drop, Reply
from resolver.dns.codes import RRType
from resolver.orders.model import Reach
from tests.worlds import EDE_TEXT, SLOT, WALL, World, ask, extended_errors, measure, parsed, policy, records

Shown = tuple[str, list[str], list[str], list[tuple[int, str]]]
"""Response code, answer and authority section, extended errors."""

NAMES = [("pirate.example", 0)]
CENSORED = (16, EDE_TEXT)
FORGED = (4, "")
SOA = "pirate.example. 60 SOA pirate.example. legal.isp.example. 1 3600 600 86400 60"
A = "www.pirate.example. 60 A 192.0.2.80"
AAAA = "www.pirate.example. 60 AAAA 2001:db8::80"
HINFO = 'www.pirate.example. 60 HINFO "RFC8482" ""'

NODATA: Shown = ("NOERROR", [], [SOA], [CENSORED])
OTHER_TYPES = ["HTTPS", "SVCB", "TXT", "MX", "NS", "SOA", "CNAME", "SRV", "NAPTR", "CAA", "DS", "DNSKEY", "RRSIG",
               "PTR", "TLSA", "DNAME", "NSEC", "HINFO", "TYPE65280", "TYPE65535"]  # fmt: skip  # a line, not a column


def world(**changed: object) -> World:
    return World(policy(measure(**changed), names=NAMES))


def shown(reply: Any) -> Shown:  # noqa: ANN401 - any step
    message = parsed(reply)
    rcode = dns.rcode.to_text(message.rcode())
    return rcode, records(message.answer), records(message.authority), extended_errors(message)


@pytest.mark.parametrize(
    ("action", "rdtype", "expected"),
    [
        ("redirect", "A", ("NOERROR", [A], [], [CENSORED, FORGED])),
        ("redirect", "AAAA", ("NOERROR", [AAAA], [], [CENSORED, FORGED])),
        ("redirect", "ANY", ("NOERROR", [HINFO], [], [CENSORED])),
        *(("redirect", rdtype, NODATA) for rdtype in OTHER_TYPES),
        *(("nodata", rdtype, NODATA) for rdtype in ("A", "AAAA", "ANY", *OTHER_TYPES)),
        *(("nxdomain", rdtype, ("NXDOMAIN", [], [SOA], [CENSORED])) for rdtype in ("A", "AAAA", "ANY", *OTHER_TYPES)),
        *(("refused", rdtype, ("REFUSED", [], [], [CENSORED])) for rdtype in ("A", "AAAA", "ANY", *OTHER_TYPES)),
    ],
)
def test_action_and_type_decide_the_answer(action: str, rdtype: str, expected: object) -> None:
    assert shown(world(action=action).receive(ask("www.pirate.example", rdtype, use_edns=0))) == expected


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "ANY", "HTTPS"])
@pytest.mark.parametrize("transport", Transport, ids=lambda each: each.name)
def test_the_action_drop_gets_no_answer_but_is_counted(rdtype: str, transport: Transport) -> None:
    dropping = world(action="drop")
    dropping.transport = transport
    assert dropping.receive(ask("pirate.example", rdtype)) == Drop(DropReason.ACTION, SLOT, RRType[rdtype])


@pytest.mark.parametrize(
    ("changed", "rdtype"), [({"ipv6": None}, "AAAA"), ({"ipv4": None}, "A")], ids=["no IPv6 notice", "no IPv4 notice"]
)
def test_a_missing_notice_address_makes_nodata(changed: dict[str, object], rdtype: str) -> None:
    assert shown(world(**changed).receive(ask("www.pirate.example", rdtype, use_edns=0))) == NODATA


@pytest.mark.parametrize("transport", Transport, ids=lambda each: each.name)
@pytest.mark.parametrize("action", ["redirect", "nxdomain", "nodata", "refused"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"use_edns": 0}, id="EDNS"),
        pytest.param({"want_dnssec": True}, id="DO"),
        pytest.param({"want_dnssec": True, "flags": dns.flags.RD | dns.flags.CD}, id="DO CD"),
        pytest.param({"flags": dns.flags.RD | dns.flags.CD}, id="CD"),
        pytest.param({"flags": dns.flags.RD | dns.flags.AD}, id="AD"),
        pytest.param({"flags": 0}, id="RD=0"),
        pytest.param({"flags": 0, "use_edns": 0}, id="RD=0 EDNS"),
        pytest.param({"flags": dns.flags.RD | dns.flags.AA | dns.flags.RA | dns.flags.TC}, id="bits of a response"),
        pytest.param({"flags": dns.flags.RD | 0x40}, id="Z"),
    ],
)
def test_no_bit_and_no_transport_gets_around_a_block(
    transport: Transport, action: str, options: dict[str, Any]
) -> None:
    blocking = world(action=action)
    blocking.transport = transport
    wire = ask("wWw.PiRaTe.eXaMpLe", **options)
    reply = blocking.receive(wire)
    message = parsed(reply)
    expected = {"redirect": "NOERROR", "nxdomain": "NXDOMAIN", "nodata": "NOERROR", "refused": "REFUSED"}[action]
    assert dns.rcode.to_text(message.rcode()) == expected
    assert [str(rrset[0]) for rrset in message.answer] == (["192.0.2.80"] if action == "redirect" else [])
    asked = options.get("flags", dns.flags.RD)
    assert message.flags & ~0xF == dns.flags.QR | dns.flags.RA | asked & (dns.flags.RD | dns.flags.CD)
    assert message.to_wire()[:2] == wire[:2]
    assert wire[12:] == wire_question_and_rest(reply, wire)
    edns = "use_edns" in options or options.get("want_dnssec", False)
    assert (message.edns == 0) is edns
    assert bool(message.ednsflags & dns.flags.DO) is options.get("want_dnssec", False)
    assert bool(extended_errors(message)) is edns


def wire_question_and_rest(reply: object, wire: bytes) -> bytes:
    """Put the reply's question in front of what follows it in the query: the same octets if it was echoed."""
    assert isinstance(reply, Reply)
    end = wire.index(b"\x00", 12) + 5
    return reply.wire[12:end] + wire[end:]


@pytest.mark.parametrize(
    ("name", "blocked"),
    [
        ("pirate.example", True),
        ("a.pirate.example", True),
        (".".join(["a"] * 115) + ".pirate.example", True),
        ("evilpirate.example", False),
        ("pirate.example.com", False),
        ("example", False),
        (r"www\.pirate.example", False),
        (r"x.www\.pirate.example", False),
        (r"www\.x.pirate.example", True),
    ],
)
def test_a_subtree_is_the_name_and_what_lies_below(name: str, *, blocked: bool) -> None:
    step = world().receive(ask(name))
    assert (isinstance(step, Reply) and step.slot == SLOT) is blocked


@pytest.mark.parametrize(("name", "blocked"), [("pirate.example", True), ("www.pirate.example", False)])
def test_exact_is_the_name_alone(name: str, *, blocked: bool) -> None:
    exact = World(policy(measure(), names=NAMES, reach=Reach.EXACT))
    step = exact.receive(ask(name))
    assert (isinstance(step, Reply) and step.slot == SLOT) is blocked


@pytest.mark.parametrize(
    ("left", "waited", "ttl", "lifetime"),
    [
        (1_000, 0, 60, 940),
        (1_000, 939.5, 60, 0.5),
        (60, 0, 60, 0),
        (59.5, 0, 59, 0),
        (1_000, 970, 30, 0),
        (10, 9.75, 0, 0),
        (10, 11, 0, 0),
    ],
)
@pytest.mark.parametrize("rdtype", ["A", "TXT", "ANY"])
def test_no_answer_outlives_its_order(left: float, waited: float, ttl: int, lifetime: float, rdtype: str) -> None:
    ending = world(timelines=[[[0.0, WALL + left]]])
    ending.wait(waited)
    reply = ending.receive(ask("pirate.example", rdtype))
    message = parsed(reply)
    assert {rrset.ttl for rrset in (*message.answer, *message.authority)} == {ttl}
    assert [rrset[0].minimum for rrset in message.authority] == ([ttl] if rdtype == "TXT" else [])
    assert isinstance(reply, Reply)
    assert reply.lifetime == lifetime


def test_a_block_without_end_keeps_its_ttl() -> None:
    reply = world(ttl=300).receive(ask("pirate.example"))
    assert records(parsed(reply).answer) == ["pirate.example. 300 A 192.0.2.80"]


def test_after_its_last_second_an_order_binds_nobody() -> None:
    over = world(timelines=[[[0.0, WALL]]])
    assert not isinstance(over.receive(ask("pirate.example")), Reply)


def test_the_extended_errors_go_before_the_answer_is_cut() -> None:
    """Question 255 octets, answer and OPT fit into 512, the order's text of 200 octets beside them does not."""
    name = ".".join(["a" * 60] * 3 + ["b" * 55]) + ".pirate.example"
    long = world(ede_text="é" * 100)
    wire = ask(name, use_edns=0, payload=512)
    message = parsed(long.receive(wire))
    assert extended_errors(message) == [(16, "é" * 100), FORGED]
    assert not message.flags & dns.flags.TC
    negative = parsed(long.receive(ask(name, "TXT", use_edns=0, payload=512)))
    assert (len(negative.authority), extended_errors(negative), negative.edns) == (1, [], 0)
    long.transport = Transport.TCP4
    assert extended_errors(parsed(long.receive(ask(name, "TXT", use_edns=0, payload=512)))) == [(16, "é" * 100)]


def test_without_counters_for_orders_nothing_is_counted_amiss() -> None:
    uncounted = world(order="another")
    step = uncounted.receive(ask("pirate.example"))
    assert isinstance(step, Reply)
    assert step.slot == SLOT
    fine = uncounted.receive(ask("fine.example", "ANY"))
    assert isinstance(fine, Reply)
    assert fine.slot == NOWHERE
