"""What is kept as it came, and what the rebuilding twin makes of the same octets, are the same answer."""

import struct
from itertools import pairwise
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core.intact import IntactReader
from resolver.core.message_cache import Entry
from resolver.core.reply import write_cached, write_stale
from resolver.core.sanitise import sanitise
from resolver.core.step import Question
from resolver.dns.edns import write_opt
from resolver.dns.message import Query
from resolver.dns.name import WireName, parse_name
from resolver.dns.response import MalformedResponseError, Record, Response, read_response
from resolver.dns.writer import write_message

QNAME: Final = parse_name("www.shop.example")
QNAMES: Final = st.sampled_from(
    [QNAME, *map(parse_name, ("ww.wshop.example", "wwwwshop.example", "mmm.shop.example", "w.shop.example"))]
)
"""Their labels are in other places, so that a pointer means something in one and not in others."""
NAMES: Final = st.sampled_from(
    [
        QNAME,
        *map(parse_name, ("shop.example", "cdn.shop.example", "www.cdn.test", "CDN.Test", "a.www.shop.example", ".")),
    ]
)
CLASSES: Final = st.sampled_from([1] * 12 + [3])
OPT: Final = write_opt(udp_size=1232, dnssec_ok=False)
Section = list[Record]
SOUND_TTLS: Final = st.sampled_from([300, 300, 300, 60, 0, 86_400])
TTLS: Final = SOUND_TTLS | st.sampled_from([86_401, 2**31, 2**32 - 1])
TYPES: Final = st.sampled_from([1, 1, 1, 28, 5, 16, 12, 15, 65, 39, 257, 33])


@st.composite
def rdata_of(draw: st.DrawFn, rtype: int) -> bytes:
    """Draw data of a type, its names plain."""
    target = draw(NAMES)
    return {
        1: b"\xc0\x00\x02" + bytes([draw(st.integers(0, 3))]),
        28: bytes(15) + bytes([draw(st.integers(0, 3))]),
        2: target,
        5: target,
        6: target + target + struct.pack("!5I", 1, 2, 3, 4, draw(TTLS)),
        12: target,
        15: b"\x00\x0a" + target,
        16: b"\x02ab",
        33: b"\x00\x01\x00\x01\x00\x35" + target,
        39: target,
        47: target + b"\x00\x01\x40",
        65: b"\x00\x01" + target + b"\x00\x01\x00\x03\x02h3",
    }.get(rtype, b"\x00\x05issueca.test")


@st.composite
def usual_responses(draw: st.DrawFn) -> tuple[Question, bytes]:
    """Draw a question and what a sound resolver says: a chain and a set in order, or a chain and an SOA."""
    question = Question(QNAME, draw(TYPES), 1, draw(st.booleans()), checking_disabled=False)
    chain = draw(st.lists(NAMES.filter(lambda name: name != QNAME), max_size=3, unique_by=bytes.lower))
    chain = [QNAME, *chain] if question.qtype != 5 else [QNAME]
    answer = [Record(owner, 5, 1, draw(SOUND_TTLS), target) for owner, target in pairwise(chain)]
    positive = draw(st.sampled_from([True, True, False]))
    if positive:
        ttl = draw(SOUND_TTLS)
        told = draw(st.lists(rdata_of(question.qtype), min_size=1, max_size=3, unique_by=bytes.lower))
        answer += [Record(chain[-1], question.qtype, 1, ttl, rdata) for rdata in told]
    zone = draw(st.sampled_from([chain[-1], chain[-1][1 + chain[-1][0] :] or chain[-1], b"\x00"]))
    kinds = draw(st.sampled_from([(), (2,), (2, 2)])) if positive else (6,)
    authority = [Record(zone, kind, 1, draw(SOUND_TTLS), draw(rdata_of(kind))) for kind in kinds]
    additional = [
        Record(QNAME, kind, 1, 60, draw(rdata_of(kind))) for kind in draw(st.sampled_from([(), (), (1,), (1, 28)]))
    ]
    rcode = 0 if positive else draw(st.sampled_from([0, 3]))
    return question, written(
        question, draw(st.sampled_from([0x8180, 0x81A0, 0x8580])) | rcode, answer, authority, additional, OPT
    )


def written(
    question: Question, flags: int, answer: Section, authority: Section, additional: Section, opt: bytes
) -> bytes:
    """Write a response."""
    wire = write_message(
        message_id=1,
        flags=flags,
        rcode=flags & 15,
        question=question.qname + struct.pack("!HH", question.qtype, 1),
        answer=answer,
        authority=[*authority, *additional],
        opt=opt,
    )
    return wire[:8] + struct.pack("!HH", len(authority), len(additional) + bool(opt)) + wire[12:]


@st.composite
def odd_responses(draw: st.DrawFn) -> tuple[Question, bytes]:
    """Draw a question and records that are each nearly sound and nearly in order."""
    question = Question(QNAME, draw(TYPES), 1, draw(st.booleans()), checking_disabled=False)
    owner: bytes = QNAME
    answer: list[Record] = []
    for rtype in [*draw(st.sampled_from([(), (), (5,), (5, 5), (39,)])), *[question.qtype] * draw(st.integers(0, 3))]:
        answer.append(Record(owner, draw(st.sampled_from([rtype] * 9 + [1])), 1, draw(TTLS), draw(rdata_of(rtype))))
        owner = answer[-1].rdata if rtype == 5 and draw(st.sampled_from([True, True, False])) else owner
    kinds = draw(st.sampled_from([(), (), (2,), (2, 2), (6,), (6,), (6, 47), (1,)]))
    authority = [Record(draw(NAMES), kind, draw(CLASSES), draw(TTLS), draw(rdata_of(kind))) for kind in kinds]
    kinds = draw(st.sampled_from([(), (), (1,), (1, 28), (16,)]))
    additional = [Record(draw(NAMES), kind, draw(CLASSES), 60, draw(rdata_of(kind))) for kind in kinds]
    flags = draw(st.sampled_from([0x8180, 0x8180, 0x8380, 0x0180, 0x8980])) | draw(st.sampled_from([0, 0, 0, 3, 2, 6]))
    filtered = write_opt(udp_size=1232, dnssec_ok=False, options=((15, b"\x00\x10"),))
    opt = draw(st.sampled_from([b"", OPT, OPT, filtered, OPT[:5] + b"\x01" + OPT[6:]]))
    return question, written(question, flags, answer, authority, additional, opt)


@st.composite
def spoiled_responses(draw: st.DrawFn) -> tuple[Question, bytes]:
    """Draw a usual response in which some octets are changed, the counts lie, or the end is missing."""
    question, sound = draw(usual_responses())
    return question, draw(spoilt(sound))


@st.composite
def spoilt(draw: st.DrawFn, sound: bytes) -> bytes:
    wire = bytearray(sound)
    start = 12 + len(QNAME) + 4
    match draw(st.sampled_from(["octets", "octets", "counts", "cut"])):
        case "octets":
            for place in draw(st.lists(st.integers(start, len(wire) - 1), min_size=1, max_size=3)):
                wire[place] = draw(st.sampled_from([0, 1, 2, 12, 16, 28, 0x1E, 0xC0, 0xFF]) | st.integers(0, 255))
        case "counts":
            wire[6:12] = struct.pack("!3H", *draw(st.tuples(*[st.integers(0, 4)] * 3)))
        case _:
            del wire[draw(st.integers(start, len(wire))) :]
    return bytes(wire)


def lowered(response: Response) -> tuple[list[Record], list[Record]]:
    """Give a response's records letter case aside, which compression may change (RFC 4343)."""
    return tuple(
        [record._replace(owner=record.owner.lower(), rdata=record.rdata.lower()) for record in section]
        for section in (response.answer, response.authority)
    )  # type: ignore[return-value]  # two sections


def said(entry: Entry, now: int) -> list[object]:
    """Read what clients are told at some moments of an entry's life, and all else that is known of it."""
    qname, qtype = entry.question[:2]
    query = Query(1, 0x0100, qname + struct.pack("!HH", qtype, 1), qname, qtype, 1, None)
    told = [write_cached(query, 65_535, entry, age) for age in (0, 1, 70)] + [
        write_stale(query, 65_535, entry, entry.expires)
    ]
    links = [link._replace(owner=link.owner.lower(), rdata=link.rdata.lower()) for link in entry.links]
    return [
        *(lowered(read_response(wire)) for wire in told),
        *(wire[:12] for wire in told),
        links, entry.names, entry.rcode, entry.authentic, entry.errors, entry.expires - now, entry.stale_until - now,
    ]  # fmt: skip  # what is compared, at a glance


def agrees(reader: IntactReader, question: Question, wire: bytes, *, trust_ad: bool = False) -> None:
    """Check that what is kept of a response is what the twin makes of it."""
    intact = reader.read(question, wire, 5.0, trust_ad=trust_ad)
    if intact is None:
        return
    try:
        response = read_response(wire)
    except MalformedResponseError as error:
        raise AssertionError("what is malformed was kept") from error
    twin = sanitise(question, response, 5.0, trust_ad=trust_ad, stale_seconds=10)
    assert isinstance(twin, Entry)
    assert said(intact, 5) == said(twin, 5)


@settings(deadline=None, max_examples=600)
@given(usual_responses() | odd_responses() | spoiled_responses(), st.booleans())
def test_both_ways_make_the_same_entry(asked: tuple[Question, bytes], trust_ad: bool) -> None:  # noqa: FBT001 - drawn
    question, wire = asked
    agrees(IntactReader(10), question, wire, trust_ad=trust_ad)


@st.composite
def addresses_among_much(draw: st.DrawFn) -> tuple[Question, bytes]:
    """Draw a usual answer of addresses with records around it that point to all kinds of places."""
    question = Question(QNAME, draw(st.sampled_from([1, 28])), 1, dnssec_ok=False, checking_disabled=False)
    told = draw(st.lists(rdata_of(question.qtype), min_size=1, max_size=2, unique=True))
    answer = [Record(QNAME, question.qtype, 1, 300, rdata) for rdata in told]
    authority = [Record(draw(NAMES), 2, 1, 300, draw(NAMES)) for _ in range(draw(st.integers(0, 2)))]
    additional = [Record(draw(NAMES), 1, 1, 300, bytes(4)) for _ in range(draw(st.integers(0, 2)))]
    return question, written(question, 0x8180, answer, authority, additional, draw(st.sampled_from([b"", OPT])))


@settings(deadline=None, max_examples=600)
@given(addresses_among_much(), st.data())
def test_what_is_familiar_is_no_reason_to_keep_what_the_twin_does_not(
    first: tuple[Question, bytes], data: st.DataObject
) -> None:
    reader = IntactReader(10)
    question, wire = first
    agrees(reader, question, wire)
    for _ in range(3):
        other = question._replace(
            qname=data.draw(QNAMES), qtype=data.draw(st.sampled_from([question.qtype] * 3 + [1, 28]))
        )
        asked = other.qname + struct.pack("!HH", other.qtype, 1)
        changed = wire[:12] + asked + wire[12 + len(QNAME) + 4 :]
        agrees(reader, other, data.draw(st.just(changed) | spoilt(changed)))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120), st.tuples(*[st.integers(0, 3)] * 3))
def test_no_octets_raise_and_none_is_kept_that_the_twin_refuses(rest: bytes, counts: tuple[int, int, int]) -> None:
    question = Question(WireName(QNAME), 1, 1, dnssec_ok=False, checking_disabled=False)
    wire = struct.pack("!6H", 1, 0x8180, 1, *counts) + QNAME + b"\x00\x01\x00\x01" + rest
    agrees(IntactReader(10), question, wire)
