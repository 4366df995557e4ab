"""Whatever the octets: nothing raises what it does not announce, and what is written reads back the same."""

import struct
from contextlib import suppress
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dnslib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resolver.dns.codes import RRType
from resolver.dns.edns import read_options, write_opt
from resolver.dns.framing import MessageSplitter, frame
from resolver.dns.message import Ignored, Query, Unreadable, read_query, read_query_plainly
from resolver.dns.name import hierarchy_key, is_within, labels, name_of_hierarchy_key, parse_name, present_name
from resolver.dns.rdata import LAYOUTS, Part
from resolver.dns.records import present_record
from resolver.dns.response import MalformedResponseError, Record, echoes, read_response
from resolver.dns.writer import ttl_offsets, write_message, write_upstream_query

LABEL: Final = st.binary(min_size=1, max_size=12) | st.sampled_from([b"a", b"B", b"www", b"WWW", b"example", b"x" * 63])


@st.composite
def names(draw: st.DrawFn) -> bytes:
    name = b"".join(bytes([len(label)]) + label for label in draw(st.lists(LABEL, max_size=6)))
    return (name if len(name) < 255 else b"") + b"\x00"


ASCII_NAMES: Final = names().filter(bytes.isascii)
"""dnslib reads no other names."""

STRING: Final = st.binary(max_size=20).map(lambda text: bytes([len(text)]) + text)
PEERS: Final = st.one_of(
    *(
        st.tuples(st.just(kind), peer)
        for kind, peer in enumerate(
            (st.just(b""), st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16), names(), st.binary())
        )
    )
)
"""A kind of gateway or relay, and one of that kind."""
PARTS: Final = {
    Part.NAME: names(),
    Part.PLAIN_NAME: names(),
    Part.STRING: STRING,
    Part.STRINGS: st.lists(STRING, min_size=1, max_size=4).map(b"".join),
    Part.PARAMETERS: st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=8), max_size=3).map(
        lambda found: b"".join(struct.pack("!HH", key, len(found[key])) + found[key] for key in sorted(found))
    ),
    Part.TYPES: st.dictionaries(
        st.integers(0, 0xFF), st.binary(min_size=1, max_size=32).filter(lambda bits: bits[-1] > 0), max_size=3
    ).map(lambda found: b"".join(bytes([window, len(found[window])]) + found[window] for window in sorted(found))),
    Part.GATEWAY: PEERS.map(lambda found: bytes([found[0], 2]) + found[1]),
    Part.RELAY: PEERS.map(lambda found: bytes([found[0] | 0x80]) + found[1]),
    Part.REST: st.binary(max_size=30),
}


@st.composite
def records(draw: st.DrawFn) -> Record:
    rtype = draw(st.sampled_from([*LAYOUTS, 260, 65280]))
    layout = LAYOUTS.get(rtype, (Part.REST,))
    rdata = b"".join(
        draw(st.binary(min_size=part, max_size=part) if isinstance(part, int) else PARTS[part]) for part in layout
    )
    return Record(draw(names()), rtype, 1, draw(st.integers(0, 0x7FFF_FFFF)), rdata)


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    return draw(names()) + struct.pack("!HH", draw(st.sampled_from([0, 1, 28, 41, 65, 251, 252, 255, 256, 65535])), 1)


OPTIONS: Final = st.lists(st.tuples(st.sampled_from([3, 8, 10, 12, 15, 65001]), st.binary(max_size=45)), max_size=4)


@st.composite
def nearly_queries(draw: st.DrawFn) -> bytes:
    """Build a query from sound and unsound parts, then perhaps change an octet or cut the end off."""
    counts = draw(st.tuples(*(st.sampled_from([common, common, common, 0, 1, 2]) for common in (1, 0, 0, 1))))
    flags = draw(st.sampled_from([0x0100, 0x0120, 0x0110, 0, 0x2800, 0x8180]))
    opt = write_opt(
        udp_size=draw(st.sampled_from([0, 512, 4096])), dnssec_ok=draw(st.booleans()), options=draw(OPTIONS)
    )
    body = draw(questions()) + draw(st.sampled_from([b"", b"", b"\xc0\x0c\x00\x01" + bytes(8)])) + opt
    wire = bytearray(struct.pack("!6H", 7, flags, *counts) + body)
    if draw(st.booleans()):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.just(len(wire)) | st.integers(0, len(wire)))])


@given(st.binary(max_size=80) | nearly_queries())
def test_reading_a_query_never_raises_and_both_ways_agree(wire: bytes) -> None:
    found = read_query(wire)
    assert found == read_query_plainly(wire)
    match found:
        case Query():
            assert wire[12:].startswith(found.question)
            assert found.question[:-4].lower() == found.qname
            assert 512 <= found.udp_limit <= 1232
        case Unreadable():
            assert wire[12:].startswith(found.question)
            assert found.rcode
        case Ignored():
            assert len(wire) < 12 or wire[2] & 0x80


@given(nearly_queries())
def test_a_query_that_is_answered_reads_the_same_in_dnspython(wire: bytes) -> None:
    found = read_query(wire)
    if not isinstance(found, Query):
        return
    try:
        peer = dns.message.from_wire(wire, ignore_trailing=True)
    except dns.exception.DNSException:
        return  # it reads what we pass over: the data of additional records and of options
    assert (peer.id, peer.question[0].name.to_wire(), int(peer.question[0].rdtype)) == (
        found.id,
        found.question[:-4],
        found.qtype,
    )
    assert (peer.edns >= 0, bool(peer.ednsflags & dns.flags.DO)) == (found.edns is not None, found.dnssec_ok)


@st.composite
def pointed_octets(draw: st.DrawFn) -> bytes:
    """Build a response out of pieces that are pointers, labels and record headers in any order."""
    pointer = st.integers(0xC000, 0xC080).map(lambda number: struct.pack("!H", number))
    header = st.builds(
        lambda rtype, rdlength: struct.pack("!HHIH", rtype, 1, 60, rdlength),
        st.sampled_from([1, 2, 5, 6, 15, 16, 33, 35, 41, 46, 65]),
        st.integers(0, 12),
    )
    pieces = st.lists(st.one_of(pointer, header, names(), st.binary(max_size=4)), max_size=20).map(b"".join)
    counts = draw(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 2), st.integers(0, 2)))
    return struct.pack("!6H", 7, 0x8180, *counts) + b"\x01q\x00\x00\x01\x00\x01" + draw(pieces)


@given(st.binary(max_size=100) | pointed_octets())
@example(struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + b"\x00\x00\x01\x00\x01\xc0\x11" + bytes(20))
def test_reading_a_response_raises_only_what_it_announces(wire: bytes) -> None:
    with suppress(MalformedResponseError):
        response = read_response(wire)
        for record in response.answer + response.authority + response.additional:
            assert len(record.owner) <= 255
            assert parse_name(present_name(record.owner)) == record.owner.lower()
            assert present_record(record).isprintable()
        again = write_message(
            message_id=7,
            flags=0x8180,
            rcode=0,
            question=response.question,
            answer=response.answer,
            authority=response.authority,
        )
        assert lowered(read_response(again).answer) == lowered(response.answer)


@given(st.binary(max_size=60), st.binary(min_size=5, max_size=40))
def test_comparing_a_response_with_its_question_never_raises(wire: bytes, question: bytes) -> None:
    assert not echoes(wire, 0x10000, question)


def lowered(found: tuple[Record, ...] | list[Record]) -> list[tuple[bytes, int, int, int, bytes]]:
    """Names compressed letter case aside come back in the letters of the name pointed to."""
    return [(r.owner.lower(), r.rtype, r.rclass, r.ttl, r.rdata.lower()) for r in found]


RRSETS: Final = st.lists(records(), max_size=8)


@given(questions(), RRSETS, RRSETS, st.booleans(), st.integers(0, 4095))
def test_a_message_reads_back_as_written(
    question: bytes, answer: list[Record], authority: list[Record], edns: bool, rcode: int  # noqa: FBT001 - drawn
) -> None:  # fmt: skip
    opt = write_opt(udp_size=1232, dnssec_ok=True, extended_rcode=rcode >> 4) if edns else b""
    wire = write_message(
        message_id=7, flags=0x8180, rcode=rcode, question=question, answer=answer, authority=authority, opt=opt
    )
    response = read_response(wire)
    assert echoes(wire, 7, question)
    assert response.question == question
    assert response.rcode == (rcode if edns else rcode & 15)
    assert lowered(response.answer) == lowered(answer)
    assert lowered(response.authority) == lowered(authority)
    assert (response.edns is not None, response.broken_edns) == (edns, False)
    ttls = [struct.unpack_from("!I", wire, offset)[0] for offset in ttl_offsets(wire)]
    assert ttls == [record.ttl for record in answer + authority]


@given(questions(), RRSETS, st.integers(0, 600))
def test_a_message_keeps_to_its_limit_or_has_only_a_question(question: bytes, answer: list[Record], limit: int) -> None:
    opt = write_opt(udp_size=1232, dnssec_ok=False)
    whole = write_message(message_id=7, flags=0x8180, rcode=0, question=question, answer=answer, opt=opt)
    wire = write_message(message_id=7, flags=0x8180, rcode=0, question=question, answer=answer, opt=opt, limit=limit)
    if len(whole) <= limit or not answer:
        assert wire == whole
    else:
        assert wire == struct.pack("!6H", 7, 0x8380, 1, 0, 0, 1) + question + opt


PARTICULAR: Final = {RRType.ISDN, RRType.GPOS, RRType.LOC, RRType.DS, RRType.CDS, RRType.SSHFP, RRType.TLSA,
                     RRType.SMIMEA, RRType.SVCB, RRType.HTTPS, RRType.CAA, RRType.NSEC3, RRType.ZONEMD,
                     RRType.IPSECKEY, RRType.AMTRELAY, RRType.TSIG}  # fmt: skip  # three lines
"""Types of which one of the peers refuses what is laid out well, for what it says: numbers in words, an unknown
version or kind, a reserved scheme, a hash of no octets, a digest of another length than its algorithm's, values of
parameters, letters of a tag; or for where it stands.
"""


@st.composite
def nearly_sound_data(draw: st.DrawFn) -> tuple[int, bytes]:
    """Build the data of a type that is checked, then perhaps cut it short, lengthen it, or change an octet."""
    rtype = draw(st.sampled_from(sorted(LAYOUTS.keys() - PARTICULAR)))
    parts = {**PARTS, Part.NAME: ASCII_NAMES, Part.PLAIN_NAME: ASCII_NAMES}
    octets = bytearray().join(
        draw(st.binary(min_size=part, max_size=part) if isinstance(part, int) else parts[part])
        for part in LAYOUTS[rtype]
    )
    match draw(st.sampled_from(["as it is", "cut", "longer", "changed", "empty", "anything"])):
        case "cut" if octets:
            del octets[draw(st.integers(0, len(octets) - 1)) :]
        case "longer":
            octets += draw(st.binary(min_size=1, max_size=3))
        case "changed" if octets:
            octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
        case "empty":
            octets.clear()
        case "anything":
            octets = bytearray(draw(st.binary(max_size=24)))
    return rtype, bytes(octets)


@settings(max_examples=500)
@given(nearly_sound_data())
@example((RRType.A, b""))
@example((RRType.MX, b"\x00"))
@example((RRType.NSEC, b"\x00\x00\x00"))
@example((RRType.CSYNC, bytes(6) + b"\x01"))
def test_what_is_taken_of_an_upstream_is_read_by_dnslib_and_dnspython(found: tuple[int, bytes]) -> None:
    rtype, rdata = found
    question = b"\x01q\x00" + struct.pack("!HH", rtype, 1)
    said = question + b"\xc0\x0c" + struct.pack("!HHIH", rtype, 1, 60, len(rdata)) + rdata
    try:
        response = read_response(struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + said)
    except MalformedResponseError:
        return
    wire = write_message(message_id=7, flags=0x8180, rcode=0, question=question, answer=response.answer)
    assert dns.message.from_wire(wire).answer[0].rdtype == rtype
    if rdata.isascii():
        assert len(dnslib.DNSRecord.parse(wire).rr) == 1


ADDRESSES: Final = st.lists(
    st.builds(Record, ASCII_NAMES, st.just(1), st.just(1), st.integers(0, 9), st.binary(min_size=4, max_size=4)),
    max_size=8,
)


@given(ASCII_NAMES, ADDRESSES)
def test_dnslib_and_dnspython_read_what_is_written(qname: bytes, answer: list[Record]) -> None:
    wire = write_message(
        message_id=7, flags=0x8180, rcode=0, question=qname + b"\x00\x01\x00\x01", answer=answer, authority=answer
    )
    python = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert [(rr.name.canonicalize().to_wire(), rr.ttl, rr[0].to_wire()) for rr in python.answer] == [
        (record.owner.lower(), record.ttl, record.rdata) for record in answer
    ]
    lib = dnslib.DNSRecord.parse(wire)
    assert [
        ([label.lower() for label in rr.rname.label], rr.ttl, bytes(rr.rdata.data)) for rr in lib.rr + lib.auth
    ] == [([label.lower() for label in labels(record.owner)], record.ttl, record.rdata) for record in answer * 2]


@given(questions(), st.booleans(), st.booleans(), st.booleans())
def test_our_own_queries_are_read_as_queries(question: bytes, cd: bool, do: bool, with_edns: bool) -> None:  # noqa: FBT001
    wire = write_upstream_query(
        message_id=7, question=question, checking_disabled=cd, dnssec_ok=do, with_edns=with_edns
    )
    found = read_query(wire)
    assert isinstance(found, Query | Unreadable)
    assert found.question == question
    if isinstance(found, Query):
        assert (found.recursion_desired, found.checking_disabled, found.dnssec_ok) == (True, cd, do and with_edns)


@given(OPTIONS)
def test_options_read_back_as_written(options: list[tuple[int, bytes]]) -> None:
    assert read_options(write_opt(udp_size=1232, dnssec_ok=False, options=options)[11:]) == tuple(options)


@given(st.lists(st.binary(max_size=300), max_size=6), st.lists(st.integers(1, 50), max_size=40))
def test_a_stream_gives_back_its_messages_however_it_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, messages))
    splitter = MessageSplitter()
    found: list[bytes] = []
    for cut in [*cuts, len(stream) + 1]:
        found += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert found == messages
    assert not splitter.partial


@given(names(), names())
def test_names_keep_their_order_of_descent(first: bytes, second: bytes) -> None:
    name, apex = parse_name(present_name(first)), parse_name(present_name(second))
    assert name == first.lower()
    assert name_of_hierarchy_key(hierarchy_key(name)) == name
    below = labels(name)[len(labels(name)) - len(labels(apex)) :] == labels(apex) if len(name) >= len(apex) else False
    assert is_within(name, apex) is below
    assert hierarchy_key(name).startswith(hierarchy_key(apex)) is below


@given(st.text(max_size=30))
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        name = parse_name(text)
        assert 1 <= len(name) <= 255
        assert parse_name(present_name(name)) == name
