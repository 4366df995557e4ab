"""Whatever comes from clients and upstreams: nothing raises, every reply can be read, nothing unjudged leaves."""

import dns.message
import dns.rdatatype
import dnslib
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.admission import ALLOWED, STRANGER
from resolver.core.counters import Transport
from resolver.core.message_cache import Unfinished
from resolver.core.pipeline import Drop, Forward, Reply
from resolver.core.step import Failure, Unusable
from resolver.dns.name import ROOT, is_within, parse_name, present_name
from resolver.dns.response import MalformedResponseError, Record, Response, read_response
from tests.worlds import World, ask, measure, parsed, policy

LISTED = parse_name("pirate.example")
BLOCKING = policy(measure(), names=[("pirate.example", 0)])
QUERIES = [ask(name, rdtype, use_edns=0) for name in ("pirate.example", "fine.example") for rdtype in ("A", "HTTPS")]


@st.composite
def bent_queries(draw: st.DrawFn) -> bytes:
    """Draw a query with a few octets changed, cut off or put on."""
    wire = bytearray(draw(st.sampled_from(QUERIES)))
    for place, octet in draw(st.lists(st.tuples(st.integers(0, len(wire) - 1), st.integers(0, 255)), max_size=4)):
        wire[place] = octet
    end = draw(st.one_of(st.just(len(wire)), st.integers(0, len(wire))))
    return bytes(wire[:end]) + draw(st.binary(max_size=20))


@settings(deadline=None, max_examples=400)
@given(
    st.one_of(st.binary(max_size=300), bent_queries()), st.sampled_from([ALLOWED, STRANGER]), st.sampled_from(Transport)
)
def test_any_datagram_gets_a_readable_reply_or_none(wire: bytes, view: object, transport: Transport) -> None:
    world = World(BLOCKING, view=view, transport=transport)  # type: ignore[arg-type]  # one of two views
    step = world.receive(wire)
    if isinstance(step, Forward):
        assert view is ALLOWED
        step = world.pipeline.fail(step.asked, Failure.NETWORK, world.now)
    if isinstance(step, Reply):
        assert step.wire[:2] == wire[:2]
        # dnspython takes the question of an UPDATE for a zone and is strict with it; ours is an echo.
        message = dns.message.from_wire(step.wire[:2] + bytes([step.wire[2] & 0x87]) + step.wire[3:])
        assert message.flags & 0x8000
        if message.question:
            end = 12 + len(message.question[0].name.to_wire() or b"") + 4
            assert step.wire[12:end] == wire[12:end]
            if wire[12:end].isascii():  # dnslib knows no other names
                dnslib.DNSRecord.parse(step.wire)


NAMES = st.sampled_from(
    [
        parse_name(name)
        for name in (
            "fine.example",
            "www.fine.example",
            "a.example",
            "b.example",
            "pirate.example",
            "www.pirate.example",
        )
    ]
    + [parse_name("example"), ROOT]
)
TYPES = st.sampled_from([1, 2, 5, 6, 16, 28, 39, 46, 47, 50, 65, 65_280])


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    """Draw a record of a class and with data that a reader lets through."""
    rtype = draw(TYPES)
    target = draw(NAMES)
    rdata: bytes = {
        1: bytes([203, 0, 113, 1]),
        28: bytes(16),
        6: target + target + bytes(20),
        2: target,
        5: target,
        39: target,
        47: target + b"\x00\x01\x40",
        50: b"\x01\x00\x00\x01\x00\x04abcd\x00\x01\x40",
        65: b"\x00\x01" + target,
        46: bytes([0, draw(TYPES) & 0xFF]) + bytes(16) + target,
    }.get(rtype, b"\x01x")
    return Record(draw(NAMES), rtype, draw(st.sampled_from([1, 1, 1, 1, 3])), draw(st.integers(0, 2**31 - 1)), rdata)


SECTION = st.lists(any_record(), max_size=8).map(tuple)


@settings(deadline=None, max_examples=400)
@given(
    SECTION,
    SECTION,
    st.sampled_from([0, 0, 0, 2, 3, 5, 6, 23]),
    st.sampled_from(["A", "CNAME", "AAAA", "DNAME", "RRSIG", "HTTPS"]),
    st.sampled_from(["fine.example", "www.fine.example", "a.example"]),
    st.sampled_from([0, 1]),
)
def test_no_response_brings_a_record_of_a_blocked_name(
    answer: tuple[Record, ...], authority: tuple[Record, ...], rcode: int, rdtype: str, name: str, secure: int
) -> None:
    world = World(BLOCKING, transport=Transport.TCP4)
    wire = ask(name.title(), rdtype, use_edns=0, want_dnssec=bool(secure))
    forward = world.forwarded(wire)
    response = Response(1, 0x8180, rcode, b"", answer, authority, (), None, broken_edns=False)
    learned = world.pipeline.learn(forward.question, response, world.now)
    if isinstance(learned, Unfinished):
        learned = learned.entry
    if isinstance(learned, Unusable):
        reply = world.pipeline.fail(forward.asked, learned, world.now)
    else:
        reply = world.pipeline.complete(forward.asked, learned, world.now)
        assert world.pipeline.complete(forward.asked, learned, world.now) == reply
    assert isinstance(reply, Reply)
    assert reply.wire[:2] == wire[:2]
    assert reply.wire[12:].startswith(wire[12 : wire.index(0, 12) + 5])
    dnslib.DNSRecord.parse(reply.wire)
    for rrset in parsed(reply).answer:
        if is_within(parse_name(rrset.name.to_text()), LISTED):
            assert str(rrset[0]) in {"192.0.2.80", "2001:db8::80"}


@settings(deadline=None, max_examples=400)
@given(
    SECTION,
    SECTION,
    SECTION,
    st.sampled_from([0, 0, 0, 3, 6]),
    st.sampled_from(["A", "CNAME", "AAAA", "DNAME", "RRSIG", "HTTPS", "NSEC"]),
    st.sampled_from([False, True]),
)
def test_a_reply_is_what_the_question_leads_to_and_nothing_is_known_of_other_names(
    answer: tuple[Record, ...],
    authority: tuple[Record, ...],
    additional: tuple[Record, ...],
    rcode: int,
    rdtype: str,
    secure: bool,  # noqa: FBT001 - drawn
) -> None:
    world = World(transport=Transport.TCP4)
    asked = ask("www.fine.example", rdtype, use_edns=0, want_dnssec=secure)
    forward = world.forwarded(asked)
    response = Response(1, 0x8180, rcode, b"", answer, authority, additional, None, broken_edns=False)
    learned = world.pipeline.learn(forward.question, response, world.now)
    entry = learned.entry if isinstance(learned, Unfinished) else learned
    if isinstance(entry, Unusable):
        return
    reply = world.pipeline.complete(forward.asked, entry, world.now)
    assert isinstance(reply, Reply)
    leads_on(dns.message.from_wire(reply.wire, one_rr_per_rrset=True), secure=secure)
    for record in answer + authority + additional:
        if record.owner != forward.question.qname:
            assert isinstance(world.receive(ask(present_name(record.owner), "A")), Forward)


def leads_on(message: dns.message.Message, *, secure: bool) -> None:
    """Assert that each record of an answer stands where the one before leads to, and the authority where it ends."""
    name, rdtype = message.question[0].name, message.question[0].rdtype
    links = {dns.rdatatype.CNAME, dns.rdatatype.DNAME, dns.rdatatype.RRSIG} - {rdtype}
    passed = {name}
    for rrset in message.answer:
        if rrset.rdtype == dns.rdatatype.RRSIG and rdtype != dns.rdatatype.RRSIG:
            assert secure
            assert any(each.is_subdomain(rrset.name) for each in passed)
        elif rrset.rdtype == dns.rdatatype.DNAME:
            assert name.is_subdomain(rrset.name)
        else:
            assert rrset.name == name
            assert rrset.rdtype in links | {rdtype}
            if rrset.rdtype == dns.rdatatype.CNAME and rdtype != dns.rdatatype.CNAME:
                name = rrset[0].target
                assert name not in passed, "no circle leaves"
                passed.add(name)
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            assert name.is_subdomain(rrset.name)
        else:
            assert secure
            assert rrset.rdtype in {dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.RRSIG}
    assert not message.additional


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_no_octets_from_an_upstream_raise(rest: bytes) -> None:
    world = World(BLOCKING)
    forward = world.forwarded(ask("www.fine.example"))
    wire = b"\x00\x01\x81\x80\x00\x01\x00\x02\x00\x01\x00\x00" + forward.question.qname + b"\x00\x01\x00\x01" + rest
    try:
        response = read_response(wire)
    except MalformedResponseError:
        return
    learned = world.pipeline.learn(forward.question, response, world.now)
    if isinstance(learned, Unfinished):
        learned = learned.entry
    if not isinstance(learned, Unusable):
        assert not isinstance(world.pipeline.complete(forward.asked, learned, world.now), Drop)
